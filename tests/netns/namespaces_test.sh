#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# namespaces: one tnad serves two network namespaces, each with a bridge, joined by a veth. The worlds
# are built alike, so that their interfaces have the same indexes.
#
#   h1 ---- p1 [ b:br0 ] x ======== y [ c:br0 ] p3 ---- h3
#   h2 ---- p2 [       ]              [       ] p4 ---- h4
. "$(dirname "$0")/lib.sh"

C=${RUN}c
CONTROL=/run/tna/$B.sock
C_CONTROL=/run/tna/$C.sock

in_c() { # in_c COMMAND...: what lib.sh says of br0 and its ports is said of c's
  local B=$C CONTROL=$C_CONTROL
  "$@"
}

setup() {
  bridge_world 2
  new_netns c
  ALSO=c
  in_c link add br0 address "$(mac br0)" type bridge stp_state 0 mcast_snooping 0
  in_c link set br0 up
  in_c add_station 3
  in_c add_station 4
  join
  same "indexes of p1 and p3" "$(index_of "$B" p1)" "$(index_of "$C" p3)"
  wait_until 5 all_forward || fail "ports did not come up"
  know_all
  start_both
}
join() {
  link add x type veth peer name y netns "$C"
  link set x master br0 up
  in_c link set y master br0 up
}
index_of() { ip -n "$1" -o link show "$2" | cut -d: -f1; }
ports() { bridge -n "$B" link show && bridge -n "$C" link show; }
all_forward() { [ "$(ports | grep -c 'state forwarding')" = "$(ports | wc -l)" ]; }
know_all() {
  learn h1 h2
  in_c learn h3 h4
}
start_both() { start_tnad_at --netns "$B" --netns "$C"; }

test_each_its_own() {
  tna_on || return
  same "namespace of the first socket" "$B" "$(tna status --json | jq -r .netns)"
  same "namespace of the second socket" "$C" "$(in_c tna status --json | jq -r .netns)"
  same "interfaces of b" "p1 p2 x" "$(accelerated)"
  same "interfaces of c" "p3 p4 y" "$(in_c accelerated)"
  same "lines that say ready" 1 "$(grep -c ready "$LOG")"
  check "the log does not name the namespace" grep -q "$C: p3: fast path on" "$LOG"
}
accelerated() {
  tna status --json | jq -r "[.interfaces[] | select(.hook == \"$HOOK\") | .name] | sort | join(\" \")"
}

test_fast_in_both() {
  sends_fast h1 h2 h2
  in_c sends_fast h3 h4 h4
  sends_fast h2 h1 h1
  in_c sends_fast h4 h3 h3
}

test_across() { # each frame crosses both bridges, fast on both
  sends_fast h1 h3 h3
  at_its_second_hop y in_c h1 h3
  in_c sends_fast h3 h1 h1
  at_its_second_hop x "" h3 h1
  tcp_of h1 h3 192.0.2.3
}
at_its_second_hop() { # at_its_second_hop PORT in_c|"" FROM TO
  $2 sends_until "$1" - "$3" "$4" "$4" || fail "$3 -> $4 is not fast at $1: $($2 counted "$1")"
}

test_change_in_one() { # is nothing to the other
  local before i
  in_c sends_fast h3 h4 h4
  tna_on && before=$(in_c tna status --json | jq .generation)
  flow_start h3 h4 --rate 2000
  for ((i = 0; i < 5; i++)); do
    port p1 neigh_suppress on
    link set p2 nomaster
    sleep 0.05
    link set p2 master br0
    port p1 neigh_suppress off
    sleep 0.05
  done
  flow_end
  at_least "frames of the flow" 500 "${FLOW[sent_before]}"
  same "frames of the flow at h4" "${FLOW[sent_before]}" "${FLOW[h4_before]}"
  tna_on && same "generation of c" "$before" "$(in_c tna status --json | jq .generation)"
  wait_until 5 all_forward
  know_all
  port p2 isolated on
  in_c port p4 isolated on
  sends_fast h1 h2 h2
  in_c sends_fast h3 h4 h4
  in_c port p3 isolated on
  sends_fast h1 h2 h2
  in_c sends_slow isolated h3 h4 ""
  port p2 isolated off
  in_c port p3 isolated off
  in_c port p4 isolated off
}

test_new_ports() { # found in the right namespace, though the thread has been in the other
  add_station 5
  in_c add_station 6
  same "indexes of p5 and p6" "$(index_of "$B" p5)" "$(index_of "$C" p6)"
  tna_on && { wait_hook p5 "$HOOK" || fail "p5 is not accelerated: $(counted p5)"; }
  tna_on && { in_c wait_hook p6 "$HOOK" || fail "p6 is not accelerated: $(in_c counted p6)"; }
  wait_until 5 all_forward || fail "p5 and p6 do not forward"
  learn h5
  in_c learn h6
  sends_fast h5 h1 h1
  in_c sends_fast h6 h3 h3
  sends_fast h5 h6 h6
}

test_moved_port() { # from one served namespace to the other, and back
  link set p5 nomaster
  link set p5 netns "$C"
  in_c link set p5 master br0 up
  tna_on && { in_c wait_hook p5 "$HOOK" || fail "p5 in c: $(in_c counted p5)"; }
  wait_until 5 all_forward || fail "p5 does not forward in c"
  in_c learn h5
  in_c sends_fast h5 h3 h3
  in_c link set p5 nomaster
  in_c link set p5 netns "$B"
  link set p5 master br0 up
  tna_on && { wait_hook p5 "$HOOK" || fail "p5 in b again: $(counted p5)"; }
  wait_until 5 all_forward || fail "p5 does not forward in b again"
  learn h5
  sends_fast h5 h1 h1
}

test_join_goes_and_comes() {
  link del x
  sends_fast h1 h2 h2
  in_c sends_fast h3 h4 h4
  flow h1 h3 --count $COUNT
  same "frames at h3" 0 "${FLOW[h3_before]}"
  join
  wait_until 5 all_forward || fail "the bridges are not joined again"
  know_all
  sends_fast h1 h3 h3
  at_its_second_hop y in_c h1 h3
}

test_detach_in_one() {
  tna_on || return
  tna detach >/dev/null
  same "hooks in b" "" "$(accelerated)"
  in_c sends_fast h3 h4 h4
  sends h1 h2 h2
  tna attach >/dev/null
  sends_fast h1 h2 h2
}

test_configured_anew() { # SIGHUP is for all of them
  tna_on || return
  kill -HUP "$TNAD"
  wait_until 5 grep -q "configuration reloaded" "$LOG" || fail "nothing was reloaded"
  sends_fast h1 h2 h2
  in_c sends_fast h3 h4 h4
}

nothing_left() {
  local name pins
  for name in "$B" "$C"; do
    same "XDP programs in $name" "" "$(ip -n "$name" -d link show | grep -o 'prog/xdp.*')"
    check "the control socket of $name is left" not test -e "/run/tna/$name.sock"
  done
  same "tc programs on p1, p3" "" \
    "$(in_ns b tc filter show dev p1 ingress; in_ns c tc filter show dev p3 ingress)"
  for pins in $PINS; do check "the folder of pins $pins is left" not test -e "$pins"; done
}

test_clean_stop() {
  tna_on || return
  same "folders of pins" 2 "$(wc -w <<<"$PINS")"
  stop_tnad
  nothing_left
  sends h1 h3 h3
  start_both
  sends_fast h1 h2 h2
  in_c sends_fast h3 h4 h4
}

test_killed() { # what one left is taken over, by one for each namespace as well
  tna_on || return
  sends_fast h1 h2 h2
  in_c sends_fast h3 h4 h4
  flow_start h1 h4 --rate 1000
  sleep 0.2
  kill_tnad
  sleep 0.2
  start_both
  sleep 0.2
  flow_end
  same "frames of the flow at h4" "${FLOW[sent_before]}" "${FLOW[h4_before]}"
  sends_fast h1 h2 h2
  in_c sends_fast h3 h4 h4
}

test_all_or_nothing() {
  tna_on || return
  stop_tnad
  refused "open network namespace ${RUN}none: No such file" --netns "$B" --netns "${RUN}none"
  refused "same as namespace $B" --netns "$B" --netns "/run/netns/$B"
  refused "control names one socket" --netns "$B" --netns "$C" --control "$WORK/one.sock"
  start_tnad_at --netns "$C"
  refused "$C: another tnad serves this network namespace" --netns "$B" --netns "$C"
  stop_tnad
  start_both
}
refused() { # refused "error" OPTION...
  local wanted=$1 status
  shift
  timeout 10 "$TNA_BUILD/tnad" --hook "$HOOK" "$@" 2>"$WORK/refused"
  status=$?
  same "exit status of tnad $*" 1 $status
  check "tnad $*: $(cat "$WORK/refused")" grep -q "$wanted" "$WORK/refused"
  same "XDP programs in b" "" "$(ip -n "$B" -d link show | grep -o 'prog/xdp.*')"
  same "tc programs on p1" "" "$(in_ns b tc filter show dev p1 ingress)"
  check "a control socket is left" not test -e "$CONTROL"
}

test_self() { # the namespace that it is started in beside another
  tna_on || return
  [ -e /run/tna/tnad.sock ] && return # this machine's own
  stop_tnad
  CONTROL=/run/tna/tnad.sock
  STARTER="nsenter --net=/run/netns/$B" start_tnad_at --netns self --netns "$C"
  same "namespace of the first socket" "" "$(tna status --json | jq -r .netns)"
  sends_fast h1 h2 h2
  in_c sends_fast h3 h4 h4
  stop_tnad
  CONTROL=/run/tna/$B.sock
  start_both
}
run_tests
