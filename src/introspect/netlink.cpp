// SPDX-License-Identifier: Apache-2.0
// netlink.cpp: libmnl does the building and binding; reading is done here, since a handler must
// never see half a dump, and since a datagram that does not come from the kernel is nobody's word.
#include "introspect/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <sys/socket.h>

#include <cerrno>

namespace tna {
namespace {

// The kernel makes messages of a dump at most 32 KiB big.
constexpr std::size_t kDatagram = 64 * 1024;
constexpr int kReceiveBuffer = 8 * 1024 * 1024;
// A dump is done again when something changed meanwhile. The one of 200 links takes a millisecond.
constexpr int kDumpAttempts = 32;
// The kernel answers before sendmsg() returns; this only bounds what can't happen.
constexpr timeval kAnswerTimeout{.tv_sec = 5, .tv_usec = 0};

// What the kernel says of an error in words: NLMSGERR_ATTR_MSG.
std::string explanation(Bytes attributes) {
  for (auto [type, payload] : Attributes(attributes))
    if (type == NLMSGERR_ATTR_MSG) return " (" + text(payload) + ")";
  return {};
}

std::unexpected<Error> kernel_error(const std::string& action, int code, Bytes attributes) {
  return error(action + ": " + std::strerror(code) + explanation(attributes), code);
}

}  // namespace

Request::Request(std::uint16_t type) {
  mnl_nlmsg_put_header(buffer_.data())->nlmsg_type = type;
}

void* Request::append(std::size_t size) {
  return mnl_nlmsg_put_extra_header(reinterpret_cast<nlmsghdr*>(buffer_.data()), size);
}

void Request::put(std::uint16_t type, std::uint32_t value) {
  mnl_attr_put_u32(reinterpret_cast<nlmsghdr*>(buffer_.data()), type, value);
}

void Request::put(std::uint16_t type, const std::string& text) {
  mnl_attr_put_strz(reinterpret_cast<nlmsghdr*>(buffer_.data()), type, text.c_str());
}

void Request::put(std::uint16_t type, const void* value, std::size_t size) {
  mnl_attr_put(reinterpret_cast<nlmsghdr*>(buffer_.data()), type, size, value);
}

Request::Nest Request::nest(std::uint16_t type) {
  auto* header = reinterpret_cast<nlmsghdr*>(buffer_.data());
  const Nest begin = header->nlmsg_len;
  mnl_attr_nest_start(header, type);
  return begin;
}

void Request::end(Nest begin) {
  mnl_attr_nest_end(reinterpret_cast<nlmsghdr*>(buffer_.data()),
                    reinterpret_cast<nlattr*>(buffer_.data() + begin));
}

void Netlink::Close::operator()(mnl_socket* socket) const {
  mnl_socket_close(socket);
}

Netlink::Netlink(Socket socket) : socket_(std::move(socket)), buffer_(kDatagram) {}

Result<Netlink> Netlink::open(int protocol) {
  const std::string action = "open netlink socket of protocol " + std::to_string(protocol);
  Netlink netlink{Socket(mnl_socket_open2(protocol, SOCK_CLOEXEC))};
  mnl_socket* socket = netlink.socket_.get();
  if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) return errno_error(action);
  // An old kernel without one of these is less exact or says less: no reason to give up.
  for (int option : {NETLINK_GET_STRICT_CHK, NETLINK_EXT_ACK, NETLINK_CAP_ACK}) {
    int on = 1;
    mnl_socket_setsockopt(socket, option, &on, sizeof on);
  }
  if (setsockopt(netlink.fd(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerTimeout, sizeof kAnswerTimeout) < 0)
    return errno_error(action);
  TRY(netlink.set_receive_buffer(kReceiveBuffer));
  return netlink;
}

Result<> Netlink::join(unsigned group) {
  if (mnl_socket_setsockopt(socket_.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
    return errno_error("join netlink group " + std::to_string(group));
  return {};
}

Result<> Netlink::filter(std::span<const sock_filter> program) {
  sock_fprog attach{.len = static_cast<unsigned short>(program.size()),
                    .filter = const_cast<sock_filter*>(program.data())};
  if (setsockopt(fd(), SOL_SOCKET, SO_ATTACH_FILTER, &attach, sizeof attach) < 0)
    return errno_error("attach filter to netlink socket");
  return {};
}

Result<> Netlink::set_receive_buffer(int bytes) {
  // Without CAP_NET_ADMIN, as much as net.core.rmem_max allows.
  if (setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0 &&
      setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) < 0)
    return errno_error("set receive buffer of netlink socket");
  return {};
}

int Netlink::fd() const {
  return mnl_socket_get_fd(socket_.get());
}

// A datagram; empty where it is not from the kernel.
Result<Bytes> Netlink::read_datagram(int flags) {
  sockaddr_nl from{};
  iovec data{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
  msghdr message{.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &data, .msg_iovlen = 1};
  ssize_t length = 0;
  do {
    length = recvmsg(fd(), &message, flags);
  } while (length < 0 && errno == EINTR);
  if (length < 0) return errno_error("receive from netlink socket");
  if (from.nl_pid != 0) return Bytes{};
  if (message.msg_flags & MSG_TRUNC) return error("receive from netlink socket: too long", ENOBUFS);
  return Bytes(buffer_).first(static_cast<std::size_t>(length));
}

Bytes Netlink::ready(Request& request, std::uint16_t flags) {
  auto* header = reinterpret_cast<nlmsghdr*>(request.buffer_.data());
  header->nlmsg_flags = NLM_F_REQUEST | flags;
  header->nlmsg_seq = ++sequence_;
  return Bytes(request.buffer_).first(header->nlmsg_len);
}

Result<> Netlink::send(const std::string& action, Request& request, std::uint16_t flags) {
  const Bytes message = ready(request, flags);
  if (mnl_socket_sendto(socket_.get(), message.data(), message.size()) < 0)
    return errno_error(action);
  return {};
}

Result<> Netlink::read_answer(const std::string& action,
                              const std::function<bool(const Message&, Bytes)>& last) {
  for (;;) {
    auto datagram = read_datagram(0);
    if (!datagram) return error(action + ": " + datagram.error().message, datagram.error().code);
    while (auto bytes = next_message(*datagram)) {
      const Message message = *parse_message(*bytes);
      if (message.header.nlmsg_seq != sequence_) continue;
      // Both begin with an errno, negative, or zero; explaining attributes follow.
      const bool failed = message.header.nlmsg_type == NLMSG_ERROR;
      if (failed || message.header.nlmsg_type == NLMSG_DONE) {
        const int code = -leading<int>(message.payload).value_or(0);
        if (code > 0)
          return kernel_error(
              action, code,
              failed ? following<nlmsgerr>(message.payload) : following<int>(message.payload));
      }
      if (last(message, *bytes)) return {};
    }
  }
}

// False where something changed while the kernel listed it.
Result<bool> Netlink::dump_once(const std::string& action, Request& request,
                                std::vector<std::byte>& answer) {
  answer.clear();
  bool consistent = true;
  TRY(send(action, request, NLM_F_DUMP));
  TRY(read_answer(action, [&](const Message& message, Bytes bytes) {
    if (message.header.nlmsg_flags & NLM_F_DUMP_INTR) consistent = false;
    if (message.header.nlmsg_type == NLMSG_DONE) return true;
    answer.insert(answer.end(), bytes.begin(), bytes.end());
    answer.resize(NLMSG_ALIGN(answer.size()));
    return false;
  }));
  return consistent;
}

Result<> Netlink::dump(const std::string& what, Request request, const Handler& handler) {
  const std::string action = "dump " + what;
  std::vector<std::byte> answer;
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    if (!TRY(dump_once(action, request, answer))) continue;
    Bytes rest = answer;
    while (auto message = next_message(rest)) handler(*message);
    return {};
  }
  return error(action + ": it changes faster than it can be read", EAGAIN);
}

Result<> Netlink::dump_while(const std::string& what, Request request,
                             const std::function<bool(Bytes)>& more) {
  const std::string action = "dump " + what;
  TRY(send(action, request, NLM_F_DUMP));
  return read_answer(action, [&](const Message& message, Bytes bytes) {
    return message.header.nlmsg_type == NLMSG_DONE || !more(bytes);
  });
}

Result<> Netlink::get(const std::string& what, Request request, const Handler& handler) {
  const std::string action = "get " + what;
  TRY(send(action, request, 0));
  return read_answer(action, [&](const Message&, Bytes bytes) {
    handler(bytes);
    return true;
  });
}

Result<> Netlink::change(const std::string& what, Request request) {
  const std::string action = "change " + what;
  TRY(send(action, request, NLM_F_ACK));
  return read_answer(action, [&](const Message& message, Bytes) {
    return message.header.nlmsg_type == NLMSG_ERROR;
  });
}

Result<> Netlink::tell(const std::string& what, std::span<Request> requests) {
  std::vector<std::byte> datagram;
  for (Request& request : requests) {
    const Bytes message = ready(request, 0);
    datagram.insert(datagram.end(), message.begin(), message.end());
    datagram.resize(NLMSG_ALIGN(datagram.size()));
  }
  if (mnl_socket_sendto(socket_.get(), datagram.data(), datagram.size()) < 0)
    return errno_error(what);
  return {};
}

Result<Receive> Netlink::receive(const Handler& handler) {
  auto datagram = read_datagram(MSG_DONTWAIT);
  if (!datagram) {
    const int code = datagram.error().code;
    if (code == EAGAIN) return Receive::nothing;
    if (code == ENOBUFS) return Receive::overrun;
    return std::unexpected(datagram.error());
  }
  while (auto message = next_message(*datagram)) handler(*message);
  return Receive::messages;
}

}  // namespace tna
