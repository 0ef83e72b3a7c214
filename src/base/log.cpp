// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

namespace tna {
namespace {

struct Level {
  const char* name;
  spdlog::level::level_enum level;
  char priority;  // of syslog(3): what journald reads between < and >
};

constexpr std::array<Level, 4> kLevels{{
    {"error", spdlog::level::err, '3'},
    {"warning", spdlog::level::warn, '4'},
    {"info", spdlog::level::info, '6'},
    {"debug", spdlog::level::debug, '7'},
}};
static_assert(kLevels.size() == std::size_t(LogLevel::debug) + 1, "every level has a row");

// systemd says in JOURNAL_STREAM which device and inode lead to the journal. Children inherit the
// variable, also when their stderr goes elsewhere: hence the comparison.
bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat own {};
  if (!stream || ::fstat(STDERR_FILENO, &own) != 0) return false;
  return fmt::format("{}:{}", own.st_dev, own.st_ino) == stream;
}

// "%P" in a pattern: the priority as journald wants it.
class PriorityFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    for (const Level& level : kLevels)
      if (level.level == message.level) out.push_back(level.priority);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PriorityFlag>();
  }
};

std::shared_ptr<spdlog::logger> make_logger() {
  auto logger = std::make_shared<spdlog::logger>(
      "tna", std::make_shared<spdlog::sinks::stderr_color_sink_st>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<PriorityFlag>('P').set_pattern(
      stderr_is_journal() ? "<%P>%v" : "%Y-%m-%d %H:%M:%S.%e %^%l%$: %v");
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::info);
  return logger;
}

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = make_logger();
  return *instance;
}

std::string prefix;

}  // namespace

void log_setup(LogLevel level) {
  logger().set_level(kLevels[std::size_t(level)].level);
}

void log_prefix(std::string wanted) {
  prefix = std::move(wanted);
}

std::optional<LogLevel> log_level(std::string_view name) {
  for (std::size_t i = 0; i < kLevels.size(); ++i)
    if (name == kLevels[i].name) return LogLevel(i);
  return std::nullopt;
}

void log_write(LogLevel level, fmt::string_view format, fmt::format_args arguments) {
  const auto spd = kLevels[std::size_t(level)].level;
  if (logger().should_log(spd)) logger().log(spd, prefix + fmt::vformat(format, arguments));
}

}  // namespace tna
