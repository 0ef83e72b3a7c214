// SPDX-License-Identifier: Apache-2.0
// PeerSwitch: GRO of the other ends of veths, on where the plan wants it, and as it was again where
// it does not any more. Other ends are in other namespaces mostly: each is found when it is needed,
// since one held open would not end with its container.
#pragma once

#include <map>
#include <set>

#include "assemble/plan.h"
#include "capabilities/capabilities.h"

namespace tna {

class PeerSwitch {
 public:
  using Devices = std::map<IfIndex, DeviceCapabilities>;

  // Does what is to be done, in the calling thread's namespace; says at which veths it did
  // something.
  std::set<IfIndex> follow(const std::set<IfIndex>& wanted, const Devices&);
  // The veth has changed: what failed is tried again.
  void changed(IfIndex);
  // It has gone, and its other end with it.
  void gone(IfIndex ifindex) { done_.erase(ifindex); }

  const std::map<IfIndex, PeerGro>& done() const { return done_; }

 private:
  std::map<IfIndex, PeerGro> done_;
};

}  // namespace tna
