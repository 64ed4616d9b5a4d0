// Timestamps of the States Language: RFC 3339 with an upper-case T and Z or an offset.
#pragma once

#include "base/result.h"

#include <chrono>
#include <compare>
#include <string>
#include <string_view>

namespace pawl::asl {

using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

// The same with the whole range of years 0000 to 9999, which nanoseconds in 64 bits do not have.
struct Instant {
  std::chrono::sys_seconds seconds{};
  std::chrono::nanoseconds fraction{};  // 0 to 999,999,999

  auto operator<=>(const Instant&) const = default;
};

// kInvalid unless `text` is complete: date, upper-case 'T', time with seconds (fraction up to
// nanoseconds), 'Z' or +hh:mm / -hh:mm (at most 18 hours). Dates must exist; no leap seconds.
Result<Instant> parse_instant(std::string_view text);

// As parse_instant; what lies before 1678 or after 2261 becomes the earliest or latest Timestamp.
Result<Timestamp> parse_timestamp(std::string_view text);

// "2026-11-20T11:30:05.123Z": UTC, milliseconds, as in the context object and in history.
std::string format_timestamp_ms(std::chrono::sys_time<std::chrono::milliseconds> time);

}  // namespace pawl::asl
