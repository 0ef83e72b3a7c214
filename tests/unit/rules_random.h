// SPDX-License-Identifier: Apache-2.0
// rules_random.h: rule sets and packets by chance, which meet each other often: few addresses, few
// ports.
#pragma once

#include <random>
#include <string>

#include "rules/evaluate.h"

namespace tna {

class RandomRules {
 public:
  explicit RandomRules(unsigned seed) : random_(seed) {}

  // For `nft -f -`: a table of the family (ip, inet) with a base chain at output and chains it
  // jumps to.
  std::string nft(const std::string& family);
  // For iptables-nft-restore: OUTPUT of the table mangle, which may set marks, and chains it jumps
  // to.
  std::string iptables();
  // An IPv4 packet of TCP, UDP or ICMP, whole, with right checksum of its header.
  Octets packet();
  std::uint32_t mark() { return number(4); }

 private:
  int number(int below) { return static_cast<int>(random_() % below); }
  bool one_in(int count) { return number(count) == 0; }
  std::string address();
  std::string port() { return std::to_string(number(6) * 100); }
  std::string nft_match(const std::string& protocol);
  std::string nft_rule(int chain);
  std::string iptables_match();
  std::string iptables_rule(int chain);

  std::mt19937 random_;
};

}  // namespace tna
