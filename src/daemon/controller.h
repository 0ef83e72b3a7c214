// SPDX-License-Identifier: Apache-2.0
// CONTROLLER: the only place that knows the order of the stages. An event marks what changed, a
// settle timer collects a burst of changes, one pass acts.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "assemble/plan.h"
#include "base/config.h"
#include "base/event_loop.h"
#include "capabilities/device_watch.h"
#include "capabilities/kernel_memory.h"
#include "capabilities/symbols.h"
#include "daemon/app_keeper.h"
#include "daemon/connection_keeper.h"
#include "daemon/flow_keeper.h"
#include "daemon/hook_keeper.h"
#include "daemon/peer_switch.h"
#include "daemon/rule_keeper.h"
#include "deploy/deployer.h"
#include "introspect/kernel_view.h"
#include "topology/graph.h"
#include "topology/knowledge.h"
#include "topology/store.h"

namespace tna {

struct ControllerOptions {
  HookChoice hook_override = HookChoice::automatic;
  Config config;
  Knowledge knowledge;
  std::string netns;      // for people; empty: the daemon's own
  std::string pins;       // the deployer's folder
  std::string hook_pins;  // that of the hooks' maps
  // For tests and for those who look for a fault: features of the kernel that are taken for
  // missing, by name, and a folder with other spines than those built in.
  std::set<std::string> without;
  std::string spines;
};

class Controller {
 public:
  // Everything from the first dump to the first running plan, in the calling thread's namespace.
  // The loop sees to it that functions run there; attach(), detach() and stop() have to as well.
  static Result<std::unique_ptr<Controller>> start(EventLoop&, ControllerOptions);

  // Takes a new configuration and knowledge in; the running ones stay if a pass fails.
  void configure(Config, Knowledge);
  // Interfaces by name, all of them with none named. Error: an unknown name; then nothing is done.
  Result<std::vector<std::string>> detach(const std::vector<std::string>& names);
  Result<std::vector<std::string>> attach(const std::vector<std::string>& names);
  // Its interface gets a program that hands packets to applications, and the application its
  // packets; the number that it is known by. Error: it is not registered, and all is as it was.
  Result<std::uint32_t> add_app(RegisteredApp, const std::vector<Fd>& sockets);
  // Those that were registered by that connection, which has ended.
  void remove_apps(std::uint64_t connection);
  // Hooks: all or nothing. An error is the contract's or the verifier's, and all is as it was. The
  // name of the hook is returned.
  Result<std::string> add_hook(const std::string& file, InstalledHook);
  Result<std::string> replace_hook(const std::string& name, const std::string& file);
  Result<> remove_hook(const std::string& name);
  // A clean stop: nothing of ours stays.
  void stop();

  // What answers are made of.
  struct View {
    const ControllerOptions& options;
    const Graph& graph;
    const Capabilities& capabilities;
    const Plan& plan;
    const Deployer& deployer;
    const Firewall& firewall;
    const AppKeeper& apps;
    const HookKeeper& hooks;
    const std::map<IfIndex, std::string>& failures;  // why the deployer could not do as planned
    const std::vector<std::string>& missing;         // what the kernel does not tell
    std::uint64_t generation;
    double last_rebuild_ms;
    bool paused;
  };
  View view() const;

 private:
  Controller(EventLoop& loop, ControllerOptions options, KernelView kernel, KernelMemory memory,
             Deployer deployer);
  Result<> listen();
  void read(int fd);
  void read_devices();
  void read_programs();
  void take(const std::vector<Event>& events);
  void mark_changed(std::chrono::microseconds settle);
  void resync_later(const Error&);
  void tick();
  void renew_lease();
  bool look_at_netfilter();
  void follow_rules();
  Result<> take_rules(const Plan& wanted);
  void pass();
  PlanInputs inputs() const;
  Result<std::string> install_hook(HookKeeper::Hook, const std::string& file);
  Result<> try_hook(const HookKeeper::Hook&);
  void report(const Plan& before, const std::vector<Failure>& failures);

  EventLoop& loop_;
  ControllerOptions options_;
  KernelView kernel_;
  std::optional<DeviceWatch> devices_;  // kernels before 6.3 tell less
  KernelMemory memory_;
  Deployer deployer_;
  PeerSwitch peers_;
  RuleKeeper rules_;
  HookKeeper hooks_;
  FlowKeeper flows_;
  ConnectionKeeper connections_;
  AppKeeper apps_;
  Symbols symbols_;
  Store store_;
  Graph graph_;
  Capabilities capabilities_;
  Plan plan_;
  std::set<std::string> kinds_;  // of links, seen so far
  std::set<IfIndex> to_probe_;   // devices that changed since they were probed
  std::set<IfIndex> released_;
  std::set<IfIndex> suppressing_;  // bridges: PlanInputs
  bool paused_ = false;
  std::map<IfIndex, std::string> failures_;
  std::uint64_t generation_ = 0;
  double last_rebuild_ms_ = 0;
  std::optional<std::chrono::steady_clock::time_point> changed_at_;

  std::vector<EventLoop::Watch> watches_;
  EventLoop::Timer settle_, tick_, resync_, rules_again_;
  std::chrono::milliseconds rules_wait_{0};  // until rules that changed too fast are read again
};

}  // namespace tna
