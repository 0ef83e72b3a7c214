#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# overrun: the daemon is stopped while so much changes that the kernel drops notifications. Awake
# again it reads the configuration anew: it knows what a fresh daemon would, and is fast again.
#
#   h1 ---- p1 [ br0 ] p2 ---- h2       h3 ---- p3 leaves the bridge meanwhile, p4 comes
. "$(dirname "$0")/lib.sh"

tna_on || skip_all "it is about tnad alone"

setup() {
  bridge_world 3
  learn h1 h2 h3
  start_tnad
}

# Notifications that the daemon's rtnetlink socket has lost.
dropped() {
  in_ns b cat /proc/net/netlink | awk -v pid="$TNAD" '$2 == 0 && $3 == pid { drops += $9 }
    END { print drops + 0 }'
}
flood_of_changes() { # until notifications are lost
  local i
  for ((i = 0; i < 3000; i++)); do
    echo "link set br0 alias number-$i-of-many-changes-that-nobody-reads"
    echo "addr add 203.0.113.$((i % 250 + 1))/32 dev br0"
    echo "addr del 203.0.113.$((i % 250 + 1))/32 dev br0"
  done >"$WORK/batch"
  for ((i = 0; i < 20; i++)); do
    ip -n "$B" -batch "$WORK/batch" || fail "the changes failed"
    [ "$(dropped)" -gt 0 ] && return
  done
  fail "the socket takes everything: $(dropped) notifications were lost"
}
graph() { # without what its own programs add to it
  tna graph --json | jq -S 'del(.nodes[].running)
    | del(.nodes[].attributes["xdp.mode", "xdp.program_id"])
    | .nodes |= sort_by(.name) | .edges |= sort'
}
knows() { graph | jq -e "$1" >/dev/null; }

test_overrun() {
  sends_fast h1 h2 h2
  kill -STOP "$TNAD"
  port p1 isolated on
  flood_of_changes
  port p2 isolated on # these are among the lost ones
  link set p3 nomaster
  link add p4 type veth peer name x4
  link set p4 master br0 up
  link set x4 up
  ip -n "$B" addr add 192.0.2.254/24 dev br0
  link set br0 type bridge ageing_time 12300
  sends h1 h2 "" # obeyed, all the same
  at_least "lost notifications" 1 "$(dropped)"
  kill -CONT "$TNAD"
  wait_until 10 knows '.nodes[] | select(.name == "p4")' || fail "p4 is not known"
  wait_until 10 has_hook p4 "$HOOK" || fail "p4 is not accelerated"
  wait_until 3 has_hook p3 none || fail "p3, no port any more, has a fast path"
  graph >"$WORK/after"
  stop_tnad
  start_tnad
  wait_until 3 has_hook p4 "$HOOK" || fail "p4 is not accelerated"
  graph >"$WORK/fresh"
  check "what it knows differs from what a fresh daemon finds: $(diff "$WORK/after" "$WORK/fresh")" \
    cmp -s "$WORK/after" "$WORK/fresh"
  port p2 isolated off
  sends_fast h1 h2 h2
}

test_again() { # a second time, the daemon as it is now
  kill -STOP "$TNAD"
  flood_of_changes
  port p1 isolated off
  link set p3 master br0
  wait_until 3 ports_forward || fail "p3 did not come back"
  kill -CONT "$TNAD"
  learn h3
  sends_fast h1 h2 h2
  sends_fast h3 h1 h1
}

run_tests
