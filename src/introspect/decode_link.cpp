// SPDX-License-Identifier: Apache-2.0
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "introspect/decode.h"

namespace tna {
namespace {

struct LinkMessage {
  std::uint16_t type;
  ifinfomsg info;
  Attributes attributes;
};

std::optional<LinkMessage> parse(Bytes bytes) {
  auto message = parse_message(bytes);
  if (!message) return std::nullopt;
  const std::uint16_t type = message->header.nlmsg_type;
  if (type != RTM_NEWLINK && type != RTM_DELLINK) return std::nullopt;
  auto info = leading<ifinfomsg>(message->payload);
  if (!info || info->ifi_index <= 0) return std::nullopt;
  return LinkMessage{type, *info, Attributes(following<ifinfomsg>(message->payload))};
}

std::string hex(Bytes bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (std::byte byte : bytes) {
    out += digits[std::to_integer<unsigned>(byte) >> 4];
    out += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return out;
}

bool raw(Bytes nested, RawAttributes& into) {
  const Attributes attributes(nested);
  for (auto [type, payload] : attributes) into[type].assign(payload.begin(), payload.end());
  return attributes.well_formed();
}

bool link_info(Bytes nested, Link& link) {
  const Attributes attributes(nested);
  bool good = attributes.well_formed();
  for (auto [type, payload] : attributes) {
    switch (type) {
      case IFLA_INFO_KIND:
        link.kind = text(payload);
        break;
      case IFLA_INFO_SLAVE_KIND:
        link.slave_kind = text(payload);
        break;
      case IFLA_INFO_DATA:
        good &= raw(payload, link.info);
        break;
      case IFLA_INFO_SLAVE_DATA:
        good &= raw(payload, link.port);
        break;
    }
  }
  return good;
}

bool xdp(Bytes nested, Link& link) {
  const Attributes attributes(nested);
  bool good = attributes.well_formed();
  XdpAttachment attachment;
  for (auto [type, payload] : attributes) {
    if (type == IFLA_XDP_ATTACHED) good &= take(payload, attachment.mode);
    if (type == IFLA_XDP_PROG_ID) good &= take(payload, attachment.program_id);
  }
  if (attachment.mode != XDP_ATTACHED_NONE) link.xdp = attachment;
  return good;
}

bool attribute(const Attribute& attribute, Link& link) {
  const Bytes payload = attribute.payload;
  switch (attribute.type) {
    case IFLA_IFNAME:
      link.name = text(payload);
      return true;
    case IFLA_QDISC:
      link.root_qdisc = text(payload);
      return true;
    case IFLA_PHYS_SWITCH_ID:
      link.switch_id = hex(payload);
      return true;
    case IFLA_MTU:
      return take(payload, link.mtu);
    case IFLA_MASTER:
      return take(payload, link.master);
    case IFLA_LINK:
      return take(payload, link.lower);
    case IFLA_LINK_NETNSID:
      return take(payload, link.lower_netnsid.emplace());
    case IFLA_LINKINFO:
      return link_info(payload, link);
    case IFLA_XDP:
      return xdp(payload, link);
    // Another length is another kind of address: InfiniBand's, a tunnel's.
    case IFLA_ADDRESS:
      take(payload, link.address.bytes);
      return true;
  }
  return true;
}

}  // namespace

std::optional<Event> decode_link(Bytes bytes) {
  auto message = parse(bytes);
  if (!message || message->info.ifi_family != AF_UNSPEC) return std::nullopt;
  const auto ifindex = static_cast<IfIndex>(message->info.ifi_index);
  if (message->type == RTM_DELLINK) return RemovedLink{ifindex};

  Link link{.ifindex = ifindex};
  link.hardware_type = message->info.ifi_type;
  link.flags = message->info.ifi_flags;
  bool good = message->attributes.well_formed();
  bool complete = false;
  for (const Attribute& each : message->attributes) {
    good &= attribute(each, link);
    complete |= each.type == IFLA_MTU;
  }
  // Wireless events are RTM_NEWLINKs that hold nothing else; they don't tell that a master went.
  if (!good || !complete || link.name.empty()) return std::nullopt;
  return link;
}

std::optional<IfIndex> concerned_link(Bytes bytes) {
  auto message = parse(bytes);
  if (!message) return std::nullopt;
  return static_cast<IfIndex>(message->info.ifi_index);
}

}  // namespace tna
