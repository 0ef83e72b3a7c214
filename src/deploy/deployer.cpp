// SPDX-License-Identifier: Apache-2.0
#include "deploy/deployer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "base/log.h"
#include "deploy/pins.h"

namespace tna {
namespace {

constexpr std::uint32_t kEventBytes = 4096, kFlowBytes = 256 * 1024;

std::vector<tna_event> events_heard;
std::vector<tna_flow> flows_heard;

int hear_event(void*, void* event, std::size_t size) {
  if (size >= sizeof(tna_event)) events_heard.push_back(*static_cast<tna_event*>(event));
  return 0;
}

int hear_flow(void*, void* flow, std::size_t size) {
  if (size >= sizeof(tna_flow)) flows_heard.push_back(*static_cast<tna_flow*>(flow));
  return 0;
}

}  // namespace

Deployer::Deployer(Deployer&&) noexcept = default;
Deployer& Deployer::operator=(Deployer&&) noexcept = default;
Deployer::~Deployer() = default;

Result<Deployer> Deployer::open(const std::string& pins, std::uint32_t counters,
                                const SpineChoice& spines, bool counting) {
  Deployer deployer;
  deployer.pins_ = pins;
  deployer.spines_ = spines;
  std::error_code failure;
  std::filesystem::create_directories(pins, failure);
  if (failure) return errno_error("make the folder of pins " + pins, failure.value());
  TRY(deployer.open_maps(counters, counting));
  for (Hook hook : {Hook::xdp, Hook::tc})
    deployer.pipelines_.emplace(hook, Pipeline::open(hook, spines, deployer.shared_maps()));
  deployer.adopt_links();
  return deployer;
}

Result<> Deployer::open_maps(std::uint32_t counters, bool counting) {
  slots_ = TRY(pinned_map(
      pins_, {"tna_slots", BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(tna_slot), TNA_SLOTS, 0}));
  counters_map_ = TRY(pinned_map(pins_, {"tna_counters", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(__u32),
                                         sizeof(tna_counters), counters, 0}));
  lease_map_ = TRY(pinned_map(pins_, {"tna_lease", BPF_MAP_TYPE_ARRAY, sizeof(__u32),
                                      sizeof(tna_lease), 1, BPF_F_MMAPABLE}));
  events_ = TRY(pinned_map(pins_, {"tna_events", BPF_MAP_TYPE_RINGBUF, 0, 0, kEventBytes, 0}));
  flows_ = TRY(pinned_map(pins_, {"tna_flows", BPF_MAP_TYPE_RINGBUF, 0, 0, kFlowBytes, 0}));
  apps_ = TRY(AppMaps::open());
  connections_ = TRY(ConnectionMap::open(pins_, counting));
  lease_ = TRY(MappedValue<tna_lease>::map(lease_map_.get(), "tna_lease"));
  ring_ = {ring_buffer__new(events_.get(), hear_event, nullptr, nullptr), ring_buffer__free};
  if (!ring_ || ring_buffer__add(ring_.get(), flows_.get(), hear_flow, nullptr))
    return errno_error("open the ring buffers of events");
  counters_ = std::make_unique<Counters>(slots_.get(), counters_map_.get(),
                                         counters_entries(counters_map_.get()));
  return {};
}

SharedMaps Deployer::shared_maps() const {
  return {slots_.get(),       counters_map_.get(), events_.get(),
          flows_.get(),       lease_map_.get(),    counters_entries(counters_map_.get()),
          apps_->table(),     apps_->sockets(),    apps_->counters_map(),
          connections_->map()};
}

// A spine that was opened before the bridge's module was loaded can't look at bridges, nor before
// veth's at veths, nor before conntrack's at connections. Memory for routes is taken when first a
// program routes.
Result<LoadedProgram> Deployer::load(const Load& action) {
  const ProgramSpec& spec = action.program;
  Result<Pipeline>& pipeline = pipelines_.at(spec.hook);
  bool veth = spec.constants.veth || spec.constants.veth_out || spec.rules;
  bool connections = spec.constants.conntrack4 || spec.constants.conntrack6;
  bool routes = spec.constants.route4 || spec.constants.route6;
  if (pipeline &&
      (pipeline->without_bridge() || (veth && pipeline->without_veth()) ||
       (connections && pipeline->without_connections()) ||
       (spec.constants.nat && pipeline->without_nat()) || (routes && pipeline->without_routes())))
    pipeline =
        Pipeline::open(spec.hook, spines_, shared_maps(), routes || !pipeline->without_routes());
  if (!pipeline) return std::unexpected(pipeline.error());
  auto rules = rules_.find(spec.rules);
  std::vector<PlacedHook> placed;
  for (const HookUse& use : spec.hooks) {
    auto hook = hooks_.find(use.id);
    if (hook == hooks_.end()) return error("a hook is gone that was to be linked in");
    placed.push_back({use.slot, &hook->second->code(spec.hook)});
  }
  return pipeline->load(spec.constants, action.guard,
                        rules == rules_.end() ? nullptr : &rules->second, placed);
}

Result<> Deployer::prepare(const std::vector<Action>& actions) {
  std::vector<ProgramSpec> loaded;
  for (const Action& action : actions) {
    auto* load = std::get_if<Load>(&action);
    if (!load) continue;
    Result<LoadedProgram> program = this->load(*load);
    if (!program) {
      for (const ProgramSpec& spec : loaded) unload(spec);
      return std::unexpected(program.error());
    }
    keep(*load, std::move(*program));
    loaded.push_back(load->program);
  }
  return {};
}

void Deployer::keep(const Load& action, LoadedProgram program) {
  program_ids_.insert(program_id(program.fd.get()));
  programs_.emplace(action.program, std::move(program));
  running_.programs[action.program] = action.guard;
}

void Deployer::unload(const ProgramSpec& spec) {
  programs_.erase(spec);
  running_.programs.erase(spec);
}

Result<> Deployer::take_rules(const Firewall& firewall) {
  const auto known = rules_.find(firewall.id);
  if (known == rules_.end()) {
    rules_.emplace(firewall.id, TRY(RuleMaps::make(firewall.rules, firewall.version)));
  } else if (RuleMaps& maps = known->second; &maps.rules() != firewall.rules.get()) {
    TRY(maps.take(firewall.rules, firewall.version, counted_before_));
  }
  return {};
}

Result<RuleCounts> Deployer::counted() const {
  RuleCounts counts = counted_before_;
  for (const auto& [id, rules] : rules_) TRY(rules.add_counted(counts));
  return counts;
}

// Of programs that are gone. What they counted is kept for rules that still are.
void Deployer::retire_rules() {
  std::erase_if(rules_, [&](const auto& rules) {
    if (std::ranges::any_of(
            programs_, [&](const auto& program) { return program.first.rules == rules.first; }))
      return false;
    if (auto added = rules.second.add_counted(counted_before_); !added)
      log_warning("{}", added.error().message);
    return true;
  });
  std::set<RuleName> known;
  for (const auto& [id, rules] : rules_)
    known.insert(rules.rules().counted.begin(), rules.rules().counted.end());
  std::erase_if(counted_before_, [&](const auto& each) { return !known.contains(each.first); });
}

std::string Deployer::link_pin(IfIndex ifindex, Hook hook) const {
  return pins_ + "/link-" + std::to_string(ifindex) + "-" + to_string(hook);
}

void Deployer::adopt_links() {
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(pins_, failure)) {
    unsigned named = 0;
    char hook_name[5] = {};
    if (std::sscanf(entry.path().filename().c_str(), "link-%u-%4s", &named, hook_name) != 2)
      continue;
    IfIndex ifindex = 0;
    std::uint32_t program = 0;
    auto link = BpfLink::adopt(entry.path(), ifindex, program);
    Hook hook = std::string(hook_name) == to_string(Hook::xdp) ? Hook::xdp : Hook::tc;
    if (!link || ifindex != named || running_.interfaces.contains(ifindex)) {
      std::filesystem::remove(entry.path(), failure);  // its interface is gone
      continue;
    }
    links_[ifindex] = std::move(*link);
    running_.interfaces[ifindex] = {hook, std::nullopt};
    program_ids_.insert(program);
    counters_->adopt(ifindex);
  }
}

const Error* Deployer::refusal(Hook hook) const {
  const Result<Pipeline>& pipeline = pipelines_.at(hook);
  return pipeline ? nullptr : &pipeline.error();
}

std::vector<Failure> Deployer::carry_out(const std::vector<Action>& actions) {
  std::vector<Failure> failures;
  std::map<ProgramSpec, Error> refused;
  auto fail = [&](IfIndex ifindex, Result<> done) {
    if (!done) failures.push_back({ifindex, done.error()});
  };
  // A program that could not be loaded fails every interface that was to have it.
  auto with_program = [&](IfIndex ifindex, const ProgramSpec& spec, auto act) {
    if (auto found = refused.find(spec); found != refused.end()) {
      detach(ifindex);
      return failures.push_back({ifindex, found->second});
    }
    fail(ifindex, act());
  };
  for (const Action& action : actions) {
    if (auto* load = std::get_if<Load>(&action)) {
      Result<LoadedProgram> program = this->load(*load);
      if (!program) {
        refused[load->program] = program.error();
      } else {
        keep(*load, std::move(*program));
      }
    } else if (auto* rearm = std::get_if<Rearm>(&action)) {
      programs_.at(rearm->program).arm(rearm->guard);
      running_.programs[rearm->program] = rearm->guard;
    } else if (auto* change = std::get_if<Update>(&action)) {
      with_program(change->ifindex, change->program,
                   [&] { return update(change->ifindex, change->program); });
    } else if (auto* fresh = std::get_if<Attach>(&action)) {
      with_program(fresh->ifindex, fresh->program,
                   [&] { return attach(fresh->ifindex, fresh->program); });
    } else if (auto* gone = std::get_if<Detach>(&action)) {
      detach(gone->ifindex);
    } else if (auto* unload = std::get_if<Unload>(&action)) {
      this->unload(unload->program);
    }
  }
  if (!actions.empty()) retire_rules();
  return failures;
}

Result<> Deployer::attach(IfIndex ifindex, const ProgramSpec& spec) {
  TRY(counters_->assign(ifindex));
  links_[ifindex] = TRY(BpfLink::attach(spec.hook, ifindex, programs_.at(spec).fd.get(),
                                        link_pin(ifindex, spec.hook)));
  running_.interfaces[ifindex] = {spec.hook, spec};
  return {};
}

Result<> Deployer::update(IfIndex ifindex, const ProgramSpec& spec) {
  TRY(counters_->assign(ifindex));
  auto done = links_.at(ifindex).update(programs_.at(spec).fd.get());
  if (!done) {  // rather Linux than a program that is not wanted
    detach(ifindex);
    return done;
  }
  running_.interfaces[ifindex].program = spec;
  return {};
}

void Deployer::detach(IfIndex ifindex) {
  if (auto link = links_.find(ifindex); link != links_.end()) {
    link->second.unpin();
    links_.erase(link);
  }
  running_.interfaces.erase(ifindex);
}

void Deployer::renew_lease(std::uint64_t until) {
  lease_->until = until;
}

int Deployer::events_fd() const {
  return ring_buffer__epoll_fd(ring_.get());
}

Deployer::Heard Deployer::drain() {
  ring_buffer__consume(ring_.get());
  return {std::exchange(events_heard, {}), std::exchange(flows_heard, {})};
}

void Deployer::hear_again() {
  for (auto& [spec, program] : programs_) program.guard->reported = 0;
}

Result<tna_counters> Deployer::counters(IfIndex ifindex) const {
  return counters_->read(ifindex);
}

void Deployer::forget(IfIndex ifindex) {
  detach(ifindex);
  counters_->release(ifindex);
}

ProgramFacts Deployer::facts(const ProgramSpec& spec) const {
  auto found = programs_.find(spec);
  if (found == programs_.end()) return {};
  const LoadedProgram& program = found->second;
  return {program_id(program.fd.get()), program.instructions, program.load_ms};
}

void Deployer::clear() {
  while (!links_.empty()) detach(links_.begin()->first);
  programs_.clear();
  running_.programs.clear();
  std::error_code failure;
  std::filesystem::remove_all(pins_, failure);
}

}  // namespace tna
