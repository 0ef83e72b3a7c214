// SPDX-License-Identifier: Apache-2.0
#include "compile/table_code.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tna {
namespace {

constexpr int kMostJumps = 16;  // one in the other (NFT_JUMP_STACK_SIZE)
// Fewer rules one after the other are compared with faster than looked for: in the first run, and
// in further ones.
constexpr std::size_t kLeastInTree[] = {24, 24, 200};

}  // namespace

void TableCode::base_chain(const RuleChain& chain) {
  accepted_ = code_.label();
  const Code::Label policy = code_.label();
  write(chain, policy);
  code_.place(policy);
  if (chain.base->drops) end(kDrop);
  code_.place(accepted_);
}

void TableCode::write(const RuleChain& chain, Code::Label back) {
  for (std::size_t at = 0; at < chain.rules.size() && fits(chain, at);) {
    RuleRun run(table_, met_);
    std::size_t end = at;
    while (end < chain.rules.size() && !run.complete() && run.add(chain.rules[end])) ++end;
    if (end - at >= least_in_tree()) {
      find(run, chain, back);
      if (run.complete()) return this->end(kPunt);  // nobody comes here
      at = end;
    } else {
      for (end = std::max(end, at + 1); at < end && fits(chain, at); ++at) {
        const Rule& rule = chain.rules[at];
        name_ = {table_.family, table_.name, chain.name, rule.handle};
        const Code::Label next = code_.label();
        write(rule, next, back);
        code_.place(next);
      }
    }
  }
  code_.jump(back);
}

std::size_t TableCode::least_in_tree() const {
  if (size_.in_calls || met_.for_zone || size_.finds == std::size(kLeastInTree)) return SIZE_MAX;
  return kLeastInTree[size_.finds];
}

bool TableCode::fits(const RuleChain& chain, std::size_t at) {
  if (!code_.reachable()) return false;
  if (size_.has_room()) return true;
  name_ = {table_.family, table_.name, chain.name, chain.rules[at].handle};
  punt("too many rules");
  return false;
}

void TableCode::jump(const RuleChain& to, Code::Label back) {
  ChainCalls::Call& call = calls_.of(to);
  if (jumps_ == kMostJumps) return punt("jumps too deep");
  ++jumps_;
  const RuleName here = name_;
  if (!call.number_in)
    size_.within(7, [&] { write(to, back); });
  else if (call.written)
    write_call(call, to, back);
  else
    write_first_call(call, to, back);
  name_ = here;
  --jumps_;
}

void TableCode::write_first_call(ChainCalls::Call& call, const RuleChain& to, Code::Label back) {
  code_.set(call.number_in, 0);
  call.callers.push_back(back);
  call.entry = code_.label();
  call.end = code_.label();
  code_.place(call.entry);
  const std::size_t before = size_.seen_by_verifier(), way_before = size_.on_way();
  const std::size_t longest = std::exchange(size_.longest, way_before);
  ++size_.in_calls;
  size_.within(7, [&] { write(to, call.end); });
  --size_.in_calls;
  call.weight = size_.seen_by_verifier() - before;
  call.branches = std::max(size_.longest, size_.on_way()) - way_before;
  size_.longest = std::max(longest, size_.longest);
  call.returns = code_.wanted(call.end);
  if (call.returns) code_.expect(back);
  calls_.is_written(call);
}

void TableCode::write_call(ChainCalls::Call& call, const RuleChain& to, Code::Label back) {
  if (!size_.has_room_again(call.weight, call.branches))
    return punt("too many rules, with those of " + to.name + " once more");
  size_.again += call.weight;
  size_.more_on_way += static_cast<std::ptrdiff_t>(call.branches);
  size_.later += 2;
  code_.set(call.number_in, static_cast<std::int32_t>(call.callers.size()));
  call.callers.push_back(back);
  if (call.returns) code_.expect(back);
  code_.jump(call.entry);
}

void TableCode::write(const Rule& rule, Code::Label next, Code::Label back) {
  const std::size_t before = size_.on_way();
  std::optional<std::size_t> first;
  for (const Step& step : rule.steps) {
    if (!code_.reachable()) break;
    std::visit([&](const auto& each) { take(each, next, back); }, step);
    auto* test = std::get_if<Test>(&step);
    if (!first && test && test->inside) first = size_.on_way() - before;
  }
  size_.longest = std::max(size_.longest, size_.on_way());
  // The verifier goes on behind a rule before it looks at what else is in it: of all its branches
  // those of the first test are on the way then.
  if (first) size_.more_on_way -= static_cast<std::ptrdiff_t>(size_.on_way() - before - *first);
}

void TableCode::end(int verdict) {
  code_.set(0, met_.for_zone && verdict == kDrop ? kNext : verdict);
  code_.exit();
}
void TableCode::punt(const std::string& why) {
  shared_.to_linux(name_, why);
  end(kPunt);
}

}  // namespace tna
