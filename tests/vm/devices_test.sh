#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# devices: kinds of devices that not every kernel has, on, below and beside a bridge: `tna status` says why
# Linux serves them, they work, and the ports beside them stay fast.
#
#   h1 ---- p1 [ br0 192.0.2.254 ] p2 ---- h2
#   h3 ---- p3 [                 ]
. "$(dirname "$0")/../netns/lib.sh"

setup() {
  bridge_world 3
  ip -n "$B" addr add 192.0.2.254/24 dev br0
  learn h1 h2 h3
  start_tnad
}

# told IF: it has a hook, or it is said why not
told() {
  tna_on || return 0
  check "$1 is not in the status" wait_until 5 known "$1"
  has_hook "$1" none || return 0
  check "no reason why $1 is left to Linux" test -n "$(status "$1" .why)"
}
known() { [ -n "$(hook_of "$1")" ]; }
# left IF WORD: no hook, and the reason says this
left() {
  tna_on || return 0
  check "hook of $1: $(hook_of "$1")" wait_hook "$1" none
  check "why $1 is left to Linux: $(status "$1" .why)" grep -qi -- "$2" <(status "$1" .why)
}

test_dummy() {
  add_device d0 type dummy || return
  told d0
  link set d0 master br0 up
  told d0
  unharmed
  link del d0
  unharmed
}

test_vlan_on_bridge() { # the bridge's own VLAN
  add_device link br0 name br0.5 type vlan id 5 || return
  ip -n "$B" addr add 198.51.100.254/24 dev br0.5
  link set br0.5 up
  ip -n "${RUN}h1" link add link eth0 name eth0.5 up type vlan id 5
  ip -n "${RUN}h1" addr add 198.51.100.1/24 dev eth0.5
  told br0.5
  check "ping h1 -> br0.5" ping_ok h1 198.51.100.254
  unharmed
  ip -n "${RUN}h1" link del eth0.5
  link del br0.5
  unharmed
}

test_vlan_as_port() { # h3 is behind a VLAN device now
  link set p3 nomaster
  add_device link p3 name p3.5 type vlan id 5 || { link set p3 master br0; return; }
  link set p3.5 master br0 up
  ip -n "${RUN}h3" addr del 192.0.2.3/24 dev eth0
  ip -n "${RUN}h3" link add link eth0 name eth0.5 up type vlan id 5
  ip -n "${RUN}h3" addr add 192.0.2.3/24 dev eth0.5
  told p3.5
  left p3 .
  check "ping h1 -> h3 behind p3.5" ping_ok h1 192.0.2.3
  check "ping h3 -> h2" ping_ok h3 192.0.2.2
  unharmed
  ip -n "${RUN}h3" link del eth0.5
  ip -n "${RUN}h3" addr add 192.0.2.3/24 dev eth0
  link del p3.5
  link set p3 master br0
  wait_until 5 ports_forward || fail "p3 did not come back"
  learn h3
  sends_fast h3 h1 h1
}

vlan() { # vlan add|del PORT VID [FLAG...]
  local what=$1 port=$2 vid=$3
  shift 3
  bridge -n "$B" vlan "$what" dev "$port" vid "$vid" "$@"
}
test_vlan_filtering() {
  link set br0 type bridge vlan_filtering 1 2>"$WORK/said" || { say "skipped: $(cat "$WORK/said")"; return; }
  learn h1 h2 h3
  sends_fast h1 h2 h2
  vlan add p2 20 pvid untagged
  vlan del p2 1
  sends h1 h2 h3 # flooded in VLAN 1
  vlan add p1 20 pvid untagged
  learn h1 h2
  sends_fast h1 h2 h2
  sends h1 h3 h2 # flooded in VLAN 20
  vlan add p1 30
  vlan add p2 30
  sends h3 h1 "" --vlan 30 # p3 is no member
  sends h1 h2 h2 --vlan 30 # flooded, to the only other member
  sends h2 h1 h1 --vlan 30
  sends_fast h1 h2 h2 --vlan 30
  bridge -n "$B" vlan set dev p2 vid 30 state blocking
  sends h1 h2 "" --vlan 30
  sends_fast h1 h2 h2
  bridge -n "$B" vlan set dev p2 vid 30 state forwarding
  sends_fast h1 h2 h2 --vlan 30
  vlan del p2 30
  sends h1 h2 "" --vlan 30
  vlan del p1 30
  vlan add p2 1 pvid untagged
  vlan add p1 1 pvid untagged
  link set br0 type bridge vlan_filtering 0
  learn h1 h2 h3
  unharmed
}

test_bond() { # h4 is joined by two cables
  new_netns h4
  ALSO=h4
  add_device bond0 type bond mode active-backup miimon 50 || return
  ip -n "${RUN}h4" link add bond0 address "$(mac h4)" type bond mode active-backup miimon 50
  local n
  for n in 1 2; do
    link add "b$n" type veth peer name "b$n" netns "${RUN}h4"
    link set "b$n" master bond0
    ip -n "${RUN}h4" link set "b$n" master bond0
  done
  link set bond0 master br0 up
  ip -n "${RUN}h4" addr add 192.0.2.4/24 dev bond0
  ip -n "${RUN}h4" link set bond0 up
  for n in bond0 b1 b2; do told $n; done
  left b1 .
  check "ping h4 -> h1" wait_until 10 ping_ok h4 192.0.2.1
  check "ping h2 -> h4" ping_ok h2 192.0.2.4
  unharmed
  link set b1 down
  check "ping h4 -> h1 by the other cable" wait_until 10 ping_ok h4 192.0.2.1
  unharmed
  link del bond0
  for n in 1 2; do link del "b$n"; done
  unharmed
}

test_vrf() { # the bridge's address is in another routing table; a VRF takes it down and up, coming and going
  add_device red type vrf table 10 || return
  link set red up
  link set br0 master red
  told red
  told br0
  check "ping h1 -> br0 in its VRF" ping_ok h1 192.0.2.254
  check "ping br0 -> h2 from its VRF" in_ns b ping -q -c 3 -i 0.1 -W 2 -I red 192.0.2.2 >/dev/null
  learn h1 h2
  unharmed
  link set br0 nomaster
  link del red
  check "ping h1 -> br0" ping_ok h1 192.0.2.254
  learn h1 h2 # the bridge forgot them all
  unharmed
}

test_macvlan() { # it makes the bridge promiscuous
  add_device link br0 name m0 address 02:00:00:00:05:01 type macvlan mode bridge || return
  link set m0 up
  told m0
  sends h1 h2 h2
  sends h2 h1 h1
  link del m0
  unharmed
}

test_vxlan() {
  add_device vx0 type vxlan id 7 dstport 4789 local 192.0.2.254 remote 192.0.2.3 || return
  link set vx0 master br0 up
  told vx0
  unharmed
  link del vx0
  unharmed
}

test_netdevsim() {
  local before path=/sys/bus/netdevsim name
  modprobe -q netdevsim || { say "skipped: no netdevsim in $(uname -r)"; return; }
  before=$(ls /sys/class/net)
  echo "1 1" >$path/new_device
  name=$(comm -13 <(echo "$before") <(ls /sys/class/net))
  check "netdevsim made no device" test -n "$name"
  devlink dev reload netdevsim/netdevsim1 netns "$B" || fail "netdevsim stays in its namespace"
  link set "$name" master br0 up
  told "$name"
  unharmed
  echo 1 >$path/del_device
  unharmed
}

run_tests
