// SPDX-License-Identifier: Apache-2.0
#include "rule_texts.h"

#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <fstream>
#include <random>
#include <tuple>

#include "random_boxes.h"

namespace tna::bench {
namespace {

constexpr int kPorts = 40'000, kFirstPort = 20'000;

std::string other_network(std::mt19937& random) {
  return fmt::format("10.{}.{}.0/24", random() % 256, random() % 256);
}

// `format` gets source, destination and port.
std::string each(int count, unsigned seed, const char* format) {
  std::mt19937 random(seed);
  std::string text;
  for (int i = 0; i < count; ++i) {
    const std::string source = i % 2 ? other_network(random) : "198.18.0.0/15";
    const std::string destination = i % 2 ? other_network(random) : "0.0.0.0/0";
    const unsigned port = kFirstPort + (static_cast<unsigned>(i) + seed) % kPorts;
    text += fmt::format(fmt::runtime(format), source, destination, port);
  }
  return text;
}

std::string nft_table(const std::string& rules, const std::string& family = "ip") {
  const std::string table = "table " + family + " bench";
  return table + "\ndelete " + table + "\n" + table +
         " {\n chain c {\n  type filter hook forward priority 0;\n" + rules + " }\n}\n";
}

std::string prefix(const Range& range) {
  const std::uint32_t low = range.low;
  return fmt::format("{}.{}.{}.{}/{}", low >> 24, low >> 16 & 255, low >> 8 & 255, low & 255,
                     32 - std::bit_width(range.high - range.low));
}

}  // namespace

constexpr char kNftRule[] = "  ip saddr {} ip daddr {} udp dport {} drop\n";

std::string nft_rules(int count, unsigned seed) {
  return nft_table(each(count, seed, kNftRule));
}

std::string bridge_rules(int count, unsigned seed) {
  return nft_table(each(count, seed, kNftRule), "bridge");
}

std::string iptables_rules(int count, unsigned seed) {
  return "*filter\n:FORWARD ACCEPT [0:0]\n" +
         each(count, seed, "-A FORWARD -s {} -d {} -p udp -m udp --dport {} -j DROP\n") +
         "COMMIT\n";
}

std::string adversarial_rules(int count, unsigned seed) {
  test::RandomBoxes random(test::Kind::adversarial, false, seed);
  std::string rules;
  for (const Box& box : random.make(static_cast<std::uint32_t>(count))) {
    const auto& [source, destination, from, to, protocol] =
        std::tie(box.words[0], box.words[1], box.words[2], box.words[3], box.words[4]);
    rules += fmt::format("  ip saddr {} ip daddr {} ", prefix(source), prefix(destination));
    if (protocol.low == protocol.high) rules += fmt::format("meta l4proto {} ", protocol.low);
    rules +=
        fmt::format("th sport {}-{} th dport {}-{} drop\n", from.low, from.high, to.low, to.high);
  }
  return nft_table(rules);
}

Result<> load_rules(const Bed& bed, const std::string& command, const std::string& text) {
  char name[] = "/tmp/tna-bench-rules-XXXXXX";
  const int fd = ::mkstemp(name);
  if (fd < 0) return errno_error("make a file for rules");
  ::close(fd);
  std::ofstream(name) << text;
  auto done = bed.in_dut(command + std::string(" ") + name);
  ::unlink(name);
  if (!done) return std::unexpected(done.error());
  return {};
}

}  // namespace tna::bench
