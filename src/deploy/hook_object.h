// SPDX-License-Identifier: Apache-2.0
// hook_object.h: a user's hook as its object file has it, with its maps; ready to be linked in.
#pragma once

#include <linux/bpf.h>

#include <string>

#include "assemble/plan.h"
#include "base/fd.h"
#include "base/result.h"
#include "deploy/bpf.h"
#include "deploy/hook_check.h"
#include "deploy/slots.h"
#include "tna/hook_abi.h"

namespace tna {

class HookObject {
 public:
  // `pins`: the folder that its maps are, or will be, pinned in; those of equal shape are taken
  // over, with what they hold. Error: what is wrong with the file, or what the hook may not do. The
  // kernel has the last word when a program is loaded that the hook is linked into.
  static Result<HookObject> open(const std::string& path, const std::string& pins);
  // From now on its maps are those in the folder; others there go.
  Result<> pin() const;

  HookKind kind() const { return kind_; }
  const std::string& function() const { return function_; }
  // Of that hook: xdp, tc. Lives as long as this.
  const HookCode& code(Hook hook) const { return hook == Hook::xdp ? xdp_ : tc_; }
  // The descriptor of one of its maps, -1: it has none of that name.
  int map(const std::string& name) const;
  // Summed up over all CPUs.
  Result<tna_hook_counters> counters() const;

 private:
  static Result<HookObject> read(const std::string& path, const std::string& pins);
  static Result<> try_to_read(const std::string& path);
  Result<> take_code(Instructions code);

  std::string pins_, function_;
  HookKind kind_ = HookKind::observer;
  BpfObject object_;  // keeps the maps that the code names
  Fd memory_;
  HookCode xdp_, tc_;
};

}  // namespace tna
