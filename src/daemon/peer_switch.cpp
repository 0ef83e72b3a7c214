// SPDX-License-Identifier: Apache-2.0
#include "daemon/peer_switch.h"

#include <linux/ethtool.h>
#include <net/if.h>

#include <array>

#include "base/log.h"
#include "introspect/ethtool.h"
#include "introspect/find_netns.h"

namespace tna {
namespace {

// What is to be switched, and where the other ends are.
class Ends {
 public:
  Ends(const std::set<IfIndex>& veths, const PeerSwitch::Devices& devices) : devices_(devices) {
    std::set<int> ids;
    for (IfIndex veth : veths)
      if (auto device = devices.find(veth); device != devices.end() && device->second.peer_netnsid)
        ids.insert(*device->second.peer_netnsid);
    if (!ids.empty()) spaces_ = find_namespaces(ids);
  }

  // True: GRO of the other end of the veth was not so, and is now.
  Result<bool> set(IfIndex veth, bool on) const {
    auto device = devices_.find(veth);
    if (device == devices_.end()) return error("it is not known which is its other end");
    Ethtool ethtool = TRY(of(device->second));
    const std::string name = TRY(ethtool.name_of(device->second.peer));
    if (TRY(ethtool.get(name, ETHTOOL_GGRO)) == on) return false;
    TRY(ethtool.set(name, ETHTOOL_SGRO, on));
    if (TRY(ethtool.get(name, ETHTOOL_GGRO)) != on)
      return error("GRO of " + name + " stays as it is");
    return true;
  }

 private:
  Result<Ethtool> of(const DeviceCapabilities& device) const {
    if (!device.peer_netnsid) return Ethtool::open();
    if (!spaces_) return std::unexpected(spaces_.error());
    auto space = spaces_->find(*device.peer_netnsid);
    if (space == spaces_->end())
      return error("the namespace of its other end has neither a name nor a process");
    return Ethtool::open(space->second);
  }

  const PeerSwitch::Devices& devices_;
  Result<std::map<int, NetNamespace>> spaces_;
};

std::string name_of(IfIndex ifindex) {
  std::array<char, IFNAMSIZ> name;
  return if_indextoname(ifindex, name.data()) ? name.data() : std::to_string(ifindex);
}

}  // namespace

std::set<IfIndex> PeerSwitch::follow(const std::set<IfIndex>& wanted, const Devices& devices) {
  std::set<IfIndex> work, acted;
  for (IfIndex veth : wanted)
    if (!done_.contains(veth)) work.insert(veth);
  for (const auto& [veth, what] : done_)
    if (!wanted.contains(veth)) work.insert(veth);
  if (work.empty()) return {};
  const Ends ends(work, devices);
  for (IfIndex veth : work) {
    const bool on = wanted.contains(veth);
    auto was = done_.extract(veth);
    if (!on && !was.mapped().failure.empty()) continue;
    auto set = ends.set(veth, on);
    if (set && !*set) continue;  // somebody else did
    acted.insert(veth);
    if (set)
      log_info("{}: GRO of its other end is {}", name_of(veth), on ? "on now" : "off again");
    else
      log_warning("{}: GRO of its other end: {}", name_of(veth), set.error().message);
    if (on) done_[veth] = {set ? "" : set.error().message};
  }
  return acted;
}

void PeerSwitch::changed(IfIndex veth) {
  auto found = done_.find(veth);
  if (found != done_.end() && !found->second.failure.empty()) done_.erase(found);
}

}  // namespace tna
