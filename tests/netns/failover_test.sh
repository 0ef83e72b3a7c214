#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# failover: two routers share the gateways' addresses by VRRP (keepalived). When the first one fails the other
# one takes over, with the connections that go on, and gives them back.
#
#   h1 ---- [ x: lan ] ---- p1 [ b ] p2 ---- [ x: wan ] ---- h2     hN: 10.0.N.9; gateways are 10.0.N.254
#                   '------ p1 [ c ] p2 ------'                     b is 10.0.N.1, c, without TNA, 10.0.N.2
. "$(dirname "$0")/lib.sh"

command -v keepalived >/dev/null || skip_all "keepalived is missing"

cable() { # cable NAME IF BRIDGE [ADDRESS]: from an interface to one of the switches
  ip -n "${RUN}x" link add "$1$2" type veth peer name "$2" netns "$RUN$1"
  ip -n "${RUN}x" link set "$1$2" master "$3" up
  in_ns x ethtool -K "$1$2" gro on >/dev/null # makes it a target for XDP
  ip -n "$RUN$1" link set "$2" up
  ip -n "$RUN$1" addr add "$4/24" dev "$2"
}

router() { # router NAME HOST PRIORITY
  local name=$1 number
  in_ns "$name" sysctl -qw net.ipv4.ip_forward=1 net.netfilter.nf_conntrack_tcp_be_liberal=1
  cable "$name" p1 lan "10.0.1.$2"
  cable "$name" p2 wan "10.0.2.$2"
  in_ns "$name" nft -f - <<-'END'
	table ip fw {
	  chain forward {
	    type filter hook forward priority 0; policy drop;
	    ct state established,related accept
	    ct state invalid drop
	    iifname "p1" accept
	  }
	}
	END
  {
    printf 'global_defs {\n vrrp_version 3\n vrrp_garp_master_delay 1\n}\n'
    printf 'vrrp_sync_group both {\n group {\n  one\n  two\n }\n}\n'
    for number in one:1 two:2; do
      printf 'vrrp_instance %s {\n state BACKUP\n interface p%s\n virtual_router_id %s\n priority %s\n advert_int 0.2\n' \
        "${number%:*}" "${number#*:}" "${number#*:}" "$3"
      printf ' virtual_ipaddress {\n  10.0.%s.254/24\n }\n}\n' "${number#*:}"
    done
  } >"$WORK/keepalived.$name"
  nsenter --net="/run/netns/$RUN$name" keepalived -n -l -P -f "$WORK/keepalived.$name" -p "$WORK/keepalived.$name.pid" \
    -r "$WORK/vrrp.$name.pid" >"$WORK/keepalived.$name.log" 2>&1 &
  CHILDREN+=("$!")
  KEEPALIVED+=("$!")
}

has_gateway() { ip -n "$RUN$1" addr show dev p1 | grep -q 10.0.1.254; }

KEEPALIVED=()

setup() {
  local n
  for n in "${KEEPALIVED[@]}"; do finish "$n"; done # of the other hook
  KEEPALIVED=()
  STATIONS=(h1 h2)
  ALSO="c x"
  for n in b c x h1 h2; do new_netns $n; done
  for n in lan wan; do
    ip -n "${RUN}x" link add $n type bridge stp_state 0 mcast_snooping 0
    ip -n "${RUN}x" link set $n up
  done
  in_ns x sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
  for n in 1 2; do
    cable h$n eth0 "$([ $n = 1 ] && echo lan || echo wan)" 10.0.$n.9
    in_ns h$n ethtool -K eth0 tx off tso off gso off >/dev/null # XDP wants what is finished
    ip -n "${RUN}h$n" route add default via 10.0.$n.254
  done
  router b 1 100
  router c 2 50
  check "b is the gateway: $(tail -3 "$WORK/keepalived.b.log")" wait_until 6 has_gateway b
  wait_until 3 not has_gateway c
  nsenter --net="/run/netns/${RUN}h2" iperf3 -s --forceflush >"$WORK/iperf" 2>&1 &
  CHILDREN+=("$!")
  wait_until 3 grep -q listening "$WORK/iperf" || fail "iperf3 does not listen"
  start_tnad
}

received() { ip -n "${RUN}h2" -j -s link show eth0 | jq '.[0].stats64.rx.bytes'; }
flows() { # more than 4 Mbit/s is sent; a quarter of that within half a second
  local before
  before=$(received)
  sleep 0.5
  [ $(($(received) - before)) -ge 60000 ]
}
is_fast() {
  local before
  before=$(fast_packets p1)
  sleep 0.2
  [ $(($(fast_packets p1) - before)) -ge 20 ]
}

test_a_stream_survives() {
  local stream
  nsenter --net="/run/netns/${RUN}h1" timeout 30 iperf3 -J -c 10.0.2.9 -b 4M -l 1000 -t 9 >"$WORK/stream" &
  stream=$!
  ! tna_on || check "it goes fast" wait_until 4 is_fast
  check "it flows" wait_until 2 flows
  link set p1 down
  check "the other one takes over: $(tail -3 "$WORK/keepalived.c.log")" wait_until 4 has_gateway c
  check "it goes on" wait_until 4 flows
  link set p1 up
  check "and back" wait_until 5 not has_gateway c
  check "it goes on" wait_until 4 flows
  ! tna_on || check "it goes fast again: $(status p1 .why)" wait_until 4 is_fast
  wait $stream
  same "it has ended well" null "$(jq -c .error "$WORK/stream")"
}

run_tests
