#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every source file starts with its licence: the first line, or the second after "#!".
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0
fast_path='GPL-2.0-only OR BSD-2-Clause'

sources() {
  if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard
  else
    find . -type f -not -path './build*' | sed 's|^\./||'
  fi | sort -u
}

checked=0
while IFS= read -r file; do
  [ -f "$file" ] || continue
  IFS= read -r first <"$file"
  case $file in
    bpf/*.[ch] | *.bpf.c) licence=$fast_path ;;
    *.h) licence="($fast_path|Apache-2.0)" ;; # some are shared with a *.bpf.c
    *.c | *.cpp | *.sh | *.py | *.toml | *.cmake | *.service | *.8 | CMakeLists.txt) licence=Apache-2.0 ;;
    *) [[ ${first:-} == '#!'* ]] || continue
       licence=Apache-2.0 ;;
  esac
  line=1
  [[ ${first:-} == '#!'* ]] && line=2
  checked=$((checked + 1))
  if ! sed -n "${line}p" "$file" | grep -qE "SPDX-License-Identifier: $licence( \*/)?\$"; then
    echo "$file:$line: must say: SPDX-License-Identifier: $licence"
    failed=1
  fi
done < <(sources)

[ "$checked" -gt 0 ] || { echo "no source file was found"; exit 1; }
[ "$failed" = 0 ] && echo "$checked files say their licence"
exit "$failed"
