// SPDX-License-Identifier: Apache-2.0
#include "topology/route_facts.h"

#include <sys/socket.h>

#include <algorithm>
#include <tuple>

namespace tna {
namespace {

std::string prefix(const Route& route) {
  if (route.family == AF_INET6) return "an IPv6 route";
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8)
    text += std::to_string(route.destination >> shift & 0xff) + (shift ? "." : "/");
  return text + std::to_string(route.prefix_length);
}

std::string table(const Route& route) {
  return "table " + std::to_string(route.table);
}

// Could Linux take the one instead of the other? Of the same table those with another type of
// service are candidates too, whatever their metrics (net/ipv4/fib_semantics.c:fib_select_default).
bool compete(const Route& one, const Route& other) {
  return one.table == other.table && (one.tos != other.tos || one.priority == other.priority);
}

}  // namespace

RouteFacts route_facts(const std::set<Route>& routes) {
  RouteFacts facts;
  // Sorted by table, so a route competes with one that stands beside it, if with any.
  std::vector<const Route*> defaults;
  for (const Route& route : routes) {
    if (route.is_default()) defaults.push_back(&route);
    RouteFacts::SmallestMtu& smallest = route.family == AF_INET ? facts.ipv4 : facts.ipv6;
    if (route.mtu == 0 || (smallest.mtu && route.mtu >= smallest.mtu)) continue;
    smallest.mtu = route.mtu;
    smallest.because =
        prefix(route) + " in " + table(route) + " has mtu " + std::to_string(route.mtu);
  }
  std::ranges::sort(defaults, {}, [](const Route* route) {
    return std::tuple(route->table, route->tos, route->priority);
  });
  const auto several = std::ranges::adjacent_find(
      defaults, [](const Route* one, const Route* other) { return compete(*one, *other); });
  if (several != defaults.end()) {
    const Route& one = **several;
    const Route& other = **std::next(several);
    facts.several_defaults = table(one) + " has several default routes" +
                             (one.tos != other.tos ? " that differ by type of service"
                                                   : " of metric " + std::to_string(one.priority));
  }
  return facts;
}

}  // namespace tna
