// SPDX-License-Identifier: Apache-2.0
// filters.h: which notifications of a joined group are let through. What is kept out wakes nobody
// and takes no room in the receive buffer.
#pragma once

#include "introspect/netlink.h"

namespace tna {

// Of nf_tables: of a transaction with ten thousand set elements only its end.
Result<> only_generations(Netlink& socket);

// Of IPv4 routes: default routes and those with an mtu metric. Other rtnetlink messages all pass.
Result<> only_notable_routes(Netlink& socket);

}  // namespace tna
