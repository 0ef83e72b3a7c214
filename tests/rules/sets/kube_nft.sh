#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A Kubernetes node in nftables mode, IPv4 and IPv6: services are elements of verdict maps, each has a
# chain, and so has each of its two endpoints. Every twentieth has no endpoint.
set -euo pipefail
services=${1:-1000} firewalls=${2:-20}
address() { # name of the variable, family, place, number
  case $2$3 in
  4service) printf -v "$1" '10.96.%d.%d' $(($4 / 256)) $(($4 % 256)) ;;
  4pod) printf -v "$1" '10.244.%d.%d' $(($4 / 256)) $(($4 % 256)) ;;
  4outside) printf -v "$1" '192.0.%d.%d' $(($4 / 256)) $(($4 % 256)) ;;
  6service) printf -v "$1" 'fd00:96::%x' "$4" ;;
  6pod) printf -v "$1" 'fd00:244::%x' "$4" ;;
  6outside) printf -v "$1" 'fd00:c0::%x' "$4" ;;
  esac
}
list() { local IFS=,; echo "$*"; }
map() { # name, elements
  echo "  map $1 {"
  echo "    type $key : verdict"
  [[ -z $2 ]] || echo "    elements = { $2 }"
  echo "  }"
}

for v in 4 6; do
  [[ $v == 4 ]] && ip=ip pods=10.244.0.0/14 || { ip=ip6; pods=fd00:244::/64; }
  with=() without=() firewalled=() ips=() chains=()
  for ((n = 1; n <= services; n++)); do
    address service $v service $n
    ips+=("$service")
    if ((n % 20 == 0)); then
      without+=("$service . tcp . 80 : goto reject-chain")
      continue
    fi
    with+=("$service . tcp . 80 : goto service-$n")
    chains+=("  chain service-$n {
    $ip daddr $service tcp dport 80 $ip saddr != $pods jump mark-for-masquerade
    numgen random mod 2 vmap { 0 : goto endpoint-$n-0, 1 : goto endpoint-$n-1 }
  }")
    for m in 0 1; do
      address pod $v pod $((2 * n + m))
      chains+=("  chain endpoint-$n-$m {
    $ip saddr $pod jump mark-for-masquerade
    meta l4proto tcp dnat to $pod
  }")
    done
    ((n <= firewalls)) || continue
    address outside $v outside $n
    address from $v outside $((n + 1000))
    firewalled+=("$outside . tcp . $((10000 + n)) : goto firewall-$n")
    chains+=("  chain firewall-$n {
    $ip saddr { $outside, $from } return
    drop
  }")
  done
  key="ipv${v}_addr . inet_proto . inet_service"
  portal="$ip daddr . meta l4proto . th dport vmap"
  echo "table $ip kube-proxy {"
  echo "  set cluster-ips { type ipv${v}_addr; elements = { $(list "${ips[@]}") }; }"
  map service-ips "$(list "${with[@]}")"
  map no-endpoint-services "$(list "${without[@]}")"
  map firewall-ips "$(list "${firewalled[@]}")"
  cat <<EOF
  chain mark-for-masquerade { meta mark set meta mark | 0x4000; }
  chain masquerading {
    meta mark & 0x4000 == 0 return
    meta mark set meta mark ^ 0x4000
    masquerade fully-random
  }
  chain reject-chain { reject; }
EOF
  printf '%s\n' "${chains[@]}"
  cat <<EOF
  chain services { $portal @service-ips; }
  chain firewall-check { $portal @firewall-ips; }
  chain service-endpoints-check { $portal @no-endpoint-services; }
  chain cluster-ips-check { $ip daddr @cluster-ips reject; }
  chain filter-prerouting { type filter hook prerouting priority -110; ct state new jump firewall-check; }
  chain filter-input { type filter hook input priority -110; ct state new jump service-endpoints-check; }
  chain filter-forward {
    type filter hook forward priority -110
    ct state new jump service-endpoints-check
    ct state new jump cluster-ips-check
  }
  chain filter-output { type filter hook output priority -110; ct state new jump firewall-check; }
  chain nat-prerouting { type nat hook prerouting priority -100; jump services; }
  chain nat-output { type nat hook output priority -100; jump services; }
  chain nat-postrouting { type nat hook postrouting priority 100; jump masquerading; }
}
EOF
done
