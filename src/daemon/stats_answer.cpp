// SPDX-License-Identifier: Apache-2.0
#include "daemon/stats_answer.h"

#include <arpa/inet.h>

#include <cstring>
#include <map>
#include <tuple>

#include "introspect/conntrack.h"

namespace tna {
namespace {

using Tally = CountedConnection::Count;
using Tallies = std::array<Tally, 2>;  // by direction

// Both kinds of a connection's count are found together by this: when it began is part of it.
using Key = std::tuple<std::uint8_t, std::uint8_t, std::array<std::uint32_t, 4>,
                       std::array<std::uint32_t, 4>, std::uint16_t, std::uint16_t, std::uint64_t>;

Key key_of(const CountedConnection& c) {
  return {c.version,     c.protocol,         c.source, c.destination,
          c.source_port, c.destination_port, c.began};
}

CountedConnection from_fast(const ConnectionMap::Counted& counted) {
  const auto& [key, fast] = counted;
  CountedConnection made{.version = fast.version,
                         .protocol = fast.protocol,
                         .source_port = fast.sport,
                         .destination_port = fast.dport,
                         .began = key.began};
  std::memcpy(made.source.data(), fast.saddr, sizeof fast.saddr);
  std::memcpy(made.destination.data(), fast.daddr, sizeof fast.daddr);
  for (std::size_t i = 0; i < made.count.size(); i++)
    made.count[i] = {fast.count[i].packets, fast.count[i].bytes};
  return made;
}

std::string address(std::uint8_t version, const std::array<std::uint32_t, 4>& words) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(version == 4 ? AF_INET : AF_INET6, words.data(), text, sizeof text);
  return text;
}

std::string protocol(std::uint8_t number) {
  return number == IPPROTO_TCP ? "tcp" : number == IPPROTO_UDP ? "udp" : std::to_string(number);
}

Json count_json(const Tally& count) {
  return {{"packets", count.packets}, {"bytes", count.bytes}};
}

Json direction_json(const Tally* linux_count, const Tally& fast) {
  const Tally own = linux_count ? *linux_count : Tally{};
  Json json = count_json({own.packets + fast.packets, own.bytes + fast.bytes});
  json["linux"] = linux_count ? count_json(*linux_count) : Json();
  json["fast"] = count_json(fast);
  return json;
}

// No counts of Linux: it has ended.
Json connection_json(const CountedConnection& of, const Tallies* by_linux, const Tallies& fast) {
  return {{"protocol", protocol(of.protocol)},
          {"source", address(of.version, of.source)},
          {"source_port", ntohs(of.source_port)},
          {"destination", address(of.version, of.destination)},
          {"destination_port", ntohs(of.destination_port)},
          {"began", of.began},
          {"ended", !by_linux},
          {"original", direction_json(by_linux ? &(*by_linux)[0] : nullptr, fast[0])},
          {"reply", direction_json(by_linux ? &(*by_linux)[1] : nullptr, fast[1])}};
}

// The fast path's are read first: one that Linux has not when it is asked then has ended.
Result<Json> list(const std::vector<ConnectionMap::Counted>& counted) {
  std::map<Key, CountedConnection> fast;
  for (const auto& each : counted) {
    CountedConnection made = from_fast(each);
    fast.emplace(key_of(made), std::move(made));
  }
  Json all = Json::array();
  auto conntrack = TRY(Conntrack::open());
  TRY(conntrack.each_counted([&](const CountedConnection& connection) {
    const auto known = fast.find(key_of(connection));
    all.push_back(connection_json(connection, &connection.count,
                                  known == fast.end() ? Tallies{} : known->second.count));
    if (known != fast.end()) fast.erase(known);
  }));
  for (const auto& [key, gone] : fast) all.push_back(connection_json(gone, nullptr, gone.count));
  return all;
}

Tally sum(const tna_connection_count (&by_direction)[2]) {
  return {by_direction[0].packets + by_direction[1].packets,
          by_direction[0].bytes + by_direction[1].bytes};
}

}  // namespace

Json counted_connections(const Controller::View& view) {
  const std::string& why = view.plan.why_linux_counts;
  return {{"configured", view.options.config.counted_fast ? "fast" : "linux"},
          {"by", why.empty() ? "fast" : "linux"},
          {"why", why}};
}

Result<Json> stats_answer(const Controller::View& view, const Json& arguments) {
  const Json* asked = find(arguments, "connections");
  if (asked && !asked->is_boolean()) return error("connections: neither true nor false");
  const ConnectionMap& connections = view.deployer.connections();
  const std::vector<ConnectionMap::Counted> counted = TRY(connections.all());
  Tally fast;
  for (const auto& [key, connection] : counted) {
    const Tally both = sum(connection.count);
    fast.packets += both.packets;
    fast.bytes += both.bytes;
  }
  Json gone = count_json(sum(connections.swept().count));
  gone["connections"] = connections.swept().ended;
  Json answer{{"counted_connections", counted_connections(view)},
              {"connections_fast", counted.size()},
              {"room", view.options.config.counted_fast ? connections.room() : 0},
              {"fast", count_json(fast)},
              {"ended", gone}};
  if (asked && asked->get<bool>()) answer["connections"] = TRY(list(counted));
  return answer;
}

}  // namespace tna
