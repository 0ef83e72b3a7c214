#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# table.sh: the table "kernels and features" of docs/kernels.md, from what the last runs left in
# TNA_BUILD/vm: is the committed one still right? With TNA_WRITE_TABLE it is written. Kernels that were
# not run are not compared, nor tests that were left out; a series that the committed table does not know
# is said, and no failure.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${TNA_BUILD:-$here/../../build}
document=$here/../../docs/kernels.md
begin='<!-- written by tests/vm/table.sh -->' end='<!-- end of what is written -->'

columns=()
while read -r _ folder; do columns+=("$folder"); done < <(
	for file in "$build"/vm/*/features.tsv; do
		[ -e "$file" ] && echo "$(awk -F'\t' 'NR == 1 { print $2 }' "$file") ${file%/features.tsv}"
	done | sort -V | awk '!seen[$1]++')
[ ${#columns[@]} -gt 0 ] || { echo "vm.table: skipped: no kernel was run"; exit 4; }

# The rows are those of all kernels, in the order of the first one.
make_table() {
	awk -F'\t' '
		FNR == 1 { kernels++ }
		!($1 in row) { row[$1] = ++rows; name[rows] = $1 }
		{ cell[row[$1], kernels] = $2 }
		END {
			for (r = 1; r <= rows; r++) {
				line = "| " (r > 1 ? name[r] : "")
				for (k = 1; k <= kernels; k++) line = line " | " ((r, k) in cell ? cell[r, k] : "-")
				print line " |"
				if (r == 1) { line = "|---"; for (k = 1; k <= kernels; k++) line = line "|---"; print line "|" }
			}
		}' "${columns[@]/%//features.tsv}"
}
# The committed table as "series TAB row TAB value", and the new one.
cells() {
	awk -F' *[|] *' '
		NR == 1 { for (k = 3; k < NF; k++) series[k] = $k }
		NR > 2 && $2 != "Debian package" { for (k = 3; k < NF; k++) print series[k] "\t" $2 "\t" $k }' | sort
}
committed() { awk -v begin="$begin" -v end="$end" '$0 == begin, $0 == end' "$document" | grep '^|'; }

but_tests_missing_in() { # but_tests_missing_in OTHER FILE: FILE without them
	awk -F'\t' 'NR == FNR { if ($3 != "-") there[$2]; next } $2 !~ /^test / || $3 != "-" && $2 in there' \
		"$build/vm/$1" "$build/vm/$2"
}

make_table >"$build/vm/table.md"
if [ -n "${TNA_WRITE_TABLE:-}" ]; then
	awk -v begin="$begin" -v end="$end" -v table="$build/vm/table.md" '
		$0 == end { inside = 0 }
		!inside { print }
		$0 == begin { inside = 1; while ((getline line <table) > 0) print line }' "$document" >"$build/vm/document"
	cat "$build/vm/document" >"$document"
	echo "docs/kernels.md: table of ${#columns[@]} kernels written"
	exit 0
fi

known=$(committed | cells | cut -f1 | sort -u)
status=0
for folder in "${columns[@]}"; do
	series=$(awk -F'\t' 'NR == 1 { print $2 }' "$folder/features.tsv")
	if ! grep -qxF "$series" <<<"$known"; then
		echo "docs/kernels.md does not have kernel $series yet: scripts/test --vm all --write-table"
		[ $status = 1 ] || status=4
		continue
	fi
	committed | cells | grep "^$series	" >"$build/vm/committed"
	cells <"$build/vm/table.md" | grep "^$series	" >"$build/vm/found"
	difference=$(diff <(but_tests_missing_in found committed) <(but_tests_missing_in committed found))
	[ -z "$difference" ] && continue
	echo "docs/kernels.md says otherwise (<) of $series than this run (>):"
	echo "$difference"
	status=1
done
[ $status = 0 ] && echo "docs/kernels.md is right about ${#columns[@]} kernels"
exit $status
