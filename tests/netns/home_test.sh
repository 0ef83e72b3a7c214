#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# home: a home router and what people do behind it: web, FTP, name service, a server of their own that is
# asked from outside and from inside.
#
#   h1 --- p1 [ br0   b ] p3 --- h3     h1, h2: 192.168.1.11, .12, fd00:1::11, ::12; the router is .1, ::1
#   h2 --- p2 [         ]               h3 is the world: 198.51.100.2, 2001:db8:2::2; the router's address .1, ::1
. "$(dirname "$0")/lib.sh"

FILE=$WORK/www/file
for program in busybox curl dnsmasq vsftpd; do
  command -v $program >/dev/null || skip_all "$program is missing"
done

# server NAME COMMAND...: in the background, for as long as the world stands
server() {
  local name=$1
  shift
  nsenter --net="/run/netns/$RUN$name" "$@" >"$WORK/server.$name.$1" 2>&1 &
  CHILDREN+=("$!")
}
listens() { in_ns "$1" ss -Hlntu 2>/dev/null | grep -q ":$2 "; } # listens h3 80

setup() {
  local n name
  STATIONS=()
  new_netns b
  in_ns b sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 \
    net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 net.bridge.bridge-nf-call-iptables=0 \
    net.bridge.bridge-nf-call-ip6tables=0 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0
  link add br0 address "$(mac br0)" type bridge stp_state 0 mcast_snooping 0
  link set br0 up
  for n in 1 2 3; do
    name=h$n
    new_netns $name
    STATIONS+=($name)
    in_ns $name sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0
    join_by_veth $n
    in_ns $name ethtool -K eth0 tx off tso off gso off >/dev/null # XDP wants what is finished
    ip -n "$RUN$name" link set eth0 up
    link set p$n up
    [ $n = 3 ] || home_station $n
  done
  ip -n "$B" addr add 192.168.1.1/24 dev br0
  ip -n "$B" addr add fd00:1::1/64 dev br0 nodad
  ip -n "$B" addr add 198.51.100.1/24 dev p3
  ip -n "$B" addr add 2001:db8:2::1/64 dev p3 nodad
  ip -n "${RUN}h3" addr add 198.51.100.2/24 dev eth0
  ip -n "${RUN}h3" addr add 2001:db8:2::2/64 dev eth0 nodad
  in_ns b nft -f - <<-'END'
	table inet home {
	  ct helper ftp {
	    type "ftp" protocol tcp
	  }
	  chain follow {
	    type filter hook prerouting priority 0;
	    tcp dport 21 ct helper set "ftp"
	  }
	  chain forward {
	    type filter hook forward priority 0; policy drop;
	    ct state established,related accept
	    ct state invalid drop
	    iifname "br0" oifname "p3" accept
	    ct status dnat accept
	  }
	  chain in {
	    type nat hook prerouting priority dstnat;
	    ip daddr 198.51.100.1 tcp dport 8080 dnat ip to 192.168.1.11:80
	  }
	  chain out {
	    type nat hook postrouting priority srcnat;
	    oifname "p3" masquerade
	    iifname "br0" oifname "br0" ip daddr 192.168.1.11 masquerade
	  }
	}
	END
  servers
  start_tnad
  ping_ok h1 198.51.100.2
  ping_ok h2 198.51.100.2
}
home_station() { # home_station N
  link set p$1 master br0
  ip -n "${RUN}h$1" addr add 192.168.1.1$1/24 dev eth0
  ip -n "${RUN}h$1" addr add fd00:1::1$1/64 dev eth0 nodad
  ip -n "${RUN}h$1" route add default via 192.168.1.1
  ip -n "${RUN}h$1" route add default via fd00:1::1
}
servers() {
  mkdir -p "$WORK/www" "$WORK/empty"
  chmod 755 "$WORK" "$WORK/www"
  [ -s "$FILE" ] || head -c 3000000 /dev/urandom >"$FILE"
  cat >"$WORK/vsftpd.conf" <<-END
	listen_ipv6=YES
	background=NO
	anonymous_enable=YES
	local_enable=NO
	anon_root=$WORK/www
	secure_chroot_dir=$WORK/empty
	seccomp_sandbox=NO
	connect_from_port_20=YES
	END
  server h1 busybox httpd -f -p 80 -h "$WORK/www"
  server h3 busybox httpd -f -p 80 -h "$WORK/www"
  server h3 vsftpd "$WORK/vsftpd.conf"
  server h3 dnsmasq -k --no-resolv --no-hosts --conf-file=/dev/null --pid-file= --user=root --address=/home.test/192.0.2.99
  server h3 iperf3 -s
  local port
  for port in 80 21 53 5201; do wait_until 3 listens h3 $port || fail "nobody listens at port $port"; done
  wait_until 3 listens h1 80 || fail "no web server at home"
}

got() { # got NAME URL [OPTION...]: what comes is the file
  in_ns "$1" timeout 10 curl -sS -g -o "$WORK/got" "${@:3}" "$2" 2>"$WORK/said" && cmp -s "$WORK/got" "$FILE"
  local status=$?
  rm -f "$WORK/got"
  return $status
}
was_fast() { # was_fast WHAT IF BEFORE LEAST: frames for the bridge itself are routed by XDP alone
  ! tna_on || { [ "$2" != p3 ] && [ "$HOOK" = tc ]; } || at_least "$1: fast packets of $2" "$4" $(($(fast_packets "$2") - $3))
}

test_web() {
  local to before
  for to in 198.51.100.2 '[2001:db8:2::2]'; do
    before=$(fast_packets p3)
    check "a page of $to: $(cat "$WORK/said" 2>/dev/null)" got h1 "http://$to/file"
    was_fast "web of $to" p3 "$before" 500
  done
}

test_ftp() { # the client says where data shall go, or the server does; conntrack reads it, and changes it
  local before
  before=$(tna_on && status p1 .reasons.ct_special || echo 0)
  check "passive" got h1 ftp://198.51.100.2/file --disable-epsv
  check "active" got h1 ftp://198.51.100.2/file --disable-eprt -P -
  check "extended passive, IPv6" got h2 'ftp://[2001:db8:2::2]/file'
}

test_names() {
  local i
  for i in 1 2 3; do
    check "an answer" grep -q 192.0.2.99 <(in_ns h$((i % 2 + 1)) timeout 3 busybox nslookup pc.home.test 198.51.100.2 2>&1)
  done
}

test_own_server() {
  local before
  before=$(fast_packets p3)
  check "from outside" got h3 http://198.51.100.1:8080/file
  was_fast "a page from home" p3 "$before" 20
  before=$(fast_packets p2)
  check "from inside, by the address outside" got h2 http://198.51.100.1:8080/file --limit-rate 4M
  was_fast "a page from home to home" p2 "$before" 20
  check "IPv6 is closed" not got h3 'http://[fd00:1::11]/file' --connect-timeout 0.3
}

test_streams() {
  local before
  before=$(fast_packets p1)
  at_least "bytes up" 10000000 "$(in_ns h1 timeout 10 iperf3 -J -c 198.51.100.2 -n 10M | jq '.end | if .sum_received.bytes then .sum_sent.bytes else 0 end')"
  was_fast "a stream up" p1 "$before" 2000
  before=$(fast_packets p3)
  at_least "bytes down" 10000000 "$(in_ns h1 timeout 10 iperf3 -J -c 198.51.100.2 -n 10M -R | jq '.end | if .sum_received.bytes then .sum_sent.bytes else 0 end')"
  was_fast "a stream down" p3 "$before" 2000
  before=$(fast_packets p3)
  at_most "lost UDP packets, in percent" 5 \
    "$(in_ns h1 timeout 10 iperf3 -J -c 198.51.100.2 -u -l 1000 -b 4M -t 4 --bidir | jq '.end.sum.lost_percent // 100 | floor')"
  was_fast "UDP" p3 "$before" 300
}

run_tests
