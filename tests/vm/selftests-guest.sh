#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# selftests-guest.sh: the part of selftests.sh in the guest: selftests-guest.sh without|with HOOK RESULTS
# FOLDER TEST... Leaves RESULTS/outcomes, "test TAB part TAB outcome", RESULTS/fast, "test TAB packets", and
# a log of each test. tnad serves the first namespace, where these tests have switch and hosts.
set -u
mode=$1 hook=$2 results=$3 folder=$4
shift 4
control=/run/tnad.sock
: >"$results/outcomes"
: >"$results/fast"

cd "$folder" || exit 1
[ -e forwarding.config ] || cp forwarding.config.sample forwarding.config # in the guest's memory
modprobe -a veth bridge 8021q vrf

fast_packets() {
	"$TNA_BUILD/tna" --control "$control" status --json | jq '[.interfaces[].fast_packets] | add // 0'
}
if [ "$mode" = with ]; then
	"$TNA_BUILD/tnad" --hook "$hook" --control "$control" 2>"$results/tnad.log" &
	tnad=$!
	until grep -q ready "$results/tnad.log"; do
		kill -0 $tnad || { cat "$results/tnad.log"; exit 1; }
		sleep 0.1
	done
fi

for test in "$@"; do
	start=$SECONDS before=0
	[ "$mode" = without ] || before=$(fast_packets)
	timeout -k 10 1800 bash "./$test.sh" >"$results/$test.log" 2>&1
	status=$?
	sed -n 's/^TEST: \(.*[^ ]\) *\[ *\([A-Z]*\) *\].*/\1\t\2/p' "$results/$test.log" |
		sed "s/^/$test\t/" >>"$results/outcomes"
	printf '%s\t(all)\t%s\n' "$test" "$(case $status in 0) echo OK ;; 4) echo SKIP ;; *) echo FAIL ;; esac)" \
		>>"$results/outcomes"
	[ "$mode" = without ] || printf '%s\t%s\n' "$test" $(($(fast_packets) - before)) >>"$results/fast"
	echo "$mode tnad: $test status $status, $((SECONDS - start)) s"
done
[ "$mode" = without ] || {
	"$TNA_BUILD/tna" --control "$control" status >"$results/status" 2>&1
	kill $tnad
	wait $tnad
}
