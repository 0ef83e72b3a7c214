#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh READER SECONDS [OPTION...]: the fuzzer of that reader (nft, xtables) on the recorded seeds,
# then for so long on what it makes of them. Options are libFuzzer's. An input that crashes it, leaks
# or takes too long is named: one of the seeds, or a file in a folder of its own ($FOUND, if given).
set -eu
reader=$1 seconds=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
fuzzer=${TNA_BUILD:-$here/../../build}/fuzz_$reader
found=${FOUND:-$(mktemp -d "${TMPDIR:-/tmp}/tna-fuzz-$reader-XXXXXX")}
corpus=$(mktemp -d)
trap 'rm -rf "$corpus"; rmdir --ignore-fail-on-non-empty "$found"' EXIT
limits=(-timeout=20 -rss_limit_mb=2048 "-artifact_prefix=$found/$reader-")
failed() {
	echo "fuzz_$reader: FAILED; once more: $fuzzer FILE, with the file that is named above" >&2
	exit 1
}
export UBSAN_OPTIONS=print_stacktrace=1
"$fuzzer" "${limits[@]}" "$here/seeds/$reader"/* >"$corpus/log" 2>&1 || {
	cat "$corpus/log"
	failed
}
nice -n 19 "$fuzzer" "${limits[@]}" -max_total_time="$seconds" -max_len=16384 -print_final_stats=1 \
	-verbosity=0 "$@" "$corpus" "$here/seeds/$reader" || failed
