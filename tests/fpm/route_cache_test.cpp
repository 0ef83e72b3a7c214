// SPDX-License-Identifier: Apache-2.0
// bpf/lib/route_cache.h, route6_cache.h: what is kept of the FIB's answers, and that no change is
// missed for it.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>

#include "fpm/routing.h"

namespace tna::test {
namespace {

class RouteCache : public Routing {
 protected:
  // Each CPU has routes of its own.
  RouteCache() {
    sched_getaffinity(0, sizeof allowed_, &allowed_);
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    sched_setaffinity(0, sizeof here, &here);
  }
  ~RouteCache() override { sched_setaffinity(0, sizeof allowed_, &allowed_); }
  // The packet's route is asked for, asked for again, and then known.
  void use(const Packet& packet) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run(packet), goes_on());
  }
  // IPv4 and IPv6 routes that this program's maps have from this namespace.
  int known() {
    return kept<tna_route>("tna_routes",
                           [](const tna_route& route) { return route.state == TNA_ROUTE_KNOWN; });
  }
  int known6() {
    return kept<tna_route6>("tna_routes6", [](const tna_route6&) { return true; });
  }
  Mac left_for() {
    Mac mac;
    std::copy_n(path().left().begin(), mac.bytes.size(), mac.bytes.begin());
    return mac;
  }

 private:
  template <typename Route>
  int kept(const std::string& map, bool (*is)(const Route&));

  cpu_set_t allowed_;
};
INSTANTIATE_TEST_SUITE_P(, RouteCache, testing::ValuesIn(tested_hooks()), hook_name);

void ensure(bool good, const char* what) {
  if (!good) throw std::runtime_error(what);
}

Fd map_of(int program, const std::string& name) {
  __u32 ids[32], size = sizeof(bpf_prog_info);
  bpf_prog_info info{.nr_map_ids = std::size(ids)};
  info.map_ids = reinterpret_cast<__u64>(ids);
  ensure(bpf_obj_get_info_by_fd(program, &info, &size) == 0, "ask for the program's maps");
  for (__u32 i = 0; i < info.nr_map_ids; ++i) {
    Fd map{bpf_map_get_fd_by_id(ids[i])};
    bpf_map_info about{};
    size = sizeof about;
    ensure(bpf_obj_get_info_by_fd(map.get(), &about, &size) == 0, "ask for a map");
    if (about.name == name) return map;
  }
  return {};
}

template <typename Route>
int RouteCache::kept(const std::string& name, bool (*is)(const Route&)) {
  Fd map = map_of(path().program().fd.get(), name);
  ensure(bool(map), "find the map of routes");
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  Fd socket{::socket(AF_INET, SOCK_DGRAM, 0)};
  ensure(getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0,
         "ask for the namespace's cookie");
  const __u32 all_kept = TNA_ROUTES_KEPT * libbpf_num_possible_cpus();
  __u32 next = 0, read = all_kept;
  std::vector<__u32> keys(read);
  std::vector<Route> routes(read);
  bool all = bpf_map_lookup_batch(map.get(), nullptr, &next, keys.data(), routes.data(), &read,
                                  nullptr) == 0;
  ensure((all || errno == ENOENT) && read == all_kept, "read the routes");
  const IfIndex in = world.ifindex("p1");
  return std::ranges::count_if(routes, [&](const Route& route) {
    return is(route) && route.in == in && route.net == cookie;
  });
}

struct Change {
  const char *apply, *undo;
  tna_reason reason;
};
const Change kChanges[] = {
    {"ip route del 192.0.2.2", "ip route add 192.0.2.2 dev p2", TNA_R_NO_ROUTE},
    {"ip route replace blackhole 192.0.2.2", "ip route replace 192.0.2.2 dev p2", TNA_R_NO_ROUTE},
    {"ip addr add 192.0.2.2/32 dev p3", "ip addr del 192.0.2.2/32 dev p3", TNA_R_NO_ROUTE},
    {"ip rule add iif p1 prohibit", "ip rule del iif p1 prohibit", TNA_R_NO_ROUTE},
    {"ip addr add 192.0.2.1/32 dev p3", "ip addr del 192.0.2.1/32 dev p3", TNA_R_SOURCE_ADDRESS},
    {"ip route del 192.0.2.1", "ip route add 192.0.2.1 dev p1", TNA_R_SOURCE_ADDRESS},
    {"ip route replace 192.0.2.1 dev p3; echo 1 >/proc/sys/net/ipv4/conf/p1/rp_filter",
     "ip route replace 192.0.2.1 dev p1; echo 0 >/proc/sys/net/ipv4/conf/p1/rp_filter",
     TNA_R_SOURCE_ADDRESS},
    {"echo 0 >/proc/sys/net/ipv4/ip_forward", "echo 1 >/proc/sys/net/ipv4/ip_forward",
     TNA_R_FORWARDING},
    {"echo 0 >/proc/sys/net/ipv4/conf/p1/forwarding",
     "echo 1 >/proc/sys/net/ipv4/conf/p1/forwarding", TNA_R_FORWARDING},
    {"ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:0b dev p2 nud stale",
     "ip neigh replace 192.0.2.2 lladdr 02:00:00:00:00:0b dev p2 nud permanent", TNA_R_NEIGHBOUR},
    {"ip neigh del 192.0.2.2 dev p2", "ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:0b dev p2",
     TNA_R_NEIGHBOUR},
    {"ip route replace 192.0.2.2 dev p1; ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:0b dev p1",
     "ip route replace 192.0.2.2 dev p2", TNA_R_SAME_DEVICE},
    {"ip link set p2 down", "ip link set p2 up", TNA_R_NO_ROUTE},
};

TEST_P(RouteCache, ChangesHoldForTheNextPacket) {
  for (const Change& change : kChanges) {
    use(ipv4());
    EXPECT_EQ(known(), 1) << change.apply;
    configure(change.apply);
    EXPECT_EQ(run(ipv4()), punt(change.reason)) << change.apply;
    configure(change.undo);
  }
}

const Change kChanges6[] = {
    {"ip route del 2001:db8::2", "ip route add 2001:db8::2 dev p2", TNA_R_NO_ROUTE},
    {"ip route replace blackhole 2001:db8::2",
     "ip route del blackhole 2001:db8::2; ip route replace 2001:db8::2 dev p2", TNA_R_NO_ROUTE},
    {"ip route add unreachable 2001:db8::2 metric 1",
     "ip route del unreachable 2001:db8::2 metric 1", TNA_R_NO_ROUTE},
    // The kernel adds an address's route by itself, a moment later (addrconf_dad_work).
    {"ip addr add 2001:db8::2/128 dev p3 nodad; "
     "until ip -6 route show table local | grep -q 2001:db8::2; do sleep 0.01; done",
     "ip addr del 2001:db8::2/128 dev p3", TNA_R_NO_ROUTE},
    {"ip -6 rule add iif p1 prohibit", "ip -6 rule del iif p1 prohibit", TNA_R_NO_ROUTE},
    {"echo 0 >/proc/sys/net/ipv6/conf/all/forwarding",
     "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding", TNA_R_FORWARDING},
    {"echo 0 >/proc/sys/net/ipv6/conf/p1/forwarding",
     "echo 1 >/proc/sys/net/ipv6/conf/p1/forwarding", TNA_R_FORWARDING},
    {"ip neigh replace 2001:db8::2 lladdr 02:00:00:00:00:0b dev p2 nud stale",
     "ip neigh replace 2001:db8::2 lladdr 02:00:00:00:00:0b dev p2 nud permanent", TNA_R_NEIGHBOUR},
    {"ip neigh del 2001:db8::2 dev p2", "ip neigh add 2001:db8::2 lladdr 02:00:00:00:00:0b dev p2",
     TNA_R_NEIGHBOUR},
    {"ip route replace 2001:db8::2 dev p1", "ip route replace 2001:db8::2 dev p2",
     TNA_R_SAME_DEVICE},
    {"ip link set p2 down",
     "ip link set p2 up; ip route replace 2001:db8::2 dev p2; "
     "ip neigh replace 2001:db8::2 lladdr 02:00:00:00:00:0b dev p2",
     TNA_R_NO_ROUTE},
};

TEST_P(RouteCache, ChangesHoldForTheNextPacketOfIPv6) {
  for (const Change& change : kChanges6) {
    use(ipv6());
    EXPECT_EQ(known6(), 1) << change.apply;
    configure(change.apply);
    EXPECT_EQ(run(ipv6()), punt(change.reason)) << change.apply;
    configure(change.undo);
  }
}

TEST_P(RouteCache, AnotherWay) {
  use(ipv4());
  configure("ip neigh replace 192.0.2.2 lladdr " + std::string(kC) + " dev p2 nud permanent");
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(left_for(), c) << "the neighbour has another MAC";
  configure("ip neigh add 10.0.2.9 lladdr 02:00:00:00:00:99 dev p2");
  configure("ip route replace 192.0.2.2 via 10.0.2.9");
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(left_for(), mac("02:00:00:00:00:99")) << "the route has another next hop";
}

TEST_P(RouteCache, AnotherWayOfIPv6) {
  use(ipv6());
  configure("ip neigh replace 2001:db8::2 lladdr " + std::string(kC) + " dev p2 nud permanent");
  EXPECT_EQ(run(ipv6()), goes_on());
  EXPECT_EQ(left_for(), c) << "the neighbour has another MAC";
  configure(R"(
      ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:99 dev p2
      ip route add 2001:db8::9 dev p2
      ip route replace 2001:db8::2 via 2001:db8::9)");
  EXPECT_EQ(run(ipv6()), goes_on());
  EXPECT_EQ(left_for(), mac("02:00:00:00:00:99")) << "the route has another next hop";
}

TEST_P(RouteCache, Mtu) {
  use(ipv4({}, 1000));
  EXPECT_EQ(known(), 1);
  configure("ip link set p2 mtu 1027");
  EXPECT_EQ(run(ipv4({}, 1000)), punt(TNA_R_ROUTE_MTU)) << "28 bytes of headers";
  use(ipv4({}, 999));
  EXPECT_EQ(run(ipv4({}, 1000)), punt(TNA_R_ROUTE_MTU)) << "of the same flow";
}

TEST_P(RouteCache, MtuOfIPv6) {
  use(ipv6({}, 1300));
  EXPECT_EQ(known6(), 1);
  configure("echo 1347 >/proc/sys/net/ipv6/conf/p2/mtu");
  EXPECT_EQ(run(ipv6({}, 1300)), punt(TNA_R_ROUTE_MTU)) << "48 bytes of headers";
  EXPECT_EQ(run(ipv6({}, 1299)), goes_on());
}

TEST_P(RouteCache, FlowsApart) {
  configure("ip route add 192.0.2.2 tos 0x10 dev p3; ip neigh add 192.0.2.2 lladdr " +
            std::string(kC) + " dev p3");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run(ipv4()), goes_on());
    EXPECT_EQ(left_for(), b);
    EXPECT_EQ(run(with(1, 0x10)), goes_on());
    EXPECT_EQ(left_for(), c) << "TOS";
  }
}

TEST_P(RouteCache, FlowsOfIPv6Apart) {
  if (!world.can_configure("ip route add 2001:db8::2 from 2001:db8::7 dev p3"))
    GTEST_SKIP() << "no routes by source";
  configure("ip route add 2001:db8::2 from 2001:db8::1 dev p2; ip neigh add 2001:db8::2 lladdr " +
            std::string(kC) + " dev p3");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run(ipv6()), goes_on());
    EXPECT_EQ(left_for(), b);
    EXPECT_EQ(run(with6(23, 7)), goes_on());
    EXPECT_EQ(left_for(), c) << "source";
  }
}

// Answers that depend on more than the flow are asked for each time.
TEST_P(RouteCache, WhatIsNotKept) {
  configure("ip rule add ipproto udp dport 7 lookup 9");
  use(ipv4());
  EXPECT_EQ(known(), 0) << "rules";
  configure("ip -6 rule add ipproto udp dport 7 lookup 9");
  use(ipv6());
  EXPECT_EQ(known6(), 0) << "rules";
}

// A group's member becomes another nexthop.
TEST_P(RouteCache, NexthopObjects) {
  if (!world.can_configure("ip nexthop add id 7 via 10.0.2.9 dev p2"))
    GTEST_SKIP() << "no nexthops";
  configure("for i in 8 9; do ip neigh add 10.0.2.$i lladdr 02:00:00:00:00:0$i dev p2; done");
  configure("ip nexthop add id 9 group 7; ip route replace 192.0.2.2 nhid 9");
  use(ipv4());
  EXPECT_EQ(known(), 1);
  EXPECT_EQ(left_for(), mac("02:00:00:00:00:09"));
  configure("ip nexthop replace id 7 via 10.0.2.8 dev p2");
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(left_for(), mac("02:00:00:00:00:08"));
}

TEST_P(RouteCache, NexthopObjectsOfIPv6) {
  if (!world.can_configure("ip nexthop add id 7 via fe80::9 dev p2")) GTEST_SKIP() << "no nexthops";
  configure("for i in 8 9; do ip neigh add fe80::$i lladdr 02:00:00:00:00:0$i dev p2; done");
  configure("ip nexthop add id 9 group 7; ip route replace 2001:db8::2 nhid 9");
  use(ipv6());
  EXPECT_EQ(known6(), 1);
  EXPECT_EQ(left_for(), mac("02:00:00:00:00:09"));
  configure("ip nexthop replace id 7 via fe80::8 dev p2");
  EXPECT_EQ(run(ipv6()), goes_on());
  EXPECT_EQ(left_for(), mac("02:00:00:00:00:08"));
}

TEST_P(RouteCache, NeighboursThatChooseThePath) {
  sysctl("ipv4/fib_multipath_use_neigh", 1);
  use(ipv4());
  EXPECT_EQ(known(), 0);
  sysctl("ipv4/fib_multipath_use_neigh", 0);
  use(ipv4());
  EXPECT_EQ(known(), 1);
}

}  // namespace
}  // namespace tna::test
