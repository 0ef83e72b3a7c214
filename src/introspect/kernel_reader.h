// SPDX-License-Identifier: Apache-2.0
// KernelReader: asks the kernel for TNA objects, all of a kind or one.
#pragma once

#include <optional>
#include <vector>

#include "introspect/netlink.h"
#include "introspect/objects.h"

namespace tna {

class KernelReader {
 public:
  // Of the network namespace that the calling thread is in.
  static Result<KernelReader> open();

  Result<std::vector<Event>> links();
  // The Link, or RemovedLink where there is none with that index.
  Result<Event> link(IfIndex ifindex);
  Result<std::vector<Event>> addresses();
  Result<std::vector<Event>> netconfs();
  Result<std::vector<Event>> qdiscs();
  // The filters on an ingress or clsact qdisc.
  Result<std::vector<Event>> filters(const Qdisc& qdisc);
  // VLANs of one bridge or port, or of all with 0. EOPNOTSUPP: this kernel's bridges have none.
  Result<std::vector<Event>> vlans(IfIndex ifindex);
  // The IPv4 routes that objects.h calls notable, of all tables. The kernel writes out every route
  // for this.
  Result<std::vector<Event>> routes();
  // The default routes of a table; costs the same however many other routes there are.
  Result<std::vector<Event>> default_routes(std::uint32_t table);
  // The last nf_tables transaction.
  Result<RulesetGeneration> generation();

 private:
  explicit KernelReader(Netlink route) : route_(std::move(route)) {}
  Netlink route_;
  std::optional<Netlink> netfilter_;  // opened when it is needed: not every kernel has it
};

}  // namespace tna
