// SPDX-License-Identifier: Apache-2.0
#include "fpm/bridge_world.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <tuple>

namespace tna::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

void shell(const std::string& script) {
  if (std::system(("set -e\n" + script).c_str()) != 0)
    throw std::runtime_error("a command failed of:\n" + script);
}

NetNamespace new_namespace() {
  if (unshare(CLONE_NEWNET)) throw std::runtime_error("make a network namespace: needs root");
  // Linux would send of itself as soon as a device is up.
  std::ofstream("/proc/sys/net/ipv6/conf/default/disable_ipv6") << 1;
  return must(NetNamespace::current());
}

}  // namespace

BridgeWorld::BridgeWorld() : home_(must(NetNamespace::current())) {
  stations_ = new_namespace();
  bridge_ = new_namespace();
  make_ports();
  fdb_ = {{kA, {"p1", "static"}}, {kB, {"p2", "static"}}, {kC, {"p3", "static"}}};
  write_stations();
}

void BridgeWorld::make_ports() {
  std::string peers =
      " netns /proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(stations_->fd());
  std::string script =
      "ip -batch - <<END\nlink add br0 type bridge mcast_snooping 0\nlink set br0 up\n";
  for (auto [port, peer, mac] : {std::tuple{"p1", "s1", kA}, {"p2", "s2", kB}, {"p3", "s3", kC}})
    script += std::string("link add ") + port + " type veth peer name " + peer + " address " + mac +
              peers + "\nlink set " + port + " master br0 up\n";
  configure(script + "END\n");
  // A veth takes redirected XDP frames while its peer has GRO on; it notices that of a peer that is
  // up.
  at_stations(
      [&] { configure("for s in s1 s2 s3; do ip link set $s up; ethtool -K $s gro on; done"); });
  // A port forwards when the kernel's work queue has seen that its peer is up.
  configure(R"(
    for try in $(seq 200); do
      printf 'link set dev p%d state 3\n' 1 2 3 | bridge -batch - 2>/dev/null && exit 0
      sleep 0.01
    done
    exit 1)");
}

BridgeWorld::~BridgeWorld() {
  static_cast<void>(home_.enter());
}

void BridgeWorld::configure(const std::string& script) const {
  shell(script);
}

bool BridgeWorld::can_configure(const std::string& script) const {
  return std::system(("exec >/dev/null 2>&1\nset -e\n" + script).c_str()) == 0;
}

IfIndex BridgeWorld::ifindex(const std::string& name) const {
  IfIndex index = if_nametoindex(name.c_str());
  if (!index) throw std::runtime_error("no interface " + name);
  return index;
}

Mac BridgeWorld::address(const std::string& name) const {
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  if (ioctl(socket.get(), SIOCGIFHWADDR, &request))
    throw std::runtime_error("no address of " + name);
  Mac mac;
  std::memcpy(mac.bytes.data(), request.ifr_hwaddr.sa_data, mac.bytes.size());
  return mac;
}

void BridgeWorld::station(const std::string& mac, const std::string& port,
                          const std::string& flags) {
  forget(mac);
  fdb_[mac] = {port, flags};
  configure("bridge fdb add " + mac + " dev " + port + " master " + flags);
}

void BridgeWorld::forget(const std::string& mac) {
  auto found = fdb_.find(mac);
  if (found == fdb_.end()) return;
  configure("bridge fdb del " + mac + " dev " + found->second.port + " master");
  fdb_.erase(found);
}

void BridgeWorld::write_stations() {
  // Those of a port that is none any more are gone, others are told twice: neither is an error
  // here.
  std::string script = "bridge -force -batch - >/dev/null 2>&1 <<END || true\n";
  for (const auto& [mac, station] : fdb_) {
    script += "fdb del " + mac + " dev " + station.port + " master\n";
    script += "fdb add " + mac + " dev " + station.port + " master " + station.flags + "\n";
  }
  written_ = steady_clock::now();
  configure(script + "END\n");
}

void BridgeWorld::keep_fresh(milliseconds oldest) {
  if (age() > oldest) write_stations();
}

milliseconds BridgeWorld::age() const {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - written_);
}

PacketSocket BridgeWorld::wire(const std::string& name) {
  return at_stations([&] { return PacketSocket(ifindex(name)); });
}

}  // namespace tna::test
