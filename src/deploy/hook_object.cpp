// SPDX-License-Identifier: Apache-2.0
// libbpf reads the object, makes its maps and relocates its code; instead of that code, which would
// be no program by itself, it is given one to load that does nothing.
#include "deploy/hook_object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <set>

#include "capabilities/libbpf_log.h"
#include "deploy/alone.h"
#include "deploy/hook_places.h"
#include "deploy/instructions.h"
#include "deploy/per_cpu.h"
#include "slot_abi.h"

namespace tna {
namespace {

constexpr std::string_view kSection = "tna/";
constexpr const char* kMemory = "tna_hook";

Instructions code_taken;  // of the program that is being loaded

int take_code_of(bpf_program* program, bpf_prog_load_opts* options, long) {
  static bpf_insn nothing[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
  code_taken.assign(bpf_program__insns(program),
                    bpf_program__insns(program) + bpf_program__insn_cnt(program));
  options->func_info_cnt = options->line_info_cnt = 0;
  options->func_info = options->line_info = nullptr;
  return bpf_program__set_insns(program, nothing, std::size(nothing));
}

// Programs in sections that libbpf does not know: ours, and those of other ABIs.
bool hear_of_hooks() {
  LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = take_code_of);
  static const int handler =
      libbpf_register_prog_handler(nullptr, BPF_PROG_TYPE_XDP, bpf_attach_type{}, &options);
  return handler > 0;
}

struct Contract {
  HookKind kind;
  int abi;
};

Result<Contract> contract_of(const bpf_program* program) {
  std::string_view section = bpf_program__section_name(program);
  const std::string shown = "the program " + std::string(bpf_program__name(program)) +
                            " is in section \"" + std::string(section) + "\"";
  if (!section.starts_with(kSection))
    return error(shown +
                 ": hooks begin with TNA_OBSERVER, TNA_FILTER, TNA_TRANSFORMER or TNA_STEER of "
                 "tna/hook.h");
  section.remove_prefix(kSection.size());
  const std::size_t slash = section.find('/');
  const std::string_view name = section.substr(0, slash);
  Contract contract{};
  const auto* kind =
      std::ranges::find_if(kHookKinds, [&](HookKind each) { return name == to_string(each); });
  if (kind == std::end(kHookKinds)) return error(shown + ": there is no such kind of hook");
  contract.kind = *kind;
  const std::string_view abi = slash == std::string_view::npos ? "" : section.substr(slash + 1);
  const auto [end, failure] = std::from_chars(abi.data(), abi.data() + abi.size(), contract.abi);
  if (failure != std::errc() || end != abi.data() + abi.size())
    return error(shown + ", which does not say for which ABI it was compiled");
  if (contract.abi != TNA_HOOK_ABI)
    return error("the hook was compiled for ABI " + std::to_string(contract.abi) +
                 " of tna/hook.h; this tnad has " + std::to_string(TNA_HOOK_ABI) +
                 ": compile it anew");
  return contract;
}

// Type behind qualifiers and names; whether `const` was among them.
const btf_type* plain_type(const btf* types, __u32 id, bool* constant = nullptr) {
  for (int i = 0; i < 32; i++) {
    const btf_type* type = btf__type_by_id(types, id);
    if (!type) return nullptr;
    if (constant && btf_is_const(type)) *constant = true;
    if (!btf_is_mod(type) && !btf_is_typedef(type)) return type;
    id = type->type;
  }
  return nullptr;
}

bool points_to(const btf* types, __u32 id, const char* name, bool constant, __u32 size) {
  const btf_type* pointer = plain_type(types, id);
  if (!pointer || !btf_is_ptr(pointer)) return false;
  bool is_constant = false;
  const btf_type* type = plain_type(types, pointer->type, &is_constant);
  if (!type || is_constant != constant) return false;
  const char* its_name = btf__name_by_offset(types, type->name_off);
  if (!its_name || std::string_view(its_name) != name) return false;
  return btf_is_fwd(type) ? !size : btf_is_struct(type) && (!size || type->size == size);
}

// The function is of the type that its contract says.
Result<> check_type(const bpf_object* object, const bpf_program* program, HookKind kind) {
  const std::string name = bpf_program__name(program);
  const btf* types = bpf_object__btf(object);
  if (!types) return error("the object has no BTF: compile it with -g");
  const __s32 id = btf__find_by_name_kind(types, name.c_str(), BTF_KIND_FUNC);
  const btf_type* function = id > 0 ? btf__type_by_id(types, id) : nullptr;
  const btf_type* prototype = function ? btf__type_by_id(types, function->type) : nullptr;
  if (!prototype || !btf_is_func_proto(prototype))
    return error("the object's BTF has no function " + name);
  const btf_param* parameters = btf_params(prototype);
  const int count = btf_vlen(prototype), wanted = kind == HookKind::observer ? 1 : 2;
  const btf_type* returned = plain_type(types, prototype->type);
  if (count != wanted ||
      !points_to(types, parameters[0].type, "tna_facts", true, sizeof(tna_facts)) ||
      (wanted == 2 && !points_to(types, parameters[1].type, "tna_packet", false, 0)) || !returned ||
      (!btf_is_int(returned) && !btf_is_any_enum(returned)))
    return error("the function " + name + " is not what a hook of kind " + to_string(kind) +
                 " has to be: define it by the macro of tna/hook.h");
  return {};
}

bool is_constant(const bpf_map* map) {
  return bpf_map__is_internal(map) && std::string_view(bpf_map__name(map)).ends_with(".rodata");
}

std::string pin_of(const std::string& folder, const bpf_map* map) {
  std::string name = bpf_map__name(map);
  std::ranges::replace(name, '.', '_');
  return folder + "/" + name;
}

bool same_shape(int fd, const bpf_map* map) {
  bpf_map_info info{};
  __u32 size = sizeof info;
  return !bpf_obj_get_info_by_fd(fd, &info, &size) && info.type == bpf_map__type(map) &&
         info.key_size == bpf_map__key_size(map) && info.value_size == bpf_map__value_size(map) &&
         info.max_entries == bpf_map__max_entries(map) && info.map_flags == bpf_map__map_flags(map);
}

Result<> take_over_maps(bpf_object* object, const std::string& pins) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (bpf_map__type(map) == BPF_MAP_TYPE_PROG_ARRAY ||
        bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
      return error(std::string("map ") + bpf_map__name(map) +
                   ": hooks can't have maps of programs");
    if (bpf_map__pin_path(map)) bpf_map__set_pin_path(map, nullptr);  // where, TNA knows
    if (pins.empty() || is_constant(map)) continue;
    Fd fd(bpf_obj_get(pin_of(pins, map).c_str()));
    if (!fd || !same_shape(fd.get(), map)) continue;
    if (int code = bpf_map__reuse_fd(map, fd.get()))
      return errno_error(std::string("take over the hook's map ") + bpf_map__name(map), -code);
  }
  return {};
}

Result<Fd> memory_of(const std::string& pins) {
  Fd fd(pins.empty() ? -1 : bpf_obj_get((pins + "/" + kMemory).c_str()));
  bpf_map_info info{};
  __u32 size = sizeof info;
  if (fd && !bpf_obj_get_info_by_fd(fd.get(), &info, &size) &&
      info.type == BPF_MAP_TYPE_PERCPU_ARRAY && info.value_size == sizeof(tna_hook_memory))
    return fd;
  Fd made(bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, kMemory, sizeof(__u32), sizeof(tna_hook_memory),
                         1, nullptr));
  if (!made) return errno_error("make the memory of a hook");
  return made;
}

bool is_gpl(const bpf_program* program) {
  bpf_prog_info info{};
  __u32 size = sizeof info;
  return !bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) && info.gpl_compatible;
}

}  // namespace

// libbpf trusts what it reads, and a damaged object may end the process: so another one tries
// first.
Result<> HookObject::try_to_read(const std::string& path) {
  constexpr unsigned kPatience = 10;  // seconds
  const pid_t child = ::fork();
  if (child < 0) return errno_error("start a process that reads " + path);
  if (child == 0) {
    const rlimit none{};
    ::setrlimit(RLIMIT_CORE, &none);
    for (int signal : {SIGALRM, SIGSEGV, SIGABRT, SIGBUS}) ::signal(signal, SIG_DFL);
    ::alarm(kPatience);
    static_cast<void>(read(path, ""));
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return errno_error("wait for the process that reads " + path);
  if (status) return error(path + ": libbpf can't read it: the object is damaged");
  return {};
}

Result<HookObject> HookObject::open(const std::string& path, const std::string& pins) {
  TRY(try_to_read(path));
  return read(path, pins);
}

Result<HookObject> HookObject::read(const std::string& path, const std::string& pins) {
  if (!hear_of_hooks()) return error("libbpf does not take hooks");
  LibbpfLog log;
  const auto failed = [&](const std::string& what) {
    const std::string words = log.last();
    return error(path + ": " + what + (words.empty() ? "" : " (" + words + ")"));
  };
  HookObject made;
  made.pins_ = pins;
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "hook");
  made.object_ = BpfObject(bpf_object__open_file(path.c_str(), &options));
  bpf_object* object = made.object_.get();
  if (!object) return failed(std::string("no BPF object: ") + std::strerror(errno));
  bpf_program* program = bpf_object__next_program(object, nullptr);
  if (!program) return error(path + ": there is no hook in it");
  if (bpf_object__next_program(object, program))
    return error(path + ": there are several programs in it; a hook has a file of its own");
  const auto within = [&](const Error& why) { return error(path + ": " + why.message, why.code); };
  const Result<Contract> contract = contract_of(program);
  if (!contract) return within(contract.error());
  made.kind_ = contract->kind;
  made.function_ = bpf_program__name(program);
  if (auto right = check_type(object, program, made.kind_); !right) return within(right.error());
  if (auto maps = take_over_maps(object, pins); !maps) return within(maps.error());
  bpf_program__set_type(program, BPF_PROG_TYPE_XDP);
  code_taken.clear();
  if (bpf_object__load(object)) return failed(std::string("load it: ") + std::strerror(errno));
  if (code_taken.empty()) return error(path + ": libbpf did not show the hook's code");
  if (!is_gpl(program))
    return error(path +
                 ": its license is not compatible with the GPL, which the fast path needs: "
                 "TNA_LICENSE(\"GPL\")");
  made.memory_ = TRY(memory_of(pins));
  if (auto taken = made.take_code(std::exchange(code_taken, {})); !taken)
    return within(taken.error());
  return made;
}

Result<> HookObject::take_code(Instructions code) {
  const HookReads reads = TRY(check_hook(code, kind_));
  const bool says = kind_ != HookKind::observer, changes = kind_ == HookKind::transformer,
             steers = kind_ == HookKind::steer;
  for (HookCode* each : {&xdp_, &tc_}) {
    *each = {code, memory_.get(), reads.facts, reads.headers, says, changes, steers};
    resolve_places(each->code, each == &xdp_);
    if (!says)  // an observer has nothing to look for there
      each->code.insert(each->code.begin(), set(BPF_REG_2, 0));
    each->alone = taken_alone(*each, each == &xdp_ ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS);
  }
  return {};
}

Result<> HookObject::pin() const {
  if (pins_.empty()) return {};
  std::error_code failure;
  std::filesystem::create_directories(pins_, failure);
  if (failure) return errno_error("make the folder of pins " + pins_, failure.value());
  std::set<std::string> wanted;
  const auto pin = [&](int fd, const std::string& path) -> Result<> {
    wanted.insert(path);
    bpf_map_info old{}, own{};
    __u32 old_size = sizeof old, own_size = sizeof own;
    Fd there(bpf_obj_get(path.c_str()));
    if (there && !bpf_obj_get_info_by_fd(there.get(), &old, &old_size) &&
        !bpf_obj_get_info_by_fd(fd, &own, &own_size) && old.id == own.id)
      return {};
    unlink(path.c_str());
    if (bpf_obj_pin(fd, path.c_str())) return errno_error("pin a map of the hook at " + path);
    return {};
  };
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_.get()) TRY(pin(bpf_map__fd(map), pin_of(pins_, map)));
  TRY(pin(memory_.get(), pins_ + "/" + kMemory));
  for (const auto& entry : std::filesystem::directory_iterator(pins_, failure))
    if (!wanted.contains(entry.path())) unlink(entry.path().c_str());
  return {};
}

int HookObject::map(const std::string& name) const {
  const bpf_map* map = bpf_object__find_map_by_name(object_.get(), name.c_str());
  return map ? bpf_map__fd(map) : -1;
}

Result<tna_hook_counters> HookObject::counters() const {
  tna_hook_counters sum{};
  for (const tna_hook_memory& each :
       TRY(read_per_cpu<tna_hook_memory>(memory_.get(), 0, "a hook's counters")))
    add_counters(sum, each.counters);
  return sum;
}

}  // namespace tna
