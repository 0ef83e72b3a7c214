// SPDX-License-Identifier: Apache-2.0
// What a person needs to understand a difference and to run it again.
#pragma once

#include <string>

#include "case.h"
#include "twins.h"

namespace tna::differential {

std::string report(const Case& case_, const Outcome& outcome, const Options& options);

}  // namespace tna::differential
