// SPDX-License-Identifier: Apache-2.0
#include "fpm/helper_program.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "deploy/tcx.h"
#include "instructions.h"

namespace tna::test {
namespace {

constexpr int kTcxEgress = kTcxIngress + 1;

bool is_xdp(HelperProgram::Place place) {
  return place == HelperProgram::xdp || place == HelperProgram::generic_xdp;
}

}  // namespace

HelperProgram HelperProgram::pass(IfIndex ifindex, Place place) {
  return {ifindex,
          place,
          {set(BPF_REG_0, is_xdp(place) ? static_cast<int>(XDP_PASS) : TC_ACT_UNSPEC), kExit}};
}

HelperProgram HelperProgram::drop(IfIndex ifindex, Place place) {
  return {ifindex,
          place,
          {set(BPF_REG_0, is_xdp(place) ? static_cast<int>(XDP_DROP) : TC_ACT_SHOT), kExit}};
}

HelperProgram HelperProgram::push_tag(IfIndex ifindex, std::uint16_t vlan) {
  return {ifindex,
          tcx_egress,
          {set(BPF_REG_2, htons(0x8100)), set(BPF_REG_3, vlan), helper(BPF_FUNC_skb_vlan_push),
           set(BPF_REG_0, TC_ACT_UNSPEC), kExit}};
}

HelperProgram::HelperProgram(IfIndex ifindex, Place place, const std::vector<bpf_insn>& code) {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  if (is_xdp(place)) options.flags = place == xdp ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
  int type = is_xdp(place) ? BPF_XDP : place == tcx_ingress ? kTcxIngress : kTcxEgress;
  program_ = Fd(bpf_prog_load(is_xdp(place) ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS, "helper",
                              "GPL", code.data(), code.size(), nullptr));
  if (program_)
    link_ =
        Fd(bpf_link_create(program_.get(), ifindex, static_cast<bpf_attach_type>(type), &options));
  if (!link_)
    throw std::runtime_error("attach a helper program: " + std::string(std::strerror(errno)));
}

}  // namespace tna::test
