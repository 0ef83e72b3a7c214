// SPDX-License-Identifier: Apache-2.0
#include "introspect/kernel_reader.h"

#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>

#include "introspect/decode.h"

namespace tna {
namespace {

Request link_request(IfIndex ifindex) {
  Request request(RTM_GETLINK);
  request.fixed<ifinfomsg>().ifi_index = static_cast<int>(ifindex);
  request.put(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  return request;
}

Request filter_request(IfIndex ifindex, std::uint32_t parent) {
  Request request(RTM_GETTFILTER);
  auto& info = request.fixed<tcmsg>();
  info.tcm_ifindex = static_cast<int>(ifindex);
  info.tcm_parent = parent;
  return request;
}

// Collects what a decoder finds, be it an optional Event or an optional object.
auto collect(std::vector<Event>& into, auto decode) {
  return [&into, decode](Bytes message) {
    if (auto object = decode(message)) into.push_back(std::move(*object));
  };
}

}  // namespace

Result<KernelReader> KernelReader::open() {
  return KernelReader(TRY(Netlink::open(NETLINK_ROUTE)));
}

Result<std::vector<Event>> KernelReader::links() {
  std::vector<Event> found;
  TRY(route_.dump("links", link_request(0), collect(found, decode_link)));
  return found;
}

Result<Event> KernelReader::link(IfIndex ifindex) {
  std::optional<Event> found;
  const std::string what = "link " + std::to_string(ifindex);
  auto done =
      route_.get(what, link_request(ifindex), [&](Bytes message) { found = decode_link(message); });
  if (!done && done.error().code == ENODEV) return RemovedLink{ifindex};
  if (!done) return std::unexpected(done.error());
  if (!found) return error("get " + what + ": the answer can't be read", EPROTO);
  return *found;
}

Result<std::vector<Event>> KernelReader::addresses() {
  Request request(RTM_GETADDR);
  request.fixed<ifaddrmsg>();
  std::vector<Event> found;
  TRY(route_.dump("addresses", request, collect(found, decode_address)));
  return found;
}

Result<std::vector<Event>> KernelReader::netconfs() {
  Request request(RTM_GETNETCONF);
  request.fixed<netconfmsg>();
  std::vector<Event> found;
  TRY(route_.dump("IP configuration of interfaces", request, collect(found, decode_netconf)));
  return found;
}

Result<std::vector<Event>> KernelReader::qdiscs() {
  Request request(RTM_GETQDISC);
  request.fixed<tcmsg>();
  std::vector<Event> found;
  TRY(route_.dump("qdiscs", request, collect(found, decode_qdisc)));
  return found;
}

Result<std::vector<Event>> KernelReader::filters(const Qdisc& qdisc) {
  std::vector<Event> found;
  std::vector<std::uint32_t> parents{TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)};
  if (qdisc.kind == "clsact") parents.push_back(TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
  for (std::uint32_t parent : parents)
    TRY(route_.dump("filters of link " + std::to_string(qdisc.ifindex),
                    filter_request(qdisc.ifindex, parent), collect(found, [&](Bytes message) {
                      return decode_filter(message, {qdisc.ifindex, parent});
                    })));
  return found;
}

Result<std::vector<Event>> KernelReader::vlans(IfIndex ifindex) {
  Request request(RTM_GETVLAN);
  auto& info = request.fixed<br_vlan_msg>();
  info.family = AF_BRIDGE;
  info.ifindex = ifindex;
  std::vector<Event> found;
  TRY(route_.dump("bridge VLANs", request, [&](Bytes message) {
    for (const BridgeVlan& vlan : decode_bridge_vlans(message)) found.push_back(vlan);
  }));
  return found;
}

// From buffer to buffer the kernel goes on by the address. Only another route to the very same
// address, removed just when a buffer ended there, could hide one; all other changes are told.
Result<std::vector<Event>> KernelReader::routes() {
  std::vector<Event> found;
  for (std::uint8_t family : {AF_INET, AF_INET6}) {
    Request request(RTM_GETROUTE);
    request.fixed<rtmsg>().rtm_family = family;
    TRY(route_.dump_while("routes", request, [&](Bytes message) {
      if (auto route = decode_route(message)) found.push_back(std::move(*route));
      return true;
    }));
  }
  return found;
}

// A table is listed by ascending address: default routes stand with the others to 0.0.0.0 before
// everything else. The rest is not listened to, so the socket is one for this question.
Result<std::vector<Event>> KernelReader::default_routes(std::uint32_t table) {
  Netlink socket = TRY(Netlink::open(NETLINK_ROUTE));
  Request request(RTM_GETROUTE);
  request.fixed<rtmsg>().rtm_family = AF_INET;
  request.put(RTA_TABLE, table);
  std::vector<Event> found;
  auto done = socket.dump_while("default routes", request, [&](Bytes message) {
    auto route = decode_route(message);
    if (route && std::get<Route>(*route).is_default()) found.push_back(std::move(*route));
    return !is_beyond_defaults(message);
  });
  if (!done && done.error().code != ENOENT) return std::unexpected(done.error());  // no such table
  return found;
}

Result<RulesetGeneration> KernelReader::generation() {
  if (!netfilter_) netfilter_ = TRY(Netlink::open(NETLINK_NETFILTER));
  Request request(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN);
  request.fixed<nfgenmsg>();
  std::optional<RulesetGeneration> found;
  TRY(netfilter_->get("nf_tables generation", request,
                      [&](Bytes message) { found = decode_generation(message); }));
  if (!found) return error("get nf_tables generation: the answer can't be read", EPROTO);
  return *found;
}

}  // namespace tna
