// SPDX-License-Identifier: Apache-2.0
// Connections that Linux counts and the fast path carries: what it has counted of each
// (bpf/lib/counted.h), until it has ended.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "connections.h"
#include "deploy/bpf.h"

namespace tna {

class ConnectionMap {
 public:
  // As many as conntrack has by itself where there is memory enough; others stay Linux's.
  static constexpr std::uint32_t kRoom = 262'144;

  // Not `counting`: there is room for none. Else they are found in the folder of pins again when
  // tnad is started anew.
  static Result<ConnectionMap> open(const std::string& pins, bool counting);
  explicit ConnectionMap(Fd map) : map_(std::move(map)) {}

  int map() const { return map_.get(); }
  std::uint32_t room() const;

  using Counted = std::pair<tna_connection_key, tna_connection>;
  Result<std::vector<Counted>> all() const;
  // Takes those out that have ended a second before at least, and were seen so by an earlier call.
  Result<> sweep();
  // What the last sweep left, and all have taken out.
  const tna_sweep& swept() const { return swept_; }

 private:
  Result<> load_sweep();

  Fd map_;
  BpfObject sweep_;
  int program_ = -1, memory_ = -1;
  tna_sweep swept_{};
};

}  // namespace tna
