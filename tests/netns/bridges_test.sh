#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bridges: two bridges in one namespace, joined by a veth whose ends are a port of each: frames between
# them go fast on both, and a change of one is obeyed by the way across.
#
#   h1 ---- p1 [ br0 ] j0 ======== j1 [ br1 ] p3 ---- h3      br1's MAC 02:00:00:00:02:01
#   h2 ---- p2 [     ] k0 =(STP)== k1 [     ] p4 ---- h4
. "$(dirname "$0")/lib.sh"

setup() {
  bridge_world 2
  link add br1 address 02:00:00:00:02:01 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
  link set br1 up
  add_station 3
  add_station 4
  link set p3 master br1
  link set p4 master br1
  joint j
  wait_until 5 forward p1 p2 p3 p4 j0 j1 || fail "ports did not come up"
  know_all
  start_tnad
}
joint() { # joint j: from br0 to br1
  link add "${1}0" type veth peer name "${1}1"
  link set "${1}0" master br0 up
  link set "${1}1" master br1 up
}
state() { bridge -n "$B" link show dev "$1" | sed -n 's/.* state \([a-z]*\) .*/\1/p'; }
forward() { # forward PORT...: all of them
  local name
  for name in "$@"; do [ "$(state "$name")" = forwarding ] || return 1; done
}
known() { fdb show br "$3" | grep -q "^$(mac "$1") dev $2 master"; } # known h1 p1 br0
know() { # know h1 p1 br0 j1 br1: on which port of either bridge Linux learns a station
  "$TRAFFIC" flow --from "$RUN$1:eth0" --to ff:ff:ff:ff:ff:ff --ethertype 0x88b5 --count 1 --quiet 0 \
    >/dev/null
  wait_until 3 known "$1" "$2" "$3" && wait_until 3 known "$1" "$4" "$5" || fail "$1 was not learned"
}
know_all() {
  know h1 p1 br0 j1 br1
  know h2 p2 br0 j1 br1
  know h3 p3 br1 j0 br0
  know h4 p4 br1 j0 br0
}
# across_fast FROM TO PORT: fast at the first bridge, and at the port where it comes into the second
across_fast() {
  sends_fast "$1" "$2" "$2"
  sends_until "$3" - "$1" "$2" "$2" || fail "$1 -> $2 is not fast at $3: $(counted "$3")"
}

test_within() {
  sends_fast h1 h2 h2
  sends_fast h3 h4 h4
  sends h1 ff:ff:ff:ff:ff:ff "h2 h3 h4"
}

test_across() {
  across_fast h1 h3 j1
  across_fast h3 h1 j0
  across_fast h4 h2 j0
}

test_tcp() {
  tcp_of h1 h3 192.0.2.3
  tcp_of h4 h2 192.0.2.2
}

test_second_hop_blocked() { # the first bridge sends on as before
  across_fast h1 h3 j1
  port j1 state 1 # listening
  sends h1 h3 ""
  sends_fast h1 h2 h2
  sends_fast h3 h4 h4
  port j1 state 3
  across_fast h1 h3 j1
}

test_isolated() { # is said for the ports of one bridge
  port p1 isolated on
  port p3 isolated on
  across_fast h1 h3 j1
  port j0 isolated on
  sends_slow isolated h1 h3 ""
  sends_fast h1 h2 h2
  port p1 isolated off
  port p3 isolated off
  port j0 isolated off
  across_fast h1 h3 j1
}

test_moved_port() { # from one bridge to the other, and back
  link set p2 master br1
  wait_until 3 forward p2
  know h2 p2 br1 j0 br0
  sends_fast h2 h3 h3
  across_fast h1 h2 j1
  link set p2 master br0
  wait_until 3 forward p2
  know h2 p2 br0 j1 br1
  sends_fast h2 h1 h1
  across_fast h2 h3 j1
}

test_joint_changes() { # nothing is lost or doubled within the bridges
  fdb replace "$(mac h1)" dev p1 master static # nothing is flooded, whatever happens
  fdb replace "$(mac h2)" dev p2 master static
  sends_fast h1 h2 h2
  flow_start h1 h2 --rate 2000
  link del j0
  sleep 0.1
  joint j
  sleep 0.2
  flow_end
  same "frames of the flow at h2" "${FLOW[sent_before]}" "${FLOW[h2_before]}"
  same "frames of the flow at h3" 0 "${FLOW[h3_before]}"
  fdb del "$(mac h1)" dev p1 master static
  fdb del "$(mac h2)" dev p2 master static
  wait_until 5 forward j0 j1
  know_all
  across_fast h1 h3 j1
}

# Two joints are a loop, which the bridges' STP opens at one end; when the other joint goes, it closes.
test_loop() {
  local name
  for name in br0 br1; do
    link set $name type bridge forward_delay 200 hello_time 100 max_age 600
    link set $name type bridge stp_state 1
  done
  joint k
  wait_until 20 settled || fail "STP found no tree: $(states)"
  same "blocked ports" 1 "$(states | grep -o blocking | wc -l)"
  check "the first joint was left: $(states)" forward j0 j1
  know_all
  across_fast h1 h3 j1
  across_fast h3 h1 j0
  sends h1 ff:ff:ff:ff:ff:ff "h2 h3 h4"
  link del j0
  wait_until 20 forward k0 k1 || fail "the second joint does not forward: $(states)"
  for name in h1 h2; do know $name "p${name#h}" br0 k1 br1; done
  for name in h3 h4; do know $name "p${name#h}" br1 k0 br0; done
  across_fast h1 h3 k1
  across_fast h3 h1 k0
  link del k0
  for name in br0 br1; do link set $name type bridge stp_state 0; done
  joint j
  wait_until 5 forward p1 p2 p3 p4 j0 j1
  know_all
  across_fast h1 h3 j1
}
states() { for PORT in p1 p2 p3 p4 j0 j1 k0 k1; do echo "$PORT $(state "$PORT")"; done | xargs; }
settled() { forward p1 p2 p3 p4 && not grep -q 'listening\|learning\|disabled' <(states); }

run_tests
