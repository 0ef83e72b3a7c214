// SPDX-License-Identifier: Apache-2.0
#include "capabilities/tap_list.h"

#include <map>

#include "capabilities/symbols.h"

namespace tna {
namespace {

constexpr unsigned kHandlerLists = 16;  // include/linux/netdevice.h:PTYPE_HASH_SIZE, of list_head

}  // namespace

std::uint64_t tap_list(const KernelMemory& memory, std::uint64_t net) {
  if (auto offset = memory.offset("net", "ptype_all")) return net + *offset;
  static const std::uint64_t of_all = [&] {
    if (auto offset = memory.offset("net_hotdata", "ptype_all"))
      if (std::uint64_t base = Symbols::address("net_hotdata")) return base + *offset;
    return Symbols::address("ptype_all");
  }();
  return of_all;
}

NetfilterState::Takers ip_takers(const KernelMemory& memory, std::uint64_t net,
                                 std::uint16_t protocol, const std::string& handler) {
  // Later than 6.12 the packet sockets have a list of their own in each namespace.
  if (auto offset = memory.offset("net", "ptype_specific")) return {net + *offset, net + *offset};
  static std::map<std::string, std::uint64_t> known;  // symbols of the kernel itself don't move
  auto symbol = [](const std::string& name) {
    auto [at, fresh] = known.try_emplace(name, 0);
    if (fresh) at->second = Symbols::address(name);
    return at->second;
  };
  auto entry = memory.offset("packet_type", "list");
  std::uint64_t lists = symbol("ptype_base"), own = symbol(handler);
  if (!entry || !lists || !own) return {};
  return {lists + 16 * (protocol % kHandlerLists), own + *entry};
}

}  // namespace tna
