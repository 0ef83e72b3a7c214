// SPDX-License-Identifier: Apache-2.0
// Ends what a dead tnad left running: its links live by their files in the BPF
// file system alone.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace tna {

struct Leftovers {
  std::vector<std::string> removed;  // files that went, sorted
  std::vector<std::string> served;   // folders that stayed: the tnad they belong to lives
};

// Removes the folders of dead daemons below `pins` and all that is in them;
// follows no symbolic links. A living daemon holds its folder
// (base/folder_lock.h). No such `pins`: nothing to do.
Result<Leftovers> remove_leftovers(const std::string& pins);

}  // namespace tna
