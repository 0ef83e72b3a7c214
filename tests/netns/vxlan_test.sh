#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# vxlan: a bridge with a tunnel among its ports: the tunnel is Linux's, the other ports are as fast as
# without it, and what goes into the tunnel or comes out of it is what it was.
#
#   h1 ---- p1 [     ]                                       h5's eth0 is the other end of the
#   h2 ---- p2 [ br0 ] p5 ~~~ u0 ======== u ~~~ eth0 h5      tunnel p5; 198.51.100.0/24 below
. "$(dirname "$0")/lib.sh"

setup() {
  bridge_world 2
  new_netns h5
  STATIONS+=(h5)
  link add u0 mtu 1600 type veth peer name u netns "${RUN}h5" mtu 1600
  ip -n "$B" addr add 198.51.100.1/24 dev u0
  ip -n "${RUN}h5" addr add 198.51.100.5/24 dev u
  link set u0 up
  ip -n "${RUN}h5" link set u up
  ip -n "${RUN}h5" link add eth0 address "$(mac h5)" mtu 1500 type vxlan id 5 dstport 4789 \
    local 198.51.100.5 remote 198.51.100.1 dev u
  ip -n "${RUN}h5" addr add 192.0.2.5/24 dev eth0
  ip -n "${RUN}h5" link set eth0 up
  tunnel
  know_all
  start_tnad
}
tunnel() {
  link add p5 address "$(mac p5)" mtu 1500 type vxlan id 5 dstport 4789 local 198.51.100.1 \
    remote 198.51.100.5 dev u0
  link set p5 master br0 up
  wait_until 5 ports_forward || fail "the tunnel did not come up"
}
# The way below needs ARP, which answers while the frame waits.
know_all() {
  check "the way below" ping_ok b 198.51.100.5 1
  learn h1 h2 h5
}

test_between_ports() {
  sends_fast h1 h2 h2
  sends_fast h2 h1 h1
}

test_tunnel_is_left_alone() { # and the status says why
  tna_on || return
  same "hook of the tunnel" none "$(hook_of p5)"
  check "why: $(status p5 .why)" grep -qi tunnel <(status p5 .why)
  same "hook of what is below" none "$(hook_of u0)"
}

test_into_tunnel() { # by whomever, each frame is accounted for
  local before after
  before=($(counters p1 "*"))
  sends h1 h5 h5
  after=($(counters p1 "*"))
  tna_on && same "frames accounted for at p1" $COUNT \
    $((after[0] - before[0] + after[1] - before[1]))
  tna_on && say "$((after[0] - before[0])) of $COUNT frames into the tunnel were fast"
  sends h1 h5 h5 --size 1514
}

test_out_of_tunnel() {
  sends h5 h1 h1
  sends h5 h2 h2 --size 1514
}

test_flood() {
  sends h1 ff:ff:ff:ff:ff:ff "h2 h5"
  sends h5 ff:ff:ff:ff:ff:ff "h1 h2"
  sends h1 02:00:00:00:00:77 "h2 h5"
}

test_learned() { # by the bridge and by the tunnel, which goes on seeing its frames
  fdb del "$(mac h5)" dev p5 master
  fdb del "$(mac h5)" dev p5 self 2>/dev/null
  sends h5 h1 h1
  check "h5 is not known to the bridge" fdb_has "$(mac h5)" p5
  check "the tunnel does not know where h5 is" grep -q "^$(mac h5) dst 198.51.100.5 self" \
    <(fdb show dev p5)
  sends h1 h5 h5
}

test_station_moves() { # into the tunnel and back
  sends_fast h1 h2 h2
  "$TRAFFIC" flow --from "${RUN}h5:eth0" --source "$(mac h2)" --to ff:ff:ff:ff:ff:ff \
    --ethertype 0x88b5 --count 1 --quiet 0 >/dev/null
  wait_until 2 fdb_has "$(mac h2)" p5 || fail "h2 did not move into the tunnel"
  sends h1 h2 h5
  learn h2
  sends_fast h1 h2 h2
}

test_connections() {
  check "ping h1 -> h5" ping_ok h1 192.0.2.5
  tcp_of h1 h5 192.0.2.5
  tcp_of h5 h2 192.0.2.2
}

test_comes_and_goes() { # under traffic between the others, which loses nothing
  local i
  fdb replace "$(mac h1)" dev p1 master static # nothing is flooded, whatever happens
  fdb replace "$(mac h2)" dev p2 master static
  sends_fast h1 h2 h2
  flow_start h1 h2 --rate 2000
  for ((i = 0; i < 3; i++)); do
    link set p5 nomaster
    sleep 0.1
    link set p5 master br0
    sleep 0.1
    link del p5
    sleep 0.1
    tunnel
  done
  flow_end
  at_least "frames of the flow" 500 "${FLOW[sent_before]}"
  same "frames of the flow at h2" "${FLOW[sent_before]}" "${FLOW[h2_before]}"
  same "doubled, altered" "0 0" "${FLOW[h2_doubled]} ${FLOW[h2_altered]}"
  same "frames of the flow at h5" 0 "${FLOW[h5_before]}"
  fdb del "$(mac h1)" dev p1 master static
  fdb del "$(mac h2)" dev p2 master static
  know_all
  sends_fast h1 h2 h2
  sends h1 h5 h5
}

run_tests
