#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Docker's chains: a bridge for each network, in each two or more containers with a published port.
set -euo pipefail
networks=${1:-3} containers=${2:-2}
bridge() { [[ $1 == 0 ]] && echo docker0 || printf 'br-%012x' $((0x5a0000 + $1)); }
subnet() { echo "172.$((17 + $1 / 256)).$(($1 % 256))"; }
each() { for ((n = 0; n < networks; n++)); do "$1" "$n" "$(bridge "$n")" "$(subnet "$n")"; done; }

masquerade() { echo "-A POSTROUTING -s $3.0/24 ! -o $2 -j MASQUERADE"; }
own() { echo "-A DOCKER -i $2 -j RETURN"; }
publish() {
  for ((host = 2; host < 2 + containers; host++)); do
    echo "-A POSTROUTING -s $3.$host/32 -d $3.$host/32 -p tcp -m tcp --dport 80 -j MASQUERADE"
    echo "-A DOCKER ! -i $2 -p tcp -m tcp --dport $((8000 + containers * $1 + host)) -j DNAT --to-destination $3.$host:80"
  done
}
forward() {
  echo "-A FORWARD -o $2 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
  echo "-A FORWARD -o $2 -j DOCKER"
  echo "-A FORWARD -i $2 ! -o $2 -j ACCEPT"
  echo "-A FORWARD -i $2 -o $2 -j ACCEPT"
}
open_port() {
  for ((host = 2; host < 2 + containers; host++)); do echo "-A DOCKER -d $3.$host/32 ! -i $2 -o $2 -p tcp -m tcp --dport 80 -j ACCEPT"; done
}
stage1() { echo "-A DOCKER-ISOLATION-STAGE-1 -i $2 ! -o $2 -j DOCKER-ISOLATION-STAGE-2"; }
stage2() { echo "-A DOCKER-ISOLATION-STAGE-2 -o $2 -j DROP"; }

printf '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n'
printf ':POSTROUTING ACCEPT [0:0]\n:DOCKER - [0:0]\n'
echo "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER"
echo "-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER"
each masquerade
each own
each publish
echo COMMIT
printf '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:DOCKER - [0:0]\n'
printf ':DOCKER-USER - [0:0]\n:DOCKER-ISOLATION-STAGE-1 - [0:0]\n:DOCKER-ISOLATION-STAGE-2 - [0:0]\n'
echo "-A FORWARD -j DOCKER-USER"
echo "-A FORWARD -j DOCKER-ISOLATION-STAGE-1"
each forward
each open_port
each stage1
echo "-A DOCKER-ISOLATION-STAGE-1 -j RETURN"
each stage2
echo "-A DOCKER-ISOLATION-STAGE-2 -j RETURN"
echo "-A DOCKER-USER -j RETURN"
echo COMMIT
