#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# vlan_ports: VLAN devices as ports: of two bridges on one cable, with tags and priorities within, one on the other.
#
#   h1 ---- p1 [ br0 ] p2 ---- h2
#                | t0.10
#   h4 ---- w ==== t0, a cable with VLANs that is no port
. "$(dirname "$0")/stacked.sh"

# trunk: a cable t0 that is no port; its other end w, with the stations' VLAN devices, is in namespace t
trunk() {
  new_netns t
  ALSO=t
  link add t0 type veth peer name w netns "${RUN}t"
  link set t0 up
  ip -n "${RUN}t" link set w up
}
end_trunk() {
  link del t0
  ip netns del "${RUN}t"
  ALSO=
}
# on_trunk h4 VID [OPTION...]: a station behind the VLAN device t0.VID, which becomes a port of $BRIDGE
on_trunk() {
  local name=$1 vid=$2
  shift 2
  new_station "$name" "t0.$vid"
  link add link t0 name "t0.$vid" type vlan id "$vid" "$@" || fail "VLAN device $vid $*"
  ip -n "${RUN}t" link add link w name eth0 netns "$RUN$name" type vlan id "$vid" egress-qos-map 0:3
  ready_station "$name"
  port_up "t0.$vid" "${BRIDGE:-br0}"
  learn "$name"
}

test_vlans_of_two_bridges() { # one cable, a VLAN for each bridge
  trunk
  link add br1 type bridge stp_state 0 mcast_snooping 0
  link set br1 up
  add_station 3
  port_up p3 br1
  learn h3
  on_trunk h4 10
  BRIDGE=br1 on_trunk h5 20
  by_tc t0.10 "VLAN device"
  by_tc t0.20 "VLAN device"
  both_ways h1 h4
  both_ways h3 h5
  fast h4 h2 h2 --size 80
  fast h2 h4 h4 --size 1514
  fast h4 h2 h2 --vlan 7 # a tag within
  fast h2 h4 h4 --vlan 7
  sends h4 h5 "h1 h2" # not known to br0
  sends h3 h1 "h5"
  counts t0.10 tx h1 h4
  counts t0.10 rx h4 h1
  counts t0 tx h3 h5
  counts t0 rx h5 h3
  check "ping h1 -> h4" ping_ok h1 192.0.2.4
  tcp_of h1 h4 192.0.2.4
  tcp_of h4 h1 192.0.2.1
  link set t0.10 down
  sends h1 h4 "h2" # forgotten with its port
  both_ways h3 h5
  link set t0.10 up
  wait_until 10 port_forwards t0.10 || fail "t0.10 did not come back"
  learn h4
  both_ways h1 h4
  end_station h3 h4 h5
  end_trunk
  link del br1
  unharmed
}

test_vlan_translation() { # between VLANs of one cable; what is known of the priority goes along
  trunk
  on_trunk h4 10 ingress-qos-map 3:5
  on_trunk h5 30 egress-qos-map 5:6
  both_ways h4 h5
  capture t w "$WORK/w.pcap" vlan 30
  sends h4 h5 h5
  wait_until 10 urgent || fail "frames in VLAN 30 have another priority: $(captured | tail -1)"
  finish "$CHILD"
  end_station h4 h5
  end_trunk
  unharmed
}

captured() { tcpdump -nn -e -r "$WORK/w.pcap" 2>/dev/null; }
urgent() { [ "$(captured | grep -c 'vlan 30, p 6')" = $COUNT ]; }

test_vlan_without_reorder() { # the tag stays in what sockets of the VLAN device see, not in what is bridged
  trunk
  on_trunk h4 40 reorder_hdr off
  both_ways h1 h4
  fast h4 h1 h1 --vlan 7
  sends h1 h4 "" --vlan 7 # the device takes that tag for its own
  end_station h4
  end_trunk
  unharmed
}

test_vlan_in_vlan() {
  trunk
  link add link t0 name t0.50 up type vlan protocol 802.1ad id 50
  link add link t0.50 name t0.50.7 type vlan id 7
  ip -n "${RUN}t" link add link w name w.50 up type vlan protocol 802.1ad id 50
  new_station h4 t0.50.7
  ip -n "${RUN}t" link add link w.50 name eth0 netns "${RUN}h4" type vlan id 7
  ready_station h4
  port_up t0.50.7
  learn h4
  by_tc t0.50.7 "VLAN device"
  both_ways h1 h4
  fast h1 h4 h4 --vlan 9
  fast h4 h1 h1 --vlan 9
  counts t0.50.7 rx h4 h1
  counts t0 tx h1 h4
  end_station h4
  end_trunk
  unharmed
}

run_tests
