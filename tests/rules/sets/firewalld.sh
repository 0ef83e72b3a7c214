#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The chains of firewalld: by interface to the zone's, which has five parts.
set -euo pipefail
declare -A interface=([public]=eth0 [internal]=eth1 [dmz]=eth2)
zones="public internal dmz"
base() { # chain, type, hook, priority
  printf '  chain %s {\n    type %s hook %s priority %s; policy accept;\n' "$@"
}
to_zones() { # prefix, meta key
  for zone in $zones; do
    echo "    $2 \"${interface[$zone]}\" goto $1_$zone"
  done
  echo "    goto $1_public"
}
echo "table inet firewalld {"
base mangle_PREROUTING filter prerouting -140
echo "    jump mangle_PREROUTING_ZONES"
echo "  }"
base nat_PREROUTING nat prerouting -90
echo "    jump nat_PREROUTING_ZONES"
echo "  }"
base nat_POSTROUTING nat postrouting 110
echo "    jump nat_POSTROUTING_ZONES"
echo "  }"
base filter_PREROUTING filter prerouting 10
echo "    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept"
echo "    meta nfproto ipv6 fib saddr . mark . iif oif missing drop"
echo "  }"
base filter_INPUT filter input 10
echo "    ct state { established, related } accept"
echo "    ct status dnat accept"
echo "    iifname \"lo\" accept"
echo "    ct state { invalid } drop"
echo "    jump filter_INPUT_ZONES"
echo "    reject with icmpx type admin-prohibited"
echo "  }"
base filter_FORWARD filter forward 10
echo "    ct state { established, related } accept"
echo "    ct status dnat accept"
echo "    iifname \"lo\" accept"
echo "    ct state { invalid } drop"
echo "    ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24, 2002:a00::/24 } reject with icmpv6 type addr-unreachable"
echo "    jump filter_FORWARD_IN_ZONES"
echo "    jump filter_FORWARD_OUT_ZONES"
echo "    reject with icmpx type admin-prohibited"
echo "  }"
for chain in mangle_PREROUTING_ZONES:mangle_PRE:iifname nat_PREROUTING_ZONES:nat_PRE:iifname \
  nat_POSTROUTING_ZONES:nat_POST:oifname filter_INPUT_ZONES:filter_IN:iifname \
  filter_FORWARD_IN_ZONES:filter_FWDI:iifname filter_FORWARD_OUT_ZONES:filter_FWDO:oifname; do
  IFS=: read -r name prefix key <<<"$chain"
  echo "  chain $name {"
  to_zones "$prefix" "$key"
  echo "  }"
done
for zone in $zones; do
  for prefix in mangle_PRE nat_PRE nat_POST filter_IN filter_FWDI filter_FWDO; do
    echo "  chain ${prefix}_$zone {"
    for part in pre log deny allow post; do
      echo "    jump ${prefix}_${zone}_$part"
    done
    [[ $prefix == filter_IN || $prefix == filter_FWDI ]] && echo "    meta l4proto { icmp, ipv6-icmp } accept"
    echo "  }"
    for part in pre log deny allow post; do
      echo "  chain ${prefix}_${zone}_$part {"
      case ${prefix}_${zone}_$part in
      filter_IN_*_allow) echo "    tcp dport 22 ct state { new, untracked } accept" ;;
      filter_FWDI_public_deny) echo "    ip saddr { 198.51.100.0/24, 203.0.113.7 } drop" ;;
      filter_FWDI_internal_allow) echo "    oifname \"eth2\" accept" ;;
      filter_FWDI_public_log) echo "    tcp dport 23 log prefix \"telnet \"" ;;
      filter_FWDO_dmz_allow) echo "    tcp dport { 80, 443 } ct state { new, untracked } accept" ;;
      filter_FWDO_public_allow) echo "    ct state { new, untracked } accept" ;;
      nat_POST_public_allow) echo "    meta nfproto ipv4 oifname != \"lo\" masquerade" ;;
      esac
      echo "  }"
    done
  done
done
echo "}"
