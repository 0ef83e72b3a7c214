// SPDX-License-Identifier: Apache-2.0
// kernel_view.cpp: keeps a faithful copy of the kernel's network configuration.
// The notification sockets are opened before the first dump, so that changes made during the dump
// are heard after it. A notification that tells a whole object is taken as it is. One that doesn't
// is a reason to ask: for a link when the bridge speaks of its port or when its root qdisc changed,
// for the qdiscs, for VLANs, for default routes. A question is asked after all that was waiting has
// been heard, so one answer does for a burst; what is heard later than an answer is also newer than
// it, or is heard once more.
#include "introspect/kernel_view.h"

#include <linux/if.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "introspect/decode.h"
#include "introspect/filters.h"

namespace tna {
namespace {

constexpr unsigned kGroups[] = {RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR,  RTNLGRP_IPV6_IFADDR,
                                RTNLGRP_TC,         RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF,
                                RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};

// It is the first device of every namespace.
constexpr IfIndex kLoopback = 1;

// Datagrams heard in one read(), so that nobody who makes changes without end keeps us here.
constexpr int kBurst = 512;
// As many as the receive buffer can hold, and more.
constexpr int kDrain = 65536;

Result<Netlink> open_nftables() {
  Netlink socket = TRY(Netlink::open(NETLINK_NETFILTER));
  TRY(only_generations(socket));
  TRY(socket.join(NFNLGRP_NFTABLES));
  return socket;
}

}  // namespace

Result<KernelView> KernelView::open() {
  KernelView view(TRY(KernelReader::open()), TRY(Netlink::open(NETLINK_ROUTE)));
  TRY(only_notable_routes(view.route_));
  for (unsigned group : kGroups) TRY(view.route_.join(group));
  if (auto joined = view.route_.join(RTNLGRP_BRVLAN); !joined)
    view.unheard_.push_back("changes of bridge VLANs are not told: " + joined.error().message);
  if (auto socket = open_nftables())
    view.nftables_ = std::move(*socket);
  else
    view.unheard_.push_back("changes of nf_tables are not told: " + socket.error().message);
  return view;
}

std::vector<int> KernelView::fds() const {
  std::vector<int> fds{route_.fd()};
  if (nftables_) fds.push_back(nftables_->fd());
  return fds;
}

Result<> KernelView::set_receive_buffer(int bytes) {
  if (nftables_) TRY(nftables_->set_receive_buffer(bytes));
  return route_.set_receive_buffer(bytes);
}

Result<std::vector<Event>> KernelView::resync() {
  behind_ = true;
  TRY(read_everything());
  behind_ = false;
  return mirror_.take();
}

Result<std::vector<Event>> KernelView::read(int fd) {
  if (behind_) return resync();
  behind_ = true;  // should an error end this
  if (nftables_ && fd == nftables_->fd())
    TRY(follow_nftables());
  else
    TRY(follow_route());
  behind_ = false;
  return mirror_.take();
}

Result<> KernelView::follow_route() {
  Questions questions;
  for (int i = 0; i < kBurst; ++i) {
    switch (TRY(route_.receive([&](Bytes message) { hear(message, questions); }))) {
      case Receive::messages:
        continue;
      case Receive::nothing:
        return answer(std::move(questions));
      case Receive::overrun:
        return read_everything();
    }
  }
  return answer(std::move(questions));
}

Result<> KernelView::follow_nftables() {
  auto take_generation = [&](Bytes message) {
    if (auto generation = decode_generation(message)) mirror_.apply(*generation);
  };
  for (int i = 0; i < kBurst; ++i) {
    const Receive received = TRY(nftables_->receive(take_generation));
    if (received == Receive::overrun) mirror_.apply(TRY(reader_.generation()));
    if (received == Receive::nothing) break;
  }
  return {};
}

void KernelView::hear(Bytes message, Questions& questions) {
  switch (leading<nlmsghdr>(message)->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      hear_link(message, questions);
      break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
      if (auto event = decode_address(message)) take_address(std::move(*event), questions);
      break;
    case RTM_NEWNETCONF:
    case RTM_DELNETCONF:
      if (auto event = decode_netconf(message)) mirror_.apply(std::move(*event));
      break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      hear_route(message, questions);
      break;
    case RTM_NEWQDISC:
    case RTM_DELQDISC:
      hear_qdisc(message, questions);
      break;
    case RTM_NEWTFILTER:
    case RTM_DELTFILTER:
      if (auto event = decode_filter(message)) mirror_.apply(std::move(*event));
      questions.all_filters |= concerns_shared_block(message);
      break;
    case RTM_NEWVLAN:
    case RTM_DELVLAN:
      if (auto ifindex = concerned_vlans(message)) questions.vlans.insert(*ifindex);
      break;
  }
}

void KernelView::take_address(Event event, Questions& questions) {
  // Routes that have it as their source go silently; with a device's last one, all by that device.
  if (auto* gone = std::get_if<RemovedAddress>(&event); gone && gone->address.family == AF_INET)
    questions.defaults.merge(mirror_.tables_with_defaults());
  mirror_.apply(std::move(event));
}

void KernelView::hear_link(Bytes message, Questions& questions) {
  if (auto event = decode_link(message)) return take_link(std::move(*event), questions);
  if (auto ifindex = concerned_link(message)) questions.links.insert(*ifindex);
}

// Default routes are asked for: a notification doesn't tell which of several it replaces, and some
// go silently. There is no such cheap question about others. Of those with an mtu the additions are
// all heard, and the deletions, but not what took the place of one; it stays known until everything
// is read anew, and more packets go to Linux than have to.
void KernelView::hear_route(Bytes message, Questions& questions) {
  if (auto table = concerned_defaults(message))
    questions.defaults.insert(*table);
  else if (auto event = decode_route(message))
    mirror_.apply(std::move(*event));
}

void KernelView::hear_qdisc(Bytes message, Questions& questions) {
  auto place = concerned_qdisc(message);
  if (!place) return;
  questions.qdiscs = true;
  // IFLA_QDISC changed, and no RTM_NEWLINK tells.
  if (place->parent == TC_H_ROOT) questions.links.insert(place->ifindex);
  // The filters that stood on it went without a word.
  if (place->parent == TC_H_CLSACT) questions.filters.insert(place->ifindex);
}

void KernelView::take_link(Event event, Questions& questions) {
  if (const Link* link = std::get_if<Link>(&event)) {
    const Link* before = mirror_.link(link->ifindex);
    // A device is told of while it is still being made: the first end of a veth before it has the
    // other, and never again until it comes up.
    if (!before) questions.links.insert(link->ifindex);
    if (!(link->flags & IFF_UP)) questions.defaults.merge(mirror_.tables_with_defaults());
    // The qdisc that a device gets when it comes up is not told of. Before that it has "noop".
    questions.qdiscs |= link->root_qdisc != (before ? before->root_qdisc : "noop");
  } else {
    questions.defaults.merge(mirror_.tables_with_defaults());
  }
  mirror_.apply(std::move(event));
}

Result<> KernelView::answer(Questions questions) {
  for (IfIndex ifindex : questions.links) take_link(TRY(reader_.link(ifindex)), questions);
  if (questions.qdiscs) TRY(read_qdiscs());
  if (questions.all_filters || !questions.filters.empty())
    TRY(read_filters([&](IfIndex ifindex) {
      return questions.all_filters || questions.filters.contains(ifindex);
    }));
  // That a route, an address or a device's being up goes is told a moment before it is done. Asking
  // for a link waits for the lock that is held until then; asking for routes doesn't.
  if (!questions.defaults.empty()) TRY(reader_.link(kLoopback));
  for (std::uint32_t table : questions.defaults)
    mirror_.replace(TRY(reader_.default_routes(table)), [&](const Event& object) {
      const auto* route = std::get_if<Route>(&object);
      return route && route->is_default() && route->table == table;
    });
  for (IfIndex ifindex : questions.vlans) {
    auto vlans = reader_.vlans(ifindex);
    // The device is gone, or is neither a bridge nor a port any more.
    if (!vlans && (vlans.error().code == ENODEV || vlans.error().code == EINVAL))
      vlans = std::vector<Event>{};
    mirror_.replace(TRY(std::move(vlans)), [&](const Event& object) {
      const auto* vlan = std::get_if<BridgeVlan>(&object);
      return vlan && vlan->ifindex == ifindex;
    });
  }
  return {};
}

Result<> KernelView::read_everything() {
  // What waits is older than what is read now. Hearing it would only tell of the past.
  for (int i = 0; i < kDrain && TRY(route_.receive([](Bytes) {})) != Receive::nothing; ++i) {
  }
  missing_ = unheard_;
  mirror_.replace(TRY(reader_.links()),
                  [](const Event& object) { return std::holds_alternative<Link>(object); });
  mirror_.replace(TRY(reader_.addresses()),
                  [](const Event& object) { return std::holds_alternative<Address>(object); });
  mirror_.replace(TRY(reader_.netconfs()),
                  [](const Event& object) { return std::holds_alternative<NetConf>(object); });
  mirror_.replace(TRY(reader_.routes()),
                  [](const Event& object) { return std::holds_alternative<Route>(object); });
  TRY(read_qdiscs());
  TRY(read_filters([](IfIndex) { return true; }));
  TRY(read_vlans());
  if (auto generation = reader_.generation())
    mirror_.apply(*generation);
  else
    missing_.push_back("nf_tables can't be followed: " + generation.error().message);
  return {};
}

Result<> KernelView::read_qdiscs() {
  mirror_.replace(TRY(reader_.qdiscs()),
                  [](const Event& object) { return std::holds_alternative<Qdisc>(object); });
  return {};
}

Result<> KernelView::read_filters(const std::function<bool(IfIndex)>& wanted) {
  std::vector<Event> filters;
  for (const Qdisc& qdisc : mirror_.ingress_qdiscs()) {
    if (!wanted(qdisc.ifindex)) continue;
    for (Event& filter : TRY(reader_.filters(qdisc))) filters.push_back(std::move(filter));
  }
  mirror_.replace(std::move(filters), [&](const Event& object) {
    const auto* filter = std::get_if<Filter>(&object);
    return filter && wanted(filter->ifindex);
  });
  return {};
}

Result<> KernelView::read_vlans() {
  auto vlans = reader_.vlans(0);
  if (!vlans && vlans.error().code == EOPNOTSUPP) {
    missing_.push_back("bridge VLANs are unknown to this kernel, or it has no bridge code yet: " +
                       vlans.error().message);
    return {};
  }
  mirror_.replace(TRY(std::move(vlans)),
                  [](const Event& object) { return std::holds_alternative<BridgeVlan>(object); });
  return {};
}

}  // namespace tna
