// SPDX-License-Identifier: Apache-2.0
// tna_traffic: sends numbered frames from one station, catches them at others, and counts exactly.
//   tna_traffic flow --from h1:eth0 --to MAC --listen h2=h2:eth0 --count 20
//   tna_traffic flow --from h1:eth0 --to MAC --listen h2=h2:eth0 --rate 2000 -- COMMAND...
// The second form has the command run while frames flow; "after" counts frames which were made
// after the command had returned. Without count and command it goes on until SIGTERM.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "traffic_flow.h"
#include "traffic_mab.h"

extern char** environ;

namespace tna::traffic {
namespace {

struct FlowOptions {
  std::string from, to, source, ethertype = "0x0800";
  std::vector<std::string> listen, command;
  std::size_t size = 100;
  int vlan = -1, before_ms = 100, after_ms = 200, quiet_ms = 50;
  std::uint64_t count = 0, rate = 0, expected = 0;
};

// Runs the command and tells when it had returned, or why it failed.
Result<std::uint64_t> run_command(std::vector<std::string> command) {
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  posix_spawnattr_t plain;
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_init(&plain);
  posix_spawnattr_setflags(&plain, POSIX_SPAWN_SETSIGMASK);  // ours blocks SIGTERM
  posix_spawnattr_setsigmask(&plain, &none);
  pid_t child = 0;
  const int why = posix_spawnp(&child, words[0], nullptr, &plain, words.data(), environ);
  posix_spawnattr_destroy(&plain);
  if (why) return errno_error("run " + command[0], why);
  int status = 0;
  waitpid(child, &status, 0);
  const std::uint64_t returned = now();
  if (status != 0) return error(command[0] + " failed");
  return returned;
}

void sleep_ms(int ms) {
  const timespec time{ms / 1000, (ms % 1000) * 1'000'000L};
  nanosleep(&time, nullptr);
}

Result<FrameSpec> spec_of(const FlowOptions& options, const Mac& own) {
  FrameSpec spec;
  spec.from = options.source.empty() ? own : TRY(parse_mac(options.source));
  spec.to = TRY(parse_mac(options.to));
  spec.ethertype = static_cast<std::uint16_t>(std::stoul(options.ethertype, nullptr, 0));
  spec.size = options.size;
  if (options.vlan >= 0) spec.vlan = static_cast<std::uint16_t>(options.vlan);
  return spec;
}

// Sends as long as it was asked for; the moment of the change, or the end of time without one.
Result<std::uint64_t> send_all(Source& source, const FlowOptions& options) {
  if (!options.command.empty()) {
    sleep_ms(options.before_ms);
    const std::uint64_t change = TRY(run_command(options.command));
    sleep_ms(options.after_ms);
    return change;
  }
  if (options.count) {
    source.wait();
    return UINT64_MAX;
  }
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  int got = 0;
  sigwait(&end, &got);
  return UINT64_MAX;
}

Result<> flow(const FlowOptions& options) {
  Sender sender = TRY(open_sender(TRY(parse_place(options.from))));
  const std::vector<std::byte> frame = TRY(build(TRY(spec_of(options, sender.mac))));
  Catchers catchers;
  for (const std::string& text : options.listen) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) return error("not NAME=NAMESPACE:DEVICE: " + text);
    const Place place = TRY(parse_place(text.substr(equals + 1)));
    if (auto added = catchers.add(text.substr(0, equals), place); !added) return added;
  }
  catchers.start(frame);
  Source source;
  source.start(std::move(sender), frame, options.count, options.rate);
  const auto change = send_all(source, options);
  source.finish();
  if (!change) return std::unexpected(change.error());
  catchers.finish(options.expected, options.quiet_ms);
  const std::uint64_t before = source.sent_before(*change);
  std::printf("change=%llu sent_before=%llu sent_after=%llu refused=%llu",
              static_cast<unsigned long long>(*change), static_cast<unsigned long long>(before),
              static_cast<unsigned long long>(source.sent() - before),
              static_cast<unsigned long long>(source.refused()));
  for (const auto& [name, c] : catchers.counts(*change, source.sent())) {
    for (const auto& [what, value] : {std::pair{"before", c.before},
                                      {"after", c.after},
                                      {"doubled", c.doubled},
                                      {"altered", c.altered},
                                      {"reordered", c.reordered}})
      std::printf(" %s_%s=%llu", name.c_str(), what, static_cast<unsigned long long>(value));
    std::printf(" %s_missing=%lld", name.c_str(), static_cast<long long>(c.missing));
  }
  std::printf("\n");
  return {};
}

// How many different frames a capture file holds, of those made after the moment.
Result<> count_capture(const std::string& path, std::uint64_t after) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return errno_error("open " + path);
  const std::vector<char> all{std::istreambuf_iterator<char>(file), {}};
  struct RecordHeader {
    std::uint32_t seconds, fraction, captured, length;
  } record;
  std::set<std::uint64_t> numbers;
  for (std::size_t at = 24; at + sizeof record <= all.size(); at += record.captured) {
    std::memcpy(&record, all.data() + at, sizeof record);
    at += sizeof record;
    if (record.captured > all.size() - at) break;  // the last one is not complete
    const auto* bytes = reinterpret_cast<const std::byte*>(all.data() + at);
    const auto stamp = find_stamp({bytes, record.captured});
    if (stamp && stamp->time > after) numbers.insert(stamp->number);
  }
  std::printf("%zu\n", numbers.size());
  return {};
}

int report(const Result<>& done) {
  if (done) return 0;
  std::fprintf(stderr, "tna_traffic: %s\n", done.error().message.c_str());
  return 1;
}

}  // namespace
}  // namespace tna::traffic

int main(int argc, char** argv) {
  using namespace tna::traffic;
  CLI::App app{"numbered test frames, counted exactly"};
  app.require_subcommand(1);
  FlowOptions options;
  CLI::App* flow_command = app.add_subcommand("flow", "send, catch and count");
  flow_command->add_option("--from", options.from, "NAMESPACE:DEVICE that sends")->required();
  flow_command->add_option("--to", options.to, "destination MAC")->required();
  flow_command->add_option("--source", options.source, "source MAC, else the device's own");
  flow_command->add_option("--ethertype", options.ethertype);
  flow_command->add_option("--vlan", options.vlan, "tag (TCI)");
  flow_command->add_option("--size", options.size, "bytes, without FCS");
  flow_command->add_option("--listen", options.listen, "NAME=NAMESPACE:DEVICE")
      ->allow_extra_args(false);
  flow_command->add_option("--count", options.count, "frames, else until the end");
  flow_command->add_option("--rate", options.rate, "frames a second, 0: as fast as it goes");
  flow_command->add_option("--expected", options.expected, "frames to wait for, 5 s at most");
  flow_command->add_option("--quiet", options.quiet_ms, "ms of silence at the end");
  flow_command->add_option("--before", options.before_ms, "ms before the command");
  flow_command->add_option("--after", options.after_ms, "ms after the command");
  flow_command->add_option("command", options.command, "what to run meanwhile");
  std::string path, netns, port, setting;
  std::uint64_t after = 0;
  CLI::App* capture_command = app.add_subcommand("capture", "count test frames in a pcap file");
  capture_command->add_option("file", path)->required();
  capture_command->add_option("--after", after, "only those made after this moment");
  CLI::App* mab_command = app.add_subcommand("mab", "MAC authentication bypass of a bridge port");
  mab_command->add_option("netns", netns)->required();
  mab_command->add_option("port", port)->required();
  mab_command->add_option("setting", setting)->required()->check(CLI::IsMember({"on", "off"}));
  CLI11_PARSE(app, argc, argv);

  sigset_t end;  // taken by sigwait, also when it comes early
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  if (*flow_command) return report(flow(options));
  if (*capture_command) return report(count_capture(path, after));
  return report(set_mab(netns, port, setting == "on"));
}
