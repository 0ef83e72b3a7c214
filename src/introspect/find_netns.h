// SPDX-License-Identifier: Apache-2.0
// find_netns.h: links name other network namespaces by numbers (IFLA_LINK_NETNSID), which only the
// kernel can compare with a namespace at hand.
#pragma once

#include <map>
#include <set>

#include "base/netns.h"
#include "base/result.h"

namespace tna {

// Those of the numbers, as the calling thread's namespace counts, whose namespace has a name
// (ip-netns(8)) or a process that is seen from here.
Result<std::map<int, NetNamespace>> find_namespaces(const std::set<int>& ids);

}  // namespace tna
