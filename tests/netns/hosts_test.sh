#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# hosts: a host routes between the world and its containers, with every choice of hooks: TCP and UDP
# arrive with right checksums, whoever was left to make them, and fast where that can be.
#
#   h1 ---- p1 [ b ] p2 ---- h2      h1 is the world, p1 the host's card; h2, h3 are containers
#              [   ] p3 ---- h3      hN: 10.0.N.2/24, 2001:db8:N::2/64; the host is .1, ::1
HOOKS=auto # the configuration says which
. "$(dirname "$0")/lib.sh"

CONFIG=$WORK/tna.toml
# From and to.
WAYS=("h1 2" "h2 1" "h2 3")

setup() {
  local n name
  router_world 3
  for name in "${STATIONS[@]}"; do
    in_ns $name ethtool -K eth0 rx off gro off >/dev/null # it believes in no checksum that it can make itself
    nsenter --net="/run/netns/$RUN$name" iperf3 -s --forceflush >"$WORK/iperf.$name" 2>&1 &
    CHILDREN+=("$!")
  done
  for n in 1 2 3; do
    wait_until 3 grep -q listening "$WORK/iperf.h$n" || fail "iperf3 of h$n does not listen"
    ping_ok h1 10.0.$n.2
    ping_ok h1 2001:db8:$n::2
  done
  config false auto auto auto
  start_tnad --config "$CONFIG"
}

config() { # config PEER_GRO HOOK-OF-p1 p2 p3
  printf 'peer_gro = %s\n[interface.p1]\nhook = "%s"\n[interface.p2]\nhook = "%s"\n[interface.p3]\nhook = "%s"\n' \
    "$@" >"$CONFIG"
}
configured() { # the same, and it is so
  local n=0 hook
  config "$@"
  tna_on || return 0
  kill -HUP "$TNAD"
  for hook in "${@:2}"; do
    n=$((n + 1))
    check "hook of p$n: $(status p$n .why)" wait_hook p$n "$hook"
  done
  [ "$1" = false ] || check "who XDP sends by takes its frames" wait_until 5 enough_targets "${@:2}"
}
# What may be sent by: all where two have XDP, all others where one does.
enough_targets() {
  local words=" $* " have
  words=${words// tc/}
  have=$(tna capabilities --json | jq '[.devices[] | select(.driver == "veth" and .redirect_target)] | length')
  case $words in
    " ") true ;;
    " xdp ") [ "$have" = 2 ] ;;
    *) [ "$have" = 3 ] ;;
  esac
}
gro() { in_ns "$1" ethtool -k eth0 | grep -q "^generic-receive-offload: $2"; } # gro h2 on

# offload_of senders | host | all: whose devices finish checksums; the others have the kernel do it
offload_of() {
  local n senders=off host=off
  [ "$1" = host ] || senders=on
  [ "$1" = senders ] || host=on
  for n in 1 2 3; do
    in_ns h$n ethtool -K eth0 tx $senders >/dev/null
    in_ns b ethtool -K p$n tx $host >/dev/null
  done
}

# Wrong checksums that receivers have seen: of TCP, UDP, ICMP, both families.
wrong_checksums() {
  local name
  for name in "${STATIONS[@]}"; do in_ns $name cat /proc/net/snmp /proc/net/snmp6; done | awk '
    $1 ~ /:$/ && $2 !~ /^-?[0-9]/ { for (i = 2; i <= NF; i++) if ($i ~ /CsumErrors$/) column[$1, i]; next }
    $1 ~ /:$/ { for (i = 2; i <= NF; i++) if (($1, i) in column) sum += $i }
    $1 ~ /CsumErrors$/ { sum += $2 }
    END { print sum + 0 }'
}

iperf() { in_ns "$1" timeout $((20 * SLOW)) iperf3 -J -c "${@:2}"; }
# What was sent; iperf3 ends before all has been received.
tcp() { iperf "$1" "$2" -n 1M | jq 'if .error or .end.sum_received.bytes == 0 then 0 else .end.sum_sent.bytes end'; }
udp() { iperf "$1" "$2" -u -l 1200 -b 100M -n 120000 | jq '(.end.sum.packets // 0) - (.end.sum.lost_packets // 0)'; }

# exchange FROM N "fast" | "checksum" | "slow": to hN; how the packets are dealt with that FROM sends
exchange() {
  local to in=p${1#h} reason=$3 before after
  [ "$reason" = fast ] && reason=-
  before=($(counters "$in" "$reason"))
  for to in 10.0.$2.2 2001:db8:$2::2; do
    at_least "TCP $1 -> $to, bytes" 1000000 "$(tcp "$1" $to)"
    at_least "UDP $1 -> $to, of 100" 90 "$(udp "$1" $to)"
  done
  tna_on || return 0
  after=($(counters "$in" "$reason"))
  case $3 in
    fast) at_least "fast packets of $in, to h$2" 250 $((after[0] - before[0])) ;;
    checksum) at_least "packets of $in that wait for their checksum, to h$2" 200 $((after[1] - before[1])) ;;
    slow) same "fast packets of $in, to h$2" 0 $((after[0] - before[0])) ;;
  esac
}
# everything HOOK-OF-p1 p2 p3
everything() {
  local who way words hook expected wrong
  wrong=$(wrong_checksums)
  for who in all senders host; do
    offload_of $who
    for way in "${WAYS[@]}"; do
      words=($way)
      hook=${words[0]#h}
      hook=${!hook}
      expected=fast
      [ "$hook" = none ] && expected=slow
      [ "$hook" = xdp ] && [ $who != host ] && expected=checksum
      exchange "${words[@]}" $expected
    done
    same "wrong checksums, hooks $*, offload of $who" 0 $(($(wrong_checksums) - wrong))
  done
}

test_wrong_checksums_are_seen() {
  local before
  before=$(wrong_checksums)
  in_ns h1 perl -MSocket -e 'socket(my $s, PF_INET, SOCK_RAW, 17) or die $!;
    send($s, pack("nnnn", 9, 9, 12, 0xbeef) . "abcd", 0, pack_sockaddr_in(0, inet_aton("10.0.2.2"))) or die $!'
  check "one that is wrong is counted" wait_until 3 saw_more_than "$before"
}
saw_more_than() { [ "$(wrong_checksums)" -gt "$1" ]; }

test_peer_gro() {
  local before after
  tna_on || return 0
  in_ns h3 ethtool -K eth0 gro on >/dev/null
  configured false xdp tc tc
  offload_of host
  check "status says what to do: $(status p2 .why)" grep -q 'ethtool -K PEER gro on. there, or peer_gro' <(status p2 .why)
  check "nothing to be done for p3: $(status p3 .why)" not grep -q gro <(status p3 .why)
  before=($(counters p1 egress_xmit))
  at_least "UDP meanwhile" 90 "$(udp h1 10.0.2.2)"
  after=($(counters p1 egress_xmit))
  at_least "packets that p2 does not take" 90 $((after[1] - before[1]))
  check "GRO of h2 is as it was" gro h2 off
  configured true xdp tc tc
  check "GRO of h2 is on" gro h2 on
  check "status says so: $(status p2 .why)" grep -q 'GRO was switched on at its other end' <(status p2 .why)
  exchange h1 2 fast
  configured false xdp tc tc
  check "GRO of h2 is off when it is no longer allowed" wait_until 3 gro h2 off
  configured true xdp tc tc
  stop_tnad
  check "GRO of h2 is as it was before" gro h2 off
  check "GRO of h3, too" gro h3 on
  in_ns h3 ethtool -K eth0 gro off >/dev/null
  start_tnad --config "$CONFIG"
}

test_auto() {
  local n
  config true auto auto auto
  tna_on && kill -HUP "$TNAD" && for n in 1 2 3; do check "p$n is left to Linux" wait_hook p$n none; done
  everything none none none
}
test_hooks() {
  local card one other
  for card in xdp tc; do
    for one in xdp tc; do
      for other in xdp tc; do
        configured true $card $one $other
        everything $card $one $other
      done
    done
    tna_on || return
  done
}

run_tests
