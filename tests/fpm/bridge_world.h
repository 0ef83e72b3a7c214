// SPDX-License-Identifier: Apache-2.0
// A real bridge of the kernel, in namespaces that are gone with the object:
//
//   A = s1 ---- p1 [      ]
//   B = s2 ---- p2 [ br0  ]       the stations are in a namespace of their own and have the MACs
//   below; C = s3 ---- p3 [      ]       what a test does not send nobody sends (no addresses, no
//   IPv6)
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "base/netns.h"
#include "fpm/must.h"
#include "fpm/packet_socket.h"

namespace tna::test {

inline constexpr char kA[] = "02:00:00:00:00:0a";
inline constexpr char kB[] = "02:00:00:00:00:0b";
inline constexpr char kC[] = "02:00:00:00:00:0c";

class BridgeWorld {
 public:
  BridgeWorld();  // needs root; throws when the kernel refuses something
  ~BridgeWorld();
  BridgeWorld(const BridgeWorld&) = delete;

  // Commands of the shell; the first that fails throws.
  void configure(const std::string& script) const;
  // Whether they all succeeded, without a word.
  bool can_configure(const std::string& script) const;
  // Does it as the stations' namespace.
  template <typename Act>
  auto at_stations(Act act) {
    must(stations_->enter());
    struct Back {
      const NetNamespace& bridge;
      ~Back() { static_cast<void>(bridge.enter()); }
    } back{*bridge_};
    return act();
  }
  IfIndex ifindex(const std::string& name) const;
  Mac address(const std::string& name) const;

  // The MAC is behind the port, by a static FDB entry. The program wants such an entry to be young,
  // so keep_fresh() makes those anew that were said here when half a second has gone by.
  void station(const std::string& mac, const std::string& port,
               const std::string& flags = "static");
  void forget(const std::string& mac);
  void keep_fresh(std::chrono::milliseconds age = std::chrono::milliseconds(500));
  // How old the entries are.
  std::chrono::milliseconds age() const;

  // What the station sends and receives by.
  PacketSocket wire(const std::string& name);

 private:
  struct Station {
    std::string port, flags;
  };
  void make_ports();
  void write_stations();
  NetNamespace home_;
  std::optional<NetNamespace> bridge_, stations_;
  std::map<std::string, Station> fdb_;
  std::chrono::steady_clock::time_point written_;
};

}  // namespace tna::test
