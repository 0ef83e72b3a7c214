#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What packages.sh runs in its copy of the file system: everything is where it is on a machine that has
# installed the packages.
set -u
cd "$(dirname "$0")" || exit 1
FAILURES=0 TNAD=

fail() {
  echo "packages: FAILED: $*"
  FAILURES=$((FAILURES + 1))
}
check() { # check "what must be so" COMMAND...
  local what=$1
  shift
  "$@" >said 2>&1 || { fail "$what: $*"; tail -20 said; }
}
same() { [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"; } # same "what" WANTED GOT
field() { dpkg-deb -f ./"$1"_*.deb "$2"; }                      # field PACKAGE FIELD
depends() { [[ ", $(field "$1" Depends)," =~ ,\ $2[\ ,] ]] || fail "$1 does not depend on $2"; }

test_fields() {
  local package
  same "section" net "$(field tna Section)"
  same "section" libdevel "$(field libtna-dev Section)"
  for package in libbpf1 libc6 libmnl0 libsystemd0; do depends tna "$package"; done
  depends libtna-dev libbpf-dev
  for package in tna libtna-dev; do
    same "$package: architecture" "$(dpkg --print-architecture)" "$(field "$package" Architecture)"
    same "$package: version" "$(field tna Version)" "$(field "$package" Version)"
    [ "$(field "$package" Description | wc -l)" -ge 4 ] || fail "$package has no description"
  done
}

test_install() {
  rm -f /usr/local/sbin/tnad /usr/local/bin/tna # a tnad that this machine has otherwise
  rm -rf /etc/tna
  check "installed, with what they depend on" dpkg -i ./*.deb
  check "nothing is missing" test -z "$(dpkg --audit)"
  check "every file is as it was packed" dpkg -V tna libtna-dev
  check "all is root's" test -z "$(dpkg -L tna libtna-dev | grep '^/' | xargs -d '\n' stat -c '%U:%G %n' | grep -v ^root:root)"
  same "settings, to be kept" /etc/tna/tna.toml "$(dpkg-query -W -f '${Conffiles}' tna | awk '{print $1}')"
  check "manual pages" man -w 8 tnad
}

test_daemon() {
  local unit program n
  unit=$(dpkg -L tna | grep '/tnad\.service$')
  check "the unit is of the package" test -f "$unit"
  check "systemd takes it" systemd-analyze verify "$unit"
  program=$(sed -n 's/^ExecStart=//p' "$unit")
  same "what it starts" /usr/sbin/tnad "$(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin type -P "$program")"
  same "the same version" "$(field tna Version)" "$(tnad --version | grep -o '[0-9.]*$')"
  sysctl -qw net.ipv4.ip_forward=1
  for n in 0 1; do
    ip link add v$n type veth peer name peer$n
    ethtool -K peer$n gro on >/dev/null # makes v$n a target for XDP
    ip addr add 192.0.2.$((16 * n + 1))/28 dev v$n
    ip link set v$n up
    ip link set peer$n up
  done
  "$program" --hook xdp 2>log &
  TNAD=$!
  for _ in $(seq 100); do grep -q ready log && break; sleep 0.1; done
  check "tnad is ready: $(tail -3 log)" tna status
  same "nothing is reported" "" "$(grep -iE 'warn|error' log)"
  same "the fast path" '["xdp","xdp"]' "$(tna status --json | jq -c '[.interfaces[] | select(.name[:1] == "v").hook]')"
}

# build SOURCE [ARGUMENT...]: by CMake, into the folder `built`
build() {
  rm -rf built
  check "$1 by CMake" cmake -B built -S "$@"
  check "$1 is built" cmake --build built
}

test_hooks() {
  cp -r /usr/share/tna/template mine
  build mine
  check "the object of the template" test -f built/hooks/my_hook.o
  load_hook built/hooks/my_hook.o
  # shellcheck disable=SC2046 # words
  check "a hook by pkg-config" clang -target bpf -mcpu=v3 -g -O2 $(pkg-config --cflags tna) \
    -I"/usr/include/$(gcc -print-multiarch)" -c mine/my_hook.bpf.c -o my_hook.o
  load_hook my_hook.o
}
load_hook() { # load_hook OBJECT: the installed tnad takes it, where the kernel lets it have hooks
  [ "$(tna capabilities --json | jq '.kernel.features[] | select(.name == "typed kernel reads").available')" != false ] || return 0
  check "added" tna hook add "$1" --at start --if v0
  same "where it runs" '["v0"]' "$(tna hook list --json | jq -c '.hooks[0].runs_on')"
  check "removed" tna hook remove my_hook
}

test_applications() {
  cat >take.cpp <<'EOF'
#include <cstdio>
#include "afxdp/app.h"
int main() {
  auto app = tna::App::open({.match = "iifname v0 udp dport 7"});
  std::puts(app ? "open" : app.error().message.c_str());
}
EOF
  # shellcheck disable=SC2046 # words
  check "an application by pkg-config" g++ -std=c++23 take.cpp $(pkg-config --cflags --libs tna-app) -o take
  same "is served" open "$(./take)"
  build /usr/share/doc/libtna-dev/examples
  for example in hooks/flow_monitor.o hooks/blocklist.o hooks/maglev.o flow_table block balance tna_example_udp_echo \
    tna_example_dns_responder; do
    check "example $example" test -f "built/$example"
  done
  check "an application knows its errors" grep -q "iifname" <(built/tna_example_udp_echo nonsense 2>&1)
}

test_removed() {
  kill -TERM "$TNAD"
  wait "$TNAD"
  same "exit status of tnad" 0 $?
  touch /etc/tna/mine.toml
  check "removed" dpkg -r libtna-dev tna
  check "settings are kept" test -f /etc/tna/tna.toml
  check "nothing else is" test -z "$(ls -d /usr/sbin/tnad /usr/bin/tna /usr/include/tna /usr/share/tna \
    /usr/lib/libtna-app.a /usr/lib/systemd/system/tnad.service 2>/dev/null)"
  check "purged" dpkg -P tna
  check "settings are gone" test ! -e /etc/tna
}

for test in fields install daemon hooks applications removed; do "test_$test"; done
[ "$FAILURES" = 0 ] && echo "packages: installed, used and removed"
exit $((FAILURES > 0))
