// SPDX-License-Identifier: Apache-2.0
#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <filesystem>

namespace tna {
namespace {

// Whoever held the lock before may have removed the folder and another process made a new one.
bool stands_at(const Fd& folder, const std::string& path) {
  struct stat ours {
  }, there{};
  return ::fstat(folder.get(), &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

}  // namespace

Result<Fd> lock_existing_folder(const std::string& path) {
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return errno_error("open the folder " + path);
  if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) return errno_error("lock the folder " + path);
  if (!stands_at(folder, path)) return errno_error("lock the folder " + path, ENOENT);
  return folder;
}

Result<Fd> lock_folder(const std::string& path) {
  for (;;) {
    std::error_code failed;
    std::filesystem::create_directories(path, failed);
    if (failed) return errno_error("make the folder " + path, failed.value());
    Result<Fd> folder = lock_existing_folder(path);
    if (folder || folder.error().code != ENOENT) return folder;
  }
}

}  // namespace tna
