// SPDX-License-Identifier: Apache-2.0
// refusal.h: what the kernel's verifier says, in words for those who did not write it.
#pragma once

#include <string>

namespace tna {

// What it means for the author of a hook; empty where that is not known.
std::string in_plain_words(const std::string& refusal);

}  // namespace tna
