// SPDX-License-Identifier: Apache-2.0
// generic_netlink.h: families of NETLINK_GENERIC are found by name.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "introspect/netlink.h"

namespace tna {

struct GenericFamily {
  std::uint16_t id = 0;                         // message type
  std::map<std::string, std::uint32_t> groups;  // multicast groups by name
};

// Fails with ENOENT where the kernel does not have the family. `netlink` speaks NETLINK_GENERIC.
Result<GenericFamily> generic_family(Netlink& netlink, const std::string& name);

// A request to a family; its attributes are put() by the caller.
Request generic_request(std::uint16_t family, std::uint8_t command);

// The command and attributes of a message of generic netlink.
struct GenericMessage {
  std::uint8_t command = 0;
  Attributes attributes;
};
std::optional<GenericMessage> parse_generic(Bytes message);

}  // namespace tna
