// SPDX-License-Identifier: Apache-2.0
// netlink.h: a netlink socket: asks the kernel, and hears what it multicasts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "introspect/message.h"

struct mnl_socket;
struct sock_filter;

namespace tna {

// A message to the kernel: netlink header, the family's own structure, attributes.
class Request {
 public:
  explicit Request(std::uint16_t type);
  // The structure that follows the netlink header, zeroed. To be called once, before put().
  template <typename T>
  T& fixed() {
    return *static_cast<T*>(append(sizeof(T)));
  }
  void put(std::uint16_t type, std::uint32_t value);
  void put(std::uint16_t type, const std::string& text);
  void put(std::uint16_t type, const void* value, std::size_t size);
  // An attribute of attributes: those put before its end().
  using Nest = std::uint32_t;  // where it begins
  Nest nest(std::uint16_t type);
  void end(Nest);

 private:
  friend class Netlink;
  void* append(std::size_t size);
  // The longest: two names of nf_tables, of 255 bytes each.
  alignas(8) std::array<std::byte, 640> buffer_{};
};

enum class Receive {
  messages,
  nothing,  // nothing is waiting
  overrun,  // the kernel dropped notifications: what it says has to be read anew
};

class Netlink {
 public:
  using Handler = std::function<void(Bytes message)>;

  // A socket of the calling thread's network namespace.
  static Result<Netlink> open(int protocol);

  // Hear what is multicast to the group.
  Result<> join(unsigned group);
  // Let only messages pass that the program accepts: the rest costs no wake-up and no buffer.
  Result<> filter(std::span<const sock_filter> program);
  // 8 MiB where open() could have it. Takes effect for what arrives from now on.
  Result<> set_receive_buffer(int bytes);

  // All that the request lists. The handler sees a list that no change happened in between of;
  // where there is none after many attempts, it sees nothing and the error's code is EAGAIN. An
  // error says "dump WHAT: ...", with the kernel's own explanation.
  Result<> dump(const std::string& what, Request, const Handler&);
  // The same while it arrives, for lists too long to keep and of which the kernel doesn't say
  // whether they changed meanwhile. The handler says whether it wants more; where it didn't, the
  // socket is good for nothing else.
  Result<> dump_while(const std::string& what, Request, const std::function<bool(Bytes)>& more);
  // What the request asks for: one message. An error says "get WHAT: ...".
  Result<> get(const std::string& what, Request, const Handler&);
  // Has the kernel do what the request says, and waits until it is done. An error says "change
  // WHAT: ...".
  Result<> change(const std::string& what, Request);
  // Has the kernel do what these messages say, as one datagram, and waits until it is done. Errors
  // of theirs are not heard.
  Result<> tell(const std::string& what, std::span<Request>);
  // One datagram of notifications, without waiting.
  Result<Receive> receive(const Handler&);

  int fd() const;

 private:
  struct Close {
    void operator()(mnl_socket*) const;
  };
  using Socket = std::unique_ptr<mnl_socket, Close>;
  explicit Netlink(Socket socket);
  Result<Bytes> read_datagram(int flags);
  // What is to be sent, with the next number.
  Bytes ready(Request&, std::uint16_t flags);
  Result<> send(const std::string& action, Request&, std::uint16_t flags);
  // Reads answers to the last request until `last` says so.
  Result<> read_answer(const std::string& action,
                       const std::function<bool(const Message&, Bytes)>& last);
  Result<bool> dump_once(const std::string& action, Request&, std::vector<std::byte>& answer);

  Socket socket_;
  std::vector<std::byte> buffer_;
  std::uint32_t sequence_ = 0;
};

}  // namespace tna
