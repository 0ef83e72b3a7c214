#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# semantics_fdb: stations are learned, moved, refreshed and forgotten as Linux would.
#
#   h1 ---- p1 [     ] p2 ---- h2
#   h3 ---- p3 [ br0 ]
. "$(dirname "$0")/lib.sh"

ROAMER=02:00:00:00:00:42 # a station that moves

setup() {
  bridge_world 3
  learn h1 h2 h3
  start_tnad
}

test_learning() { # B14: a new source is learned from its first frame
  sends_fast h1 h2 h2
  sends h1 h2 h2 --source $ROAMER
  check "a new station was not learned" fdb_has $ROAMER p1
  sends_fast h1 h2 h2 --source $ROAMER
  sends_fast h2 $ROAMER h1
}

test_moved() { # 2.4: and follows where it goes
  sends_fast h1 h2 h2 --source $ROAMER
  sends h3 h2 h2 --source $ROAMER
  check "a moved station was not moved" fdb_has $ROAMER p3
  sends_fast h3 h2 h2 --source $ROAMER
  sends_fast h2 $ROAMER h3
  sends h1 h2 h2 --source $ROAMER
  check "a station did not move back" fdb_has $ROAMER p1
  fdb del $ROAMER dev p1 master
}

test_static_moves_too() { # a static entry without "sticky" is moved by Linux, too
  fdb replace $ROAMER dev p1 master static
  sends_fast h1 h2 h2 --source $ROAMER
  sends h3 h2 h2 --source $ROAMER
  check "a static entry was not moved" fdb_has $ROAMER p3
  fdb del $ROAMER dev p3 master
}

test_sticky() {
  fdb replace $ROAMER dev p1 master static sticky
  sends_fast h1 h2 h2 --source $ROAMER
  sends h3 h2 h2 --source $ROAMER
  check "a sticky station was moved" fdb_has $ROAMER p1
  sends_fast h2 $ROAMER h1
  fdb del $ROAMER dev p1 master
}

test_learning_off() {
  port p1 learning off
  forget h1
  sends_fast h1 h2 h2
  check "learned with learning off" not fdb_has "$(mac h1)" p1
  sends_slow "fdb_miss" h2 h1 "h1 h3"
  fdb replace "$(mac h1)" dev p3 master static # elsewhere: nobody looks
  sends_fast h1 h2 h2
  check "moved with learning off" fdb_has "$(mac h1)" p3
  fdb del "$(mac h1)" dev p3 master
  port p1 learning on
  sends h1 h2 h2
  check "not learned after learning on" fdb_has "$(mac h1)" p1
  sends_fast h2 h1 h1
}

test_local_source() { # Linux warns, and forwards
  sends_slow "source_local" h1 h2 h2 --source "$(mac br0)"
  sends_slow "source_local" h1 h2 h2 --source "$(mac p2)"
  sends_fast h1 h2 h2
}

test_local_destination() { # B22: the addresses of the bridge and of its ports end here
  local name
  for name in br0 p1 p2; do
    sends_slow "local" h1 "$(mac $name)" ""
  done
  fdb add 02:00:00:00:00:33 dev br0 self
  sends_slow "local" h1 02:00:00:00:00:33 ""
  fdb del 02:00:00:00:00:33 dev br0 self
}

test_own_mac_changes() { # the bridge's address is a local entry wherever it goes
  link set br0 address 02:00:00:00:02:44
  sends_slow "local" h1 02:00:00:00:02:44 ""
  sends h1 "$(mac br0)" "h2 h3"
  link set br0 address "$(mac br0)"
  sends_slow "local" h1 br0 ""
  sends_fast h1 h2 h2
}

test_destination_moved_by_hand() {
  fdb replace "$(mac h2)" dev p3 master static
  sends_fast h1 h2 h3
  fdb del "$(mac h2)" dev p3 master
  sends_slow "fdb_miss" h1 h2 "h2 h3"
  learn h2
  sends_fast h1 h2 h2
}

# A flow that goes one way, faster than its entries age: the source stays known, without one
# deletion, and a destination that never answers is flooded as soon as Linux has forgotten it.
test_ageing() {
  local monitor before
  link set br0 type bridge ageing_time 300 # hundredths of a second
  fdb replace "$(mac h2)" dev p2 master static
  learn h1 h3
  bridge -n "$B" monitor fdb >"$WORK/fdb.log" 2>&1 &
  monitor=$!
  CHILDREN+=($monitor)
  sends_fast h1 h2 h2
  before=$(fast_packets p1)
  flow h1 h2 --rate 200 --count 1600
  same "frames of the flow at h2 (first missing: ${FLOW[h2_missing]})" 1600 "${FLOW[h2_before]}"
  tna_on && at_least "fast frames of the flow" 1400 $(($(fast_packets p1) - before))
  finish $monitor
  check "the source aged while it sent: $(grep "$(mac h1)" "$WORK/fdb.log")" \
    not grep -q "Deleted.*$(mac h1)" "$WORK/fdb.log"
  check "the silent h3 was not forgotten" grep -q "Deleted $(mac h3)" "$WORK/fdb.log"
  sends_slow "fdb_miss" h1 h3 "h2 h3"
  link set br0 type bridge ageing_time 30000
  fdb del "$(mac h2)" dev p2 master
  learn h2 h3
  sends_fast h1 h2 h2
}

test_ageing_off() { # ageing time 0: nothing is learned, all is flooded
  link set br0 type bridge ageing_time 0
  forget h1
  forget h2
  sends_slow "*" h1 h2 "h2 h3"
  sends_slow "*" h2 h1 "h1 h3"
  link set br0 type bridge ageing_time 30000
  learn h1 h2
  sends_fast h1 h2 h2
}

test_full_table() { # thousands of stations, the table is resized meanwhile
  local i
  for ((i = 0; i < 4000; i++)); do
    printf 'fdb replace 02:00:00:01:%02x:%02x dev p3 master static\n' $((i >> 8)) $((i & 255))
  done >"$WORK/stations"
  bridge -n "$B" -batch "$WORK/stations" || fail "the stations could not be entered"
  sends_fast h1 h2 h2
  sends_fast h1 02:00:00:01:0f:9f h3
  sends_fast h1 02:00:00:01:00:00 h3
  sed -i 's/ replace / del /' "$WORK/stations"
  bridge -n "$B" -batch "$WORK/stations"
  sends_slow "fdb_miss" h1 02:00:00:01:00:00 "h2 h3"
  sends_fast h1 h2 h2
}

run_tests
