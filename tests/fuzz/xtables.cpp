// SPDX-License-Identifier: Apache-2.0
// Fuzzer of tables of iptables-legacy: a file is one, as xtables_input.h lays it out.
#include <cstddef>
#include <cstdint>

#include "fuzz/rules.h"
#include "fuzz/xtables_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (auto table = tna::decode_xtables(tna::blob_of(data, size)))
    tna::use({0, {std::move(*table)}});
  return 0;
}
