#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# seeds.sh TNA_RECORD: records the rule sets below, loaded by the real commands into a network
# namespace of its own, as inputs for the fuzzers in seeds/; as root.
set -eu
record=$(realpath "$1")
cd "$(dirname "$0")"
mkdir -p seeds/nft seeds/xtables
in_own() { unshare --net bash -euc "$@" "$record" "$PWD/seeds"; } # the script has them as $0 and $1

# Every expression that has a form, and many that have none.
in_own '
nft -f - <<END
table inet t {
  set blocked { type ipv4_addr; elements = { 10.0.1.2, 10.0.1.9 } }
  set nets { type ipv4_addr; flags interval; elements = { 10.7.0.0/16, 10.9.1.0-10.9.1.77 } }
  set nets6 { type ipv6_addr; flags interval; elements = { 2001:db8:7::/48 } }
  set pairs { type ipv4_addr . inet_service; elements = { 10.0.0.1 . 80, 10.0.0.2 . 443 } }
  set ranges { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/24 . 80-90 } }
  set old { type ipv4_addr; flags timeout; timeout 1h; }
  map by_port { type inet_service : verdict; elements = { 22 : jump ssh, 25 : drop, 80 : accept } }
  map wide { type ipv4_addr : verdict; flags interval; elements = { 10.1.0.0/16 : goto ssh, * : continue } }
  chain pre { type filter hook prerouting priority raw; ip saddr @blocked counter drop; ip saddr @nets drop; }
  chain c {
    type filter hook forward priority 0; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    ip6 saddr @nets6 drop
    ip saddr . tcp dport @pairs accept
    ip saddr . udp dport @ranges accept
    ip saddr @old drop
    tcp dport vmap @by_port
    ip daddr vmap @wide
    iifname "eth*" oifname { "wan0", "wan1" } udp dport 4000-4999 counter accept
    tcp flags & (syn | ack) == syn tcp dport { 1, 2, 3, 1000-2000 } accept
    ip dscp 4 limit rate 1000/second accept
    meta mark & 0xff == 0x10 meta mark set 0x20 jump ssh
    ip6 hoplimit > 10 icmpv6 type echo-request accept
    ip saddr != 10.0.0.0/8 ether saddr 02:00:00:00:00:01 log prefix "x" drop
    ip length 100-200 ip ttl < 5 reject
    meta length > 1000 meta pkttype unicast iif lo ct mark 1 accept
  }
  chain ssh { ip saddr 192.0.2.0/24 accept; return; }
  chain post { type filter hook postrouting priority 0; oifname "wan0" counter; }
  chain nat { type nat hook postrouting priority srcnat; oifname "wan0" masquerade; }
}
table bridge b { chain c { type filter hook forward priority 0; ip saddr 10.0.0.1 drop; }; }
END
"$0" "$1" shapes'

# Runs of rules that are looked for by trees, and chains that are jumped to in turn.
in_own '
{
  echo "table ip t { chain c { type filter hook forward priority 0;"
  for ((i = 0; i < 26; i++)); do echo "ip saddr 10.$i.0.0/16 tcp dport $((1000 + i)) counter drop"; done
  echo "jump a; jump a; }; chain a { jump b; jump b; }"
  echo "chain b { oifname \"w$i\" goto d; jump d; }; chain d { ip ttl 3 return; drop; }; }"
} | nft -f -
"$0" "$1" run'
in_own '
{
  echo "table inet t { chain c { type filter hook forward priority 0;"
  for ((i = 0; i < 26; i++)); do echo "ct state new ip daddr 10.$i.0.1 accept"; done
  echo "}; }"
} | nft -f -
"$0" "$1" states'

in_own '
for family in "" 6; do
  [ -n "$family" ] && a=2001:db8:: b=64 p=icmpv6 || a=10.0.0.0 b=8 p=icmp
  for kind in nft legacy; do
    "ip${family}tables-$kind-restore" <<END
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p udp -m multiport --dports 1,2,3,10:20 -j DROP
-A PREROUTING -m mark --mark 0x1/0xff -j MARK --set-xmark 0x2/0xffffffff
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ok - [0:0]
:more - [0:0]
-A FORWARD -i p1 -o w+ ! -s $a/$b -p tcp -m tcp --sport 1024:65535 --dport 80 --tcp-flags SYN,ACK SYN -j ok
-A FORWARD -p $p -g more
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ok -m comment --comment "of no matter" -d $a/$b -j ACCEPT
-A ok -m limit --limit 3/min -j LOG
-A more -p udp ! --dport 53 -j REJECT
-A more -j ok
-A more -j RETURN
COMMIT
END
  done
done
"$0" "$1" iptables'
