#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# commits: a router whose rules change tens of times a second (fail2ban, kube-proxy), none of them
# otherwise for what is forwarded. Packets go on being fast between the changes, by the same programs.
#
#   h1 ---- p1 [ b ] p2 ---- h2      hN: 10.0.N.2/24; the router is .1
# RULES, RATES, ELEMENT_RATES, SECONDS_EACH are for measuring.
. "$(dirname "$0")/lib.sh"

RULES=${RULES:-100}
RATES=${RATES:-20}
ELEMENT_RATES=${ELEMENT_RATES:-30}
SECONDS_EACH=${SECONDS_EACH:-5}

setup() {
  local n name
  STATIONS=()
  new_netns b
  in_ns b sysctl -qw net.ipv4.ip_forward=1
  for n in 1 2; do
    name=h$n
    new_netns $name
    STATIONS+=($name)
    join_by_veth $n
    link set p$n up
    ip -n "$B" addr add 10.0.$n.1/24 dev p$n
    ip -n "$RUN$name" link set eth0 up
    ip -n "$RUN$name" addr add 10.0.$n.2/24 dev eth0
    ip -n "$RUN$name" route add default via 10.0.$n.1
  done
  start_tnad ${TNAD_OPTIONS:-}
  rules | in_ns b nft -f -
  ping_ok h1 10.0.2.2
  tna_on && check "fast: $(status p1 .why)" wait_until 20 is_fast
}
rules() { # half of them are looked for by a tree, half compared with one by one, the last accepts
  local i
  cat <<-'END'
	table inet fast {
	  set blocked { type ipv4_addr; }
	  set nets { type ipv4_addr; flags interval; elements = { 10.88.0.0/16 } }
	  set pairs { type ipv4_addr . ipv4_addr; }
	  map says { type ipv4_addr : verdict; }
	  chain c {
	    type filter hook forward priority 0; policy drop;
	    ip saddr @blocked drop
	    ip saddr @nets drop
	    ip saddr . ip daddr @pairs drop
	    ip saddr vmap @says
	END
  for ((i = 0; i < RULES; i++)); do
    if [ $((i % 100)) -lt 50 ]; then
      echo "ip saddr 10.$((128 + i % 100)).$((i / 100)).0/24 tcp dport $i drop"
    else
      echo "ip saddr 10.$((64 + i % 100)).$((i / 100)).0/24 counter continue"
    fi
  done
  cat <<-'END'
	    accept
	  }
	}
	table ip other { chain in { type filter hook input priority 0; }; chain own { }; }
	END
}
is_fast() {
  local before
  before=$(status p1 .fast_packets)
  in_ns h1 ping -q -c 5 -i 0.01 -W 1 10.0.2.2 >/dev/null
  [ $(($(status p1 .fast_packets) - before)) -ge 4 ]
}
programs() { tna status --json | jq -c '[.interfaces[] | .program]'; }

# commits RATE ONE OTHER: the one command of nft and the other in turn, as long as $WORK/go_on is there.
commits() {
  local rate=$1 one=$2 other=$3 start=${EPOCHREALTIME/./} now due done=0 never
  exec {never}<> <(:) # to wait without a process each time
  while [ -e "$WORK/go_on" ] || [ $((done % 2)) = 1 ]; do
    now=$((${EPOCHREALTIME/./} - start))
    due=$((done * 1000000 / rate))
    [ $due -gt $now ] && read -rt "$(printf '0.%06d' $(((due - now) % 1000000)))" -u "$never"
    [ $((done % 2)) = 0 ] && echo "$one" || echo "$other"
    done=$((done + 1))
    echo $done >&3
  done 3>"$WORK/commits" | in_ns b nft -i >/dev/null 2>"$WORK/nft.log"
}
# fast_among RATE ONE OTHER: FAST, how many of 100 packets were fast meanwhile; DONE commits a second
fast_among() {
  local before after sent received pid start=${EPOCHREALTIME/./}
  touch "$WORK/go_on"
  commits "$@" &
  pid=$!
  CHILDREN+=($pid)
  sleep 0.5
  before=$(fast_packets p1)
  read -r sent received < <(in_ns h1 ping -q -i 0.004 -w "$SECONDS_EACH" 10.0.2.2 |
    sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p')
  after=$(fast_packets p1)
  rm "$WORK/go_on"
  wait "$pid"
  at_least "pings answered of $sent" $((sent - 1)) "$received"
  same "what nft said" "" "$(head -3 "$WORK/nft.log")"
  FAST=$(((after - before) * 100 / sent))
  DONE=$(($(tail -1 "$WORK/commits") * 1000000 / (${EPOCHREALTIME/./} - start)))
  say "$RULES rules, $DONE commits a second: $FAST % fast"
}

test_elements() {
  local before rate
  tna_on && before=$(programs)
  for rate in $ELEMENT_RATES; do
    fast_among "$rate" 'add element inet fast blocked { 10.99.0.1 }' 'delete element inet fast blocked { 10.99.0.1 }'
    tna_on && [ "$rate" -le 30 ] && at_least "fast of 100" 50 "$FAST"
  done
  tna_on && same "programs" "$before" "$(programs)"
  settled
}

test_rules_of_others() {
  local before rate
  tna_on && before=$(programs)
  for rate in $RATES; do
    fast_among "$rate" 'add rule ip other in ip saddr 10.99.0.1 drop' 'flush chain ip other in'
    tna_on && [ "$rate" -le 20 ] && at_least "fast of 100" 10 "$FAST"
  done
  tna_on && same "programs" "$before" "$(programs)"
  settled
}

# Rules that a tree looks for are put in place of others beside the program that runs.
test_rules_in_a_tree() {
  local before place
  tna_on && before=$(programs)
  place=$(in_ns b nft -a list chain inet fast c | sed -n '0,/tcp dport/s/.*tcp dport.* handle //p')
  in_ns b nft insert rule inet fast c position "$place" ip saddr 10.0.1.0/24 drop
  check "a rule more: at once" not one
  sleep 0.2
  check "a rule more: and later" not one
  in_ns b nft delete rule inet fast c handle \
    "$(in_ns b nft -a list chain inet fast c | sed -n 's/.*10.0.1.0.24 drop # handle //p')"
  check "a rule less: at once" one
  settled
  tna_on && same "programs" "$before" "$(programs)"
}

# Commits that look like others' are none of them: what they do holds, then and when tnad has seen it.
test_what_matters_holds() {
  in_ns b nft 'add chain inet fast ok; insert rule inet fast c ip saddr 10.0.0.0/8 jump ok'
  settled
  in_ns b nft rename chain inet fast ok better
  settled
  holds 'add rule inet fast better icmp type echo-request drop' 'flush chain inet fast better'
  in_ns b nft 'add chain inet fast fresh; add rule inet fast better jump fresh'
  settled
  holds 'add rule inet fast fresh icmp type echo-request drop' 'flush chain inet fast fresh'
  in_ns b nft add rule ip other own icmp type echo-request drop
  settled
  holds 'add chain ip other f { type filter hook forward priority 5; }; add rule ip other f jump own' \
    'flush chain ip other f; delete chain ip other f'
  holds 'add chain ip other g { type filter hook postrouting priority 0; policy drop; }' 'delete chain ip other g'
}
test_elements_hold() {
  local element
  for element in 'blocked { 10.0.1.2 }' 'nets { 10.0.1.0/24 }' 'pairs { 10.0.1.2 . 10.0.2.2 }' 'says { 10.0.1.2 : drop }'; do
    holds "add element inet fast $element" "delete element inet fast $element"
  done
  in_ns b nft add element inet fast says '{ 10.0.1.2 : continue }'
  settled
  in_ns b nft delete element inet fast says '{ 10.0.1.2 }'
  settled
  holds 'add element inet fast nets { 10.0.1.2 }; add element inet fast blocked { 10.0.1.2 }' \
    'flush set inet fast nets; flush set inet fast blocked'
  holds 'add element inet fast blocked { 10.0.1.2 }; insert rule inet fast c ip saddr 10.0.1.2 drop' \
    'flush set inet fast blocked; flush chain inet fast c; add rule inet fast c accept'
}
holds() { # holds DROP UNDO
  in_ns b nft "$1"
  check "$1: at once" not one
  sleep 0.2
  check "$1: and later" not one
  in_ns b nft "$2"
  check "$2: at once" one
  settled
}
one() { in_ns h1 ping -q -n -c 1 -W 0.2 10.0.2.2 >/dev/null; }

settled() { # and afterwards all is as it was
  tna_on || return 0
  check "fast again: $(status p1 .why)" wait_until 5 is_fast
}

run_tests
