// SPDX-License-Identifier: Apache-2.0
#include "demo.h"

#include <fmt/format.h>
#include <signal.h>

#include "clock.h"
#include "live_change.h"
#include "measure.h"
#include "tnad.h"

namespace tna::bench {
namespace {

void heading(const std::string& text) {
  bool terminal = isatty(STDOUT_FILENO);
  fmt::print("\n{}{}{}\n\n", terminal ? "\033[1m" : "", text, terminal ? "\033[0m" : "");
  std::fflush(stdout);
}

// 1234567 as 1,234,567.
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

// Every line of the text moved to the right.
std::string indented(const std::string& text) {
  std::string result = "   ";
  for (char c : text) result += c == '\n' ? "\n   " : std::string(1, c);
  return result.substr(0, result.find_last_not_of(" \n") + 1) + "\n";
}

std::string bar(double share) {
  std::string text;
  for (int i = 0; i < int(share * 30 + 0.5); ++i) text += "█";
  return text;
}

void show_topology() {
  heading("1. A Linux bridge between 200 stations and 200 others");
  fmt::print(
      "      stations            the bridge's namespace             stations\n"
      "   ┌────────────┐        ┌─────────────────────┐          ┌────────────┐\n"
      "   │ 200 MACs   g0 ──── p0 ─── bridge br0 ─── p1 ──────── s1  200 MACs │\n"
      "   └────────────┘        └─────────────────────┘          └────────────┘\n");
}

Result<> show_rates(const Bed& bed, Flow& flow) {
  heading("2. 64-byte frames; one processor core sends, bridges and receives all of them");
  Subject subject{.bed = &bed, .flows = {&flow}};
  std::vector<double> pps = TRY(measure("   measuring",
                                        {{subject, Variant::plain_linux},
                                         {subject, Variant::tna_tc},
                                         {subject, Variant::tna_xdp},
                                         {subject, Variant::bare_redirect}},
                                        {.rounds = 3, .seconds = 0.8}));
  static constexpr const char* kNames[] = {"Linux alone", "Linux with TNA, at tc",
                                           "Linux with TNA, at XDP", "XDP redirecting blindly"};
  fmt::print("\n   {:<26}{:>12}{:>10}{:>18}\n", "", "frames/s", "x Linux", "of the redirect");
  for (size_t i = 0; i < pps.size(); ++i)
    fmt::print("   {:<26}{:>12}{:>10.2f}{:>16.0f} %   {}\n", kNames[i],
               grouped(std::uint64_t(pps[i])), pps[i] / pps[0], 100 * pps[i] / pps[3],
               bar(pps[i] / pps[3]));
  return {};
}

Result<> show_path(const Tnad& tnad) {
  heading("3. What TNA found (tna graph), and what it made of it (tna pipeline p0)");
  fmt::print("{}\n", indented(TRY(tnad.tna({"graph"}))));
  Json path = TRY(tnad.json({"pipeline", Bed::port_in(0)}));
  const Json& modules = items(path, "modules");
  for (const Json& module : modules)
    fmt::print("   {:<16}{}\n", text(module, "name"), text(module, "because"));
  fmt::print(
      "\n   {} modules, {} instructions, {} words of the kernel guarded, loaded in {:.0f} ms\n",
      modules.size(), count(path, "instructions"), items(path, "guards").size(),
      number(path, "load_ms"));
  return {};
}

// One change while frames flow; an error when a frame got through that must not, or the other way
// round.
Result<> change(const Bed& bed, Flow& flow, std::uint32_t epoch, const Arguments& commands,
                bool flows_after) {
  for (const std::string& command : commands) {
    TRY(bed.in_dut(command));
    fmt::print("   # {}\n", command);
  }
  Epoch seen = TRY(watch_epoch(flow, epoch, 1));
  fmt::print("     after it returned: {:>11} frames sent, {:>11} arrived   {}\n",
             grouped(seen.generated), grouped(seen.arrived),
             flows_after    ? "flowing"
             : seen.arrived ? "LEAKED"
                            : "none leaked");
  if (seen.generated == 0) return error("no frame was sent");
  if (flows_after == (seen.arrived == 0))
    return error(flows_after ? "nothing arrived" : "frames leaked after the change");
  return {};
}

Result<> show_changes(const Bed& bed, Flow& flow, const Tnad& tnad) {
  heading("4. Changes in the middle of traffic are obeyed from the first frame on");
  const std::string in = Bed::port_in(0), out = Bed::port_out(0);
  TRY(bed.speak());
  PortCounters before = TRY(tnad.counters());
  Stream stream(flow);
  TRY(change(
      bed, flow, 1,
      {"bridge link set dev " + in + " isolated on", "bridge link set dev " + out + " isolated on"},
      false));
  TRY(change(bed, flow, 2, {"bridge link set dev " + in + " isolated off"}, true));
  if (TRY(tnad.counters()).fast == before.fast) return error("no frame went fast");

  fmt::print(
      "   # kill -STOP {}          (tnad is frozen: nobody tells the fast path of the change)\n",
      tnad.pid());
  kill(tnad.pid(), SIGSTOP);
  Result<> obeyed = change(bed, flow, 3, {"ip link set " + out + " nomaster"}, false);
  kill(tnad.pid(), SIGCONT);
  TRY(obeyed);
  fmt::print("   # kill -CONT {}\n", tnad.pid());
  TRY(bed.in_dut("ip link set " + out + " master br0"));
  return stream.healthy();
}

// A tnad as anybody would start it, stations that answer to ping, and what to type.
Result<> leave_standing(Bed& bed) {
  TRY(run({"ip", "-n", bed.generator().name(), "addr", "add", "192.0.2.1/24", "dev",
           Bed::generator_end(0)}));
  TRY(run({"ip", "-n", bed.sink().name(), "addr", "add", "192.0.2.2/24", "dev", Bed::sink_end(0)}));
  Tnad tnad = TRY(Tnad::start(bed, "auto", "tc", Life::of_its_own));
  heading("5. Left standing for you (--keep)");
  fmt::print(
      "   {}\n   {}\n   {}\n"
      "   ip netns exec {} ping -i 0.2 -c 20 192.0.2.2\n"
      "   ip netns exec {} bridge -d link\n\n"
      "   to remove it all:  kill {}; for n in {} {} {}; do ip netns del $n; done; rm -r /run/{}\n",
      tnad.tna_command("status"), tnad.tna_command("graph"), tnad.tna_command("pipeline p0"),
      bed.generator().name(), bed.dut().name(), tnad.pid(), bed.generator().name(),
      bed.dut().name(), bed.sink().name(), bed.dut().name());
  tnad.keep();
  bed.keep();
  return {};
}

}  // namespace

Result<> demo(bool keep) {
  show_topology();
  Bed bed = TRY(Bed::create());
  {
    Flow flow = TRY(Flow::open(bed));
    TRY(show_rates(bed, flow));
    Tnad tnad = TRY(Tnad::start(bed, "xdp", "xdp"));
    TRY(show_path(tnad));
    TRY(show_changes(bed, flow, tnad));
    TRY(tnad.stop());
  }
  if (keep) return leave_standing(bed);
  heading("5. tnad is stopped and everything removed");
  return {};
}

}  // namespace tna::bench
