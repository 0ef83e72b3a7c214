#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flowtable: a router whose rules give established connections to a flowtable of nftables, which forwards them
# at its interfaces' ingress hook, and counts. TNA stands aside there: each packet is counted once. When the
# flowtable has gone they are TNA's.
#
#   h1 ---- p1 [ b ] p2 ---- h2      10.0.N.2, the router is .1
#   h3 ---- p3 [   ]                 p3 is none of the flowtable's
. "$(dirname "$0")/../netns/lib.sh"
. "$(dirname "$0")/../netns/iperf.sh"
BYTES=400000

setup() {
  local name
  router_world 3
  offload || skip_all "no flowtables in $(uname -r): $(cat "$WORK/said")"
  for name in h1 h3; do in_ns $name ethtool -K eth0 tx off tso off gso off >/dev/null; done # packets are finished, as XDP wants them
  iperf_server h2
  start_tnad
}

offload() {
  in_ns b nft -f - 2>"$WORK/said" <<-'END'
	table inet fw
	delete table inet fw
	table inet fw {
	  flowtable f { hook ingress priority 0; devices = { p1, p2 }; counter; }
	  chain forward {
	    type filter hook forward priority 0; policy drop;
	    ct state established flow add @f
	    ct state established,related accept
	    iifname { "p1", "p3" } accept
	  }
	}
	END
}
offload_no_more() {
  in_ns b nft -f - <<-'END'
	delete table inet fw
	table inet fw {
	  chain forward {
	    type filter hook forward priority 0; policy drop;
	    ct state established,related accept
	    iifname { "p1", "p3" } accept
	  }
	}
	END
}
PACED=(-b 1M -l 1000) # TCP of 125 packets a second: of a burst nothing is left when tnad has asked for the connection
# In the background, and the flowtable has it by now.
stream() { # stream FROM TO SECONDS
  nsenter --net="/run/netns/$RUN$1" timeout $((20 * SLOW)) iperf3 -J -c "$2" "${PACED[@]}" -t "$3" >"$WORK/stream" &
  STREAM=$!
  wait_until 5 offloaded
}
offloaded() { grep -q OFFLOAD <(connections -p tcp); }

acct() { in_ns b sysctl -qw net.netfilter.nf_conntrack_acct="$1"; }
punts() { tna_on && status "$1" "[.reasons[\"$2\"] // 0] | add" || echo 0; } # punts IF REASON
connections() { in_ns b conntrack -L "$@" 2>/dev/null; }
# In a stream's own direction; the talk about it has few.
bytes_counted() { connections -p tcp --dport 5201 | sed -n 's/.*dport=5201 packets=[0-9]* bytes=\([0-9]*\) src=.*/\1/p' | sort -n | tail -1; }

test_flowtable_forwards() { # and conntrack counts what it forwards, once
  local before sent counted
  acct 1
  before=$(fast_packets p1)
  stream h1 10.0.2.2 10
  check "it is the flowtable's: $(connections -p tcp)" offloaded
  stream_ends_well
  sent=$(jq .end.sum_sent.bytes "$WORK/stream")
  counted=$(bytes_counted)
  at_least "bytes counted of $sent" "$sent" "${counted:-0}"
  at_most "bytes counted of $sent" $((sent + sent / 10)) "${counted:-0}"
  same "fast packets of p1" 0 $(($(fast_packets p1) - before))
  ! tna_on || at_least "left to the flowtable" 100 "$(punts p1 nf_ingress)"
  acct 0
  in_ns b conntrack -F 2>/dev/null
}

test_beside_the_flowtable() { # it can't have them, but the rule that would give them to it is Linux's
  local fast slow before after
  read -r before slow _ < <(counters p3 "*")
  at_least "bytes" $BYTES "$(tcp h3 10.0.2.2)"
  read -r fast after _ < <(counters p3 "*")
  check "it is not the flowtable's" not offloaded
  same "fast packets of p3" 0 $((fast - before))
  ! tna_on || at_least "left to Linux" 100 $((after - slow))
}

test_flowtable_goes_and_comes() {
  local before
  offload_no_more
  ! tna_on || check "tnad has the new rules" wait_until 5 goes_fast
  before=$(fast_packets p1)
  same "error of the stream" null "$(iperf h1 10.0.2.2 "${PACED[@]}" -t 5 | jq -c .error)"
  grew "TCP without a flowtable" p1 "$before" 100
  offload
  before=$(fast_packets p1)
  at_least "bytes" $BYTES "$(tcp h1 10.0.2.2)"
  same "fast packets of p1 with one again" 0 $(($(fast_packets p1) - before))
}
goes_fast() {
  local before
  before=$(fast_packets p1)
  tcp h1 10.0.2.2 >"$WORK/said" && [ "$(fast_packets p1)" -gt "$before" ]
}

run_tests
