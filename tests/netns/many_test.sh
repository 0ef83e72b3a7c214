#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# many: a bridge with 500 ports: all of them fast, with one program, and a change is obeyed as ever. How
# long it takes from a change to the program running is measured by `scripts/bench reaction`; here it is
# printed only.
#
#   h1 ---- p1 [     ] p2 ---- h2
#   h3 ---- p3 [ br0 ] p4 .. p500 ---- e4 .. e500 in namespace far
. "$(dirname "$0")/lib.sh"

PORTS=${PORTS:-500}
PATIENCE=60 # each tcx program waits for RCU when it is attached: 13 ms

setup() {
  bridge_world 3
  new_netns far
  ALSO=far
  local n
  for ((n = 4; n <= PORTS; n++)); do
    echo "link add p$n type veth peer name e$n netns ${RUN}far"
    echo "link set p$n master br0 up"
  done >"$WORK/ports"
  ip -n "$B" -batch "$WORK/ports"
  for ((n = 4; n <= PORTS; n++)); do echo "link set e$n up"; done >"$WORK/ends"
  ip -n "${RUN}far" -batch "$WORK/ends"
  wait_until $PATIENCE all_forward || fail "ports did not come up"
  learn h1 h2 h3
  start_tnad
}
all_forward() { [ "$(bridge -n "$B" link show | grep -c 'state forwarding')" = $PORTS ]; }

accelerated() { tna status --json | jq "[.interfaces[] | select(.hook == \"$HOOK\")] | length"; }
all_accelerated() { [ "$(accelerated)" = $PORTS ]; }
programs() { # the programs of all links: one
  grep -sh -A3 '^link_type' /proc/"$TNAD"/fdinfo/* | sed -n 's/^prog_id:[ \t]*//p' | sort -u
}

test_one_program() {
  tna_on || return
  wait_until $PATIENCE all_accelerated || fail "$(accelerated) of $PORTS ports are accelerated"
  same "programs of $PORTS ports" 1 "$(programs | wc -l)"
  at_most "descriptors of tnad" $((PORTS + 100)) "$(ls /proc/"$TNAD"/fd | wc -l)"
}

rebuilt() { # rebuilt "change": in how many milliseconds, for those who want to know
  say "$1: $(tna status --json | jq .last_rebuild_ms) ms from the change to its program running"
}

test_join() { # the others keep their program
  tna_on || return
  local before=$(programs)
  link set p$PORTS nomaster
  wait_hook p$PORTS none || fail "p$PORTS left: $(counted "p$PORTS")"
  link set p$PORTS master br0
  wait_hook p$PORTS "$HOOK" || fail "p$PORTS joined: $(counted "p$PORTS")"
  rebuilt "a port joins"
  same "the program" "$before" "$(programs)"
}

test_change() {
  sends_fast h1 h2 h2
  port p1 isolated on
  port p2 isolated on
  sends_slow "isolated" h1 h2 ""
  port p2 isolated off
  sends_fast h1 h2 h2
}

test_rebuild() { # another program for all of them, without losing a frame
  local before
  fdb replace "$(mac h1)" dev p1 master static # nothing is flooded, whatever happens
  fdb replace "$(mac h2)" dev p2 master static
  sends_fast h1 h2 h2
  tna_on && before=$(programs)
  flow_start h1 h2 --rate 1000
  port p150 neigh_suppress on
  tna_on && { wait_until $PATIENCE other_program || fail "the programs were not replaced"; }
  sleep 0.2
  flow_end
  same "frames of the flow at h2" "${FLOW[sent_before]}" "${FLOW[h2_before]}"
  same "frames of the flow at h3" 0 "${FLOW[h3_before]}"
  tna_on && rebuilt "another program for all"
  port p150 neigh_suppress off
  sends_fast h1 h2 h2
  tna_on && same "programs of $PORTS ports" 1 "$(programs | wc -l)"
}
other_program() { [ "$(programs)" != "$before" ] && [ "$(programs | wc -l)" = 1 ]; }

test_ports_go() { # most of them at once
  local n all=$PORTS
  for ((n = 101; n <= PORTS; n++)); do echo "link del p$n"; done >"$WORK/ports"
  sends_fast h1 h2 h2
  ip -n "$B" -batch "$WORK/ports"
  sends h1 h2 h2
  PORTS=100
  tna_on && { wait_until 10 all_accelerated || fail "$(accelerated) of $PORTS ports accelerated"; }
  PORTS=$all
  sends_fast h1 h2 h2
}

run_tests
