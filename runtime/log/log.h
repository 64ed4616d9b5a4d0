// The program's log: spdlog to standard error, in colour only on a terminal.
//
// A line is `2026-11-20T11:35:00.123Z level message`. Control characters within a message come out
// escaped (\n, \x1b), so that no value that is logged can forge a line or steer a terminal.
#pragma once

#include <spdlog/logger.h>

#include <string>
#include <string_view>

namespace pawl::runtime {

// The shared logger. Any thread; never suspends, but writes to standard error, which may block:
//   log().info("listening on port {}", port);
spdlog::logger& log();

// "trace", "debug", "info" (at first), "warn", "error", "off". False for any other name.
bool set_log_level(std::string_view name);

// `text` with control characters (C0, DEL, C1) as \n, \r, \t or \xNN.
std::string escape_for_log(std::string_view text);

}  // namespace pawl::runtime
