// SPDX-License-Identifier: Apache-2.0
#include "capabilities/probe_kernel.h"

#include <bpf/bpf.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>

#include "capabilities/probe_rules.h"
#include "capabilities/tap_list.h"

namespace tna {
namespace {

constexpr int kTcxIngress = 46;  // BPF_TCX_INGRESS, newer than Debian 12's headers (6.6)

// Attaching to an interface that does not exist: a kernel that knows tcx looks for it first.
Feature probe_tcx() {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  bpf_insn nothing[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
                        {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  LIBBPF_OPTS(bpf_prog_load_opts, load);
  int program = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "tna_try", "GPL", nothing, 2, &load);
  if (program < 0)
    return {kFeatureTcx, false,
            std::string("tc programs can't be loaded: ") + std::strerror(errno)};
  int link =
      bpf_link_create(program, 0x7fffffff, static_cast<bpf_attach_type>(kTcxIngress), &options);
  int code = errno;
  close(program);
  if (link >= 0) close(link);
  if (link >= 0 || code == ENODEV)
    return {kFeatureTcx, true, "BPF_LINK_CREATE knows BPF_TCX_INGRESS"};
  return {kFeatureTcx, false,
          std::string("the kernel has no tcx (6.6 and later): ") + std::strerror(code)};
}

// The first of the members that the kernel's type has.
Feature member(const KernelMemory& memory, const char* name, const char* type,
               std::initializer_list<const char*> fields, const char* without) {
  for (const char* field : fields)
    if (memory.offset(type, field))
      return {name, true, std::string("struct ") + type + " has " + field};
  return {name, false, without};
}

Feature probe_taps(KernelMemory& memory) {
  auto net = memory.net();
  if (!net || !tap_list(memory, *net))
    return {kFeatureTapGuard, false, "packet sockets on all interfaces can't be seen per packet"};
  bool own = memory.offset("net", "ptype_all").has_value();
  return {kFeatureTapGuard, true,
          own ? "struct net has ptype_all"
              : "a list for all network namespaces: a packet socket in any of them counts"};
}

// As of now: connection tracking may be a module, and come later (probe_rules.h).
Feature probe_zones(const KernelMemory& memory) {
  if (looks_by_zone(memory)) return {kFeatureZones, true, "struct bpf_ct_opts has ct_zone_id"};
  if (memory.offset("bpf_ct_opts", "netns_id", "nf_conntrack"))
    return {kFeatureZones, false, "(6.11 and later) struct bpf_ct_opts has no ct_zone_id"};
  return {kFeatureZones, false, "nf_conntrack isn't there; it is looked at again when it is"};
}

}  // namespace

KernelCapabilities probe_kernel(KernelMemory& memory) {
  KernelCapabilities kernel;
  utsname names{};
  if (!uname(&names)) kernel.release = names.release;
  kernel.hz = memory.hz();
  auto typed = memory.typed_reads();
  kernel.features.push_back(
      {kFeatureTypedReads, typed.has_value(),
       typed ? "bpf_rdonly_cast reads a bridge port"
             : typed.error().message + "; bpf_probe_read_kernel, which is slower, is used"});
  kernel.features.push_back(probe_tcx());
  kernel.features.push_back(probe_taps(memory));
  kernel.features.push_back(member(memory, kFeatureTcGuard, "net_device",
                                   {"tcx_ingress", "miniq_ingress"},
                                   "tc programs can't be seen per packet"));
  kernel.features.push_back(
      member(memory, kFeatureRedirectGuard, "net_device", {"xdp_features", "xdp_state"},
             "whether a device takes redirected frames can't be seen per packet"));
  kernel.features.push_back(member(memory, kFeatureXdpFeatures, "net_device", {"xdp_features"},
                                   "(6.3 and later) its driver's operations are looked at"));
  kernel.features.push_back(member(memory, "bridge VLAN filtering", "net_bridge_port", {"vlgrp"},
                                   "the kernel was built without it"));
  kernel.features.push_back(member(memory, "VLAN devices", "net_device", {"vlan_info"},
                                   "the kernel was built without them"));
  kernel.features.push_back(probe_zones(memory));
  return kernel;
}

bool KernelCapabilities::has(const std::string& feature) const {
  return std::ranges::any_of(features,
                             [&](const Feature& f) { return f.name == feature && f.available; });
}

std::string KernelCapabilities::detail(const std::string& feature) const {
  auto found = std::ranges::find(features, feature, &Feature::name);
  return found == features.end() ? "not probed: " + feature : found->detail;
}

}  // namespace tna
