#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# crash: the daemon dies, comes back, is stopped: no frame is lost, and nothing stays behind that
# should not.
#
#   h1 ---- p1 [ br0 ] p2 ---- h2      a flow from h1 to h2 goes on all the time
. "$(dirname "$0")/lib.sh"

tna_on || skip_all "it is about tnad alone"
CONFIG=

setup() {
  bridge_world 2
  learn h1 h2
  start_tnad
}

# The kernel's objects that the daemon holds: "prog_id 12", "map_id 34", "link_id 5"
objects() { sed -n 's/^\(prog_id\|map_id\|link_id\):[ \t]*/\1 /p' /proc/"$TNAD"/fdinfo/* | sort -u; }
alive() { # alive "prog_id 12": does the kernel still have it?
  case $1 in
    prog_id*) bpftool prog show id "${1#* }" ;;
    map_id*) bpftool map show id "${1#* }" ;;
    link_id*) bpftool link show id "${1#* }" ;;
  esac >/dev/null 2>&1
}
gone() { # gone FILE: none of the objects listed is left; says which
  local object
  while read -r object; do
    alive "$object" && LEFT=$object && return 1
  done <"$1"
  return 0
}
nothing_attached() {
  same "XDP programs on the ports" "" "$(ip -n "$B" -d link show | grep -o 'prog/xdp.*')"
  same "tc filters on p1" "" "$(in_ns b tc filter show dev p1 ingress)"
}

lost_nothing() {
  same "frames of the flow at h2" "${FLOW[sent_before]}" "${FLOW[h2_before]}"
  same "doubled, altered" "0 0" "${FLOW[h2_doubled]} ${FLOW[h2_altered]}"
}

test_killed() { # the fast path goes on without the daemon, and the next one takes it over
  local fast links
  sends_fast h1 h2 h2
  fast=${AFTER[0]}
  links=$(objects | grep link_id)
  flow_start h1 h2 --rate $((2000 / SLOW))
  sleep 0.2
  kill_tnad
  sleep 0.5
  start_tnad
  sleep 0.2
  flow_end
  at_least "frames of the flow" $((1500 / SLOW)) "${FLOW[sent_before]}"
  lost_nothing
  at_least "of them fast" $((${FLOW[sent_before]} * 8 / 10)) $(($(fast_packets p1) - fast))
  same "links of the new daemon" "$links" "$(objects | grep link_id)"
  sends_fast h1 h2 h2
}

test_restarted() { # a clean stop under load, too
  sends_fast h1 h2 h2
  flow_start h1 h2 --rate $((2000 / SLOW))
  sleep 0.2
  stop_tnad
  sleep 0.2
  start_tnad
  sleep 0.2
  flow_end
  lost_nothing
  sends_fast h1 h2 h2
}

test_clean_stop() { # leaves nothing
  sends_fast h1 h2 h2
  objects >"$WORK/objects"
  at_least "objects of the daemon" 5 "$(grep -c . "$WORK/objects")"
  check "pins while it runs" test -e "$PINS/tna_lease"
  stop_tnad
  check "the folder of pins $PINS is left" not test -e "$PINS"
  wait_until 5 gone "$WORK/objects" || fail "still in the kernel: $LEFT"
  nothing_attached
  check "the control socket is left" not test -e "$CONTROL"
  sends h1 h2 h2
  start_tnad
  sends_fast h1 h2 h2
}

test_stop_after_crash() { # what a dead daemon left is the next one's, and goes with it
  objects >"$WORK/objects"
  kill_tnad
  start_tnad
  objects >>"$WORK/objects"
  stop_tnad
  check "the folder of pins $PINS is left" not test -e "$PINS"
  wait_until 5 gone "$WORK/objects" || fail "still in the kernel: $LEFT"
  nothing_attached
  start_tnad
}

test_detach() { # by hand, and back
  sends_fast h1 h2 h2
  tna detach p1 >/dev/null
  same "hook of p1" none "$(hook_of p1)"
  sends h1 h2 h2
  sends_fast h2 h1 h1
  tna attach p1 >/dev/null
  sends_fast h1 h2 h2
  tna detach >/dev/null
  same "hooks" "none none" "$(hook_of p1) $(hook_of p2)"
  nothing_attached
  sends h1 h2 h2
  tna attach >/dev/null
  sends_fast h1 h2 h2
}

test_detach_after_crash() { # without a daemon: what a dead one left goes
  sends_fast h1 h2 h2
  objects >"$WORK/objects"
  kill_tnad
  tna detach >/dev/null
  check "the folder of pins $PINS is left" not test -e "$PINS"
  wait_until 5 gone "$WORK/objects" || fail "still in the kernel: $LEFT"
  nothing_attached
  sends h1 h2 h2
  start_tnad
  sends_fast h1 h2 h2
}

test_changed_while_dead() { # the next daemon finds another world
  sends_fast h1 h2 h2
  kill_tnad
  link set p2 nomaster
  link del p1
  link add p1 address "$(mac p1)" type veth peer name eth0 netns "${RUN}h1" address "$(mac h1)"
  ip -n "${RUN}h1" link set eth0 up
  in_ns h1 ethtool -K eth0 gro on >/dev/null
  link set p1 master br0 up
  start_tnad
  same "hook of p2, no port any more" none "$(hook_of p2)"
  link set p2 master br0
  wait_until 3 ports_forward || fail "the ports did not come back"
  learn h1 h2
  sends_fast h1 h2 h2
  sends_fast h2 h1 h1
}

test_lease() { # a daemon that does not come back: after its lease all goes to Linux
  local before after
  stop_tnad
  printf 'lease_seconds = 2\n' >"$WORK/tna.toml"
  start_tnad --config "$WORK/tna.toml"
  same "lease in the status" 2000 "$(tna status --json | jq .lease_ms)"
  sends_fast h1 h2 h2
  before=(${AFTER[*]})
  kill_tnad
  sends h1 h2 h2
  sleep 3 # the time itself is what is tested
  sends h1 h2 h2
  sends h1 h2 h2
  start_tnad --config "$WORK/tna.toml"
  after=($(counters p1 lease))
  same "frames punted for the lease" $((2 * COUNT)) "${after[1]}"
  at_least "fast frames before it ended" $((COUNT * 3 / 4)) $((after[0] - before[0]))
  at_most "fast frames before it ended" $COUNT $((after[0] - before[0]))
  sends_fast h1 h2 h2
  # One that is only stopped gets it back by itself.
  kill -STOP "$TNAD"
  sleep 3
  sends h1 h2 h2
  kill -CONT "$TNAD"
  sends_fast h1 h2 h2
  at_least "frames punted for the lease" $((3 * COUNT)) "$(counters p1 lease | cut -d' ' -f2)"
}

run_tests
