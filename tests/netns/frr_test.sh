#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# frr: a router that is told its routes by OSPF and BGP, as FRR puts them into the kernel (nexthop
# objects, IPv4 by way of IPv6 neighbours): what it forwards goes fast, over the very way that Linux takes
# for each flow, and over another one when that fails. Traceroute, path MTU, checksums along the way.
#
#                     .---- p2 ---- r2 ----.
#   h1 ---- p1 [ b ] <                      > h2 ---- stub0
#                     `---- p3 ---- r3 ----'
#
#   h1-b 10.0.1.0/24, 2001:db8:1::/64; b-r2 10.0.2, b-r3 10.0.3, r2-h2 10.0.4, r3-h2 10.0.5
#   behind h2: 10.2.0.0/24 by OSPF; 10.3.0.0/24 and 2001:db8:3::/64 by BGP, whose sessions have
#   IPv6 link-local addresses alone
HOOKS=${HOOKS:-xdp} # what FRR does is the same for tc, and routing has scenarios of its own for both
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/frr.sh"

SOURCES=16 TARGETS=4
ALL=$((SOURCES * TARGETS)) # flows from h1 to each of these networks
declare -A NETWORKS=([10.2.0.]=10.2.0.0/24 [10.3.0.]=10.3.0.0/24 [2001:db8:3::]=2001:db8:3::/64)

# join A DEVICE B DEVICE: a cable; both ends are targets for XDP
join() {
  ip -n "$RUN$1" link add "$2" type veth peer name "$4" netns "$RUN$3"
  in_ns "$1" ethtool -K "$2" gro on >/dev/null
  in_ns "$3" ethtool -K "$4" gro on >/dev/null
  ip -n "$RUN$1" link set "$2" up
  ip -n "$RUN$3" link set "$4" up
}
address() { # address NAME DEVICE ADDRESS...
  local name=$1 device=$2 one
  shift 2
  for one in "$@"; do ip -n "$RUN$name" addr add "$one" dev "$device"; done
}

setup() {
  local name n
  [ -x $FRR/zebra ] || skip_all "FRR is not installed"
  STATIONS=(h1 h2)
  ALSO="r2 r3"
  for name in b h1 h2 r2 r3; do
    new_netns $name
    in_ns $name sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 \
      net.ipv6.conf.default.accept_dad=0 net.ipv6.auto_flowlabels=0
    [ $name = h1 ] || in_ns $name sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
      net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
  done
  join b p1 h1 eth0
  address b p1 10.0.1.1/24 2001:db8:1::1/64
  for n in 2 3; do
    join b p$n r$n near
    join r$n far h2 eth$n
    address b p$n 10.0.$n.1/24
    address r$n near 10.0.$n.2/24 2001:db8:$n$n::2/64
    address r$n far 10.0.$((n + 2)).1/24
    address h2 eth$n 10.0.$((n + 2)).2/24
  done
  join h2 stub0 h2 stub1
  for ((n = 1; n <= TARGETS; n++)); do address h2 stub0 10.2.0.$n/24 10.3.0.$n/24 2001:db8:3::$n/64; done
  for ((n = 2; n < SOURCES + 2; n++)); do address h1 eth0 10.0.1.$n/24 2001:db8:1::$n/64; done
  ip -n "${RUN}h1" route add default via 10.0.1.1
  ip -n "${RUN}h1" route add default via 2001:db8:1::1
  note_ways
  OBJECTS=yes start_routers
  start_tnad
  hooks_are "$HOOK" "$HOOK"
  converged
}
start_routers() {
  local name
  stop_frr
  for name in b r2 r3 h2; do ip -n "$RUN$name" nexthop flush >/dev/null 2>&1; done # zebra leaves some
  start_frr b ospfd bgpd < <(configuration 1 p2 p3)
  start_frr r2 ospfd bgpd < <(configuration 2 near far)
  start_frr r3 ospfd bgpd < <(configuration 3 near far)
  start_frr h2 ospfd bgpd < <(configuration 4 eth2 eth3)
}
hooks_are() { # hooks_are OF_P1 OF_P2_AND_P3
  tna_on || return 0
  check "hook of p1: $(status p1 .why)" wait_hook p1 "$1"
  check "hook of p2: $(status p2 .why)" wait_hook p2 "$2"
  check "hook of p3: $(status p3 .why)" wait_hook p3 "$2"
}

# --- which way a flow takes -------------------------------------------------------------------------
WAYS=
note_ways() { # r2 and r3 note what comes from b
  local name
  for name in r2 r3; do
    in_ns $name nft -f - <<-'END'
	table inet ways {
	  set v4 { type ipv4_addr . ipv4_addr; flags dynamic; size 4096; }
	  set v6 { type ipv6_addr . ipv6_addr; flags dynamic; size 4096; }
	  chain c { type filter hook prerouting priority 0;
	    iifname near icmp type echo-request add @v4 { ip saddr . ip daddr }
	    iifname near icmpv6 type echo-request add @v6 { ip6 saddr . ip6 daddr }
	  }
	}
	END
  done
}
# pass PREFIX...: each flow to these networks sends a packet and has an answer
pass() {
  local prefix
  for prefix in "$@"; do
    in_ns h1 bash -c 'for ((s = 2; s < $2 + 2; s++)); do for ((t = 1; t <= $3; t++)); do
        ping -q -n -c 1 -W 1 -I "$1$s" "$4$t" >/dev/null || exit 1; done; done' \
      - "$(source_of "$prefix")" $SOURCES $TARGETS "$prefix" || return
  done
}
source_of() { [[ $1 = *:* ]] && echo 2001:db8:1:: || echo 10.0.1.; }
# ways PREFIX: WAYS has lines "r2 SOURCE . TARGET", one for each flow; false where a packet is lost
ways() {
  local name
  for name in r2 r3; do
    in_ns $name nft 'flush set inet ways v4; flush set inet ways v6'
  done
  pass "$1" || return
  WAYS=$(for name in r2 r3; do
    in_ns $name nft list table inet ways | grep -oE '[0-9a-f:.]+ \. [0-9a-f:.]+' | sed "s/^/$name /"
  done | sort)
}
over() { grep -c "^$1 " <<<"$WAYS"; } # over r2: how many of them
all_over() { ways "$2" && [ "$(over "$1") $(wc -l <<<"$WAYS")" = "$ALL $ALL" ]; }
spread() { ways "$1" && [ "$(over r2)" -ge $((ALL / 4)) ] && [ "$(over r3)" -ge $((ALL / 4)) ]; }
# fast COMMAND...: it succeeds, and all flows enter and leave the router by the fast path
fast() {
  tna_on || { "$@"; return; }
  remember
  FAST3=$(fast_packets p3)
  "$@" && [ $(($(fast_packets p1) - FAST1)) -ge $ALL ] &&
    [ $(($(fast_packets p2) - FAST2 + $(fast_packets p3) - FAST3)) -ge $ALL ]
}
converged() {
  local prefix
  for prefix in "${!NETWORKS[@]}"; do
    wait_until 40 spread "$prefix" || {
      check "two ways to ${NETWORKS[$prefix]}: $(ip -n "$B" route; ip -n "$B" -6 route)" false
      return 1
    }
    wait_until 10 fast spread "$prefix" ||
      check "fast to ${NETWORKS[$prefix]}: $(counted p1), $(counted p2), $(counted p3)" false
  done
}

# --- the tests --------------------------------------------------------------------------------------
test_as_frr_has_them() { # or the rest is about something else
  check "nexthop objects" grep -q nhid <(ip -n "$B" route show 10.2.0.0/24)
  check "OSPF: $(ip -n "$B" route)" grep -q 'proto ospf' <(ip -n "$B" route show 10.2.0.0/24)
  check "BGP: $(ip -n "$B" route)" grep -q 'proto bgp' <(ip -n "$B" route show 10.3.0.0/24)
  check "IPv4 by way of IPv6" grep -q 'via inet6 fe80' <(ip -n "$B" route show 10.3.0.0/24)
  check "IPv6 by BGP" grep -q 'proto bgp' <(ip -n "$B" -6 route show 2001:db8:3::/64)
}

test_the_way_is_that_of_linux() {
  local prefix fast
  for prefix in "${!NETWORKS[@]}"; do
    check "all fast to $prefix" wait_until 10 fast spread "$prefix"
    fast=$WAYS
    same "flows over r2 or r3 to $prefix" $ALL "$(wc -l <<<"$fast")"
    tna_on && tna detach >/dev/null && check "p1 is left to Linux" wait_hook p1 none
    check "Linux spreads, too" spread "$prefix"
    same "ways to $prefix" "$WAYS" "$fast"
    tna_on && tna attach >/dev/null
    hooks_are "$HOOK" "$HOOK"
  done
}

test_a_router_further_on_fails() { # which only OSPF and BGP can tell
  local prefix
  ip -n "${RUN}r3" link set far down
  for prefix in "${!NETWORKS[@]}"; do
    check "all over r2 to $prefix, fast" wait_until 20 fast all_over r2 "$prefix"
  done
  ip -n "${RUN}r3" link set far up
  converged
}

test_each_hop_shows() {
  local to way=
  for to in 10.2.0.1 10.3.0.2; do
    ways "${to%.*}." && way=$(sed -n "s/^r\(.\) 10.0.1.2 \. $to$/\1/p" <<<"$WAYS")
    same "hops to $to" "10.0.1.1 10.0.$way.2 $to" "$(hops $to -I -s 10.0.1.2)"
  done
  ways 2001:db8:3:: && way=$(sed -n "s/^r\(.\) 2001:db8:1::2 \. 2001:db8:3::1$/\1/p" <<<"$WAYS")
  same "hops to 2001:db8:3::1" "2001:db8:1::1 2001:db8:$way$way::2 2001:db8:3::1" \
    "$(hops 2001:db8:3::1 -I -s 2001:db8:1::2)"
  same "hops to 10.2.0.1 by UDP" 3 "$(hops 10.2.0.1 | wc -w)"
}
hops() { # hops TO [OPTION...]
  in_ns h1 traceroute -n -q 1 -N 1 -w 2 -m 6 "${@:2}" "$1" |
    awk 'NR > 1 { printf "%s%s", between, $2; between = " " }'
}

test_path_mtu() { # the small cable is beyond the next router, h2 knows nothing of it
  local to name
  for name in r2 r3; do ip -n "$RUN$name" link set far mtu 1300; done
  converged # a change of the mtu interrupts OSPF
  for to in 10.2.0.1 10.3.0.1 2001:db8:3::1; do
    tcp_of h1 h2 $to
    check "h1 was told: $(in_ns h1 ip route get $to)" grep -q 'mtu 1300' <(in_ns h1 ip route get $to)
  done
  for name in r2 r3; do ip -n "$RUN$name" link set far mtu 1500; done
  in_ns h1 ip route flush cache
  in_ns h1 ip -6 route flush cache
  converged
}

# --- checksums --------------------------------------------------------------------------------------
wrong_checksums() { # of what h1 and h2 have received
  local name
  for name in h1 h2; do in_ns $name nstat -asz; done | awk '/CsumErrors/ { sum += $2 } END { print sum + 0 }'
}
test_wrong_checksums_are_seen() { # by what the next tests rely on
  local before
  before=$(wrong_checksums)
  more_wrong() { [ "$(wrong_checksums)" -gt "$before" ]; }
  in_ns h1 perl -MSocket -e 'socket my $s, AF_INET, SOCK_RAW, 17 or die $!;
    send $s, pack("n4", 1000, 2000, 8, 4711), 0, sockaddr_in(0, inet_aton("10.2.0.1")) or die $!'
  check "one is seen" wait_until 3 more_wrong
}
offload() { # offload on|off: whether h1 and h2 leave checksums and segmentation to the device
  local device
  in_ns h1 ethtool -K eth0 tx "$1" >/dev/null
  for device in eth2 eth3; do in_ns h2 ethtool -K $device tx "$1" >/dev/null; done
}
# iperf TO [OPTION...]: bytes that h2 has received (a stream ends when they are sent)
iperf() {
  : >"$WORK/iperf"
  nsenter --net="/run/netns/${RUN}h2" iperf3 -s -1 -B "$1" --forceflush >"$WORK/iperf" 2>&1 &
  CHILD=$!
  CHILDREN+=("$CHILD")
  wait_until 3 grep -q listening "$WORK/iperf" || fail "iperf3 does not start"
  in_ns h1 timeout $((30 * SLOW)) iperf3 -J -c "$@" | jq '.end | (.sum_received // .sum).bytes // 0'
  finish "$CHILD"
}
streams() { # streams on|off FAST: TCP and UDP, whether the router is to forward them fast
  local to before
  offload "$1"
  before=$(wrong_checksums)
  for to in 10.2.0.1 10.3.0.2 2001:db8:3::1; do
    remember
    at_least "bytes by TCP to $to" 5000000 "$(iperf $to -n 20M)"
    at_least "bytes by UDP to $to" 1000000 "$(iperf $to -u -l 1200 -b 200M -n 10M)"
    [ "$2" = fast ] && tna_on && at_least "fast packets" 5000 $(($(fast_packets p1) - FAST1))
  done
  same "wrong checksums at h1, h2" 0 $(($(wrong_checksums) - before))
  offload on
}
test_streams() { # XDP leaves unfinished checksums to Linux
  local all=fast
  [ "$HOOK" = xdp ] && all=any
  streams on $all
  streams off fast
}
test_streams_by_both_hooks() { # p1 has the other one
  tna_on || return
  local others=$HOOK p1=tc all=fast
  [ "$HOOK" = tc ] && p1=xdp all=any
  printf 'hook = "%s"\n[interface.p1]\nhook = "%s"\n' "$others" $p1 >"$WORK/tna.toml"
  stop_tnad
  HOOK=auto
  start_tnad --config "$WORK/tna.toml"
  HOOK=$others
  hooks_are $p1 "$others"
  converged
  streams on $all
  streams off fast
  stop_tnad
  start_tnad
  hooks_are "$HOOK" "$HOOK"
}

# --- what ends nexthop objects ------------------------------------------------------------------------
# Linux takes a way whose carrier is gone out of the object; zebra 8.4 shows both again when it is back, but
# doesn't put it in.
test_a_cable_fails() {
  local prefix
  break_the_cable
  for prefix in "${!NETWORKS[@]}"; do
    check "fast to $prefix when it is back" wait_until 20 fast ways "$prefix"
  done
}
break_the_cable() {
  local prefix
  ip -n "${RUN}r2" link set near down
  for prefix in "${!NETWORKS[@]}"; do
    check "all over r3 to $prefix, fast" wait_until 20 fast all_over r3 "$prefix"
  done
  ip -n "${RUN}r2" link set near up
}

test_routes_without_objects() {
  OBJECTS=no start_routers
  converged
  same "nexthop objects" "" "$(ip -n "$B" nexthop)"
  test_the_way_is_that_of_linux
  test_a_router_further_on_fails
  break_the_cable
  converged
  stop_frr # or bash tells that it had to be killed
}

run_tests
