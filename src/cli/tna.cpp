// SPDX-License-Identifier: Apache-2.0
// tna: asks the daemon and prints. It speaks to the control socket only, except that it clears up
// after a daemon that died.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/paths.h"
#include "cli/client.h"
#include "cli/leftovers.h"
#include "cli/print.h"

namespace tna {
namespace {

constexpr int kFailed = 1, kUsage = 2;

struct Options {
  std::string control = control_socket_path();
  std::string format = "text";
  bool counters = false;
  bool connections = false;
  std::string interface;
  std::vector<std::string> interfaces;
  bool json = false;
  bool watch = false;
  std::string action;  // of a command that has several: the daemon knows it as COMMAND-ACTION
  struct {
    std::string file, name, at;
    std::vector<std::string> interfaces;
    int priority = 0;
  } hook;
};

Json no_arguments(const Options&) {
  return Json::object();
}
Json interfaces_argument(const Options& options) {
  return {{"interfaces", options.interfaces}};
}

CLI::App* add_action(CLI::App& app, Options& options, const char* name, const char* help) {
  app.require_subcommand(1);
  CLI::App* sub = app.add_subcommand(name, help);
  sub->callback([&options, name] { options.action = name; });
  return sub;
}

void hook_actions(CLI::App& app, Options& options) {
  const auto action = [&](const char* name, const char* help) {
    return add_action(app, options, name, help);
  };
  const auto file = [&](CLI::App* sub) {
    sub->add_option("FILE", options.hook.file, "the object that clang made (docs/hooks.md)")
        ->required()
        ->check(CLI::ExistingFile);
  };
  const auto name = [&](CLI::App* sub) { sub->add_option("NAME", options.hook.name)->required(); };
  CLI::App* add = action("add", "links a hook into the path");
  file(add);
  add->add_option("--at", options.hook.at,
                  "start, parsed, forward, end, before:MODULE or after:MODULE (`tna pipeline`)")
      ->required();
  add->add_option("--if", options.hook.interfaces, "on this interface only; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add->add_option("--priority", options.hook.priority, "lower ones come first in a slot");
  add->add_option("--name", options.hook.name, "instead of the file's");
  action("list", "which there are, what they have done, and how long it took them");
  name(action("remove", "takes a hook and its state away"));
  CLI::App* replace =
      action("replace", "puts another in its place between two packets; state is kept");
  name(replace);
  file(replace);
}

Json hook_arguments(const Options& options) {
  Json arguments{{"name", options.hook.name}};
  if (!options.hook.file.empty())
    arguments["file"] = std::filesystem::absolute(options.hook.file).string();
  if (options.action == "add") {
    arguments["at"] = options.hook.at;
    arguments["interfaces"] = options.hook.interfaces;
    arguments["priority"] = options.hook.priority;
  }
  return arguments;
}

void optional_interfaces(CLI::App& app, Options& options) {
  app.add_option("INTERFACE", options.interfaces, "these only; without any: all");
}

struct Command {
  const char* name;
  const char* help;
  void (*add_options)(CLI::App&, Options&);
  Json (*arguments)(const Options&);
  std::string (*print)(const Json& result);
};

const Command kCommands[] = {
    {"status", "what is accelerated, how much, and why not the rest",
     [](CLI::App& app, Options& options) {
       app.add_flag("--watch", options.watch, "packets per second, again each second")
           ->excludes("--json");
     },
     no_arguments, print_status},
    {"graph", "what tnad found to be configured",
     [](CLI::App& app, Options& options) {
       app.add_option("--format", options.format, "text, dot, svg or json")
           ->check(CLI::IsMember({"text", "dot", "svg", "json"}))
           ->capture_default_str();
     },
     [](const Options& options) -> Json {
       return {{"format", options.json ? "json" : options.format}};
     },
     print_graph},
    {"pipeline", "the fast path of an interface, each part with its because",
     [](CLI::App& app, Options& options) {
       app.add_option("INTERFACE", options.interface)->required();
     },
     [](const Options& options) -> Json {
       return {{"interface", options.interface}};
     },
     print_pipeline},
    {"capabilities", "what this kernel and its devices can do", nullptr, no_arguments,
     print_capabilities},
    {"rules", "the firewall rules of nft and iptables, as TNA reads them",
     [](CLI::App& app, Options& options) {
       app.add_flag("--counters", options.counters, "with packets and bytes: Linux's and TNA's");
     },
     [](const Options& options) -> Json {
       return {{"counters", options.counters}};
     },
     print_rules},
    {"stats", "what TNA has counted of connections that Linux counts (nf_conntrack_acct)",
     [](CLI::App& app, Options& options) {
       app.add_flag("--connections", options.connections,
                    "each of them, with packets and bytes: Linux's, TNA's and both");
     },
     [](const Options& options) -> Json {
       return {{"connections", options.connections}};
     },
     print_stats},
    {"app", "the applications that take packets by AF_XDP, and what they get",
     [](CLI::App& app, Options& options) {
       add_action(app, options, "list", "which there are, and what each got");
     },
     no_arguments, print_apps},
    {"hook", "users' own code in the path", hook_actions, hook_arguments, print_hooks},
    {"detach", "leave interfaces to Linux until attach", optional_interfaces, interfaces_argument,
     print_detached},
    {"attach", "undo detach", optional_interfaces, interfaces_argument, print_attached},
};

int failed(const std::string& message) {
  std::fprintf(stderr, "tna: %s\n", message.c_str());
  return kFailed;
}

int succeeded(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : failed("can't write the output");
}

int watch(const Options& options) {
  using Clock = std::chrono::steady_clock;
  Json before;
  Clock::time_point asked_before;
  for (;;) {
    const auto asked = Clock::now();
    Result<Json> status = ask(options.control, "status", Json::object());
    if (!status) return failed(status.error().message);
    if (!before.is_null()) {
      const char* clear = ::isatty(STDOUT_FILENO) ? "\033[H\033[2J" : "\n";
      const double seconds = std::chrono::duration<double>(asked - asked_before).count();
      if (int code = succeeded(clear + print_rates(*status, before, seconds)); code != 0)
        return code;
    }
    before = std::move(*status);
    asked_before = asked;
    std::this_thread::sleep_until(asked + std::chrono::seconds(1));
  }
}

// No daemon: what is attached still is a dead one's, and its pins are all that holds it.
int detach_leftovers(const Options& options, const Error& no_answer) {
  if (!options.interfaces.empty())
    return failed(no_answer.message +
                  "\nwithout it, `tna detach` can detach everything only: "
                  "name no interface");
  Result<Leftovers> found = remove_leftovers(kPinFolder);
  if (!found) return failed(found.error().message);
  if (options.json)
    return succeeded(dump({{"removed", found->removed}, {"served", found->served}}, 2) + '\n');
  std::string text = "no tnad answers at " + options.control + "; ";
  text += found->removed.empty() ? "nothing was left behind by one that is dead\n"
                                 : "removed what a dead one left, so Linux works alone:\n";
  for (const std::string& path : found->removed) text += "    " + path + '\n';
  for (const std::string& path : found->served) text += path + " stays: its tnad is running\n";
  return succeeded(text);
}

int run(const Command& command, const Options& options) {
  if (options.watch) return watch(options);
  const std::string name =
      options.action.empty() ? command.name : command.name + ("-" + options.action);
  Result<Json> result = ask(options.control, name, command.arguments(options));
  if (!result && no_daemon(result.error()) && command.name == std::string("detach"))
    return detach_leftovers(options, result.error());
  if (!result) return failed(result.error().message);
  const bool json = options.json || options.format == "json";
  return succeeded(json ? dump(*result, 2) + '\n' : command.print(*result));
}

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Asks tnad, which accelerates the network of this machine.", "tna");
  app.set_version_flag("--version", "tna " TNA_VERSION);
  app.add_option("--control", options.control, "the daemon's control socket")
      ->capture_default_str();
  app.require_subcommand(1);
  app.fallthrough();
  const Command* chosen = nullptr;
  for (const Command& command : kCommands) {
    CLI::App& sub = *app.add_subcommand(command.name, command.help);
    sub.add_flag("--json", options.json, "for programs");
    if (command.add_options) command.add_options(sub, options);
    sub.callback([&] { chosen = &command; });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kUsage;
  }
  return run(*chosen, options);
}

}  // namespace
}  // namespace tna

int main(int argc, char** argv) {
  return tna::main(argc, argv);
}
