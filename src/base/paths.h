// SPDX-License-Identifier: Apache-2.0
// Where tnad and tna meet on a machine.
#pragma once

#include <string>

namespace tna {

// The control socket of the daemon that serves this network namespace, or the named one.
inline std::string control_socket_path(const std::string& netns = {}) {
  return netns.empty() ? "/run/tna/tnad.sock" : "/run/tna/" + netns + ".sock";
}

inline constexpr const char* kRunFolder = "/run/tna";

// In the BPF file system: what a tnad pins stands in kPinFolder/ID, where ID is the cookie of the
// network namespace that it serves.
inline constexpr const char* kPinFolder = "/sys/fs/bpf/tna";

// Locked by flock(2) as long as a tnad serves the namespace; the file stays.
inline std::string namespace_lock_path(const std::string& id,
                                       const std::string& run_folder = kRunFolder) {
  return run_folder + "/" + id + ".lock";
}

}  // namespace tna
