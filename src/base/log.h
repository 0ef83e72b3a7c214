// SPDX-License-Identifier: Apache-2.0
// The log: four levels, to stderr, where journald or a terminal reads it. Only daemon/ and cli/ log
// above debug (docs/tour.md): everybody else returns his errors.
#pragma once

#include <fmt/core.h>

#include <optional>
#include <string>
#include <string_view>

namespace tna {

enum class LogLevel { error, warning, info, debug };

// Sets what is shown: this level and the graver ones. To be called once, before the first line;
// without it, info and graver are shown.
void log_setup(LogLevel level);

// What every line begins with from now on: "A: " when several namespaces share a log.
void log_prefix(std::string prefix);

// "error", "warning", "info" or "debug"; nothing for another word.
std::optional<LogLevel> log_level(std::string_view name);

// The lines' way out; use the four functions below, whose format strings the compiler checks.
void log_write(LogLevel level, fmt::string_view format, fmt::format_args arguments);

// Nobody is served as he should be, and somebody must do something.
template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log_write(LogLevel::error, format, fmt::make_format_args(args...));
}

// Something stays with Linux which could be fast, or an input is ignored.
template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_write(LogLevel::warning, format, fmt::make_format_args(args...));
}

// One line per decision, with its numbers.
template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_write(LogLevel::info, format, fmt::make_format_args(args...));
}

// For those who read the code.
template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log_write(LogLevel::debug, format, fmt::make_format_args(args...));
}

}  // namespace tna
