// SPDX-License-Identifier: Apache-2.0
#include "rule_tree_program.h"

#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <sys/mman.h>

#include <array>
#include <cstring>

#include "rule_tree_runs.h"

extern const unsigned char tna_object_rule_tree[];
extern const std::size_t tna_object_rule_tree_size;

namespace tna::test {
namespace {

// Copies to or from a map's memory.
class Memory {
 public:
  Memory(const bpf_object* object, const char* map, std::size_t size) : size_(size) {
    int fd = bpf_object__find_map_fd_by_name(object, map);
    bytes_ = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  ~Memory() {
    if (*this) munmap(bytes_, size_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  explicit operator bool() const { return bytes_ != MAP_FAILED; }
  void* bytes() const { return bytes_; }

 private:
  std::size_t size_;
  void* bytes_;
};

struct Globals {
  std::uint32_t root, next;
};

}  // namespace

Result<RuleTreeProgram> RuleTreeProgram::load(const RuleCells& cells, std::uint32_t root) {
  RuleTreeProgram loaded(
      bpf_object__open_mem(tna_object_rule_tree, tna_object_rule_tree_size, nullptr));
  bpf_object* object = loaded.object_.get();
  if (!object) return errno_error("open the rule tree's programs");
  const auto size = static_cast<std::uint32_t>(rule_cells_value_size(cells));
  const std::uint32_t mask = size - sizeof(tna_rule_cell);
  bpf_map* map = bpf_object__find_map_by_name(object, "tna_rule_cells");
  bpf_map* constants = bpf_object__find_map_by_name(object, ".rodata.rules");
  if (bpf_map__set_value_size(map, size) < 0 ||
      bpf_map__set_initial_value(constants, &mask, sizeof mask) < 0)
    return errno_error("set the size of the rule tree's map");
  if (bpf_object__load(object) < 0) return errno_error("load the rule tree's programs");
  Memory memory(object, "tna_rule_cells", 2 * size);
  Memory globals(object, ".bss", sizeof(Globals));
  if (!memory || !globals) return errno_error("map the rule tree's memory");
  std::memcpy(memory.bytes(), cells.data(), cells.size() * sizeof(tna_rule_cell));
  static_cast<Globals*>(globals.bytes())->root = root;
  return loaded;
}

Result<> RuleTreeProgram::set_vectors(std::span<const tna_rule_vector> vectors) {
  Memory memory(object_.get(), "vectors", RULE_TREE_VECTORS * sizeof(tna_rule_vector));
  Memory globals(object_.get(), ".bss", sizeof(Globals));
  if (!memory || !globals) return errno_error("map the vectors");
  for (std::size_t i = 0; i < RULE_TREE_VECTORS; ++i)
    static_cast<tna_rule_vector*>(memory.bytes())[i] = vectors[i % vectors.size()];
  static_cast<Globals*>(globals.bytes())->next = 0;
  return {};
}

Result<int> RuleTreeProgram::program(const std::string& name) const {
  bpf_program* program = bpf_object__find_program_by_name(object_.get(), name.c_str());
  if (!program) return error("no program " + name);
  return bpf_program__fd(program);
}

Result<double> RuleTreeProgram::run(const std::string& name, int times) {
  std::array<unsigned char, ETH_ZLEN> frame{};
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = frame.size(),
              .repeat = times);
  if (bpf_prog_test_run_opts(TRY(program(name)), &options) < 0) return errno_error("run " + name);
  if (options.retval != 0) return error(name + ": no vector");
  return double(options.duration);
}

Result<std::vector<std::uint32_t>> RuleTreeProgram::answers() const {
  Memory memory(object_.get(), "answers", RULE_TREE_VECTORS * sizeof(std::uint64_t));
  if (!memory) return errno_error("map the answers");
  const auto* first = static_cast<const std::uint64_t*>(memory.bytes());
  return std::vector<std::uint32_t>(first, first + RULE_TREE_VECTORS);
}

Result<std::uint32_t> RuleTreeProgram::verified_instructions(const std::string& name) const {
  bpf_prog_info info{};
  std::uint32_t length = sizeof info;
  if (bpf_obj_get_info_by_fd(TRY(program(name)), &info, &length) < 0)
    return errno_error("look at " + name);
  return info.verified_insns;
}

}  // namespace tna::test
