// SPDX-License-Identifier: Apache-2.0
// What applications hand over instead of a good socket is refused in clear words.
#include "daemon/xsk_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "afxdp/queue.h"

namespace tna {
namespace {

std::string refusal(int socket, IfIndex ifindex, std::uint32_t queue) {
  auto bound = bind_xsk(socket, ifindex, queue, false);
  return bound ? "" : bound.error().message;
}

TEST(XskSocket, OtherDescriptorsAreRefused) {
  Fd udp(::socket(AF_INET, SOCK_DGRAM, 0));
  EXPECT_EQ(refusal(udp.get(), 1, 0), "the socket for queue 0: no AF_XDP socket");
  EXPECT_EQ(refusal(0, 1, 3), "the socket for queue 3: no AF_XDP socket");
  EXPECT_EQ(refusal(-1, 1, 0), "the socket for queue 0: no AF_XDP socket");
}

TEST(XskSocket, OneWithoutMemoryAWrongQueueOrInterface) {
  Fd bare(::socket(AF_XDP, SOCK_RAW, 0));
  if (!bare) GTEST_SKIP() << "AF_XDP: " << std::strerror(errno);
  EXPECT_NE(refusal(bare.get(), 1, 0), "");
  auto queue = XskQueue::open(16);
  ASSERT_TRUE(queue) << queue.error().message;
  EXPECT_EQ(refusal(queue->fd(), 1 << 30, 0), "the socket for queue 0: the interface is gone");
  EXPECT_NE(refusal(queue->fd(), 1, 4096).find("no such queue"), std::string::npos)
      << refusal(queue->fd(), 1, 4096);
}

TEST(XskSocket, FramesAreAPowerOfTwo) {
  for (std::uint32_t frames : {0, 1, 3, 1000}) EXPECT_FALSE(XskQueue::open(frames)) << frames;
}

}  // namespace
}  // namespace tna
