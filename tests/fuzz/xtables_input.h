// SPDX-License-Identifier: Apache-2.0
// xtables_input.h: an XtablesBlob as the bytes of a file: this head, then the entries.
#pragma once

#include <linux/netfilter.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "introspect/decode_xtables.h"

namespace tna {

inline constexpr const char* kXtablesNames[] = {"filter", "mangle", "nat", "raw", "security"};

struct XtablesHead {
  std::uint8_t ipv6, name;  // the name's place in the list
  std::uint16_t hooks;
  std::uint32_t entry[5], underflow[5];
};
static_assert(sizeof(XtablesHead) == 44);

inline XtablesBlob blob_of(const std::uint8_t* data, std::size_t size) {
  XtablesHead head{};
  std::memcpy(&head, data, std::min(size, sizeof head));
  XtablesBlob blob;
  blob.family = head.ipv6 & 1 ? NFPROTO_IPV6 : NFPROTO_IPV4;
  blob.name = kXtablesNames[head.name % std::size(kXtablesNames)];
  blob.hooks = head.hooks;
  std::ranges::copy(head.entry, blob.entry.begin());
  std::ranges::copy(head.underflow, blob.underflow.begin());
  if (size > sizeof head) blob.entries.assign(data + sizeof head, data + size);
  return blob;
}

inline nft::Octets bytes_of(const XtablesBlob& blob) {
  XtablesHead head{};
  head.ipv6 = blob.family == NFPROTO_IPV6;
  while (head.name < std::size(kXtablesNames) && blob.name != kXtablesNames[head.name]) ++head.name;
  head.hooks = static_cast<std::uint16_t>(blob.hooks);
  std::ranges::copy(blob.entry, head.entry);
  std::ranges::copy(blob.underflow, head.underflow);
  nft::Octets bytes(sizeof head + blob.entries.size());
  std::memcpy(bytes.data(), &head, sizeof head);
  std::ranges::copy(blob.entries, bytes.begin() + sizeof head);
  return bytes;
}

}  // namespace tna
