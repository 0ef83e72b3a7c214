#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# selftests.sh: the kernel's own forwarding tests, without and with tnad, each in a machine of its own:
#   selftests.sh KERNEL_TREE [TEST...]        e.g. selftests.sh ~/linux bridge_vlan_unaware router
# KERNEL_TREE has tools/testing/selftests/net/forwarding. Prints what each part of a test said twice, those
# that said another thing with tnad (status 1), and how many packets went fast. TNA_VM_KERNEL is the
# kernel (newest), TNA_VM_HOOK tnad's --hook (auto).
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(readlink -f "${TNA_BUILD:-$here/../../build}")
kernel=${TNA_VM_KERNEL:-newest}
standard="bridge_vlan_aware bridge_vlan_unaware bridge_locked_port bridge_port_isolation bridge_sticky_fdb
	bridge_fdb_learning_limit bridge_mdb no_forwarding local_termination router router_bridge
	router_bridge_vlan router_multipath"

[ $# -ge 1 ] || { sed -n '3,9s/^# \?//p' "$0" >&2; exit 2; }
folder=$(readlink -e "$1/tools/testing/selftests/net/forwarding") || {
	echo "selftests: $1 has no tools/testing/selftests/net/forwarding" >&2
	exit 2
}
shift

export PATH=${TNA_VM_TOOLS:+$(readlink -e "$TNA_VM_TOOLS"):}$PATH
missing=
for tool in mausezahn:netsniff-ng arping:iputils-arping jq:jq tcpdump:tcpdump tc:iproute2 ethtool:ethtool \
	traceroute6:traceroute qemu-system-x86_64:qemu-system-x86; do
	command -v "${tool%:*}" >/dev/null || missing="$missing ${tool#*:}"
done
[ -z "$missing" ] || echo "selftests: missing, so that some tests will be skipped; Debian packages:$missing" >&2
command -v mreceive >/dev/null || echo "selftests: local_termination wants msend and mreceive, of no Debian package: github.com/troglobit/mtools" >&2
ip link help bridge 2>&1 | grep -q fdb_max_learned ||
	echo "selftests: this iproute2 is older than 6.7; bridge_fdb_learning_limit and bridge_mdb want a newer one" >&2

tests=
for test in ${*:-$standard}; do
	test=${test%.sh}
	if [ -e "$folder/$test.sh" ]; then tests="$tests $test"; else echo "selftests: no $test in this tree"; fi
done
[ -n "$tests" ] || exit 2

results=$build/vm/selftests/$kernel
rm -rf "$results"
mkdir -p "$results"
for mode in without with; do
	mkdir "$results/$mode"
	# shellcheck disable=SC2086 # a list of names
	"$here/vmrun" --kernel "$kernel" --timeout 14400 --rw "$results/$mode" --env "TNA_BUILD=$build" --env "PATH=$PATH" -- \
		bash "$here/selftests-guest.sh" "$mode" "${TNA_VM_HOOK:-auto}" "$results/$mode" "$folder" $tests || {
		echo "selftests: the machine $mode tnad ended with $?" >&2
		exit 2
	}
done

echo
echo "outcomes without tnad: $(cut -f3 "$results/without/outcomes" | sort | uniq -c | xargs)"
echo "outcomes with tnad:    $(cut -f3 "$results/with/outcomes" | sort | uniq -c | xargs)"
echo "packets that went fast:"
awk -F'\t' '{ printf "  %-28s %8d\n", $1, $2; all += $2 } END { printf "  %-28s %8d\n", "all", all }' "$results/with/fast"
if difference=$(diff "$results/without/outcomes" "$results/with/outcomes"); then
	echo "no outcome differs"
else
	echo "different without (<) and with (>) tnad, logs in $results:"
	echo "$difference"
	exit 1
fi
