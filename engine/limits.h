// The bounds of an engine and of the API before it. AWS's values are the defaults; docs/limits.md
// gives each one's reason.
//
// Every quota of AWS that is no more than a quota is read from here, so that relaxed_limits() can
// raise it: the engine's own code, the API's constraints (service/constraints.h), the validator's
// (asl::ValidateOptions) and the program's. What bounds memory or recursion stays a constant where
// it is used.
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
  std::int64_t map_run_redrives = 1'000;
  std::size_t express_history_bytes = std::size_t{16} << 20;  // kept in memory, until it ends
  std::chrono::seconds standard_duration = std::chrono::hours(24 * 365);
  std::chrono::seconds express_duration = std::chrono::minutes(5);
  std::size_t activity_workers = 1'000;  // that poll one activity

  // What the API and the validator ask for.
  std::size_t name_characters = 80;               // of machines, executions, activities, workers
  std::size_t arn_characters = 256;               // room for two names
  std::size_t state_name_characters = 80;         // in a definition
  std::size_t definition_characters = 1'048'576;  // at most asl::kDefinitionBytesMax bytes
  std::size_t tags = 50;                          // of one resource
  std::size_t versions = 1'000;                   // of one state machine
  std::size_t aliases = 100;                      // of one state machine

  // A turn is cut here so that a long run of effect-free states becomes durable in parts, lets
  // others run, and never gathers an unbounded batch.
  std::uint32_t turn_events = 2'000;
  std::size_t turn_bytes = std::size_t{1} << 20;

  std::size_t open_executions = 1'000'000;
  std::size_t resting_executions = 4'096;  // kept in memory though they only wait
  std::size_t mailbox_messages = 10'000;
};

// Of `--limits relaxed`. What runs with them need not run on AWS.
inline Limits relaxed_limits() {
  Limits limits;
  limits.payload_bytes = std::size_t{16} << 20;
  limits.history_events = 1'000'000;
  limits.error_characters = 1'024;
  limits.cause_characters = 262'144;
  limits.variables_bytes = std::size_t{64} << 20;
  limits.assign_bytes = std::size_t{16} << 20;
  limits.map_concurrency = 1'000;
  limits.map_run_redrives = 1'000'000;
  limits.express_history_bytes = std::size_t{64} << 20;
  limits.express_duration = std::chrono::hours(1);
  limits.activity_workers = 10'000;
  limits.name_characters = 255;
  limits.arn_characters = 2'000;
  limits.state_name_characters = 255;
  limits.definition_characters = std::size_t{4} << 20;
  limits.tags = 1'000;
  limits.versions = 100'000;
  limits.aliases = 1'000;
  return limits;
}

}  // namespace pawl::engine
