// SPDX-License-Identifier: Apache-2.0
// FlowKeeper: TCP connections that last are to go fast. Packets which Linux sees of a connection
// after others have gone past it would seem to it to be out of their window, so it is asked to
// accept them: connection by connection, when the fast path has told of it (bpf/lib/lasting.h). A
// connection stays so until it ends, since Linux has not seen where its window is. It is asked
// again where Linux has noted anew what is acknowledged: that would be old when the connection is
// reset.
#pragma once

#include <optional>
#include <vector>

#include "introspect/conntrack.h"
#include "tna.h"

namespace tna {

class FlowKeeper {
 public:
  // In the calling thread's namespace.
  void take(const std::vector<tna_flow>&);

 private:
  std::optional<Conntrack> conntrack_;
};

}  // namespace tna
