// SPDX-License-Identifier: Apache-2.0
#include "unit/compiled_rules.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>

#include <cstring>

#include "compile/code.h"

namespace tna {
namespace {

constexpr int kLookUp = 1, kLoadBytes = 189;  // bpf_map_lookup_elem, bpf_xdp_load_bytes

template <std::size_t size>
Octets octets(const std::uint8_t (&bytes)[size], std::size_t length) {
  return Octets(bytes, bytes + length);
}

Octets as_kept(std::uint32_t number) {
  Octets kept(sizeof number);
  std::memcpy(kept.data(), &number, sizeof number);
  return kept;
}

// Copies the packet into the facts, and calls the code that follows.
Result<std::vector<bpf_insn>> caller(int facts) {
  Code code;
  const Code::Label known = code.label();
  code.move(7, 1);
  code.store_value(4, 10, -4, 0);
  code.set_map(1, facts);
  code.move(2, 10);
  code.add_value(2, -4);
  code.call(kLookUp);
  const Code::Label none = code.label();
  code.jump_if_null(0, none);
  code.move(6, 0);
  code.move(1, 7);
  code.set(2, 0);
  code.move(3, 6);
  code.set(4, sizeof(tna_rule_facts));
  code.call(kLoadBytes);
  code.jump_if(BPF_JEQ, 0, 0, known);
  code.place(none);
  code.set(0, -1);
  code.exit();
  code.place(known);
  code.move(1, 6);
  auto made = TRY(code.finish());
  bpf_insn call{};
  call.code = BPF_JMP | BPF_CALL;
  call.src_reg = BPF_PSEUDO_CALL;
  call.imm = 1;  // over the exit
  bpf_insn exit{};
  exit.code = BPF_JMP | BPF_EXIT;
  made.push_back(call);
  made.push_back(exit);
  return made;
}

// Instead of the spine's tna_rule_ask().
Result<> add_tree_that_finds_nothing(std::vector<bpf_insn>& code) {
  const std::size_t at = code.size();
  bool asked = false;
  for (std::size_t i = 0; i < at; ++i) {
    if (code[i].code != (BPF_JMP | BPF_CALL) || code[i].src_reg != BPF_PSEUDO_CALL ||
        code[i].imm != kFindRule)
      continue;
    code[i].imm = static_cast<__s32>(at - i) - 1;
    asked = true;
  }
  if (!asked) return {};
  Code none;
  // That field is 0, but the verifier does not know.
  none.load(4, 0, 1, offsetof(tna_rule_facts, tcp_awaits));
  none.change(BPF_XOR, 0, TNA_RULE_NONE);
  none.exit();
  std::vector<bpf_insn> made = TRY(none.finish());
  code.insert(code.end(), made.begin(), made.end());
  return {};
}

}  // namespace

Facts facts_of(const tna_rule_facts& from, std::uint8_t family, RuleHook hook) {
  const bool v4 = family == NFPROTO_IPV4, routed = hook != RuleHook::prerouting;
  Facts facts;
  facts[Field::link] = octets(from.link, 12);
  facts[Field::network] = octets(from.network, v4 ? 20 : 40);
  if (routed) --facts[Field::network][v4 ? 8 : 7];
  facts[Field::transport] = octets(from.transport, from.transport_length);
  facts[Field::nfproto] = {family};
  facts[Field::l4proto] = {from.network[v4 ? 9 : 6]};
  facts[Field::protocol] = v4 ? Octets{8, 0} : Octets{0x86, 0xdd};
  facts[Field::length] = as_kept(from.length);
  facts[Field::mark] = as_kept(from.mark);
  facts[Field::iif] = as_kept(from.iif);
  facts[Field::iifname] = octets(from.iifname, 16);
  facts[Field::iifgroup] = as_kept(from.iifgroup);
  facts[Field::iiftype] = {1, 0};
  facts[Field::pkttype] = {0};
  facts[Field::ct_state] = as_kept(from.ct_state);
  facts[Field::ct_status] = as_kept(from.ct_status);
  facts[Field::ct_mark] = as_kept(from.ct_mark);
  facts[Field::ct_direction] = {static_cast<std::uint8_t>(from.ct_direction)};
  if (!routed) {  // nobody knows yet
    facts[Field::oif] = as_kept(0);
    facts[Field::oifname] = Octets(16, 0);
    return facts;
  }
  facts[Field::oif] = as_kept(from.oif);
  facts[Field::oifname] = octets(from.oifname, 16);
  facts[Field::oifgroup] = as_kept(from.oifgroup);
  facts[Field::oiftype] = {1, 0};
  return facts;
}

Result<RulesInKernel> RulesInKernel::load(const CompiledRules& compiled, std::uint8_t family) {
  const bool v4 = family == NFPROTO_IPV4, v6 = family == NFPROTO_IPV6;
  const auto& function = v4 ? compiled.ipv4 : v6 ? compiled.ipv6 : compiled.frames;
  if (function.empty())
    return error(v4 ? compiled.why_not4 : v6 ? compiled.why_not6 : compiled.why_not_frames);
  return load(compiled, function);
}

Result<RulesInKernel> RulesInKernel::load_zones(const CompiledRules& compiled,
                                                std::uint8_t family) {
  return load(compiled, family == NFPROTO_IPV4 ? compiled.zones4 : compiled.zones6);
}

Result<RulesInKernel> RulesInKernel::load(const CompiledRules& compiled,
                                          const std::vector<bpf_insn>& unlinked) {
  auto rules = std::make_shared<const CompiledRules>(compiled);
  RulesInKernel loaded(TRY(RuleMaps::make(rules, 1)));
  loaded.facts_ = Fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "facts", sizeof(__u32),
                                    sizeof(tna_rule_facts), 1, nullptr));
  if (!loaded.facts_) return errno_error("make a map");
  std::vector<bpf_insn> code = TRY(caller(loaded.facts_.get()));
  const auto function = loaded.maps_.linked(unlinked);
  code.insert(code.end(), function.begin(), function.end());
  TRY(add_tree_that_finds_nothing(code));
  std::string log(1 << 20, '\0');
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  auto load = [&] {
    return Fd(bpf_prog_load(BPF_PROG_TYPE_XDP, "rules", "GPL", code.data(), code.size(), &options));
  };
  loaded.program_ = load();
  if (loaded.program_) return loaded;
  int why = errno;
  options.log_level = 1;
  options.log_buf = log.data();
  options.log_size = log.size();
  load();
  return errno_error("load: " + log.substr(log.size() > 2000 ? log.find('\0') - 1500 : 0), why);
}

std::uint32_t RulesInKernel::verified() const {
  bpf_prog_info info{};
  __u32 size = sizeof info;
  EXPECT_EQ(bpf_obj_get_info_by_fd(program_.get(), &info, &size), 0);
  return info.verified_insns;
}

RulesInKernel::Answer RulesInKernel::ask(const tna_rule_facts& facts) const {
  LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = &facts, .data_size_in = sizeof facts, .repeat = 1);
  EXPECT_EQ(bpf_prog_test_run_opts(program_.get(), &run), 0) << std::strerror(errno);
  Answer answer;
  __u32 key = 0;
  EXPECT_EQ(bpf_map_lookup_elem(facts_.get(), &key, &answer.facts), 0);
  EXPECT_LE(run.retval, 2u);
  answer.decision = run.retval == 0   ? Decision::accept
                    : run.retval == 2 ? Decision::drop
                                      : Decision::punt;
  return answer;
}

std::vector<std::uint64_t> RulesInKernel::Answer::counted(const CompiledRules& rules) const {
  std::vector<std::uint64_t> handles;
  for (std::uint32_t i = 0; i < facts.counted; ++i)
    handles.push_back(rules.counted.at(facts.counters[i]).handle);
  return handles;
}

}  // namespace tna
