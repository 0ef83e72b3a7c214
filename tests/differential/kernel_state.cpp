// SPDX-License-Identifier: Apache-2.0
// kernel_state.cpp: reads the bridge's state with the `bridge` tool, so that it is what users see.
#include "kernel_state.h"

#include <spdlog/fmt/fmt.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "process.h"

namespace tna::differential {
namespace {

using nlohmann::json;

// TNA lets Linux refresh an entry once a second instead of with each frame, and `bridge` counts in
// whole seconds.
constexpr long kTimerTolerance = 2;

Result<json> bridge_json(const Words& arguments, int netns) {
  Words words{"bridge", "-j"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const Finished finished = TRY(run(words, netns));
  json parsed = json::parse(finished.output, nullptr, false);
  if (finished.status != 0 || !parsed.is_array()) return error("bridge: " + finished.output);
  return parsed;
}

template <typename Value, typename Describe>
void compare_maps(const std::map<std::string, Value>& a, const std::map<std::string, Value>& b,
                  const std::string& what, Describe describe, std::string& lines) {
  std::set<std::string> keys;
  for (const auto& [key, value] : a) keys.insert(key);
  for (const auto& [key, value] : b) keys.insert(key);
  for (const std::string& key : keys) {
    const auto in_a = a.find(key), in_b = b.find(key);
    const std::string left = in_a == a.end() ? "(none)" : describe(in_a->second);
    const std::string right = in_b == b.end() ? "(none)" : describe(in_b->second);
    if (left != right)
      lines += fmt::format("{} {}\n  Linux alone: {}\n  with TNA:    {}\n", what, key, left, right);
  }
}

}  // namespace

Result<std::map<std::string, std::string>> read_ports(int netns) {
  std::map<std::string, std::string> ports;
  for (json port : TRY(bridge_json({"-d", "link", "show"}, netns))) {
    const std::string name = port.value("ifname", "?");
    for (const char* numbered : {"ifindex", "link", "link_index", "link_netnsid", "ifname"})
      port.erase(numbered);
    ports[name] = port.dump();
  }
  return ports;
}

Result<KernelState> read_kernel_state(int netns) {
  KernelState state{.ports = TRY(read_ports(netns))};
  for (json entry : TRY(bridge_json({"-s", "fdb", "show", "br", "br0"}, netns))) {
    std::string key = entry.value("mac", "?") + " " + entry.value("ifname", "?");
    if (entry.contains("vlan")) key += " vlan " + entry["vlan"].dump();
    // Devices' own address lists ("self") stand beside the FDB, with the same MACs.
    const std::string flags = entry["flags"].dump();
    if (flags.find("\"self\"") != std::string::npos) key += " self";
    FdbEntry& read = state.fdb[key];
    read.updated = entry.value("updated", -1L);
    for (const char* other : {"mac", "ifname", "vlan", "used", "updated"}) entry.erase(other);
    read.facts = entry.dump();
  }
  return state;
}

std::string compare(const KernelState& linux_alone, const KernelState& with_tna) {
  std::string lines;
  compare_maps(
      linux_alone.ports, with_tna.ports, "port", [](const auto& facts) { return facts; }, lines);
  compare_maps(
      linux_alone.fdb, with_tna.fdb, "FDB entry", [](const FdbEntry& entry) { return entry.facts; },
      lines);
  for (const auto& [key, entry] : linux_alone.fdb) {
    const auto other = with_tna.fdb.find(key);
    if (other == with_tna.fdb.end()) continue;
    if (std::labs(entry.updated - other->second.updated) > kTimerTolerance)
      lines += fmt::format("FDB entry {} updated {} s ago (Linux alone), {} s ago (with TNA)\n",
                           key, entry.updated, other->second.updated);
  }
  return lines;
}

}  // namespace tna::differential
