// SPDX-License-Identifier: Apache-2.0
#include "daemon/connection_keeper.h"

#include <algorithm>
#include <fstream>

#include "base/log.h"

namespace tna {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kSweep = 5s;
constexpr char kCounts[] = "nf_conntrack_acct", kBegins[] = "nf_conntrack_timestamp";

std::string path_of(const char* sysctl) {
  return std::string("/proc/sys/net/netfilter/") + sysctl;
}

// It is there, and not 0.
bool is_set(const char* sysctl) {
  int value = 0;
  std::ifstream(path_of(sysctl)) >> value;
  return value;
}

bool set(const char* sysctl, int value) {
  std::ofstream file(path_of(sysctl));
  file << value << std::flush;
  return file.good();
}

}  // namespace

void ConnectionKeeper::complain(const std::string& about) {
  if (complaint_ != about) log_warning("{}", about);
  complaint_ = about;
}

void ConnectionKeeper::note_begins(bool wanted) {
  if (wanted == switched_on_ || (wanted && is_set(kBegins))) return;
  if (!set(kBegins, wanted))
    return complain(std::string("net.netfilter.") + kBegins +
                    " can't be set: connections with counters stay Linux's");
  switched_on_ = wanted;
  log_info("net.netfilter.{} is {}: connections that Linux counts {}", kBegins, wanted ? 1 : 0,
           wanted ? "can be told apart, and go fast" : "are its own again");
}

void ConnectionKeeper::sweep(ConnectionMap& connections) {
  if (Clock::now() - swept_at_ < kSweep) return;
  if (auto done = connections.sweep(); !done)
    complain(done.error().message + ": connections that have ended stay listed");
  swept_at_ = Clock::now();
}

void ConnectionKeeper::tick(const Plan& plan, ConnectionMap& connections) {
  const bool counting = std::ranges::any_of(
      plan.interfaces, [](const auto& each) { return each.second.program.constants.counts; });
  note_begins(counting && is_set(kCounts));
  if (counting || connections.swept().there) sweep(connections);
}

void ConnectionKeeper::stop() {
  note_begins(false);
}

}  // namespace tna
