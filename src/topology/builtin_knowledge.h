// SPDX-License-Identifier: Apache-2.0
// The knowledge files that were built in: see scripts/embed_knowledge.cmake.
#pragma once

#include <span>
#include <string_view>

namespace tna {

struct BuiltinKnowledge {
  std::string_view name, text;
};

const std::span<const BuiltinKnowledge> builtin_knowledge();

}  // namespace tna
