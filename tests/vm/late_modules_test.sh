#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# late_modules: tnad starts on a kernel that has loaded nothing yet: no bridge, no veth, no netfilter.
# They come as they are needed, and what they bring is obeyed.
#
#   h1 ---- p1 [ br0 ] p2 ---- h2
. "$(dirname "$0")/../netns/lib.sh"

MODULES="nft_chain_nat nft_reject_inet nf_tables br_netfilter bonding 8021q bridge veth"

loaded() { [ -e "/sys/module/$1" ]; }
unload() { # what is in use for a moment still goes a little later
  local module
  for module in $MODULES; do
    loaded "$module" || continue
    wait_until 60 modprobe -qr "$module" || fail "$module stays loaded"
  done
}

setup() {
  [ -e "/lib/modules/$(uname -r)/modules.dep" ] && grep -q '/bridge\.ko' "/lib/modules/$(uname -r)/modules.dep" ||
    skip_all "bridge is no module of this kernel"
  unload
  new_netns b
  start_tnad
  check "bridge or veth is loaded before it is needed" not loaded bridge
  STATIONS=()
  link add br0 address "$(mac br0)" type bridge stp_state 0 mcast_snooping 0
  link set br0 up
  add_station 1
  add_station 2
  wait_until 5 ports_forward || fail "ports did not come up"
}

test_bridge_and_veth() {
  check "bridge is not loaded" loaded bridge
  [ -n "${CARDS:-}" ] || check "veth is not loaded" loaded veth
  learn h1 h2
  sends_fast h1 h2 h2
  sends_fast h2 h1 h1
  check "bridge VLANs are known by now" not vlans_missing
}
vlans_missing() { tna status --json | jq -r '.missing[]' | grep -q "bridge VLANs"; }

test_restart() { # now that they are there, a new daemon comes to the same
  stop_tnad
  start_tnad
  sends_fast h1 h2 h2
}

test_br_netfilter() {
  check "br_netfilter is loaded already" not loaded br_netfilter
  modprobe br_netfilter || fail "br_netfilter can't be loaded"
  in_ns b sysctl -qw net.bridge.bridge-nf-call-iptables=1
  sends h1 h2 h2
  sends_fast h1 h2 h2
  in_ns b nft -f - <<'RULES'
table inet late {
  chain forward { type filter hook forward priority 0; policy drop; }
}
RULES
  check "nf_tables is not loaded" loaded nf_tables
  sends h1 h2 ""
  sends h1 h2 h2 --ethertype 0x88b5
  in_ns b nft delete table inet late
  sends h1 h2 h2
  sends_fast h1 h2 h2
  rmmod br_netfilter || fail "br_netfilter can't be removed"
  sends h1 h2 h2
  sends_fast h1 h2 h2
}

test_bridge_table() {
  in_ns b nft 'add table bridge late; add chain bridge late forward { type filter hook forward priority 0; policy drop; }'
  sends h1 h2 ""
  in_ns b nft delete table bridge late
  sends h1 h2 h2
  sends_fast h1 h2 h2
}

test_vlan_device() { # takes its frames before the bridge does
  check "8021q is loaded already" not loaded 8021q
  sends_fast h1 h2 h2 --vlan 5
  link add link p1 name p1.5 up type vlan id 5
  check "8021q is not loaded" loaded 8021q
  sends_slow vlan_device h1 h2 "" --vlan 5
  sends_fast h1 h2 h2 # other frames don't wait for it
  sends_fast h1 h2 h2 --vlan 6
  sends_fast h2 h1 h1 --vlan 5
  link del p1.5
  sends_fast h1 h2 h2 --vlan 5
}

run_tests
