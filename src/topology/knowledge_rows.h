// SPDX-License-Identifier: Apache-2.0
// The rows of all knowledge files, read and merged, before they are arranged for use.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/toml.h"
#include "topology/knowledge.h"

namespace tna {

struct KnowledgeRows {
  std::vector<NodeRow> nodes;
  std::vector<AttributeRow> attributes;
  std::vector<RelationRow> relations;
  std::vector<ImpliesRow> implies;
  std::vector<ModuleRow> modules;
  std::vector<BlockerRow> blockers, notes;
};

// Adds the rows [[NAME]] of a file; one with the key of an earlier file's replaces that, or removes
// it where it says remove = true.
Result<> read_table(const TomlEntry&, const std::string& file, KnowledgeRows&);

}  // namespace tna
