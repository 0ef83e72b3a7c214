// SPDX-License-Identifier: Apache-2.0
#include "echoes.h"

#include <linux/if_xdp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "afxdp/queue.h"
#include "clock.h"

namespace tna::bench {
namespace {

constexpr timeval kPatience{0, 50'000};  // until it looks whether it should end
constexpr int kPatienceMs = 50;
constexpr unsigned kMessages = 64;
constexpr int kRoom = 8 << 20;  // nothing is lost for want of it

void echo_one(int fd) {
  char data[2048];
  sockaddr_in from;
  socklen_t size = sizeof from;
  const ssize_t got =
      ::recvfrom(fd, data, sizeof data, 0, reinterpret_cast<sockaddr*>(&from), &size);
  if (got >= 0) ::sendto(fd, data, std::size_t(got), 0, reinterpret_cast<sockaddr*>(&from), size);
}

void echo_many(int fd) {
  static thread_local char data[kMessages][2048];
  sockaddr_in from[kMessages];
  iovec parts[kMessages];
  mmsghdr messages[kMessages] = {};
  for (unsigned i = 0; i < kMessages; ++i) {
    parts[i] = {data[i], sizeof data[i]};
    messages[i].msg_hdr = {
        .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &parts[i], .msg_iovlen = 1};
  }
  const int got = ::recvmmsg(fd, messages, kMessages, MSG_WAITFORONE, nullptr);
  for (int i = 0; i < got; ++i) parts[i].iov_len = messages[i].msg_len;
  if (got > 0) ::sendmmsg(fd, messages, unsigned(got), 0);
}

// Ethernet, IPv4, UDP.
void turn_round(std::byte* frame) {
  std::swap_ranges(frame, frame + 6, frame + 6);
  std::swap_ranges(frame + 26, frame + 30, frame + 30);
  std::swap_ranges(frame + 34, frame + 36, frame + 36);
}

void echo_frames(XskQueue& queue) {
  std::uint32_t waiting = std::min(queue.waiting(), kMessages);
  if (!waiting) {
    pollfd socket{queue.fd(), POLLIN, 0};
    ::poll(&socket, 1, kPatienceMs);
    waiting = std::min(queue.waiting(), kMessages);
  }
  for (; waiting; --waiting) {
    const xdp_desc frame = queue.next();
    turn_round(queue.bytes(frame, frame.len).data());
    queue.send(frame);
  }
  queue.flush();
}

}  // namespace

Result<SocketEcho> SocketEcho::start(const Bed& bed, Calls calls, int cpu) {
  SocketEcho echo;
  {
    Inside inside = TRY(Inside::enter(bed.dut()));
    echo.socket_ = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  }
  const int fd = echo.socket_.get();
  const sockaddr_in own{.sin_family = AF_INET, .sin_port = htons(BENCH_UDP_PORT)};
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) ||
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience) ||
      ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kRoom, sizeof kRoom) ||
      ::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &kRoom, sizeof kRoom))
    return errno_error("open the echo's socket");
  echo.thread_ = std::jthread([fd, calls, cpu](const std::stop_token& stop) {
    pin_to(cpu);
    while (!stop.stop_requested()) calls == Calls::many ? echo_many(fd) : echo_one(fd);
  });
  return echo;
}

struct XskEcho::State {
  Link link;
  XskQueue queue;
  std::jthread thread;
};

XskEcho::XskEcho(std::unique_ptr<State> state) : state_(std::move(state)) {}
XskEcho::XskEcho(XskEcho&&) noexcept = default;
XskEcho::~XskEcho() = default;

Result<XskEcho> XskEcho::start(const Bed& bed, const Flow& flow, int cpu) {
  const sockaddr_xdp queue{.sxdp_family = AF_XDP,
                           .sxdp_flags = XDP_USE_NEED_WAKEUP,
                           .sxdp_ifindex = TRY(index_of(bed.dut(), Bed::port_in(0))),
                           .sxdp_queue_id = 0,
                           .sxdp_shared_umem_fd = 0};
  std::unique_ptr<State> state(new State{});
  {
    Inside inside = TRY(Inside::enter(bed.dut()));
    state->queue = TRY(XskQueue::open(4096));
  }
  state->link = TRY(flow.attach("to_socket", bed.dut(), Bed::port_in(0)));
  // The last socket there goes some time after it was closed.
  const double patience = now() + 5;
  while (::bind(state->queue.fd(), reinterpret_cast<const sockaddr*>(&queue), sizeof queue)) {
    if (errno != EBUSY || now() > patience) return errno_error("bind the echo's AF_XDP socket");
    pause_for(0.01);
  }
  TRY(flow.hand_to(state->queue.fd()));
  state->thread = std::jthread([state = state.get(), cpu](const std::stop_token& stop) {
    pin_to(cpu);
    while (!stop.stop_requested()) echo_frames(state->queue);
  });
  return XskEcho(std::move(state));
}

}  // namespace tna::bench
