// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "cli/print.h"
#include "cli/table.h"

namespace tna {
namespace {

std::string end_of(const Json& connection, const char* address, const char* port) {
  const std::string at = text(connection, address);
  return (at.find(':') == std::string::npos ? at : '[' + at + ']') + ':' +
         std::to_string(count(connection, port));
}

// One direction; what Linux has counted is gone with the connection.
void row(Table& table, std::string protocol, std::string from, std::string to, const Json& counts) {
  const Json* by_linux = find(counts, "linux");
  const Json* fast = find(counts, "fast");
  std::vector<std::string> cells{std::move(protocol), std::move(from), std::move(to)};
  for (const char* unit : {"packets", "bytes"}) {
    cells.push_back(by_linux && by_linux->is_object() ? std::to_string(count(*by_linux, unit))
                                                      : "-");
    cells.push_back(std::to_string(fast ? count(*fast, unit) : 0));
    cells.push_back(std::to_string(count(counts, unit)));
  }
  table.row(std::move(cells));
}

std::string print_connections(const Json& connections) {
  Table table{"PROTOCOL", "FROM",         "TO",          ">LINUX PACKETS", ">FAST PACKETS",
              ">PACKETS", ">LINUX BYTES", ">FAST BYTES", ">BYTES"};
  const Json none;
  for (const Json& each : connections) {
    const std::string source = end_of(each, "source", "source_port");
    const std::string destination = end_of(each, "destination", "destination_port");
    const Json* original = find(each, "original");
    const Json* reply = find(each, "reply");
    row(table, text(each, "protocol"), source, destination, original ? *original : none);
    row(table, "", destination, source, reply ? *reply : none);
    if (flag(each, "ended")) table.note("it has ended");
  }
  return table.text();
}

}  // namespace

std::string print_stats(const Json& stats) {
  const Json nothing = Json::object();
  const auto part = [&](const char* name) -> const Json& {
    const Json* found = find(stats, name);
    return found ? *found : nothing;
  };
  std::string out;
  if (const Json& whose = part("counted_connections"); text(whose, "by") != "fast")
    out = "connections with counters stay with Linux: " + text(whose, "why") + '\n';
  out += fmt::format(
      "connections with counters that go fast: {}, of at most {}; {} packets, {} bytes\n",
      count(stats, "connections_fast"), count(stats, "room"), count(part("fast"), "packets"),
      count(part("fast"), "bytes"));
  const Json& ended = part("ended");
  out += fmt::format("that have ended: {}; {} packets, {} bytes\n", count(ended, "connections"),
                     count(ended, "packets"), count(ended, "bytes"));
  if (const Json* connections = find(stats, "connections"))
    out += '\n' + print_connections(*connections);
  return out;
}

}  // namespace tna
