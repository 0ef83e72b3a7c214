// SPDX-License-Identifier: Apache-2.0
// Small BPF programs of somebody else, attached to the interface as long as they live.
#pragma once

#include <linux/bpf.h>

#include <vector>

#include "base/fd.h"
#include "base/net_types.h"

namespace tna::test {

class HelperProgram {
 public:
  enum Place { tcx_ingress, tcx_egress, xdp, generic_xdp };

  static HelperProgram pass(IfIndex, Place);
  static HelperProgram drop(IfIndex, Place);
  // tcx_egress: puts the tag beside the frame, as a VLAN device would.
  static HelperProgram push_tag(IfIndex, std::uint16_t vlan);

 private:
  HelperProgram(IfIndex, Place, const std::vector<bpf_insn>&);
  Fd program_, link_;
};

}  // namespace tna::test
