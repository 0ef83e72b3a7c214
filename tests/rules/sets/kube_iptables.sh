#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A Kubernetes node in iptables mode: services in the table nat, each with a chain and two endpoints
# with a chain each; in the table filter those without endpoints. Every twentieth has none.
set -euo pipefail
services=${1:-1000}
address() { # name of the variable, first octets, number
  printf -v "$1" '%s.%d.%d' "$2" $(($3 / 256)) $(($3 % 256))
}
chain() { printf -v "$1" 'KUBE-%s-%016d' "$2" "$3"; }
chains() { for each in "$@"; do echo ":$each - [0:0]"; done; }
says() { comment="-m comment --comment \"$*\""; }

echo "*mangle"
chains KUBE-IPTABLES-HINT KUBE-KUBELET-CANARY KUBE-PROXY-CANARY
echo COMMIT
echo "*nat"
chains KUBE-MARK-MASQ KUBE-NODEPORTS KUBE-POSTROUTING KUBE-SERVICES KUBE-KUBELET-CANARY
for ((n = 1; n <= services; n++)); do
  ((n % 20)) || continue
  chain svc SVC $n
  chain first SEP $((2 * n))
  chain second SEP $((2 * n + 1))
  chains "$svc" "$first" "$second"
done
says kubernetes service portals
echo "-A PREROUTING $comment -j KUBE-SERVICES"
echo "-A OUTPUT $comment -j KUBE-SERVICES"
says kubernetes postrouting rules
echo "-A POSTROUTING $comment -j KUBE-POSTROUTING"
echo "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000"
echo "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN"
echo "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0"
echo "-A KUBE-POSTROUTING -j MASQUERADE --random-fully"
for ((n = 1; n <= services; n++)); do
  ((n % 20)) || continue
  address ip 10.96 $n
  chain svc SVC $n
  says "default/service$n:http cluster IP"
  echo "-A KUBE-SERVICES -d $ip/32 -p tcp $comment -m tcp --dport 80 -j $svc"
  echo "-A $svc ! -s 10.244.0.0/14 -d $ip/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ"
  dice="-m statistic --mode random --probability 0.5"
  for ((m = 2 * n; m <= 2 * n + 1; m++)); do
    chain sep SEP $m
    address pod 10.244 $m
    echo "-A $svc $comment $dice -j $sep"
    echo "-A $sep -s $pod/32 $comment -j KUBE-MARK-MASQ"
    echo "-A $sep -p tcp $comment -m tcp -j DNAT --to-destination $pod:8080"
    dice=""
  done
done
says must be the last
echo "-A KUBE-SERVICES $comment -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS"
echo COMMIT
echo "*filter"
chains KUBE-EXTERNAL-SERVICES KUBE-FIREWALL KUBE-FORWARD KUBE-NODEPORTS KUBE-PROXY-FIREWALL KUBE-SERVICES
new="-m conntrack --ctstate NEW"
says load balancer firewall
for hook in INPUT FORWARD OUTPUT; do echo "-A $hook $new $comment -j KUBE-PROXY-FIREWALL"; done
says forwarding rules
echo "-A FORWARD $comment -j KUBE-FORWARD"
says service portals
for hook in FORWARD OUTPUT; do echo "-A $hook $new $comment -j KUBE-SERVICES"; done
says external portals
for hook in INPUT FORWARD; do echo "-A $hook $new $comment -j KUBE-EXTERNAL-SERVICES"; done
echo "-A INPUT -j KUBE-FIREWALL"
echo "-A OUTPUT -j KUBE-FIREWALL"
echo "-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP"
says forwarding rules
echo "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP"
echo "-A KUBE-FORWARD $comment -m mark --mark 0x4000/0x4000 -j ACCEPT"
echo "-A KUBE-FORWARD $comment -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
for ((n = 20; n <= services; n += 20)); do
  address ip 10.96 $n
  says "default/service$n:http has no endpoints"
  echo "-A KUBE-SERVICES -d $ip/32 -p tcp $comment -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable"
done
echo COMMIT
