// SPDX-License-Identifier: Apache-2.0
#include "capabilities/kernel_memory.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "capabilities/libbpf_log.h"
#include "probe.h"

extern const unsigned char tna_object_probe[];
extern const std::size_t tna_object_probe_size;

namespace tna {
namespace {

// A structure by its place in type information.
struct Structure {
  const btf* types = nullptr;
  int id = -1;  // negative: it is unknown there
};

}  // namespace

struct KernelMemory::State {
  bpf_object* object = nullptr;
  btf* types = nullptr;
  std::map<std::string, btf*> modules;          // only those that were found
  std::map<std::string, Structure> structures;  // found before: the search takes a millisecond
  int program = -1, memory = -1;
  std::uint32_t hz = 0;
  Result<> cast_result;

  ~State() {
    for (auto& [name, module] : modules) btf__free(module);
    btf__free(types);
    bpf_object__close(object);
  }
  // `ifindex`: the device that the program is to find itself on; 0: any, in whose namespace it
  // runs.
  Result<tna_peek> run(std::uint64_t address, std::uint32_t size, std::uint32_t ifindex = 0);
  const btf* module(const std::string& name);
  Structure structure(const std::string& name, const std::string& module = {});
};

namespace {

Result<bpf_object*> open_probe(const char* skipped) {
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "tna_probe");
  bpf_object* object = bpf_object__open_mem(tna_object_probe, tna_object_probe_size, &options);
  if (!object) return errno_error("open the probe object");
  bpf_program__set_autoload(bpf_object__find_program_by_name(object, skipped), false);
  return object;
}

// Both are looked for in members of unnamed members, too.
std::optional<std::uint32_t> member_offset(const btf* types, __u32 id, const std::string& name) {
  const btf_type* type = btf__type_by_id(types, id);
  const btf_member* members = btf_members(type);
  for (int i = 0; i < btf_vlen(type); i++) {
    const char* member = btf__name_by_offset(types, members[i].name_off);
    std::uint32_t offset = btf_member_bit_offset(type, i) / 8;
    if (name == member) return offset;
    if (*member) continue;
    const btf_type* inner = btf__type_by_id(types, members[i].type);
    if (!btf_is_composite(inner)) continue;
    if (auto found = member_offset(types, members[i].type, name)) return offset + *found;
  }
  return std::nullopt;
}

}  // namespace

KernelMemory::KernelMemory(std::unique_ptr<State> state) : state_(std::move(state)) {}
KernelMemory::KernelMemory(KernelMemory&&) noexcept = default;
KernelMemory& KernelMemory::operator=(KernelMemory&&) noexcept = default;
KernelMemory::~KernelMemory() = default;

Result<KernelMemory> KernelMemory::open() {
  auto state = std::make_unique<State>();
  LibbpfLog log;
  state->types = btf__load_vmlinux_btf();
  if (!state->types)
    return errno_error("read the kernel's type information (/sys/kernel/btf/vmlinux)");

  // The second program may be refused by kernels without typed reads: in an object of its own.
  bpf_object* casts = TRY(open_probe("tna_probe_peek"));
  if (int code = bpf_object__load(casts))
    state->cast_result = errno_error("bpf_rdonly_cast to a bridge port: " + log.last(), -code);
  bpf_object__close(casts);

  state->object = TRY(open_probe("tna_probe_cast"));
  if (int code = bpf_object__load(state->object))
    return errno_error("load the probe (" + log.last() + ")", -code);
  state->program =
      bpf_program__fd(bpf_object__find_program_by_name(state->object, "tna_probe_peek"));
  state->memory = bpf_map__fd(bpf_object__find_map_by_name(state->object, ".bss"));
  tna_peek first = TRY(state->run(0, 0));
  state->hz = first.hz;
  return KernelMemory(std::move(state));
}

const btf* KernelMemory::State::module(const std::string& name) {
  if (auto found = modules.find(name); found != modules.end()) return found->second;
  btf* loaded = btf__load_module_btf(name.c_str(), types);
  if (loaded) modules[name] = loaded;
  return loaded;
}

Structure KernelMemory::State::structure(const std::string& name, const std::string& in_module) {
  if (auto known = structures.find(name); known != structures.end()) return known->second;
  // A module's types go on where the kernel's end: both are found in them.
  const btf* found = in_module.empty() ? nullptr : module(in_module);
  if (!found) found = types;
  Structure structure{found, btf__find_by_name_kind(found, name.c_str(), BTF_KIND_STRUCT)};
  // One that is missing may come with its module.
  if (structure.id >= 0 || in_module.empty()) structures[name] = structure;
  return structure;
}

Result<tna_peek> KernelMemory::State::run(std::uint64_t address, std::uint32_t size,
                                          std::uint32_t ifindex) {
  tna_peek peek{};
  peek.address = address;
  peek.size = size;
  __u32 key = 0;
  if (bpf_map_update_elem(memory, &key, &peek, BPF_ANY))
    return errno_error("write the probe's request");
  unsigned char frame[64] = {};
  xdp_md context{.data_end = sizeof frame, .ingress_ifindex = ifindex};
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof frame,
              .ctx_in = &context, .ctx_size_in = sizeof context, .repeat = 1);
  if (bpf_prog_test_run_opts(program, &options)) return errno_error("run the probe");
  if (bpf_map_lookup_elem(memory, &key, &peek)) return errno_error("read the probe's answer");
  return peek;
}

Result<std::uint64_t> KernelMemory::net() {
  return TRY(state_->run(0, 0)).net;
}

Result<std::uint64_t> KernelMemory::device(std::uint32_t ifindex) {
  return TRY(state_->run(0, 0, ifindex)).device;
}

Result<std::uint64_t> KernelMemory::jiffies() {
  return TRY(state_->run(0, 0)).jiffies;
}

std::uint32_t KernelMemory::hz() const {
  return state_->hz;
}

Result<> KernelMemory::read(std::uint64_t address, std::span<std::byte> into) {
  if (into.size() > TNA_PEEK_MAX) return error("read of kernel memory: too long");
  tna_peek peek = TRY(state_->run(address, into.size()));
  if (peek.error) return errno_error("read kernel memory", -peek.error);
  std::memcpy(into.data(), peek.bytes, into.size());
  return {};
}

Result<std::string> KernelMemory::text(std::uint64_t address) {
  // Not beyond the page: the next one may not be there.
  std::size_t room = std::min<std::size_t>(64, 4096 - address % 4096);
  char bytes[65] = {};
  TRY(read(address, std::as_writable_bytes(std::span(bytes, room))));
  return std::string(bytes);
}

std::optional<std::uint32_t> KernelMemory::offset(const std::string& structure,
                                                  const std::string& member,
                                                  const std::string& module) const {
  auto [types, id] = state_->structure(structure, module);
  if (id < 0) return std::nullopt;
  return member_offset(types, id, member);
}

std::optional<std::uint32_t> KernelMemory::size(const std::string& structure) const {
  auto [types, id] = state_->structure(structure);
  if (id < 0) return std::nullopt;
  return btf__type_by_id(types, id)->size;
}

Result<> KernelMemory::typed_reads() const {
  return state_->cast_result;
}

}  // namespace tna
