// SPDX-License-Identifier: Apache-2.0
// message.h: netlink's wire format as bounds-checked views of bytes that somebody else owns.
#pragma once

#include <linux/netlink.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tna {

using Bytes = std::span<const std::byte>;

// The structure that the bytes begin with; nothing where they are too few. The kernel aligns to
// four bytes only, hence the copy.
template <typename T>
std::optional<T> leading(Bytes bytes) {
  T value;
  if (bytes.size() < sizeof value) return std::nullopt;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// What follows the leading structure, after netlink's padding.
template <typename T>
Bytes following(Bytes bytes) {
  constexpr std::size_t size = NLMSG_ALIGN(sizeof(T));
  return bytes.size() < size ? Bytes{} : bytes.subspan(size);
}

// Copies a number out of an attribute; false where the payload is not exactly that long.
template <typename T>
bool take(Bytes payload, T& number) {
  if (payload.size() != sizeof number) return false;
  std::memcpy(&number, payload.data(), sizeof number);
  return true;
}

// A string attribute: up to the first NUL, or all of it.
inline std::string_view text_view(Bytes payload) {
  const char* begin = reinterpret_cast<const char*>(payload.data());
  return {begin, payload.empty() ? 0 : ::strnlen(begin, payload.size())};
}
inline std::string text(Bytes payload) {
  return std::string(text_view(payload));
}

struct Attribute {
  std::uint16_t type = 0;  // without the flags "nested" and "network byte order"
  Bytes payload;
};

// for (auto [type, payload] : Attributes(bytes)): ends at the end or at the first malformed one.
class Attributes {
 public:
  class Iterator {
   public:
    explicit Iterator(Bytes rest) : rest_(rest) { parse(); }
    const Attribute& operator*() const { return current_; }
    Iterator& operator++() {
      rest_ = rest_.subspan(length_);
      parse();
      return *this;
    }
    bool operator==(std::default_sentinel_t) const { return length_ == 0; }
    // What is left where the iteration ended; nothing where all was well.
    Bytes rest() const { return rest_; }

   private:
    void parse() {
      length_ = 0;
      auto header = leading<nlattr>(rest_);
      if (!header || header->nla_len < sizeof(nlattr) || header->nla_len > rest_.size()) return;
      current_.type = header->nla_type & NLA_TYPE_MASK;
      current_.payload = rest_.subspan(sizeof(nlattr), header->nla_len - sizeof(nlattr));
      length_ = std::min<std::size_t>(NLA_ALIGN(header->nla_len), rest_.size());
    }
    Bytes rest_;
    Attribute current_;
    std::size_t length_ = 0;  // of the current attribute with its padding, 0 at the end
  };

  explicit Attributes(Bytes bytes) : bytes_(bytes) {}
  Iterator begin() const { return Iterator(bytes_); }
  std::default_sentinel_t end() const { return {}; }
  bool well_formed() const {
    Iterator last = begin();
    while (last != end()) ++last;
    return last.rest().empty();
  }

 private:
  Bytes bytes_;
};

// One netlink message: its header and what follows it.
struct Message {
  nlmsghdr header;
  Bytes payload;
};

inline std::optional<Message> parse_message(Bytes bytes) {
  auto header = leading<nlmsghdr>(bytes);
  if (!header || header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > bytes.size())
    return std::nullopt;
  return Message{*header, bytes.first(header->nlmsg_len).subspan(NLMSG_HDRLEN)};
}

// The message that a datagram begins with is taken from it; nothing at its end or where it is
// malformed.
inline std::optional<Bytes> next_message(Bytes& datagram) {
  auto message = parse_message(datagram);
  if (!message) return std::nullopt;
  Bytes bytes = datagram.first(message->header.nlmsg_len);
  datagram = datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(bytes.size()), datagram.size()));
  return bytes;
}

}  // namespace tna
