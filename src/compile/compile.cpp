// SPDX-License-Identifier: Apache-2.0
#include "compile/compile.h"

#include <linux/netfilter.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <deque>
#include <map>
#include <tuple>
#include <utility>

#include "compile/chain_calls.h"
#include "compile/operand_code.h"
#include "compile/rule_run.h"
#include "compile/sets.h"
#include "tna.h"

namespace tna {
namespace {

constexpr int kNext = 0, kPunt = 1, kDrop = 2;  // enum tna_verdict
constexpr int kLookUp = 1;                      // BPF_FUNC_map_lookup_elem
constexpr std::size_t kMostCode = 28000;        // jumps reach 32,767 instructions
// The verifier goes through a chain again for each place that calls it. On one way through the code
// it takes up to 8192 jumps, those of the spine among them (BPF_COMPLEXITY_LIMIT_JMP_SEQ).
constexpr std::size_t kMostAgain = 60000;
constexpr std::size_t kMostBranches = 6500;
constexpr int kMostJumps = 16;  // one in the other (NFT_JUMP_STACK_SIZE)
// Of a set that there is no tree for.
constexpr std::size_t kMostCompared = 200;
// Fewer rules one after the other are compared with faster than looked for: in the first run, and
// in further ones.
constexpr std::size_t kLeastInTree[] = {24, 24, 200};
constexpr int kKey = offsetof(tna_rule_facts, key);
constexpr int kVector = offsetof(tna_rule_facts, vector);

// What all functions of a rule set share.
class Shared {
 public:
  explicit Shared(CompiledRules& rules) : rules_(rules) {}

  int counter(const RuleName& name) {
    auto [found, fresh] = counters_.try_emplace(name, static_cast<int>(rules_.counted.size()));
    if (fresh) rules_.counted.push_back(name);
    return found->second;
  }
  void to_linux(const RuleName& name, const std::string& why) {
    if (known_.emplace(name, why).second) rules_.to_linux.emplace_back(name, why);
  }
  // Number of the set's map; nothing where it can't be one.
  std::optional<int> map(const RuleTable& table, const ElementSet& set) {
    auto [found, fresh] = maps_.try_emplace(&set, std::nullopt);
    if (!fresh) return found->second;
    if (auto made = map_of(table_family_name(table.family) + (" " + table.name), set)) {
      found->second = static_cast<int>(rules_.maps.size());
      rules_.maps.push_back(std::move(*made));
    }
    return found->second;
  }
  void devices() { rules_.devices = true; }
  // The root of the run's tree.
  Result<std::uint32_t> tree(const RuleRun& run) { return add_tree(rules_.cells, run.boxes()); }
  struct Action {  // of a rule in a tree
    std::uint32_t verdict = 0;
    std::optional<RuleName> counts;
  };
  void act(std::uint32_t root, std::vector<Action> actions) {
    actions_.emplace_back(root, std::move(actions));
  }
  // When all functions are written: counters in the code have the same numbers, whatever rules
  // there are in trees.
  void finish() {
    for (const auto& [root, actions] : actions_) {
      std::vector<std::uint32_t> numbers;
      for (const Action& action : actions) {
        const int counts = action.counts ? counter(*action.counts) + 1 : 0;
        numbers.push_back(action.verdict | static_cast<std::uint32_t>(counts) << 8);
      }
      add_actions(rules_.cells, root, numbers);
    }
  }

 private:
  CompiledRules& rules_;
  std::map<RuleName, int> counters_;
  std::map<RuleName, std::string> known_;
  std::map<const ElementSet*, std::optional<int>> maps_;
  std::vector<std::pair<std::uint32_t, std::vector<Action>>> actions_;  // by root
};

// Of a function.
struct Size {
  std::size_t most = kMostCode;    // up to which may be written now
  std::size_t later = 0;           // instructions of the ways back to callers
  std::size_t again = 0;           // instructions that the verifier sees again
  std::ptrdiff_t more_on_way = 0;  // branches of those, less those that are never on one way
  std::size_t longest = 0;         // way up to now
  std::size_t finds = 0;           // searches in trees
  bool marked = false;             // before routing packets may get a mark
  bool hops_written = false;       // and another TTL
  int in_calls = 0;                // the code being written is of a chain that is called
};

constexpr int kBridged = offsetof(tna_rule_facts, bridged);

// Names and groups of devices.
bool of_device(Field field) {
  switch (field) {
    case Field::iifname:
    case Field::oifname:
    case Field::iifgroup:
    case Field::oifgroup:
    case Field::port_iifname:
    case Field::port_oifname:
    case Field::port_iifgroup:
    case Field::port_oifgroup:
    case Field::ibrname:
    case Field::obrname:
      return true;
    default:
      return false;
  }
}

// Of the branches of a search among so many.
std::ptrdiff_t never_on_one_way(std::size_t among, std::size_t branches) {
  if (!among) return 0;
  return static_cast<std::ptrdiff_t>(branches - branches / among * std::bit_width(among));
}

// A chain that is met at one hook, and those of its table that it jumps to.
class TableCode {
 public:
  TableCode(Code& code, Shared& shared, Size& size, ChainCalls& calls, const RuleTable& table,
            const Met& met)
      : code_(code),
        shared_(shared),
        size_(size),
        calls_(calls),
        table_(table),
        met_(met),
        operands_(code, met) {}

  // Accepted packets get to what is written next. Of connections those get here that Linux has set
  // up (bpf/fpm/conntrack.h).
  void base_chain(const RuleChain& chain) {
    accepted_ = code_.label();
    const Code::Label policy = code_.label();
    write(chain, policy);
    code_.place(policy);
    if (chain.base->drops) end(kDrop);
    code_.place(accepted_);
  }

 private:
  // Packets that come to the chain's end go to `back`.
  void write(const RuleChain& chain, Code::Label back) {
    for (std::size_t at = 0; at < chain.rules.size() && fits(chain, at);) {
      RuleRun run(table_, met_);
      std::size_t end = at;
      while (end < chain.rules.size() && run.add(chain.rules[end])) ++end;
      if (end - at >= least_in_tree()) {
        find(run, chain, back);
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

  // So many rules are worth a tree: the verifier goes through the search each time, which takes it
  // 85,000 instructions. None are in a chain that is called.
  std::size_t least_in_tree() const {
    if (size_.in_calls || size_.finds == std::size(kLeastInTree)) return SIZE_MAX;
    return kLeastInTree[size_.finds];
  }

  // Whether the chain goes on with that rule here: packets may come to it, and there is room. Where
  // there is none, they go to Linux.
  bool fits(const RuleChain& chain, std::size_t at) {
    if (!code_.reachable()) return false;
    if (has_room()) return true;
    name_ = {table_.family, table_.name, chain.name, chain.rules[at].handle};
    punt("too many rules");
    return false;
  }

  // Branches that there may be on one way from the function's beginning to here.
  std::size_t on_way() const {
    return static_cast<std::size_t>(static_cast<std::ptrdiff_t>(code_.branches()) +
                                    size_.more_on_way);
  }
  std::size_t size() const { return code_.size() + size_.later; }
  bool has_room() const { return size() <= size_.most && on_way() <= kMostBranches; }

  // What `write` writes gets that part of the room there is, in eighths: others need some, too.
  template <typename Write>
  void within(std::size_t eighths, Write write) {
    const std::size_t most = size_.most;
    if (size() < most) size_.most = size() + (most - size()) / 8 * eighths;
    write();
    size_.most = most;
  }

  // Packets that come to its end go to `back`.
  void jump(const RuleChain& to, Code::Label back) {
    ChainCalls::Call& call = calls_.of(to);
    if (jumps_ == kMostJumps) return punt("jumps too deep");
    ++jumps_;
    const RuleName here = name_;
    if (!call.number_in)
      within(7, [&] { write(to, back); });
    else if (call.written)
      write_call(call, to, back);
    else
      write_first_call(call, to, back);
    name_ = here;
    --jumps_;
  }

  void write_first_call(ChainCalls::Call& call, const RuleChain& to, Code::Label back) {
    code_.set(call.number_in, 0);
    call.callers.push_back(back);
    call.entry = code_.label();
    call.end = code_.label();
    code_.place(call.entry);
    const std::size_t before = code_.size() + size_.again, way_before = on_way();
    const std::size_t longest = std::exchange(size_.longest, way_before);
    ++size_.in_calls;
    within(7, [&] { write(to, call.end); });
    --size_.in_calls;
    call.weight = code_.size() + size_.again - before;
    call.branches = std::max(size_.longest, on_way()) - way_before;
    size_.longest = std::max(longest, size_.longest);
    call.returns = code_.wanted(call.end);
    if (call.returns) code_.expect(back);
    calls_.is_written(call);
  }

  void write_call(ChainCalls::Call& call, const RuleChain& to, Code::Label back) {
    if (size_.again + call.weight > kMostAgain || on_way() + call.branches > kMostBranches)
      return punt("too many rules, with those of " + to.name + " once more");
    size_.again += call.weight;
    size_.more_on_way += static_cast<std::ptrdiff_t>(call.branches);
    size_.later += 2;
    code_.set(call.number_in, static_cast<std::int32_t>(call.callers.size()));
    call.callers.push_back(back);
    if (call.returns) code_.expect(back);
    code_.jump(call.entry);
  }

  // What `take` writes for each verdict, by its number in the register.
  template <typename Take>
  void choose(int number_in, const std::vector<Verdict>& verdicts, Take take) {
    const Code::Label known = code_.label();
    code_.jump_if(BPF_JLT, number_in, static_cast<std::uint32_t>(verdicts.size()), known);
    end(kPunt);  // of an element that has just come
    code_.place(known);
    if (verdicts.empty()) return;
    const std::size_t before = on_way();
    std::size_t longest = 0;
    const auto measure = [&](const Verdict& verdict) {
      const std::size_t way = on_way();
      take(verdict);
      longest = std::max(longest, on_way() - way);
      size_.more_on_way -= static_cast<std::ptrdiff_t>(on_way() - way);
    };
    within(7, [&] { choose(number_in, verdicts, measure, 0, verdicts.size() - 1); });
    size_.more_on_way -= static_cast<std::ptrdiff_t>(on_way() - before);
    size_.more_on_way += static_cast<std::ptrdiff_t>(std::bit_width(verdicts.size()) + longest);
  }
  template <typename Take>
  void choose(int number_in, const std::vector<Verdict>& verdicts, Take take, std::size_t first,
              std::size_t last) {
    if (!has_room()) return punt("too many rules");
    if (first == last) return take(verdicts[first]);
    const std::size_t middle = first + (last - first) / 2;
    const Code::Label above = code_.label();
    code_.jump_if(BPF_JGT, number_in, static_cast<std::uint32_t>(middle), above);
    choose(number_in, verdicts, take, first, middle);
    code_.place(above);
    choose(number_in, verdicts, take, middle + 1, last);
  }

  // Packets that no rule of the run matches get to what is written next.
  void find(const RuleRun& run, const RuleChain& chain, Code::Label back) {
    name_ = {table_.family, table_.name, chain.name, run.outcomes().front().handle};
    const Code::Label none = code_.label();
    act(run, run.outcomes(), chain.name, none, none, none, back);
    code_.place(none);
  }

  // What the first rule that matches does in register 0. Nothing: everything goes to Linux.
  std::optional<std::uint32_t> find(const RuleRun& run, Code::Label none) {
    ++size_.finds;
    const auto root = shared_.tree(run);
    if (!root) {
      punt(root.error().message);
      return std::nullopt;
    }
    fill_vector(run.words());
    code_.move(1, kFacts);
    code_.set(2, static_cast<std::int32_t>(*root));
    code_.find_rule();
    code_.jump_if(BPF_JEQ, 0, TNA_RULE_NONE, none);
    return *root;
  }

  void fill_vector(const std::vector<RuleRun::Word>& words) {
    for (std::size_t i = 0; i < TNA_RULE_WORDS; ++i) {
      const int at = kVector + 4 * static_cast<int>(i);
      if (i >= words.size()) {
        code_.store_value(4, kFacts, at, 0);
        continue;
      }
      const Operand& of = words[i].of;
      if (of_device(of.field)) shared_.devices();
      if (words[i].cuts.empty()) {
        operands_.load_tree_word(of);
        code_.store(4, kFacts, at, 1);
        continue;
      }
      const std::size_t before = code_.branches();
      operands_.count_cuts(of, words[i].cuts, at);
      size_.more_on_way -= never_on_one_way(words[i].cuts.size(), code_.branches() - before);
    }
  }

  // `none`: where those go that no rule of the run matches; `on`: those that the verdict of the
  // rule found sends nowhere.
  void act(const RuleRun& run, const std::vector<RuleRun::Outcome>& outcomes,
           const std::string& chain, Code::Label none, Code::Label on, Code::Label next,
           Code::Label back) {
    const auto root = find(run, none);
    if (!root) return;
    // In the order of the verdicts, not of the rules: with others of these the code is the same.
    std::vector<Verdict> verdicts;
    for (const RuleRun::Outcome& outcome : outcomes) verdicts.push_back(outcome.verdict);
    std::ranges::sort(verdicts, {},
                      [](const Verdict& each) { return std::tie(each.decision, each.chain); });
    verdicts.erase(std::ranges::unique(verdicts).begin(), verdicts.end());
    if (verdicts.size() >= TNA_RULE_UNSURE) return punt("more than 254 verdicts");
    std::vector<Shared::Action> actions;
    bool counts = false;
    for (const RuleRun::Outcome& outcome : outcomes) {
      const RuleName name{table_.family, table_.name, chain, outcome.handle};
      const auto verdict = std::ranges::find(verdicts, outcome.verdict) - verdicts.begin();
      actions.push_back({static_cast<std::uint32_t>(verdict), std::nullopt});
      if (outcome.counts) actions.back().counts = name;
      counts |= outcome.counts;
      if (outcome.verdict.decision == Decision::punt) shared_.to_linux(name, outcome.verdict.chain);
    }
    shared_.act(*root, std::move(actions));
    code_.move(7, 0);
    if (counts) {
      code_.move(3, 7);
      code_.change(BPF_RSH, 3, 8);
      const Code::Label uncounted = code_.label();
      code_.jump_if(BPF_JEQ, 3, 0, uncounted);
      code_.add_value(3, -1);
      count();
      code_.place(uncounted);
      code_.change(BPF_AND, 7, 255);
    }
    choose(7, verdicts, [&](const Verdict& verdict) {
      take(verdict, next, back);
      code_.jump(on);
    });
  }

  void write(const Rule& rule, Code::Label next, Code::Label back) {
    const std::size_t before = on_way();
    std::optional<std::size_t> first;
    for (const Step& step : rule.steps) {
      if (!code_.reachable()) break;
      std::visit([&](const auto& each) { take(each, next, back); }, step);
      auto* test = std::get_if<Test>(&step);
      if (!first && test && test->inside) first = on_way() - before;
    }
    size_.longest = std::max(size_.longest, on_way());
    // The verifier goes on behind a rule before it looks at what else is in it: of all its branches
    // those of the first test are on the way then.
    if (first) size_.more_on_way -= static_cast<std::ptrdiff_t>(on_way() - before - *first);
  }

  void end(int verdict) {
    code_.set(0, verdict);
    code_.exit();
  }
  void punt(const std::string& why) {
    shared_.to_linux(name_, why);
    end(kPunt);
  }

  // What kind of code the operand's facts take, and whether there can be such.
  bool has(const Operand& operand) {
    const std::string why = why_not(operand, met_);
    if (!why.empty()) {
      punt(why);
      return false;
    }
    if (of_device(operand.field)) shared_.devices();
    if (operand.field == Field::daddr_type)
      code_.store_value(4, kFacts, offsetof(tna_rule_facts, asks_routing), 1);
    if (never_there(operand, met_)) return true;
    const auto unclear_of = unclear(operand, met_);
    if (unclear_of != Unclear::none) leave(unclear_of, to_string(operand.field));
    return true;
  }

  // Packets of which it is not known what the rule sees go to Linux.
  void leave(Unclear of, const std::string& what) {
    const Code::Label clear = code_.label();
    if (of == Unclear::retagged) {
      code_.load(2, 1, kFacts, offsetof(tna_rule_facts, retagged));
    } else {
      code_.load(4, 1, kFacts, kBridged);
      if (of == Unclear::seen_by_ip) code_.change(BPF_AND, 1, TNA_BRIDGED_IP);
    }
    code_.jump_if(of == Unclear::routed ? BPF_JNE : BPF_JEQ, 1, 0, clear);
    punt(what + (of == Unclear::routed     ? " of routed packets"
                 : of == Unclear::bridged  ? " of bridged packets"
                 : of == Unclear::retagged ? " with another tag"
                                           : " at the priority of br_netfilter"));
    code_.place(clear);
  }

  void take(const Test& test, Code::Label next, Code::Label) {
    if (!has(test.of)) return;
    operands_.require(test.of, next);
    if (!code_.reachable()) return;
    if (const auto value = operands_.constant(test.of)) {
      const bool in = std::ranges::any_of(
          test.in, [&](const Interval& each) { return each.low <= *value && *value <= each.high; });
      if (in != test.inside) code_.jump(next);
      return;
    }
    const Code::Label holds = code_.label(), in = test.inside ? holds : next;
    for (const Interval& interval : test.in) {
      const Code::Label other = code_.label();
      operands_.require_in(test.of, interval, other);
      if (!code_.turn_round(other, in)) code_.jump(in);
      code_.place(other);
    }
    if (test.inside) code_.jump(next);
    code_.place(holds);
  }

  void take(const Count&, Code::Label, Code::Label) {
    code_.set(3, shared_.counter(name_));
    count();
  }

  // The counter whose number is in register 3.
  void count() {
    const Code::Label room = code_.label();
    code_.load(4, 1, kFacts, offsetof(tna_rule_facts, counted));
    code_.jump_if(BPF_JLT, 1, TNA_RULES_COUNTED, room);
    end(kPunt);
    code_.place(room);
    code_.move(2, 1);
    code_.change(BPF_LSH, 2, 2);
    code_.add(2, kFacts);
    code_.store(4, 2, offsetof(tna_rule_facts, counters), 3);
    code_.add_value(1, 1);
    code_.store(4, kFacts, offsetof(tna_rule_facts, counted), 1);
  }

  void take(const SetMark& mark, Code::Label next, Code::Label) {
    if (met_.beside_ip) leave(Unclear::seen_by_ip, "a mark");
    constexpr int kMark = offsetof(tna_rule_facts, mark);
    size_.marked |= met_.hook == RuleHook::prerouting;
    if (mark.from) {
      if (!has(*mark.from)) return;
      operands_.require(*mark.from, next);
      if (!code_.reachable()) return;
      operands_.load_word(*mark.from, 0);
      code_.load(4, 2, kFacts, kMark);
      code_.change(BPF_AND, 2, mark.keep);
      code_.change(BPF_XOR, 2, mark.value);
      code_.differ(1, 2);
      code_.store(4, kFacts, kMark, 1);
    } else if (mark.keep) {
      code_.load(4, 1, kFacts, kMark);
      code_.change(BPF_AND, 1, mark.keep);
      code_.change(BPF_XOR, 1, mark.value);
      code_.store(4, kFacts, kMark, 1);
    } else {
      code_.store_value(4, kFacts, kMark, static_cast<std::int32_t>(mark.value));
    }
  }

  // The copy that later rules see; the packet gets it in the end (bpf/fpm/mangle.h).
  void take(const Write& write, Code::Label, Code::Label) {
    const bool early = met_.hook == RuleHook::prerouting;
    const bool hops = write.offset == (write.family == NFPROTO_IPV4 ? 8 : 7);
    if (met_.frames || write.family != met_.family) return punt("payload set");
    if (early && !hops) return punt("a DSCP before routing");
    leave(Unclear::bridged, "another header");
    size_.hops_written |= early;
    const int at = static_cast<int>(offsetof(tna_rule_facts, network)) + write.offset;
    code_.load(1, 1, kFacts, at);
    code_.move(2, 1);
    if (write.more) {
      const Code::Label in = code_.label();
      code_.add_value(1, write.more);
      code_.jump_if(BPF_JLE, 1, 255, in);
      code_.set(1, write.more < 0 ? 0 : 255);  // below 0 is a large number, too
      code_.place(in);
    } else {
      code_.change(BPF_AND, 1, write.keep);
      code_.change(BPF_XOR, 1, write.flip);
    }
    code_.store(1, kFacts, at, 1);
    const Code::Label same = code_.label();
    if (!write.by_nft) code_.jump_if_wide(BPF_JEQ, 1, 2, same);
    // Routing, which takes a hop, writes the checksum anew.
    code_.store_value(4, kFacts, offsetof(tna_rule_facts, written),
                      write.by_nft && !early ? TNA_WRITTEN_BY_NFT : TNA_WRITTEN);
    code_.place(same);
  }

  void take(const Verdict& verdict, Code::Label next, Code::Label back) {
    switch (verdict.decision) {
      case Decision::accept:
        return code_.jump(accepted_);
      case Decision::drop:
        return end(kDrop);
      case Decision::go_on:
        return;
      case Decision::back:
        return code_.jump(back);
      case Decision::punt:
        return punt(verdict.chain);
      case Decision::jump:
      case Decision::go: {
        const RuleChain* to = table_.chain(verdict.chain);
        if (!to) return punt("no chain " + verdict.chain);
        return jump(*to, verdict.decision == Decision::go ? back : next);
      }
    }
  }

  void take(const Lookup& lookup, Code::Label next, Code::Label back) {
    const ElementSet* set = table_.set(lookup.set);
    if (!set) return punt("no set " + lookup.set);
    for (const Operand& operand : lookup.key)
      if (!has(operand)) return;
    for (const Operand& operand : lookup.key) operands_.require(operand, next);
    if (!code_.reachable()) return;
    const Code::Label found = code_.label();
    if (to_be_compared(*set)) {
      compare(lookup, *set, found, next, back);
    } else if (set->intervals && set->parts.size() > 1) {
      find(lookup, *set, found, next, back);
    } else {
      const auto map = shared_.map(table_, *set);
      if (!map) return punt("set " + set->name + " of long keys");
      ask(lookup, *set, *map, found, next, back);
    }
    // Here are those that no element was found for.
    if (set->otherwise && lookup.verdicts) {
      take(*set->otherwise, next, back);
      code_.jump(found);
    } else {
      code_.jump(!!set->otherwise == lookup.inside ? found : next);
    }
    code_.place(found);
  }

  // An element was found: its verdict, or the answer is yes.
  void is_element(const Lookup& lookup, const Verdict& verdict, Code::Label found, Code::Label next,
                  Code::Label back) {
    if (lookup.verdicts) take(verdict, next, back);
    code_.jump(lookup.inside ? found : next);
  }

  void compare(const Lookup& lookup, const ElementSet& set, Code::Label found, Code::Label next,
               Code::Label back) {
    for (const SetElement& element : set.elements) {
      const Code::Label other = code_.label();
      for (std::size_t i = 0; i < lookup.key.size(); ++i)
        operands_.require_in(lookup.key[i], element.parts[i], other);
      is_element(lookup, element.verdict, found, next, back);
      code_.place(other);
    }
  }

  // Intervals of several parts, as a tree: another element is other code.
  void find(const Lookup& lookup, const ElementSet& set, Code::Label found, Code::Label next,
            Code::Label back) {
    if (least_in_tree() > set.elements.size())
      return set.elements.size() <= kMostCompared
                 ? compare(lookup, set, found, next, back)
                 : punt("set " + set.name + " of several intervals each");
    const auto run = run_of(lookup, set, RuleRun(table_, met_));
    if (!run) return punt("set " + set.name + " of several intervals each");
    const Code::Label none = code_.label();
    std::vector<RuleRun::Outcome> outcomes;
    for (const SetElement& element : set.elements)
      outcomes.push_back({name_.handle, false, lookup.verdicts ? element.verdict : Verdict{}});
    act(*run, outcomes, name_.chain, none, lookup.inside ? found : next, next, back);
    code_.place(none);
  }

  void ask(const Lookup& lookup, const ElementSet& set, int map, Code::Label found,
           Code::Label next, Code::Label back) {
    int at = kKey;
    if (set.intervals) {
      code_.store_value(4, kFacts, at, 8 * set.parts.front());
      at += 4;
    }
    for (const Operand& operand : lookup.key)
      for (int word = 0; word < words_of(operand.length); ++word, at += 4) {
        operands_.load_word(operand, word);
        code_.store(4, kFacts, at, 1);
      }
    const Code::Label none = code_.label();
    code_.set_map(1, map);
    code_.move(2, kFacts);
    code_.add_value(2, kKey);
    code_.call(kLookUp);
    code_.jump_if_null(0, none);
    if (lookup.verdicts) {
      code_.load(4, 1, 0, 0);
      choose(1, verdicts_of(set),
             [&](const Verdict& verdict) { is_element(lookup, verdict, found, next, back); });
    } else {
      code_.jump(lookup.inside ? found : next);
    }
    code_.place(none);
  }

  Code& code_;
  Shared& shared_;
  Size& size_;
  ChainCalls& calls_;
  const RuleTable& table_;
  Met met_;
  OperandCode operands_;
  RuleName name_;  // of the rule at hand
  int jumps_ = 0;  // on the way there
  Code::Label accepted_ = 0;
};

// Routing is between the hooks, and takes one from the TTL; of that which the packet came with, it
// is known that there is one to be taken.
void route(Code& code, const Size& size, std::uint8_t family) {
  const Code::Label bridged = code.label();
  code.load(4, 1, kFacts, kBridged);
  code.jump_if(BPF_JNE, 1, 0, bridged);
  if (size.marked) {
    code.load(4, 1, kFacts, offsetof(tna_rule_facts, mark));
    code.store(4, kFacts, offsetof(tna_rule_facts, mark_routed_by), 1);
  }
  const int ttl =
      static_cast<int>(offsetof(tna_rule_facts, network)) + (family == NFPROTO_IPV4 ? 8 : 7);
  code.load(1, 1, kFacts, ttl);
  if (size.hops_written) {
    const Code::Label enough = code.label();
    code.jump_if(BPF_JGT, 1, 1, enough);
    code.set(0, kPunt);
    code.exit();
    code.place(enough);
  }
  code.add_value(1, -1);
  code.store(1, kFacts, ttl, 1);
  code.place(bridged);
}

void number_names(Code& code, Size& size, const Met& met, Shared& shared) {
  OperandCode operands(code, met);
  for (const auto& [field, cuts] : met.names->cuts()) {
    const std::size_t before = code.branches();
    operands.count_cuts({field, 0, 16, {}}, cuts, NameNumbers::place(field));
    size.more_on_way -= never_on_one_way(cuts.size(), code.branches() - before);
    shared.devices();
  }
}

// Where the kernel finds a packet's connection, and where it translates the destination, before
// routing, and the source, behind it (NF_IP_PRI_CONNTRACK, _NAT_DST, _NAT_SRC in
// linux/netfilter_ipv4.h; IPv6 has the same).
constexpr std::int32_t kConntrack = -200, kDestinationNat = -100, kSourceNat = 100;

constexpr RuleHook kForwardingHooks[] = {RuleHook::prerouting, RuleHook::forward,
                                         RuleHook::postrouting};

bool has_frame_chains(const RuleSet& rules) {
  return std::ranges::any_of(
      kForwardingHooks, [&](RuleHook hook) { return !rules.met(NFPROTO_BRIDGE, hook).empty(); });
}

// Where br_netfilter takes bridged packets to IP's rules (NF_BR_PRI_BRNF, or one less, as in
// kernels before 6.8; NF_BR_PRI_LAST). Of chains with the same priority the later goes first.
bool before_br_netfilter(RuleHook hook, std::int32_t priority) {
  return hook == RuleHook::postrouting || priority <= 0;
}
bool beside_br_netfilter(RuleHook hook, const BaseChain& chain) {
  return hook != RuleHook::postrouting &&
         (chain.priority == 0 || (hook == RuleHook::forward && chain.priority == -1));
}

// Copies what the packet leaves with over what it came with.
void translate(Code& code, std::uint8_t family, bool source) {
  const int addresses = static_cast<int>(source ? offsetof(tna_rule_facts, nat_saddr)
                                                : offsetof(tna_rule_facts, nat_daddr));
  const int bytes = family == NFPROTO_IPV4 ? 4 : 16;
  const int first = family == NFPROTO_IPV4 ? 12 : 8;
  const int network = static_cast<int>(offsetof(tna_rule_facts, network)) + first;
  for (int at = 0; at < bytes; at += 4) {
    code.load(4, 1, kFacts, addresses + at);
    code.store(4, kFacts, network + (source ? 0 : bytes) + at, 1);
  }
  code.load(2, 1, kFacts,
            source ? offsetof(tna_rule_facts, nat_sport) : offsetof(tna_rule_facts, nat_dport));
  code.store(2, kFacts, static_cast<int>(offsetof(tna_rule_facts, transport)) + (source ? 0 : 2),
             1);
}

bool translates(const RuleSet& rules, std::uint8_t family) {
  for (RuleHook hook : {RuleHook::prerouting, RuleHook::postrouting})
    for (const auto& [table, chain] : rules.met(family, hook))
      if (chain->base->new_flows_only) return true;
  return false;
}

using MetChains = std::vector<std::pair<const RuleTable*, const RuleChain*>>;

// What all functions for the packets of a family are written with.
struct Writing {
  Code& code;
  Shared& shared;
  Size& size;
  std::deque<ChainCalls>& calls;
  const RuleSet& rules;
};

// Chains of the family bridge, which bridged packets meet.
void write_frames(const Writing& writing, const MetChains& chains, Met met, bool before_ip) {
  Code& code = writing.code;
  met.frames = true;
  met.translates = false;
  for (const auto& [table, chain] : chains) {
    if (before_br_netfilter(met.hook, chain->base->priority) != before_ip) continue;
    met.beside_ip = met.family != NFPROTO_BRIDGE && beside_br_netfilter(met.hook, *chain->base);
    const Code::Label routed = code.label();
    if (met.family != NFPROTO_BRIDGE) {
      code.load(4, 1, kFacts, kBridged);
      code.jump_if(BPF_JEQ, 1, 0, routed);
    }
    writing.calls.emplace_back(*table, *chain);
    TableCode(code, writing.shared, writing.size, writing.calls.back(), *table, met)
        .base_chain(*chain);
    code.place(routed);
  }
}

// The chains of IP, in their order.
void write_ip(const Writing& writing, Met met) {
  const auto& [code, shared, size, calls, rules] = writing;
  const bool before_routing = met.hook == RuleHook::prerouting;
  const std::int32_t nat = before_routing ? kDestinationNat : kSourceNat;
  bool translated = !met.translates || met.hook == RuleHook::forward;
  for (const auto& [table, chain] : rules.met(met.family, met.hook)) {
    if (!code.reachable()) return;
    const std::int32_t priority = chain->base->priority;
    if (chain->base->new_flows_only) continue;
    if (!translated && priority == nat) {  // which of the two is first depends on who came first
      shared.to_linux({table->family, table->name, chain->name, 0}, "at the priority of NAT");
      code.set(0, kPunt);
      return code.exit();
    }
    if (!translated && priority > nat) {
      translate(code, met.family, !before_routing);
      translated = true;
    }
    met.legacy = table->name.starts_with("legacy ");
    met.tracked = !before_routing || priority > kConntrack;
    calls.emplace_back(*table, *chain);
    TableCode(code, shared, size, calls.back(), *table, met).base_chain(*chain);
  }
  if (!translated && before_routing) translate(code, met.family, false);
}

void write_hook(const Writing& writing, const Met& met) {
  Code& code = writing.code;
  const MetChains frames = writing.rules.met(NFPROTO_BRIDGE, met.hook);
  write_frames(writing, frames, met, true);
  if (met.family != NFPROTO_BRIDGE) {
    const Code::Label not_called = code.label();
    if (has_frame_chains(writing.rules)) {
      code.load(4, 1, kFacts, kBridged);
      code.jump_if(BPF_JEQ, 1, TNA_BRIDGED_FRAME, not_called);
    }
    write_ip(writing, met);
    code.place(not_called);
  }
  write_frames(writing, frames, met, false);
}

Result<std::vector<bpf_insn>> function(const RuleSet& rules, std::uint8_t family, Shared& shared) {
  Code code;
  Size size;
  std::deque<ChainCalls> calls;
  code.move(kFacts, 1);
  const NameNumbers names(rules, family);
  Met met{.family = family, .translates = translates(rules, family), .names = &names};
  number_names(code, size, met, shared);
  const Writing writing{code, shared, size, calls, rules};
  for (RuleHook hook : kForwardingHooks) {
    if (hook == RuleHook::forward && family != NFPROTO_BRIDGE) route(code, size, family);
    met.hook = hook;
    write_hook(writing, met);
  }
  code.set(0, kNext);
  code.exit();
  for (const ChainCalls& each : calls) each.write_returns(code);
  return code.finish();
}

bool same(const std::vector<bpf_insn>& a, const std::vector<bpf_insn>& b) {
  return std::ranges::equal(a, b, [](const bpf_insn& x, const bpf_insn& y) {
    return x.code == y.code && x.dst_reg == y.dst_reg && x.src_reg == y.src_reg && x.off == y.off &&
           x.imm == y.imm;
  });
}

}  // namespace

CompiledRules compile(const RuleSet& rules) {
  CompiledRules compiled;
  Shared shared(compiled);
  for (auto [family, code, why_not] :
       {std::tuple{NFPROTO_IPV4, &compiled.ipv4, &compiled.why_not4},
        std::tuple{NFPROTO_IPV6, &compiled.ipv6, &compiled.why_not6},
        std::tuple{NFPROTO_BRIDGE, &compiled.frames, &compiled.why_not_frames}}) {
    if (family == NFPROTO_BRIDGE && !has_frame_chains(rules)) continue;
    auto made = function(rules, static_cast<std::uint8_t>(family), shared);
    if (made)
      *code = std::move(*made);
    else
      *why_not = made.error().message;
  }
  shared.finish();
  return compiled;
}

bool CompiledRules::same_code(const CompiledRules& other) const {
  return same(ipv4, other.ipv4) && same(ipv6, other.ipv6) && same(frames, other.frames) &&
         devices == other.devices && std::ranges::equal(maps, other.maps, &RuleMap::same_shape) &&
         counters() == other.counters() &&
         rule_cells_value_size(cells) == rule_cells_value_size(other.cells);
}

std::size_t CompiledRules::counters() const {
  constexpr std::size_t kLeast = 64;
  return std::bit_ceil(std::max(counted.size(), kLeast));
}

}  // namespace tna
