// SPDX-License-Identifier: Apache-2.0
#include "introspect/generic_netlink.h"

#include <linux/genetlink.h>

namespace tna {
namespace {

void read_group(Bytes group, GenericFamily& family) {
  std::string name;
  std::uint32_t id = 0;
  for (auto [type, payload] : Attributes(group)) {
    if (type == CTRL_ATTR_MCAST_GRP_NAME) name = text(payload);
    if (type == CTRL_ATTR_MCAST_GRP_ID) take(payload, id);
  }
  family.groups[name] = id;
}

GenericFamily read_family(const Attributes& attributes) {
  GenericFamily family;
  for (auto [type, payload] : attributes) {
    if (type == CTRL_ATTR_FAMILY_ID) take(payload, family.id);
    if (type != CTRL_ATTR_MCAST_GROUPS) continue;
    for (auto [number, group] : Attributes(payload)) read_group(group, family);
  }
  return family;
}

}  // namespace

Request generic_request(std::uint16_t family, std::uint8_t command) {
  Request request(family);
  request.fixed<genlmsghdr>() = {.cmd = command, .version = 1, .reserved = 0};
  return request;
}

std::optional<GenericMessage> parse_generic(Bytes bytes) {
  auto message = parse_message(bytes);
  if (!message) return std::nullopt;
  auto header = leading<genlmsghdr>(message->payload);
  if (!header) return std::nullopt;
  return GenericMessage{header->cmd, Attributes(following<genlmsghdr>(message->payload))};
}

Result<GenericFamily> generic_family(Netlink& netlink, const std::string& name) {
  Request request = generic_request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
  request.put(CTRL_ATTR_FAMILY_NAME, name);
  GenericFamily family;
  TRY(netlink.get("generic netlink family " + name, request, [&](Bytes bytes) {
    if (auto message = parse_generic(bytes)) family = read_family(message->attributes);
  }));
  if (family.id == 0) return error("get generic netlink family " + name + ": no id in the answer");
  return family;
}

}  // namespace tna
