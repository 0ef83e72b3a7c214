// SPDX-License-Identifier: Apache-2.0
// Reads the tables of iptables-legacy and ip6tables-legacy of the calling thread's network
// namespace.
#pragma once

#include "base/result.h"
#include "introspect/decode_xtables.h"

namespace tna {

// The tables that exist; asking makes none. An error names the table. They announce no changes.
Result<std::vector<nft::Table>> read_xtables();

// The same as the kernel gives them out.
Result<std::vector<XtablesBlob>> read_xtables_blobs();

}  // namespace tna
