#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# vlan_route: a router whose networks are VLANs: two on one cable, none on the other; what is configured of a
# VLAN device holds from the next packet on.
#
#   h1 ---- w.10 \                  v10 / p1 [ b ]       h1, h2, h3: 10.0.N.2, 2001:db8:N::2; the router is .1, ::1
#                 w ------------- p1         [   ]
#   h2 ---- w.20 /                  v20 \ p1 [   ] p3 ---- h3
. "$(dirname "$0")/../netns/lib.sh"

setup() {
  local n
  modprobe -qa 8021q
  STATIONS=()
  ALSO=t
  new_netns b
  new_netns t
  in_ns b sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 \
    net.ipv6.conf.default.disable_ipv6=0
  link add p1 type veth peer name w netns "${RUN}t"
  in_ns t ethtool -K w gro on txvlan off tx off >/dev/null # tags in the frame, and sums: XDP sees no others
  link set p1 up
  ip -n "${RUN}t" link set w up
  for n in 1 2 3; do
    new_netns h$n
    STATIONS+=(h$n)
    in_ns h$n sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0
  done
  for n in 1 2; do
    ip -n "${RUN}t" link add link w name eth0 netns "${RUN}h$n" address "$(mac h$n)" type vlan id ${n}0
    vlan_device ${n}0 || skip_all "this kernel has no VLAN devices"
  done
  join_by_veth 3
  in_ns h3 ethtool -K eth0 tx off >/dev/null
  link set p3 up
  address b p3 3 1
  for n in 1 2 3; do
    ip -n "${RUN}h$n" link set eth0 up
    address h$n eth0 $n 2
    ip -n "${RUN}h$n" route add default via 10.0.$n.1
    ip -n "${RUN}h$n" route add default via 2001:db8:$n::1
  done
  start_tnad
  tna_on && for n in 1 3; do check "hook of p$n: $(status p$n .why)" wait_hook p$n "$HOOK"; done
  meet
}
vlan_device() { # vlan_device 10 [OPTION...]
  link add link p1 name "v$1" type vlan id "$1" "${@:2}" || return
  link set "v$1" up
  address b "v$1" "${1%0}" 1
}
address() { # address NAMESPACE IF NET HOST
  ip -n "$RUN$1" addr replace 10.0.$3.$4/24 dev "$2"
  ip -n "$RUN$1" addr replace 2001:db8:$3::$4/64 dev "$2" nodad
}
meet() { # so that all neighbours are known
  local n
  for n in 2 3; do
    check "h$n hears h1" wait_until 5 one h1 10.0.$n.2
    check "h$n hears h1, IPv6" wait_until 5 one h1 2001:db8:$n::2
  done
}
pings() { # pings FROM TO: of 20
  in_ns "$1" ping -q -c 20 -i 0.01 "$2" | sed -n 's/.* \([0-9]*\) received.*/\1/p'
}
# fast FROM TO PORT LEAST: all pings are answered, and by that port so many packets came fast
fast() {
  local before
  before=$(fast_packets "$3")
  same "pings $1 -> $2" 20 "$(pings "$1" "$2")"
  tna_on && at_least "fast packets of $3" "$4" $(($(fast_packets "$3") - before))
}

test_from_vlan_to_vlan() { # in and out by one cable
  fast h1 10.0.2.2 p1 36
  fast h2 2001:db8:1::2 p1 36
  check "TTL is one less" grep -q 'ttl=63' <(in_ns h1 ping -n -c 1 10.0.2.2)
}

test_from_vlan_to_interface() {
  fast h1 10.0.3.2 p1 18
  fast h1 10.0.3.2 p3 18
  fast h3 2001:db8:2::2 p1 18
  fast h3 2001:db8:2::2 p3 18
}

test_tcp() {
  local before
  before=$(fast_packets p1)
  tcp_of h1 h2 10.0.2.2
  tcp_of h3 h1 2001:db8:1::2
  tna_on && at_least "fast packets of p1" 1000 $(($(fast_packets p1) - before))
}

test_device_goes_and_comes() {
  link set v20 down
  check "v20 is down" not one h1 10.0.2.2
  link set v20 up
  address b v20 2 1
  check "v20 is up" wait_until 5 one h1 10.0.2.2
  link del v20
  check "v20 is gone" not one h1 10.0.2.2
  check "v10 is not" one h1 10.0.3.2
  vlan_device 20
  check "v20 is there" wait_until 5 one h1 10.0.2.2
  link set v10 netns "${RUN}t"
  check "v10 is another's" not one h1 10.0.3.2
  ip -n "${RUN}t" link del v10
  vlan_device 10
  meet
  tna_on && check "fast again" wait_until 10 fast_again
}
fast_again() {
  local before
  before=$(fast_packets p1)
  pings h1 10.0.2.2 >/dev/null
  [ $(($(fast_packets p1) - before)) -ge 36 ]
}

test_settings_hold_at_once() {
  in_ns b sysctl -qw net.ipv4.conf.v10.forwarding=0
  check "forwarding of v10 is off" not one h1 10.0.2.2
  in_ns b sysctl -qw net.ipv4.conf.v10.forwarding=1 net.ipv4.conf.p1.forwarding=0
  check "that of p1 does not count" one h1 10.0.2.2
  in_ns b sysctl -qw net.ipv4.conf.p1.forwarding=1
  in_ns b nft add table netdev t
  in_ns b nft add chain netdev t c '{ type filter hook ingress device v10 priority 0; }'
  in_ns b nft add rule netdev t c icmp type echo-request drop
  check "a rule of v10" not one h1 10.0.2.2
  in_ns b nft delete table netdev t
  check "no rule of v10" one h1 10.0.2.2
}

test_priorities() {
  local wanted
  for wanted in 5 2; do
    link set v20 type vlan egress 0:$wanted
    capture t w "$WORK/w.pcap" vlan 20
    same "pings h3 -> h2" 20 "$(pings h3 10.0.2.2)"
    check "priority $wanted" wait_until 5 urgent $wanted
    finish "$CHILD"
  done
  link set v20 type vlan egress 0:0
}
urgent() {
  [ "$(tcpdump -Z root -nn -e -r "$WORK/w.pcap" 2>/dev/null | grep -c "vlan 20, p $1.*echo request")" = 20 ]
}

test_tcpdump_on_the_vlan_device() {
  local device
  for device in v10 v20; do
    capture b $device "$WORK/$device.pcap" --immediate-mode -p icmp
    same "pings h1 -> h2" 20 "$(pings h1 10.0.2.2)"
    finish "$CHILD"
    at_least "packets seen on $device" 40 \
      "$(tcpdump -Z root -nn -r "$WORK/$device.pcap" 2>/dev/null | wc -l)"
  done
  tna_on && check "fast again" wait_until 10 fast_again
}

run_tests
