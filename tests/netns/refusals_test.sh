#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# refusals: what can't be done, or was asked for wrongly, is said in clear words; Linux goes on.
#
#   h1 ---- p1 [ br0 ] p2 ---- h2
#   h3 ---- p3 [     ]
. "$(dirname "$0")/lib.sh"

tna_on || skip_all "it is about tnad alone"

setup() {
  bridge_world 3
  learn h1 h2 h3
  start_tnad
}

# fails_to_start WORDS OPTION...: tnad ends by itself, with an error, and says all these words.
fails_to_start() {
  local word words=$1 status
  shift
  timeout 10 "$TNA_BUILD/tnad" --hook "$HOOK" "$@" >"$WORK/said" 2>&1
  status=$?
  check "tnad $* ended with $status" test $status != 0 -a $status -lt 124
  for word in $words; do
    check "tnad $* does not say '$word', but: $(cat "$WORK/said")" grep -qF -- "$word" "$WORK/said"
  done
}
said() { grep -qF -- "$1" "$LOG"; } # the running daemon's log

test_foreign_xdp() { # somebody else's program is his
  type clang-16 >/dev/null || { say "skipped: no clang to make an XDP program"; return; }
  local id
  echo 'int pass(void *ctx) { return 2; } /* XDP_PASS */' |
    clang-16 -target bpf -O2 -x c - -c -o "$WORK/pass.o"
  stop_tnad
  ip -n "$B" link set dev p1 xdpdrv obj "$WORK/pass.o" sec .text
  id=$(xdp_of p1)
  check "the program could not be attached" test -n "$id"
  start_tnad
  if [ "$HOOK" = xdp ]; then
    check "hook of p1: $(hook_of p1)" has_hook p1 none
    check "why p1 is left alone: $(status p1 .why)" grep -qi xdp <(status p1 .why)
  fi
  same "program of p1" "$id" "$(xdp_of p1)"
  sends h1 h2 h2
  sends h2 h1 h1
  sends_fast h2 h3 h3
  stop_tnad
  same "program of p1 after tnad" "$id" "$(xdp_of p1)"
  ip -n "$B" link set dev p1 xdpdrv off
  start_tnad
  sends_fast h1 h2 h2
  # One that comes while TNA's is there is refused by the kernel (xdp), or lives beside it (tc).
  ip -n "$B" link set dev p2 xdpdrv obj "$WORK/pass.o" sec .text 2>/dev/null
  sends h1 h2 h2
  sends h2 h1 h1
  if [ "$HOOK" = tc ]; then
    ip -n "$B" link set dev p2 xdpdrv off
  fi
  sends_fast h1 h2 h2
}
xdp_of() { ip -n "$B" -d link show dev "$1" | sed -n 's/.*prog\/xdp id \([0-9]*\).*/\1/p'; }

test_no_redirect_target() { # XDP into a veth whose peer has no NAPI would lose the frames
  [ "$HOOK" = xdp ] || return
  sends_fast h1 h2 h2
  in_ns h2 ethtool -K eth0 gro off
  sends h1 h2 h2
  sends_slow any h1 h2 h2
  in_ns h2 ethtool -K eth0 gro on
  sends_fast h1 h2 h2
}

test_broken_configuration() {
  local file=$WORK/broken.toml
  printf 'lease_seconds = 10\nsettle_ms = "soon"\n' >"$file"
  fails_to_start "$file 2 settle_ms" --netns "$B" --config "$file" --control "$WORK/other.sock"
  printf '\n\nleese_seconds = 10\n' >"$file"
  fails_to_start "$file 3 leese_seconds" --netns "$B" --config "$file" --control "$WORK/other.sock"
  printf '[interface.p1]\nhook = "fast"\n' >"$file"
  fails_to_start "$file 2 hook" --netns "$B" --config "$file" --control "$WORK/other.sock"
  printf 'hook = [\n' >"$file"
  fails_to_start "$file" --netns "$B" --config "$file" --control "$WORK/other.sock"
  fails_to_start "$WORK/missing.toml" --netns "$B" --config "$WORK/missing.toml"
}

test_broken_reload() { # SIGHUP: what is broken changes nothing
  local file=$WORK/tna.toml
  stop_tnad
  printf 'lease_seconds = 20\n' >"$file"
  start_tnad --config "$file"
  sends_fast h1 h2 h2
  printf 'lease_seconds = 40\n[interface.p1]\nhoook = "tc"\n' >"$file"
  kill -HUP "$TNAD"
  wait_until 3 said hoook || fail "the broken file is not in the log: $(tail -2 "$LOG")"
  check "file and line are not in the log: $(tail -2 "$LOG")" said "$file:3"
  same "lease in ms" 20000 "$(tna status --json | jq .lease_ms)"
  sends_fast h1 h2 h2
  printf 'lease_seconds = 40\n[interface.p1]\nhook = "none"\n' >"$file"
  kill -HUP "$TNAD"
  wait_until 3 leased 40000 || fail "a good file is not taken: $(tail -2 "$LOG")"
  sends_fast h2 h3 h3
  stop_tnad
  start_tnad
}
leased() { [ "$(tna status --json | jq .lease_ms)" = "$1" ]; }

test_broken_knowledge() {
  local folder=$WORK/knowledge.d
  mkdir -p "$folder"
  printf 'knowledge_dir = "%s"\n' "$folder" >"$WORK/tna.toml"
  printf '[[implies]]\non = "bridge"\nwiht = "address"\n' >"$folder/mine.toml"
  fails_to_start "$folder/mine.toml 3 wiht" --netns "$B" --config "$WORK/tna.toml" \
    --control "$WORK/other.sock"
  rm "$folder/mine.toml"
  stop_tnad
  start_tnad --config "$WORK/tna.toml"
  printf '[[implies]]\non = "bridge"\nwiht = "address"\n' >"$folder/mine.toml"
  kill -HUP "$TNAD"
  wait_until 3 said wiht || fail "the broken file is not in the log: $(tail -2 "$LOG")"
  sends_fast h1 h2 h2
  stop_tnad
  start_tnad
}

test_command_line() {
  fails_to_start "no-such-namespace" --netns no-such-namespace --control "$WORK/other.sock"
  fails_to_start "--hook" --netns "$B" --hook fastest
  fails_to_start "--no-such-option" --netns "$B" --no-such-option
}

test_two_daemons() {
  sends_fast h1 h2 h2
  fails_to_start "another tnad" --netns "$B" --control "$WORK/other.sock"
  check "the first one is dead" kill -0 "$TNAD"
  sends_fast h1 h2 h2
}

# ask BYTES...: what the control socket answers to these, 5 seconds at most
ask() {
  timeout 5 perl -MIO::Socket::UNIX -e '
    my $socket = IO::Socket::UNIX->new(Peer => shift) or die "connect: $!\n";
    $socket->print(shift); $socket->flush;
    print scalar <$socket> // "closed\n"' "$CONTROL" "$@" 2>&1
}
test_control_socket() {
  check "garbage: $(ask $'garbage\n')" grep -q '"ok":false' <(ask $'garbage\n')
  check "no object: $(ask $'[1,2]\n')" grep -q '"ok":false' <(ask $'[1,2]\n')
  check "unknown command" grep -q '"ok":false' <(ask $'{"command":"explode"}\n')
  check "wrong arguments" grep -q '"ok":false' \
    <(ask $'{"command":"pipeline","arguments":{"interface":7}}\n')
  check "deeply nested: $(ask "$(head -c 20000 /dev/zero | tr '\0' '[')"$'\n')" \
    grep -q '"ok":false' <(ask "$(head -c 20000 /dev/zero | tr '\0' '[')"$'\n')
  check "a request without an end" oversized
  check "unknown interface" not tna pipeline no-such-interface 2>/dev/null
  same "hook of p1 after all this" "$HOOK" "$(hook_of p1)"
  sends_fast h1 h2 h2
}
oversized() { # more than the socket takes: it says so, or hangs up, and lives
  head -c 300000 /dev/zero | tr '\0' x >"$WORK/long"
  perl -MIO::Socket::UNIX -e '
    $SIG{PIPE} = "IGNORE"; alarm 5;
    my $socket = IO::Socket::UNIX->new(Peer => shift) or die "connect: $!\n";
    while (sysread STDIN, my $part, 4096) { syswrite $socket, $part or last }
    $socket->shutdown(1);
    my $answer = <$socket>;
    exit(defined $answer && $answer !~ /"ok":false/)' "$CONTROL" <"$WORK/long"
}

test_not_root() { # whoever is not root learns nothing and changes nothing
  local status
  chmod 711 "$WORK"
  setpriv --reuid 65534 --regid 65534 --clear-groups "$TNA_BUILD/tna" --control "$CONTROL" detach \
    >"$WORK/said" 2>&1
  status=$?
  check "nobody was served: $(cat "$WORK/said")" test $status != 0
  check "the refusal: $(cat "$WORK/said")" grep -qi -e permission -e root "$WORK/said"
  same "hook of p1" "$HOOK" "$(hook_of p1)"
}

test_no_daemon() {
  local status
  stop_tnad
  tna status >"$WORK/said" 2>&1
  status=$?
  check "status without a daemon" test $status != 0
  check "it says: $(cat "$WORK/said")" grep -qi -e 'tnad' "$WORK/said"
  sends h1 h2 h2
  start_tnad
}

test_hook_none() {
  stop_tnad
  HOOK=none start_tnad
  same "hook of p1" none "$(hook_of p1)"
  check "a reason is given" test -n "$(status p1 .why)"
  sends h1 h2 h2
  stop_tnad
  start_tnad
  sends_fast h1 h2 h2
}

run_tests
