// SPDX-License-Identifier: Apache-2.0
// kernel_state.cpp: reads the state with the tools that users have, so that it is what users see.
#include "kernel_state.h"

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "process.h"

namespace tna::differential {
namespace {

constexpr char kRulesKey[] = "rules, line ";

using nlohmann::json;

// TNA lets Linux refresh an FDB entry once a second instead of with each frame, and the tools count
// in whole seconds.
constexpr long kTimerTolerance = 2;

// Connections live so long after a reset.
constexpr long kReset = 10;

// The worlds are read one after the other: what has so few seconds left may be gone in one of them.
constexpr long kAboutToGo = 5;

Result<json> read_json(const Words& words, int netns) {
  const Finished finished = TRY(run(words, netns));
  if (finished.status == 0 && finished.output.empty()) return json::array();
  json parsed = json::parse(finished.output, nullptr, false);
  if (finished.status != 0 || !parsed.is_array())
    return error(words.front() + ": " + finished.output);
  return parsed;
}

double now() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

void erase(json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) object.erase(name);
}

// How many seconds the entries of each bridge last without frames of their station.
Result<std::map<std::string, long>> read_ageing(int netns) {
  std::map<std::string, long> ageing;
  for (const json& link :
       TRY(read_json({"ip", "-j", "-d", "link", "show", "type", "bridge"}, netns)))
    ageing[link.value("ifname", "?")] =
        link["linkinfo"]["info_data"].value("ageing_time", 0L) / 100;
  return ageing;
}

// `used` is not compared: it is a statistic of the destination that decides nothing, and the fast
// path does not write to kernel memory.
Result<> read_fdb(int netns, KernelState& state) {
  const std::map<std::string, long> ageing = TRY(read_ageing(netns));
  for (json entry : TRY(read_json({"bridge", "-j", "-s", "fdb", "show"}, netns))) {
    std::string key =
        fmt::format("FDB entry {} {}", entry.value("mac", "?"), entry.value("ifname", "?"));
    if (entry.contains("vlan")) key += " vlan " + entry["vlan"].dump();
    // Devices' own address lists ("self") stand beside the FDB, with the same MACs.
    const std::string flags = entry["flags"].dump();
    if (flags.find("\"self\"") != std::string::npos) key += " self";
    const long updated = entry.value("updated", -1L);
    erase(entry, {"mac", "ifname", "vlan", "used", "updated"});
    const bool ages = entry.value("state", "") == "";
    Fact& fact = state[key] = {entry.dump(), ages ? updated : -1, now()};
    const auto last = ageing.find(entry.value("master", ""));
    if (ages && last != ageing.end()) fact.left = last->second - updated;
  }
  return {};
}

Result<> read_groups(int netns, KernelState& state) {
  for (const json& table : TRY(read_json({"bridge", "-j", "-d", "mdb", "show"}, netns)))
    for (json entry : table.value("mdb", json::array())) {
      const std::string key = fmt::format("group {} {} {}", entry.value("dev", "?"),
                                          entry.value("port", "?"), entry.value("grp", "?"));
      erase(entry, {"index", "timer"});
      state[key + " " + entry.value("src", "")].text = entry.dump();
    }
  return {};
}

// A neighbour's way from reachable to stale and back may be a matter of time.
std::string neighbour_state(const json& states, bool patient) {
  const std::string state = states.empty() ? "NONE" : states.front().get<std::string>();
  if (patient) return state;
  if (state == "STALE" || state == "DELAY" || state == "PROBE") return "REACHABLE";
  return state == "FAILED" ? "INCOMPLETE" : state;
}

Result<> read_neighbours(int netns, bool patient, KernelState& state) {
  for (const json& entry : TRY(read_json({"ip", "-j", "neigh", "show"}, netns))) {
    const std::string key =
        fmt::format("neighbour {} {}", entry.value("dst", "?"), entry.value("dev", "?"));
    state[key].text = fmt::format("{} {}", entry.value("lladdr", "(no MAC)"),
                                  neighbour_state(entry.value("state", json::array()), patient));
  }
  return {};
}

// As docs/supported.md has it: fast frames are not in the counters of the bridge, and in those of
// the ports as the driver counts what is redirected. But the fast path drops nothing and forwards
// no group frames, so these are equal.
Result<> read_counters(int netns, KernelState& state) {
  for (const json& link : TRY(read_json({"ip", "-j", "-s", "link", "show"}, netns))) {
    const json& rx = link["stats64"]["rx"];
    const json& tx = link["stats64"]["tx"];
    state["counters of " + link.value("ifname", "?")].text =
        fmt::format("rx errors {} dropped {} multicast {}, tx errors {} dropped {} carrier {}",
                    rx["errors"].dump(), rx["dropped"].dump(), rx["multicast"].dump(),
                    tx["errors"].dump(), tx["dropped"].dump(), tx["carrier_errors"].dump());
  }
  return {};
}

// One line each: protocol number timeout [state] addresses and ports [flags] mark use
Result<> read_connections(int netns, KernelState& state) {
  const Finished finished = TRY(run({"sh", "-c", "conntrack -L 2>/dev/null"}, netns));
  if (finished.status != 0) return {};  // this kernel tracks nothing
  // Where Linux takes what is out of a window it may not know any more what is acknowledged.
  const Finished sysctl =
      TRY(run({"sysctl", "-n", "net.netfilter.nf_conntrack_tcp_be_liberal"}, netns));
  const bool liberal = sysctl.output.starts_with("1");
  std::istringstream lines(finished.output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string protocol, number;
    long timeout = -1;
    if (!(words >> protocol >> number >> timeout)) continue;
    // The device's own reports of its groups (IGMP) go out at a moment that the kernel draws by
    // lot.
    if (number == "2") continue;
    std::string key = "connection " + protocol, text;
    for (std::string word; words >> word;) {
      const bool tuple = word.find('=') != std::string::npos && !word.starts_with("mark=");
      if (word.starts_with("use=")) continue;
      (tuple ? key : text) += " " + word;
    }
    // What Linux believes of a reset depends on what it has seen acknowledged; either way the
    // connection is about to go (docs/supported.md).
    if (const std::string open = " ESTABLISHED"; timeout <= kReset && text.starts_with(open))
      text.replace(0, open.size(), " CLOSE");
    const bool unsure = liberal && text.starts_with(" ESTABLISHED");
    state[key] = {text, unsure ? -1 : timeout, now(), timeout};
  }
  return {};
}

Result<> read_rules(int netns, KernelState& state) {
  const Finished finished = TRY(run({"nft", "list", "ruleset"}, netns));
  std::istringstream lines(finished.output);
  int number = 0;
  for (std::string line; std::getline(lines, line);)
    state[fmt::format("{}{:3}", kRulesKey, ++number)].text = line;
  return {};
}

std::string text_of(const KernelState& state, const std::string& key) {
  const auto found = state.find(key);
  return found == state.end() ? "(none)" : found->second.text;
}

bool about_to_go(const KernelState& state, const std::string& key) {
  const auto found = state.find(key);
  return found != state.end() && found->second.left <= kAboutToGo;
}

}  // namespace

Result<std::map<std::string, std::string>> read_ports(int netns) {
  std::map<std::string, std::string> ports;
  for (json port : TRY(read_json({"bridge", "-j", "-d", "link", "show"}, netns))) {
    const std::string name = port.value("ifname", "?");
    erase(port, {"ifindex", "link", "link_index", "link_netnsid", "ifname"});
    ports[name] = port.dump();
  }
  return ports;
}

std::map<std::string, std::uint64_t> counted_rules(const KernelState& state) {
  static const std::regex counter("counter packets ([0-9]+) bytes [0-9]+ comment \"([^\"]*)\"");
  std::map<std::string, std::uint64_t> counted;
  for (const auto& [key, fact] : state)
    if (std::smatch found;
        key.starts_with(kRulesKey) && std::regex_search(fact.text, found, counter))
      counted[found[2]] += std::stoull(found[1]);
  return counted;
}

void forget_rule_counters(KernelState& state) {
  static const std::regex counted(" packets [0-9]+ bytes [0-9]+");
  for (auto& [key, fact] : state)
    if (key.starts_with(kRulesKey)) fact.text = std::regex_replace(fact.text, counted, "");
}

void forget_received_drops(KernelState& state) {
  static const std::regex drops("rx errors ([0-9]+) dropped [0-9]+");
  for (auto& [key, fact] : state) fact.text = std::regex_replace(fact.text, drops, "rx errors $1");
}

Result<KernelState> read_kernel_state(int netns, bool patient) {
  KernelState state;
  for (const auto& [name, facts] : TRY(read_ports(netns))) state["port " + name].text = facts;
  TRY(read_fdb(netns, state));
  TRY(read_groups(netns, state));
  TRY(read_neighbours(netns, patient, state));
  TRY(read_counters(netns, state));
  TRY(read_connections(netns, state));
  TRY(read_rules(netns, state));
  return state;
}

std::string compare(const KernelState& linux_alone, const KernelState& with_tna) {
  std::string lines;
  std::set<std::string> keys;
  for (const auto& [key, fact] : linux_alone) keys.insert(key);
  for (const auto& [key, fact] : with_tna) keys.insert(key);
  for (const std::string& key : keys) {
    const std::string a = text_of(linux_alone, key), b = text_of(with_tna, key);
    const bool in_both = linux_alone.contains(key) && with_tna.contains(key);
    if (!in_both && (about_to_go(linux_alone, key) || about_to_go(with_tna, key))) continue;
    if (a != b) lines += fmt::format("{}\n  Linux alone: {}\n  with TNA:    {}\n", key, a, b);
    if (!in_both) continue;
    const Fact &fact_a = linux_alone.at(key), &fact_b = with_tna.at(key);
    const long in_a = fact_a.seconds, in_b = fact_b.seconds;
    if (std::labs(in_a - in_b) > kTimerTolerance + std::fabs(fact_a.read_at - fact_b.read_at))
      lines += fmt::format("{}: {} s (Linux alone), {} s (with TNA)\n", key, in_a, in_b);
  }
  return lines;
}

}  // namespace tna::differential
