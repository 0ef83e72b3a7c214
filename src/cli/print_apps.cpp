// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "cli/print.h"
#include "cli/table.h"

namespace tna {
namespace {

std::string queues_of(const Json& app) {
  std::string line;
  for (const Json& mode : items(app, "queues"))
    if (mode.is_string()) line += (line.empty() ? "" : ", ") + mode.get<std::string>();
  return line;
}

std::string number_of(const Json& app, const char* key) {
  return fmt::format("{}", count(app, key));
}

}  // namespace

std::string print_apps(const Json& apps) {
  if (items(apps, "apps").empty()) return "no application asks for packets\n";
  Table table{"APPLICATION", "QUEUES", ">TAKEN", ">NO ROOM", "THEN", ">LEFT", "ASKS FOR"};
  for (const Json& app : items(apps, "apps")) {
    table.row({text(app, "name"), queues_of(app), number_of(app, "taken"),
               number_of(app, "no_room"), text(app, "full"), number_of(app, "left"),
               text(app, "match")});
    for (const Json& why : items(app, "to_linux"))
      if (why.is_string()) table.note("    with Linux: " + why.get<std::string>());
  }
  return table.text();
}

}  // namespace tna
