#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bridge: what containers on a bridge do all day goes on, and goes fast: ARP, ping, UDP, TCP; and
# the bridge's own address is served by Linux.
#
#   h1 ---- p1 [ br0 192.0.2.254 ] out --- h9       h1, h2: 192.0.2.0/24, default route to br0
#   h2 ---- p2 [                 ] 198.51.100.254   h9: 198.51.100.9, behind this router
. "$(dirname "$0")/lib.sh"

setup() {
  bridge_world 2
  ip -n "$B" addr add 192.0.2.254/24 dev br0
  in_ns b sysctl -qw net.ipv4.ip_forward=1
  new_netns h9
  link add out type veth peer name eth0 netns "${RUN}h9" address "$(mac h9)"
  ip -n "$B" addr add 198.51.100.254/24 dev out
  link set out up
  ip -n "${RUN}h9" addr add 198.51.100.9/24 dev eth0
  ip -n "${RUN}h9" link set eth0 up
  local name
  for name in h1 h2; do ip -n "$RUN$name" route add default via 192.0.2.254; done
  ip -n "${RUN}h9" route add default via 198.51.100.254
  ALSO=h9
  start_tnad
}

test_ping() {
  local name
  for name in h1 h2; do ip -n "$RUN$name" neigh flush dev eth0; done
  check "ping h1 -> h2" ping_ok h1 192.0.2.2
  check "ARP entry of h2 at h1" grep -q "$(mac h2)" <(ip -n "${RUN}h1" neigh show 192.0.2.2)
  remember
  same "ping h1 -> h2, 50 times" 50 \
    "$(in_ns h1 ping -q -c 50 -i 0.01 192.0.2.2 | sed -n 's/.* \([0-9]*\) received.*/\1/p')"
  both_grew 40
}

test_arp_goes_on() { # the entry is confirmed again, whatever goes fast
  ip -n "${RUN}h1" neigh flush dev eth0
  check "ping h1 -> h2 after flush" ping_ok h1 192.0.2.2
  ip -n "${RUN}h1" neigh change 192.0.2.2 lladdr "$(mac h2)" dev eth0 nud probe
  check "h2 was not confirmed by ARP" wait_until 3 confirmed
}
confirmed() { ip -n "${RUN}h1" neigh show 192.0.2.2 | grep -q REACHABLE; }

test_bridge_address() { # terminates, answers ARP, asks, pings
  ip -n "${RUN}h1" neigh flush dev eth0
  check "ping h1 -> br0" ping_ok h1 192.0.2.254
  ip -n "$B" neigh flush dev br0
  check "ping br0 -> h2" ping_ok b 192.0.2.2
  check "large pings to br0" in_ns h1 ping -q -c 3 -i 0.1 -s 4000 192.0.2.254 >/dev/null
  tcp_of h1 b 192.0.2.254
}

test_routes() { # the router behind the bridge goes on routing
  check "ping h1 -> h9 through the router" ping_ok h1 198.51.100.9
  check "ping h9 -> h2 through the router" ping_ok h9 192.0.2.2
  same "first hop of h1 -> h9" 192.0.2.254 \
    "$(in_ns h1 ping -n -c 1 -t 1 -W 2 198.51.100.9 | sed -n 's/^From \([0-9.]*\) .*exceeded/\1/p')"
  tcp_of h1 h9 198.51.100.9
}

test_udp() {
  check "ping" ping_ok h1 192.0.2.2 1
  remember
  nsenter --net="/run/netns/${RUN}h2" timeout 30 iperf3 -s -1 --forceflush >"$WORK/ready" 2>&1 &
  CHILD=$!
  CHILDREN+=("$CHILD")
  wait_until 3 grep -q listening "$WORK/ready" || fail "iperf3 does not listen"
  in_ns h1 timeout 20 iperf3 -c 192.0.2.2 -u -b 20M -l 1000 -t 1 --json >"$WORK/client"
  wait "$CHILD"
  same "lost UDP packets" 0 "$(jq .end.sum.lost_packets "$WORK/client")"
  at_least "UDP packets" 2000 "$(jq .end.sum.packets "$WORK/client")"
  tna_on || return
  # With XDP these have a checksum only if the sender made it (next tests).
  [ "$HOOK" = tc ] && at_least "fast packets of p1" 2000 $(($(fast_packets p1) - FAST1))
}

test_tcp() { # containers leave checksums to the device: XDP must see that, tc carries it along
  remember
  tcp_of h1 h2 192.0.2.2
  [ "$HOOK" = tc ] && both_grew 50
  tcp_of h2 h1 192.0.2.1
}

test_tcp_without_offloads() { # checksums in the packets: fast on both hooks
  local name
  for name in h1 h2; do in_ns $name ethtool -K eth0 tx off >/dev/null; done
  remember
  tcp_of h1 h2 192.0.2.2
  both_grew 50
  remember
  tcp_of h2 h1 192.0.2.1
  both_grew 50
  for name in h1 h2; do in_ns $name ethtool -K eth0 tx on >/dev/null; done
}

run_tests
