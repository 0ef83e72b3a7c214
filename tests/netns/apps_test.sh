#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# apps: packets that an application asks for are its own, by AF_XDP; all others are Linux's, and these too as
# soon as it ends; what the firewall does not let through it does not get.
#
#   h1 ---- p1 [ b ] p2 ---- h2      hN: 10.0.N.2/24, 2001:db8:N::2/64; b is .1, ::1
#
# The kernel's services in b say "kernel: " first, so that it shows who has answered.
HOOKS=${HOOKS:-xdp}
. "$(dirname "$0")/lib.sh"

tna_on || skip_all "it is about what tnad adds"
ECHO=$TNA_BUILD/tna_example_udp_echo DNS=$TNA_BUILD/tna_example_dns_responder

setup() {
  router_world 2
  in_ns b sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
  for n in 1 2; do
    in_ns h$n ethtool -K eth0 tx off >/dev/null # a checksum left to the device is nothing for AF_XDP
    ping_ok h$n 10.0.$n.1
    ping_ok h$n 2001:db8:$n::1
  done
  nsenter --net="/run/netns/${RUN}b" perl -MIO::Socket::IP -MIO::Select -e '
    my $all = IO::Select->new(map { IO::Socket::IP->new(LocalHost => "::", LocalPort => $_, Proto => "udp",
      V6Only => 0) or die "$_: $!" } @ARGV);
    while (1) { for ($all->can_read) { my $from = $_->recv(my $data, 2000); $_->send("kernel: $data", 0, $from) } }
    ' 7 8 53 4789 &
  CHILDREN+=($!)
  start_tnad
  same "p1 before an application asks" none "$(hook_of p1)"
}

# ask FROM TO PORT [WORD]: what is answered, within a second
ask() {
  in_ns "$1" perl -MIO::Socket::IP -e '
    my $socket = IO::Socket::IP->new(PeerHost => shift, PeerPort => shift, Proto => "udp") or die "$!";
    $socket->send(shift); local $SIG{ALRM} = sub { print "nothing"; exit }; alarm 1;
    $socket->recv(my $data, 2000); print $data' "$2" "$3" "${4:-hello}"
}
# start_app PROGRAM OPTION...: until it is ready; its number is $APP
start_app() {
  local program=$1
  shift
  : >"$WORK/app.log"
  nsenter --net="/run/netns/${RUN}b" "$program" --control "$CONTROL" "$@" >"$WORK/app.log" 2>&1 &
  APP=$!
  CHILDREN+=($APP)
  check "the application is ready: $(cat "$WORK/app.log")" wait_until 10 app_ready
}
app_ready() { grep -q ready "$WORK/app.log" || not kill -0 $APP 2>/dev/null; }
end_app() { finish $APP; check "nobody asks any more" wait_until 3 no_app; }
no_app() { [ "$(apps 'length')" = 0 ]; }
apps() { tna app list --json | jq -r ".apps | $1"; }
refused() { # refused WORDS OPTION...: the application ends, and says so
  local words=$1
  shift
  check "$* was not refused" not in_ns b timeout 10 "$ECHO" --control "$CONTROL" "$@" >"$WORK/said" 2>&1
  check "it does not say '$words', but: $(cat "$WORK/said")" grep -qF -- "$words" "$WORK/said"
}

test_echo() {
  local to before
  same "Linux's service before" "kernel: hello" "$(ask h1 10.0.1.1 7)"
  start_app "$ECHO" "iifname p1 udp dport 7"
  check "it says how packets get to it" grep -q "queue 0: copy" "$WORK/app.log"
  check "hook of p1: $(status p1 .why)" has_hook p1 xdp
  same "p2, which nobody asks for" none "$(hook_of p2)"
  before=$(fast_packets p1)
  for to in 10.0.1.1 2001:db8:1::1; do
    same "the application's echo, $to" hello "$(ask h1 $to 7)"
    same "another port, $to" "kernel: hello" "$(ask h1 $to 8)"
    ping_ok h1 $to
  done
  same "by another interface" "kernel: hello" "$(ask h2 10.0.2.1 7)"
  at_least "packets that went to it" $((before + 2)) "$(fast_packets p1)"
  same "taken, as 'tna app' says" 2 "$(apps '.[0].taken')"
  check "what people see" grep -q "udp dport 7" <(tna app list)
  end_app
  check "p1 is left alone again" wait_hook p1 none
  same "Linux's service afterwards" "kernel: hello" "$(ask h1 10.0.1.1 7)"
}

test_killed() { # its packets are Linux's with the next one
  start_app "$ECHO" "iifname p1 udp dport 7"
  same "the application's echo" hello "$(ask h1 10.0.1.1 7)"
  kill -KILL $APP
  wait $APP 2>/dev/null
  same "Linux's service" "kernel: hello" "$(ask h1 10.0.1.1 7)"
  check "nobody asks any more" wait_until 3 no_app
}

test_input_rules() { # that come while it runs: with the next packet
  start_app "$ECHO" "iifname p1 udp dport 7"
  same "the application's echo" hello "$(ask h1 10.0.1.1 7)"
  in_ns b nft -f - <<-'END'
	table inet t {
	  chain c { type filter hook input priority 0; udp dport 7 drop; }
	}
	END
  same "what the firewall drops" nothing "$(ask h1 10.0.1.1 7)"
  same "what it drops, IPv6" nothing "$(ask h1 2001:db8:1::1 7)"
  check "it is said why: $(tna app list)" grep -q "with Linux: .*input" <(tna app list)
  in_ns b nft flush chain inet t c
  same "what it lets through" "kernel: hello" "$(ask h1 10.0.1.1 7)"
  in_ns b nft delete table inet t
  check "the application again" wait_until 5 echoes
  end_app
}
echoes() { [ "$(ask h1 10.0.1.1 7)" = hello ]; }

test_sources() { # what Linux takes for forged, the application does not get
  start_app "$ECHO" "iifname p1 udp dport 7"
  ip -n "${RUN}h1" addr add 10.0.2.2/32 dev eth0
  in_ns b sysctl -qw net.ipv4.conf.p1.rp_filter=1
  before=$(apps '.[0].taken')
  in_ns h1 perl -MIO::Socket::IP -e 'IO::Socket::IP->new(LocalHost => "10.0.2.2", PeerHost => "10.0.1.1",
    PeerPort => 7, Proto => "udp")->send("forged") or die'
  same "taken" "$before" "$(apps '.[0].taken')"
  in_ns b sysctl -qw net.ipv4.conf.p1.rp_filter=0
  ip -n "${RUN}h1" addr del 10.0.2.2/32 dev eth0
  same "of its own address" hello "$(ask h1 10.0.1.1 7)"
  end_app
}

flood() { # flood N: requests, nobody waits for answers
  in_ns h1 perl -MIO::Socket::IP -e 'my $socket = IO::Socket::IP->new(PeerHost => "10.0.1.1", PeerPort => 7,
    Proto => "udp"); $socket->send("hello") for 1 .. shift' "$1"
}
test_slow() { # one that takes nothing in time
  start_app "$ECHO" "iifname p1 udp dport 7"
  kill -STOP $APP
  flood 3000
  same "Linux answers" "kernel: hello" "$(ask h1 10.0.1.1 7)"
  at_least "packets without room" 500 "$(apps '.[0].no_room')"
  kill -CONT $APP
  check "the application again" wait_until 3 echoes
  end_app
  start_app "$ECHO" --drop "iifname p1 udp dport 7"
  kill -STOP $APP
  flood 3000
  same "nobody answers" nothing "$(ask h1 10.0.1.1 7)"
  at_least "dropped" 500 "$(status p1 .dropped)"
  kill -CONT $APP
  check "the application again" wait_until 3 echoes
  end_app
}

test_taps() { # whoever listens gets it, by Linux
  start_app "$ECHO" "iifname p1 udp dport 7"
  capture b p1 "$WORK/tap.pcap" udp port 7
  same "Linux answers" "kernel: hello" "$(ask h1 10.0.1.1 7)"
  finish "$CHILD"
  same "the application again" hello "$(ask h1 10.0.1.1 7)"
  end_app
}

test_routed() { # packets that are forwarded otherwise, behind the forward chain
  in_ns b sysctl -qw net.ipv4.ip_forward=1
  nsenter --net="/run/netns/${RUN}h2" perl -MIO::Socket::IP -e 'my $socket = IO::Socket::IP->new(LocalHost => "0.0.0.0", LocalPort => 4789,
    Proto => "udp"); while (my $from = $socket->recv(my $data, 2000)) { $socket->send("h2: $data", 0, $from) }' &
  CHILDREN+=($!)
  wait_until 3 far_answers
  same "before" "h2: hello" "$(ask h1 10.0.2.2 4789)"
  start_app "$ECHO" "iifname p1 udp dport 4789"
  same "the application" hello "$(ask h1 10.0.2.2 4789)"
  same "what is for this host" hello "$(ask h1 10.0.1.1 4789)"
  in_ns b nft -f - <<-'END'
	table ip t {
	  chain c { type filter hook forward priority 0; udp dport 4789 drop; }
	}
	END
  same "what the firewall drops" nothing "$(ask h1 10.0.2.2 4789)"
  check "compiled" wait_until 5 rules_run
  same "what the firewall drops, fast" nothing "$(ask h1 10.0.2.2 4789)"
  in_ns b nft delete table ip t
  check "the application again" wait_until 5 takes_routed
  end_app
  same "afterwards" "h2: hello" "$(ask h1 10.0.2.2 4789)"
  in_ns b sysctl -qw net.ipv4.ip_forward=0
}
far_answers() { [ "$(ask h1 10.0.2.2 4789)" = "h2: hello" ]; }
rules_run() { tna pipeline p1 | grep -q rules; }
takes_routed() { [ "$(ask h1 10.0.2.2 4789)" = hello ]; }

test_where_linux_sends() { # answers that the application has routed
  local to before
  in_ns b sysctl -qw net.ipv4.conf.lo.forwarding=1 # the way to a source can be asked for
  in_ns b nft -f - <<-'END'
	table inet t {
	  counter by_linux {}
	  chain c { type filter hook output priority 0; udp sport 7 counter name by_linux; }
	}
	END
  start_app "$ECHO" --route "iifname p1 udp dport 7"
  for to in 10.0.1.1 2001:db8:1::1; do
    wait_until 5 asked_often "$to" # Linux sees to a neighbour that it is not sure of
    before=$(by_linux)
    for _ in 1 2 3; do same "by the same interface, $to" hello "$(ask h1 $to 7)"; done
    same "answers that Linux has sent, $to" "$before" "$(by_linux)"
  done

  ip -n "${RUN}h1" addr add 10.0.3.3/32 dev eth0
  ip -n "$B" route add 10.0.3.3/32 via 10.0.1.2
  same "by a gateway" hello "$(ask_from h1 10.0.3.3 10.0.1.1 7)"
  before=$(by_linux)
  same "by a gateway, again" hello "$(ask_from h1 10.0.3.3 10.0.1.1 7)"
  same "answers that Linux has sent" "$before" "$(by_linux)"
  ip -n "$B" route replace 10.0.3.3/32 via 10.0.2.2
  capture h2 eth0 "$WORK/other.pcap" udp port 7
  same "after the route has changed" nothing "$(ask_from h1 10.0.3.3 10.0.1.1 7)"
  finish "$CHILD"
  check "it left by the other interface" grep -q "10.0.1.1.7 > 10.0.3.3" <(tcpdump -nr "$WORK/other.pcap" 2>/dev/null)
  same "answers that Linux has sent" $((before + 1)) "$(by_linux)"
  ip -n "$B" route del 10.0.3.3/32
  ip -n "${RUN}h1" addr del 10.0.3.3/32 dev eth0
  in_ns b nft delete table inet t
  in_ns b sysctl -qw net.ipv4.conf.lo.forwarding=0
  end_app
}
by_linux() { in_ns b nft -j list counter inet t by_linux | jq '.nftables[1].counter.packets'; }
asked_often() { # asked_often TO: until an answer is none of Linux's
  local before
  before=$(by_linux)
  [ "$(ask h1 "$1" 7)" = hello ] && [ "$(by_linux)" = "$before" ]
}
ask_from() { # ask_from FROM ADDRESS TO PORT
  in_ns "$1" perl -MIO::Socket::IP -e '
    my $socket = IO::Socket::IP->new(LocalHost => shift, PeerHost => shift, PeerPort => shift, Proto => "udp")
      or die "$!";
    $socket->send("hello"); local $SIG{ALRM} = sub { print "nothing"; exit }; alarm 1;
    $socket->recv(my $data, 2000); print $data' "$2" "$3" "$4"
}

test_dns() { # beside Linux's own service
  local query="\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03org\x00\x00\x01\x00\x01"
  start_app "$DNS" "iifname p1 udp dport 53" example.org=192.0.2.80
  same "answer" 1234850000010001 "$(dns "$query" | head -c 16)"
  same "the address in it" c0000250 "$(dns "$query" | tail -c 8)"
  same "another name" 1234850300010000 "$(dns "${query/org/net}" | head -c 16)"
  same "Linux's services beside it" "kernel: hello" "$(ask h1 10.0.1.1 8)"
  end_app
}
dns() { # dns QUERY: the answer, as digits
  in_ns h1 perl -MIO::Socket::IP -e '
    my $socket = IO::Socket::IP->new(PeerHost => "10.0.1.1", PeerPort => 53, Proto => "udp") or die "$!";
    $socket->send(eval "\"$ARGV[0]\""); local $SIG{ALRM} = sub { print "nothing"; exit }; alarm 1;
    $socket->recv(my $data, 2000); print unpack("H*", $data)' "$1"
}

test_refused() {
  refused "names no interface" "udp dport 7"
  refused "no interface nosuch" "iifname nosuch udp dport 7"
  refused "\"udp dporrt\"" "iifname p1 udp dporrt 7"
  refused "\"70000\"" "iifname p1 udp dport 70000"
  refused "no protocol" "iifname p1 th dport 7"
  refused "not known" "iifname p1 ct state new"
  refused "no packets come in" "iifname lo udp dport 7"
  same "applications" 0 "$(apps length)"
  check "unknown action" not tna app explode 2>/dev/null
  start_app "$ECHO" "iifname p1 udp dport 7"
  same "the application's echo" hello "$(ask h1 10.0.1.1 7)"
  check "a second one at the same queue" not in_ns b timeout 10 "$ECHO" --control "$CONTROL" \
    "iifname p1 udp dport 8" 2>"$WORK/said"
  check "it is said why: $(cat "$WORK/said")" grep -q "another socket stands at the queue" "$WORK/said"
  same "the first one goes on" hello "$(ask h1 10.0.1.1 7)"
  end_app
}

test_interface_ends() {
  link add p9 type veth peer name q9
  ip -n "$B" addr add 10.0.9.1/24 dev p9
  link set p9 up
  link set q9 up
  start_app "$ECHO" "iifname p9 udp dport 7"
  link del p9
  check "the application ends" wait_until 5 app_gone
  check "and says why: $(cat "$WORK/app.log")" grep -q "interface is gone" "$WORK/app.log"
}

test_hook_tc() { # tc can't hand packets to AF_XDP
  stop_tnad
  HOOK=tc start_tnad
  refused "takes XDP" "iifname p1 udp dport 7"
  same "Linux's service" "kernel: hello" "$(ask h1 10.0.1.1 7)"
  stop_tnad
  start_tnad
}

test_tnad_ends() { # the application hears of it, and Linux has its packets
  start_app "$ECHO" "iifname p1 udp dport 7"
  same "the application's echo" hello "$(ask h1 10.0.1.1 7)"
  kill_tnad
  check "the application ends" wait_until 5 app_gone
  check "and says why: $(cat "$WORK/app.log")" grep -q "tnad has ended" "$WORK/app.log"
  same "Linux's service" "kernel: hello" "$(ask h1 10.0.1.1 7)"
  start_tnad
  start_app "$ECHO" "iifname p1 udp dport 7"
  same "the application's echo again" hello "$(ask h1 10.0.1.1 7)"
  end_app
}
app_gone() { not kill -0 $APP 2>/dev/null; }

run_tests
