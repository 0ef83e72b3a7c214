// SPDX-License-Identifier: Apache-2.0
#include "cli/leftovers.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <filesystem>

#include "base/fd.h"
#include "base/paths.h"

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

// The lock of a namespace whose daemon is dead, nothing where it lives. Held, it keeps a new one
// from starting while its pins go.
Result<Fd> lock_dead(const std::string& path) {
  Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock && errno == ENOENT) return lock;  // not even the folder: there has been no daemon
  if (!lock) return errno_error("open " + path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return errno_error("lock " + path);
  return lock;
}

}  // namespace

Result<Leftovers> remove_leftovers(const std::string& pins, const std::string& run) {
  Leftovers result;
  std::error_code failed;
  const fs::file_type type = fs::symlink_status(pins, failed).type();
  if (type == fs::file_type::not_found) return result;
  if (type != fs::file_type::directory) return error(pins + " is no folder that can be read");

  for (const fs::directory_entry& entry : TRY(list(pins))) {
    if (!is_folder(entry)) continue;
    auto lock = lock_dead(namespace_lock_path(entry.path().filename(), run));
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
