// SPDX-License-Identifier: Apache-2.0
#include "deploy/hook_places.h"

#include <cerrno>

#include "tna/hook_abi.h"

namespace tna {
namespace {

struct Place {
  int number;
  int at_xdp, at_tc;  // helpers; 0: it can't be done there
};
constexpr Place kPlaces[] = {
    {TNA_PLACE_LOAD, BPF_FUNC_xdp_load_bytes, BPF_FUNC_skb_load_bytes},
    {TNA_PLACE_STORE, BPF_FUNC_xdp_store_bytes, BPF_FUNC_skb_store_bytes},
    {TNA_PLACE_SUM_L3, 0, BPF_FUNC_l3_csum_replace},
    {TNA_PLACE_SUM_L4, 0, BPF_FUNC_l4_csum_replace},
    {TNA_PLACE_TAIL_XDP, BPF_FUNC_xdp_adjust_tail, 0},
    {TNA_PLACE_TAIL_TC, 0, BPF_FUNC_skb_change_tail},
    {TNA_PLACE_HEAD_XDP, BPF_FUNC_xdp_adjust_head, 0},
    {TNA_PLACE_HEAD_TC, 0, BPF_FUNC_skb_change_head},
    {TNA_PLACE_PULL, 0, BPF_FUNC_skb_pull_data},
};

bpf_insn instead(int helper) {
  if (helper) return {.code = BPF_JMP | BPF_CALL, .imm = helper};
  return {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -EOPNOTSUPP};
}

}  // namespace

std::map<std::size_t, int> places_in(const Instructions& code) {
  std::map<std::size_t, int> places;
  for (const Place& place : kPlaces)
    if (auto at = function_that_returns(code, place.number)) places[*at] = place.number;
  return places;
}

void resolve_places(Instructions& code, bool xdp) {
  for (const Place& place : kPlaces) {
    const auto function = function_that_returns(code, place.number);
    if (!function) continue;
    for (std::size_t at = 0; at < code.size(); at++)
      if (is_call(code[at]) && called(code, at) == *function)
        code[at] = instead(xdp ? place.at_xdp : place.at_tc);
  }
}

}  // namespace tna
