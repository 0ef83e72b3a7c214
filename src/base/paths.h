// SPDX-License-Identifier: Apache-2.0
// Where tnad and tna meet on a machine.
#pragma once

#include <algorithm>
#include <string>

namespace tna {

// The control socket of the daemon that serves this network namespace, or the
// named one; a path's slashes are dashes there: /run/tna/proc-12-ns-net.sock.
inline std::string control_socket_path(std::string netns = {}) {
  if (netns.empty()) return "/run/tna/tnad.sock";
  if (netns.starts_with('/')) netns.erase(0, 1);
  std::ranges::replace(netns, '/', '-');
  return "/run/tna/" + netns + ".sock";
}

// In the BPF file system: what a tnad pins stands in kPinFolder/ID, where ID is
// the cookie of the network namespace that it serves. It holds that folder by
// lock_folder() as long as it lives.
inline constexpr const char* kPinFolder = "/sys/fs/bpf/tna";
// The same for the maps of hooks, which outlive a tnad that was stopped: kHookPinFolder/ID/HOOK.
inline constexpr const char* kHookPinFolder = "/sys/fs/bpf/tna_hooks";

}  // namespace tna
