# SPDX-License-Identifier: Apache-2.0
# frr.sh: FRR's daemons in network namespaces, each with its configuration and state in a folder of the
# scenario's own; nothing of the host's FRR, if it has one, is used or touched. Sourced after lib.sh.

FRR=/usr/lib/frr
declare -A ROUTERS=() # their daemons, by namespace

# start_frr NAME DAEMON...: zebra and these, all with the configuration that stands on stdin.
start_frr() {
  local name=$1 folder=$WORK/frr-$1 daemon
  shift
  mkdir -p "$folder"
  cat >"$folder/frr.conf"
  chmod 711 "$WORK" # the daemons run as a user of their own
  chown -R frr:frr "$folder"
  ROUTERS[$name]=
  for daemon in zebra "$@"; do
    nsenter --net="/run/netns/$RUN$name" $FRR/$daemon --config_file "$folder/frr.conf" \
      --pid_file "$folder/$daemon.pid" --socket "$folder/zserv" --vty_socket "$folder" \
      --log "file:$folder/$daemon.log" >"$folder/$daemon.out" 2>&1 &
    CHILDREN+=($!)
    ROUTERS[$name]+=" $!"
    wait_until 10 test -S "$folder/$daemon.vty" ||
      fail "$daemon of $name does not start: $(tail -3 "$folder/$daemon.out" "$folder/$daemon.log")"
  done
}
stop_frr() { # all of them
  local name pid
  for name in "${!ROUTERS[@]}"; do
    for pid in ${ROUTERS[$name]}; do finish "$pid"; done
    rm -rf "$WORK/frr-$name"
  done
  ROUTERS=()
}

# configuration NUMBER DEVICE...: of a router with these devices between routers. OBJECTS=no: its routes have
# their ways in themselves, and not in nexthop objects.
configuration() {
  local number=$1 device family
  shift
  [ "$OBJECTS" = yes ] || echo "no zebra nexthop kernel enable"
  for device in "$@"; do
    cat <<-END
	interface $device
	 ip ospf network point-to-point
	 ip ospf cost 10
	 ip ospf hello-interval 1
	 ip ospf dead-interval 4
	 ip ospf mtu-ignore
	 ipv6 nd ra-interval 1
	 no ipv6 nd suppress-ra
	!
	END
  done
  cat <<-END
	interface p1
	 ip ospf passive
	!
	router ospf
	 ospf router-id 192.0.2.$number
	 timers throttle spf 0 50 200
		 network 10.0.0.0/16 area 0
	 network 10.2.0.0/24 area 0
	!
	router bgp 6500$number
	 bgp router-id 192.0.2.$number
	 no bgp ebgp-requires-policy
	 no bgp network import-check
	 bgp bestpath as-path multipath-relax
	 timers bgp 1 3
	END
  for device in "$@"; do
    cat <<-END
	 neighbor $device interface remote-as external
	 neighbor $device timers connect 1
	 neighbor $device advertisement-interval 0
	END
  done
  for family in ipv4 ipv6; do
    echo " address-family $family unicast"
    for device in "$@"; do echo "  neighbor $device activate"; done
    case $number$family in
      1ipv6) echo "  network 2001:db8:1::/64" ;;
      4ipv4) echo "  network 10.3.0.0/24" ;;
      4ipv6) echo "  network 2001:db8:3::/64" ;;
    esac
    echo " exit-address-family"
  done
}
