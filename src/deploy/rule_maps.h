// SPDX-License-Identifier: Apache-2.0
// rule_maps.h: the BPF maps of a compiled rule set: its sets, and what its rules have counted.
#pragma once

#include <linux/bpf.h>

#include <map>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "compile/compiled_rules.h"
#include "tna.h"

namespace tna {

using RuleCounts = std::map<RuleName, tna_rule_counter>;

class RuleMaps {
 public:
  static Result<RuleMaps> make(std::shared_ptr<const CompiledRules>, std::uint32_t version);

  // Rules of the same code: their sets get the elements of these; of another version their trees,
  // and the counters begin anew: what they have counted is added to `counted`. While it goes on,
  // packets must be Linux's. An error leaves the sets mixed.
  Result<> take(std::shared_ptr<const CompiledRules>, std::uint32_t version, RuleCounts& counted);
  const CompiledRules& rules() const { return *rules_; }

  // The code with the descriptors of its maps in it.
  std::vector<bpf_insn> linked(const std::vector<bpf_insn>& code) const;
  // The maps that stand in the place of those of the spine, by their names there (bpf/fpm/rules.h,
  // bpf/lib/rule_*.h).
  struct InPlace {
    const char* name;
    int fd;
  };
  std::vector<InPlace> in_place() const;
  // Since the rules of this version were taken.
  Result<> add_counted(RuleCounts& to) const;

 private:
  Result<> make_trees();
  Result<> write_trees();
  Result<std::vector<tna_rule_counter>> sums(std::size_t counters) const;
  void add(const std::vector<tna_rule_counter>& now, RuleCounts& to) const;

  std::shared_ptr<const CompiledRules> rules_;
  std::uint32_t version_ = 0;
  std::vector<Fd> sets_;
  Fd counters_, cells_, mask_, kept_;
  std::vector<tna_rule_counter> before_;  // by counter: when the rules were taken
};

}  // namespace tna
