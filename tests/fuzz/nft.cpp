// SPDX-License-Identifier: Apache-2.0
// Fuzzer of what nf_tables lists: netlink messages, one after the other, each at a multiple of four
// bytes. They may be anything; rules come of them as they come of a kernel's.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "fuzz/rules.h"
#include "introspect/nft_collector.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

using Messages = std::vector<std::vector<std::uint8_t>>;

Messages messages_of(const std::uint8_t* data, std::size_t size) {
  Messages found;
  tna::Bytes rest = std::as_bytes(std::span(data, size));
  while (auto message = tna::next_message(rest)) {
    auto* first = reinterpret_cast<const std::uint8_t*>(message->data());
    found.emplace_back(first, first + message->size());
    found.back().resize(NLMSG_ALIGN(message->size()));
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tna::NftCollector collector;
  tna::Bytes rest = std::as_bytes(std::span(data, size));
  while (auto message = tna::next_message(rest)) collector.take(*message);
  tna::use(collector.collected());
  return 0;
}

// Bytes change by chance, as ever; or within one message, whose length stays true; or messages
// come, go and change places.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  std::minstd_rand random(seed);
  Messages messages = messages_of(data, size);
  const auto kind = random() % 8;
  if (messages.empty() || kind == 0) return LLVMFuzzerMutate(data, size, most);
  auto& chosen = messages[random() % messages.size()];
  const std::size_t other = random() % messages.size();
  if (kind == 1) {
    messages.erase(messages.begin() + static_cast<std::ptrdiff_t>(other));
  } else if (kind == 2) {
    std::swap(chosen, messages[other]);
  } else if (kind == 3) {
    const auto copies = 1 + random() % 40;  // runs of many rules are compiled otherwise
    messages.insert(messages.begin() + static_cast<std::ptrdiff_t>(other), copies,
                    std::vector(chosen));
  } else if (chosen.size() > NLMSG_HDRLEN) {
    const std::size_t first = NLMSG_HDRLEN + random() % (chosen.size() - NLMSG_HDRLEN);
    const std::size_t count = std::min<std::size_t>(chosen.size() - first, 1 + random() % 64);
    LLVMFuzzerMutate(chosen.data() + first, count, count);
  }
  std::size_t made = 0;
  for (const auto& message : messages) {
    if (made + message.size() > most) break;
    std::memcpy(data + made, message.data(), message.size());
    made += message.size();
  }
  return made;
}
