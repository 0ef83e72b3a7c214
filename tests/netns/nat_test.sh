#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# nat: a home router: stateful firewall, masquerading, port forwarding. What Linux has let through goes
# fast, what changes a connection Linux sees, and its table says what it would say without TNA.
#
#   h1 ---- p1 [ b ] p2 ---- h2      h1 is at home: 10.0.1.2, fd00:1::2; h2 the world: 198.51.100.2, 2001:db8:2::2
#                                    the router is .1, ::1; the world knows no way to h1
. "$(dirname "$0")/lib.sh"
. "$HERE/iperf.sh"

setup() {
  local n name net
  STATIONS=()
  new_netns b
  in_ns b sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 \
    net.ipv6.conf.default.disable_ipv6=0
  for n in 1 2; do
    name=h$n
    new_netns $name
    STATIONS+=($name)
    in_ns $name sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0
    join_by_veth $n
    [ $n = 1 ] && net="10.0.1. fd00:1::" || net="198.51.100. 2001:db8:2::"
    link set p$n up
    ip -n "$RUN$name" link set eth0 up
    for net in $net; do
      ip -n "$B" addr add ${net}1/$(prefix $net) dev p$n
      ip -n "$RUN$name" addr add ${net}2/$(prefix $net) dev eth0
      [ $n = 1 ] && ip -n "$RUN$name" route add default via ${net}1
    done
    iperf_server $name
  done
  in_ns b nft -f - <<-'END'
	table inet fw {
	  chain forward {
	    type filter hook forward priority 0; policy drop;
	    ct state established,related accept
	    ct state invalid drop
	    iifname "p1" accept
	    ct status dnat accept
	  }
	  chain out { type nat hook postrouting priority srcnat; oifname "p2" masquerade; }
	  chain in {
	    type nat hook prerouting priority dstnat;
	    iifname "p2" tcp dport 8080 dnat ip to 10.0.1.2:5201
	    iifname "p2" udp dport 8080 dnat ip to 10.0.1.2:5201
	    iifname "p2" meta nfproto ipv6 tcp dport 8080 dnat ip6 to [fd00:1::2]:5201
	  }
	}
	END
  start_tnad
}
prefix() { case $1 in *:) echo 64 ;; *) echo 24 ;; esac; }

entries() { in_ns b conntrack -L -o extended "$@" 2>/dev/null; }
wrong_checksums() { # that the stations have seen
  local name
  for name in h1 h2; do in_ns $name cat /proc/net/snmp; done | awk '
    $1 ~ /:$/ && $2 !~ /^-?[0-9]/ { for (i = 2; i <= NF; i++) if ($i ~ /CsumErrors$/) column[$1, i]; next }
    $1 ~ /:$/ { for (i = 2; i <= NF; i++) if (($1, i) in column) sum += $i } END { print sum + 0 }'
}

test_masqueraded_tcp() {
  local to before
  for to in 198.51.100.2 2001:db8:2::2; do
    before=$(fast_packets p1)
    at_least "bytes to $to" $BYTES "$(tcp h1 $to)"
    grew "TCP to $to" p1 "$before" 50
    before=$(fast_packets p1)
    at_least "bytes from $to" $BYTES "$(tcp h1 $to -R)"
    grew "acknowledgements of TCP from $to" p1 "$before" 3
  done
  same "wrong checksums" 0 "$(wrong_checksums)"
}

test_connections_end() {
  tcp h1 198.51.100.2 >/dev/null
  check "Linux has seen their end: $(entries -p tcp)" wait_until 5 all_closed
}
all_closed() { not grep -q ESTABLISHED <(entries -p tcp); }

test_masqueraded_udp() {
  local before
  before=$(fast_packets p1)
  at_least "of 2000 packets" 1900 "$(udp h1 198.51.100.2 --bidir)"
  grew "UDP" p1 "$before" 500
  same "wrong checksums" 0 "$(wrong_checksums)"
}

test_port_forwarding() {
  local before
  before=$(fast_packets p2)
  at_least "bytes to the forwarded port" $BYTES "$(tcp h2 198.51.100.1 -p 8080)"
  grew "TCP to the forwarded port" p2 "$before" 50
  before=$(fast_packets p2)
  at_least "bytes to the forwarded port, IPv6" $BYTES "$(tcp h2 2001:db8:2::1 -p 8080)"
  grew "TCP to the forwarded port, IPv6" p2 "$before" 50
  same "wrong checksums" 0 "$(wrong_checksums)"
}

test_new_ones_from_outside_are_dropped() {
  ip -n "${RUN}h2" route add 10.0.1.0/24 via 198.51.100.1
  check "no way in" not one h2 10.0.1.2 -W 0.2
  same "bytes in" 0 "$(in_ns h2 timeout 1 iperf3 -J -c 10.0.1.2 -n 1000 --connect-timeout 300 | jq '.end.sum_sent.bytes // 0')"
  ip -n "${RUN}h2" route del 10.0.1.0/24
  check "but out" one h1 198.51.100.2
}

test_rules_end_what_goes_on() { # and let it go on again
  local before
  stream h1 198.51.100.2 5201 p1 5
  in_ns b nft insert rule inet fw forward meta l4proto tcp tcp dport 5201 drop
  before=$(received h2)
  sleep 0.5
  at_most "packets past the new rule" 3 $(($(received h2) - before))
  in_ns b nft -a list chain inet fw forward | sed -n 's/.*dport 5201 drop.*handle //p' |
    while read -r handle; do in_ns b nft delete rule inet fw forward handle "$handle"; done
  stream_ends_well
}

test_flushed_connections() { # Linux picks them up again, or not: nothing goes by an entry that is gone
  local before
  stream h1 198.51.100.2 5201 p1 4
  in_ns b conntrack -F 2>/dev/null
  stream_ends_well
}

test_lives_as_long_as_linux_says() {
  local left
  stream h1 198.51.100.2 5201 p1 4
  left=$(entries -p tcp --dport 5201 | awk '{ if ($5 > most) most = $5 } END { print most + 0 }')
  at_least "seconds that the connection has to live" 431990 "$left"
  at_most "seconds that the connection has to live" 432000 "$left"
  wait $STREAM
}

test_counted_connections_are_linuxs() { # and what is counted is complete
  local before received
  in_ns b sysctl -qw net.netfilter.nf_conntrack_acct=1
  before=$(tna_on && status p1 ".reasons.ct_counted // 0" || echo 0)
  # What iperf3 says it has sent may never have left its socket.
  received=$(iperf h1 198.51.100.2 -n $BYTES | jq '.end.sum_received.bytes // 0')
  at_least "bytes" $((BYTES / 10)) "$received"
  at_least "bytes counted" "$received" "$(entries -p tcp --dport 5201 | sed -n 's/.* bytes=\([0-9]*\) src=.* bytes=.*/\1/p' | sort -n | tail -1)"
  ! tna_on || at_least "left to Linux for that" 300 $(($(status p1 ".reasons.ct_counted // 0") - before))
  in_ns b sysctl -qw net.netfilter.nf_conntrack_acct=0
}

# What is said of the UDP connections to the port, "packets bytes" of both directions together.
sums() { # sums PORT linux|fast|both
  tna stats --connections --json | jq -r --argjson port "$1" --arg of "$2" '[.connections[]
    | select(.destination_port == $port and .protocol == "udp") | .original, .reply
    | if $of == "both" then . else .[$of] end | {packets, bytes}]
    | "\(map(.packets) | add) \(map(.bytes) | add)"'
}
kernel_sums() { # kernel_sums PORT: the same of conntrack's table
  entries -p udp --dport "$1" | grep -o 'packets=[0-9]* bytes=[0-9]*' | tr = ' ' |
    awk '{ packets += $2; bytes += $4 } END { print packets + 0, bytes + 0 }'
}
test_counted_connections_go_fast() { # and Linux's count and TNA's together are what was sent
  local before fast sent
  tna_on || return 0
  stop_tnad
  echo 'counted_connections = "fast"' >"$WORK/tna.toml"
  start_tnad --config "$WORK/tna.toml"
  wait_hook p1 "$HOOK"
  in_ns b sysctl -qw net.netfilter.nf_conntrack_acct=1
  check "connections' beginning is noted" wait_until 3 begins_are_noted
  before=$(fast_packets p1)
  sent=$(echoed h1 198.51.100.2 7777)
  at_least "fast packets of a counted connection" 500 $(($(fast_packets p1) - before))
  fast=$(sums 7777 fast)
  at_least "packets that TNA has counted" 1000 "${fast% *}"
  same "what Linux has counted" "$(kernel_sums 7777)" "$(sums 7777 linux)"
  same "packets and bytes of Linux and TNA" "$sent" "$(sums 7777 both)"
  in_ns b conntrack -D -p udp --dport 7777 >/dev/null 2>&1
  check "a connection that has ended is taken out" wait_until 15 none_is_counted
  at_least "packets of connections that have ended" "${fast% *}" "$(tna stats --json | jq .ended.packets)"
  in_ns b nft insert rule inet fw forward ct bytes gt 1000000000 counter
  check "a rule reads the counters" wait_until 3 linux_counts
  before=$(fast_packets p1)
  echoed h1 198.51.100.2 7778 >/dev/null
  same "fast packets where a rule reads the counters" 0 $(($(fast_packets p1) - before))
  in_ns b nft -a list chain inet fw forward | sed -n 's/.*ct bytes.*handle //p' |
    while read -r handle; do in_ns b nft delete rule inet fw forward handle "$handle"; done
  in_ns b sysctl -qw net.netfilter.nf_conntrack_acct=0
  stop_tnad
  same "nf_conntrack_timestamp behind a clean stop" 0 "$(in_ns b sysctl -n net.netfilter.nf_conntrack_timestamp)"
  start_tnad
  wait_hook p1 "$HOOK"
}
begins_are_noted() { [ "$(in_ns b sysctl -n net.netfilter.nf_conntrack_timestamp)" = 1 ]; }
none_is_counted() { [ "$(tna stats --json | jq .connections_fast)" = 0 ]; }
linux_counts() { tna status | grep -q "note: connections with counters stay with Linux: a rule reads the counters: inet fw forward, rule"; }
# echoed FROM TO PORT: UDP packets that h2 sends back, for four seconds; says "packets bytes" of both directions
echoed() {
  nsenter --net="/run/netns/${RUN}h2" timeout $((20 * SLOW)) python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', $3))
while True:
    data, peer = s.recvfrom(2000)
    s.sendto(data, peer)" >/dev/null &
  sleep 0.5
  nsenter --net="/run/netns/$RUN$1" python3 -c "
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(('$2', $3))
s.settimeout(5)
packets = size = 0
end = time.monotonic() + 4
while time.monotonic() < end:
    data = bytes(packets % 900)
    s.send(data)
    assert s.recv(2000) == data
    packets += 2
    size += 2 * (28 + len(data))
    time.sleep(0.002)
print(packets, size)"
}

test_dies_when_nobody_answers() { # in minutes, not in days
  local left
  stream h1 198.51.100.2 5201 p1 4
  in_ns h2 nft 'table ip t { chain c { type filter hook input priority 0; policy drop; }; }'
  sleep 1
  left=$(entries -p tcp --dport 5201 | awk '/ESTABLISHED/ { print $5 }' | sort -n | head -1) # the other one is the client's talk about it
  at_most "seconds that the connection has to live" 300 "$left"
  in_ns h2 nft delete table ip t
  wait $STREAM
}

# What there is room for, beside the connections that there are. The limit is the machine's.
fill_table() {
  local most
  most=$(in_ns b sysctl -n net.netfilter.nf_conntrack_max)
  [ "$most" -le 300000 ] || { say "skipped: a table of $most is too large to fill"; return 1; }
  awk -v most="$most" 'BEGIN { for (i = 0; i < most; i++)
    printf "-I -s 10.9.%d.%d -d 198.51.100.9 -p udp --sport 9 --dport %d -t 600 -u SEEN_REPLY,ASSURED\n",
      i / 256 % 256, i % 256, i / 65536 + 1 }' >"$WORK/entries"
  in_ns b conntrack -R "$WORK/entries" >/dev/null 2>&1
  at_least "connections in the table" "$most" "$(in_ns b conntrack -C)"
}

test_full_table() { # nobody gets in, and whoever is in goes on, and fast
  local before
  stream h1 198.51.100.2 5201 p1 15
  if fill_table; then
    check "no new connection" not one h1 198.51.100.2 -W 0.3
    before=$(fast_packets p1)
    sleep 0.5
    grew "a connection that there was" p1 "$before" 100
  fi
  in_ns b conntrack -F 2>/dev/null
  stream_ends_well
  check "new connections again" one h1 198.51.100.2
}

test_pings_are_linuxs() {
  check "ping" one h1 198.51.100.2
  check "ping, IPv6" one h1 2001:db8:2::2
  tna_on && at_least "to follow" 1 "$(status p1 .reasons.ct_proto)"
}

run_tests
