// SPDX-License-Identifier: Apache-2.0
// Whether the rows of knowledge fit together: a name that one row uses must be given by another
// one.
#pragma once

#include "base/result.h"
#include "topology/knowledge_rows.h"

namespace tna {

Result<> check_names(const KnowledgeRows&);

}  // namespace tna
