// SPDX-License-Identifier: Apache-2.0
// What conntrack is told of connections, by the kernel itself.
#include "introspect/conntrack.h"

#include <arpa/inet.h>

#include <cerrno>

#include "unit/own_namespace.h"

namespace tna {
namespace {

class ConntrackTest : public OwnNamespace {
 protected:
  static TcpConnection connection(const char* from, const char* to, std::uint16_t port) {
    const bool v4 = std::string(from).find(':') == std::string::npos;
    TcpConnection made{.version = static_cast<std::uint8_t>(v4 ? 4 : 6)};
    inet_pton(v4 ? AF_INET : AF_INET6, from, made.source.data());
    inet_pton(v4 ? AF_INET : AF_INET6, to, made.destination.data());
    made.source_port = htons(port);
    made.destination_port = htons(80);
    return made;
  }
  static std::string entry(const char* from, const char* to, std::uint16_t port) {
    return std::string("conntrack -I -p tcp -s ") + from + " -d " + to + " --sport " +
           std::to_string(port) +
           " --dport 80 -t 100 --state ESTABLISHED -u SEEN_REPLY,ASSURED >/dev/null 2>&1";
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

TEST_F(ConntrackTest, OneThatIsNotThereIsNotMade) {
  auto conntrack = Conntrack::open();
  ASSERT_TRUE(conntrack) << conntrack.error().message;
  for (int again = 0; again < 2; ++again) {
    const Result<> done = conntrack->be_liberal(connection("192.0.2.1", "192.0.2.2", 1001));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ENOENT) << done.error().message;
  }
}

}  // namespace
}  // namespace tna
