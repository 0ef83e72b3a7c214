// SPDX-License-Identifier: Apache-2.0
// PathPlanner: which modules and hooks a packet meets on an interface's path, and the constants
// that switch them on.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "assemble/given.h"

namespace tna {

class PathPlanner {
 public:
  explicit PathPlanner(const Given& given) : given_(given) {}

  // The interface's hook is known. `router` is nullptr where nothing is routed fast.
  void add_modules(const Node&, const Node* router, InterfacePlan&);

 private:
  // Hooks whose slots are on the interface's path, each as a step of it.
  void add_hooks(InterfacePlan&) const;
  // A hook may choose any interface to leave by.
  bool steers(const InterfacePlan&) const;
  void add_netfilter(InterfacePlan&) const;
  // A packet is routed to any device.
  bool has_veth();
  bool has_veth_port(const Node& bridge);
  bool fact(const std::string& name, const Node&, const Node* bridge, const Node* router,
            Hook) const;

  const Given& given_;
  // Asked once, not once for every device.
  std::map<IfIndex, bool> has_veth_;  // by bridge
  std::optional<bool> has_any_veth_;
};

}  // namespace tna
