# SPDX-License-Identifier: Apache-2.0
# iperf.sh: streams between stations, and whether they go fast; a part of some scenarios.

BYTES=6000000 # of a stream

iperf_server() { # iperf_server NAME: a station that answers, whose packets are finished, as XDP wants them
  in_ns "$1" ethtool -K eth0 tx off tso off gso off >/dev/null
  nsenter --net="/run/netns/$RUN$1" iperf3 -s --forceflush >"$WORK/iperf.$1" 2>&1 &
  CHILDREN+=("$!")
  wait_until 3 grep -q listening "$WORK/iperf.$1" || fail "iperf3 of $1 does not listen"
}
iperf() { in_ns "$1" timeout $((20 * SLOW)) iperf3 -J -c "${@:2}"; }
tcp() { iperf "$@" -n $BYTES | jq 'if .error or .end.sum_received.bytes == 0 then 0 else .end.sum_sent.bytes end'; }
# A UDP flow of both directions that has lasted for more than two seconds is a stream to Linux.
udp() { iperf "$1" "$2" -u -l 1000 -b 4M -t 4 "${@:3}" | jq '(.end.sum.packets // 0) - (.end.sum.lost_packets // 0)'; }
grew() { # grew WHAT IF BEFORE LEAST
  tna_on && at_least "$1: fast packets of $2" "$4" $(($(fast_packets "$2") - $3))
}
# stream FROM TO PORT IF SECONDS: TCP of 500 packets a second in the background; IF forwards it fast by now
stream() {
  nsenter --net="/run/netns/$RUN$1" timeout 20 iperf3 -J -c "$2" -p "$3" -b 4M -l 1000 -t "$5" >"$WORK/stream" &
  STREAM=$!
  tna_on || { sleep 1; return; }
  check "the stream goes fast" wait_until 4 is_fast "$4"
}
is_fast() { # is_fast IF
  local before
  before=$(fast_packets "$1")
  sleep 0.2
  [ $(($(fast_packets "$1") - before)) -ge 30 ]
}
stream_ends_well() {
  wait $STREAM
  same "the stream has ended well" null "$(jq -c .error "$WORK/stream")"
}
received() { ip -n "$RUN$1" -j -s link show eth0 | jq '.[0].stats64.rx.packets'; } # received NAME
