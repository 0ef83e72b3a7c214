#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bond_ports: bonds, teams and VLAN devices on a bond as ports; a change-over under traffic.
#
#   h1 ---- p1 [ br0 ] p2 ---- h2
#                | bond0
#   h4 ==== two cables
. "$(dirname "$0")/stacked.sh"

# bonded MODE OTHERS-MODE [OPTION...]: h4 behind bond0, by two cables
bonded() {
  local mode=$1 other=$2 n
  shift 2
  new_station h4 bond0
  add_device bond0 type bond miimon 50 mode "$mode" "$@" || { end_station h4; return 1; }
  ip -n "${RUN}h4" link add eth0 type bond miimon 50 mode "$other" "$@" 2>/dev/null ||
    ip -n "${RUN}h4" link add eth0 type bond miimon 50 mode "$other"
  for n in 1 2; do
    link add "m$n" type veth peer name "m$n" netns "${RUN}h4"
    link set "m$n" master bond0
    ip -n "${RUN}h4" link set "m$n" master eth0
  done
  link set bond0 up
  ready_station h4
}
end_bonded() {
  end_station h4
  link del bond0
  unharmed
}
active() { # active b bond0: the member in use
  in_ns "$1" sed -n 's/^Currently Active Slave: //p' "/proc/net/bonding/$2"
}
lost() { # lost m1: both ends know that it is down
  missing "$1" b bond0 && missing "$1" h4 eth0
}
missing() { in_ns "$2" grep -A 1 "^Slave Interface: $1" "/proc/net/bonding/$3" | grep -q "MII Status: down"; }

# fails_over h1 h4: under traffic; what is made after both ends have changed over must arrive.
fails_over() {
  local first
  first=$(active b bond0)
  flow "$1" "$2" --rate 200 -- bash -c "$(declare -f active in_ns wait_until changed_over); RUN=$RUN SLOW=$SLOW
    ip -n $B link set $first down; wait_until 20 changed_over $first"
  same "$1 -> $2 after the change-over" "${FLOW[sent_after]:-?} 0 0" \
    "${FLOW[$2_after]:-} ${FLOW[$2_doubled]:-} ${FLOW[$2_altered]:-}"
  link set "$first" up
}

test_bond_active_backup() {
  bonded active-backup active-backup || return
  port_up bond0
  learn h4
  by_tc bond0 "members"
  tna_on && check "why m1 is left to Linux" test -n "$(status m1 .why)"
  both_ways h1 h4
  fast h1 h4 h4 --size 1514
  fast h4 h1 h1 --vlan 5
  counts bond0 tx h1 h4
  counts bond0 rx h4 h1
  tcp_of h1 h4 192.0.2.4
  tcp_of h4 h1 192.0.2.1
  fails_over h1 h4
  both_ways h1 h4
  fails_over h4 h1
  both_ways h1 h4
  end_bonded
}
changed_over() { # changed_over m1 [BOND]: both ends use another member than this one
  local ours theirs
  ours=$(active b bond0)
  theirs=$(active h4 "${2:-eth0}")
  [ -n "$ours" ] && [ "$ours" != "$1" ] && [ "$theirs" = "$ours" ]
}

test_bond_as_target_of_xdp() { # whose driver takes redirected frames: they go to Linux all the same
  local n
  [ "$HOOK" = xdp ] || return
  bonded active-backup active-backup || return
  for n in 1 2; do in_ns h4 ethtool -K "m$n" gro on >/dev/null; done
  port_up bond0
  learn h4
  sends_slow egress_xmit h1 h4 h4
  sends_slow egress_xmit h1 h4 h4 --vlan 5
  end_bonded
}

test_bond_member_in_reserve() { # h4 sends each frame by both cables: the bond takes one
  bonded active-backup broadcast || return
  port_up bond0
  learn h4
  fast h4 h1 h1
  end_bonded
}

test_bond_modes() { # frames go by any of the members; doubled ones would be seen
  local mode
  for mode in balance-rr balance-xor; do
    bonded $mode $mode || return
    port_up bond0
    learn h4
    by_tc bond0 "members"
    both_ways h1 h4
    fast h1 h4 h4 --vlan 5
    counts bond0 tx h1 h4
    counts bond0 rx h4 h1
    link set m1 down
    wait_until 20 lost m1 || fail "$mode: m1 is down, and used"
    both_ways h1 h4
    end_bonded
  done
}

test_bond_lacp() {
  bonded 802.3ad 802.3ad lacp_rate fast xmit_hash_policy layer3+4 || return
  port_up bond0
  wait_until 60 aggregated 2 || fail "LACP: $(in_ns b cat /proc/net/bonding/bond0)"
  wait_until 20 ping_ok h4 192.0.2.1 1 || fail "no way to h4"
  learn h4
  by_tc bond0 "LACP"
  both_ways h1 h4
  fast h1 h4 h4 --vlan 5
  tcp_of h1 h4 192.0.2.4
  tcp_of h4 h1 192.0.2.1
  check "LACP goes on" aggregated 2
  link set m2 down
  wait_until 60 aggregated 1 || fail "m2 is down, and used"
  both_ways h1 h4
  end_bonded
}
aggregated() { # aggregated N: so many members work together, both ends say
  [ "$(ports_of b bond0) $(ports_of h4 eth0)" = "$1 $1" ]
}
ports_of() { in_ns "$1" sed -n 's/.*Number of ports: //p' "/proc/net/bonding/$2"; }

test_bond_below_vlans() { # bond0.10 in br0, bond0.20 in br1
  local first
  bonded active-backup active-backup || return
  new_station h5 bond0.20
  ip -n "${RUN}h4" link set eth0 down name bond9
  ip -n "${RUN}h4" addr flush dev bond9
  ip -n "${RUN}h4" link set bond9 up
  ip -n "${RUN}h4" link add link bond9 name eth0 netns "${RUN}h5" type vlan id 20
  ip -n "${RUN}h4" link add link bond9 name eth0 type vlan id 10
  ready_station h4
  ready_station h5
  BEHIND["h4"]=bond0.10
  link add link bond0 name bond0.10 type vlan id 10
  link add link bond0 name bond0.20 type vlan id 20
  link add br1 type bridge stp_state 0 mcast_snooping 0
  link set br1 up
  add_station 3
  port_up p3 br1
  port_up bond0.10
  port_up bond0.20 br1
  learn h3 h4 h5
  by_tc bond0.10 "VLAN device"
  both_ways h1 h4
  both_ways h3 h5
  sends h4 h5 "h1 h2"
  counts bond0.10 rx h4 h1
  counts bond0.20 tx h3 h5
  first=$(active b bond0)
  link set "$first" down
  wait_until 20 changed_over "$first" bond9 || fail "no change-over"
  both_ways h1 h4
  both_ways h3 h5
  end_station h5 h3
  link del br1
  end_bonded
}

all_answered() { in_ns h4 ping -q -c 4 -i 0.1 -W 2 192.0.2.1 | grep -q ' 0% packet loss'; } # by each member
has_device() { ip -n "$RUN$1" link show "$2" >/dev/null 2>&1; } # has_device b team0

test_team() {
  local n name namespace runner ends=()
  modprobe -q team || { say "skipped: no team in $(uname -r)"; return; }
  command -v teamd >/dev/null || { say "skipped: teamd is missing (Debian package libteam-utils)"; return; }
  for runner in activebackup roundrobin; do
    new_station h4 team0
    for n in 1 2; do link add "m$n" type veth peer name "m$n" netns "${RUN}h4"; done
    for namespace in b h4; do
      [ $namespace = b ] && name=team0 || name=eth0
      in_ns $namespace teamd -r -p "$WORK/$namespace.$runner.pid" \
        -c '{"device": "'$name'", "ports": {"m1": {}, "m2": {}},
        "runner": {"name": "'$runner'"}, "link_watch": {"name": "ethtool"}}' 2>"$WORK/teamd.$namespace.log" &
      ends+=($!)
      CHILDREN+=($!)
    done
    wait_until 10 has_device b team0 || fail "teamd: $(cat "$WORK/teamd.b.log")"
    wait_until 10 has_device h4 eth0 || fail "teamd: $(cat "$WORK/teamd.h4.log")"
    for n in 1 2; do
      link set "m$n" up
      ip -n "${RUN}h4" link set "m$n" up
    done
    link set team0 up
    ready_station h4
    port_up team0
    wait_until 20 ping_ok h4 192.0.2.1 1 || fail "$runner: no way to h4"
    learn h4
    by_tc team0 "team"
    both_ways h1 h4
    fast h1 h4 h4 --vlan 5
    counts team0 rx h4 h1
    link set m1 down
    wait_until 20 all_answered || fail "$runner: m1 is down, and used"
    both_ways h1 h4
    for n in "${ends[@]}"; do finish "$n"; done
    ends=()
    end_station h4
    link del m2 2>/dev/null
    link del m1 2>/dev/null
    unharmed
  done
}

run_tests
