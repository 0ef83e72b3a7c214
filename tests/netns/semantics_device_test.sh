#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# semantics_device: what stands around the bridge keeps its effect: netfilter, tc, qdiscs, MTU,
# packet sockets.
#
#   h1 ---- p1 [     ] p2 ---- h2       sink0: a frame that a tc filter redirects there is gone
#   h3 ---- p3 [ br0 ]
. "$(dirname "$0")/lib.sh"

setup() {
  bridge_world 3
  link add sink0 type veth peer name sink1
  link set sink0 up
  link set sink1 up
  learn h1 h2 h3
  start_tnad
}

# drop_by_tc DEV ingress|egress: not every kernel has the action "drop", so send it elsewhere
drop_by_tc() {
  in_ns b tc qdisc add dev "$1" clsact
  in_ns b tc filter add dev "$1" "$2" protocol all u32 match u32 0 0 \
    action mirred egress redirect dev sink0
}

test_tc_ingress() { # B0
  sends_fast h1 h2 h2
  drop_by_tc p1 ingress
  sends_slow any h1 h2 ""
  sends_fast h2 h3 h3
  in_ns b tc qdisc del dev p1 clsact
  sends_fast h1 h2 h2
}

# A tc redirect passes the egress filters and the qdisc by itself, XDP would skip them.
obeys_egress() {
  [ "$HOOK" = tc ] && sends "$@" && return
  sends_slow any "$@"
}

test_tc_egress() { # B33
  drop_by_tc p2 egress
  obeys_egress h1 h2 ""
  sends_fast h1 h3 h3
  in_ns b tc qdisc del dev p2 clsact
  sends_fast h1 h2 h2
}

test_shaping() { # B33: a rate stays a rate
  sends_fast h1 h2 h2
  in_ns b tc qdisc add dev p2 root tbf rate 1mbit burst 5kb latency 50ms
  flow h1 h2 --rate 2000 --count 2000 --size 1000 # 16 Mbit/s for one second
  at_least "frames of 1 Mbit/s" 80 "${FLOW[h2_before]}"
  at_most "frames of 1 Mbit/s" 250 "${FLOW[h2_before]}"
  in_ns b tc qdisc replace dev p2 root tbf rate 1gbit burst 1mb latency 50ms
  obeys_egress h1 h2 h2
  in_ns b tc qdisc del dev p2 root
  sends_fast h1 h2 h2
}

test_netdev_hooks() { # B0, B33: nft family netdev
  in_ns b nft -f - 2>/dev/null <<EOF || { say "skipped: no nft family netdev"; return; }
add table netdev t
add chain netdev t c { type filter hook ingress device p1 priority 0; }
add rule netdev t c drop
EOF
  sends_slow any h1 h2 ""
  in_ns b nft delete table netdev t
  sends_fast h1 h2 h2
  in_ns b nft -f - 2>/dev/null <<EOF || { say "no egress hook"; return; }
add table netdev t
add chain netdev t c { type filter hook egress device p2 priority 0; }
add rule netdev t c drop
EOF
  sends_slow any h1 h2 ""
  in_ns b nft delete table netdev t
  sends_fast h1 h2 h2
}

test_nft_bridge() { # B9, B31
  local hook
  for hook in prerouting forward postrouting; do
    in_ns b nft add table bridge t
    in_ns b nft "add chain bridge t c { type filter hook $hook priority 0; }"
    sends h1 h2 h2
    in_ns b nft add rule bridge t c ether saddr "$(mac h1)" ether daddr "$(mac h2)" drop
    sends_slow any h1 h2 ""
    sends h1 h3 h3
    in_ns b nft delete table bridge t
    sends_fast h1 h2 h2
  done
}

test_ebtables() { # B9
  in_ns b ebtables -A FORWARD -s "$(mac h1)" -d "$(mac h2)" -j DROP
  sends_slow any h1 h2 ""
  sends h1 h3 h3
  in_ns b ebtables -F FORWARD
  sends h1 h2 h2
  in_ns b nft delete table bridge filter # ebtables leaves its empty chains
  sends_fast h1 h2 h2
}

bridge_nf() { in_ns b sysctl -qw "net.bridge.bridge-nf-call-iptables=$1"; }

judged_by() { # judged_by iptables-nft|iptables-legacy: bridged IP obeys the rules of IP, if so set
  local tool=$1
  in_ns b "$tool" -w -P FORWARD DROP 2>/dev/null || {
    say "skipped: no $tool"
    return
  }
  bridge_nf 1
  sends_slow any h1 h2 ""
  sends h1 h2 h2 --ethertype 0x88b5 # not IP
  bridge_nf 0
  sends_fast h1 h2 h2
  link set br0 type bridge nf_call_iptables 1 # this bridge all the same
  sends_slow any h1 h2 ""
  link set br0 type bridge nf_call_iptables 0
  sends_fast h1 h2 h2
  bridge_nf 1
  in_ns b "$tool" -w -P FORWARD ACCEPT
  sends h1 h2 h2
  in_ns b "$tool" -w -A FORWARD -p udp --dport 9 -j DROP
  sends_slow any h1 h2 ""
  in_ns b "$tool" -w -F FORWARD
  sends h1 h2 h2
}

test_iptables_nft() { # 2.3
  [ -e /proc/sys/net/bridge ] || return
  judged_by iptables-nft
  in_ns b nft delete table ip filter
  sends_fast h1 h2 h2
}

test_nft_ip_prerouting() { # an early hook as well
  bridge_nf 1
  in_ns b nft add table ip t
  in_ns b nft 'add chain ip t c { type filter hook prerouting priority raw; }'
  in_ns b nft add rule ip t c ip daddr 198.51.100.22 drop
  sends_slow any h1 h2 ""
  in_ns b nft delete table ip t
  sends_fast h1 h2 h2
}

test_mtu() { # B32: four bytes more than the MTU pass, five don't
  local other="--ethertype 0x88b5"
  link set p1 mtu 2000
  ip -n "${RUN}h1" link set eth0 mtu 2000
  sends_fast h1 h2 h2 --size 1514
  sends_fast h1 h2 h2 --size 1518 $other
  sends_slow "too_long" h1 h2 "" --size 1519 $other
  link set p2 mtu 1600
  ip -n "${RUN}h2" link set eth0 mtu 1600
  sends_fast h1 h2 h2 --size 1618 $other
  sends_slow "too_long" h1 h2 "" --size 1619 $other
  link set p2 mtu 1400
  sends_slow "too_long" h1 h2 "" --size 1500 $other
  if [ -e /proc/sys/net/bridge ]; then # br_netfilter takes IP packets to pieces, without any rule
    bridge_nf 1
    flow h1 h2 --count $COUNT --expected $COUNT --size 1416
    same "fragmented frames at h2" "$COUNT $COUNT" "${FLOW[h2_before]} ${FLOW[h2_altered]}"
    flow h1 h2 --count $COUNT --expected $COUNT --size 1500
    same "fragmented frames at h2" "$COUNT $COUNT" "${FLOW[h2_before]} ${FLOW[h2_altered]}"
    bridge_nf 0
    sends_slow "too_long" h1 h2 "" --size 1500
    bridge_nf 1
  fi
  link set p1 mtu 1500
  link set p2 mtu 1500
  ip -n "${RUN}h1" link set eth0 mtu 1500
  ip -n "${RUN}h2" link set eth0 mtu 1500
  sends_fast h1 h2 h2
}

# captures IF [OPTION...]: tcpdump there sees each frame of a flow to h2
captures() {
  local where=$1 file=$WORK/dump.pcap
  shift
  capture b "$where" "$file" "$@"
  sends h1 h2 h2
  check "tcpdump -i $where $* saw $COUNT frames" wait_until 2 captured "$file"
  finish "$CHILD"
  sends_fast h1 h2 h2
}
captured() { [ "$("$TRAFFIC" capture "$1")" = $COUNT ]; }

test_tcpdump() {
  sends_fast h1 h2 h2
  captures p1
  captures p1 -p
  captures p2
  captures br0
  captures any
}

test_promiscuous_bridge() { # B15
  link set br0 promisc on
  sends_slow "bridge_promisc" h1 h2 h2
  link set br0 promisc off
  sends_fast h1 h2 h2
}

test_iptables_legacy() { # the last: its tables stay
  [ -e /proc/sys/net/bridge ] || return
  judged_by iptables-legacy
  bridge_nf 0
  sends_fast h1 h2 h2
}

run_tests
