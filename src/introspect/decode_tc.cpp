// SPDX-License-Identifier: Apache-2.0
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "introspect/decode.h"

namespace tna {
namespace {

constexpr std::uint32_t kIngress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);

struct TcMessage {
  std::uint16_t type;
  tcmsg info;
  Attributes attributes;
};

std::optional<TcMessage> parse(Bytes bytes, std::uint16_t wanted, std::uint16_t or_wanted) {
  auto message = parse_message(bytes);
  if (!message) return std::nullopt;
  const std::uint16_t type = message->header.nlmsg_type;
  auto info = leading<tcmsg>(message->payload);
  if ((type != wanted && type != or_wanted) || !info) return std::nullopt;
  return TcMessage{type, *info, Attributes(following<tcmsg>(message->payload))};
}

bool of_shared_block(const TcMessage& message) {
  return static_cast<std::uint32_t>(message.info.tcm_ifindex) == TCM_IFINDEX_MAGIC_BLOCK;
}

// A dump lists the classifier itself before its filters, and u32's hash tables between them; their
// coming and going is not told, and they match nothing.
bool is_container(const Filter& filter) {
  return filter.handle == 0 || (filter.kind == "u32" && TC_U32_NODE(filter.handle) == 0 &&
                                TC_U32_HASH(filter.handle) == 0);
}

}  // namespace

std::optional<Qdisc> decode_qdisc(Bytes bytes) {
  auto message = parse(bytes, RTM_NEWQDISC, RTM_NEWQDISC);
  if (!message || message->info.tcm_ifindex <= 0) return std::nullopt;
  Qdisc qdisc{.ifindex = static_cast<IfIndex>(message->info.tcm_ifindex),
              .handle = message->info.tcm_handle,
              .parent = message->info.tcm_parent};
  for (auto [type, payload] : message->attributes)
    if (type == TCA_KIND) qdisc.kind = text(payload);
  if (!message->attributes.well_formed() || qdisc.kind.empty()) return std::nullopt;
  return qdisc;
}

std::optional<Event> decode_filter(Bytes bytes, FilterPlace asked_for) {
  auto message = parse(bytes, RTM_NEWTFILTER, RTM_DELTFILTER);
  if (!message) return std::nullopt;
  FilterPlace place{static_cast<IfIndex>(message->info.tcm_ifindex), message->info.tcm_parent};
  if (of_shared_block(*message)) place = asked_for;
  // A filter of a qdisc that sorts into classes: that qdisc alone keeps packets with Linux.
  if (place.ifindex == 0 || TC_H_MAJ(place.parent) != TC_H_MAJ(TC_H_CLSACT)) return std::nullopt;

  Filter filter{.ifindex = place.ifindex,
                .parent = TC_H_MIN(place.parent) ? place.parent : kIngress,
                .info = message->info.tcm_info,
                .handle = message->info.tcm_handle};
  bool good = message->attributes.well_formed();
  for (auto [type, payload] : message->attributes) {
    if (type == TCA_KIND) filter.kind = text(payload);
    if (type == TCA_CHAIN) good &= take(payload, filter.chain);
  }
  if (!good || filter.kind.empty()) return std::nullopt;
  if (message->type == RTM_DELTFILTER) return RemovedFilter{std::move(filter)};
  if (is_container(filter)) return std::nullopt;
  return filter;
}

std::optional<ConcernedQdisc> concerned_qdisc(Bytes bytes) {
  auto message = parse(bytes, RTM_NEWQDISC, RTM_DELQDISC);
  if (!message || message->info.tcm_ifindex <= 0) return std::nullopt;
  return ConcernedQdisc{static_cast<IfIndex>(message->info.tcm_ifindex), message->info.tcm_parent};
}

bool concerns_shared_block(Bytes bytes) {
  auto message = parse(bytes, RTM_NEWTFILTER, RTM_DELTFILTER);
  return message && of_shared_block(*message);
}

}  // namespace tna
