// SPDX-License-Identifier: Apache-2.0
// Error, Result<T> and TRY: how every function that can fail says so.
#pragma once

#include <cstring>
#include <expected>
#include <string>
#include <utility>

namespace tna {

struct Error {
  std::string
      message;   // names the action and the object: "attach to eth1: Device or resource busy"
  int code = 0;  // the errno behind it, 0 where there is none
};

template <typename T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> error(std::string message, int code = 0) {
  return std::unexpected(Error{std::move(message), code});
}

// An errno as an error of the action: errno_error("open " + path).
inline std::unexpected<Error> errno_error(const std::string& action, int code = errno) {
  return error(action + ": " + std::strerror(code), code);
}

}  // namespace tna

// The value of a Result, or return its error from the enclosing function.
#define TRY(expression)                                                             \
  ({                                                                                \
    auto&& tna_try_result = (expression);                                           \
    if (!tna_try_result) return std::unexpected(std::move(tna_try_result).error()); \
    std::move(tna_try_result).value();                                              \
  })
