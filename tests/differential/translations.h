// SPDX-License-Identifier: Apache-2.0
// Translations: how a router that follows connections translates those to the services of its
// stations: none, or one of the kinds of NAT, by the service's port. Clients have ports of their
// own, so the kernel never has to look for a free one, which it would draw by lot.
#pragma once

#include <cstdint>

#include "frame.h"
#include "shapes.h"

namespace tna::differential {

enum class Nat { none, source, masquerade, destination, network, hairpin };
constexpr int kNats = 6;

struct Endpoint {
  std::uint32_t ip = 0;
  Ip6 ip6{};
  unsigned port = 0;
};

// A connection as its ends see it: each has addresses of its own, and of the other one those that
// it gets to see.
struct Ends {
  Endpoint client, server;                      // their own
  Endpoint client_of_server, server_of_client;  // what the other one takes them for
};
// From a station's `port` to another station's service; at the same port of the router where the
// translation is a hairpin.
Ends ends(Nat nat, int client, int server, unsigned port);

// A connection that somebody opens from that port.
struct Connection {
  int client = 1, server = 2;  // stations
  Ends ends{};
  bool tcp_only = false;
};
// Of all kinds of translation.
Connection any_connection(Random&, bool v6, unsigned port);

// Rules of a router of `ports` ports. Services open no connections: what they say after their
// connection is forgotten would be one in the way of it.
Commands translation_commands(int ports);

}  // namespace tna::differential
