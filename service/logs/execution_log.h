// ExecutionLog: writes the events of executions to the log destination of their state machine, as
// its loggingConfiguration says, in the shape that Step Functions gives to CloudWatch Logs.
//
// {"id":"1","type":"ExecutionStarted","details":{...},"previous_event_id":"0",
//  "event_timestamp":"1548454198202","execution_arn":"...","redrive_count":"0"}
//
// Never on an execution's way: it learns of events that are durable, remembers where they are, and
// reads and writes them later, on a fiber of its own. What is more than it can remember is not
// logged, and said so. Express executions have no durable history: they are logged when they end.
//
// Source: api-facts section 9; recorded cases logs, sfn_api_logs; the developer guide's table of
// log levels.
#pragma once

#include "asl/json/value.h"
#include "engine/engine.h"
#include "engine/observer.h"
#include "service/logs/logs_api.h"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::service {

// What a machine's loggingConfiguration comes to.
enum class LogLevel { kOff, kFatal, kError, kAll };
struct LogSettings {
  LogLevel level = LogLevel::kOff;
  bool data = false;  // includeExecutionData
  std::string group;  // name of the log group
};
LogSettings log_settings(const LogsApi& logs, const asl::Value& logging);

// Whether events of that type are logged at `level`.
bool is_logged(std::string_view event_type, LogLevel level);

// The log record of a history event (as GetExecutionHistory shows it). Payloads of more than 248 KB
// are cut, and their Details say so; without `data` there are none.
asl::Value log_record(const asl::Value& event, const std::string& execution_arn,
                      std::int64_t redrive_count, bool data);

// Where records go besides the log group: one line of JSON each.
class LogSink {
 public:
  virtual ~LogSink() = default;
  // Whole lines. On a fiber; suspends rather than block.
  virtual void write(std::string_view group, std::string_view lines) = 0;
};
// Files DIR/GROUP.jsonl ('/' of the group becomes '_'), rotated at 64 MiB: one older one is kept.
std::unique_ptr<LogSink> make_directory_sink(std::string directory);
// What the reader of a pipe does not take within a second is dropped.
std::unique_ptr<LogSink> make_stdout_sink();

class ExecutionLog final : public engine::Observer {
 public:
  static constexpr std::size_t kQueuedMax = 10'000;                      // commits with events
  static constexpr std::size_t kQueuedBytesMax = std::size_t{64} << 20;  // of Express histories

  // All must outlive it. `shard`: the engine's first.
  ExecutionLog(engine::Engine& engine, runtime::Shard& shard, LogsApi& logs);

  void add_sink(std::unique_ptr<LogSink> sink) { sinks_.push_back(std::move(sink)); }
  std::uint64_t dropped() const { return dropped_; }

  bool wants_history(std::string_view machine) override;
  void status_changed(const engine::Execution& execution, engine::ExecutionStatus status) override;
  void recorded(const engine::Execution& execution, std::uint32_t record,
                std::uint32_t events) override;

 private:
  using SettingsPtr = std::shared_ptr<const LogSettings>;

  // Events to log: of the store, or an Express execution's whole history.
  struct Job {
    SettingsPtr settings;
    engine::ExecutionNumber execution = 0;
    std::string machine;
    std::string arn;
    std::int64_t redrive_count = 0;
    std::uint32_t record = 0;
    std::uint32_t events = 0;
    std::vector<std::string> history;
  };
  // One for each shard's thread, by its number.
  struct Known {
    std::map<std::string, std::pair<std::shared_ptr<const engine::MachineRecord>, SettingsPtr>,
             std::less<>>
        machines;
  };

  SettingsPtr settings_of(std::size_t shard, std::string_view machine);
  void add(std::shared_ptr<Job> job);
  void work();
  void write(const Job& job);
  const std::string& stream_of(const std::string& machine);

  engine::Engine& engine_;
  runtime::Shard& shard_;
  LogsApi& logs_;
  std::vector<std::unique_ptr<LogSink>> sinks_;
  std::array<Known, engine::kShardsMax> known_;
  std::deque<std::shared_ptr<Job>> queue_;
  std::size_t queued_bytes_ = 0;
  bool working_ = false;
  std::uint64_t dropped_ = 0;
  std::map<std::string, std::string> streams_;  // of this process, by machine
};

}  // namespace pawl::service
