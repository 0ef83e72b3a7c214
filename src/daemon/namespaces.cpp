// SPDX-License-Identifier: Apache-2.0
#include "daemon/namespaces.h"

#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>

#include "base/folder_lock.h"
#include "base/log.h"
#include "base/netns.h"
#include "base/paths.h"
#include "daemon/answers.h"
#include "daemon/control_socket.h"

namespace tna {

// Its parts die in the reverse of this order: what the loop calls before what it needs.
struct ServedNamespace {
  std::string name;  // empty: the one that tnad was started in
  std::string log_prefix;
  NetNamespace space;
  std::string pins, hook_pins, socket_path;
  Fd lock;
  EventLoop loop;
  std::unique_ptr<Controller> controller;
  std::optional<ControlSocket> socket;

  ServedNamespace(const EventLoop& all, NetNamespace space)
      : space(std::move(space)), loop(all.within([this] { return enter(); })) {}
  // A folder in which nothing was pinned goes; another stays for the next tnad.
  ~ServedNamespace() {
    std::error_code in_use;
    if (lock) std::filesystem::remove(pins, in_use);
  }

  static Result<std::unique_ptr<ServedNamespace>> open(const EventLoop&, const std::string& name);
  Result<> enter();
  Result<> hold(std::map<std::uint64_t, std::string>& held);
  Result<> start(ControllerOptions);
  std::string text() const { return name.empty() ? "this namespace" : "namespace " + name; }
};

Result<std::unique_ptr<ServedNamespace>> ServedNamespace::open(const EventLoop& loop,
                                                               const std::string& name) {
  const bool self = name == Namespaces::kSelf;
  auto space = TRY(self ? NetNamespace::current() : NetNamespace::open(name));
  auto served = std::make_unique<ServedNamespace>(loop, std::move(space));
  if (!self) served->name = name;
  served->socket_path = control_socket_path(served->name);
  return served;
}

Result<> ServedNamespace::enter() {
  TRY(space.enter());
  tna::log_prefix(log_prefix);
  return {};
}

// One daemon per namespace: the folder of its pins is held until the process ends, however it ends.
Result<> ServedNamespace::hold(std::map<std::uint64_t, std::string>& held) {
  TRY(enter());
  auto cookie = TRY(current_netns_cookie());
  auto [same, is_new] = held.emplace(cookie, text());
  if (!is_new) return error("it is the same as " + same->second);
  pins = std::string(kPinFolder) + "/" + std::to_string(cookie);
  hook_pins = std::string(kHookPinFolder) + "/" + std::to_string(cookie);
  auto folder = lock_folder(pins);
  if (!folder && folder.error().code == EWOULDBLOCK)
    return error("another tnad serves this network namespace (it holds " + pins + ")");
  lock = TRY(std::move(folder));
  socket = TRY(ControlSocket::open(
      loop, socket_path,
      [this](const std::string& command, const Json& arguments, ControlSocket::Caller& caller) {
        return answer(*controller, command, arguments, caller);
      },
      {}, [this](std::uint64_t connection) { controller->remove_apps(connection); }));
  return {};
}

Result<> ServedNamespace::start(ControllerOptions options) {
  TRY(enter());
  options.netns = name;
  options.pins = pins;
  options.hook_pins = hook_pins;
  controller = TRY(Controller::start(loop, std::move(options)));
  return {};
}

Namespaces::Namespaces() = default;
Namespaces::Namespaces(Namespaces&&) noexcept = default;
Namespaces::~Namespaces() = default;

Result<Namespaces> Namespaces::start(const EventLoop& loop, const std::vector<std::string>& names,
                                     const std::string& control, const ControllerOptions& options) {
  const bool several = names.size() > 1;
  if (several && !control.empty())
    return error("--control names one socket, but each of the " + std::to_string(names.size()) +
                 " namespaces needs its own; without it they are " + control_socket_path("NAME"));
  Namespaces result;
  // Opened while the thread is in its own namespace still, which is one of them perhaps.
  for (const std::string& name : names)
    result.all_.push_back(TRY(ServedNamespace::open(loop, name)));

  std::map<std::uint64_t, std::string> held;
  for (std::size_t i = 0; i < names.size(); i++) {
    ServedNamespace& one = *result.all_[i];
    if (several) one.log_prefix = names[i] + ": ";
    if (!control.empty()) one.socket_path = control;
    if (auto done = one.hold(held); !done) return error(one.log_prefix + done.error().message);
  }
  for (auto& one : result.all_) {
    auto started = one->start(options);
    if (started) continue;
    result.stop();
    return error(one->log_prefix + started.error().message);
  }
  return result;
}

void Namespaces::configure(const Config& config, const Knowledge& knowledge) {
  for (auto& one : all_) one->controller->configure(config, knowledge);
}

void Namespaces::stop() {
  for (auto& one : all_)
    if (one->controller && one->enter()) one->controller->stop();
}

std::string Namespaces::description() const {
  std::string text;
  for (auto& one : all_)
    text += (text.empty() ? "" : ", ") + one->text() + " at " + one->socket_path;
  return text;
}

}  // namespace tna
