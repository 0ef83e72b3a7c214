#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# faults.sh: is a fast path that is wrong found out? Puts the faults of faults/table into a copy of
# bpf/, one at a time, and has tna_differential look for it with random worlds.
#
#   faults.sh [--seconds N] [--seed S] [all | NAME...]
#
# Without a name: a few of them, as ctest does. Fails when one is not found within N seconds (180), or
# when the table's text is not in the sources. TNA_BUILD is the build folder.
set -u
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
build=$(cd "${TNA_BUILD:-$source/build}" && pwd) || exit 1
seconds=180
seed=1
names=()
few=(tap neighbour)

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
	printf '%s\n' "${sources//"$2"/"$3"}" >"$file"
	compile
}

# look_for NAME HOOK [SHAPE]
look_for() {
	local begin=$SECONDS
	"$build/tna_differential" --build "$build" --objects "$work/objects" --hook "$2" --seed "$seed" \
		--minutes "$(awk "BEGIN { print $seconds / 60 }")" --differences 1 --shrink 0 \
		--save "$work/found" ${3:+--shape "$3"} >"$work/log" 2>&1 &
	child=$!
	wait "$child"
	child=
	if grep -q '^differences: ' "$work/log"; then
		echo "$1, $2: found after $((SECONDS - begin)) s"
	elif grep -q 'there is no such shape of worlds here' "$work/log"; then
		echo "$1, $2: not on this kernel"
	else
		echo "$1, $2: NOT FOUND in $((SECONDS - begin)) s:"
		tail -n 8 "$work/log"
		failed=1
	fi
}

# texts_stand: of every fault, also of those which are not looked for now: sources move on.
texts_stand() {
	local name hooks file shape text replacement sources
	while read -r name hooks file shape && read -r _ text && read -r _ replacement; do
		sources=$(<"$source/bpf/$file") && [[ $sources == *"$text"* ]] && continue
		echo "faults/table, $name: bpf/$file has no: $text"
		failed=1
	done < <(grep -v -e '^#' -e '^$' "$here/faults/table")
}

failed=0
texts_stand
known=" all "
while read -r name hooks file shape && read -r _ text && read -r _ replacement; do
	known+="$name "
	[[ " ${names[*]} " == *" $name "* || ${names[*]} == all ]] || continue
	put_in "$file" "$text" "$replacement" || { failed=1; continue; }
	[ "$hooks" = both ] && hooks="tc xdp"
	for hook in $hooks; do look_for "$name" "$hook" "$shape"; done
done < <(grep -v -e '^#' -e '^$' "$here/faults/table")
for name in "${names[@]}"; do
	[[ $known == *" $name "* ]] || { echo "faults/table has no $name"; failed=1; }
done
exit "$failed"
