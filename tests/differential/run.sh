#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh: the differential test of ctest: does the machine find what is wrong; the corpus and random
# worlds with the tc hook and with XDP; such with a hook that changes packets. TNA_BUILD is the build folder; TNA_SEED, TNA_FRAMES for more.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${TNA_BUILD:-$here/../../build}
seed=${TNA_SEED:-1}
frames=${TNA_FRAMES:-9000}
failed=0
child=

# The program removes its namespaces itself; this is for the case that it is killed.
clean_up() {
	[ -n "$child" ] || return
	kill "$child" 2>/dev/null
	wait "$child" 2>/dev/null
	ip netns list | cut -d' ' -f1 | grep "^tdiff-$child-" | xargs -r -n1 ip netns del
	child=
}
trap clean_up EXIT
trap 'exit 1' INT TERM

differential() {
	"$build/tna_differential" "$@" --seed "$seed" &
	child=$!
	wait "$child" || failed=1
	clean_up
}

differential --self-test --frames 1200
differential --build "$build" --hook both --frames "$frames" --worlds $((frames / 400)) --corpus "$here/corpus" \
	--differences 2 --shrink 60
differential --build "$build" --hook both --frames $((frames / 5)) --worlds 8 --shape "with a hook" \
	--fast-of changed --least-fast 20 --differences 2 --shrink 60
exit $failed
