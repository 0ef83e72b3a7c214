#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# faults.sh: is a fast path that is wrong found out? Puts the faults of faults/table into a copy of
# bpf/, one at a time, and has tna_differential look for it with random worlds.
#
#   faults.sh [--seconds N] [--seed S] [all | NAME...]
#
# Without a name: a few of them, as ctest does. Fails when one is not found within N seconds (60), or
# when the table's text is not in the sources. TNA_BUILD is the build folder.
set -u
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
build=$(cd "${TNA_BUILD:-$source/build}" && pwd) || exit 1
seconds=60
seed=1
names=()
few=(isolated fdb_local bridge_nf_trim tap neighbour)

while [ $# -gt 0 ]; do
	case $1 in
	--seconds | --seed)
		declare "${1#--}=$2"
		shift
		;;
	-*)
		sed -n '3,9s/^# \{0,1\}//p' "$0"
		exit 2
		;;
	*) names+=("$1") ;;
	esac
	shift
done
[ ${#names[@]} -gt 0 ] || names=("${few[@]}")

work=$(mktemp -d)
child=
clean_up() {
	[ -z "$child" ] || { kill "$child" && wait "$child"; } 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# Compiles the copy of bpf/ as the build compiled the original.
compile() {
	local command object
	for object in "$build"/bpf/pipeline*.bpf.o; do
		command=$(ninja -C "$build" -t commands "$object" | tail -n 1)
		command=${command//"$build/bpf"/"$work/objects"}
		command=${command//"$source/bpf"/"$work/bpf"}
		bash -c "$command" >"$work/log" 2>&1 || { cat "$work/log"; return 1; }
	done
}

# put_in FILE TEXT REPLACEMENT
put_in() {
	local file=$work/bpf/$1 sources
	rm -rf "$work/bpf" "$work/objects"
	cp -r "$source/bpf" "$work/bpf" && sources=$(<"$file") || return 1
	if [[ $sources != *"$2"* ]]; then
		echo "faults/table: bpf/$1 has no: $2"
		return 1
	fi
	printf '%s\n' "${sources//"$2"/"$3"}" >"$file"
	compile
}

# look_for NAME HOOK
look_for() {
	local begin=$SECONDS
	"$build/tna_differential" --build "$build" --objects "$work/objects" --hook "$2" --seed "$seed" \
		--minutes "$(awk "BEGIN { print $seconds / 60 }")" --differences 1 --shrink 0 \
		--save "$work/found" >"$work/log" 2>&1 &
	child=$!
	wait "$child"
	child=
	if grep -q '^differences: ' "$work/log"; then
		echo "$1, $2: found after $((SECONDS - begin)) s"
	else
		echo "$1, $2: NOT FOUND in $((SECONDS - begin)) s:"
		tail -n 8 "$work/log"
		failed=1
	fi
}

failed=0
known=" all "
while read -r name hooks file && read -r _ text && read -r _ replacement; do
	known+="$name "
	[[ " ${names[*]} " == *" $name "* || ${names[*]} == all ]] || continue
	put_in "$file" "$text" "$replacement" || { failed=1; continue; }
	[ "$hooks" = both ] && hooks="tc xdp"
	for hook in $hooks; do look_for "$name" "$hook"; done
done < <(grep -v -e '^#' -e '^$' "$here/faults/table")
for name in "${names[@]}"; do
	[[ $known == *" $name "* ]] || { echo "faults/table has no $name"; failed=1; }
done
exit "$failed"
