// SPDX-License-Identifier: Apache-2.0
#include "deploy/link.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <tuple>

#include "capabilities/libbpf_log.h"
#include "deploy/code.h"
#include "deploy/per_cpu.h"

#define TNA_SPINE(name)                           \
  extern const unsigned char tna_object_##name[]; \
  extern const std::size_t tna_object_##name##_size;
TNA_SPINE(pipeline_xdp)
TNA_SPINE(pipeline_xdp_probe)
TNA_SPINE(pipeline_tc)
#undef TNA_SPINE

namespace tna {
namespace {

constexpr std::uint32_t kFrags = 1u << 5;  // BPF_F_XDP_HAS_FRAGS

struct Spine {
  const char* name;
  const unsigned char* bytes;
  std::size_t size;
};

Spine spine_of(Hook hook, bool typed) {
  if (hook == Hook::tc) return {"pipeline_tc", tna_object_pipeline_tc, tna_object_pipeline_tc_size};
  if (typed) return {"pipeline_xdp", tna_object_pipeline_xdp, tna_object_pipeline_xdp_size};
  return {"pipeline_xdp_probe", tna_object_pipeline_xdp_probe, tna_object_pipeline_xdp_probe_size};
}

bpf_object* open_spine(Hook hook, const SpineChoice& choice) {
  Spine spine = spine_of(hook, choice.typed_reads);
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = to_string(hook));
  if (choice.folder.empty()) return bpf_object__open_mem(spine.bytes, spine.size, &options);
  std::string path = choice.folder + "/" + spine.name + ".bpf.o";
  return bpf_object__open_file(path.c_str(), &options);
}

// Types that only a module has stand in its own BTF, where it is one.
bool types_missing(const btf* vmlinux, const char* type, int kind, const char* module) {
  if (vmlinux && btf__find_by_name_kind(vmlinux, type, kind) > 0) return false;
  return access((std::string("/sys/kernel/btf/") + module).c_str(), F_OK) != 0;
}

// The BTF of a module that is loaded; none where it is built in, or not there.
Fd btf_of_module(std::string_view name) {
  for (__u32 id = 0; !bpf_btf_get_next_id(id, &id);) {
    Fd fd(bpf_btf_get_fd_by_id(id));
    char found[64] = "";
    bpf_btf_info info{.name = reinterpret_cast<std::uintptr_t>(found), .name_len = sizeof found};
    __u32 size = sizeof info;
    if (fd && !bpf_obj_get_info_by_fd(fd.get(), &info, &size) && found == name) return fd;
  }
  return {};
}

// The highest number that a call of a module's function has, 0: there is none.
int most_modules(const std::vector<bpf_insn>& code) {
  int most = 0;
  for (const bpf_insn& each : code)
    if (each.code == (BPF_JMP | BPF_CALL) && each.src_reg == BPF_PSEUDO_KFUNC_CALL)
      most = std::max<int>(most, each.off);
  return most;
}

// The verifier's last words: the line before its statistics.
std::string refusal(const std::string& log) {
  std::size_t end = std::min(log.find("\nprocessed "), log.size());
  std::size_t begin = end ? log.rfind('\n', end - 1) : std::string::npos;
  begin = begin == std::string::npos ? 0 : begin + 1;
  return log.substr(begin, end - begin);
}

Result<> share(bpf_object* object, const char* name, int fd) {
  bpf_map* map = bpf_object__find_map_by_name(object, name);
  if (!map) return error(std::string("the pipeline has no map ") + name);
  if (int code = bpf_map__reuse_fd(map, fd))
    return errno_error(std::string("share map ") + name, -code);
  return {};
}

Result<Fd> create_value_map(const char* name, std::uint32_t size, std::uint32_t flags,
                            const void* value) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
  Fd fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(__u32), size, 1, &options));
  __u32 key = 0;
  if (!fd || bpf_map_update_elem(fd.get(), &key, value, BPF_ANY))
    return errno_error(std::string("make map ") + name);
  return fd;
}

// The rules' own maps instead of those of the spine.
void put_in_place(std::vector<bpf_insn>& code, const RuleMaps& rules,
                  const std::map<std::string, int>& spine) {
  std::map<int, int> by_fd;
  for (const auto& [name, fd] : rules.in_place())
    if (auto known = spine.find(name); known != spine.end()) by_fd[known->second] = fd;
  for (bpf_insn& instruction : code) {
    if (instruction.code != (BPF_LD | BPF_IMM | BPF_DW) || !instruction.src_reg) continue;
    if (auto own = by_fd.find(instruction.imm); own != by_fd.end()) instruction.imm = own->second;
  }
}

// The call of tna_rule_ask() that is never made (bpf/fpm/rules.h).
Result<std::size_t> call_for_the_loader(const std::vector<bpf_insn>& code) {
  bool named = false;
  for (std::size_t at = 0; at < code.size(); at++) {
    named |= BPF_OP(code[at].code) == BPF_MOV && BPF_SRC(code[at].code) == BPF_K &&
             code[at].dst_reg == BPF_REG_2 && code[at].imm == TNA_RULE_FIND_PLACE;
    if (named && is_call(code[at])) return at;
  }
  return error("the pipeline does not call tna_rule_ask()");
}

// Calls of the function that returns the number become calls of the one given, which gets its place
// behind all others; but for the call that comes after the loader's, which is never made.
Result<> put_in_place(std::vector<bpf_insn>& code, std::int32_t number,
                      const std::vector<bpf_insn>& function) {
  const std::size_t for_the_loader = TRY(call_for_the_loader(code));
  const auto before = function_that_returns(code, number);
  if (!before) return error("the pipeline has no place for rules");
  const std::size_t ask = called(code, for_the_loader), begin = code.size();
  bool kept = false;
  for (std::size_t at = 0; at < begin; at++) {
    if (!is_call(code[at]) || called(code, at) != *before) continue;
    if (at > for_the_loader && !kept)
      kept = true;
    else
      call(code, at, begin);
  }
  append(code, function);
  for (std::size_t at = begin; at < code.size(); at++)
    if (is_call(code[at])) call(code, at, ask);
  return {};
}

}  // namespace

void LoadedProgram::arm(const tna_guard& wanted) {
  guard->armed = 0;
  guard->net = wanted.net;
  for (int i = 0; i < TNA_HOOKS; i++) {
    guard->hooks_bridge[i] = wanted.hooks_bridge[i];
    guard->hooks_ipv4[i] = wanted.hooks_ipv4[i];
    guard->hooks_ipv6[i] = wanted.hooks_ipv6[i];
    guard->routed_ipv4[i] = wanted.routed_ipv4[i];
    guard->routed_ipv6[i] = wanted.routed_ipv6[i];
  }
  for (int i = 0; i < TNA_LOCAL_WAY; i++) {
    guard->local_ipv4[i] = wanted.local_ipv4[i];
    guard->local_ipv6[i] = wanted.local_ipv6[i];
  }
  for (int i = 0; i < TNA_LOCAL_HOOKS; i++)
    guard->hooks_bridge_local[i] = wanted.hooks_bridge_local[i];
  guard->call_iptables = wanted.call_iptables;
  guard->call_ip6tables = wanted.call_ip6tables;
  guard->filter_vlan_tagged = wanted.filter_vlan_tagged;
  guard->filter_pppoe_tagged = wanted.filter_pppoe_tagged;
  guard->taps = wanted.taps;
  guard->takers4 = wanted.takers4;
  guard->takers6 = wanted.takers6;
  guard->only4 = wanted.only4;
  guard->only6 = wanted.only6;
  guard->route_mtu4 = wanted.route_mtu4;
  guard->route_mtu6 = wanted.route_mtu6;
  // Before the words that rules are compared by: a packet that finds those new finds this new, too.
  guard->rules_version = wanted.rules_version;
  guard->nft_generation_at = wanted.nft_generation_at;
  guard->nft_generation = wanted.nft_generation;
  for (int i = 0; i < TNA_TABLES; i++) {
    guard->tables4[i].at = wanted.tables4[i].at;
    guard->tables4[i].rules = wanted.tables4[i].rules;
    guard->tables6[i].at = wanted.tables6[i].at;
    guard->tables6[i].rules = wanted.tables6[i].rules;
  }
  guard->hz = wanted.hz;
  guard->refresh_after = wanted.refresh_after;
  guard->reported = 0;
  guard->armed = wanted.armed;
}

Result<Pipeline> Pipeline::open(Hook hook, const SpineChoice& choice, const SharedMaps& shared,
                                bool routes) {
  Pipeline pipeline;
  pipeline.hook_ = hook;
  pipeline.routes_ = routes;
  std::unique_ptr<btf, void (*)(btf*)> vmlinux(btf__load_vmlinux_btf(), btf__free);
  pipeline.without_bridge_ =
      types_missing(vmlinux.get(), "net_bridge_opts", BTF_KIND_ENUM, "bridge");
  pipeline.without_veth_ = types_missing(vmlinux.get(), "veth_priv", BTF_KIND_STRUCT, "veth");
  pipeline.without_connections_ =
      types_missing(vmlinux.get(), "bpf_ct_release", BTF_KIND_FUNC, "nf_conntrack");
  pipeline.without_nat_ = types_missing(vmlinux.get(), "nf_conn_nat", BTF_KIND_STRUCT, "nf_nat");
  LibbpfLog log;
  pipeline.object_ = BpfObject(open_spine(hook, choice));
  bpf_object* object = pipeline.object_.get();
  if (!object) return errno_error("open the pipeline (" + log.last() + ")");
  bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "tna_counters"),
                           shared.counters_entries);
  for (const char* name : {"tna_routes", "tna_routes6"})
    if (bpf_map* kept = bpf_object__find_map_by_name(object, name); kept && routes)
      bpf_map__set_max_entries(kept, TNA_ROUTES_KEPT * TRY(processors()));
  TRY(share(object, "tna_slots", shared.slots));
  TRY(share(object, "tna_counters", shared.counters));
  TRY(share(object, "tna_events", shared.events));
  for (auto [name, fd] : {std::pair{"tna_flows", shared.flows},
                          {"tna_apps", shared.apps},
                          {"tna_app_sockets", shared.app_sockets},
                          {"tna_app_counters", shared.app_counters},
                          {"tna_connections", shared.connections}})
    if (bpf_object__find_map_by_name(object, name)) TRY(share(object, name, fd));
  TRY(share(object, ".data.lease", shared.lease));

  bpf_program* program = bpf_object__next_program(object, nullptr);
  std::string verifier(1 << 16, '\0');
  bpf_program__set_log_buf(program, verifier.data(), verifier.size());
  if (int code = bpf_object__load(object))
    return errno_error("load the pipeline (" + log.last() + "; " + refusal(verifier.c_str()) + ")",
                       -code);
  pipeline.instructions_.assign(bpf_program__insns(program),
                                bpf_program__insns(program) + bpf_program__insn_cnt(program));
  if (const int most = most_modules(pipeline.instructions_)) {
    pipeline.module_btf_ = btf_of_module("nf_conntrack");
    pipeline.modules_.assign(most + 1, pipeline.module_btf_.get());
  }
  pipeline.constants_fd_ = bpf_map__fd(bpf_object__find_map_by_name(object, ".rodata"));
  pipeline.guard_fd_ = bpf_map__fd(bpf_object__find_map_by_name(object, ".data.guard"));
  if (const bpf_map* memory = bpf_object__find_map_by_name(object, "tna_hook_memory"))
    pipeline.hook_memory_fd_ = bpf_map__fd(memory);
  for (const char* name :
       {"tna_rule_counters", "tna_rule_cells", ".rodata.rules", "tna_rules_kept"})
    if (const bpf_map* map = bpf_object__find_map_by_name(object, name))
      pipeline.rule_maps_[name] = bpf_map__fd(map);
  return pipeline;
}

Result<LoadedProgram> Pipeline::load(const tna_const& constants, const tna_guard& guard,
                                     const RuleMaps* rules,
                                     std::span<const PlacedHook> hooks) const {
  auto start = std::chrono::steady_clock::now();
  LoadedProgram program;
  program.constants =
      TRY(create_value_map("tna_const", sizeof constants, BPF_F_RDONLY_PROG, &constants));
  if (bpf_map_freeze(program.constants.get())) return errno_error("freeze the constants");
  program.guard_map = TRY(create_value_map("tna_guard", sizeof guard, BPF_F_MMAPABLE, &guard));
  program.guard = TRY(MappedValue<tna_guard>::map(program.guard_map.get(), "tna_guard"));

  std::vector<bpf_insn> code = instructions_;
  for (bpf_insn& instruction : code) {
    if (instruction.code != (BPF_LD | BPF_IMM | BPF_DW)) continue;
    const bool value = instruction.src_reg == BPF_PSEUDO_MAP_VALUE;
    if (value && instruction.imm == constants_fd_)
      instruction.imm = program.constants.get();
    else if (value && instruction.imm == guard_fd_)
      instruction.imm = program.guard_map.get();
  }
  if (rules) {
    put_in_place(code, *rules, rule_maps_);
    const CompiledRules& made = rules->rules();
    for (auto [on, place, function] :
         {std::tuple{constants.rules4, TNA_RULES4_PLACE, &made.ipv4},
          {constants.rules6, TNA_RULES6_PLACE, &made.ipv6},
          {constants.zones4, TNA_ZONES4_PLACE, &made.zones4},
          {constants.zones6, TNA_ZONES6_PLACE, &made.zones6},
          {constants.frame_rules, TNA_RULES_FRAME_PLACE, &made.frames}})
      if (on) TRY(put_in_place(code, place, rules->linked(*function)));
  }
  code = TRY(with_hooks(std::move(code), hooks, hook_memory_fd_,
                        hook_ == Hook::xdp ? static_cast<int>(XDP_PASS) : TC_ACT_UNSPEC));

  bool xdp = hook_ == Hook::xdp;
  std::string verifier(1 << 16, '\0');
  LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = xdp ? kFrags : 0,
              .fd_array = modules_.empty() ? nullptr : modules_.data());
  auto load = [&] {
    return Fd(bpf_prog_load(xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS,
                            xdp ? "tna_xdp" : "tna_tc", "Dual BSD/GPL", code.data(), code.size(),
                            &options));
  };
  program.fd = load();
  if (!program.fd) {  // once more, for the verifier's words: writing them takes it time
    int code_of_refusal = errno;
    options.log_level = 1;
    options.log_buf = verifier.data();
    options.log_size = verifier.size();
    load();
    return errno_error("load the program (" + refusal(verifier.c_str()) + ")", code_of_refusal);
  }
  bpf_prog_info info{};
  __u32 size = sizeof info;
  if (!bpf_obj_get_info_by_fd(program.fd.get(), &info, &size))
    program.instructions = info.xlated_prog_len / sizeof(bpf_insn);
  program.load_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return program;
}

}  // namespace tna
