// SPDX-License-Identifier: Apache-2.0
// ConnectionKeeper: what is needed so that the fast path may carry connections which Linux counts
// (counted_connections = "fast"). Conntrack has to note when they begin, or one could be taken for
// an earlier one: so nf_conntrack_timestamp is switched on where nf_conntrack_acct is, and off
// again. Those that have ended are taken out, now and then: to hear of the end of each would cost
// the machine more.
#pragma once

#include <chrono>
#include <string>

#include "assemble/plan.h"
#include "deploy/connection_map.h"

namespace tna {

class ConnectionKeeper {
 public:
  // With each plan, and about every second; in the calling thread's namespace.
  void tick(const Plan&, ConnectionMap&);
  // A clean stop: as it was before.
  void stop();

 private:
  void note_begins(bool wanted);
  void sweep(ConnectionMap&);
  void complain(const std::string& about);

  bool switched_on_ = false;  // by us
  std::chrono::steady_clock::time_point swept_at_{};
  std::string complaint_;  // the last one, which is not said again
};

}  // namespace tna
