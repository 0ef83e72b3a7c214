# SPDX-License-Identifier: Apache-2.0
# lib.sh: what every scenario needs: a world of network namespaces, the daemon, and assertions.
#
#   h1 eth0 --- p1 [     ] p2 --- eth0 h2      namespace b holds the bridge br0 and its ports,
#                  [ br0 ]                     h1, h2 ... are stations with one interface eth0
#   h3 eth0 --- p3 [     ] p4 --- eth0 h4      192.0.2.N/24, 02:00:00:00:00:0N
#
# A scenario sources this file, defines setup() and functions test_*(), and calls run_tests. They
# run once with each hook. TNA=off runs them on Linux alone: all that is said about packets must
# hold there too, which proves the scenario itself. TESTS="test_a test_b" and HOOKS=tc select some,
# WITHOUT="test_c" leaves out. CARDS=yes joins the stations by network cards (tests/vm/cards.sh).
# SLOW=8 is for a machine that many times slower: it has more time for everything, and fewer frames a second.
# An assertion that fails is counted and the test goes on, so that it still undoes what it did.

set -u
SELF=$(basename "$0" _test.sh)
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TNA=${TNA:-on}
TNA_BUILD=${TNA_BUILD:-$HERE/../../build}
TRAFFIC=${TRAFFIC:-$TNA_BUILD/tna_traffic}
[ "$TNA" = off ] && HOOKS=off || HOOKS=${HOOKS:-tc xdp}
SLOW=${SLOW:-1}

RUN=tna$$ # begins the name of every namespace
B=${RUN}b
WORK=$(mktemp -d "/tmp/tna-$SELF-XXXXXX")
CONTROL=$WORK/control.sock
COUNT=20 # frames in a shot
TNAD= PINS= # pid of the daemon, and its folders
STATIONS=()
ALSO= # further namespaces of the scenario
CHILDREN=()
CHILD=
CHECKS=0 FAILURES=0 DROPS=0 NOW="setup" HOOK=
declare -A FLOW=()

# --- results ----------------------------------------------------------------------------------
say() { echo "$SELF[$HOOK] $NOW: $*"; }
fail() {
  local drops
  FAILURES=$((FAILURES + 1))
  say "FAILED: $*"
  drops=$(($(backlog_drops) - DROPS))
  [ $drops = 0 ] || say "(this machine's receive queues lost $drops packets: other load?)"
}
# What all CPUs have dropped for want of room, of whatever network namespace.
backlog_drops() {
  local total=0 dropped rest
  while read -r rest dropped rest; do total=$((total + 16#$dropped)); done </proc/net/softnet_stat
  echo $total
}
# check "what must be so" COMMAND...
check() {
  local what=$1
  shift
  CHECKS=$((CHECKS + 1))
  "$@" && return
  fail "$what"
  return 1
}
# same "what" WANTED GOT
same() { check "$1: wanted '$2', got '$3'" test "$2" = "$3"; }
# at_least "what" LIMIT GOT, at_most "what" LIMIT GOT
at_least() { check "$1: wanted at least $2, got $3" test "$3" -ge "$2"; }
at_most() { check "$1: wanted at most $2, got $3" test "$3" -le "$2"; }
not() { ! "$@"; }
skip_all() {
  echo "$SELF: skipped: $*"
  exit 4
}
tna_on() { [ "$TNA" != off ]; }

# wait_until SECONDS COMMAND...: polls; false when the time is over.
wait_until() {
  local deadline=$((SECONDS + $1 * SLOW + 1))
  shift
  until "$@"; do
    [ $SECONDS -ge $deadline ] && return 1
    sleep 0.02
  done
}

# --- the world ----------------------------------------------------------------------------------
in_ns() { # in_ns b COMMAND...
  local name=$1
  shift
  nsenter --net="/run/netns/$RUN$name" "$@"
}
link() { ip -n "$B" link "$@"; }       # link set p1 down
# add_device WORDS...: what `ip link add` makes; false, and said, where the kernel has none
add_device() {
  link add "$@" 2>"$WORK/said" && return
  say "skipped: $(cat "$WORK/said")"
  return 1
}
port() { bridge -n "$B" link set dev "$@"; } # port p1 isolated on
fdb() { bridge -n "$B" fdb "$@"; }
mac() { # mac h1 | p1 | br0 | 02:...: the address of what is named
  case $1 in
    h*) printf '02:00:00:00:00:%02x' "${1#h}" ;;
    p*) printf '02:00:00:00:01:%02x' "${1#p}" ;;
    br0) echo 02:00:00:00:02:00 ;;
    *) echo "$1" ;;
  esac
}
new_netns() {
  ip netns add "$RUN$1"
  in_ns "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  ip -n "$RUN$1" link set lo up
}
add_station() { # add_station N: hN behind port pN
  local n=$1
  new_netns "h$n"
  STATIONS+=("h$n")
  if [ -n "${CARDS:-}" ]; then join_by_cards "$n"; else join_by_veth "$n"; fi
  ip -n "${RUN}h$n" addr add "192.0.2.$n/24" dev eth0
  ip -n "${RUN}h$n" link set eth0 up
  link set "p$n" master br0 up
}
join_by_veth() { # join_by_veth N: hN and pN
  link add "p$1" address "$(mac "p$1")" type veth peer name eth0 netns "${RUN}h$1" \
    address "$(mac "h$1")"
  in_ns "h$1" ethtool -K eth0 gro on >/dev/null # makes it a target for XDP
}
# Without a forward delay, since Linux starts its timer for a port without STP, too: by default a port that a test has
# set to listening or learning moves on 15 s after it came up (net/bridge/br_stp.c, br_make_forwarding).
bridge_world() { # bridge_world N: a bridge with N stations
  local n
  STATIONS=()
  new_netns b
  link add br0 address "$(mac br0)" type bridge stp_state 0 forward_delay 0 mcast_snooping 0
  link set br0 up
  for ((n = 1; n <= $1; n++)); do add_station "$n"; done
  wait_until 5 ports_forward || fail "ports did not come up"
}
router_world() { # router_world N: a router of both families between N hosts: hN is 10.0.N.2 and 2001:db8:N::2, it .1, ::1
  local n name
  STATIONS=()
  new_netns b
  in_ns b sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 \
    net.ipv6.conf.default.disable_ipv6=0
  for ((n = 1; n <= $1; n++)); do
    name=h$n
    new_netns "$name"
    STATIONS+=("$name")
    in_ns "$name" sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0
    join_by_veth "$n"
    link set p$n up
    ip -n "$B" addr add 10.0.$n.1/24 dev p$n
    ip -n "$B" addr add 2001:db8:$n::1/64 dev p$n nodad
    ip -n "$RUN$name" link set eth0 up
    ip -n "$RUN$name" addr add 10.0.$n.2/24 dev eth0
    ip -n "$RUN$name" addr add 2001:db8:$n::2/64 dev eth0 nodad
    ip -n "$RUN$name" route add default via 10.0.$n.1
    ip -n "$RUN$name" route add default via 2001:db8:$n::1
  done
}
# And the kernel has done all that follows from their links' coming up: on a slow machine it does that later,
# and sets them to forwarding once more.
ports_forward() {
  [ "$(bridge -n "$B" link show | grep -c 'state forwarding')" -ge "${#STATIONS[@]}" ] &&
    [ "$(ip -n "$B" -br link show master br0 | grep -cE '^[^ ]+ +(UP|UNKNOWN) ')" -ge "${#STATIONS[@]}" ]
}
end_world() {
  local name
  for name in b "${STATIONS[@]}" $ALSO; do ip netns del "$RUN$name" 2>/dev/null; done
  STATIONS=()
}
capture() { # capture NAME IF FILE [TCPDUMP-OPTION...]: tcpdump until finish $CHILD; returns when it listens
  local name=$1 where=$2 file=$3 log=$WORK/tcpdump.log
  shift 3
  : >"$log"
  nsenter --net="/run/netns/$RUN$name" tcpdump -nn -U -i "$where" -w "$file" "$@" 2>"$log" &
  CHILD=$!
  CHILDREN+=("$CHILD")
  wait_until 3 grep -q listening "$log" || fail "tcpdump -i $where does not start"
}
# finish PID: ends a background command and waits for it. A tcpdump that is told to end while it starts
# forgets it, and is killed then.
finish() {
  local i
  kill -TERM "$1" 2>/dev/null
  for ((i = 0; i < 20; i++)); do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.05
  done
  kill -KILL "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}

# --- the daemon ---------------------------------------------------------------------------------
tna() { "$TNA_BUILD/tna" --control "$CONTROL" "$@"; }
# start_tnad [OPTION...]: HOOK and namespace are given by the scenario; returns when it is ready.
start_tnad() { start_tnad_at --netns "$B" --control "$CONTROL" "$@"; }
start_tnad_at() { # start_tnad_at --netns NAME [OPTION...]: the namespaces are given, too; run by $STARTER
  tna_on || return 0
  LOG=$WORK/tnad.$RANDOM.log
  ${STARTER:-} "$TNA_BUILD/tnad" --hook "$HOOK" "$@" 2>"$LOG" &
  TNAD=$!
  wait_until "${PATIENCE:-10}" tnad_ready
  check "tnad became ready: $(tail -3 "$LOG")" kill -0 "$TNAD" 2>/dev/null || return 1
  PINS=$(readlink "/proc/$TNAD/fd/"* | grep /sys/fs/bpf/tna/) # it is the daemon's lock, too
}
tnad_ready() { grep -q ready "$LOG" || not kill -0 "$TNAD" 2>/dev/null; } 2>/dev/null
stop_tnad() {
  [ -n "$TNAD" ] || return 0
  kill -TERM "$TNAD"
  wait "$TNAD"
  same "exit status of tnad" 0 $?
  TNAD=
}
kill_tnad() { # as a crash would
  [ -n "$TNAD" ] || return 0
  kill -KILL "$TNAD"
  wait "$TNAD" 2>/dev/null
  TNAD=
}
# status IF JQ-FILTER: something of an interface in `tna status --json`
status() { tna status --json | jq -r ".interfaces[] | select(.name == \"$1\") | $2"; }
hook_of() { status "$1" .hook; }
fast_packets() { tna_on && status "$1" .fast_packets || echo 0; }
# counters IF REASON: fast packets, those punted for the reason (several: "a b"; all: "*"), and those
# punted because they refresh their source
counters() {
  tna_on || { echo 0 0 0; return; }
  tna status --json | jq -r --arg name "$1" --arg reasons "$2" '.interfaces[]
    | select(.name == $name) | "\(.fast_packets) \([.reasons | to_entries[]
    | select($reasons == "*" or (.key | IN($reasons | split(" ")[]))) | .value] | add // 0) \(
    .reasons.source_refresh // 0)"'
}
counted() { status "$1" '[.hook, .fast_packets, .reasons, .why] | tostring'; }
wait_hook() { wait_until 5 has_hook "$1" "$2"; } # wait_hook p1 tc
has_hook() { [ "$(hook_of "$1")" = "$2" ]; }

. "$HERE/frames.sh"
[ -z "${CARDS:-}" ] || . "$HERE/../vm/cards.sh"

# --- the run --------------------------------------------------------------------------------------
cleanup() {
  local pid
  [ $BASHPID = $$ ] || return # a background command, ended before it had become another program
  trap - EXIT INT TERM
  for pid in "${CHILDREN[@]}" $TNAD; do
    kill -CONT "$pid" 2>/dev/null
    kill -KILL "$pid" 2>/dev/null
  done
  wait 2>/dev/null
  end_world
  rm -rf "$WORK" $PINS
}
run_tests() {
  local all test
  all=${TESTS:-$(sed -n 's/^\(test_[a-z0-9_]*\)() .*/\1/p' "$0")}
  [ "$(id -u)" = 0 ] || skip_all "root is needed"
  [ -x "$TRAFFIC" ] || skip_all "$TRAFFIC is not built"
  DROPS=$(backlog_drops)
  trap cleanup EXIT
  trap 'exit 130' INT TERM
  for HOOK in $HOOKS; do
    NOW=setup
    setup
    for test in $all; do
      [[ " ${WITHOUT:-} " = *" $test "* ]] && continue
      NOW=$test
      [ -n "${VERBOSE:-}" ] && say "at $SECONDS s"
      $test
    done
    NOW=teardown
    stop_tnad
    end_world
  done
  echo "$SELF: $CHECKS checks with hooks '$HOOKS', $FAILURES failed, $SECONDS s"
  [ "$FAILURES" = 0 ]
  exit
}
