#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# nowindow: while frames flow fast, something is changed. Not one frame that was made after the
# command had returned may take the old way: with the daemon running, stopped by SIGSTOP, and dead.
#
#   h1 ---- p1 [     ] p2 ---- h2       h1 sends to h2 all the time; h2 and h3 never send
#   h3 ---- p3 [ br0 ]                  sink0: what a tc filter redirects there is gone
. "$(dirname "$0")/lib.sh"

STATES=${STATES:-running stopped killed}
tna_on || STATES=alone
OPTIONS=() # of the flow

setup() {
  bridge_world 3
  link add sink0 type veth peer name sink1
  link set sink0 up
  link set sink1 up
  learn h1 h2 h3
  start_tnad
}

into_state() {
  case $1 in
    stopped) kill -STOP "$TNAD" ;;
    killed) kill_tnad ;;
  esac
}
out_of_state() {
  case $1 in
    stopped) kill -CONT "$TNAD" ;;
    killed) start_tnad ;;
  esac
}

# obeyed "h3 ..." UNDO COMMAND...: of the frames made after the command all arrive at these
# stations and none at others. PREPARE is done before, while the daemon runs.
PREPARE=true
obeyed() {
  local wanted=" $1 " undo=$2 state name fast
  shift 2
  for state in $STATES; do
    NOW="${NOW%% *} ($state)"
    $PREPARE
    sends_fast h1 h2 h2 "${OPTIONS[@]}"
    fast=${AFTER[0]}
    into_state "$state"
    flow h1 h2 --rate 3000 --before 50 --after 60 "${OPTIONS[@]}" -- "$@"
    at_least "frames before the change" 100 "${FLOW[h2_before]}"
    at_least "frames after the change" 100 "${FLOW[sent_after]}"
    for name in h2 h3; do
      case $wanted in
        *" $name "*) same "frames at $name made after '$*'" "${FLOW[sent_after]}" "${FLOW[${name}_after]}" ;;
        *) same "frames at $name made after '$*'" 0 "${FLOW[${name}_after]}" ;;
      esac
      same "doubled frames at $name" 0 "${FLOW[${name}_doubled]}"
    done
    [ -n "${AFTERWARDS:-}" ] && $AFTERWARDS
    $undo
    out_of_state "$state"
    tna_on && at_least "fast frames until the change" 100 $(($(fast_packets p1) - fast))
  done
}

back_up() { # back_up IF: what a port that was down needs
  link set "$1" up
  wait_until 3 ports_forward || fail "$1 did not come back"
  learn h1 h2
}
test_egress_down() { obeyed "h3" "back_up p2" ip -n "$B" link set p2 down; }
test_ingress_down() { obeyed "" "back_up p1" ip -n "$B" link set p1 down; }
test_bridge_down() { obeyed "" "back_up br0" ip -n "$B" link set br0 down; }

enslave() {
  link set "$1" master br0
  back_up "$1"
}
test_egress_removed() { obeyed "h3" "enslave p2" ip -n "$B" link set p2 nomaster; }
test_ingress_removed() { obeyed "" "enslave p1" ip -n "$B" link set p1 nomaster; }

test_egress_disabled() { obeyed "" "port p2 state 3" bridge -n "$B" link set dev p2 state 0; }
test_ingress_disabled() { obeyed "" "port p1 state 3" bridge -n "$B" link set dev p1 state 0; }

isolate_p1() { port p1 isolated on; }
not_isolated() {
  port p1 isolated off
  port p2 isolated off
}
test_isolated() {
  PREPARE=isolate_p1
  obeyed "" not_isolated bridge -n "$B" link set dev p2 isolated on
  PREPARE=true
}

forget_h1() {
  port p1 learning off
  forget h1
}
unlock_p1() {
  port p1 learning on locked off
  learn h1
}
test_locked() {
  PREPARE=forget_h1
  obeyed "" unlock_p1 bridge -n "$B" link set dev p1 locked on
  PREPARE=true
}

# Learning is no matter of frames, but of the FDB: on, the next frame's source is there again.
p1_learns() {
  port p1 learning on
  learn h1
}
h1_known() { check "h1 was not learned after learning on" fdb_has "$(mac h1)" p1; }
h1_unknown() { check "h1 was learned after learning off" not fdb_has "$(mac h1)" p1; }
test_learning_on() {
  PREPARE=forget_h1 AFTERWARDS=h1_known
  obeyed "h2" p1_learns bridge -n "$B" link set dev p1 learning on
  PREPARE=true AFTERWARDS=
}
test_learning_off() {
  echo "link set dev p1 learning off
fdb del $(mac h1) dev p1 master" >"$WORK/batch"
  AFTERWARDS=h1_unknown
  obeyed "h2" p1_learns bridge -n "$B" -batch "$WORK/batch"
  AFTERWARDS=
}

test_nft_bridge_rule() {
  cat >"$WORK/rules" <<EOF
add table bridge t
add chain bridge t c { type filter hook forward priority 0; }
add rule bridge t c ether daddr $(mac h2) drop
EOF
  obeyed "" "in_ns b nft delete table bridge t" nsenter --net="/run/netns/$B" nft -f "$WORK/rules"
}

test_nft_netdev_rule() {
  local at
  for at in "ingress device p1" "egress device p2"; do
    cat >"$WORK/rules" <<EOF
add table netdev t
add chain netdev t c { type filter hook $at priority 0; }
add rule netdev t c drop
EOF
    in_ns b nft -c -f "$WORK/rules" 2>/dev/null || continue # not every kernel has them
    obeyed "" "in_ns b nft delete table netdev t" nsenter --net="/run/netns/$B" nft -f "$WORK/rules"
  done
}

test_ebtables_rule() {
  obeyed "" "in_ns b nft delete table bridge filter" \
    nsenter --net="/run/netns/$B" ebtables -A FORWARD -d "$(mac h2)" -j DROP
}

test_iptables_rule() {
  [ -e /proc/sys/net/bridge ] || return
  in_ns b sysctl -qw net.bridge.bridge-nf-call-iptables=1
  obeyed "" "in_ns b nft delete table ip filter" \
    nsenter --net="/run/netns/$B" iptables-nft -w -P FORWARD DROP
}

drop_ip_unseen() {
  in_ns b sysctl -qw net.bridge.bridge-nf-call-iptables=0
  in_ns b iptables-nft -w -P FORWARD DROP
}
test_sysctl() {
  [ -e /proc/sys/net/bridge ] || return
  PREPARE=drop_ip_unseen
  obeyed "" "in_ns b nft delete table ip filter" \
    nsenter --net="/run/netns/$B" sysctl -qw net.bridge.bridge-nf-call-iptables=1
  drop_ip_unseen # the bridge's own option likewise
  obeyed "" "link set br0 type bridge nf_call_iptables 0" \
    ip -n "$B" link set br0 type bridge nf_call_iptables 1
  in_ns b nft delete table ip filter
  in_ns b sysctl -qw net.bridge.bridge-nf-call-iptables=1
  PREPARE=true
}

test_fdb_deleted() { # flooded from then on
  obeyed "h2 h3" "learn h2" bridge -n "$B" fdb del "$(mac h2)" dev p2 master
}
test_fdb_moved() {
  obeyed "h3" "learn h2" bridge -n "$B" fdb replace "$(mac h2)" dev p3 master dynamic
}
own_mac_back() {
  link set br0 address "$(mac br0)"
  learn h2
}
test_fdb_local() { # the address becomes the bridge's own
  obeyed "" own_mac_back ip -n "$B" link set br0 address "$(mac h2)"
}

filter_batch() { # filter_batch IF ingress|egress
  cat >"$WORK/filters" <<EOF
qdisc add dev $1 clsact
filter add dev $1 $2 protocol all u32 match u32 0 0 action mirred egress redirect dev sink0
EOF
}
test_tc_ingress() {
  filter_batch p1 ingress
  obeyed "" "in_ns b tc qdisc del dev p1 clsact" \
    nsenter --net="/run/netns/$B" tc -batch "$WORK/filters"
}
test_tc_egress() {
  filter_batch p2 egress
  obeyed "" "in_ns b tc qdisc del dev p2 clsact" \
    nsenter --net="/run/netns/$B" tc -batch "$WORK/filters"
}

test_mtu() { # to be seen with frames that are not IP
  OPTIONS=(--ethertype 0x88b5 --size 1000)
  obeyed "" "link set p2 mtu 1500" ip -n "$B" link set p2 mtu 900
  OPTIONS=()
}

# tcpdump sees every frame from the moment on at which it says that it listens.
start_dump() { # start_dump IF: runs as the command
  : >"$WORK/tcpdump.log"
  tcpdump -nn -U -B 8192 -i "$1" -w "$WORK/dump" 2>"$WORK/tcpdump.log" >/dev/null &
  echo $! >"$WORK/tcpdump.pid"
  until grep -q listening "$WORK/tcpdump.log"; do :; done
}
dump_complete() {
  [ "$("$TRAFFIC" capture "$WORK/dump" --after "${FLOW[change]}")" = "${FLOW[sent_after]}" ]
}
dumped() {
  check "tcpdump saw $("$TRAFFIC" capture "$WORK/dump" --after "${FLOW[change]}") of \
${FLOW[sent_after]} frames" wait_until 2 dump_complete
}
end_dump() {
  local pid
  pid=$(cat "$WORK/tcpdump.pid")
  kill "$pid"
  wait_until 3 not kill -0 "$pid" 2>/dev/null
}
test_tcpdump() {
  local where
  export WORK
  export -f start_dump
  AFTERWARDS=dumped
  for where in p1 p2 br0; do
    obeyed "h2" end_dump nsenter --net="/run/netns/$B" bash -c "start_dump $where"
  done
  AFTERWARDS=
}

run_tests
