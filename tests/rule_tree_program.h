// SPDX-License-Identifier: Apache-2.0
// The programs of rule_tree.bpf.c with trees of the caller's, loaded and run.
#pragma once

#include <bpf/libbpf.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compile/tree.h"

namespace tna::test {

class RuleTreeProgram {
 public:
  static Result<RuleTreeProgram> load(const RuleCells& cells, std::uint32_t root);

  // At most RULE_TREE_VECTORS; fewer are repeated.
  Result<> set_vectors(std::span<const tna_rule_vector>);
  // Runs find_xdp, find_tc or nothing_xdp on the next vectors; gives the nanoseconds of one run.
  Result<double> run(const std::string& program, int times);
  // To the vectors, where they have been asked about.
  Result<std::vector<std::uint32_t>> answers() const;
  // That the kernel's verifier looked at; 0 where the kernel doesn't say.
  Result<std::uint32_t> verified_instructions(const std::string& program) const;

 private:
  struct Closer {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
  };
  explicit RuleTreeProgram(bpf_object* object) : object_(object) {}
  Result<int> program(const std::string& name) const;

  std::unique_ptr<bpf_object, Closer> object_;
};

}  // namespace tna::test
