// SPDX-License-Identifier: Apache-2.0
// tnad: flags, wiring, run.
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <optional>

#include "base/folder_lock.h"
#include "base/log.h"
#include "base/netns.h"
#include "base/paths.h"
#include "daemon/answers.h"
#include "daemon/control_socket.h"
#include "daemon/controller.h"

namespace {

using namespace tna;

struct Flags {
  std::string netns, control, log_level = "info";
  std::optional<std::string> config;
  HookChoice hook = HookChoice::automatic;
  std::vector<std::string> without;
  std::string spines;
};

// One daemon per namespace: the folder of its pins is held until the process ends, however it ends.
Result<Fd> hold_namespace(const std::string& pins) {
  Result<Fd> lock = lock_folder(pins);
  if (!lock && lock.error().code == EWOULDBLOCK)
    return error("another tnad serves this network namespace (it holds " + pins + ")");
  return lock;
}

Result<> run(const Flags& flags) {
  Config config = TRY(read_config(flags.config));
  Knowledge knowledge = TRY(read_knowledge(config.knowledge_dir));
  TRY(ensure_bpffs());
  if (!flags.netns.empty()) {
    auto target = TRY(NetNamespace::open(flags.netns));
    TRY(target.enter());
  }
  auto cookie = TRY(current_netns_cookie());
  std::string pins = std::string(kPinFolder) + "/" + std::to_string(cookie);
  Fd lock = TRY(hold_namespace(pins));
  auto loop = TRY(EventLoop::create());
  auto controller =
      TRY(Controller::start(loop, {flags.hook,
                                      config,
                                      knowledge,
                                      flags.netns,
                                      pins,
                                      {flags.without.begin(), flags.without.end()},
                                      flags.spines}));

  std::string path = flags.control.empty() ? control_socket_path(flags.netns) : flags.control;
  auto socket =
      TRY(ControlSocket::open(loop, path, [&](const std::string& command, const Json& arguments) {
        return answer(*controller, command, arguments);
      }));
  auto terminate = TRY(loop.on_signal(SIGTERM, [&] { loop.stop(); }));
  auto interrupt = TRY(loop.on_signal(SIGINT, [&] { loop.stop(); }));
  auto reload = TRY(loop.on_signal(SIGHUP, [&] {
    auto fresh = read_config(flags.config);
    auto rows = fresh ? read_knowledge(fresh->knowledge_dir) : std::unexpected(fresh.error());
    if (!rows)
      return log_error("not reloaded, the old configuration stays: {}", rows.error().message);
    controller->configure(std::move(*fresh), std::move(*rows));
    log_info("configuration reloaded");
  }));

  log_info("ready: {} at {}", flags.netns.empty() ? "this namespace" : "namespace " + flags.netns,
           path);
  sd_notify(0, "READY=1");
  Result<> result = loop.run();
  sd_notify(0, "STOPPING=1");
  controller->stop();
  log_info("stopped, all is with Linux");
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  std::string hook = "auto";
  CLI::App app{"tnad: makes this box forward packets faster, as it is configured"};
  app.set_version_flag("--version", TNA_VERSION);
  app.add_option("--netns", flags.netns, "serve this network namespace (a name or a path)");
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
  auto result = run(flags);
  if (result) return 0;
  log_error("{}", result.error().message);
  return 1;
}
