// SPDX-License-Identifier: Apache-2.0
#include "daemon/rules_answer.h"

#include <algorithm>

#include "daemon/rule_keeper.h"

namespace tna {
namespace {

// Which rules TNA leaves to Linux, and what they have counted of the fast path's packets.
struct Known {
  std::map<RuleName, std::string> to_linux;
  bool counters = false;  // are asked for
  RuleCounts counts;
};

Json rule_json(const RuleName& name, const Rule& rule, const Known& known) {
  Json json{{"handle", rule.handle}, {"steps", Json::array()}};
  for (const Step& step : rule.steps) {
    json["steps"].push_back(to_text(step));
    auto* verdict = std::get_if<Verdict>(&step);
    if (verdict && verdict->decision == Decision::punt) json["to_linux"] = verdict->chain;
  }
  if (auto why = known.to_linux.find(name); why != known.to_linux.end())
    json["to_linux"] = why->second;
  if (!rule.counted || !known.counters) return json;
  json["linux"] = {{"packets", rule.counted->packets}, {"bytes", rule.counted->bytes}};
  if (auto count = known.counts.find(name); count != known.counts.end())
    json["fast"] = {{"packets", count->second.packets}, {"bytes", count->second.bytes}};
  return json;
}

Json chain_json(const RuleTable& table, const RuleChain& chain, const Known& known) {
  Json json{{"family", table_family_name(table.family)},
            {"table", table.name},
            {"chain", chain.name},
            {"rules", Json::array()}};
  if (chain.base) {
    json["hook"] = to_string(chain.base->hook);
    json["priority"] = chain.base->priority;
    json["policy"] = chain.base->drops ? "drop" : "accept";
    json["devices"] = chain.base->devices;
  }
  for (const Rule& rule : chain.rules)
    json["rules"].push_back(
        rule_json({table.family, table.name, chain.name, rule.handle}, rule, known));
  return json;
}

// Why no packet of the family is judged by compiled rules; null: they are, or there are none.
Json refused(const Firewall& firewall, int version) {
  if (firewall.can_judge(version)) return nullptr;
  if (!firewall.rules) return firewall.why_not.empty() ? Json() : Json(firewall.why_not);
  return version == 4 ? firewall.rules->why_not4 : firewall.rules->why_not6;
}

// The same of frames.
Json refused_frames(const Firewall& firewall) {
  if (firewall.can_judge_frames() || !firewall.rules) return nullptr;
  const CompiledRules& rules = *firewall.rules;
  if (rules.frames.empty() && rules.why_not_frames.empty()) return nullptr;
  return rules.why_frames_not_judged();
}

}  // namespace

Result<Json> rules_answer(const Controller::View& view, const Json& arguments) {
  const Json* asked = find(arguments, "counters");
  if (asked && !asked->is_boolean()) return error("counters: neither true nor false");
  const RuleSet rules = TRY(read_rules());
  Known known;
  known.counters = asked && asked->get<bool>();
  if (known.counters) known.counts = TRY(view.deployer.counted());
  const Firewall& firewall = view.firewall;
  if (firewall.rules)
    known.to_linux.insert(firewall.rules->to_linux.begin(), firewall.rules->to_linux.end());
  Json chains = Json::array();
  for (const RuleTable& table : rules.tables)
    for (const RuleChain& chain : table.chains) chains.push_back(chain_json(table, chain, known));
  return Json{{"generation", rules.generation},
              {"chains", chains},
              {"compiled_generation", firewall.rules ? firewall.words.nft_generation : 0},
              {"refused",
               {{"ipv4", refused(firewall, 4)},
                {"ipv6", refused(firewall, 6)},
                {"frames", refused_frames(firewall)}}}};
}

}  // namespace tna
