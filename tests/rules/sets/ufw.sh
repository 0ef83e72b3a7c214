#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The chains of ufw: each hook goes through six of them, rules of the user's in the middle.
set -euo pipefail
case ${1:-iptables} in
iptables) icmp="-p icmp -m icmp --icmp-type" errors="3 11 12 8" lan=10.1.0.0/16 dmz=10.2.0.0/24 ;;
ip6tables) icmp="-p icmpv6 -m icmp6 --icmpv6-type" errors="1 2 3 4 128 129" lan=fd01::/48 dmz=fd02::/64 ;;
esac
echo "*filter"
echo ":INPUT DROP [0:0]"
echo ":FORWARD DROP [0:0]"
echo ":OUTPUT ACCEPT [0:0]"
for hook in input forward output; do
  for part in before-logging before after after-logging reject track user user-logging skip-to-policy; do
    echo ":ufw-$part-$hook - [0:0]"
  done
done
for chain in logging-deny logging-allow not-local user-limit user-limit-accept; do
  echo ":ufw-$chain - [0:0]"
done
for hook in INPUT FORWARD OUTPUT; do
  for part in before-logging before after after-logging reject track; do
    echo "-A $hook -j ufw-$part-${hook,,}"
  done
done
echo "-A ufw-before-input -i lo -j ACCEPT"
for hook in input output forward; do
  echo "-A ufw-before-$hook -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
done
echo "-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny"
echo "-A ufw-before-input -m conntrack --ctstate INVALID -j DROP"
for type in $errors; do
  echo "-A ufw-before-input $icmp $type -j ACCEPT"
  echo "-A ufw-before-forward $icmp $type -j ACCEPT"
done
echo "-A ufw-before-input -j ufw-not-local"
for hook in input output forward; do
  echo "-A ufw-before-$hook -j ufw-user-$hook"
done
for port in 137 138; do
  echo "-A ufw-after-input -p udp -m udp --dport $port -j ufw-skip-to-policy-input"
done
for hook in input forward; do
  echo "-A ufw-after-logging-$hook -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix \"[UFW BLOCK] \""
  echo "-A ufw-skip-to-policy-$hook -j DROP"
done
echo "-A ufw-skip-to-policy-output -j ACCEPT"
echo "-A ufw-track-output -p tcp -m conntrack --ctstate NEW -j ACCEPT"
echo "-A ufw-track-output -p udp -m conntrack --ctstate NEW -j ACCEPT"
echo "-A ufw-logging-deny -m conntrack --ctstate INVALID -m limit --limit 3/min --limit-burst 10 -j RETURN"
echo "-A ufw-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix \"[UFW BLOCK] \""
echo "-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN"
echo "-A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny"
echo "-A ufw-not-local -j DROP"
# ufw allow 22/tcp; ufw limit 2222/tcp; ufw route allow/deny/reject ...
echo "-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT"
echo "-A ufw-user-input -p tcp -m tcp --dport 2222 -m conntrack --ctstate NEW -m recent --set"
echo "-A ufw-user-input -p tcp -m tcp --dport 2222 -m conntrack --ctstate NEW -m recent --update --seconds 30 --hitcount 6 -j ufw-user-limit"
echo "-A ufw-user-input -p tcp -m tcp --dport 2222 -j ufw-user-limit-accept"
echo "-A ufw-user-forward -i eth1 -o eth0 -s $lan -j ACCEPT"
echo "-A ufw-user-forward -d $dmz -p tcp -m multiport --dports 80,443 -j ACCEPT"
echo "-A ufw-user-forward -i eth0 -d $dmz -p udp -m udp --dport 53 -m comment --comment 'dapp_DNS' -j ACCEPT"
echo "-A ufw-user-forward -i eth2 -o eth1 -j DROP"
echo "-A ufw-user-forward -s $dmz -d $lan -p tcp -j REJECT --reject-with tcp-reset"
echo "-A ufw-user-limit -m limit --limit 3/min -j LOG --log-prefix \"[UFW LIMIT BLOCK] \""
echo "-A ufw-user-limit -j REJECT"
echo "-A ufw-user-limit-accept -j ACCEPT"
echo "COMMIT"
