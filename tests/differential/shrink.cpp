// SPDX-License-Identifier: Apache-2.0
// shrink.cpp: leaves out ever smaller pieces (Zeller's delta debugging), then unused ports.
#include "shrink.h"

#include <algorithm>
#include <chrono>

namespace tna::differential {
namespace {

bool has_start(const Case& case_) {
  return std::ranges::find(case_.steps, Step::Kind::start, &Step::kind) != case_.steps.end();
}

Case without(const Case& case_, std::size_t from, std::size_t count) {
  Case smaller{case_.title, case_.device, {}};
  for (std::size_t at = 0; at < case_.steps.size(); ++at)
    if (at < from || at >= from + count || case_.steps[at].kind == Step::Kind::start)
      smaller.steps.push_back(case_.steps[at]);
  return smaller;
}

bool uses_port(const Case& case_, int port) {
  const std::string name = "p" + std::to_string(port);
  return std::ranges::any_of(case_.steps, [&](const Step& step) {
    return step.port == port || step.text.find(name) != std::string::npos;
  });
}

}  // namespace

Case shrink(Case case_, const std::function<bool(const Case&)>& differs, int seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  const auto in_time = [&] { return std::chrono::steady_clock::now() < end; };
  if (!has_start(case_)) case_.steps.insert(case_.steps.begin(), {.kind = Step::Kind::start});
  for (std::size_t piece = case_.steps.size() / 2; piece > 0 && in_time();) {
    bool less = false;
    for (std::size_t from = 0; from < case_.steps.size() && in_time();) {
      Case smaller = without(case_, from, piece);
      if (smaller.steps.size() < case_.steps.size() && differs(smaller)) {
        case_ = std::move(smaller);
        less = true;
      } else {
        from += piece;
      }
    }
    if (!less || piece > case_.steps.size()) piece /= 2;
  }
  while (case_.device.ports > 2 && !uses_port(case_, case_.device.ports) && in_time()) {
    Case smaller = case_;
    --smaller.device.ports;
    if (!differs(smaller)) break;
    case_ = std::move(smaller);
  }
  return case_;
}

}  // namespace tna::differential
