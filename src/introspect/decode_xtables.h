// SPDX-License-Identifier: Apache-2.0
// decode_xtables.h: a table of iptables-legacy, as the kernel gives it out in one piece, as the
// rules that iptables-nft would have written.
#pragma once

#include <array>

#include "base/result.h"
#include "introspect/nft_objects.h"

namespace tna {

struct XtablesBlob {
  std::uint8_t family = 0;  // NFPROTO_IPV4, NFPROTO_IPV6
  std::string name;
  std::uint32_t hooks = 0;  // a bit for each of NF_INET_* that it has a chain at
  std::array<std::uint32_t, 5> entry{}, underflow{};  // where those begin, and their policies stand
  nft::Octets entries;  // struct ipt_entry or ip6t_entry, one behind the other
};

// Its name is "legacy filter" and so on: nf_tables may have a table of the plain name, too. The
// handles of rules are their places in the list. Error: an entry that isn't sound, by its offset.
Result<nft::Table> decode_xtables(const XtablesBlob&);

}  // namespace tna
