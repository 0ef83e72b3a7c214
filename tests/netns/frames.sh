# SPDX-License-Identifier: Apache-2.0
# frames.sh: sending exactly counted frames between stations, and saying who does the work; a part
# of lib.sh.

# port_of h1: the bridge port that a station is behind: p1, unless the scenario says otherwise.
declare -A BEHIND=()
port_of() { echo "${BEHIND[$1]:-p${1#h}}"; }

# flow FROM TO [OPTION...]: tna_traffic between stations, all of them listening; the result in FLOW.
# TO may be any name that mac() knows, or a MAC.
flow() {
  flow_words "$@"
  flow_result "$("${WORDS[@]}")" "$@"
}
# flow_start FROM TO [OPTION...], flow_end: the same in the background, until it is ended.
flow_start() {
  flow_words "$@"
  "${WORDS[@]}" >"$WORK/flow" &
  FLOW_PID=$!
  CHILDREN+=("$FLOW_PID")
}
flow_end() {
  finish "$FLOW_PID"
  flow_result "$(cat "$WORK/flow")" "in the background"
}
flow_words() {
  local from=$1 to=$2 name
  shift 2
  WORDS=("$TRAFFIC" flow --from "$RUN$from:eth0" --to "$(mac "$to")")
  for name in "${STATIONS[@]}"; do WORDS+=(--listen "$name=$RUN$name:eth0"); done
  WORDS+=("$@")
}
flow_result() {
  local word result=$1
  shift
  FLOW=()
  for word in $result; do FLOW[${word%%=*}]=${word#*=}; done
  [ -n "${FLOW[sent_before]:-}" ] || fail "tna_traffic $*"
}
# sends FROM TO "h2 h3" [OPTION...]: a shot arrives at exactly these, once and unaltered. On a slow
# machine they don't come all at once: queues are short, and all that are underway would refresh their source.
sends() {
  local from=$1 to=$2 wanted=" $3 " name got expected=0 words=($3)
  shift 3
  [ "$SLOW" = 1 ] || set -- --rate 200 "$@"
  expected=$((${#words[@]} * COUNT))
  flow "$from" "$to" --count $COUNT --expected $expected "$@"
  for name in "${STATIONS[@]}"; do
    got=${FLOW[${name}_before]:-?}
    case $wanted in
      *" $name "*) same "$from -> $to $*: frames at $name" $COUNT "$got" ;;
      *) same "$from -> $to $*: frames at $name" 0 "$got" ;;
    esac
    same "$from -> $to $*: doubled, altered at $name" "0 0" \
      "${FLOW[${name}_doubled]:-?} ${FLOW[${name}_altered]:-?}"
  done
}
# sends_fast FROM TO "h2" [OPTION...]: as sends, and within some seconds all frames go fast. In these two
# one or two frames may refresh their source: on a slow machine a second goes by with every shot.
sends_fast() {
  local failures=$FAILURES
  sends_until "$(port_of "$1")" "-" "$@" && return
  [ "$FAILURES" = "$failures" ] &&
    fail "$*: not fast (${BEFORE[*]} to ${AFTER[*]} for $COUNT), $(counted "$(port_of "$1")")"
}
# sends_slow REASON FROM TO "h2" [OPTION...]: as sends, and Linux does it, for that reason (several:
# "a b"; some: "*"; "any" also where none is counted, since no program is there any more).
sends_slow() {
  local reason=$1 failures=$FAILURES
  shift
  sends_until "$(port_of "$1")" "$reason" "$@" && return
  [ "$FAILURES" = "$failures" ] &&
    fail "$*: not punted as '$reason' (${BEFORE[*]} to ${AFTER[*]} for $COUNT), $(counted "$(port_of "$1")")"
}
sends_until() {
  local in=$1 reason=$2 deadline=$((SECONDS + 6 * SLOW)) failures=$FAILURES fast punted refreshed
  shift 2
  CHECKS=$((CHECKS + 1))
  while :; do
    BEFORE=($(counters "$in" "$reason"))
    sends "$@"
    AFTER=($(counters "$in" "$reason"))
    tna_on || return 0
    [ "$FAILURES" = "$failures" ] || return 1
    fast=$((${AFTER[0]:-0} - ${BEFORE[0]:-0}))
    punted=$((${AFTER[1]:-0} - ${BEFORE[1]:-0}))
    refreshed=$((${AFTER[2]:-0} - ${BEFORE[2]:-0}))
    [ $refreshed -le 2 ] || refreshed=0
    case $reason in
      -) [ $((fast + refreshed)) -ge $COUNT ] && return 0 ;;
      any) [ $fast = 0 ] && return 0 ;;
      *) [ $((punted + refreshed)) -ge $COUNT ] && [ $fast = 0 ] && return 0 ;;
    esac
    [ $SECONDS -ge $deadline ] && return 1
    sleep 0.05
  done
}
# learn h1 h2: Linux learns where these are.
learn() {
  local name
  for name in "$@"; do
    "$TRAFFIC" flow --from "$RUN$name:eth0" --to ff:ff:ff:ff:ff:ff --ethertype 0x88b5 --count 1 \
      --quiet 0 >/dev/null
    wait_until 2 fdb_has "$(mac "$name")" "$(port_of "$name")" || fail "$name was not learned"
  done
}
unharmed() { # the bridge beside what is tried
  sends_fast h1 h2 h2
  sends_fast h2 h1 h1
}
remember() { FAST1=$(fast_packets p1) FAST2=$(fast_packets p2); }
both_grew() { # both_grew LEAST: since remember
  tna_on || return 0
  at_least "fast packets of p1" "$1" $(($(fast_packets p1) - FAST1))
  at_least "fast packets of p2" "$1" $(($(fast_packets p2) - FAST2))
}
fdb_has() { fdb show brport "$2" | grep -q "^$1 "; } # fdb_has MAC PORT
forget() { fdb del "$(mac "$1")" dev "$(port_of "$1")" master 2>/dev/null; }
one() { in_ns "$1" ping -q -n -c 1 -W 1 "${@:3}" "$2" >/dev/null; } # one NAME TO [OPTION...]: one ping has an answer
ping_ok() { in_ns "$1" ping -q -c "${3:-3}" -i 0.1 -W 2 "$2" >/dev/null; } # ping_ok h1 192.0.2.2
# tcp_of FROM TO ADDRESS: a file of random bytes arrives as it was
tcp_of() {
  [ -s "$WORK/file" ] || head -c 20000000 /dev/urandom >"$WORK/file"
  : >"$WORK/ready"
  nsenter --net="/run/netns/$RUN$2" timeout $((30 * SLOW)) perl -MIO::Socket::IP -e '
    my $socket = IO::Socket::IP->new(Listen => 1, LocalHost => shift, LocalPort => 5001, ReuseAddr => 1) or die $!;
    print STDERR "listening\n";
    my $client = $socket->accept or die $!;
    print while sysread $client, $_, 65536' "$3" >"$WORK/copy" 2>"$WORK/ready" &
  CHILD=$!
  CHILDREN+=("$CHILD")
  wait_until 10 grep -q listening "$WORK/ready" || fail "no TCP server"
  check "TCP $1 -> $3" in_ns "$1" timeout $((20 * SLOW)) perl -MIO::Socket::IP -e '
    my $socket = IO::Socket::IP->new(PeerAddr => shift, PeerPort => 5001) or die $!;
    while (sysread STDIN, my $part, 65536) { print $socket $part or die $! }
    close $socket or die $!' "$3" <"$WORK/file"
  wait "$CHILD"
  check "TCP $1 -> $3: the file differs" cmp -s "$WORK/file" "$WORK/copy"
}
