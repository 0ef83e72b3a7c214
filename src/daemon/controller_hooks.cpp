// SPDX-License-Identifier: Apache-2.0
// The controller's part about users' hooks: one is in use when the kernel has taken every program
// that it is to be in, and until then nothing is changed.
#include <algorithm>

#include "base/log.h"
#include "daemon/controller.h"
#include "deploy/refusal.h"
#include "slot_abi.h"

namespace tna {
namespace {

// By itself, where every packet comes by: interfaces whose path it is in may come later.
std::vector<Action> trials(const HookKeeper::Hook& hook, const Deployer& deployer,
                           const tna_guard& guard) {
  std::vector<Action> loads;
  for (Hook each : {Hook::xdp, Hook::tc}) {
    if (deployer.refusal(each)) continue;
    ProgramSpec spec{.hook = each, .hooks = {{TNA_SLOT_before_guards, hook.planned.id}}};
    loads.push_back(Load{spec, guard});
  }
  return loads;
}

}  // namespace

Result<std::string> Controller::add_hook(const std::string& file, InstalledHook wanted) {
  auto hook = TRY(hooks_.open(file, std::move(wanted)));
  const std::string& name = hook.planned.name;
  if (std::ranges::any_of(hooks_.hooks(),
                          [&](const auto& other) { return other.planned.name == name; }))
    return error("there is a hook " + name +
                 " already: `tna hook replace` has another take its place");
  return install_hook(std::move(hook), file);
}

Result<std::string> Controller::replace_hook(const std::string& name, const std::string& file) {
  return install_hook(TRY(hooks_.open_instead(name, file)), file);
}

Result<> Controller::try_hook(const HookKeeper::Hook& hook) {
  if (!capabilities_.kernel.has(kFeatureTypedReads))
    return error("hooks need " + std::string(kFeatureTypedReads) + ": " +
                 capabilities_.kernel.detail(kFeatureTypedReads));
  deployer_.take_hooks(hooks_.objects(&hook));
  PlanInputs with = inputs();
  with.hooks = hooks_.planned(&hook);
  const Plan wanted = plan(graph_, capabilities_, with);
  TRY(take_rules(wanted));
  std::vector<Action> loads = trials(hook, deployer_, wanted.guard);
  for (Action& action : diff(deployer_.running(), wanted))
    if (std::holds_alternative<Load>(action)) loads.push_back(std::move(action));
  auto done = deployer_.prepare(loads);
  if (done) return done;
  const std::string words = in_plain_words(done.error().message);
  if (words.empty()) return done;
  return error(words + ": " + done.error().message, done.error().code);
}

Result<std::string> Controller::install_hook(HookKeeper::Hook hook, const std::string& file) {
  const std::string name = hook.planned.name;
  auto done = try_hook(hook);
  if (done) done = hooks_.install(std::move(hook), file);
  deployer_.take_hooks(hooks_.objects());
  pass();  // programs that were loaded for nothing go again
  if (!done) return error("hook " + name + ": " + done.error().message, done.error().code);
  log_info("hook {}: in use", name);
  return name;
}

Result<> Controller::remove_hook(const std::string& name) {
  TRY(hooks_.remove(name));
  pass();
  deployer_.take_hooks(hooks_.objects());
  log_info("hook {}: removed", name);
  return {};
}

}  // namespace tna
