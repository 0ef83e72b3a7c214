// SPDX-License-Identifier: Apache-2.0
#include "capabilities/xdp_operations.h"

namespace tna {
namespace {

constexpr std::uint64_t kBasicAndRedirect = 3, kNdoXmit = 4;  // NETDEV_XDP_ACT_*
constexpr std::uint64_t kNetdevAlign = 32;                    // NETDEV_ALIGN
constexpr int kDriverMode = 1;                                // XDP_MODE_DRV

// Follows pointers: the word at `offset` behind an address. Nothing where a type is unknown.
class Walk {
 public:
  Walk(KernelMemory& memory, std::uint64_t address) : memory_(memory), address_(address) {}
  Walk& to(std::optional<std::uint32_t> offset) {
    if (!address_ || !offset) return fail();
    auto next = memory_.read<std::uint64_t>(address_ + *offset);
    if (!next) return fail();
    address_ = *next;
    return *this;
  }
  // From a struct net_device to what its driver keeps behind it (netdev_priv).
  Walk& to_private() {
    auto size = memory_.size("net_device");
    if (!address_ || !size) return fail();
    address_ += (*size + kNetdevAlign - 1) & ~(kNetdevAlign - 1);
    return *this;
  }
  explicit operator bool() const { return address_; }

 private:
  Walk& fail() {
    address_ = 0;
    return *this;
  }
  KernelMemory& memory_;
  std::uint64_t address_;
};

bool peer_polls(KernelMemory& memory, std::uint64_t device) {
  auto veth = [&](const char* type, const char* member) {
    return memory.offset(type, member, "veth");
  };
  Walk walk(memory, device);
  return bool(walk.to_private()
                  .to(veth("veth_priv", "peer"))
                  .to_private()
                  .to(veth("veth_priv", "rq"))
                  .to(veth("veth_rq", "napi")));
}

bool has_program(KernelMemory& memory, std::uint64_t device) {
  auto states = memory.offset("net_device", "xdp_state");
  auto size = memory.size("bpf_xdp_entity");
  if (!states || !size) return false;
  std::uint64_t state = device + *states + kDriverMode * *size;
  return Walk(memory, state).to(memory.offset("bpf_xdp_entity", "link")) ||
         Walk(memory, state).to(memory.offset("bpf_xdp_entity", "prog"));
}

}  // namespace

std::uint64_t xdp_operations(KernelMemory& memory, IfIndex ifindex, bool veth) {
  auto device = memory.device(ifindex);
  if (!device) return 0;
  auto operation = [&](const char* name) {
    Walk walk(memory, *device);
    return bool(walk.to(memory.offset("net_device", "netdev_ops"))
                    .to(memory.offset("net_device_ops", name)));
  };
  if (!operation("ndo_bpf")) return 0;
  bool takes = operation("ndo_xdp_xmit") &&
               (veth ? peer_polls(memory, *device) : has_program(memory, *device));
  return kBasicAndRedirect | (takes ? kNdoXmit : 0);
}

}  // namespace tna
