// SPDX-License-Identifier: Apache-2.0
#include "afxdp/app.h"

#include <errno.h>
#include <poll.h>

#include <algorithm>
#include <array>

#include "afxdp/queue.h"
#include "afxdp/registration.h"
#include "afxdp/routed_sender.h"

namespace tna {
namespace {

constexpr std::uint32_t kBatch = 64;  // of packets, before what is to be sent is sent
constexpr std::uint64_t kQueuesMost = 64;
constexpr unsigned kLookEvery = 1024;  // calls, between looks whether all is still there

}  // namespace

struct App::State {
  Registration registration;
  RoutedSender router;
  std::vector<XskQueue> queues;
  std::vector<bool> zero_copy;
  std::vector<std::string> to_linux;
  std::vector<pollfd> polled;  // the queues' sockets, tnad's connection
  unsigned calls = 0;

  std::size_t hand_out(std::uint32_t number, const std::function<AppVerdict(AppPacket&)>& to) {
    XskQueue& queue = queues[number];
    const std::uint32_t count = std::min(queue.waiting(), kBatch);
    if (!count) return 0;
    router.begin();
    for (std::uint32_t i = 0; i < count; ++i) {
      xdp_desc at = queue.next();
      AppPacket packet{queue.bytes(at, at.len).data(), at.len, XskQueue::room(at), number};
      const AppVerdict verdict = to(packet);
      at.len = packet.length;
      if (verdict == AppVerdict::route) at.len = router.route({packet.data, packet.length});
      if (verdict == AppVerdict::done || !at.len)
        queue.release(at);
      else
        queue.send(at);
    }
    queue.flush();
    return count;
  }

  std::size_t hand_out_all(const std::function<AppVerdict(AppPacket&)>& to) {
    std::size_t count = 0;
    for (std::uint32_t number = 0; number < queues.size(); ++number) count += hand_out(number, to);
    return count;
  }

  Result<> look() const {
    if (registration.ended()) return error("tnad has ended: packets go to Linux");
    for (const XskQueue& queue : queues)
      if (queue.broken()) return error("the interface is gone: there are no packets");
    return {};
  }

  // For packets. An interface that is gone shows by their staying away: poll() does not tell
  // (net/xdp/xsk.c:xsk_poll).
  Result<> wait(std::chrono::milliseconds time) {
    const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(time.count()));
    if (ready < 0 && errno != EINTR) return errno_error("wait for packets");
    return ready <= 0 || polled.back().revents ? look() : Result<>();
  }
};

App::App(std::unique_ptr<State> state) : state_(std::move(state)) {}
App::App(App&&) noexcept = default;
App& App::operator=(App&&) noexcept = default;
App::~App() = default;

Result<App> App::open(const AppOptions& options) {
  Registration registration = TRY(Registration::connect(options.control));
  const Json about = TRY(registration.ask("app-ask", {{"match", options.match}}));
  RoutedSender router = TRY(RoutedSender::open(static_cast<int>(count(about, "ifindex"))));
  auto state = std::make_unique<State>(std::move(registration), std::move(router));
  const std::uint64_t queues = std::min(count(about, "queues"), kQueuesMost);
  std::vector<int> sockets;
  for (std::uint64_t i = 0; i < queues; ++i) {
    state->queues.push_back(TRY(XskQueue::open(options.frames)));
    sockets.push_back(state->queues.back().fd());
    state->polled.push_back({sockets.back(), POLLIN, 0});
  }
  state->polled.push_back({state->registration.fd(), POLLIN, 0});
  const Json added = TRY(state->registration.ask(
      "app-add",
      {{"match", options.match},
       {"full", options.drop_when_full ? "drop" : "linux"},
       {"copy", options.copy},
       {"name", options.name.empty() ? program_invocation_short_name : options.name}},
      sockets));
  for (const Json& mode : items(added, "queues")) state->zero_copy.push_back(mode == "zero-copy");
  for (const Json& why : items(added, "to_linux"))
    if (why.is_string()) state->to_linux.push_back(why.get<std::string>());
  return App(std::move(state));
}

const std::vector<bool>& App::zero_copy() const {
  return state_->zero_copy;
}

const std::vector<std::string>& App::to_linux() const {
  return state_->to_linux;
}

Result<std::size_t> App::serve(std::chrono::milliseconds wait,
                               const std::function<AppVerdict(AppPacket&)>& to) {
  const std::size_t came = state_->hand_out_all(to);
  const bool waits = !came && wait.count() > 0;
  if (waits)
    TRY(state_->wait(wait));
  else if (!came || ++state_->calls % kLookEvery == 0)
    TRY(state_->look());
  return waits ? state_->hand_out_all(to) : came;
}

bool App::send(std::uint32_t queue, std::span<const std::byte> frame) {
  if (queue >= state_->queues.size() || !state_->queues[queue].send(frame)) return false;
  state_->queues[queue].flush();
  return true;
}

bool App::route(std::uint32_t queue, std::span<const std::byte> ip) {
  std::array<std::byte, XskQueue::kFrameBytes> frame;
  if (ip.size() > frame.size() - RoutedSender::kEthernet) return false;
  std::ranges::copy(ip, frame.begin() + RoutedSender::kEthernet);
  state_->router.begin();
  const std::uint32_t length =
      state_->router.route({frame.data(), RoutedSender::kEthernet + ip.size()});
  return !length || send(queue, {frame.data(), length});
}

std::uint64_t App::unsent() const {
  return state_->router.unsent();
}

}  // namespace tna
