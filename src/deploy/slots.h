// SPDX-License-Identifier: Apache-2.0
// slots.h: puts hooks into the spine, each in its slots (bpf/lib/slots.h, bpf/slot_abi.h).
#pragma once

#include <span>

#include "deploy/code.h"

namespace tna {

// A hook as it goes into a program of one kind: its function comes first, calls are resolved.
struct HookCode {
  Instructions code;
  int memory = -1;           // descriptor of its struct tna_hook_memory
  bool reads_facts = false;  // struct tna_facts, and its headers
  bool reads_headers = false;
  bool says = false;     // a verdict
  bool changes = false;  // the packet
  bool steers = false;   // chooses the interface that it leaves by
  bool alone = false;    // taken_alone(): it may stand in the place of its call
};

struct PlacedHook {
  int slot;  // enum tna_place
  const HookCode* hook;
};

// The spine with these hooks, in this order where they share a slot; what belongs to other slots is
// taken out. `memory`: as the spine names the memory of hooks. `to_linux`: what a program returns
// for packets that are Linux's.
Result<Instructions> with_hooks(Instructions spine, std::span<const PlacedHook>, int memory,
                                int to_linux);

}  // namespace tna
