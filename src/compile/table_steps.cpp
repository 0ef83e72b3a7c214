// SPDX-License-Identifier: Apache-2.0
// What TableCode writes for the steps of a rule, but for lookups.
#include <linux/netfilter.h>

#include <algorithm>
#include <cstddef>

#include "compile/table_code.h"
#include "tna.h"

namespace tna {

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

bool TableCode::has(const Operand& operand) {
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

void TableCode::leave(Unclear of, const std::string& what) {
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

void TableCode::take(const Test& test, Code::Label next, Code::Label) {
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

void TableCode::take(const Count&, Code::Label, Code::Label) {
  if (met_.for_zone) return;
  code_.set(3, shared_.counter(name_));
  count();
}

void TableCode::count() {
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

void TableCode::take(const SetMark& mark, Code::Label next, Code::Label) {
  if (met_.beside_ip) leave(Unclear::seen_by_ip, "a mark");
  constexpr int kMark = offsetof(tna_rule_facts, mark);
  function_.marked |= met_.hook == RuleHook::prerouting;
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

// nft_ct_set_zone_eval() and xt_ct_target() leave a packet alone that has a zone, or a connection.
void TableCode::take(const SetZone& set, Code::Label, Code::Label) {
  if (met_.tracked) return;
  if (met_.beside_tracking) return punt("a zone at the priority of connection tracking");
  if (!shared_.zones) return punt("a zone, by which this kernel's programs can't look");
  if (!met_.for_zone) return;
  leave(Unclear::bridged, "a zone");
  function_.zoned = true;
  const int way = (set.original ? TNA_ZONE_ORIGINAL : 0) | (set.reply ? TNA_ZONE_REPLY : 0);
  const Code::Label has = code_.label();
  code_.load(2, 1, kFacts, offsetof(tna_rule_facts, ct_zone_dir));
  code_.jump_if(BPF_JNE, 1, 0, has);
  code_.store_value(2, kFacts, offsetof(tna_rule_facts, ct_zone), set.zone);
  code_.store_value(2, kFacts, offsetof(tna_rule_facts, ct_zone_dir), way);
  code_.place(has);
}

// The copy that later rules see; the packet gets it in the end (bpf/fpm/mangle.h).
void TableCode::take(const Write& write, Code::Label, Code::Label) {
  const bool early = met_.hook == RuleHook::prerouting;
  const bool hops = write.offset == (write.family == NFPROTO_IPV4 ? 8 : 7);
  if (met_.frames || write.family != met_.family) return punt("payload set");
  if (early && !hops) return punt("a DSCP before routing");
  leave(Unclear::bridged, "another header");
  function_.hops_written |= early;
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

void TableCode::take(const Verdict& verdict, Code::Label next, Code::Label back) {
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

}  // namespace tna
