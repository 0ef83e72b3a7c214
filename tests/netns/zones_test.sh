#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# zones: two customers of a router have the same addresses, and even the same connections: rules put each one's into
# a zone of its own, by the interface that packets come in by. Both go fast, and what is done to one's the other
# does not notice.
#
#   h1 ---- p1 [   ] p2 ---- h2      customer 1 (zone 1)     h1 and h3 are 10.0.1.2, fd00:1::2,
#              [ b ]                                         h2 and h4 are 10.0.2.2, fd00:2::2
#   h3 ---- p3 [   ] p4 ---- h4      customer 2 (zone 2)     the router is .1, ::1
. "$(dirname "$0")/lib.sh"
. "$HERE/iperf.sh"

setup() {
  local n name net other table
  STATIONS=()
  new_netns b
  in_ns b sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 \
    net.ipv6.conf.default.disable_ipv6=0
  for n in 1 2 3 4; do
    name=h$n
    new_netns $name
    STATIONS+=("$name")
    in_ns $name sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0
    join_by_veth $n
    link set p$n up
    ip -n "$RUN$name" link set eth0 up
    net=$(((n + 1) % 2 + 1)) other=$((n % 2 ? n + 1 : n - 1)) table=$(((n + 1) / 2))
    ip -n "$B" addr add 10.0.$net.1/24 dev p$n noprefixroute
    ip -n "$B" addr add fd00:$net::1/64 dev p$n nodad noprefixroute
    ip -n "$RUN$name" addr add 10.0.$net.2/24 dev eth0
    ip -n "$RUN$name" addr add fd00:$net::2/64 dev eth0 nodad
    ip -n "$RUN$name" route add default via 10.0.$net.1
    ip -n "$RUN$name" route add default via fd00:$net::1
    ip -n "$B" route add 10.0.$net.0/24 dev p$n table $table
    ip -n "$B" -6 route add fd00:$net::/64 dev p$n table $table
    ip -n "$B" rule add iif p$n lookup $table
    ip -n "$B" -6 rule add iif p$n lookup $table
    # The router does not know by which interface to ask for an address that two have.
    ip -n "$B" neigh add 10.0.$net.2 lladdr "$(mac h$n)" dev p$n
    ip -n "$B" neigh add fd00:$net::2 lladdr "$(mac h$n)" dev p$n
    ip -n "$RUN$name" neigh add 10.0.$net.1 lladdr "$(mac p$n)" dev eth0
    ip -n "$RUN$name" neigh add fd00:$net::1 lladdr "$(mac p$n)" dev eth0
    iperf_server $name
  done
  in_ns b nft -f - <<-'END'
	table inet fw {
	  chain zones {
	    type filter hook prerouting priority raw;
	    iifname { "p1", "p2" } ct zone set 1
	    iifname { "p3", "p4" } ct zone set 2
	  }
	  chain forward {
	    type filter hook forward priority 0; policy drop;
	    ct state established,related accept
	    iifname { "p1", "p3" } accept
	  }
	}
	END
  start_tnad
}

entries() { in_ns b conntrack -L "$@" 2>/dev/null; }
by_zone() { tna_on && tna capabilities --json | jq -e '.kernel.features[] | select(.name == "connections by zone") | .available' >/dev/null; }
# both TO [IPERF-OPTION...]: the same connection of both customers at a time, in the background; they have begun
both() {
  local to=$1 n
  shift
  SOURCE=$((SOURCE + 1)) # the last one waits until it is over for good
  for n in 1 3; do
    nsenter --net="/run/netns/${RUN}h$n" timeout $((20 * SLOW)) iperf3 -J -c "$to" --cport $SOURCE "$@" >"$WORK/both.$n" &
    CHILDREN+=("$!")
    RUNNING[n]=$!
  done
  wait_until 5 begun "$(family "$to")"
}
begun() { of_zone 1 "$1" | grep -q ASSURED && of_zone 2 "$1" | grep -q ASSURED; }
of_zone() { entries -p tcp --zone "$1" -f "$2" | grep " sport=$SOURCE "; } # of_zone ZONE FAMILY
family() { case $1 in *:*) echo ipv6 ;; *) echo ipv4 ;; esac; }
ended_well() { # ended_well: both have
  local n
  for n in 1 3; do
    wait "${RUNNING[n]}"
    same "customer $n: the stream has ended well" null "$(jq -c .error "$WORK/both.$n")"
  done
}
RUNNING=()
SOURCE=4242

test_same_connections_of_both() {
  local to before before3
  for to in 10.0.2.2 fd00:2::2; do
    before=$(fast_packets p1) before3=$(fast_packets p3)
    both $to -b 4M -l 1000 -t 4
    same "connections of that port in zone 1" 1 "$(of_zone 1 "$(family $to)" | wc -l)"
    same "connections of that port in zone 2" 1 "$(of_zone 2 "$(family $to)" | wc -l)"
    ended_well
    by_zone || continue
    grew "TCP to $to of customer 1" p1 "$before" 300
    grew "TCP to $to of customer 2" p3 "$before3" 300
  done
}

test_deleted_in_one_zone() { # and forbidden from now on, so that Linux does not pick it up
  local before before4
  both 10.0.2.2 -b 4M -l 1000 -t 6
  sleep 1
  in_ns b nft insert rule inet fw forward iifname '{ "p1", "p2", "p3", "p4" }' ct state new drop
  in_ns b conntrack -D -p tcp --zone 1 >/dev/null 2>&1
  sleep 0.3
  before=$(received h2)
  before4=$(received h4)
  sleep 0.7
  at_most "packets of the connection that is gone" 3 $(($(received h2) - before))
  at_least "packets of the other one" 200 $(($(received h4) - before4))
  wait "${RUNNING[3]}"
  same "the other one has ended well" null "$(jq -c .error "$WORK/both.3")"
  kill "${RUNNING[1]}" 2>/dev/null
  wait "${RUNNING[1]}"
  in_ns b nft -a list chain inet fw forward | sed -n 's/.*state new drop.*handle //p' |
    while read -r handle; do in_ns b nft delete rule inet fw forward handle "$handle"; done
}

test_shown() {
  tna_on || return
  check "rules: $(tna rules)" grep -q "ct zone set 1" <(tna rules)
}

run_tests
