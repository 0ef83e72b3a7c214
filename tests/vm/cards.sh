# SPDX-License-Identifier: Apache-2.0
# cards.sh: stations behind network cards of the machine (virtio_net) instead of veth; a part of lib.sh with
# CARDS=yes. Wants `vmrun --nic-pairs N`: card 2N-2 is hN's, card 2N-1 is port pN, their cable is outside.

card() { # card N: what the Nth one is called in this namespace at the moment
  local path
  for path in /sys/class/net/*; do
    ethtool -P "${path##*/}" 2>/dev/null | grep -q "02:4e:00:00:00:0$1\$" && echo "${path##*/}" && return
  done
  return 1
}
card_here() { card "$1" >/dev/null; } # a while after its last namespace was deleted
move_card() { # move_card CARD NAMESPACE NAME
  local name
  modprobe -q virtio_net # there is no udev
  wait_until 10 card_here "$1" || skip_all "there is no network card $1"
  name=$(card "$1")
  ip link set "$name" down
  ip link set "$name" netns "$RUN$2" name "$3"
  ip -n "$RUN$2" link set "$3" address "$(mac "$4")"
}
join_by_cards() { # join_by_cards N: hN and pN
  move_card $((2 * $1 - 2)) "h$1" eth0 "h$1"
  move_card $((2 * $1 - 1)) b "p$1" "p$1"
}
