#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# minimal: the loaded program has code for what is configured and for nothing else: its translated
# instructions, as the kernel runs them, are looked at.
#
#   h1 ---- p1 [ br0 ] p2 ---- h2       no VLAN, no routing; IPv6 first off, then on
. "$(dirname "$0")/lib.sh"

tna_on || skip_all "it is about tnad alone"

setup() {
  bridge_world 2
  learn h1 h2
  start_tnad
}

program_of() { # program_of p1: the id of the program that TNA has there
  local index
  index=$(ip -n "$B" -o link show dev "$1" | cut -d: -f1)
  awk -v index_of="$index" '/^prog_id/ { id = $2 } /^ifindex/ && $2 == index_of { print id }' \
    /proc/"$TNAD"/fdinfo/* | head -1
}
translated() { bpftool prog dump xlated id "$1" >"$WORK/code"; }
count() { grep -cE "$1" "$WORK/code"; }

ROUTING='call .*fib_lookup|call .*neigh'
CONNTRACK='call .*ct_lookup|call .*ct_release'
VLAN_TYPE='if [rw][0-9]+ (==|!=) 0x(0*81|a888)( |$)' # 802.1Q, 802.1ad in network order
VLAN_EDIT='call .*vlan_(push|pop)|call .*adjust_head'
IPV6_TYPE='if [rw][0-9]+ (==|!=) 0x(0*dd86)( |$)'
IPV6_HEADER='[rw][0-9]+ \+= 54( |$)' # the end of the IPv6 header, without tag

test_bridge_only() {
  sends_fast h1 h2 h2
  translated "$(program_of p1)" || fail "no program at p1"
  at_least "instructions that bpftool shows" 300 "$(count '^ *[0-9]+: ')"
  same "instructions in the status" "$(($(tail -1 "$WORK/code" | sed 's/^ *\([0-9]*\):.*/\1/') + 1))" \
    "$(status p1 .instructions)"
  same "routing code" 0 "$(count "$ROUTING")"
  same "conntrack code" 0 "$(count "$CONNTRACK")"
  # One with each may be, since what follows a tag is the frame's protocol to any bridge; and one where VLAN
  # devices take frames of theirs.
  at_most "comparisons with VLAN types" 3 "$(count "$VLAN_TYPE")"
  same "VLAN tags added or removed" 0 "$(count "$VLAN_EDIT")"
  same "accesses to IPv6 headers" 0 "$(count "$IPV6_HEADER")"
  # One comparison may be: br_netfilter sees bridged IPv6, so that is left to Linux.
  at_most "comparisons with the type of IPv6" 1 "$(count "$IPV6_TYPE")"
  check "modules: $(status p1 '.modules | tostring')" \
    not grep -qE 'vlan|fib|conntrack|l3' <(status p1 '.modules | tostring')
}

test_ipv6_makes_a_difference() { # else the search above would prove nothing
  local before
  before=$(status p1 .instructions)
  in_ns b sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.br0.disable_ipv6=0
  ip -n "$B" addr add 2001:db8::1/64 dev br0 nodad
  wait_until 5 more_than "$before" || fail "IPv6 came, the program is the same"
  sends_fast h1 h2 h2
  sends_fast h1 h2 h2 --ethertype 0x86dd
  translated "$(program_of p1)"
  at_least "accesses to IPv6 headers" 1 "$(count "$IPV6_HEADER")"
}
more_than() { [ "$(status p1 .instructions)" -gt "$1" ]; }

test_search_finds() { # the same for what no program of TNA has so far
  type clang-16 >/dev/null || return
  local pin=/sys/fs/bpf/tna-test-$$
  cat >"$WORK/big.c" <<'EOF'
struct xdp_md { unsigned data, data_end; };
static long (*fib_lookup)(void *, void *, int, unsigned) = (void *)69;
static long (*adjust_head)(struct xdp_md *, int) = (void *)44;
__attribute__((section("xdp"))) int big(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	char key[64] = {};
	if (data + 14 > (unsigned char *)(long)ctx->data_end)
		return 2;
	if (*(unsigned short *)(data + 12) == 0x81 || *(unsigned short *)(data + 12) == 0xa888)
		return adjust_head(ctx, 4) ? 1 : 2;
	return fib_lookup(ctx, key, sizeof(key), 0) ? 1 : 2;
}
char gpl[] __attribute__((section("license"))) = "GPL";
EOF
  clang-16 -target bpf -O2 -g -c -o "$WORK/big.o" "$WORK/big.c"
  bpftool prog load "$WORK/big.o" "$pin" type xdp 2>"$WORK/said" || fail "$(cat "$WORK/said")"
  translated "$(bpftool -j prog show pinned "$pin" | jq .id)"
  rm -f "$pin"
  at_least "routing code" 1 "$(count "$ROUTING")"
  at_least "comparisons with VLAN types" 2 "$(count "$VLAN_TYPE")"
  at_least "VLAN tags added or removed" 1 "$(count "$VLAN_EDIT")"
}

run_tests
