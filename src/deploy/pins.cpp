// SPDX-License-Identifier: Apache-2.0
#include "deploy/pins.h"

#include <bpf/bpf.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "deploy/deployer.h"

namespace tna {
namespace {

bool fits(int fd, const MapShape& shape) {
  bpf_map_info info{};
  __u32 size = sizeof info;
  return !bpf_obj_get_info_by_fd(fd, &info, &size) && info.type == shape.type &&
         info.value_size == shape.value_size && info.max_entries >= shape.entries;
}

}  // namespace

Result<Fd> pinned_map(const std::string& folder, const MapShape& shape) {
  std::string path = folder + "/" + shape.name;
  Fd found(bpf_obj_get(path.c_str()));
  if (found && fits(found.get(), shape)) return found;
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = shape.flags);
  Fd made(bpf_map_create(static_cast<bpf_map_type>(shape.type), shape.name, shape.key_size,
                         shape.value_size, shape.entries, &options));
  if (!made) return errno_error(std::string("make BPF map ") + shape.name);
  unlink(path.c_str());
  if (bpf_obj_pin(made.get(), path.c_str())) return errno_error("pin BPF map at " + path);
  return made;
}

std::uint32_t counters_entries(int map_fd) {
  bpf_map_info info{};
  __u32 size = sizeof info;
  return bpf_obj_get_info_by_fd(map_fd, &info, &size) ? 0 : info.max_entries;
}

Result<> ensure_bpffs() {
  constexpr const char* kPath = "/sys/fs/bpf";
  struct statfs status {};
  if (statfs(kPath, &status)) return errno_error(std::string("look at ") + kPath);
  if (static_cast<unsigned long>(status.f_type) == BPF_FS_MAGIC) return {};
  if (mount("bpf", kPath, "bpf", 0, "mode=0700"))
    return errno_error(std::string("mount the BPF file system at ") + kPath);
  return {};
}

}  // namespace tna
