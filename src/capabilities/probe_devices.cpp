// SPDX-License-Identifier: Apache-2.0
#include "capabilities/probe_devices.h"

#include <bpf/bpf.h>
#include <linux/ethtool.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "capabilities/xdp_operations.h"
#include "introspect/ethtool.h"
#include "introspect/generic_netlink.h"

namespace tna {
namespace {

// linux/netdev.h, newer than Debian 12's headers (6.3).
constexpr std::uint8_t kNetdevDevGet = 1;                            // NETDEV_CMD_DEV_GET
constexpr std::uint16_t kNetdevIfIndex = 1, kNetdevXdpFeatures = 3;  // NETDEV_A_DEV_*

void ask_ethtool(const Ethtool& ethtool, const std::string& name, DeviceCapabilities& device) {
  ethtool_drvinfo driver{.cmd = ETHTOOL_GDRVINFO};
  if (ethtool.run(name, &driver)) device.driver = driver.driver;
  if (auto flags = ethtool.get(name, ETHTOOL_GFLAGS))
    device.rx_vlan_offload = *flags & ETH_FLAG_RXVLAN;
}

// The family "netdev" of generic netlink; none before 6.3.
class XdpFeatures {
 public:
  XdpFeatures() {
    auto netlink = Netlink::open(NETLINK_GENERIC);
    if (!netlink) return;
    auto family = generic_family(*netlink, "netdev");
    if (!family) return;
    family_ = family->id;
    netlink_.emplace(std::move(*netlink));
  }

  // The kernel has the family.
  bool known() const { return netlink_.has_value(); }

  void ask(IfIndex ifindex, DeviceCapabilities& device) {
    if (!netlink_) return;
    Request request = generic_request(family_, kNetdevDevGet);
    request.put(kNetdevIfIndex, ifindex);
    auto asked = netlink_->get("XDP features", std::move(request), [&](Bytes bytes) {
      auto message = parse_generic(bytes);
      if (!message) return;
      for (auto [type, payload] : message->attributes)
        if (type == kNetdevXdpFeatures)
          device.xdp_features_known |= take(payload, device.xdp_features);
    });
    if (!asked) device.xdp_features_known = false;  // the device is going
  }

 private:
  std::optional<Netlink> netlink_;
  std::uint16_t family_ = 0;
};

// By its name, which libxdp gives it.
bool is_dispatcher(const std::optional<XdpAttachment>& attached) {
  if (!attached || !attached->program_id) return false;
  const Fd fd(bpf_prog_get_fd_by_id(attached->program_id));
  bpf_prog_info info{};
  __u32 size = sizeof info;
  return fd && !bpf_obj_get_info_by_fd(fd.get(), &info, &size) &&
         std::string_view(info.name) == "xdp_dispatcher";
}

}  // namespace

void probe_devices(KernelMemory& memory, const std::map<IfIndex, Link>& links,
                   const std::set<IfIndex>& which, std::map<IfIndex, DeviceCapabilities>& into) {
  if (which.empty()) return;
  auto ethtool = Ethtool::open();
  XdpFeatures xdp;
  for (IfIndex ifindex : which) {
    auto link = links.find(ifindex);
    if (link == links.end()) continue;
    DeviceCapabilities device;
    if (ethtool) ask_ethtool(*ethtool, link->second.name, device);
    xdp.ask(ifindex, device);
    device.xdp_dispatcher = is_dispatcher(link->second.xdp);
    if (!xdp.known()) device.xdp_features = xdp_operations(memory, ifindex, link->second.kind);
    if (link->second.kind == "veth") {
      device.sender_seen = memory.offset("veth_xdp_buff", "skb", "veth").has_value();
      device.peer = link->second.lower;
      device.peer_netnsid = link->second.lower_netnsid;
    }
    into[ifindex] = std::move(device);
  }
}

}  // namespace tna
