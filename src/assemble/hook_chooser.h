// SPDX-License-Identifier: Apache-2.0
// HookChooser: which hook an interface gets, and why.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "assemble/given.h"

namespace tna {

class HookChooser {
 public:
  explicit HookChooser(const Given& given) : given_(given) {}

  // `router`: the device that IP gets the interface's packets from, if it routes fast.
  void choose_hook(const Node&, const Node* router, HookChoice, InterfacePlan&);
  // libxdp's dispatcher is made to be shared: what its programs pass Linux gets, and so does a
  // program at tc. Empty: it is not there.
  std::string left_to_dispatcher(const Node&) const;
  // When all have been chosen. Veths that would be sent by with XDP, did their other ends poll.
  void look_at_peers(Plan&) const;

 private:
  // Which hook a device can have at all; `why` says why not.
  bool can_xdp(const Node&, std::string& why) const;
  bool can_tc(std::string& why) const;
  // Whether the device can be the target of an XDP redirect. A bond is none: bpf/ctx/xdp.h. Most
  // drivers become one by having a program, which they will be given.
  bool is_xdp_target(const Node&) const;
  // Some other port of the bridge is one; or, where packets are routed, interface of the router.
  bool has_xdp_target(const Node&, bool routes) const;

  const Given& given_;
  // Those that have XDP or would have it, could frames be sent anywhere; and whether they route.
  std::vector<std::pair<const Node*, bool>> xdp_senders_;
};

}  // namespace tna
