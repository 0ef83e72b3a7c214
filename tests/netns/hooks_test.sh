#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# hooks: users' own code in the path, as docs/hooks.md says: the examples; what is refused leaves all as it
# was; state is kept; no packet is lost while hooks come and go.
#
#   h1 ---- p1 [ b ] p2 ---- h2      hN: 10.0.N.2/24; the router is .1
#              [   ] p3 ---- h3
. "$(dirname "$0")/lib.sh"
OBJECTS=$TNA_BUILD/hooks

setup() {
  local n
  tna_on || skip_all "hooks are TNA's"
  [ -f "$OBJECTS/maglev.o" ] || skip_all "the examples are not built"
  router_world 3
  printf 'hooks_dir = "%s"\n' "$WORK/hooks.d" >"$WORK/tna.toml"
  rm -rf "$WORK/hooks.d"
  start
  for n in 2 3; do ping_ok h1 10.0.$n.2; done
}
start() {
  local n
  start_tnad --config "$WORK/tna.toml"
  for n in 1 2 3; do check "hook of p$n: $(status p$n .why)" wait_hook p$n "$HOOK"; done
}

of() { tna hook list --json | jq -r ".hooks[] | select(.name == \"$1\") | $2"; } # of HOOK JQ-FILTER
pings() { # pings TO: of 50
  in_ns h1 ping -q -c 50 -i 0.01 "$1" | sed -n 's/.* \([0-9]*\) received.*/\1/p'
}
refused() { # refused "words" COMMAND...: it says them, and nothing is other than it was
  local words=$1 programs hooks
  shift
  programs=$(tna status --json | jq -c '[.interfaces[].program]')
  hooks=$(tna hook list --json | jq -c '[.hooks[] | del(.runs, .timed, .nanoseconds)]')
  check "refused: $*" not tna hook "$@" 2>"$WORK/said"
  check "because of '$words': $(cat "$WORK/said")" grep -q -- "$words" "$WORK/said"
  same "programs" "$programs" "$(tna status --json | jq -c '[.interfaces[].program]')"
  same "hooks" "$hooks" "$(tna hook list --json | jq -c '[.hooks[] | del(.runs, .timed, .nanoseconds)]')"
}

test_none() {
  check "none" grep -q "no hooks" <(tna hook list)
}

test_observer() {
  local before
  check "added" tna hook add "$OBJECTS/seen.o" --at end --if p1
  same "where it runs" '["p1"]' "$(of seen '.runs_on | tostring')"
  check "a step of the path" grep -q 'hook:seen' <(tna pipeline p1)
  check "of that path alone" not grep -q 'hook:seen' <(tna pipeline p2)
  before=$(fast_packets p1)
  same "pings" 50 "$(pings 10.0.2.2)"
  at_least "fast packets" 45 $(($(fast_packets p1) - before))
  at_least "runs" 45 "$(of seen .runs)"
}

test_what_is_refused() {
  printf 'no object' >"$WORK/text.o"
  head -c 700 "$OBJECTS/filter.o" >"$WORK/short.o"
  sed 's,tna/observer/1,tna/observer/9,' "$OBJECTS/nothing.o" >"$WORK/newer.o"
  refused "no BPF object" add "$WORK/text.o" --at start
  refused "short.o" add "$WORK/short.o" --at start
  refused "compile it anew" add "$WORK/newer.o" --at start
  refused "there is no slot" add "$OBJECTS/nothing.o" --at before:lunch
  refused "there is a hook seen already" add "$OBJECTS/seen.o" --at before:fib
  refused "no name for a hook" add "$OBJECTS/nothing.o" --at start --name ../etc
  refused "there is no hook" remove lunch
  refused "there is no hook" replace lunch "$OBJECTS/nothing.o"
  refused "stack" add "$OBJECTS/deep.o" --at start
  refused "writes to the facts" add "$OBJECTS/scribbles.o" --at start
  refused "no BPF object" replace seen "$WORK/text.o"
  same "pings" 50 "$(pings 10.0.2.2)"
}

test_state_is_kept() {
  local before state
  before=$(of seen .runs)
  state=$(of seen .state)
  check "its state" test -e "$state"
  check "replaced" tna hook replace seen "$OBJECTS/seen.o"
  at_least "runs after replace" "$before" "$(of seen .runs)"
  stop_tnad
  start
  at_least "runs after a restart" "$before" "$(of seen .runs)"
  same "pings" 50 "$(pings 10.0.2.2)"
  at_least "runs go on" $((before + 45)) "$(of seen .runs)"
  kill_tnad
  start
  at_least "runs after a crash" $((before + 45)) "$(of seen .runs)"
  check "removed" tna hook remove seen
  check "gone" not grep -q seen <(tna hook list)
  check "its state, too" not test -e "$state"
}

test_no_packet_is_lost() {
  local i from to
  in_ns h1 ping -q -c 400 -i 0.005 10.0.2.2 >"$WORK/pings" &
  for ((i = 0; i < 8; i++)); do
    from=$(date +%s%N)
    check "added" tna hook add "$OBJECTS/nothing.o" --at start >/dev/null
    to=$(date +%s%N)
    at_most "ms from add to running" $((1000 * SLOW)) $(((to - from) / 1000000))
    check "replaced" tna hook replace nothing "$OBJECTS/nothing.o" >/dev/null
    check "removed" tna hook remove nothing >/dev/null
  done
  wait $!
  check "all answered: $(grep received "$WORK/pings")" grep -q ' 0% packet loss' "$WORK/pings"
}

test_flow_monitor() {
  local state
  check "added" tna hook add "$OBJECTS/flow_monitor.o" --at start
  state=$(of flow_monitor .state)
  same "pings" 50 "$(pings 10.0.3.2)"
  check "its table" grep -Eq '5[0-9] packets.* 10.0.1.2 .* > 10.0.3.2 .*protocol 1$' <("$TNA_BUILD/examples/flow_table" "$state")
  check "removed" tna hook remove flow_monitor
}

test_blocklist() {
  local state
  check "added" tna hook add "$OBJECTS/blocklist.o" --at start
  state=$(of blocklist .state)
  check "before" one h1 10.0.2.2
  check "blocked" "$TNA_BUILD/examples/block" "$state" add 10.0.1.0/28
  check "nothing comes through" not one h1 10.0.2.2
  at_least "discarded" 1 "$(of blocklist .discarded)"
  at_least "counted as dropped" 1 "$(status p1 .dropped)"
  check "unblocked" "$TNA_BUILD/examples/block" "$state" del 10.0.1.0/28
  check "after" one h1 10.0.2.2
  check "removed" tna hook remove blocklist
}

serve() { # serve hN NAME: answers UDP at port 7000 with its name
  nsenter --net="/run/netns/$RUN$1" python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('0.0.0.0', 7000))
while True:
    data, peer = s.recvfrom(100); s.sendto(b'$2', peer)" &
  CHILD=$!
  CHILDREN+=("$CHILD")
}
asks() { # asks N: from N ports of h1 at the virtual address; who has answered how often
  in_ns h1 python3 -c "
import collections, socket
got = collections.Counter()
for i in range($1):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('10.0.1.2', 20000 + i)); s.settimeout(2)
    s.connect(('10.0.9.9', 53))
    try:
        s.send(b'?'); got[s.recv(100).decode()] += 1
    except OSError: got['none'] += 1
print(*['%s=%d' % each for each in sorted(got.items())])"
}

test_maglev() {
  local two three state got
  serve h2 two; two=$CHILD
  serve h3 three; three=$CHILD
  check "added" tna hook add "$OBJECTS/maglev.o" --at start
  state=$(of maglev .state)
  check "its table" "$TNA_BUILD/examples/balance" "$state" udp 10.0.9.9:53 10.0.2.2:7000 10.0.3.2:7000
  sleep 0.3
  got=$(asks 60)
  check "both have served: $got" grep -q '^three=[1-9][0-9]* two=[1-9][0-9]*$' <<<"$got"
  same "the same again: each asks its own" "$got" "$(asks 60)"
  check "one alone" "$TNA_BUILD/examples/balance" "$state" udp 10.0.9.9:53 10.0.3.2:7000
  same "that one" "three=20" "$(asks 20)"
  at_least "changed" 100 "$(of maglev .changed)"
  check "removed" tna hook remove maglev
  same "no one is there any more" "none=1" "$(asks 1)"
  finish "$two"
  finish "$three"
}

# udp_seen hN PORT TTL SIZE: of 20 packets of that size that h1 sends to that port of h2, those that hN sees with
# that TTL
udp_seen() {
  in_ns "$1" python3 -c "
import os, socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)); s.settimeout(0.3 * $SLOW)
open('$WORK/listens', 'w').close()
seen = 0
while seen < 20:
    sent = os.path.exists('$WORK/sent')
    try: frame = s.recv(4096)
    except OSError:
        if sent: break
        continue
    seen += frame[23] == 17 and struct.unpack('!H', frame[36:38])[0] == $2 and frame[22] == $3
open('$WORK/seen', 'w').write(str(seen))" &
  local child=$!
  wait_until 5 test -e "$WORK/listens"
  in_ns h1 python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(20): s.sendto(b'x' * ($4 - 28), ('10.0.2.2', $2))"
  touch "$WORK/sent"
  wait "$child"
  rm "$WORK/listens" "$WORK/sent"
  cat "$WORK/seen"
}

test_steer() {
  local port before
  in_ns h1 ethtool -K eth0 tx off >/dev/null # XDP leaves to Linux what its sender leaves to the device
  port=$((20000 + $(ip -n "$B" -j link show p3 | jq ".[0].ifindex")))
  refused "a steer stands at start" add "$OBJECTS/steer.o" --at forward
  check "added" tna hook add "$OBJECTS/steer.o" --at start --if p1
  same "its kind" steer "$(of steer .kind)"
  same "routed to h2 as ever" 20 "$(udp_seen h2 19997 63 100)"
  before=$(fast_packets p1)
  same "what it steers comes to h3, as it was sent" 20 "$(udp_seen h3 $port 64 100)"
  at_least "fast" 20 $(($(fast_packets p1) - before))
  same "steered" 20 "$(of steer .steered)"
  same "nothing of it comes to h2" 0 "$(udp_seen h2 $port 63 100)"
  link set p3 mtu 700
  same "too long for the interface: Linux routes it" 20 "$(udp_seen h2 $port 63 900)"
  at_least "too_long" 20 "$(status p1 .reasons.too_long)"
  link set p3 down
  same "that is down: Linux routes it" 20 "$(udp_seen h2 $port 63 100)"
  at_least "steer" 20 "$(status p1 .reasons.steer)"
  link set p3 mtu 1500
  link set p3 up
  check "p3 is there again" wait_hook p3 "$HOOK"
  check "removed" tna hook remove steer
  same "routed once it is gone" 20 "$(udp_seen h2 $port 63 100)"
  in_ns h1 ethtool -K eth0 tx on >/dev/null
}

run_tests
