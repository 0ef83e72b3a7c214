// SPDX-License-Identifier: Apache-2.0
// An application that asks for UDP which comes in by p1, whose socket stands at its queue.
#include <arpa/inet.h>

#include <cerrno>
#include <thread>

#include "afxdp/queue.h"
#include "daemon/xsk_socket.h"
#include "fpm/must.h"
#include "fpm/packet_socket.h"
#include "fpm/routing.h"

namespace tna::test {
namespace {

constexpr std::uint32_t kNumber = 3, kFrames = 16;  // half of which wait for packets

class Xsk : public Routing {
 protected:
  void SetUp() override {
    Routing::SetUp();
    if (IsSkipped()) return;
    if (!at_xdp()) {
      for (tna_reason reason : {TNA_R_APP_RULES, TNA_R_APP_GONE, TNA_R_APP_FULL})
        hook_lacks(Hook::tc, reason, "tc can't hand packets to AF_XDP");
      GTEST_SKIP() << "XDP only";
    }
    configure("ip addr add 2001:db8:1::1/64 dev p1 nodad");
    load({.apps = 1});
    ask({.protocol = 17});
    open_socket();
  }
  ~Xsk() override { apps().clear(kNumber); }

  AppMaps& apps() { return Shared::get().apps(); }
  void ask(tna_app app) {
    app.ifindex = world.ifindex("p1");
    if (!app.sport_high) app.sport_high = 0xffff;
    if (!app.dport_high) app.dport_high = 0xffff;
    must(apps().set(kNumber, app));
  }
  void open_socket() {
    run(to_host());  // has the program attached
    socket_.emplace(must(XskQueue::open(kFrames)));
    // The kernel lets go of a socket's queue a moment after the socket is closed.
    auto bound = bind_xsk(socket_->fd(), world.ifindex("p1"), 0, true);
    for (int i = 0; i < 100 && !bound && bound.error().code == EBUSY; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      bound = bind_xsk(socket_->fd(), world.ifindex("p1"), 0, true);
    }
    must(std::move(bound));
    must(apps().put_socket(kNumber, 0, socket_->fd()));
  }
  Bytes to_host(std::size_t size = 40) {
    return with(ipv4({}, size).bytes(), {{16, 10}, {17, 0}, {18, 1}, {19, 1}});
  }
  Bytes to_host6() {
    Bytes frame = ipv6().bytes();
    const std::uint8_t address[16] = {0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    std::ranges::copy(address, frame.begin() + 14 + 24);
    return frame;
  }
  std::optional<XskQueue> socket_;
};
INSTANTIATE_TEST_SUITE_P(, Xsk, testing::ValuesIn(tested_hooks()), hook_name);

TEST_P(Xsk, TakesWhatItAsksForAsItCame) {
  EXPECT_EQ(run(to_host()), goes_on());
  EXPECT_EQ(path().left(), to_host());
  EXPECT_EQ(run(to_host6()), goes_on());
  EXPECT_EQ(must(apps().counters(kNumber)).taken, 2u);
}

TEST_P(Xsk, LeavesTheRest) {
  EXPECT_EQ(run(ipv4()), punt(TNA_R_NO_ROUTE)) << "not for this host, which routes nothing here";
  EXPECT_EQ(run(to_host(), "p2"), punt(TNA_R_OTHER_HOST));
  ask({.protocol = 6});
  EXPECT_EQ(run(to_host()), punt(TNA_R_NO_ROUTE));
  ask({.any_protocol = 1});
  EXPECT_EQ(run(to_host()), goes_on());
  ask({.version = 6, .any_protocol = 1});
  EXPECT_EQ(run(to_host()), punt(TNA_R_NO_ROUTE));
  EXPECT_EQ(run(to_host6()), goes_on());
  apps().clear(kNumber);
  EXPECT_EQ(run(to_host6()), punt(TNA_R_NO_ROUTE));
}

TEST_P(Xsk, PortsAndAddresses) {
  ask({.protocol = 17, .dport_low = 4243, .dport_high = 4243});
  EXPECT_EQ(run(to_host()), goes_on());
  ask({.protocol = 17, .sport_low = 4243});
  EXPECT_EQ(run(to_host()), punt(TNA_R_NO_ROUTE));
  ask({.protocol = 17, .sport_high = 4241});
  EXPECT_EQ(run(to_host()), punt(TNA_R_NO_ROUTE));
  ask({.protocol = 17, .daddr = {htonl(0x0a000100)}, .daddr_mask = {htonl(0xffffff00)}});
  EXPECT_EQ(run(to_host()), goes_on());
  ask({.protocol = 17, .daddr = {htonl(0x0a000102)}, .daddr_mask = {0xffffffff}});
  EXPECT_EQ(run(to_host()), punt(TNA_R_NO_ROUTE));
  ask({.protocol = 17, .saddr_mask = {0, 0, 0, 0xffffffff}});
  EXPECT_EQ(run(to_host6()), punt(TNA_R_NO_ROUTE)) << "the last word counts";
  ask({.protocol = 17, .vlan = 5});
  EXPECT_EQ(run(to_host()), punt(TNA_R_NO_ROUTE)) << "no tag";
}

TEST_P(Xsk, AddressesOfTheHost) {
  // Without any address the interface would lose its routes.
  configure("ip addr add 10.0.3.1/24 dev p1; ip addr del 10.0.1.1/24 dev p1");
  EXPECT_EQ(run(to_host()), punt(TNA_R_NO_ROUTE));
  configure("ip addr add 10.0.1.1/32 dev lo");
  EXPECT_EQ(run(to_host()), goes_on()) << "an address of the host itself";
  configure("ip addr del 10.0.1.1/32 dev lo; ip addr add 10.0.1.1/24 dev p1");
  EXPECT_EQ(run(to_host()), goes_on());
}

TEST_P(Xsk, RulesOnWhatIsForTheHost) {
  configure("nft 'table ip t { chain c { type filter hook input priority 0\n }\n }'");
  EXPECT_EQ(run(to_host()), punt(TNA_R_STALE)) << "from the next packet on";
  EXPECT_EQ(run(to_host6()), goes_on());
  load({.apps = 1});
  EXPECT_EQ(run(to_host()), punt(TNA_R_APP_RULES));
  configure("nft delete table ip t");
  load({.apps = 1});
  EXPECT_EQ(run(to_host()), goes_on());
  configure("nft 'table ip t { chain c { type filter hook forward priority 0\n }\n }'");
  EXPECT_EQ(run(to_host()), goes_on()) << "it does not come there";
  configure("nft delete table ip t");
}

TEST_P(Xsk, ForgedSources) {
  configure("echo 1 >/proc/sys/net/ipv4/conf/p1/rp_filter");
  EXPECT_EQ(run(to_host()), goes_on()) << "the way to 192.0.2.1 is by p1";
  configure("ip route replace 192.0.2.1 dev p2");
  EXPECT_EQ(run(to_host()), punt(TNA_R_SOURCE_ADDRESS));
  configure("echo 2 >/proc/sys/net/ipv4/conf/p1/rp_filter");
  EXPECT_EQ(run(to_host()), goes_on()) << "any way will do";
  configure("echo 0 >/proc/sys/net/ipv4/conf/p1/rp_filter; ip route del 192.0.2.1");
  EXPECT_EQ(run(to_host()), punt(TNA_R_SOURCE_ADDRESS)) << "there is none: Linux looks closer";
  configure("ip addr add 192.0.2.1/32 dev p3");
  EXPECT_EQ(run(to_host()), punt(TNA_R_SOURCE_ADDRESS)) << "the host's own";
}

TEST_P(Xsk, ForgedSourcesOfAHostThatDoesNotForward) {
  configure("echo 0 >/proc/sys/net/ipv4/ip_forward");
  EXPECT_EQ(run(to_host()), punt(TNA_R_SOURCE_ADDRESS)) << "the FIB can't be asked";
  EXPECT_EQ(run(to_host6()), goes_on());
  configure("ip addr add 192.0.2.77/24 dev p1");
  EXPECT_EQ(run(to_host()), goes_on()) << "a neighbour";
  configure("ip addr add 192.0.2.1/24 dev p1");
  EXPECT_EQ(run(to_host()), punt(TNA_R_SOURCE_ADDRESS)) << "the host's own";
  configure("echo 1 >/proc/sys/net/ipv4/ip_forward");
}

TEST_P(Xsk, NoSocketForTheQueue) {
  socket_.reset();
  EXPECT_EQ(run(to_host()), punt(TNA_R_APP_GONE));
  EXPECT_EQ(must(apps().counters(kNumber)).left, 2u) << "the first was when the test began";
  open_socket();
  EXPECT_EQ(run(to_host()), goes_on());
}

// Frames that are really sent fill its rings.
TEST_P(Xsk, NoRoom) {
  PacketSocket sender = world.wire("s1");
  for (std::uint32_t i = 0; i < kFrames / 2; ++i)
    EXPECT_EQ(on_the_wire("p1", [&] { sender.send(to_host()); }), goes_on()) << i;
  EXPECT_EQ(run(to_host()), punt(TNA_R_APP_FULL));
  ask({.protocol = 17, .full_drops = 1});
  EXPECT_EQ(run(to_host()), drop());
  EXPECT_EQ(must(apps().counters(kNumber)).full, 1u);
  for (std::uint32_t left = socket_->waiting(); left; --left) socket_->release(socket_->next());
  socket_->flush();
  EXPECT_EQ(run(to_host()), goes_on());
}

TEST_P(Xsk, TransitBehindTheRules) {
  load({.route4 = 1, .apps = 1});
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(path().left(), ipv4().bytes()) << "the application has it, as it came";
  apps().clear(kNumber);
  EXPECT_EQ(run(ipv4()), goes_on());
  EXPECT_EQ(path().left()[14 + 8], 63) << "forwarded";
}

}  // namespace
}  // namespace tna::test
