#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# churn: 1,000 random changes in a row, while a flow that none of them may disturb goes on. Linux
# alone loses nothing of it (TNA=off shows that), so TNA may not either; and it may not leak.
#
#   h1 ---- p1 [     ] p2 ---- h2       the flow: h1 to h2, both with static FDB entries
#   h3 ---- p3 [ br0 ] p4, p5 ...       what is played with; h3 must see nothing of the flow
. "$(dirname "$0")/lib.sh"

CHANGES=${CHANGES:-1000}
SEED=${SEED:-$RANDOM}

setup() {
  bridge_world 3
  learn h3
  fdb replace "$(mac h1)" dev p1 master static
  fdb replace "$(mac h2)" dev p2 master static
  start_tnad
}

# Every kind of change has two directions: X on, X off. "on" is done first. (Not among them, since
# Linux alone loses frames by it: a qdisc or txqueuelen of p2, a port down or out of the flow.)
isolated() { port p1 isolated "$1"; }
isolated_p3() { port p3 isolated "$1"; }
other_learning() { [ "$1" = on ] && port p1 learning off || port p1 learning on; }
hairpin() { port p3 hairpin "$1"; }
hairpin_p2() { port p2 hairpin "$1"; }
locked() { port p3 locked "$1"; }
locked_p1() { port p1 locked "$1"; } # h1 is known there
flood() { [ "$1" = on ] && port p3 flood off || port p3 flood on; }
suppress() { port p3 neigh_suppress "$1"; }
backup() { [ "$1" = on ] && port p3 backup_port p2 || port p3 nobackup_port; }
down() { [ "$1" = on ] && link set p3 down || link set p3 up; }
removed() { [ "$1" = on ] && link set p3 nomaster || link set p3 master br0; }
more_port() { [ "$1" = on ] && link add p4 type veth peer name x4 && link set p4 master br0 up &&
  link set x4 up || link del p4; }
more_bridge() { [ "$1" = on ] && link add br1 type bridge && link set br1 up || link del br1; }
entry() { [ "$1" = on ] && fdb replace 02:00:00:00:00:77 dev p1 master static ||
  fdb del 02:00:00:00:00:77 dev p1 master; }
entry_br0() { [ "$1" = on ] && fdb add 02:00:00:00:00:78 dev br0 self ||
  fdb del 02:00:00:00:00:78 dev br0 self; }
nft_bridge() {
  [ "$1" = off ] && in_ns b nft delete table bridge t && return
  in_ns b nft 'add table bridge t; add chain bridge t c { type filter hook forward priority 0; };
    add rule bridge t c counter accept'
}
nft_ip() {
  [ "$1" = off ] && in_ns b nft delete table ip t && return
  in_ns b nft 'add table ip t; add chain ip t c { type filter hook forward priority 0; };
    add rule ip t c ip daddr 198.51.100.22 counter accept'
}
ebtables_rule() {
  [ "$1" = off ] && in_ns b nft delete table bridge filter && return
  in_ns b ebtables -A FORWARD -i p3 -j DROP
}
address() { [ "$1" = on ] && ip -n "$B" addr add 192.0.2.200/24 dev br0 ||
  ip -n "$B" addr del 192.0.2.200/24 dev br0; }
own_mac() { [ "$1" = on ] && link set br0 address 02:00:00:00:02:01 ||
  link set br0 address 02:00:00:00:02:00; }
mtu_p3() { [ "$1" = on ] && link set p3 mtu 1400 || link set p3 mtu 1500; }
mtu_p2() { [ "$1" = on ] && link set p2 mtu 1600 || link set p2 mtu 1500; }
ageing() { [ "$1" = on ] && link set br0 type bridge ageing_time 1000 ||
  link set br0 type bridge ageing_time 30000; }
snooping() { [ "$1" = on ] && link set br0 type bridge mcast_snooping 1 ||
  link set br0 type bridge mcast_snooping 0; }
group_mask() { [ "$1" = on ] && link set br0 type bridge group_fwd_mask 0x4000 ||
  link set br0 type bridge group_fwd_mask 0; }
call_iptables() { [ "$1" = on ] && link set br0 type bridge nf_call_iptables 1 ||
  link set br0 type bridge nf_call_iptables 0; }
sysctl_iptables() { [ "$1" = on ] && in_ns b sysctl -qw net.bridge.bridge-nf-call-iptables=0 ||
  in_ns b sysctl -qw net.bridge.bridge-nf-call-iptables=1; }
promisc() { link set br0 promisc "$1"; }
promisc_p1() { link set p1 promisc "$1"; }
shaping() { [ "$1" = on ] && in_ns b tc qdisc add dev p3 root tbf rate 1mbit burst 5kb latency 50ms ||
  in_ns b tc qdisc del dev p3 root; }
clsact_p1() { [ "$1" = on ] && in_ns b tc qdisc add dev p1 clsact || in_ns b tc qdisc del dev p1 clsact; }
clsact_p3() { [ "$1" = on ] && in_ns b tc qdisc add dev p3 clsact || in_ns b tc qdisc del dev p3 clsact; }
dump() {
  if [ "$1" = off ]; then
    finish "$DUMP"
    return 0
  fi
  nsenter --net="/run/netns/$B" tcpdump -nn -i p1 -w /dev/null 2>/dev/null &
  DUMP=$!
  CHILDREN+=("$DUMP")
}
alias() { [ "$1" = on ] && link set p1 alias flow || link set p1 alias ''; }
queue() { [ "$1" = on ] && link set p3 txqueuelen 500 || link set p3 txqueuelen 1000; }
KINDS=(isolated isolated_p3 other_learning hairpin hairpin_p2 locked locked_p1 flood suppress backup
  down removed more_port more_bridge entry entry_br0 nft_bridge nft_ip ebtables_rule address own_mac
  mtu_p3 mtu_p2 ageing snooping group_mask call_iptables sysctl_iptables promisc promisc_p1 shaping
  clsact_p1 clsact_p3 dump alias queue)
# While these are on the flow is Linux's, so they are taken back by the next change.
SHORT=" nft_bridge nft_ip ebtables_rule promisc clsact_p1 dump "

declare -A ON=()
toggle() { # toggle KIND
  if [ -n "${ON[$1]:-}" ]; then
    unset "ON[$1]"
    $1 off
  else
    ON[$1]=1
    $1 on
  fi
}

held() { # kinds and numbers of what the daemon has open, and its pins
  ls -l /proc/"$TNAD"/fd | sed -n 's/.*-> \([^:[]*:\[*[a-z_-]*\).*/\1/p' | sed 's/socket:.*/socket/' | sort | uniq -c
  ls "$PINS"
}
kernel_objects() { echo "$(bpftool prog show | grep -c tna_) $(bpftool map show | grep -c tna_)"; }
memory() { sed -n 's/^VmRSS:[ \t]*\([0-9]*\) kB/\1/p' /proc/"$TNAD"/status; }
alone() { [ "$(pgrep -c -x tnad)" = 1 ]; } # otherwise not all objects are ours

test_churn() {
  local i kind last=none before_objects before_held before_memory fast count
  echo "$SELF: SEED=$SEED"
  RANDOM=$SEED
  sends_fast h1 h2 h2
  if tna_on; then
    fast=$(fast_packets p1)
    before_held=$(held)
    alone && before_objects=$(kernel_objects)
  fi
  flow_start h1 h2 --rate 1000
  for ((i = 0; i < CHANGES; i++)); do
    kind=${KINDS[RANDOM % ${#KINDS[@]}]}
    [[ $SHORT = *" $last "* && -n "${ON[$last]:-}" ]] && kind=$last
    last=$kind
    case $kind in # an option of p3 needs p3 in the bridge
      hairpin | locked | flood | suppress | isolated_p3 | backup)
        [ -n "${ON[removed]:-}" ] && kind=removed ;;
    esac
    toggle $kind 2>"$WORK/error" || fail "change $i, $kind: $(cat "$WORK/error")"
    [ $FAILURES -gt 10 ] && break
    tna_on && [ $i = $((CHANGES / 4)) ] && before_memory=$(memory)
    [ $((RANDOM % 4)) = 0 ] && sleep 0.0$((RANDOM % 5))
  done
  [ -n "${ON[removed]:-}" ] && toggle removed
  for kind in "${!ON[@]}"; do toggle "$kind"; done
  sleep 0.1
  flow_end
  same "frames of the flow at h2" "${FLOW[sent_before]}" "${FLOW[h2_before]}"
  same "doubled, altered at h2" "0 0" "${FLOW[h2_doubled]} ${FLOW[h2_altered]}"
  same "frames of the flow at h1, h3" "0 0" "${FLOW[h1_before]} ${FLOW[h3_before]}"
  tna_on || return
  check "tnad is dead" kill -0 "$TNAD"
  fast=$(($(fast_packets p1) - fast))
  echo "$SELF[$HOOK]: $CHANGES changes, ${FLOW[sent_before]} frames, $fast fast, \
${FLOW[h2_reordered]} overtaken; memory ${before_memory} to $(memory) kB"
  at_least "fast frames, in spite of it all" $((${FLOW[sent_before]} / 10)) "$fast"
  sends_fast h1 h2 h2
  at_most "growth of memory (kB) in the last three quarters" 4096 $(($(memory) - before_memory))
  wait_until 3 same_held || fail "held: $before_held; now: $(held)"
  [ -n "${before_objects:-}" ] && alone && { wait_until 5 same_objects ||
    fail "programs, maps: $before_objects; now $(kernel_objects)"; }
}
same_held() { [ "$(held)" = "$before_held" ]; }
same_objects() { [ "$(kernel_objects)" = "$before_objects" ]; }

run_tests
