#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# suite.sh: the tests that run in a guest, one after the other, with what each printed in a file of its
# own: suite.sh RESULTS [NAME...]. One line per test, "PASS|FAIL|SKIP NAME SECONDS", which
# RESULTS/results.tsv has as well; RESULTS/capabilities.json says what TNA found this kernel to have.
#
# Emulated, programs run 5 to 60 times slower than outside, and most of a scenario's time is the start of
# programs: SLOW (tests/netns/lib.sh) gives them that time. Without TNA_VM_FULL each scenario runs with one
# hook only, some tests are left out, and some run on some kernels (TNA_VM_KERNEL) only.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tests=$(dirname "$here")
export TNA_BUILD=${TNA_BUILD:-$tests/../build}
results=$1
shift
only=" $* "
export SLOW=8
full=${TNA_VM_FULL:+TNA_VM_FULL=1} # as a variable for env
# Where a list of tests is divided among the kernels: which part a kernel has.
kernels=(6.1 6.12 second newest)
for share in "${!kernels[@]}"; do [ "${kernels[share]}" != "${TNA_VM_KERNEL:-}" ] || break; done
filter=Fdb*:GuardsOnTheWire*:Vlans*:BridgeIngress.Vlan*
filter=$filter:VlanUp.FromOne*:VlanUp.DeviceThat*:VlanXmit.Priority*:BridgeVlansRouted.FromVlanTo*:BridgeVlansRouted.ToA*
filter=$filter:RoutingIngress.Sends*:RoutingIngress.PacketSocket*
filter=$filter:RoutingFib.Every*:RoutingFib.Many*:RoutingFib.Reverse*:RoutingFib.Forwarding*:RouteCache.Changes*:Vrf.Ipv6*:Vrf.Into*
filter=$filter:Connections.Est*:Connections.Source*:Connections.WithMany*:Connections.Lifetime*:Zones.*:Hooks.*
frames=800
hook=xdp # of the differential machine
[ "${TNA_VM_KERNEL:-}" != newest ] || hook=tc
[ -z "$full" ] || filter=* frames=6000 hook=both
failed=0

# run NAME SECONDS COMMAND...: a test and how long it may take. Status 4 means that it can't run here.
run() {
	local name=$1 limit=$2 start=$SECONDS outcome
	shift 2
	[[ $only = "  " || $only = *" $name "* ]] || return
	timeout -k 10 "$limit" "$@" >"$results/$name.log" 2>&1
	case $? in
	0) outcome=PASS ;;
	4) outcome=SKIP ;;
	124 | 137) outcome=FAIL; echo "$name: not done after $limit s" >>"$results/$name.log" ;;
	*) outcome=FAIL ;;
	esac
	[ $outcome != FAIL ] || failed=1
	echo "$outcome $name $((SECONDS - start))"
	printf '%s\t%s\t%s\n' "$name" "$outcome" $((SECONDS - start)) >>"$results/results.tsv"
}
# scenario NAME HOOK [VARIABLE=VALUE...]: of tests/netns; HOOK is the only one unless all is to be run.
scenario() {
	local name=$1 hooks=$2
	shift 2
	[ -z "$full" ] || hooks="tc xdp"
	set_world "$hooks"
	run "netns.$name" 900 "${world[@]}" "$@" bash "$tests/netns/${name}_test.sh"
}
guest() { # guest NAME HOOK [VARIABLE=VALUE...]: what only this folder has
	local name=$1
	set_world "$2"
	shift 2
	run "guest.$name" 600 "${world[@]}" "$@" bash "$here/${name}_test.sh"
}
guest_veth() { # the same where it is about veths
	[ "$tcx" = true ] || { veths_left_alone "guest.$1"; return; }
	guest "$@"
}
veths_left_alone() { # veths_left_alone NAME
	run "$1" 10 sh -c 'echo "kernels without tcx leave veths to Linux"; exit 4'
}
scenario_veth() { # a scenario that is about veths
	[ "$tcx" = true ] || { veths_left_alone "netns.$1"; return; }
	scenario "$@"
}
# on "KERNEL..." COMMAND...: emulation takes so long that each kernel has a part of the tests, unless all is
# asked for, or a test by name.
on() {
	local kernels=" $1 "
	shift
	[ -n "$full" ] || [[ $only != "  " || $kernels = *" ${TNA_VM_KERNEL:-} "* ]] || return 0
	"$@"
}
# set_world HOOKS: without tcx there is XDP alone, and none for veth: the stations get network cards.
set_world() {
	world=(env "HOOKS=$1")
	[ "$tcx" = true ] || world=(env "HOOKS=${1/#tc*/xdp}" CARDS=yes)
}

# Its search for code of IPv6 wants br_netfilter, which is built into some kernels only.
with_bridge_netfilter() {
	modprobe br_netfilter
	"$@"
	rmmod br_netfilter # modprobe -r would take the bridge with it
}

# What TNA says of this kernel, and of one device of each kind, as "feature TAB yes".
features() {
	local control=/run/features.sock pid kind
	modprobe -q nf_conntrack # one of them is about it
	ip netns add features
	ip -n features link add veth0 type veth peer name veth1
	for kind in dummy bridge bond; do ip -n features link add "${kind}0" type "$kind"; done
	ip -n features link add vrf0 type vrf table 10
	ip -n features link add link dummy0 name vlan0 type vlan id 5
	ip -n features link add link dummy0 name macvlan0 type macvlan
	"$TNA_BUILD/tnad" --netns features --control "$control" 2>"$results/features.log" &
	pid=$!
	until grep -q ready "$results/features.log" || ! kill -0 $pid; do sleep 0.1; done
	"$TNA_BUILD/tna" --control "$control" capabilities --json >"$results/capabilities.json" || failed=1
	kill $pid
	wait $pid
	ip netns del features
	jq -r '(.kernel.features[] | [.name, if .available then "yes" else "no" end]),
		(.devices[] | select(.name != "lo" and .name != "veth1")
		| ["native XDP: " + (.name | rtrimstr("0")), if .native_xdp then "yes" else "no" end]) | @tsv' \
		"$results/capabilities.json" >"$results/features.tsv"
	tcx=$(jq '.kernel.features[] | select(.name == "tcx links").available' "$results/capabilities.json")
}

mkdir -p "$results"
: >"$results/results.tsv"

features
on "6.1" guest late_modules tc # early: it unloads what the others need
on "6.1 second" guest nic auto
on "6.1" guest devices tc
on "6.12" guest counting xdp
on "6.12" guest_veth flowtable "${full:+xdp }tc"
on "6.12" guest_veth dispatcher auto
on "newest" guest_veth vlan_ports auto "${full:-TESTS=test_vlans_of_two_bridges}"
on "newest" guest_veth vrf xdp "${full:-TESTS=test_each_has_its_own test_from_one_into_the_other test_tcpdump_on_the_vrf}"
on "6.12" guest_veth vlan_route xdp "${full:-TESTS=test_from_vlan_to_vlan test_device_goes_and_comes}"
on "newest" guest_veth bond_ports "${full:+xdp }auto" "${full:-TESTS=test_bond_active_backup}"
# The modules of the fast path that depend most on the kernel; each test starts with a cold cache.
[ -n "$full" ] || export GTEST_TOTAL_SHARDS=$((2 * ${#kernels[@]})) GTEST_SHARD_INDEX=$share
on "6.1 6.12 newest" run fpm 1200 "$TNA_BUILD/test_fpm" --gtest_filter="$filter"
on "6.1" scenario bridge tc "${full:-TESTS=test_ping test_routes test_tcp}" WITHOUT=test_udp # sockets overflow
on "newest" with_bridge_netfilter scenario minimal tc
on "6.12" scenario crash xdp "${full:-TESTS=test_killed test_restarted test_clean_stop}"
on "6.12" scenario_veth route xdp "${full:-WITHOUT=test_tcp}" # 20 MB, as in bridge
on "second" scenario semantics_device tc "${full:-TESTS=test_tc_ingress test_netdev_hooks test_nft_bridge test_tcpdump}"
on "newest" scenario semantics_fdb xdp "${full:-TESTS=test_learning test_moved test_local_destination}"
on "6.12" scenario semantics_port xdp "${full:-TESTS=test_tags test_state_learning test_isolated test_locked}"
[ -z "$full" ] || {
	scenario refusals tc
	scenario nowindow tc
	scenario churn tc
	scenario overrun tc
	scenario many tc PORTS=200
}
# differential NAME [OPTION...]: its cables are veths
differential() {
	local name=$1
	shift
	[ "$tcx" = true ] || { veths_left_alone "$name"; return; }
	run "$name" 1200 "$TNA_BUILD/tna_differential" --build "$TNA_BUILD" --hook "$hook" --frames $frames \
		--worlds $((frames / 400)) --seed 1 --differences 2 --shrink 60 "$@"
}
corpus=$(mktemp -d) # without the longest, of which an emulator makes minutes
number=0 # of those, each of the three kernels that have tcx has every third
for case in "$tests"/differential/corpus/*.case; do
	if [ -z "$full" ]; then
		[ "$(grep -c ^send "$case")" -le 450 ] || continue
		[ $((number++ % 3)) = $((share - 1)) ] || continue
	fi
	ln -s "$case" "$corpus"
done
# A bridge that filters drops much of what comes at random, which is Linux's work.
[ -z "$full" ] || differential differential.bridge_rules --shape "bridge with rules" --least-fast 15
# Worlds of routers take an emulator 10 minutes each.
[ -z "$full" ] || differential differential --least-fast 20
[ -z "$full" ] || differential differential.hooks --shape "with a hook" --fast-of changed --least-fast 20
on "6.12 second newest" differential differential.vlan --corpus "$corpus" --shape VLAN --least-fast 10 # two worlds: much is luck
awk -F'\t' '{ print "test " $1 "\t" tolower($2) }' "$results/results.tsv" >>"$results/features.tsv"
[ -s "$results/results.tsv" ] || { echo "there is no test of that name" >&2; failed=1; }
exit $failed
