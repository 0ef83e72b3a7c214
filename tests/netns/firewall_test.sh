#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# firewall: rules of nft, iptables-nft and iptables-legacy on routed packets hold from the moment that
# they are there, and what passes them goes fast.
#
#   h1 ---- p1 [ b ] p2 ---- h2      hN: 10.0.N.2/24, 2001:db8:N::2/64; the router is .1, ::1
. "$(dirname "$0")/lib.sh"

setup() {
  local n
  router_world 2
  start_tnad
  for n in 10.0.2.2 2001:db8:2::2; do ping_ok h1 $n; done
}

pings() { # pings FROM TO [OPTION...]: of 50
  in_ns "$1" ping -q -c 50 -i 0.01 -W 1 "${@:3}" "$2" | sed -n 's/.* \([0-9]*\) received.*/\1/p'
}
dropped() { status "$1" .dropped; }
programs() { tna status --json | jq -c '[.interfaces[] | .program]'; }
compiled() { # the rules of now are in the programs
  tna_on || return 0
  check "fast again: $(status p1 .why)" wait_until 5 is_compiled
}
is_compiled() {
  local before after
  before=$(status p1 .fast_packets)
  in_ns h1 ping -q -c 5 -i 0.01 -W 1 -s 20 10.0.2.2 >/dev/null
  after=$(status p1 .fast_packets)
  [ $((after - before)) -ge 4 ]
}

test_nft() {
  in_ns b nft -f - <<-'END'
	table inet t {
	  set blocked { type ipv4_addr; }
	  set nets { type ipv4_addr; flags interval; elements = { 10.7.0.0/16, 10.9.1.0-10.9.1.77 } }
	  chain pre { type filter hook prerouting priority raw; ip saddr @blocked counter drop; }
	  chain c {
	    type filter hook forward priority 0; policy drop;
	    ip saddr @nets drop
	    icmp type { echo-request, echo-reply } jump echo_
	    meta nfproto ipv6 iifname "p1" oifname "p2" icmpv6 type echo-request ip6 hoplimit > 10 counter accept
	    icmpv6 type echo-reply accept
	    udp dport 4000-4999 accept
	    meta l4proto ipv6-icmp accept
	  }
	  chain echo_ {
	    ip length 100 counter drop
	    ip dscp 4 limit rate 1000/second accept
	    counter accept
	  }
	}
	END
  compiled
  remember
  same "pings" 50 "$(pings h1 10.0.2.2)"
  same "pings of IPv6" 50 "$(pings h1 2001:db8:2::2)"
  both_grew 90
  remember
  same "pings of 100 bytes" 0 "$(pings h1 10.0.2.2 -s 72 -W 0.1)"
  tna_on && at_least "dropped" 45 "$(dropped p1)"
  check "a rule that TNA can't do holds" one h1 10.0.2.2 -Q 16
  tna_on && at_least "which is Linux's" 1 "$(status p1 .reasons.rule)"
  rule_counts
}

rule_counts() {
  tna_on || return
  local counted
  counted=($(counted_in echo_))
  at_least "the rules have counted" 140 "${counted[1]}"
  at_least "and with Linux's own" 150 $((counted[0] + counted[1]))
  same "what nft shows alone" "${counted[0]}" "$(in_ns b nft list chain inet t echo_ |
    sed -n 's/.*counter packets \([0-9]*\) .*/\1/p' | awk '{ sum += $1 } END { print sum }')"
}
counted_in() { # counted_in CHAIN: packets that its rules have counted by Linux, and by the fast path
  tna rules --counters --json | jq -r --arg chain "$1" '[.chains[] | select(.chain == $chain and .family != "ip6")
    | .rules[]] | "\([.[].linux.packets // 0] | add) \([.[].fast.packets // 0] | add)"'
}

test_an_element_is_no_new_program() {
  local before
  tna_on && before=$(programs)
  in_ns b nft add element inet t blocked '{ 10.0.1.2 }'
  check "blocked at once" not one h1 10.0.2.2
  tna_on && check "and by the fast path" wait_until 5 drops_more
  in_ns b nft delete element inet t blocked '{ 10.0.1.2 }'
  check "not any more" one h1 10.0.2.2
  compiled
  tna_on && same "programs" "$before" "$(programs)"
}
drops_more() {
  local before
  before=$(dropped p1)
  one h1 10.0.2.2 -W 0.1
  [ "$(dropped p1)" -gt "$before" ]
}

test_rules_hold_at_once() { # and never those of before
  local i
  for ((i = 0; i < 10; i++)); do
    in_ns b nft insert rule inet t c icmp type echo-request drop
    check "dropped" not one h1 10.0.2.2 -W 0.1
    in_ns b nft flush chain inet t c
    check "dropped by policy" not one h1 10.0.2.2 -W 0.1
    in_ns b nft add rule inet t c accept
    check "accepted" one h1 10.0.2.2
    check "accepted, IPv6" one h1 2001:db8:2::2
  done
  compiled
}

test_names_of_devices() {
  in_ns b nft insert rule inet t c oifname wan icmp type echo-request drop
  compiled
  check "p2 has another name" one h1 10.0.2.2
  link set p2 name wan
  check "a device has the name now" not one h1 10.0.2.2 -W 0.1
  link set wan name p2
  check "and no longer" one h1 10.0.2.2
  in_ns b nft delete table inet t
  compiled
}

iptables_rules() { # iptables_rules nft | legacy
  local program=iptables-$1 program6=ip6tables-$1
  in_ns b "$program" -P FORWARD DROP || { say "no $program"; return; }
  in_ns b "$program" -N ok
  in_ns b "$program" -A FORWARD -i p1 -p icmp -s 10.0.9.0/24 -j DROP
  in_ns b "$program" -A FORWARD -s 10.0.0.0/16 -p icmp -j ok
  in_ns b "$program" -A ok -m comment --comment "of no matter" -d 10.0.0.0/8 -j ACCEPT
  in_ns b "$program" -t mangle -A PREROUTING -p udp -m multiport --dports 1,2,3 -j DROP
  in_ns b "$program6" -A FORWARD -p icmpv6 -s 2001:db8:9::/48 -j DROP
  compiled
  remember
  same "pings" 50 "$(pings h1 10.0.2.2)"
  both_grew 45
  iptables_counts "$program"
  in_ns b "$program" -D ok 1
  check "dropped at once" not one h1 10.0.2.2 -W 0.1
  in_ns b "$program" -A ok -j ACCEPT
  check "accepted at once" one h1 10.0.2.2
  compiled
  in_ns b "$program" -F
  in_ns b "$program" -X
  in_ns b "$program" -P FORWARD ACCEPT
  in_ns b "$program" -t mangle -F
  in_ns b "$program6" -F
  check "no rules any more" one h1 10.0.2.2
  compiled
}
iptables_counts() { # `iptables -L -v` shows what Linux has seen
  tna_on || return
  local counted
  counted=($(counted_in ok))
  at_least "counted by the fast path" 90 "${counted[1]}"
  at_least "and with Linux's own" 100 $((counted[0] + counted[1]))
  same "what iptables shows alone" "${counted[0]}" \
    "$(in_ns b "$1" -L ok -nvx | awk 'NR > 2 { sum += $1 } END { print sum }')"
}
test_iptables_nft() {
  iptables_rules nft
  in_ns b nft flush ruleset
}
test_iptables_legacy() { iptables_rules legacy; }

run_tests
