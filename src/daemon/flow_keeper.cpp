// SPDX-License-Identifier: Apache-2.0
#include "daemon/flow_keeper.h"

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace tna {
namespace {

TcpConnection connection(const tna_flow& flow) {
  TcpConnection found{.version = static_cast<std::uint8_t>(flow.version),
                      .source_port = flow.sport,
                      .destination_port = flow.dport,
                      .zone = flow.zone};
  std::memcpy(found.source.data(), flow.saddr, sizeof flow.saddr);
  std::memcpy(found.destination.data(), flow.daddr, sizeof flow.daddr);
  return found;
}

}  // namespace

void FlowKeeper::take(const std::vector<tna_flow>& flows) {
  if (flows.empty()) return;
  if (!conntrack_) {
    auto opened = Conntrack::open();
    if (!opened) return log_warning("TCP connections stay with Linux: {}", opened.error().message);
    conntrack_.emplace(std::move(*opened));
  }
  for (const tna_flow& flow : flows) {
    const Result<> done = conntrack_->be_liberal(connection(flow));
    if (!done && done.error().code != ENOENT)  // it has ended meanwhile
      log_debug("a TCP connection stays with Linux: {}", done.error().message);
  }
}

}  // namespace tna
