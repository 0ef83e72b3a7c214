#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test.sh: the suite under another kernel, from outside: test.sh KERNEL [NAME...]. What failed is printed;
# everything, also for the table in docs/kernels.md, is left in TNA_BUILD/vm/KERNEL. Status 4, for ctest
# a skipped test, where no machine can be had.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(readlink -f "${TNA_BUILD:-$here/../../build}")
kernel=$1
shift
results=$build/vm/$kernel

skip() {
	echo "vm.$kernel: skipped: $*"
	exit 4
}

[ "$(id -u)" = 0 ] || skip "root is needed, whose files the guest shares"
command -v qemu-system-x86_64 >/dev/null || skip "QEMU is missing (Debian package: qemu-system-x86)"
found=$("$here/vmrun" --kernel "$kernel" --fetch 2>&1) || skip "no kernel: $found"
queues=2
[ -c /dev/net/tun ] || { queues=1; echo "no /dev/net/tun: the guest's network cards have one queue"; }

rm -rf "$results"
mkdir -p "$results"
echo "Linux $(echo "$found" | tail -n 1 | cut -d' ' -f2)"
"$here/vmrun" --kernel "$kernel" --timeout 5400 --rw "$results" --nic-pairs 4 --nic-queues "$queues" \
	--env "TNA_BUILD=$build" --env "TNA_VM_KERNEL=$kernel" --env "TNA_VM_FULL=${TNA_VM_FULL:-}" -- bash "$here/suite.sh" "$results" "$@"
status=$?
while read -r name outcome _; do
	[ "$outcome" = FAIL ] || [ "$outcome" = SKIP ] || continue
	echo "--- $name: $outcome"
	tail -n 40 "$results/$name.log"
done <"$results/results.tsv"
awk -v kernel="$kernel" '{ count[$2]++; seconds += $3 } END {
	printf "vm.%s: %d passed, %d failed, %d skipped, %d s\n", kernel, count["PASS"], count["FAIL"],
		count["SKIP"], seconds }' "$results/results.tsv"
[ ! -s "$results/features.tsv" ] || {
	release=$(echo "$found" | tail -n 1)
	sed -i "1i kernel\t$(echo "$release" | grep -oE '^[0-9]+\.[0-9]+')\nDebian package\t$(echo "$release" | cut -d' ' -f2)" \
		"$results/features.tsv"
}
exit $status
