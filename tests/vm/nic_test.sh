#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# nic: the ports are network cards of the machine, of a real driver (virtio_net): its native XDP, its
# queues, its offloads.
#
#   h1 card 0 ==== card 1 p1 [ br0 ] p2 card 2 ==== card 3 h2
CARDS=yes
. "$(dirname "$0")/../netns/lib.sh"

COUNT=50 # more at once than this would overflow the queues of an emulated card

setup() {
  bridge_world 2
  learn h1 h2
  start_tnad
}

queues() { in_ns b ethtool -l p1 | awk '/^Combined:/ { print $2 }' | tail -1; }
most_queues() { in_ns b ethtool -l p1 | awk '/^Combined:/ { print $2 }' | head -1; }
xdp_of_queues() { # xdp_of_queues p1: what the driver says that each queue redirected
  in_ns b ethtool -S "$1" | sed -n 's/^ *rx_\?queue_\?[0-9]*_xdp_redirects: //p;s/^ *rx[0-9]*_xdp_redirects: //p' | xargs
}
sum() { local total=0 word; for word in "$@"; do total=$((total + word)); done; echo $total; }

test_hook() { # a card with native XDP gets XDP without being asked
  tna_on || return
  case $HOOK in
    tc) same "hooks" "tc tc" "$(hook_of p1) $(hook_of p2)" ;;
    *)
      same "hooks" "xdp xdp" "$(hook_of p1) $(hook_of p2)"
      same "native" "true true" "$(status p1 .native) $(status p2 .native)"
      ;;
  esac
}

test_forwards() {
  local before after
  before=$(sum $(xdp_of_queues p1))
  sends_fast h1 h2 h2
  sends_fast h2 h1 h1
  sends_fast h1 h2 h2 --size 80
  sends_fast h1 h2 h2 --size 1514
  after=$(sum $(xdp_of_queues p1))
  [ "$(hook_of p1)" != xdp ] || at_least "frames that the driver's XDP redirected" $((3 * COUNT - 6)) $((after - before))
  check "ping" ping_ok h1 192.0.2.2 20
}

test_tags() { # the driver leaves them in the frame, or the hook is one that sees them
  sends_fast h1 h2 h2 --vlan 5
  sends_fast h1 h2 h2 --vlan 0xe00a
}

test_tcp() { # as the stations' offloads make it: checksums and segments left to cards
  tcp_of h1 h2 192.0.2.2
  tcp_of h2 h1 192.0.2.1
}

test_queues() { # whose number this driver does not change while there is XDP: `tna detach` lets it
  local most count
  most=$(most_queues)
  [ "${most:-1}" -gt 1 ] || { say "the cards have one queue"; return; }
  for count in 1 "$most"; do
    tna_on && tna detach p1 >/dev/null
    in_ns b ethtool -L p1 combined "$count" || fail "p1 can't have $count queues"
    tna_on && tna attach p1 >/dev/null
    same "queues of p1" "$count" "$(queues)"
    sends_fast h1 h2 h2
    sends_fast h2 h1 h1
    test_hook
  done
}

test_ring() { # frames while the driver takes its queues down and up
  sends_fast h1 h2 h2
  link set p2 down
  sends h1 h2 ""
  link set p2 up
  wait_until 10 ports_forward || fail "p2 did not come back"
  learn h2
  sends_fast h1 h2 h2
}

test_offloads() { # some are refused while XDP is there: whatever the state, nothing is lost
  local port=p1 feature state
  for feature in rx tx gro gso tso sg rxvlan txvlan rx-gro-hw; do
    for state in off on; do
      in_ns b ethtool -K $port $feature $state >/dev/null 2>&1
      sends h1 h2 h2
    done
  done
  sends_fast h1 h2 h2
  sends_fast h2 h1 h1
  tcp_of h1 h2 192.0.2.2
}

test_stop() { # the driver gets its queues and offloads back
  local before
  stop_tnad
  before=$(in_ns b ethtool -k p1 | grep -v fixed)
  start_tnad
  sends_fast h1 h2 h2
  stop_tnad
  same "features of p1" "$before" "$(in_ns b ethtool -k p1 | grep -v fixed)"
  sends h1 h2 h2
  tcp_of h1 h2 192.0.2.2
  start_tnad
}

run_tests
