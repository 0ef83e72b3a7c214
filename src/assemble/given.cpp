// SPDX-License-Identifier: Apache-2.0
#include "assemble/given.h"

#include <utility>

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

void leave(InterfacePlan& interface, std::string why) {
  interface.program = {};
  interface.native = false;
  interface.modules.clear();
  interface.why = std::move(why);
}

}  // namespace tna
