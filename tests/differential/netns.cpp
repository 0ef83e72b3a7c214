// SPDX-License-Identifier: Apache-2.0
// netns.cpp: makes, enters and removes network namespaces.
#include "netns.h"

#include <cstdlib>

#include "process.h"

namespace tna::differential {

Result<Netns> Netns::create(const std::string& name) {
  TRY(run_or_error({"ip", "netns", "add", name}));
  auto handle = NetNamespace::open(name);
  if (handle) return Netns(name, std::move(*handle));
  TRY(run_or_error({"ip", "netns", "del", name}));
  return std::unexpected(handle.error());
}

Netns::Netns(Netns&& other) noexcept
    : name_(std::exchange(other.name_, "")), handle_(std::move(other.handle_)) {}

Netns::~Netns() {
  if (!name_.empty()) (void)run({"ip", "netns", "del", name_});
}

Result<Inside> Inside::enter(const Netns& netns) {
  NetNamespace before = TRY(NetNamespace::current());
  TRY(netns.enter());
  return Inside(std::move(before));
}

Inside::~Inside() {
  // Staying in a world's namespace would make every later step act on the wrong one.
  if (before_.fd() >= 0 && !before_.enter()) std::abort();
}

}  // namespace tna::differential
