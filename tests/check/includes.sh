#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who may include whom (docs/tour.md). Prints FILE:LINE of every include that turns an arrow back.
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0

# complain WHY: reads offending lines, FILE:LINE:TEXT.
complain() {
  local line
  while IFS= read -r line; do
    echo "$line    <- $1"
    failed=1
  done
}

# may STAGE PATTERN: the headers of ours that files in src/STAGE may include.
may() {
  [ -d "src/$1" ] || { echo "src/$1: no such stage"; failed=1; return; }
  complain "not for src/$1" < <(grep -rnE '^#include "' "src/$1" | grep -vE "#include \"($2)\"")
}
may base         'base/.*'
may introspect   '(base|introspect)/.*'
may topology     '(base|topology)/.*|introspect/objects\.h'
may capabilities '(base|introspect|capabilities)/.*|tna\.h|probe\.h'
may rules        '(base|rules)/.*|introspect/nft_objects\.h'
may compile      '(base|rules|compile)/.*|(tna|rule_tree_abi)\.h'
may assemble     '(base|assemble)/.*|compile/compiled_rules\.h|topology/(graph|knowledge)\.h|capabilities/capabilities\.h|(tna|slot_abi)\.h|tna/hook_abi\.h'
may deploy       '(base|deploy)/.*|assemble/plan\.h|compile/compiled_rules\.h|capabilities/libbpf_log\.h|(tna|slot_abi|connections)\.h|tna/hook_abi\.h'
may daemon       '(base|introspect|topology|capabilities|rules|compile|assemble|deploy|daemon)/.*|(tna|slot_abi|connections)\.h|tna/hook_abi\.h'
may afxdp        '(base|afxdp)/.*'
may cli          '(base|cli)/.*'

# only WHY PATTERN FOLDER...: what only files in these folders of src/ may include. (Tests and the
# benchmark stand outside: they see the kernel as anybody does.)
only() {
  local why=$1 pattern=$2 excluded=()
  shift 2
  for folder in "$@"; do excluded+=(-e "^src/$folder/"); done
  complain "$why" < <(grep -rnE "^#include <($pattern)" src | grep -v "${excluded[@]}")
}
only 'netlink is for src/introspect' 'libmnl/|libnftnl/|linux/(netlink|genetlink)\.h' introspect
# src/afxdp is linked into programs of others, without anything of tnad's.
only 'rtnetlink is for src/introspect' 'linux/rtnetlink\.h' introspect afxdp
only 'libbpf is for what loads programs' 'bpf/' deploy capabilities
only 'sd-event is for src/base' 'systemd/sd-event' base

# The fast path: modules use lib/ only, know neither hook nor each other.
complain 'a module includes lib/ only' < <(grep -nE '^#include "' bpf/fpm/*.h | grep -v '#include "lib/')
complain 'only ctx/ and the two wrappers know the hook' < <(
  grep -rnE 'xdp_md|__sk_buff|xdp_buff|XDP_[A-Z]+|TC_ACT_' bpf/fpm bpf/pipeline.h)
complain 'a library of the fast path includes no module' < <(
  grep -rnE '^#include "(fpm|ctx|pipeline)' bpf/lib bpf/tna.h)
for module in bpf/fpm/*.h; do
  own=fpm_$(basename "$module" .h)
  complain 'a module never calls a module' < <(
    grep -nHoE '\bfpm_[a-z0-9_]+\(' "$module" | grep -v ":$own(")
done

[ "$failed" = 0 ] && echo "every include follows the arrows"
exit "$failed"
