// SPDX-License-Identifier: Apache-2.0
// Rule sets as text, by chance but always the same for a seed.
#pragma once

#include <string>

#include "bed.h"

namespace tna::bench {

// That many rules in the forward chain of table ip bench; the transaction replaces the table. None
// concerns a frame of the bed: half are about other addresses, half about other ports of these.
std::string nft_rules(int count, unsigned seed);
// The same in table bridge bench, which frames pass.
std::string bridge_rules(int count, unsigned seed);
// The same for iptables-restore.
std::string iptables_rules(int count, unsigned seed);
// Rules that overlap each other as much as can be, in nft's form.
std::string adversarial_rules(int count, unsigned seed);

// Has the command read them, from a file, in the device under test.
Result<> load_rules(const Bed& bed, const std::string& command, const std::string& text);

}  // namespace tna::bench
