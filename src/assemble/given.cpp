// SPDX-License-Identifier: Apache-2.0
#include "assemble/given.h"

#include <utility>

#include "assemble/guard.h"

namespace tna {

const DeviceCapabilities& Given::device_of(const Node& node) const {
  static const DeviceCapabilities nothing;
  auto found = capabilities.devices.find(node.ifindex);
  return found == capabilities.devices.end() ? nothing : found->second;
}

std::string Given::why_no_rules() const {
  if (capabilities.kernel.has(kFeatureTypedReads)) return {};
  return "rules need " + std::string(kFeatureTypedReads) + ": " +
         capabilities.kernel.detail(kFeatureTypedReads);
}

// What has passed conntrack by is missing in what rules read there.
std::string Given::why_linux_counts() const {
  if (!inputs.config.counted_fast) return "counted_connections = \"fast\" is not configured";
  const Firewall& firewall = inputs.firewall;
  if (firewall.rules)
    return firewall.rules->counters_read_by.empty()
               ? ""
               : "a rule reads the counters: " + firewall.rules->counters_read_by;
  const NetfilterState& netfilter = capabilities.netfilter;
  if (has_rules(netfilter, 4) || has_rules(netfilter, 6) || has_frame_rules(netfilter))
    return "rules may read the counters, but can't be looked at: " + firewall.why_not;
  return {};
}

void leave(InterfacePlan& interface, std::string why) {
  interface.program = {};
  interface.native = false;
  interface.modules.clear();
  interface.why = std::move(why);
}

}  // namespace tna
