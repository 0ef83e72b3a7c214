#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# packages: the Debian packages, as scripts/package makes them, are installed, used and removed in a copy of
# this machine's file system that is thrown away: a layer above it, with a network of its own.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
TNA_BUILD=$(realpath "${TNA_BUILD:-$HERE/../../build}")

skip() { echo "packages: skipped: $*"; exit 4; }
[ "$(id -u)" = 0 ] || skip "needs root"
[ -x "$TNA_BUILD/tnad" ] || skip "tnad is not built"

WORK=$(mktemp -d /tmp/tna-packages-XXXXXX)
trap 'rm -rf "$WORK"' EXIT
cpack --config "$TNA_BUILD/CPackConfig.cmake" -B "$WORK/packages" >"$WORK/log" 2>&1 || {
  cat "$WORK/log"
  echo "packages: FAILED: cpack"
  exit 1
}
# What is mounted in these namespaces goes with them, before the folder is removed.
unshare --mount --net --propagation private bash -c '
  set -e
  work=$1
  mkdir "$work/top"
  mount -t tmpfs layer "$work/top"
  mkdir "$work/top/upper" "$work/top/work" "$work/top/root"
  mount -t overlay layer -o "lowerdir=/,upperdir=$work/top/upper,workdir=$work/top/work" "$work/top/root"
  cd "$work/top/root"
  mount --rbind /dev dev
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount -t bpf bpf sys/fs/bpf
  mount -t tmpfs tmpfs tmp
  mount -t tmpfs tmpfs run
  mkdir tmp/test
  cp -r "$work/packages"/*.deb "$2"/packages_inside.sh tmp/test/
  exec chroot . bash /tmp/test/packages_inside.sh
' - "$WORK" "$HERE"
