// SPDX-License-Identifier: Apache-2.0
#include "deploy/rule_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "deploy/per_cpu.h"

namespace tna {
namespace {

using Elements = std::vector<std::pair<Octets, std::uint32_t>>;

std::string name_of(const RuleMap& map) {
  return "set " + map.set + " of table " + map.table;
}

Result<Fd> create(const RuleMap& map) {
  // Their elements take memory as they come.
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
  Fd fd(bpf_map_create(map.kind == RuleMap::Kind::hash ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_LPM_TRIE,
                       "tna_rule_set", map.key_bytes, sizeof(std::uint32_t), map.capacity,
                       &options));
  if (!fd) return errno_error("make a map of " + name_of(map));
  return fd;
}

Result<Fd> create(bpf_map_type type, const char* name, std::size_t entries, std::size_t size,
                  std::uint32_t flags = 0) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
  Fd fd(bpf_map_create(type, name, sizeof(__u32), static_cast<__u32>(size),
                       static_cast<__u32>(std::max<std::size_t>(1, entries)), &options));
  if (!fd) return errno_error(std::string("make the map ") + name);
  return fd;
}

// Both are in the order of their keys.
Result<> change(int fd, const Elements& from, const Elements& to, const RuleMap& map) {
  auto old = from.begin();
  for (const auto& [key, value] : to) {
    for (; old != from.end() && old->first < key; ++old)
      if (bpf_map_delete_elem(fd, old->first.data()))
        return errno_error("take an element out of " + name_of(map));
    const bool there = old != from.end() && old->first == key;
    if (!there || old->second != value)
      if (bpf_map_update_elem(fd, key.data(), &value, BPF_ANY))
        return errno_error("put an element into " + name_of(map));
    if (there) ++old;
  }
  for (; old != from.end(); ++old)
    if (bpf_map_delete_elem(fd, old->first.data()))
      return errno_error("take an element out of " + name_of(map));
  return {};
}

}  // namespace

Result<RuleMaps> RuleMaps::make(std::shared_ptr<const CompiledRules> rules, std::uint32_t version) {
  RuleMaps made;
  made.rules_ = std::move(rules);
  made.version_ = version;
  for (const RuleMap& map : made.rules_->maps) {
    made.sets_.push_back(TRY(create(map)));
    TRY(change(made.sets_.back().get(), {}, map.elements, map));
  }
  made.counters_ = TRY(create(BPF_MAP_TYPE_PERCPU_ARRAY, "tna_rule_counts", made.rules_->counters(),
                              sizeof(tna_rule_counter)));
  made.before_.resize(made.rules_->counted.size());
  const bool trees = !made.rules_->cells.empty();
  made.kept_ = TRY(create(BPF_MAP_TYPE_ARRAY, "tna_rules_kept",
                          trees ? TNA_RULES_KEPT * TRY(processors()) : 1, sizeof(tna_rule_kept),
                          BPF_F_MMAPABLE));
  TRY(made.make_trees());
  return made;
}

// A value holds all cells of a version; the mask keeps within it.
Result<> RuleMaps::make_trees() {
  const std::size_t size = rule_cells_value_size(rules_->cells);
  const auto mask = static_cast<std::uint32_t>(size - sizeof(tna_rule_cell));
  const std::uint32_t key = 0;
  cells_ = TRY(create(BPF_MAP_TYPE_ARRAY, "tna_rule_cells", 2, size, BPF_F_MMAPABLE));
  mask_ = TRY(create(BPF_MAP_TYPE_ARRAY, "tna_rule_mask", 1, sizeof mask, BPF_F_RDONLY_PROG));
  if (bpf_map_update_elem(mask_.get(), &key, &mask, BPF_ANY) || bpf_map_freeze(mask_.get()))
    return errno_error("fill the map of the rules' mask");
  return write_trees();
}

Result<> RuleMaps::write_trees() {
  const RuleCells& cells = rules_->cells;
  if (cells.empty()) return {};
  std::vector<std::byte> value(rule_cells_value_size(cells));
  std::memcpy(value.data(), cells.data(), cells.size() * sizeof cells[0]);
  const std::uint32_t half = version_ & 1;
  if (bpf_map_update_elem(cells_.get(), &half, value.data(), BPF_ANY))
    return errno_error("fill the map of the rules' trees");
  return {};
}

std::vector<RuleMaps::InPlace> RuleMaps::in_place() const {
  return {{"tna_rule_counters", counters_.get()},
          {"tna_rule_cells", cells_.get()},
          {".rodata.rules", mask_.get()},
          {"tna_rules_kept", kept_.get()}};
}

Result<> RuleMaps::take(std::shared_ptr<const CompiledRules> rules, std::uint32_t version,
                        RuleCounts& counted) {
  for (std::size_t i = 0; i < sets_.size(); ++i)
    TRY(change(sets_[i].get(), rules_->maps[i].elements, rules->maps[i].elements, rules->maps[i]));
  const bool others = version != version_;
  if (others) {
    auto now = TRY(sums(std::max(rules_->counted.size(), rules->counted.size())));
    add(now, counted);
    before_ = std::move(now);
  }
  rules_ = std::move(rules);
  version_ = version;
  return others ? write_trees() : Result<>();
}

std::vector<bpf_insn> RuleMaps::linked(const std::vector<bpf_insn>& code) const {
  std::vector<bpf_insn> made = code;
  for (bpf_insn& instruction : made)
    if (instruction.code == (BPF_LD | BPF_IMM | BPF_DW) && instruction.src_reg == BPF_PSEUDO_MAP_FD)
      instruction.imm = sets_.at(instruction.imm).get();
  return made;
}

Result<std::vector<tna_rule_counter>> RuleMaps::sums(std::size_t counters) const {
  const std::size_t cpus = TRY(processors());
  std::vector<tna_rule_counter> sums(counters);
  if (sums.empty()) return sums;
  std::vector<std::uint32_t> keys(sums.size());
  std::vector<tna_rule_counter> each(sums.size() * cpus);
  std::uint32_t next = 0, read = static_cast<std::uint32_t>(sums.size());
  if (bpf_map_lookup_batch(counters_.get(), nullptr, &next, keys.data(), each.data(), &read,
                           nullptr) &&
      errno != ENOENT)  // that was the last one
    return errno_error("read the rules' counters");
  for (std::size_t i = 0; i < each.size(); ++i) add_counters(sums[keys[i / cpus]], each[i]);
  return sums;
}

void RuleMaps::add(const std::vector<tna_rule_counter>& now, RuleCounts& to) const {
  for (std::size_t i = 0; i < rules_->counted.size(); ++i) {
    tna_rule_counter& sum = to[rules_->counted[i]];
    sum.packets += now[i].packets - before_[i].packets;
    sum.bytes += now[i].bytes - before_[i].bytes;
  }
}

Result<> RuleMaps::add_counted(RuleCounts& to) const {
  add(TRY(sums(rules_->counted.size())), to);
  return {};
}

}  // namespace tna
