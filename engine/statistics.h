// What an engine counts of itself: plain values of one shard, summed over the shards when somebody
// asks (Engine::statistics).
#pragma once

#include "engine/records.h"
#include "runtime/metrics/metrics.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace pawl::engine {

inline constexpr std::size_t kExecutionStatuses = 5;  // of ExecutionStatus

// The calls of one connector's handlers: "lambda", "sqs", "aws-sdk:dynamodb", "activity".
struct ConnectorStatistics {
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t submitted = 0;  // ended later: by token, child or poll
  runtime::Histogram seconds = runtime::Histogram::of_seconds();
};

struct EngineStatistics {
  // Definitions may name any service; past this many they are counted as "other".
  static constexpr std::size_t kConnectorsMax = 200;

  // now
  std::size_t executions_in_memory = 0;
  std::size_t executions_resting = 0;  // of these, only waiting: may be dropped
  std::size_t handlers_running = 0;
  std::size_t effects_waiting = 0;  // for their commit
  std::size_t timers_near = 0;      // in memory; the others are rows
  // since the start
  std::uint64_t executions_started = 0;
  std::array<std::uint64_t, kExecutionStatuses> executions_ended{};  // by ExecutionStatus
  std::uint64_t executions_erased = 0;                               // their retention was over
  std::uint64_t transitions = 0;                                     // states entered
  std::uint64_t turns = 0;
  std::map<std::string, ConnectorStatistics, std::less<>> connectors;

  ConnectorStatistics& connector(std::string_view name);
  void add(const EngineStatistics& other);
};

}  // namespace pawl::engine
