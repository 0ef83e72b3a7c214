// SPDX-License-Identifier: Apache-2.0
// tnad: flags, wiring, run.
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <optional>

#include "base/log.h"
#include "daemon/namespaces.h"

namespace {

using namespace tna;

struct Flags {
  std::vector<std::string> namespaces;
  std::string control, log_level = "info";
  std::optional<std::string> config;
  HookChoice hook = HookChoice::automatic;
  std::vector<std::string> without;
  std::string spines;
};

Result<> run(const Flags& flags) {
  ControllerOptions options{
      .hook_override = flags.hook,
      .config = TRY(read_config(flags.config)),
      .without = {flags.without.begin(), flags.without.end()},
      .spines = flags.spines,
  };
  options.knowledge = TRY(read_knowledge(options.config.knowledge_dir));
  TRY(ensure_bpffs());
  auto loop = TRY(EventLoop::create());
  auto served = TRY(Namespaces::start(loop, flags.namespaces, flags.control, options));

  auto terminate = TRY(loop.on_signal(SIGTERM, [&] { loop.stop(); }));
  auto interrupt = TRY(loop.on_signal(SIGINT, [&] { loop.stop(); }));
  auto reload = TRY(loop.on_signal(SIGHUP, [&] {
    log_prefix({});
    auto fresh = read_config(flags.config);
    auto rows = fresh ? read_knowledge(fresh->knowledge_dir) : std::unexpected(fresh.error());
    if (!rows)
      return log_error("not reloaded, the old configuration stays: {}", rows.error().message);
    served.configure(*fresh, *rows);
    log_info("configuration reloaded");
  }));

  log_prefix({});
  log_info("ready: {}", served.description());
  sd_notify(0, "READY=1");
  Result<> result = loop.run();
  sd_notify(0, "STOPPING=1");
  served.stop();
  log_prefix({});
  log_info("stopped, all is with Linux");
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  std::string hook = "auto";
  CLI::App app{"tnad: makes this box forward packets faster, as it is configured"};
  app.set_version_flag("--version", TNA_VERSION);
  app.add_option("--netns", flags.namespaces,
                 "serve this network namespace (a name or a path; \"self\" is the one that tnad is "
                 "started in, and the default); may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--hook", hook, "hook for all interfaces, instead of what the configuration says")
      ->check(CLI::IsMember({"auto", "xdp", "tc", "none"}));
  app.add_option("--config", flags.config,
                 "configuration file (default /etc/tna/tna.toml, if it exists)");
  app.add_option("--control", flags.control, "control socket");
  app.add_option("--log", flags.log_level, "error, warning, info or debug")
      ->check(CLI::IsMember({"error", "warning", "info", "debug"}));
  app.add_option("--without", flags.without,
                 "take this feature of the kernel for missing (`tna capabilities` has the names)");
  app.add_option("--objects", flags.spines, "take the fast path's BPF objects from this folder")
      ->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);

  log_setup(*log_level(flags.log_level));
  flags.hook = *parse_hook_choice(hook);
  if (flags.namespaces.empty()) flags.namespaces = {Namespaces::kSelf};
  auto result = run(flags);
  if (result) return 0;
  log_prefix({});
  log_error("{}", result.error().message);
  return 1;
}
