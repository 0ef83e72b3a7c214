// SPDX-License-Identifier: Apache-2.0
// A tap device as a bridge port: what stands behind it is this process.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/net_types.h"
#include "base/result.h"
#include "bed.h"

namespace tna::bench {

class Tap {
 public:
  // A port of a bridge in the device under test; it goes with the object.
  static Result<Tap> create(const Bed& bed, const std::string& name, const std::string& bridge);
  const std::string& name() const { return name_; }
  // One frame from the station, to another station: learned or refreshed.
  // With a tag of that VLAN, or untagged (0).
  Result<> speak(const Mac& source, const Mac& destination, int vlan = 0) const;

 private:
  Tap(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  Fd fd_;
  std::string name_;
};

}  // namespace tna::bench
