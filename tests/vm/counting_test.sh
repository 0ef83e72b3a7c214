#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# counting: tc filters that count frames, as the kernel's own forwarding tests have them. On the switch's
# ports they see every frame, by TNA's standing aside where it would pass them by (by tc it does not on
# egress); on the hosts' side they count what went fast.
#
#   h1 ---- p1 [ br0 ] p2 ---- h2
#   h3 ---- p3 [     ]
. "$(dirname "$0")/../netns/lib.sh"

setup() {
  bridge_world 3
  count_at b p1 ingress 2>"$WORK/said" || skip_all "no flower classifier in $(uname -r): $(cat "$WORK/said")"
  count_ends b p1
  learn h1 h2 h3
  start_tnad
}

count_at() { # count_at NAMESPACE IF ingress|egress: what comes by there for h2, from now on
  in_ns "$1" tc qdisc add dev "$2" clsact
  in_ns "$1" tc filter add dev "$2" "$3" protocol all pref 1 handle 101 flower dst_mac "$(mac h2)" action pass
}
count_ends() { in_ns "$1" tc qdisc del dev "$2" clsact; }
counted_at() {
  in_ns "$1" tc -j -s filter show dev "$2" "$3" |
    jq '[.[] | select(.options.handle == 101) | .options.actions[0].stats.packets] | add'
}

test_switch_egress() {
  sends_fast h1 h2 h2
  count_at b p2 egress
  sends h1 h2 h2
  same "frames that tc counted at p2" $COUNT "$(counted_at b p2 egress)"
  [ "$HOOK" = tc ] && sends_fast h3 h2 h2 || sends_slow any h3 h2 h2
  count_ends b p2
  sends_fast h1 h2 h2
}

test_switch_ingress() {
  count_at b p1 ingress
  sends h1 h2 h2
  same "frames that tc counted at p1" $COUNT "$(counted_at b p1 ingress)"
  sends_slow any h1 h2 h2
  sends_fast h3 h2 h2
  count_ends b p1
  sends_fast h1 h2 h2
}

test_hosts() { # the count is the same, and Linux had none of it
  count_at h1 eth0 egress
  count_at h2 eth0 ingress
  sends h1 h2 h2
  same "frames that tc counted at h2" $COUNT "$(counted_at h2 eth0 ingress)"
  sends_fast h1 h2 h2
  same "counted at both ends" "$(counted_at h1 eth0 egress)" "$(counted_at h2 eth0 ingress)"
  count_ends h1 eth0
  count_ends h2 eth0
}

run_tests
