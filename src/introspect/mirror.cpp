// SPDX-License-Identifier: Apache-2.0
#include "introspect/mirror.h"

#include <linux/if.h>
#include <linux/pkt_sched.h>

#include <algorithm>
#include <utility>

namespace tna {
namespace {

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

template <typename T, std::size_t index = 0>
constexpr std::size_t type_of() {
  if constexpr (std::is_same_v<T, std::variant_alternative_t<index, Event>>)
    return index;
  else
    return type_of<T, index + 1>();
}

bool is_ingress(const Qdisc& qdisc) {
  return qdisc.parent == TC_H_CLSACT;
}

// The interface that an object belongs to and can't outlive, 0 for none.
IfIndex owner(const Event& object) {
  return std::visit(
      Overloaded{
          [](const Address& o) { return o.ifindex; }, [](const Qdisc& o) { return o.ifindex; },
          [](const Filter& o) { return o.ifindex; }, [](const BridgeVlan& o) { return o.ifindex; },
          [](const NetConf& o) { return o.ifindex > 0 ? IfIndex(o.ifindex) : 0; },
          [](const auto&) { return IfIndex{0}; }},
      object);
}

// The kernel takes a device's IPv4 routes away without a word, when it goes and when it is set
// down. A route by several devices lives until the last of them is down; that is not followed.
bool goes_when_down(const Route& route, IfIndex down) {
  return route.interfaces == std::vector{down};
}

// Does the removal of a classifier, named by handle 0, take this filter with it?
bool of_classifier(const Event& object, const Filter& classifier) {
  const Filter* filter = std::get_if<Filter>(&object);
  return filter && filter->ifindex == classifier.ifindex && filter->parent == classifier.parent &&
         filter->info == classifier.info && filter->chain == classifier.chain;
}

}  // namespace

Mirror::Key Mirror::key(const Event& event) {
  constexpr auto address = [](const Address& o) {
    return Key{type_of<Address>(), {o.ifindex, o.family, o.prefix_length, o.scope}, o.bytes};
  };
  constexpr auto filter = [](const Filter& o) {
    return Key{type_of<Filter>(), {o.ifindex, o.parent, o.info, o.chain, o.handle}, {}};
  };
  constexpr auto netconf = [](const auto& o) {
    return Key{type_of<NetConf>(), {static_cast<std::uint32_t>(o.ifindex), o.family}, {}};
  };
  constexpr auto link = [](const auto& o) { return Key{type_of<Link>(), {o.ifindex}, {}}; };
  // One qdisc stands in each place.
  constexpr auto qdisc = [](const auto& o) {
    return Key{type_of<Qdisc>(), {o.ifindex, o.parent}, {}};
  };
  constexpr auto vlan = [](const auto& o) {
    return Key{type_of<BridgeVlan>(), {o.ifindex, o.vid}, {}};
  };
  constexpr auto route = [](const Route& o) {
    return Key{type_of<Route>(),
               {o.family, o.table, o.prefix_length, o.destination, o.tos, o.priority},
               o.rest};
  };
  return std::visit(Overloaded{[&](const Link& o) { return link(o); },
                               [&](const RemovedLink& o) { return link(o); },
                               [&](const Address& o) { return address(o); },
                               [&](const RemovedAddress& o) { return address(o.address); },
                               [&](const Qdisc& o) { return qdisc(o); },
                               [&](const RemovedQdisc& o) { return qdisc(o); },
                               [&](const Filter& o) { return filter(o); },
                               [&](const RemovedFilter& o) { return filter(o.filter); },
                               [&](const NetConf& o) { return netconf(o); },
                               [&](const RemovedNetConf& o) { return netconf(o); },
                               [&](const BridgeVlan& o) { return vlan(o); },
                               [&](const RemovedBridgeVlan& o) { return vlan(o); },
                               [&](const Route& o) { return route(o); },
                               [&](const RemovedRoute& o) { return route(o.route); },
                               [&](const RulesetGeneration&) {
                                 return Key{type_of<RulesetGeneration>(), {}, {}};
                               }},
                    event);
}

Event Mirror::removal(const Event& object) {
  return std::visit(
      Overloaded{[](const Link& o) -> Event { return RemovedLink{o.ifindex}; },
                 [](const Address& o) -> Event { return RemovedAddress{o}; },
                 [](const Qdisc& o) -> Event {
                   return RemovedQdisc{o.ifindex, o.handle, o.parent};
                 },
                 [](const Filter& o) -> Event { return RemovedFilter{o}; },
                 [](const NetConf& o) -> Event {
                   return RemovedNetConf{o.family, o.ifindex};
                 },
                 [](const BridgeVlan& o) -> Event {
                   return RemovedBridgeVlan{o.ifindex, o.vid, o.vid_end};
                 },
                 [](const Route& o) -> Event { return RemovedRoute{o}; },
                 // What is no object of a list: a generation is followed by another, it never goes.
                 [](const auto& o) -> Event { return o; }},
      object);
}

void Mirror::add(Event object) {
  auto [place, is_new] = objects_.try_emplace(key(object), object);
  if (!is_new) {
    if (place->second == object) return;
    place->second = object;
  }
  untold_.push_back(std::move(object));
}

Mirror::Objects::iterator Mirror::remove(Objects::iterator object) {
  untold_.push_back(removal(object->second));
  return objects_.erase(object);
}

void Mirror::remove_if(const std::function<bool(const Event&)>& condition) {
  for (auto object = objects_.begin(); object != objects_.end();)
    object = condition(object->second) ? remove(object) : std::next(object);
}

void Mirror::remove_routes_if(const std::function<bool(const Route&)>& condition) {
  const auto end = objects_.lower_bound(Key{type_of<Route>() + 1, {}, {}});
  for (auto object = objects_.lower_bound(Key{type_of<Route>(), {}, {}}); object != end;)
    object = condition(std::get<Route>(object->second)) ? remove(object) : std::next(object);
}

void Mirror::apply(Event event) {
  auto known = objects_.find(key(event));
  if (auto* conf = std::get_if<NetConf>(&event)) {
    // Only the values that changed are told.
    if (known != objects_.end())
      conf->values.merge(std::map(std::get<NetConf>(known->second).values));
    return add(std::move(event));
  }
  if (auto* gone = std::get_if<RemovedFilter>(&event); gone && gone->filter.handle == 0)
    return remove_if([&](const Event& object) { return of_classifier(object, gone->filter); });
  if (auto* gone = std::get_if<RemovedLink>(&event)) {
    // Not all of what goes with a device is told by the kernel; addresses are, qdiscs are not.
    remove_if([&](const Event& object) {
      const Route* route = std::get_if<Route>(&object);
      return route ? route->uses(gone->ifindex) : owner(object) == gone->ifindex;
    });
    known = objects_.find(key(event));
  }
  if (auto* link = std::get_if<Link>(&event); link && !(link->flags & IFF_UP))
    remove_routes_if([&](const Route& route) { return goes_when_down(route, link->ifindex); });
  if (event.index() < type_of<RemovedLink>()) return add(std::move(event));
  if (known != objects_.end()) remove(known);
}

void Mirror::replace(std::vector<Event> listed, const std::function<bool(const Event&)>& covered) {
  std::set<Key> present;
  for (const Event& event : listed) present.insert(key(event));
  remove_if([&](const Event& object) { return covered(object) && !present.contains(key(object)); });
  for (Event& event : listed) add(std::move(event));
}

const Link* Mirror::link(IfIndex ifindex) const {
  auto found = objects_.find(Key{type_of<Link>(), {ifindex}, {}});
  return found == objects_.end() ? nullptr : std::get_if<Link>(&found->second);
}

std::vector<Qdisc> Mirror::ingress_qdiscs() const {
  std::vector<Qdisc> found;
  const auto end = objects_.lower_bound(Key{type_of<Qdisc>() + 1, {}, {}});
  for (auto object = objects_.lower_bound(Key{type_of<Qdisc>(), {}, {}}); object != end; ++object)
    if (const auto& qdisc = std::get<Qdisc>(object->second); is_ingress(qdisc))
      found.push_back(qdisc);
  return found;
}

std::set<std::uint32_t> Mirror::tables_with_defaults() const {
  std::set<std::uint32_t> tables;
  const auto end = objects_.lower_bound(Key{type_of<Route>() + 1, {}, {}});
  for (auto object = objects_.lower_bound(Key{type_of<Route>(), {}, {}}); object != end;) {
    const auto& route = std::get<Route>(object->second);
    if (route.is_default()) tables.insert(route.table);  // they are the first of a table
    constexpr std::uint32_t kBehindAll = 129;            // prefix length
    object =
        objects_.lower_bound(Key{type_of<Route>(), {route.family, route.table, kBehindAll}, {}});
  }
  return tables;
}

std::vector<Event> Mirror::take() {
  return std::exchange(untold_, {});
}

}  // namespace tna
