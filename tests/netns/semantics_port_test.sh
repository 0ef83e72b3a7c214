#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# semantics_port: what the options and states of bridge ports do to frames, with TNA as without.
#
#   h1 ---- p1 [     ] p2 ---- h2       a frame from h1 to h2 goes fast, before and after
#   h3 ---- p3 [ br0 ] p4 ---- h4       whatever is changed in between
. "$(dirname "$0")/lib.sh"

setup() {
  bridge_world 4
  learn h1 h2 h3 h4
  start_tnad
}

test_unicast() {
  sends_fast h1 h2 h2
  sends_fast h2 h1 h1
  sends_fast h3 h4 h4
}

test_ethertypes() { # a bridge does not mind what is inside
  sends_fast h1 h2 h2 --ethertype 0x88b5
  sends_fast h1 h2 h2 --size 1514
  sends_fast h1 h2 h2 --size 66
  sends h1 h2 h2 --ethertype 0x86dd
}

test_tags() { # B11: without VLAN filtering a tag is carried through, the FDB knows no VLAN
  sends h1 h2 h2 --vlan 5
  sends h1 h2 h2 --vlan 5 --ethertype 0x88b5
  sends h1 h2 h2 --vlan 0 # a priority tag as well
  sends h1 h2 h2 --vlan 0xa005
}

test_state_disabled() { # B6
  port p1 state 0
  sends_slow "port_state" h1 h2 ""
  port p1 state 3
  sends_fast h1 h2 h2
}

test_state_listening() { # B6: neither learned nor forwarded
  port p1 state 1
  forget h1
  sends_slow "port_state" h1 h2 ""
  check "listening port learned" not fdb_has "$(mac h1)" p1
  port p1 state 3
  sends_fast h1 h2 h2
}

test_state_learning() { # B17: learned, not forwarded
  port p1 state 2
  forget h1
  sends_slow "port_state" h1 h2 ""
  check "learning port did not learn" fdb_has "$(mac h1)" p1
  port p1 state 3
  sends_fast h1 h2 h2
}

test_state_blocking() { # a bridge without STP does not keep it
  port p1 state 4
  sends_fast h1 h2 h2
}

test_egress_state() { # B26
  local state
  for state in 0 1 2; do
    port p2 state $state
    sends_slow "egress_state" h1 h2 ""
  done
  port p2 state 3
  sends_fast h1 h2 h2
}

test_egress_down() { # B34: with the link its FDB entries go, so the frame is flooded
  link set p2 down
  sends h1 h2 "h3 h4"
  link set p2 up
  wait_until 3 ports_forward || fail "p2 did not come back"
  learn h2
  sends_fast h1 h2 h2
}

test_bridge_down() { # B36
  link set br0 down
  sends_slow "*" h1 h2 ""
  link set br0 up
  wait_until 3 ports_forward || fail "the ports did not come back"
  learn h1 h2 h3 h4
  sends_fast h1 h2 h2
}

test_hairpin() { # B25
  fdb replace 02:00:00:00:00:99 dev p1 master static
  sends_slow "same_port" h1 02:00:00:00:00:99 ""
  port p1 hairpin on
  sends h1 02:00:00:00:00:99 h1
  port p1 hairpin off
  sends_slow "same_port" h1 02:00:00:00:00:99 ""
  fdb del 02:00:00:00:00:99 dev p1 master
  sends_fast h1 h2 h2
}

test_isolated() { # B28: both of them, not one
  port p1 isolated on
  sends_fast h1 h2 h2
  port p2 isolated on
  sends_slow "isolated" h1 h2 ""
  sends_slow "isolated" h2 h1 ""
  sends_fast h1 h3 h3
  port p1 isolated off
  sends_fast h1 h2 h2
  port p2 isolated off
}

test_locked() { # B12: the source must be known at this port
  local reasons="locked source_unknown source_local"
  port p1 locked on
  sends_fast h1 h2 h2
  port p1 learning off
  sends_fast h1 h2 h2
  forget h1
  sends_slow "$reasons" h1 h2 ""
  fdb replace "$(mac h1)" dev p3 master static
  sends_slow "$reasons" h1 h2 ""
  fdb replace "$(mac h1)" dev p1 master static
  sends_fast h1 h2 h2
  sends_slow "$reasons" h1 h2 "" --source 02:00:00:00:00:77
  sends_slow "$reasons" h1 h2 "" --source "$(mac br0)" # a local entry authorises nobody
  port p1 locked off learning on
  fdb del "$(mac h1)" dev p1 master
  learn h1
  sends_fast h1 h2 h2
}

test_mab() { # B12: a miss makes a locked entry, which still lets nothing in
  local reasons="locked source_unknown source_local"
  port p1 locked on
  "$TRAFFIC" mab "$B" p1 on 2>/dev/null || {
    say "skipped: this kernel has no mab"
    port p1 locked off
    return
  }
  sends_slow "$reasons" h1 h2 "" --source 02:00:00:00:00:66
  check "no locked entry was made" fdb_has 02:00:00:00:00:66 p1
  sends_slow "$reasons" h1 h2 "" --source 02:00:00:00:00:66
  sends h2 02:00:00:00:00:66 h1 # as a destination it counts
  "$TRAFFIC" mab "$B" p1 off
  port p1 locked off
  sends_fast h1 h2 h2
}

test_flood_off() { # B20: unknown destinations
  sends_slow "fdb_miss" h1 02:00:00:00:00:55 "h2 h3 h4"
  port p3 flood off
  sends_slow "fdb_miss" h1 02:00:00:00:00:55 "h2 h4"
  sends_fast h1 h3 h3
  port p3 flood on
  sends_slow "fdb_miss" h1 02:00:00:00:00:55 "h2 h3 h4"
}

test_groups() { # B16
  sends_slow "group" h1 ff:ff:ff:ff:ff:ff "h2 h3 h4"
  sends_slow "group" h1 01:00:5e:01:02:03 "h2 h3 h4"
  port p4 bcast_flood off
  sends_slow "group" h1 ff:ff:ff:ff:ff:ff "h2 h3"
  port p4 bcast_flood on mcast_flood off
  sends_slow "group" h1 01:00:5e:01:02:03 "h2 h3"
  port p4 mcast_flood on
}

test_link_local_groups() { # B4
  sends_slow "group" h1 01:80:c2:00:00:00 "h2 h3 h4" # STP is off
  sends_slow "group" h1 01:80:c2:00:00:01 ""
  sends_slow "group" h1 01:80:c2:00:00:0e ""
  link set br0 type bridge group_fwd_mask 0x4000
  sends_slow "group" h1 01:80:c2:00:00:0e "h2 h3 h4"
  link set br0 type bridge group_fwd_mask 0
  sends_fast h1 h2 h2
}

test_control_protocols() { # B5, B18: CFM, MRP, ARP, RARP are left to Linux, unicast too
  local type
  for type in 0x8902 0x88e3 0x0806 0x8035; do
    sends_slow "control" h1 h2 h2 --ethertype $type
  done
}

test_source_invalid() { # B2
  sends_slow "source_invalid" h1 h2 "" --source 00:00:00:00:00:00
  sends_slow "source_invalid" h1 h2 "" --source 01:00:5e:01:02:03
}

test_backup_port() { # B24
  port p2 backup_port p3
  sends h1 h2 h2
  ip -n "${RUN}h2" link set eth0 down
  fdb replace "$(mac h2)" dev p2 master static # the learned one went with the carrier
  sends_slow "backup egress_state" h1 h2 h3
  ip -n "${RUN}h2" link set eth0 up
  wait_until 3 ports_forward || fail "p2 did not come back"
  sends h1 h2 h2
  port p2 nobackup_port
  fdb del "$(mac h2)" dev p2 master
  learn h2
  sends_fast h1 h2 h2
}

# B18, B19: the bridge answers for a neighbour it knows, and does not ask at that port
test_neigh_suppress() {
  ip -n "$B" addr add 192.0.2.254/24 dev br0
  ip -n "$B" neigh replace 192.0.2.2 lladdr "$(mac h2)" dev br0 nud permanent
  ip -n "${RUN}h1" neigh flush dev eth0
  port p2 neigh_suppress on
  sends_fast h1 h2 h2 # other frames don't care
  capture h2 eth0 "$WORK/arp.pcap" arp
  check "ping through the suppressing bridge" ping_ok h1 192.0.2.2
  finish "$CHILD"
  same "ARP requests that reached h2" 0 \
    "$(tcpdump -nn -r "$WORK/arp.pcap" arp 2>/dev/null | grep -c 'who-has 192.0.2.2')"
  port p2 neigh_suppress off
  ip -n "$B" neigh del 192.0.2.2 dev br0
  ip -n "$B" addr del 192.0.2.254/24 dev br0
  sends_fast h1 h2 h2
}

# B19: the bridge may answer for a neighbour, also where it is asked by unicast: left to Linux
test_nd_suppress() {
  local name before
  for name in h1 h2 b; do in_ns $name sysctl -qw net.ipv6.conf.all.disable_ipv6=0; done
  for name in h1 h2; do
    in_ns $name sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
    ip -n "$RUN$name" addr add "2001:db8::${name#h}/64" dev eth0 nodad
  done
  in_ns b sysctl -qw net.ipv6.conf.br0.disable_ipv6=0
  ip -n "$B" addr add 2001:db8::fe/64 dev br0 nodad
  ip -n "$B" neigh replace 2001:db8::2 lladdr "$(mac h2)" dev br0 nud permanent
  port p2 neigh_suppress on
  check "ping h1 -> h2" ping_ok h1 2001:db8::2
  sends_fast h1 h2 h2
  before=($(counters p1 suppress))
  ip -n "${RUN}h1" neigh change 2001:db8::2 lladdr "$(mac h2)" dev eth0 nud probe
  check "h2 was not confirmed" wait_until 3 confirmed6
  tna_on && at_least "solicitations left to Linux" 1 \
    $(($(counters p1 suppress | cut -d' ' -f2) - before[1]))
  port p2 neigh_suppress off
  ip -n "$B" addr del 2001:db8::fe/64 dev br0
  for name in h1 h2; do ip -n "$RUN$name" addr flush dev eth0 scope global to 2001:db8::/64; done
  for name in h1 h2 b; do in_ns $name sysctl -qw net.ipv6.conf.all.disable_ipv6=1; done
  sends_fast h1 h2 h2
}
confirmed6() { ip -n "${RUN}h1" neigh show 2001:db8::2 | grep -q REACHABLE; }

test_vlan_tunnel() { # B3: not modelled
  port p1 vlan_tunnel on 2>/dev/null || return
  sends h1 h2 h2
  port p1 vlan_tunnel off
  sends_fast h1 h2 h2
}

run_tests
