// SPDX-License-Identifier: Apache-2.0
// bpf/lib/slots.h: users' own code in its slots.
#include <arpa/inet.h>
#include <bpf/bpf.h>

#include <filesystem>

#include "deploy/hook_object.h"
#include "fpm/must.h"
#include "fpm/routing.h"
#include "slot_abi.h"

namespace tna::test {
namespace {

class Hooks : public Routing {
 protected:
  HookObject& hook(const std::string& name) {
    objects_.push_back(std::make_unique<HookObject>(
        must(HookObject::open(TNA_HOOK_OBJECTS "/" + name + ".o", ""))));
    return *objects_.back();
  }
  void place(HookObject& object, int slot) { placed_.push_back({slot, &object.code(GetParam())}); }
  void link(tna_const constants) { load(constants, {}, placed_); }
  std::uint64_t runs(const HookObject& object) { return must(object.counters()).runs; }
  // The value of a hook's map of one entry, or of its global variables.
  template <typename T>
  T value(const HookObject& object, const std::string& map) {
    T found{};
    const __u32 key = 0;
    EXPECT_EQ(bpf_map_lookup_elem(object.map(map), &key, &found), 0);
    return found;
  }

  std::vector<PlacedHook> placed_;
  std::vector<std::unique_ptr<HookObject>> objects_;
};
INSTANTIATE_TEST_SUITE_P(, Hooks, testing::ValuesIn(tested_hooks()), hook_name);

struct Seen {
  std::uint64_t packets;
  tna_facts last;
};

TEST_P(Hooks, NothingLinkedIn) {
  link({.route4 = 1, .route6 = 1});
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(run(ipv6()), goes_on());
}

TEST_P(Hooks, ObserverInEachSlotOfTheWay) {
  HookObject& nothing = hook("nothing");
  int slots = 0;
  for (int slot : {TNA_SLOT_before_guards, TNA_SLOT_after_guards, TNA_SLOT_before_parse_l2,
                   TNA_SLOT_after_parse_l2, TNA_SLOT_before_route_ingress, TNA_SLOT_after_parse_l3,
                   TNA_SLOT_before_fib, TNA_SLOT_after_route_forward, TNA_SLOT_end}) {
    placed_.clear();
    place(nothing, slot);
    link({.route4 = 1, .route6 = 1});
    EXPECT_EQ(run(ipv4()), goes_on()) << slot;
    EXPECT_EQ(runs(nothing), static_cast<std::uint64_t>(++slots)) << slot;
  }
  placed_.clear();
  place(nothing, TNA_SLOT_before_fdb);
  link({.route4 = 1, .route6 = 1});
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(runs(nothing), static_cast<std::uint64_t>(slots)) << "no bridge is on the way";
}

TEST_P(Hooks, SeveralInOneSlotAndInOthers) {
  HookObject &one = hook("nothing"), &other = hook("seen");
  place(one, TNA_SLOT_before_guards);
  place(other, TNA_SLOT_before_guards);
  place(one, TNA_SLOT_end);
  link({.route4 = 1});
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(runs(one), 2u);
  EXPECT_EQ(runs(other), 1u);
}

TEST_P(Hooks, FactsOfAPacket) {
  HookObject& seen = hook("seen");
  place(seen, TNA_SLOT_end);
  link({.route4 = 1, .route6 = 1});
  EXPECT_EQ(run(ipv4()), goes_on());
  auto state = value<Seen>(seen, "hook.bss");
  EXPECT_EQ(state.packets, 1u);
  tna_facts facts = state.last;
  EXPECT_EQ(facts.ingress, world.ifindex("p1"));
  EXPECT_EQ(facts.egress, world.ifindex("p2"));
  EXPECT_EQ(facts.length, ipv4().bytes().size());
  EXPECT_EQ(facts.xdp, at_xdp());
  EXPECT_EQ(facts.version, 4);
  EXPECT_EQ(facts.l4_protocol, 17);
  EXPECT_EQ(facts.protocol, htons(0x0800));
  EXPECT_EQ(facts.l3_at, 14);
  EXPECT_EQ(facts.l4_at, 34);
  EXPECT_EQ(facts.sport, htons(4242));
  EXPECT_EQ(facts.dport, htons(4243));
  EXPECT_EQ(facts.saddr[0], htonl(0xc0000201));
  EXPECT_EQ(facts.daddr[0], htonl(0xc0000202));
  EXPECT_EQ(run(ipv6()), goes_on());
  facts = value<Seen>(seen, "hook.bss").last;
  EXPECT_EQ(facts.version, 6);
  EXPECT_EQ(facts.l4_at, 54);
  EXPECT_EQ(facts.daddr[0], htonl(0x20010db8));
  EXPECT_EQ(facts.daddr[3], htonl(2));
}

TEST_P(Hooks, FactsOfWhatIsNoIp) {
  HookObject& seen = hook("seen");
  place(seen, TNA_SLOT_before_guards);
  link({.bridge = 1});
  run(to_b / Payload{60});
  EXPECT_EQ(value<Seen>(seen, "hook.bss").last.version, 0);
  run(to_b / IPv4{.total_length = 20} / Udp{});
  EXPECT_EQ(value<Seen>(seen, "hook.bss").last.version, 4);
}

TEST_P(Hooks, FilterSaysWhatBecomesOfAPacket) {
  HookObject& filter = hook("filter");
  for (int slot : {TNA_SLOT_before_guards, TNA_SLOT_after_parse_l3, TNA_SLOT_end}) {
    placed_.clear();
    place(filter, slot);
    link({.route4 = 1, .route6 = 1});
    const __be16 port = htons(4243);
    __u32 says = TNA_DISCARD;
    EXPECT_EQ(run(ipv4()), goes_on());
    bpf_map_update_elem(filter.map("ports"), &port, &says, BPF_ANY);
    EXPECT_EQ(run(ipv4()), drop());
    EXPECT_EQ(run(ipv6()), drop());
    says = TNA_LEAVE;
    bpf_map_update_elem(filter.map("ports"), &port, &says, BPF_ANY);
    EXPECT_EQ(run(ipv4()), punt(TNA_R_HOOK));
    says = TNA_CHANGED;
    bpf_map_update_elem(filter.map("ports"), &port, &says, BPF_ANY);
    EXPECT_EQ(run(ipv4()), goes_on()) << "what a filter may not say is nothing";
    bpf_map_delete_elem(filter.map("ports"), &port);
    EXPECT_EQ(run(to_router() / IPv4{} / Udp{} / Payload{.bytes = Bytes(40, 'x')}), drop());
  }
  const tna_hook_counters counters = must(filter.counters());
  EXPECT_EQ(counters.runs, 18u);
  EXPECT_EQ(counters.discarded, 9u);
  EXPECT_EQ(counters.left, 3u);
}

TEST_P(Hooks, TransformerBeforeTheWayIsLookedUp) {
  for (int slot : {TNA_SLOT_before_guards, TNA_SLOT_before_fib, TNA_SLOT_end}) {
    HookObject &rewrite = hook("rewrite"), &before = hook("nothing"), &after = hook("seen");
    placed_.clear();
    place(before, TNA_SLOT_before_guards);
    place(rewrite, slot);
    place(after, TNA_SLOT_end);
    link({.route4 = 1, .route6 = 1});
    // To p3's side there is a way, too; it must not be the one that is taken.
    configure("ip route replace 203.0.113.9 via 192.0.2.2 dev p2 onlink");
    Bytes frame = (to_router() / IPv4{} / Udp{.destination_port = 4000} / Payload{40}).bytes();
    Bytes wanted = ipv4().bytes();
    EXPECT_EQ(run(frame), goes_on()) << slot;
    const Bytes changed = path().left();
    load({.route4 = 1, .route6 = 1});
    EXPECT_EQ(run(wanted), goes_on());
    EXPECT_EQ(changed, path().left()) << slot;
    EXPECT_EQ(runs(before), 1u) << "it has seen the packet before it was changed";
    EXPECT_EQ(runs(rewrite), 1u);
    EXPECT_EQ(runs(after), 1u);
    EXPECT_EQ(value<Seen>(after, "hook.bss").last.dport, htons(4243));
  }
}

TEST_P(Hooks, SteerChoosesTheWayOut) {
  HookObject &steer = hook("steer"), &before = hook("nothing"), &after = hook("nothing");
  place(before, TNA_SLOT_before_guards);
  place(steer, TNA_SLOT_before_guards);
  place(after, TNA_SLOT_before_guards);
  link({.veth_out = 1, .route4 = 1, .route6 = 1});
  const auto to = [&](unsigned port, std::size_t size = 40) {
    return (to_router() / IPv4{} / Udp{.destination_port = static_cast<std::uint16_t>(port)} /
            Payload{size})
        .bytes();
  };
  const auto by = [&](const std::string& device) { return 20000 + world.ifindex(device); };
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(runs(after), 1u);
  EXPECT_EQ(run(to(by("p3"))), goes_on());
  EXPECT_EQ(path().left(), to(by("p3"))) << "it leaves as it came in";
  EXPECT_EQ(runs(before), 2u);
  EXPECT_EQ(runs(after), 1u) << "it is decided";
  EXPECT_EQ(must(steer.counters()).steered, 1u);
  EXPECT_EQ(run(to(19998)), goes_on());
  EXPECT_NE(path().left(), to(19998)) << "what a steer may not say is nothing: it is routed";
  EXPECT_EQ(run(to(19999)), punt(TNA_R_HOOK));
  EXPECT_EQ(run(to(20000)), drop());
  EXPECT_EQ(run(to(29999)), punt(TNA_R_STEER)) << "there is no such device";
  configure("ip link set lo up");
  EXPECT_EQ(run(to(20001)), punt(TNA_R_STEER)) << "which is no Ethernet device";
  configure("ip link set p3 mtu 600");
  EXPECT_EQ(run(to(by("p3"), 400)), goes_on());
  EXPECT_EQ(run(to(by("p3"), 700)), punt(TNA_R_TOO_LONG));
  configure("ip link set p3 down");
  EXPECT_EQ(run(to(by("p3"))), punt(TNA_R_STEER));
  EXPECT_EQ(run(to(by("p2"))), goes_on());
  FastPath::renew_lease(-1);
  EXPECT_EQ(run(to(by("p2"))), punt(TNA_R_LEASE)) << "guards are asked first";
}

TEST_P(Hooks, AmongOthersASteerIsTheOneThatSteers) {
  HookObject &steer = hook("steer"), &rewrite = hook("rewrite");
  place(rewrite, TNA_SLOT_before_guards);
  place(steer, TNA_SLOT_before_guards);
  link({.veth_out = 1, .route4 = 1});
  Packet changed = to_router() / IPv4{} / Udp{.destination_port = 4000} / Payload{40};
  EXPECT_EQ(run(changed), goes_on());
  EXPECT_EQ(runs(steer), 1u) << "it sees the packet as it has become";
  const auto port = static_cast<std::uint16_t>(20000 + world.ifindex("p3"));
  Packet steered = to_router() / IPv4{} / Udp{.destination_port = port} / Payload{40};
  EXPECT_EQ(run(steered), goes_on());
  EXPECT_EQ(path().left(), steered.bytes());
}

TEST_P(Hooks, StateIsKeptWhereOneTakesTheOthersPlace) {
  const std::string pins = "/sys/fs/bpf/tna_hooks_test";
  {
    auto first = must(HookObject::open(TNA_HOOK_OBJECTS "/filter.o", pins));
    must(first.pin());
    const __be16 port = htons(9);
    const __u32 says = 2;
    bpf_map_update_elem(first.map("ports"), &port, &says, BPF_ANY);
  }
  auto second = must(HookObject::open(TNA_HOOK_OBJECTS "/filter.o", pins));
  const __be16 port = htons(9);
  __u32 says = 0;
  EXPECT_EQ(bpf_map_lookup_elem(second.map("ports"), &port, &says), 0);
  EXPECT_EQ(says, 2u);
  auto other = must(HookObject::open(TNA_HOOK_OBJECTS "/seen.o", pins));
  must(other.pin());
  auto third = must(HookObject::open(TNA_HOOK_OBJECTS "/filter.o", pins));
  EXPECT_NE(bpf_map_lookup_elem(third.map("ports"), &port, &says), 0) << "that hook was replaced";
  std::filesystem::remove_all(pins);
}

}  // namespace
}  // namespace tna::test
