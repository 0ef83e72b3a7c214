// SPDX-License-Identifier: Apache-2.0
// From the return of the command that commits rules until packets go fast by them, what it is made
// of, and the memory that the rules take.
#include <bpf/bpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "cases.h"
#include "clock.h"
#include "router.h"
#include "rule_texts.h"
#include "tna.h"
#include "tnad.h"

namespace tna::bench {
namespace {

constexpr double kTooLong = 60;    // seconds
constexpr double kRest = 0.3;      // between two commits
constexpr double kSettled = 2.5;   // and after the last one, when the daemon gives memory back
constexpr double kBetween = 3e-4;  // two frames: a packet may take Linux long
constexpr int kMany = 100'000;     // rules; the kernel takes seconds to take them
constexpr std::size_t kSaidLast = 2000;
constexpr double kMiB = 1 << 20;

struct Commit {
  const char* tool;
  const char* command;
  std::string (*rules)(int count, unsigned seed);
  int count;
  double goal_ms;   // 0: none
  double goal_mib;  // of what rules take of the daemon and of BPF's maps
};
constexpr Commit kCommits[] = {
    {"nft", "nft -f", nft_rules, 100, 50, 0},
    {"nft", "nft -f", nft_rules, 10'000, 250, 16},
    {"nft", "nft -f", nft_rules, kMany, 2000, 0},
    {"adversarial", "nft -f", adversarial_rules, 10'000, 0, 64},
    {"iptables-nft", "iptables-nft-restore", iptables_rules, 100, 50, 0},
    {"iptables-nft", "iptables-nft-restore", iptables_rules, 10'000, 250, 16},
    {"legacy", "iptables-legacy-restore", iptables_rules, 100, 50, 0},
    {"legacy", "iptables-legacy-restore", iptables_rules, 10'000, 250, 16},
    {"legacy", "iptables-legacy-restore", iptables_rules, kMany, 2000, 0},
};

// Fast packets of the lane's ingress port, from the daemon's own map: to ask the daemon takes it
// time.
class FastPackets {
 public:
  static Result<FastPackets> of(const Bed& bed, const Tnad& tnad) {
    const std::string folder = TRY(pins(tnad.pid()));
    Fd slots(bpf_obj_get((folder + "/tna_slots").c_str()));
    FastPackets found;
    found.counters_ = Fd(bpf_obj_get((folder + "/tna_counters").c_str()));
    const std::uint32_t key = TRY(index_of(bed.dut(), Bed::port_in(0))) % TNA_SLOTS;
    tna_slot slot{};
    if (!slots || !found.counters_ || bpf_map_lookup_elem(slots.get(), &key, &slot))
      return errno_error("open the counters below " + folder);
    found.index_ = slot.index;
    return found;
  }
  Result<std::uint64_t> now() const {
    std::vector<tna_counters> each(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    if (bpf_map_lookup_elem(counters_.get(), &index_, each.data()))
      return errno_error("read the counters");
    std::uint64_t sum = 0;
    for (const tna_counters& cpu : each) sum += cpu.fast_packets;
    return sum;
  }

 private:
  // The folder of the daemon's pins, which it holds open.
  static Result<std::string> pins(pid_t pid) {
    std::error_code failed;
    for (const auto& fd : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid)))
      if (auto path = std::filesystem::read_symlink(fd, failed);
          path.native().starts_with("/sys/fs/bpf/"))
        return path.native();
    return error("tnad has no folder of pins open");
  }
  Fd counters_;
  std::uint32_t index_ = 0;
};

struct Memory {
  double daemon = 0, maps = 0;  // MiB
};

// The number behind that word.
double number_behind(const std::string& text, const std::string& word) {
  const auto at = text.find(word);
  return at == std::string::npos ? 0 : std::atof(text.c_str() + at + word.size());
}

std::string contents(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

Memory memory_of(pid_t pid) {
  const std::string folder = fmt::format("/proc/{}/", pid);
  std::map<int, double> maps;
  for (const auto& fd : std::filesystem::directory_iterator(folder + "fdinfo")) {
    const std::string text = contents(fd);
    if (text.find("map_id:") != std::string::npos)
      maps[int(number_behind(text, "map_id:"))] = number_behind(text, "memlock:") / kMiB;
  }
  Memory memory{number_behind(contents(folder + "status"), "VmRSS:") / 1024, 0};
  for (const auto& [id, mib] : maps) memory.maps += mib;
  return memory;
}

struct Samples {
  std::vector<double> fast_ms, settle_ms, read_ms, compile_ms, plan_ms, act_ms;
};

// What the daemon says of the passes since then that changed something; the last one's.
void note_parts(const std::string& log, Samples& samples) {
  double read = 0, compile = 0, settle = 0, plan = 0, act = 0;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("rules: read in ") != std::string::npos) {
      read = number_behind(line, "read in ");
      compile = number_behind(line, "compiled in ");
    } else if (line.find("pass: ") != std::string::npos && line.find(" 0 actions") == line.npos) {
      settle = number_behind(line, "settled ");
      plan = number_behind(line, "planned ");
      act = number_behind(line, "actions ");
    }
  }
  samples.settle_ms.push_back(settle);
  samples.read_ms.push_back(read);
  samples.compile_ms.push_back(compile);
  samples.plan_ms.push_back(plan);
  samples.act_ms.push_back(act);
}

// Milliseconds from the command's return.
Result<double> commit(Router& router, const Commit& what, unsigned seed, const FastPackets& fast,
                      const Tnad& tnad) {
  const std::string text = what.rules(what.count, seed);
  TRY(load_rules(router.bed, what.command, text));
  const std::uint64_t before = TRY(fast.now());
  const double start = now();
  while (TRY(fast.now()) == before) {
    if (interrupted()) return error("interrupted");
    if (now() > start + kTooLong) {
      const std::string said = tnad.output();
      return error("in vain waited for a fast packet; tnad said last:\n" +
                   said.substr(said.size() - std::min<std::size_t>(said.size(), kSaidLast)));
    }
    TRY(router.flow->send(1));
    pause_for(kBetween);
  }
  return (now() - start) * 1000;
}

double rounded(const std::vector<double>& values) {
  return std::round(median(values) * 10) / 10;
}

Result<Row> measure(const Commit& what, int runs) {
  fmt::print(stderr, "rules-commit: {}, {} rules\n", what.tool, what.count);
  std::unique_ptr<Router> router = TRY(open_router(10));
  more_arguments().insert(more_arguments().end(), {"--log", "debug"});
  Result<Tnad> started = Tnad::start(router->bed, "xdp", "xdp");
  more_arguments().resize(more_arguments().size() - 2);
  const Tnad tnad = TRY(std::move(started));
  const FastPackets fast = TRY(FastPackets::of(router->bed, tnad));
  const Memory before = memory_of(tnad.pid());
  const double first = TRY(commit(*router, what, 1, fast, tnad));
  pause_for(kRest);
  Samples samples;
  for (int run = 0; run < runs; ++run) {
    const std::size_t said = tnad.output().size();
    samples.fast_ms.push_back(
        TRY(commit(*router, what, 2 + static_cast<unsigned>(run), fast, tnad)));
    pause_for(kRest);
    note_parts(tnad.output().substr(said), samples);
  }
  pause_for(kSettled);
  const Memory after = memory_of(tnad.pid());
  Row row{.name = fmt::format("{}-{}", what.tool, what.count), .hook = "xdp", .runs = runs};
  row.values["commit_to_fast_ms"] = rounded(samples.fast_ms);
  row.values["first_ms"] = std::round(first * 10) / 10;
  row.values["settle_ms"] = rounded(samples.settle_ms);
  row.values["read_ms"] = rounded(samples.read_ms);
  row.values["compile_ms"] = rounded(samples.compile_ms);
  row.values["maps_ms"] = rounded(samples.plan_ms);
  row.values["load_ms"] = rounded(samples.act_ms);
  row.values["daemon_mib"] = ratio(after.daemon - before.daemon, 1);
  row.values["maps_mib"] = ratio(after.maps - before.maps, 1);
  row.values["rules_mib"] = ratio(after.daemon - before.daemon + after.maps - before.maps, 1);
  if (what.goal_ms > 0) row.goals.push_back({"commit_to_fast_ms", Goal::at_most, what.goal_ms});
  if (what.goal_mib > 0) row.goals.push_back({"rules_mib", Goal::at_most, what.goal_mib});
  return row;
}

}  // namespace

Result<std::vector<Row>> rules_commit(const Options& options) {
  std::vector<Row> rows;
  for (const Commit& what : kCommits)
    rows.push_back(TRY(measure(what, what.count < kMany ? options.rounds : 3)));
  return rows;
}

}  // namespace tna::bench
