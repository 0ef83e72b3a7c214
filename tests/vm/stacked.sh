# SPDX-License-Identifier: Apache-2.0
# stacked.sh: for scenarios whose ports are devices on top of others. The fast path stands on the upper
# device, by tc; what Linux does below (tags, priorities, which member sends and which is listened to)
# stays Linux's.
. "$(dirname "${BASH_SOURCE[0]}")/../netns/lib.sh"

setup() {
  modprobe -qa 8021q bonding team
  bridge_world 2
  learn h1 h2
  start_tnad
}

new_station() { # new_station h4 PORT: a namespace whose eth0 is still to be made, and where it will be
  new_netns "$1"
  STATIONS+=("$1")
  BEHIND[$1]=$2
}
ready_station() { # ready_station h4: its eth0 is there now
  local n=${1#h}
  ip -n "$RUN$1" addr add "192.0.2.$n/24" dev eth0
  ip -n "$RUN$1" link set eth0 address "$(mac "$1")" up
}
end_station() { # end_station h4...
  local name kept=()
  for name in "${STATIONS[@]}"; do
    if [[ " $* " = *" $name "* ]]; then
      ip netns del "$RUN$name"
      unset "BEHIND[$name]"
    else
      kept+=("$name")
    fi
  done
  STATIONS=("${kept[@]}")
}
port_up() { # port_up IF [BRIDGE]
  link set "$1" master "${2:-br0}" up
  wait_until 20 port_forwards "$1" || fail "$1 did not come up"
}
port_forwards() { bridge -n "$B" link show dev "$1" | grep -q "state forwarding"; }
by_tc() { # by_tc PORT REASON: its hook, and why it is no other
  tna_on || return 0
  [ "$HOOK" = xdp ] && { check "hook of $1: $(counted "$1")" wait_hook "$1" none; return; }
  check "hook of $1: $(counted "$1")" wait_hook "$1" tc
  [ "$HOOK" = tc ] || check "why $1 has tc: $(status "$1" .why)" grep -q -- "$2" <(status "$1" .why)
}
# fast FROM TO "h2" [OPTION...]: as sends_fast, where the station's port may have the hook
fast() {
  if [ "$HOOK" = xdp ] && [ -n "${BEHIND[$1]:-}${BEHIND[$2]:-}" ]; then sends "$@"; else sends_fast "$@"; fi
}
both_ways() { # both_ways h1 h4
  fast "$1" "$2" "$2"
  fast "$2" "$1" "$1"
}
packets() { ip -n "$B" -s -j link show dev "$1" | jq ".[0].stats64.$2.packets"; } # packets IF rx
# counts IF DIRECTION FROM TO: Linux counts a shot's frames there as it always does. ARP may ask in between.
counts() {
  local before try
  for try in 1 2 3; do
    before=$(packets "$1" "$2")
    sends "$3" "$4" "$4"
    [ $(($(packets "$1" "$2") - before)) = $COUNT ] && break
  done
  same "$2 packets of $1 for a shot, three times" "$COUNT" $(($(packets "$1" "$2") - before))
}
