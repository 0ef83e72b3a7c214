// SPDX-License-Identifier: Apache-2.0
// While one lives, what libbpf would print is kept instead: the reason of a refusal, for errors.
#pragma once

#include <string>

namespace tna {

class LibbpfLog {
 public:
  LibbpfLog();
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;
  // The last warning, without its line end; empty where there was none.
  std::string last() const;
};

}  // namespace tna
