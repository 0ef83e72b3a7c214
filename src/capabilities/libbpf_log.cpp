// SPDX-License-Identifier: Apache-2.0
#include "capabilities/libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdio>

namespace tna {
namespace {

// libbpf's printer has no user pointer, so the text is here; one thread uses libbpf.
std::string last_warning;

int keep(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  char line[512];
  std::vsnprintf(line, sizeof line, format, arguments);
  last_warning = line;
  while (!last_warning.empty() && last_warning.back() == '\n') last_warning.pop_back();
  return 0;
}

}  // namespace

LibbpfLog::LibbpfLog() {
  last_warning.clear();
  libbpf_set_print(keep);
}

LibbpfLog::~LibbpfLog() {
  libbpf_set_print(nullptr);
}

std::string LibbpfLog::last() const {
  return last_warning;
}

}  // namespace tna
