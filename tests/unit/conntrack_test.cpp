// SPDX-License-Identifier: Apache-2.0
// What conntrack is told of connections, by the kernel itself.
#include "introspect/conntrack.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <vector>

#include "unit/own_namespace.h"

namespace tna {
namespace {

class ConntrackTest : public OwnNamespace {
 protected:
  static TcpConnection connection(const char* from, const char* to, std::uint16_t port,
                                  std::uint16_t zone = 0) {
    const bool v4 = std::string(from).find(':') == std::string::npos;
    TcpConnection made{.version = static_cast<std::uint8_t>(v4 ? 4 : 6)};
    inet_pton(v4 ? AF_INET : AF_INET6, from, made.source.data());
    inet_pton(v4 ? AF_INET : AF_INET6, to, made.destination.data());
    made.source_port = htons(port);
    made.destination_port = htons(80);
    made.zone = zone;
    return made;
  }
  static std::string entry(const char* from, const char* to, std::uint16_t port,
                           const std::string& more = "") {
    return std::string("conntrack -I -p tcp -s ") + from + " -d " + to + " --sport " +
           std::to_string(port) + " --dport 80 -t 100 --state ESTABLISHED -u SEEN_REPLY,ASSURED " +
           more + " >/dev/null 2>&1";
  }
};

TEST_F(ConntrackTest, ConnectionsOfBothFamiliesBecomeLiberal) {
  run(entry("192.0.2.1", "192.0.2.2", 1000) + " && " + entry("2001:db8::1", "2001:db8::2", 1000));
  auto conntrack = Conntrack::open();
  ASSERT_TRUE(conntrack) << conntrack.error().message;
  for (const TcpConnection& known : {connection("192.0.2.1", "192.0.2.2", 1000),
                                     connection("2001:db8::1", "2001:db8::2", 1000)}) {
    const Result<> done = conntrack->be_liberal(known);
    EXPECT_TRUE(done) << done.error().message;
  }
}

// Of entries whose first packets are the same, the one in the zone that these are looked for in.
TEST_F(ConntrackTest, ZonesAreKeptApart) {
  const auto liberal = [](std::uint16_t zone) {
    auto conntrack = Conntrack::open();
    EXPECT_TRUE(conntrack);
    const Result<> done = conntrack->be_liberal(connection("192.0.2.1", "192.0.2.2", 1000, zone));
    EXPECT_TRUE(done || done.error().code == ENOENT) << done.error().message;
    return done.has_value();
  };
  run(entry("192.0.2.1", "192.0.2.2", 1000, "--zone 7"));
  EXPECT_TRUE(liberal(7));
  EXPECT_FALSE(liberal(0));
  EXPECT_FALSE(liberal(8));
  run(entry("192.0.2.1", "192.0.2.2", 1000, "--orig-zone 8"));
  EXPECT_TRUE(liberal(8));
  EXPECT_FALSE(liberal(0));
  run("conntrack -F >/dev/null 2>&1; " + entry("192.0.2.1", "192.0.2.2", 1000, "--reply-zone 9"));
  EXPECT_TRUE(liberal(0));
  EXPECT_FALSE(liberal(9));
}

TEST_F(ConntrackTest, OneThatIsNotThereIsNotMade) {
  auto conntrack = Conntrack::open();
  ASSERT_TRUE(conntrack) << conntrack.error().message;
  for (int again = 0; again < 2; ++again) {
    const Result<> done = conntrack->be_liberal(connection("192.0.2.1", "192.0.2.2", 1001));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ENOENT) << done.error().message;
  }
}

TEST_F(ConntrackTest, ThoseThatAreCountedAreListedWithWhenTheyBegan) {
  const std::string at = "/proc/sys/net/netfilter/nf_conntrack_";
  run(entry("192.0.2.9", "192.0.2.2", 1000));  // nobody counts it
  run("echo 1 >" + at + "acct && " + entry("192.0.2.1", "192.0.2.2", 1000));
  run("echo 1 >" + at + "timestamp && " + entry("2001:db8::1", "2001:db8::2", 1000));
  auto conntrack = Conntrack::open();
  ASSERT_TRUE(conntrack) << conntrack.error().message;
  std::vector<CountedConnection> seen;
  const Result<> done = conntrack->each_counted([&](const auto& each) { seen.push_back(each); });
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_EQ(seen.size(), 2u);
  std::ranges::sort(seen, {}, &CountedConnection::version);
  for (const auto& [found, known] :
       {std::pair{seen[0], connection("192.0.2.1", "192.0.2.2", 1000)},
        std::pair{seen[1], connection("2001:db8::1", "2001:db8::2", 1000)}}) {
    EXPECT_EQ(found.version, known.version);
    EXPECT_EQ(found.protocol, IPPROTO_TCP);
    EXPECT_EQ(found.source, known.source);
    EXPECT_EQ(found.destination, known.destination);
    EXPECT_EQ(found.source_port, known.source_port);
    EXPECT_EQ(found.destination_port, known.destination_port);
  }
  EXPECT_EQ(seen[0].began, 0u);
  EXPECT_GT(seen[1].began, 1'600'000'000'000'000'000u);
}

// nfnetlink's header, then attributes: as the kernel sends them, and cut anywhere.
TEST(DecodeCountedConnection, CountsOfBothDirections) {
  std::vector<std::uint8_t> message = {0,  0, 0,       0,    0,  1, 0, 0, 0, 0, 0, 0, 0, 0,
                                       0,  0, AF_INET, 0,    0,  0,  // length is put below
                                       28, 0, 9,       0x80, 12, 0, 1, 0, 0, 0, 0, 0, 0, 0,
                                       0,  7, 12,      0,    2,  0, 0, 0, 0, 0, 0, 0, 2, 0,
                                       28, 0, 10,      0x80, 12, 0, 1, 0, 0, 0, 0, 0, 0, 0,
                                       0,  3, 12,      0,    2,  0, 0, 0, 0, 0, 0, 0, 1, 0};
  const auto decode = [&](std::size_t length) {
    message[0] = static_cast<std::uint8_t>(length);
    return decode_counted_connection(std::as_bytes(std::span(message)).first(length));
  };
  const auto whole = decode(message.size());
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->count[0], (CountedConnection::Count{7, 512}));
  EXPECT_EQ(whole->count[1], (CountedConnection::Count{3, 256}));
  EXPECT_FALSE(decode(20)) << "nobody counts it";
  for (std::size_t length = 0; length < message.size(); ++length) decode(length);
}

}  // namespace
}  // namespace tna
