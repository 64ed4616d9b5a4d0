// The engine's bounds. AWS's values are the defaults; docs/limits.md gives each one's reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pawl::engine {

struct Limits {
  std::size_t payload_bytes = 262'144;   // of a state's input or output, UTF-8
  std::int64_t history_events = 25'000;  // of a Standard execution
  std::size_t error_characters = 256;
  std::size_t cause_characters = 32'768;
  std::size_t variables_bytes = std::size_t{10} << 20;  // all variables of an execution
  std::size_t assign_bytes = 262'144;                   // one variable, and one Assign
  std::chrono::milliseconds evaluation_time{1000};      // of one JSONata field
  std::int32_t map_concurrency = 40;                    // of an inline Map
  std::int32_t distributed_concurrency = 10'000;
  std::size_t express_history_bytes = std::size_t{16} << 20;  // kept in memory, until it ends
  std::chrono::seconds standard_duration = std::chrono::hours(24 * 365);
  std::chrono::seconds express_duration = std::chrono::minutes(5);

  // A turn is cut here so that a long run of effect-free states becomes durable in parts, lets
  // others run, and never gathers an unbounded batch.
  std::uint32_t turn_events = 2'000;
  std::size_t turn_bytes = std::size_t{1} << 20;

  std::size_t open_executions = 1'000'000;
  std::size_t resting_executions = 4'096;  // kept in memory though they only wait
  std::size_t mailbox_messages = 10'000;
};

}  // namespace pawl::engine
