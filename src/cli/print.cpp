// SPDX-License-Identifier: Apache-2.0
#include "cli/print.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/table.h"

namespace tna {
namespace {

constexpr std::size_t kReasonsShown = 3;

std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : dump(value);
}

std::string joined(const Json& list, const char* separator = ", ") {
  std::string line;
  for (const Json& item : list) line += (line.empty() ? "" : separator) + plain(item);
  return line;
}

std::string yes_no(bool value) {
  return value ? "yes" : "no";
}

std::string hook_of(const Json& path) {
  const std::string hook = text(path, "hook", "none");
  const Json* native = find(path, "native");
  return hook == "xdp" && native && *native == false ? "xdp generic" : hook;
}

const Json* interface_named(const Json& status, const std::string& name) {
  for (const Json& interface : items(status, "interfaces"))
    if (text(interface, "name") == name) return &interface;
  return nullptr;
}

// Counters start anew when an interface does.
std::uint64_t growth(std::uint64_t now, std::uint64_t before) {
  return now >= before ? now - before : now;
}

// The counts that one row of the table shows: totals, or what was added since `before`.
struct Traffic {
  std::uint64_t fast = 0, slow = 0;
  std::vector<std::pair<std::uint64_t, std::string>> reasons;  // the most frequent first
};

Traffic traffic(const Json& now, const Json& before) {
  Traffic result{.fast = growth(count(now, "fast_packets"), count(before, "fast_packets")),
                 .slow = growth(count(now, "slow_packets"), count(before, "slow_packets"))};
  const Json& old = items(before, "reasons");
  for (const auto& [name, value] : items(now, "reasons").items())
    if (value.is_number())
      if (auto n = growth(value.get<std::uint64_t>(), count(old, name.c_str())))
        result.reasons.emplace_back(n, name);
  std::ranges::sort(result.reasons, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  return result;
}

std::string top(const Traffic& traffic, double seconds) {
  std::string line;
  for (std::size_t i = 0; i < std::min(kReasonsShown, traffic.reasons.size()); ++i)
    line += fmt::format("{}{} {:.0f}", i ? ", " : "", traffic.reasons[i].second,
                        double(traffic.reasons[i].first) / seconds);
  if (traffic.reasons.size() > kReasonsShown)
    line += fmt::format(", {} more", traffic.reasons.size() - kReasonsShown);
  return line;
}

std::string share(const Traffic& traffic) {
  const double all = double(traffic.fast) + double(traffic.slow);
  return all > 0 ? fmt::format("{:.1f} %", 100 * double(traffic.fast) / all) : "-";
}

std::string headline(const Json& status) {
  const std::string netns = text(status, "netns");
  std::string out = fmt::format(
      "tnad {}{}, generation {}, last rebuild {:.1f} ms, lease {:.3g} s\n", text(status, "version"),
      netns.empty() ? "" : ", network namespace " + netns, count(status, "generation"),
      number(status, "last_rebuild_ms"), number(status, "lease_ms") / 1000);
  if (flag(status, "paused")) out += "PAUSED by `tna detach`; `tna attach` ends that\n";
  if (const Json* whose = find(status, "counted_connections");
      whose && text(*whose, "configured") == "fast" && text(*whose, "by") != "fast")
    out += "note: connections with counters stay with Linux: " + text(*whose, "why") + '\n';
  for (const Json& lack : items(status, "missing")) out += "note: " + plain(lack) + '\n';
  return out;
}

std::string print(const Json& status, const Json& before, double seconds, const char* unit) {
  Table table{"INTERFACE",
              "HOOK",
              ">MODULES",
              ">INSNS",
              std::string(">FAST") + unit,
              std::string(">SLOW") + unit,
              ">SHARE",
              "WHY SLOW"};
  for (const Json& path : items(status, "interfaces")) {
    const std::string name = text(path, "name"), hook = hook_of(path);
    if (hook == "none") {
      table.row({name, hook, "-", "-", "-", "-", "-", ""});
      table.note(text(path, "why"));
      continue;
    }
    const Json* old = interface_named(before, name);
    const Traffic seen = traffic(path, old ? *old : Json());
    table.row({name, hook, std::to_string(items(path, "modules").size()),
               std::to_string(count(path, "instructions")),
               fmt::format("{:.0f}", double(seen.fast) / seconds),
               fmt::format("{:.0f}", double(seen.slow) / seconds), share(seen),
               top(seen, seconds)});
  }
  return headline(status) + table.text();
}

}  // namespace

std::string print_status(const Json& status) {
  return print(status, Json(), 1, "");
}

std::string print_rates(const Json& status, const Json& before, double seconds) {
  return print(status, before, seconds, "/S");
}

std::string print_graph(const Json& graph) {
  std::string drawn = text(graph, "text");
  if (!drawn.ends_with('\n')) drawn += '\n';
  return drawn;
}

std::string print_pipeline(const Json& pipeline) {
  const std::string hook = hook_of(pipeline);
  std::string out = fmt::format("{}: {}", text(pipeline, "interface"), hook);
  if (hook != "none")
    out += fmt::format(", {} instructions, program {}, loaded in {:.1f} ms",
                       count(pipeline, "instructions"), count(pipeline, "program_id"),
                       number(pipeline, "load_ms"));
  out += '\n';
  if (const std::string why = text(pipeline, "why"); !why.empty()) out += "    " + why + '\n';

  if (const Json& modules = items(pipeline, "modules"); !modules.empty()) {
    Table table{"MODULE", "BECAUSE"};
    for (const Json& module : modules) {
      table.row({text(module, "name"), text(module, "because")});
      if (const Json* reads = find(module, "reads"); reads && !reads->empty())
        table.note("reads " + (reads->is_array() ? joined(*reads) : plain(*reads)));
    }
    out += '\n' + table.text();
  }
  if (const Json& guards = items(pipeline, "guards"); !guards.empty()) {
    Table table{"GUARD", "VALUE", "BECAUSE"};
    for (const Json& guard : guards) {
      const Json* value = find(guard, "value");
      table.row({text(guard, "name"), value ? plain(*value) : "", text(guard, "because")});
    }
    out += '\n' + table.text();
  }
  if (const Json& constants = items(pipeline, "constants"); !constants.empty()) {
    Table table{"CONSTANT", "VALUE"};
    for (const auto& [name, value] : constants.items()) table.row({name, plain(value)});
    out += '\n' + table.text();
  }
  return out;
}

std::string print_capabilities(const Json& capabilities) {
  const Json* kernel = find(capabilities, "kernel");
  std::string out;
  if (kernel) {
    Table table{"KERNEL " + text(*kernel, "release"), "HERE", "DETAIL"};
    for (const Json& feature : items(*kernel, "features"))
      table.row(
          {text(feature, "name"), yes_no(flag(feature, "available")), text(feature, "detail")});
    out = table.text() + '\n';
  }
  Table table{"DEVICE", "DRIVER", "NATIVE XDP", "REDIRECT TARGET", "RX VLAN OFFLOAD", "PEER"};
  for (const Json& device : items(capabilities, "devices")) {
    table.row({text(device, "name"), text(device, "driver", "-"),
               yes_no(flag(device, "native_xdp")), yes_no(flag(device, "redirect_target")),
               yes_no(flag(device, "rx_vlan_offload")), text(device, "peer")});
    for (const Json& note : items(device, "notes")) table.note(plain(note));
  }
  return out + table.text();
}

namespace {

std::string print_chain(const Json& chain) {
  std::string out = text(chain, "family") + ' ' + text(chain, "table") + ' ' + text(chain, "chain");
  if (find(chain, "hook")) {
    out += fmt::format(" ({}, priority {}, policy {}", text(chain, "hook"),
                       static_cast<long>(number(chain, "priority")), text(chain, "policy"));
    for (const Json& device : items(chain, "devices")) out += ", " + plain(device);
    out += ')';
  }
  out += '\n';
  for (const Json& rule : items(chain, "rules")) {
    out += fmt::format("  {:>5}  ", count(rule, "handle"));
    const char* between = "";
    for (const Json& step : items(rule, "steps")) {
      out += between + plain(step);
      between = "; ";
    }
    if (const Json* counted = find(rule, "linux")) {
      out += fmt::format("  # Linux {} packets {} bytes", count(*counted, "packets"),
                         count(*counted, "bytes"));
      if (const Json* fast = find(rule, "fast"))
        out += fmt::format(", fast {} packets {} bytes", count(*fast, "packets"),
                           count(*fast, "bytes"));
    }
    const std::string why = text(rule, "to_linux");
    if (!why.empty() && !out.ends_with("to Linux: " + why)) out += "  # to Linux: " + why;
    out += '\n';
  }
  return out;
}

// Empty: packets of the family are judged by compiled rules.
std::string refused(const Json& rules, const char* family, const char* name) {
  const Json* why = find(rules, "refused");
  if (!why || text(*why, family).empty()) return {};
  return std::string(name) + " that meet rules are left to Linux: " + text(*why, family) + '\n';
}

}  // namespace

std::string print_rules(const Json& rules) {
  std::string out;
  std::size_t all = 0, to_linux = 0;
  for (const Json& chain : items(rules, "chains")) {
    out += print_chain(chain);
    for (const Json& rule : items(chain, "rules")) {
      ++all;
      to_linux += find(rule, "to_linux") != nullptr;
    }
  }
  if (out.empty()) return "no chains\n";
  return out + fmt::format("{} rules, {} with a step that only Linux can do\n", all, to_linux) +
         refused(rules, "ipv4", "IPv4 packets") + refused(rules, "ipv6", "IPv6 packets") +
         refused(rules, "frames", "frames");
}

std::string print_detached(const Json& detached) {
  const std::string names = joined(items(detached, "interfaces"));
  if (names.empty()) return "nothing was attached\n";
  return "detached: " + names + "\nLinux works alone there until `tna attach`\n";
}

std::string print_attached(const Json& attached) {
  const std::string names = joined(items(attached, "interfaces"));
  if (names.empty()) return "nothing is attached: `tna status` says why\n";
  return "attached: " + names + '\n';
}

}  // namespace tna
