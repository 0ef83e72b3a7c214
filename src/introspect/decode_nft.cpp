// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "introspect/decode.h"

namespace tna {

std::optional<RulesetGeneration> decode_generation(Bytes bytes) {
  auto message = parse_message(bytes);
  if (!message || message->header.nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN))
    return std::nullopt;
  if (!leading<nfgenmsg>(message->payload)) return std::nullopt;
  for (auto [type, payload] : Attributes(following<nfgenmsg>(message->payload))) {
    std::uint32_t id = 0;
    if (type == NFTA_GEN_ID && take(payload, id)) return RulesetGeneration{ntohl(id)};
  }
  return std::nullopt;
}

}  // namespace tna
