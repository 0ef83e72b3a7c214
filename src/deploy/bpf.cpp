// SPDX-License-Identifier: Apache-2.0
#include "deploy/bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <new>

#include "deploy/tcx.h"

namespace tna {

BpfObject::~BpfObject() {
  bpf_object__close(object_);
}

namespace {
constexpr std::size_t kPage = 4096;  // every value that is mapped is smaller
}

template <typename T>
MappedValue<T>::~MappedValue() {
  if (memory_) munmap(memory_, kPage);
}

template <typename T>
Result<MappedValue<T>> MappedValue<T>::map(int map_fd, const std::string& name) {
  static_assert(sizeof(T) <= kPage);
  void* memory = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (memory == MAP_FAILED) return errno_error("map the memory of BPF map " + name);
  MappedValue value;
  value.memory_ = static_cast<T*>(memory);
  return value;
}

template class MappedValue<tna_guard>;
template class MappedValue<tna_lease>;
template class MappedValue<tna_app_table>;

Result<BpfLink> BpfLink::attach(Hook hook, IfIndex ifindex, int program_fd,
                                const std::string& pin) {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  if (hook == Hook::xdp) options.flags = XDP_FLAGS_DRV_MODE;
  const char* name = to_string(hook);
  auto type = hook == Hook::xdp ? BPF_XDP : static_cast<bpf_attach_type>(kTcxIngress);
  BpfLink link;
  link.fd_ = Fd(bpf_link_create(program_fd, ifindex, type, &options));
  if (!link.fd_) return errno_error(std::string("attach the ") + name + " program");
  unlink(pin.c_str());  // a dead link of an interface that had the same index
  if (bpf_obj_pin(link.fd_.get(), pin.c_str())) return errno_error("pin the link at " + pin);
  link.pin_ = pin;
  return link;
}

Result<BpfLink> BpfLink::adopt(const std::string& pin, IfIndex& ifindex, std::uint32_t& program) {
  BpfLink link;
  link.fd_ = Fd(bpf_obj_get(pin.c_str()));
  if (!link.fd_) return errno_error("open the pinned link " + pin);
  link.pin_ = pin;
  LinkInfo info{};
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(link.fd_.get(), &info, &size))
    return errno_error("look at the link " + pin);
  ifindex = info.ifindex;
  program = info.prog_id;
  return link;
}

Result<> BpfLink::update(int program_fd) {
  if (bpf_link_update(fd_.get(), program_fd, nullptr)) return errno_error("replace the program");
  return {};
}

void BpfLink::unpin() {
  if (!pin_.empty()) unlink(pin_.c_str());
  pin_.clear();
}

std::uint32_t program_id(int program_fd) {
  bpf_prog_info info{};
  __u32 size = sizeof info;
  return bpf_obj_get_info_by_fd(program_fd, &info, &size) ? 0 : info.id;
}

}  // namespace tna
