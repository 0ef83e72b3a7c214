#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# dispatcher: a port whose XDP is shared by libxdp's dispatcher is served at tc, behind its programs, which
# come and go as if TNA were not there. With a bare XDP program TNA stays away.
. "$(dirname "$0")/../netns/lib.sh"

setup() {
  tna_on || skip_all "it is about TNA"
  type xdp-filter xdp-loader clang-16 >/dev/null || skip_all "xdp-tools or clang-16 is not installed"
  bridge_world 3
  echo 'int pass(void *ctx) { return 2; } /* XDP_PASS */' |
    clang-16 -target bpf -O2 -g -x c - -c -o "$WORK/bare.o"
  cat >"$WORK/second.c" <<'EOF'
#include <linux/bpf.h>
__attribute__((section("xdp"), used)) int second(struct xdp_md *context) { return XDP_PASS; }
char _license[] __attribute__((section("license"), used)) = "GPL";
EOF
  clang-16 -target bpf -O2 -g -I"/usr/include/$(gcc -print-multiarch)" -c "$WORK/second.c" -o "$WORK/second.o"
  in_ns b xdp-filter load -m native p1 >"$WORK/said" 2>&1 || fail "xdp-filter: $(cat "$WORK/said")"
  same "what stands there" xdp_dispatcher "$(bpftool -j prog show id "$(xdp_of p1)" | jq -r .name)"
  start_tnad
  check "hook of p1: $(status p1 .why)" wait_hook p1 tc
  ping_ok h1 192.0.2.2 # learned, all of them
  ping_ok h1 192.0.2.3
}
xdp_of() { ip -n "$B" -d link show dev "$1" | sed -n 's/.*prog\/xdp id \([0-9]*\).*/\1/p'; }
programs() { # of p1's dispatcher, and its place
  in_ns b xdp-loader status p1 | sed -n 's/.*=> *\([0-9]*\) *\([a-z_]*\).*/\1 \2/p' | sort
}
says_dispatcher() { grep -q "libxdp's dispatcher (id $(xdp_of p1))" <(status p1 .why); }
without_fast_path() { has_hook p1 none && grep -q "another XDP program" <(status p1 .why); }

test_behind_it() {
  check "why: $(status p1 .why)" says_dispatcher
  sends_fast h1 h2 h2
  sends_fast h2 h1 h1
}

test_its_programs_decide() {
  check "a rule" in_ns b xdp-filter ether "$(mac h1)" -m src
  check "h1 is kept out" not in_ns h1 ping -q -c 2 -i 0.2 -W 1 192.0.2.2 >/dev/null
  check "no rule" in_ns b xdp-filter ether "$(mac h1)" -m src -r
  sends_fast h1 h2 h2
}

test_programs_come_and_go() {
  local first second
  first=$(xdp_of p1)
  in_ns b xdp-loader load -m native p1 "$WORK/second.o" >"$WORK/said" 2>&1 || fail "a second one: $(cat "$WORK/said")"
  second=$(xdp_of p1)
  check "another dispatcher" test "$first" != "$second"
  same "programs" 2 "$(programs | wc -l)"
  check "why: $(status p1 .why)" wait_until 5 says_dispatcher
  same "hook of p1" tc "$(hook_of p1)"
  sends_fast h1 h2 h2
  check "it goes" in_ns b xdp-loader unload p1 -i "$(in_ns b xdp-loader status p1 | sed -n 's/.*second *[a-z]* *\([0-9]*\) .*/\1/p')"
  same "programs" 1 "$(programs | wc -l)"
  check "why: $(status p1 .why)" wait_until 5 says_dispatcher
  sends_fast h1 h2 h2
}

test_tnad_comes_and_goes() {
  local before
  before="$(xdp_of p1) $(programs)"
  stop_tnad
  same "dispatcher and programs without tnad" "$before" "$(xdp_of p1) $(programs)"
  start_tnad
  check "hook of p1: $(status p1 .why)" wait_hook p1 tc
  same "dispatcher and programs with tnad" "$before" "$(xdp_of p1) $(programs)"
  sends_fast h1 h2 h2
}

test_bare_program() {
  check "xdp-filter goes" in_ns b xdp-filter unload p1
  wait_until 5 not says_dispatcher
  check "a bare program" ip -n "$B" link set dev p1 xdpdrv obj "$WORK/bare.o" sec .text
  check "p1: $(status p1 .why)" wait_until 5 without_fast_path
  sends h1 h2 h2
  ip -n "$B" link set dev p1 xdpdrv off
  check "hook of p1: $(status p1 .why)" wait_hook p1 tc
  sends_fast h1 h2 h2
}

run_tests
