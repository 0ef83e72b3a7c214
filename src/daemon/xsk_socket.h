// SPDX-License-Identifier: Apache-2.0
// AF_XDP sockets that applications hand over: made and given memory by them, bound by tnad, so that
// each is known to stand at the queue that it is redirected to.
#pragma once

#include <cstdint>
#include <string>

#include "base/net_types.h"
#include "base/result.h"

namespace tna {

// How many queues of the interface packets come in by.
std::uint32_t receive_queues(const std::string& interface);

// Binds the socket to a queue of the interface, both of the calling thread's network namespace;
// true: the driver puts packets into the application's memory without copying them. Errors are the
// application's: no AF_XDP socket, without rings or memory, of another namespace, bound already.
Result<bool> bind_xsk(int socket, IfIndex ifindex, std::uint32_t queue, bool force_copy);

}  // namespace tna
