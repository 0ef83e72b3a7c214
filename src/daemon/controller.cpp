// SPDX-License-Identifier: Apache-2.0
#include "daemon/controller.h"

#include <algorithm>
#include <variant>

#include "base/log.h"
#include "capabilities/probe_devices.h"
#include "capabilities/probe_kernel.h"
#include "capabilities/probe_netfilter.h"

namespace tna {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kTick = 1s;                // the lease, and what sends no notification
constexpr auto kTryAgain = 200ms;         // after a dump that failed
constexpr auto kRulesAgain = 40ms;        // after rules that changed while they were read; then
constexpr auto kRulesSeldom = 640ms;      // twice as long each time, up to this
constexpr std::uint32_t kCounters = 512;  // sets of counters at least

std::string hooks_folder(const ControllerOptions& options) {
  std::string folder = options.config.hooks_dir, name = options.netns;
  std::ranges::replace(name, '/', '-');
  return name.empty() ? folder : folder + "/" + name;
}

double ms(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

Result<std::unique_ptr<Controller>> Controller::start(EventLoop& loop, ControllerOptions options) {
  auto kernel = TRY(KernelView::open());
  auto memory = TRY(KernelMemory::open());
  auto events = TRY(kernel.resync());
  auto links =
      std::ranges::count_if(events, [](const Event& e) { return std::holds_alternative<Link>(e); });
  auto counters = std::max<std::uint32_t>(kCounters, 2 * links);
  KernelCapabilities capabilities = probe_kernel(memory);
  for (const std::string& name : options.without) {
    auto feature = std::ranges::find(capabilities.features, name, &Feature::name);
    if (feature == capabilities.features.end())
      return error("--without: no feature \"" + name + "\"; `tna capabilities` has the names");
    *feature = {name, false, "not used: --without was said"};
  }
  auto deployer = TRY(Deployer::open(options.pins, counters,
                                     {capabilities.has(kFeatureTypedReads), options.spines},
                                     options.config.counted_fast));
  std::unique_ptr<Controller> controller(new Controller(loop, std::move(options), std::move(kernel),
                                                        std::move(memory), std::move(deployer)));
  controller->capabilities_.kernel = std::move(capabilities);
  for (auto [hook, name] : {std::pair{Hook::xdp, kFeatureXdp}, std::pair{Hook::tc, kFeatureTc}}) {
    const Error* refusal = controller->deployer_.refusal(hook);
    controller->capabilities_.kernel.features.push_back(
        {name, !refusal, refusal ? refusal->message : "the verifier takes it"});
  }
  controller->hooks_.read();
  controller->deployer_.take_hooks(controller->hooks_.objects());
  TRY(controller->listen());
  controller->take(events);
  controller->resync_.disarm();  // all has just been read
  controller->renew_lease();
  controller->pass();
  controller->tick_.arm(kTick);
  return controller;
}

Controller::Controller(EventLoop& loop, ControllerOptions options, KernelView kernel,
                       KernelMemory memory, Deployer deployer)
    : loop_(loop),
      options_(std::move(options)),
      kernel_(std::move(kernel)),
      memory_(std::move(memory)),
      deployer_(std::move(deployer)),
      hooks_(hooks_folder(options_), options_.hook_pins) {}

Result<> Controller::listen() {
  for (int fd : kernel_.fds())
    watches_.push_back(TRY(loop_.on_readable(fd, [this, fd] { read(fd); })));
  watches_.push_back(TRY(loop_.on_readable(deployer_.events_fd(), [this] { read_programs(); })));
  if (auto devices = DeviceWatch::open()) {
    devices_.emplace(std::move(*devices));
    watches_.push_back(TRY(loop_.on_readable(devices_->fd(), [this] { read_devices(); })));
  } else {
    log_warning("changes of devices' features are not heard: {}", devices.error().message);
  }
  settle_ = TRY(loop_.timer([this] { pass(); }));
  tick_ = TRY(loop_.timer([this] { tick(); }));
  rules_again_ = TRY(loop_.timer([this] { mark_changed(0us); }));
  resync_ = TRY(loop_.timer([this] {
    auto events = kernel_.resync();
    if (!events) return resync_later(events.error());
    take(*events);
  }));
  return {};
}

void Controller::read(int fd) {
  auto events = kernel_.read(fd);
  if (!events) return resync_later(events.error());
  take(*events);
}

// Offloads and XDP features change without a word on rtnetlink.
void Controller::read_devices() {
  auto changed = devices_->read();
  if (!changed) return log_warning("{}", changed.error().message);
  if (*changed)
    to_probe_.merge(**changed);
  else
    for (const auto& [ifindex, link] : store_.links) to_probe_.insert(ifindex);
  if (!to_probe_.empty()) mark_changed(std::chrono::milliseconds(options_.config.settle_ms));
}

// A guard failed: what it compares with has changed. Or the kernel does something that the
// configuration does not show.
void Controller::read_programs() {
  const Deployer::Heard heard = deployer_.drain();
  flows_.take(heard.flows);
  for (const tna_event& event : heard.events) {
    const Node* bridge = graph_.related(event.ifindex, "port of");
    if (event.kind == TNA_EVENT_SUPPRESS && bridge) suppressing_.insert(bridge->ifindex);
    mark_changed(0us);
  }
}

void Controller::resync_later(const Error& why) {
  log_warning("{}; reading the configuration anew", why.message);
  resync_.arm(kTryAgain);
}

void Controller::take(const std::vector<Event>& events) {
  bool changed = false;
  for (const Event& event : events) {
    if (auto* link = std::get_if<Link>(&event)) {
      to_probe_.insert(link->ifindex);
      peers_.changed(link->ifindex);
      // A kind never seen may have come with a module that tells what was missing until now.
      if (kinds_.insert(link->kind).second && !kernel_.missing().empty()) resync_.arm(0us);
    } else if (auto* gone = std::get_if<RemovedLink>(&event)) {
      capabilities_.devices.erase(gone->ifindex);
      deployer_.forget(gone->ifindex);
      released_.erase(gone->ifindex);
      suppressing_.erase(gone->ifindex);
      peers_.gone(gone->ifindex);
    }
    changed |= store_.apply(event, options_.knowledge) == Change::configuration;
  }
  if (changed) mark_changed(std::chrono::milliseconds(options_.config.settle_ms));
}

void Controller::mark_changed(std::chrono::microseconds settle) {
  if (!changed_at_) changed_at_ = Clock::now();
  if (settle_ && !settle_.armed()) settle_.arm(settle);
}

void Controller::renew_lease() {
  auto now = memory_.jiffies();
  if (!now) return log_error("the lease can't be renewed: {}", now.error().message);
  deployer_.renew_lease(*now +
                        static_cast<std::uint64_t>(options_.config.lease_ms) * memory_.hz() / 1000);
}

// Hooks and sysctls of netfilter send no notification; guards keep packets right until this sees
// them.
void Controller::tick() {
  renew_lease();
  deployer_.hear_again();
  rules_.rest();
  connections_.tick(plan_, deployer_.connections());
  if (look_at_netfilter()) mark_changed(0us);
  tick_.arm(std::min<std::chrono::microseconds>(
      kTick, std::chrono::milliseconds(options_.config.lease_ms) / 4));
}

// True: it has changed.
bool Controller::look_at_netfilter() {
  for (int attempt = 0; attempt < 3; attempt++) {
    auto netfilter = probe_netfilter(memory_, symbols_, capabilities_.netfilter);
    if (!netfilter) continue;  // it changed while it was read
    bool changed = *netfilter != capabilities_.netfilter;
    capabilities_.netfilter = std::move(*netfilter);
    return changed;
  }
  return true;
}

// The rules, and what the kernel shows of them, are of one moment. Where they change faster than
// they can be read, they are left alone for a while: to try without end takes time from all others.
void Controller::follow_rules() {
  constexpr int kAttempts = 3;
  look_at_netfilter();
  if (rules_again_.armed()) return rules_.give_up(capabilities_.netfilter.rules);
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    const bool again = rules_.follow(capabilities_.netfilter);
    if (rules_.outrun()) break;
    if (!again) {
      rules_wait_ = 0ms;
      return;
    }
    look_at_netfilter();
  }
  rules_.give_up(capabilities_.netfilter.rules);
  rules_wait_ = std::clamp<std::chrono::milliseconds>(2 * rules_wait_, kRulesAgain, kRulesSeldom);
  rules_again_.arm(rules_wait_);
  log_debug("rules: they change faster than they are read; again in {} ms", rules_wait_.count());
}

// Their maps, before the programs. Error: the rules are refused from now on, until there are
// others.
Result<> Controller::take_rules(const Plan& wanted) {
  const Firewall& firewall = rules_.firewall();
  if (std::ranges::none_of(wanted.interfaces,
                           [](const auto& each) { return each.second.program.rules; }))
    return {};
  Result<> taken = deployer_.take_rules(firewall);
  if (!taken) rules_.refuse(taken.error().message);
  return taken;
}

PlanInputs Controller::inputs() const {
  return {options_.hook_override,
          options_.config,
          deployer_.program_ids(),
          released_,
          paused_,
          suppressing_,
          rules_.firewall(),
          peers_.done(),
          apps_.wishes(),
          hooks_.planned()};
}

void Controller::pass() {
  auto start = changed_at_.value_or(Clock::now());
  changed_at_.reset();
  settle_.disarm();
  auto woken = Clock::now();
  follow_rules();
  probe_devices(memory_, store_.links, to_probe_, capabilities_.devices);
  to_probe_.clear();
  auto probed = Clock::now();

  Graph graph = build(store_, options_.knowledge);
  Plan wanted = plan(graph, capabilities_, inputs());
  if (const Result<> taken = take_rules(wanted); !taken) {
    log_warning("the firewall's rules: {}", taken.error().message);
    wanted = plan(graph, capabilities_, inputs());
  }
  std::vector<Action> actions = diff(deployer_.running(), wanted);
  auto planned = Clock::now();
  std::vector<Failure> failures = deployer_.carry_out(actions);
  log_debug("pass: settled {:.1f} ms, probed {:.1f} ms, planned {:.1f} ms, {} actions {:.1f} ms",
            ms(woken - start), ms(probed - woken), ms(planned - probed), actions.size(),
            ms(Clock::now() - planned));

  graph_ = std::move(graph);
  Plan before = std::exchange(plan_, std::move(wanted));
  if (!actions.empty()) {
    generation_++;
    last_rebuild_ms_ = ms(Clock::now() - start);
  }
  report(before, failures);
  connections_.tick(plan_, deployer_.connections());
  // The next plan is made with what these can do then.
  to_probe_ = peers_.follow(plan_.peer_gro, capabilities_.devices);
  if (!to_probe_.empty()) mark_changed(0us);
}

// One line per decision: what changed, and each failure once.
void Controller::report(const Plan& before, const std::vector<Failure>& failures) {
  std::map<IfIndex, std::string> now;
  for (const Failure& failure : failures) now[failure.ifindex] = failure.error.message;
  for (const auto& [ifindex, interface] : plan_.interfaces) {
    auto failed = now.find(ifindex);
    if (failed != now.end()) {
      if (!failures_.contains(ifindex) || failures_.at(ifindex) != failed->second)
        log_warning("{}: stays with Linux: {}", interface.name, failed->second);
      continue;
    }
    auto old = before.interfaces.find(ifindex);
    if (old != before.interfaces.end() && old->second.program == interface.program &&
        old->second.why == interface.why && !failures_.contains(ifindex))
      continue;
    if (interface.hook() == Hook::none) {
      log_info("{}: with Linux: {}", interface.name, interface.why);
    } else {
      ProgramFacts facts = deployer_.facts(interface.program);
      log_info("{}: fast path on ({}), {} modules, {} insns, {:.1f} ms after the change",
               interface.name, to_string(interface.hook()), interface.modules.size(),
               facts.instructions, last_rebuild_ms_);
    }
  }
  failures_ = std::move(now);
}

void Controller::configure(Config config, Knowledge knowledge) {
  if (config.counted_fast != options_.config.counted_fast)
    log_warning("counted_connections: another value is taken when tnad is started anew");
  config.counted_fast = options_.config.counted_fast;
  options_.config = std::move(config);
  options_.knowledge = std::move(knowledge);
  renew_lease();
  mark_changed(0us);
}

Result<std::vector<std::string>> Controller::detach(const std::vector<std::string>& names) {
  std::vector<std::string> done = names;
  std::set<IfIndex> found;
  for (const std::string& name : names) {
    const Node* node = graph_.find(name);
    if (!node) return error("no interface " + name);
    found.insert(node->ifindex);
  }
  if (names.empty()) {
    paused_ = true;
    for (const auto& [ifindex, running] : deployer_.running().interfaces)
      if (const Node* node = graph_.find(ifindex)) done.push_back(node->name);
  }
  released_.merge(found);
  pass();
  return done;
}

Result<std::vector<std::string>> Controller::attach(const std::vector<std::string>& names) {
  std::set<IfIndex> found;
  for (const std::string& name : names) {
    const Node* node = graph_.find(name);
    if (!node) return error("no interface " + name);
    found.insert(node->ifindex);
  }
  if (names.empty()) released_.clear();
  for (IfIndex ifindex : found) released_.erase(ifindex);
  paused_ = false;
  pass();
  std::vector<std::string> done;
  for (const auto& [ifindex, running] : deployer_.running().interfaces)
    if (const Node* node = graph_.find(ifindex)) done.push_back(node->name);
  return done;
}

// A program that it can be given packets by has to run before its socket is waited at.
Result<std::uint32_t> Controller::add_app(RegisteredApp app, const std::vector<Fd>& sockets) {
  const IfIndex ifindex = app.match.packet.ifindex;
  const std::uint32_t number = TRY(apps_.add(std::move(app)));
  pass();
  const auto plan = plan_.interfaces.find(ifindex);
  Result<> done;
  if (plan == plan_.interfaces.end())
    done = error("no packets come in by that interface");
  else if (auto failed = failures_.find(ifindex); failed != failures_.end())
    done = error(failed->second);
  else if (!plan->second.program.constants.apps)
    done = error(plan->second.name + ": " + plan->second.why);
  else
    done = apps_.start(number, sockets, deployer_.apps());
  if (done) {
    const RegisteredApp& started = apps_.all().at(number);
    log_info("application {}: gets {}", started.name, started.text);
    return number;
  }
  apps_.remove(number, deployer_.apps());
  pass();
  return std::unexpected(done.error());
}

void Controller::remove_apps(std::uint64_t connection) {
  if (!apps_.remove_all(connection, deployer_.apps())) return;
  log_info("an application has ended");
  mark_changed(0us);
}

void Controller::stop() {
  deployer_.clear();
  connections_.stop();
  peers_.follow({}, capabilities_.devices);
}

Controller::View Controller::view() const {
  return {options_,      graph_,
          capabilities_, plan_,
          deployer_,     rules_.firewall(),
          apps_,         hooks_,
          failures_,     kernel_.missing(),
          generation_,   last_rebuild_ms_,
          paused_};
}

}  // namespace tna
