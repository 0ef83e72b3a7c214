// SPDX-License-Identifier: Apache-2.0
#include "fpm/coverage.h"

#include <cstdio>
#include <map>
#include <set>
#include <utility>

#include "fpm/fast_path.h"
#include "fpm/shared_maps.h"

namespace tna::test {
namespace {

constexpr char kOnlyInBuffers[] = "an sk_buff carries it along";
constexpr char kWholeEgress[] = "a redirect at tc goes through the egress side of the device";

// What no test can provoke at that hook, and why.
const std::map<std::pair<Hook, tna_reason>, const char*> kImpossible = {
    {{Hook::xdp, TNA_R_FDB_BUSY}, "a nested hash table needs memory to run out while it grows"},
    {{Hook::tc, TNA_R_FDB_BUSY}, "a nested hash table needs memory to run out while it grows"},
    {{Hook::xdp, TNA_R_NO_ROOM}, "XDP keeps room for far more than a tag before every frame"},
    {{Hook::tc, TNA_R_NO_ROOM}, "a tag beside the frame needs no memory"},
    {{Hook::tc, TNA_R_MULTI_BUFFER}, kOnlyInBuffers},
    {{Hook::tc, TNA_R_TAG_ASIDE}, kOnlyInBuffers},
    {{Hook::xdp, TNA_R_GSO}, "XDP gets no such packets"},
    {{Hook::tc, TNA_R_EGRESS_XMIT}, kWholeEgress},
    {{Hook::tc, TNA_R_EGRESS_VLAN_DEVICE}, kWholeEgress},
    {{Hook::xdp, TNA_R_PEER_XDP}, "a frame that XDP redirected passes generic XDP behind the veth"},
};

std::set<std::pair<Hook, tna_reason>> seen;
std::map<std::pair<Hook, tna_reason>, const char*> lacking;

}  // namespace

void saw(Hook hook, tna_reason reason) {
  seen.insert({hook, reason});
}

void kernel_lacks(tna_reason reason, const char* what) {
  for (Hook hook : {Hook::xdp, Hook::tc}) hook_lacks(hook, reason, what);
}

void hook_lacks(Hook hook, tna_reason reason, const char* what) {
  lacking[{hook, reason}] = what;
}

bool every_reason_was_seen() {
  bool complete = true;
  for (Hook hook : tested_hooks())
    for (int i = 0; i < TNA_R_COUNT; i++) {
      auto reason = static_cast<tna_reason>(i);
      auto impossible = kImpossible.find({hook, reason});
      const char* why = impossible == kImpossible.end() ? nullptr : impossible->second;
      if (lacking.contains({hook, reason})) why = lacking[{hook, reason}];
      bool was_seen = seen.contains({hook, reason});
      if (was_seen != (why != nullptr)) {
        if (why)
          std::printf("%s at %s was not provoked: %s\n", name_of(reason), to_string(hook), why);
        continue;
      }
      complete = false;
      std::printf("%s at %s: %s\n", name_of(reason), to_string(hook),
                  why ? "is listed as impossible, but was seen" : "NO TEST PROVOKED IT");
    }
  return complete;
}

}  // namespace tna::test
