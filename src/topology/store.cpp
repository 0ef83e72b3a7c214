// SPDX-License-Identifier: Apache-2.0
#include "topology/store.h"

#include <linux/if.h>
#include <linux/pkt_sched.h>

#include <algorithm>

namespace tna {
namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};

Change changed(bool yes) {
  return yes ? Change::configuration : Change::nothing;
}

template <typename Map>
Change put(Map& map, const typename Map::key_type& key, const typename Map::mapped_type& value) {
  const auto [at, added] = map.try_emplace(key, value);
  if (added) return Change::configuration;
  if (at->second == value) return Change::nothing;
  at->second = value;
  return Change::configuration;
}

void drop_by_itself(RawAttributes& raw, const std::string& of, const Knowledge& knowledge) {
  std::erase_if(
      raw, [&](const auto& attribute) { return knowledge.changes_by_itself(of, attribute.first); });
}

// The link without what changes by itself: of the flags only "up" was set by somebody, and those
// that matter to a packet (promiscuous, carrier) are read live by the fast path.
Link configured(Link link, const Knowledge& knowledge) {
  link.flags &= IFF_UP;
  drop_by_itself(link.info, link.kind, knowledge);
  drop_by_itself(link.port, link.slave_kind + "-port", knowledge);
  return link;
}

Change put_link(Store& store, const Link& link, const Knowledge& knowledge) {
  const auto [at, added] = store.links.try_emplace(link.ifindex, link);
  if (added) return Change::configuration;
  if (at->second == link) return Change::nothing;
  const bool same = configured(at->second, knowledge) == configured(link, knowledge);
  at->second = link;
  return same ? Change::state : Change::configuration;
}

// The kernel tells of a link's end once; what was on the link goes with it.
Change remove_link(Store& store, IfIndex ifindex) {
  const bool was = store.links.erase(ifindex);
  const auto of_link = [&](const auto& entry) { return entry.second.ifindex == ifindex; };
  std::erase_if(store.addresses, [&](const Address& a) { return a.ifindex == ifindex; });
  std::erase_if(store.qdiscs, of_link);
  std::erase_if(store.filters, of_link);
  std::erase_if(store.vlans, of_link);
  std::erase_if(store.routes, [&](const Route& route) { return route.uses(ifindex); });
  std::erase_if(store.netconfs, [&](const auto& entry) {
    return entry.second.ifindex == static_cast<std::int32_t>(ifindex);
  });
  return changed(was);
}

// A qdisc takes its filters along without a word. A filter's parent has the qdisc's major number.
Change remove_qdisc(Store& store, const RemovedQdisc& removed) {
  const auto at = store.qdiscs.find({removed.ifindex, removed.parent});
  if (at == store.qdiscs.end() || at->second.handle != removed.handle) return Change::nothing;
  store.qdiscs.erase(at);
  if (removed.parent == TC_H_INGRESS)
    std::erase_if(store.filters, [&](const auto& entry) {
      const Filter& filter = entry.second;
      return filter.ifindex == removed.ifindex && TC_H_MAJ(filter.parent) == TC_H_MAJ(TC_H_INGRESS);
    });
  // The default that takes the root's place is not announced, so the link's word is out of date.
  if (const auto link = store.links.find(removed.ifindex);
      removed.parent == TC_H_ROOT && link != store.links.end())
    link->second.root_qdisc.clear();
  return Change::configuration;
}

// Priority 0: whatever priority.
Change remove_filter(Store& store, const Filter& removed) {
  const auto gone = [&](const auto& entry) {
    const Filter& filter = entry.second;
    return filter.ifindex == removed.ifindex && filter.parent == removed.parent &&
           filter.chain == removed.chain &&
           (!TC_H_MAJ(removed.info) || TC_H_MAJ(filter.info) == TC_H_MAJ(removed.info)) &&
           (!removed.handle || filter.handle == removed.handle);
  };
  return changed(std::erase_if(store.filters, gone));
}

// A notification carries only the values that changed.
Change put_netconf(Store& store, const NetConf& conf) {
  NetConf& known = store.netconfs[{conf.family, conf.ifindex}];
  known.family = conf.family;
  known.ifindex = conf.ifindex;
  bool change = false;
  for (const auto& [id, value] : conf.values) {
    const auto [at, added] = known.values.try_emplace(id, value);
    change |= added || at->second != value;
    at->second = value;
  }
  return changed(change);
}

// Cuts the VLANs out of the ranges of that interface.
bool cut_vlans(Store& store, IfIndex ifindex, std::uint16_t first, std::uint16_t last) {
  std::vector<BridgeVlan> hit;
  std::erase_if(store.vlans, [&](const auto& entry) {
    const BridgeVlan& range = entry.second;
    const bool cut = range.ifindex == ifindex && range.vid <= last && range.vid_end >= first;
    if (cut) hit.push_back(range);
    return cut;
  });
  for (BridgeVlan range : hit) {
    const BridgeVlan whole = range;
    if (whole.vid < first) {
      range.vid_end = first - 1;
      store.vlans[{ifindex, range.vid}] = range;
    }
    if (whole.vid_end > last) {
      range.vid = last + 1;
      range.vid_end = whole.vid_end;
      store.vlans[{ifindex, range.vid}] = range;
    }
  }
  return !hit.empty();
}

Change put_vlan(Store& store, const BridgeVlan& vlan) {
  const auto same = store.vlans.find({vlan.ifindex, vlan.vid});
  if (same != store.vlans.end() && same->second == vlan) return Change::nothing;
  cut_vlans(store, vlan.ifindex, vlan.vid, vlan.vid_end);
  store.vlans[{vlan.ifindex, vlan.vid}] = vlan;
  return Change::configuration;
}

}  // namespace

Change Store::apply(const Event& event, const Knowledge& knowledge) {
  return std::visit(
      Overloaded{
          [&](const Link& e) { return put_link(*this, e, knowledge); },
          [&](const Address& e) { return changed(addresses.insert(e).second); },
          [&](const Qdisc& e) {
            return put(qdiscs, {e.ifindex, e.parent}, e);
          },
          [&](const Filter& e) {
            return put(filters, {e.ifindex, e.parent, e.info, e.chain, e.handle}, e);
          },
          [&](const NetConf& e) { return put_netconf(*this, e); },
          [&](const BridgeVlan& e) { return put_vlan(*this, e); },
          [&](const Route& e) { return changed(routes.insert(e).second); },
          [&](const RulesetGeneration& e) { return changed(std::exchange(ruleset, e).id != e.id); },
          [&](const RemovedLink& e) { return remove_link(*this, e.ifindex); },
          [&](const RemovedAddress& e) { return changed(addresses.erase(e.address)); },
          [&](const RemovedQdisc& e) { return remove_qdisc(*this, e); },
          [&](const RemovedFilter& e) { return remove_filter(*this, e.filter); },
          [&](const RemovedNetConf& e) {
            return changed(netconfs.erase({e.family, e.ifindex}));
          },
          [&](const RemovedBridgeVlan& e) {
            return changed(cut_vlans(*this, e.ifindex, e.vid, e.vid_end));
          },
          [&](const RemovedRoute& e) { return changed(routes.erase(e.route)); },
      },
      event);
}

const Link* Store::link(IfIndex ifindex) const {
  const auto found = links.find(ifindex);
  return found == links.end() ? nullptr : &found->second;
}

const Link* Store::link(const std::string& name) const {
  const auto found =
      std::ranges::find(links, name, [](const auto& entry) { return entry.second.name; });
  return found == links.end() ? nullptr : &found->second;
}

}  // namespace tna
