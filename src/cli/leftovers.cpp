// SPDX-License-Identifier: Apache-2.0
#include "cli/leftovers.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/folder_lock.h"

namespace tna {
namespace {

namespace fs = std::filesystem;

Result<std::vector<fs::directory_entry>> list(const fs::path& folder) {
  std::error_code failed;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed))
    entries.push_back(*it);
  if (failed) return errno_error("list " + folder.string(), failed.value());
  return entries;
}

bool is_folder(const fs::directory_entry& entry) {
  std::error_code failed;
  return entry.symlink_status(failed).type() == fs::file_type::directory;
}

Result<> remove_one(const fs::path& path) {
  std::error_code failed;
  fs::remove(path, failed);
  if (failed) return errno_error("remove " + path.string(), failed.value());
  return {};
}

// Files first, then the folder that held them, which must be empty to go.
Result<> remove_tree(const fs::path& folder, std::vector<std::string>& removed) {
  for (const fs::directory_entry& entry : TRY(list(folder))) {
    if (is_folder(entry)) {
      TRY(remove_tree(entry.path(), removed));
    } else {
      TRY(remove_one(entry.path()));
      removed.push_back(entry.path());
    }
  }
  return remove_one(folder);
}

}  // namespace

Result<Leftovers> remove_leftovers(const std::string& pins) {
  Leftovers result;
  std::error_code failed;
  const fs::file_type type = fs::symlink_status(pins, failed).type();
  if (type == fs::file_type::not_found) return result;
  if (type != fs::file_type::directory) return error(pins + " is no folder that can be read");

  for (const fs::directory_entry& entry : TRY(list(pins))) {
    if (!is_folder(entry)) continue;
    // Held, it keeps a new daemon from starting while its pins go.
    auto lock = lock_existing_folder(entry.path());
    if (!lock && lock.error().code == EWOULDBLOCK) {
      result.served.push_back(entry.path());
      continue;
    }
    if (!lock) return std::unexpected(lock.error());
    TRY(remove_tree(entry.path(), result.removed));
  }
  std::ranges::sort(result.removed);
  std::ranges::sort(result.served);
  return result;
}

}  // namespace tna
