// The program's log: spdlog to standard error, in colour only on a terminal.
//
// A line is `2026-11-20T11:35:00.123Z level message key=value`, or with LogFormat::kJson
// {"time":"2026-11-20T11:35:00.123Z","level":"info","message":"...","key":"value"}. Control
// characters within a message or value come out escaped (\n, \x1b), so that nothing that is logged
// can forge a line or steer a terminal.
#pragma once

#include <spdlog/logger.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace pawl::runtime {

// The shared logger. Any thread; never suspends, but writes to standard error, which may block:
//   log().info("listening on port {}", port);
spdlog::logger& log();

// A line with fields, for what a collector shall search by. `key` is a plain word.
struct LogField {
  std::string_view key;
  std::string_view value;
};
void log_with(spdlog::level::level_enum level, std::string_view message,
              std::initializer_list<LogField> fields);

// "trace", "debug", "info" (at first), "warn", "error", "off". False for any other name.
bool set_log_level(std::string_view name);

enum class LogFormat { kText, kJson };
// Before other threads log.
void set_log_format(LogFormat format);

// `text` with control characters (C0, DEL, C1) as \n, \r, \t or \xNN.
std::string escape_for_log(std::string_view text);

}  // namespace pawl::runtime
