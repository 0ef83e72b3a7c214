// SPDX-License-Identifier: Apache-2.0
#include <linux/if_addr.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "introspect/decode.h"

namespace tna {
namespace {

// The length of an address, 0 for families that TNA doesn't speak.
std::size_t address_length(std::uint8_t family) {
  if (family == AF_INET) return 4;
  if (family == AF_INET6) return 16;
  return 0;
}

}  // namespace

std::optional<Event> decode_address(Bytes bytes) {
  auto message = parse_message(bytes);
  if (!message) return std::nullopt;
  const std::uint16_t type = message->header.nlmsg_type;
  auto info = leading<ifaddrmsg>(message->payload);
  if ((type != RTM_NEWADDR && type != RTM_DELADDR) || !info) return std::nullopt;

  // On point-to-point links IFA_ADDRESS is the peer's and IFA_LOCAL ours; IPv6 leaves IFA_LOCAL out
  // elsewhere.
  Bytes local, address;
  const Attributes attributes(following<ifaddrmsg>(message->payload));
  for (auto [attribute, payload] : attributes) {
    if (attribute == IFA_LOCAL) local = payload;
    if (attribute == IFA_ADDRESS) address = payload;
  }
  const Bytes ours = local.empty() ? address : local;
  if (!attributes.well_formed() || ours.empty() || ours.size() != address_length(info->ifa_family))
    return std::nullopt;
  Address result{.ifindex = info->ifa_index,
                 .family = info->ifa_family,
                 .prefix_length = info->ifa_prefixlen,
                 .scope = info->ifa_scope,
                 .bytes = {ours.begin(), ours.end()}};
  if (type == RTM_DELADDR) return RemovedAddress{std::move(result)};
  return result;
}

std::optional<Event> decode_netconf(Bytes bytes) {
  auto message = parse_message(bytes);
  if (!message) return std::nullopt;
  const std::uint16_t type = message->header.nlmsg_type;
  auto info = leading<netconfmsg>(message->payload);
  if ((type != RTM_NEWNETCONF && type != RTM_DELNETCONF) || !info) return std::nullopt;
  if (address_length(info->ncm_family) == 0) return std::nullopt;

  NetConf conf{.family = info->ncm_family};
  const Attributes attributes(following<netconfmsg>(message->payload));
  bool good = attributes.well_formed();
  bool named = false;
  for (auto [attribute, payload] : attributes) {
    if (attribute == NETCONFA_IFINDEX)
      good &= named = take(payload, conf.ifindex);
    else
      good &= take(payload, conf.values[attribute]);
  }
  if (!good || !named) return std::nullopt;
  if (type == RTM_DELNETCONF) return RemovedNetConf{conf.family, conf.ifindex};
  return conf;
}

}  // namespace tna
