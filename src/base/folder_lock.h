// SPDX-License-Identifier: Apache-2.0
// A folder that one process has for itself, as long as it holds the descriptor and lives.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace tna {

// Makes the folder where it is missing, and its parents, and locks it. Error with code EWOULDBLOCK:
// another process holds it.
Result<Fd> lock_folder(const std::string& path);

// As lock_folder, but makes nothing: ENOENT.
Result<Fd> lock_existing_folder(const std::string& path);

}  // namespace tna
