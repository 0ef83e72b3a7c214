// SPDX-License-Identifier: Apache-2.0
#include "fpm/fast_path.h"

#include <bpf/bpf.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <stdexcept>

#include "assemble/guard.h"
#include "capabilities/probe_netfilter.h"
#include "deploy/tcx.h"
#include "fpm/must.h"
#include "fpm/shared_maps.h"

namespace tna::test {
namespace {

constexpr const char* kNames[] = {
#define TNA_REASON_NAME(name, text, meaning) #name,
    TNA_REASONS(TNA_REASON_NAME)
#undef TNA_REASON_NAME
};

}  // namespace

const char* name_of(tna_reason reason) {
  return kNames[reason];
}

void PrintTo(const Outcome& outcome, std::ostream* out) {
  if (outcome.kind == Outcome::fast)
    *out << "goes on";
  else if (outcome.kind == Outcome::drop)
    *out << "dropped";
  else if (outcome.kind == Outcome::odd)
    *out << "odd: " << outcome.what;
  else if (outcome.reason < 0)
    *out << "punted, not counted";
  else
    *out << "punted: " << kNames[outcome.reason];
}

FastPath::FastPath(Hook hook, const tna_const& constants, const Firewall& firewall,
                   std::span<const PlacedHook> hooks)
    : hook_(hook),
      retags_(constants.vlan || constants.vlan_up || constants.vlan_xmit),
      may_change_(std::ranges::any_of(hooks, [](const auto& each) { return each.hook->changes; })),
      rules_(firewall.rules ? std::optional(must(RuleMaps::make(firewall.rules, firewall.version)))
                            : std::nullopt),
      program_(must(Shared::get().pipeline(hook).load(constants, current_guard(firewall),
                                                      rules_ ? &*rules_ : nullptr, hooks))),
      counts_(Shared::get().maps().slots, Shared::get().maps().counters,
              Shared::get().maps().counters_entries) {}

FastPath::~FastPath() {
  for (IfIndex port : counted_) counts_.release(port);
}

tna_guard FastPath::current_guard(const Firewall& firewall) {
  Shared& shared = Shared::get();
  std::vector<PlannedGuard> notes;
  tna_guard guard =
      guard_for(must(probe_netfilter(shared.memory(), shared.symbols())), {}, firewall, notes);
  guard.hz = shared.memory().hz();
  guard.refresh_after = guard.hz;  // as for a bridge with the default ageing time
  return guard;
}

void FastPath::attach(IfIndex port) {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  if (hook_ == Hook::xdp) options.flags = XDP_FLAGS_DRV_MODE;
  auto type = hook_ == Hook::xdp ? BPF_XDP : static_cast<bpf_attach_type>(kTcxIngress);
  Fd link(bpf_link_create(program_.fd.get(), port, type, &options));
  if (!link) throw std::runtime_error("attach the program: " + std::string(std::strerror(errno)));
  links_[port] = std::move(link);
}

void FastPath::count(IfIndex port) {
  must(counts_.assign(port));
  counted_.push_back(port);
}

Outcome FastPath::run(const Bytes& frame, IfIndex port, std::uint32_t segment_size) {
  bool is_xdp = hook_ == Hook::xdp;
  xdp_md xdp{};
  xdp.data_end = frame.size();
  xdp.ingress_ifindex = port;
  __sk_buff skb{};
  skb.ifindex = port;
  skb.gso_size = segment_size;
  left_.assign(65536, 0);
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_out = left_.data(),
              .data_size_in = static_cast<__u32>(frame.size()),
              .data_size_out = static_cast<__u32>(left_.size()), .repeat = 1);
  options.ctx_in = is_xdp ? static_cast<void*>(&xdp) : &skb;
  options.ctx_size_in = is_xdp ? sizeof xdp : sizeof skb;

  tna_counters before = counters(port);
  if (bpf_prog_test_run_opts(program_.fd.get(), &options))
    throw std::runtime_error("run the program: " + std::string(std::strerror(errno)));
  left_.resize(options.data_size_out);

  Outcome outcome = difference(before, port);
  int action = options.retval;
  bool sent = action == (is_xdp ? XDP_REDIRECT : TC_ACT_REDIRECT);
  bool passed = action == (is_xdp ? XDP_PASS : TC_ACT_UNSPEC);
  bool dropped = action == (is_xdp ? XDP_DROP : TC_ACT_SHOT);
  bool fits = outcome.kind == Outcome::fast   ? sent
              : outcome.kind == Outcome::drop ? dropped
                                              : passed;
  if (outcome.kind != Outcome::odd && !fits)
    return {.what = "verdict " + std::to_string(action) + ", but counters say that it " +
                    (sent ? "was punted" : "went on")};
  std::uint64_t bytes = counters(port).fast_bytes - before.fast_bytes;
  // They are counted as they came in, without a tag that is put on and with one that is taken off.
  bool retagged = retags_ && (bytes + 4 == left_.size() || bytes == left_.size() + 4);
  if (sent && bytes != left_.size() && !retagged && !may_change_)
    return {.what = std::to_string(bytes) + " bytes counted of " + std::to_string(left_.size())};
  if (!sent && left_ != frame && !may_change_) return {.what = "punted, but changed"};
  return outcome;
}

tna_counters FastPath::counters(IfIndex port) const {
  return must(counts_.read(port));
}

std::map<std::uint64_t, tna_rule_counter> FastPath::rule_counters() const {
  RuleCounts counts;
  if (rules_) must(rules_->add_counted(counts));
  std::map<std::uint64_t, tna_rule_counter> by_handle;
  for (const auto& [name, counter] : counts) by_handle[name.handle] = counter;
  return by_handle;
}

Outcome FastPath::difference(const tna_counters& before, IfIndex port) const {
  tna_counters after = counters(port);
  std::vector<Outcome> all;
  if (after.fast_packets - before.fast_packets == 1) all.push_back(goes_on());
  if (after.dropped - before.dropped == 1) all.push_back(drop());
  std::uint64_t packets = after.fast_packets - before.fast_packets + after.dropped - before.dropped;
  for (int i = 0; i < TNA_R_COUNT; i++) {
    if (after.punts[i] != before.punts[i]) all.push_back(punt(static_cast<tna_reason>(i)));
    packets += after.punts[i] - before.punts[i];
  }
  if (packets == 0) return punt_uncounted();
  if (packets == 1) return all.front();
  return {.what = std::to_string(packets) + " packets were counted"};
}

void FastPath::renew_lease(std::int64_t jiffies) {
  Shared& shared = Shared::get();
  shared.lease()->until = must(shared.memory().jiffies()) + jiffies;
}

int FastPath::drain_events() {
  return Shared::get().drain_events();
}

}  // namespace tna::test
