#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docker: two containers on a bridge, as Docker sets a host up: masquerading, a published port, chains that
# keep networks apart, forwarding dropped by policy, and br_netfilter, which hands bridged packets to the
# same rules. What they let through goes fast; what they forbid stays forbidden, from the moment that they do.
#
#   h1 ---- p1 [ br0 ] b [ ] p3 ---- h3      containers h1, h2: 10.0.1.1, 10.0.1.2, the host is .254;
#   h2 ---- p2 [     ]   [ ]                 h3, the world: 198.51.100.2, the host is .1, port 8080 is h1's
. "$(dirname "$0")/lib.sh"
. "$HERE/iperf.sh"

setup() {
  local n
  STATIONS=()
  new_netns b
  in_ns b sysctl -qw net.ipv4.ip_forward=1
  link add br0 address "$(mac br0)" type bridge stp_state 0 mcast_snooping 0
  link set br0 up
  in_ns b sysctl -qw net.bridge.bridge-nf-call-iptables=1 || skip_all "no br_netfilter"
  for n in 1 2 3; do
    new_netns h$n
    STATIONS+=(h$n)
    join_by_veth $n
    [ $n = 3 ] || link set p$n master br0
    link set p$n up
    ip -n "${RUN}h$n" link set eth0 up
    if [ $n = 3 ]; then
      ip -n "${RUN}h3" addr add 198.51.100.2/24 dev eth0
    else
      ip -n "${RUN}h$n" addr add 10.0.1.$n/24 dev eth0
      ip -n "${RUN}h$n" route add default via 10.0.1.254
    fi
    iperf_server h$n
  done
  ip -n "$B" addr add 10.0.1.254/24 dev br0
  ip -n "$B" addr add 198.51.100.1/24 dev p3
  docker_rules
  start_tnad
  tna_on && for n in 1 2 3; do check "hook of p$n: $(status p$n .why)" wait_hook p$n "$HOOK"; done
  for n in 1 2; do check "h$n is heard" wait_until 5 one h$n 198.51.100.2; done
  check "h1 hears h2" wait_until 5 one h1 10.0.1.2
}
docker_rules() {
  in_ns b iptables-restore <<-'END' || skip_all "iptables takes no rules as Docker's"
	*filter
	:FORWARD DROP [0:0]
	:DOCKER - [0:0]
	:DOCKER-ISOLATION-STAGE-1 - [0:0]
	:DOCKER-ISOLATION-STAGE-2 - [0:0]
	:DOCKER-USER - [0:0]
	-A FORWARD -j DOCKER-USER
	-A FORWARD -j DOCKER-ISOLATION-STAGE-1
	-A FORWARD -o br0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
	-A FORWARD -o br0 -j DOCKER
	-A FORWARD -i br0 ! -o br0 -j ACCEPT
	-A FORWARD -i br0 -o br0 -j ACCEPT
	-A DOCKER -d 10.0.1.1/32 ! -i br0 -o br0 -p tcp -m tcp --dport 5201 -j ACCEPT
	-A DOCKER-ISOLATION-STAGE-1 -i br0 ! -o br0 -j DOCKER-ISOLATION-STAGE-2
	-A DOCKER-ISOLATION-STAGE-1 -j RETURN
	-A DOCKER-ISOLATION-STAGE-2 -o br0 -j DROP
	-A DOCKER-ISOLATION-STAGE-2 -j RETURN
	-A DOCKER-USER -j RETURN
	COMMIT
	*nat
	:PREROUTING ACCEPT [0:0]
	:POSTROUTING ACCEPT [0:0]
	:DOCKER - [0:0]
	-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
	-A POSTROUTING -s 10.0.1.0/24 ! -o br0 -j MASQUERADE
	-A DOCKER -i br0 -j RETURN
	-A DOCKER ! -i br0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.1.1:5201
	COMMIT
	END
}
user_rule() { in_ns b iptables "$1" DOCKER-USER "${@:2}"; } # user_rule -I | -D RULE...

test_to_the_world() {
  local before outside
  before=$(fast_packets p1) outside=$(fast_packets p3)
  at_least "bytes" $BYTES "$(tcp h1 198.51.100.2)"
  grew "TCP to the world" p1 "$before" 50
  grew "its answers" p3 "$outside" 3
  outside=$(fast_packets p3)
  at_least "bytes" $BYTES "$(tcp h2 198.51.100.2 -R)"
  grew "TCP from the world" p3 "$outside" 50
}

test_published_port() {
  local before inside
  before=$(fast_packets p3) inside=$(fast_packets p1)
  at_least "bytes" $BYTES "$(tcp h3 198.51.100.1 -p 8080)"
  grew "TCP to the published port" p3 "$before" 50
  grew "its answers" p1 "$inside" 1
}

test_what_is_not_published() {
  ip -n "${RUN}h3" route add 10.0.1.0/24 via 198.51.100.1
  check "no way in" not one h3 10.0.1.1 -W 0.2
  same "bytes in" 0 "$(iperf h3 10.0.1.2 -n 1000 --connect-timeout 300 | jq '.end.sum_sent.bytes // 0')"
  ip -n "${RUN}h3" route del 10.0.1.0/24
}

test_container_to_container() {
  local before back
  before=$(fast_packets p1) back=$(fast_packets p2)
  at_least "bytes" $BYTES "$(tcp h1 10.0.1.2)"
  grew "TCP to another container" p1 "$before" 50
  grew "its answers" p2 "$back" 1
  before=$(fast_packets p1) back=$(fast_packets p2)
  at_least "of 2000 packets" 1900 "$(udp h1 10.0.1.2 --bidir)"
  grew "UDP to another container" p1 "$before" 500
  grew "and back" p2 "$back" 500
}

test_rule_between_containers() { # as dockerd --icc=false has it
  local before
  stream h1 10.0.1.2 5201 p1 4
  user_rule -I -i br0 -o br0 -j DROP
  before=$(received h2)
  sleep 0.5
  at_most "packets past the new rule" 3 $(($(received h2) - before))
  check "no other either" not one h2 10.0.1.1 -W 0.2
  in_ns b sysctl -qw net.bridge.bridge-nf-call-iptables=0
  check "bridged packets meet no rules" one h2 10.0.1.1
  in_ns b sysctl -qw net.bridge.bridge-nf-call-iptables=1
  check "they do again" not one h2 10.0.1.1 -W 0.2
  user_rule -D -i br0 -o br0 -j DROP
  stream_ends_well
}

test_rule_about_a_port() {
  user_rule -I -m physdev --physdev-is-bridged --physdev-in p2 -p tcp --dport 5201 -j DROP 2>/dev/null ||
    { say "skipped: no -m physdev"; return; }
  stream h1 10.0.1.2 5201 p1 2
  stream_ends_well
  same "bytes by that port" 0 "$(iperf h2 10.0.1.1 -n 1000 --connect-timeout 300 | jq '.end.sum_sent.bytes // 0')"
  at_least "bytes of what is routed" $BYTES "$(tcp h2 198.51.100.2)"
  user_rule -D -m physdev --physdev-is-bridged --physdev-in p2 -p tcp --dport 5201 -j DROP
}

test_rule_against_what_is_routed() {
  local before
  stream h1 198.51.100.2 5201 p1 3
  user_rule -I -p tcp -s 10.0.1.1 -j DROP
  before=$(received h3)
  sleep 0.5
  at_most "packets past the new rule" 3 $(($(received h3) - before))
  user_rule -D -p tcp -s 10.0.1.1 -j DROP
  stream_ends_well
}

run_tests
