// LogStore: log groups, their streams and events, as rows of the store.
//
//   Slg group                      creation, retention
//   Sls group..0 stream            creation
//   Sle group..0 stream..0 number  timestamp, ingestion, message
//
// Bounded: a stream has the newest kEventsMax events, a group kStreamsMax streams; what is older
// goes. Changes are made on the engine's first shard and suspend until they are durable; appends of
// events do not wait.
#pragma once

#include "base/result.h"
#include "engine/engine.h"
#include "runtime/clock/clock.h"
#include "runtime/store/store.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::service {

struct LogGroup {
  std::string name;
  runtime::WallTime creation{};
  std::uint32_t retention_days = 0;  // 0: for ever; kept and shown, not acted upon
};

struct LogStream {
  std::string name;
  runtime::WallTime creation{};
  // Of its events; empty: it has none.
  std::optional<runtime::WallTime> first_event;
  std::optional<runtime::WallTime> last_event;
  std::optional<runtime::WallTime> last_ingestion;
};

struct LogEvent {
  std::uint64_t number = 0;  // within the stream, from 1
  runtime::WallTime timestamp{};
  runtime::WallTime ingestion{};
  std::string message;
};

class LogStore {
 public:
  static constexpr std::size_t kGroupsMax = 10'000;
  static constexpr std::size_t kStreamsMax = 1'000;     // of a group
  static constexpr std::uint64_t kEventsMax = 100'000;  // of a stream
  static constexpr std::size_t kMessageMax = std::size_t{1} << 20;

  explicit LogStore(engine::Engine& engine) : engine_(engine) {}

  Result<std::optional<LogGroup>> group(std::string_view name) const;
  // By name, those behind `after` that begin with `prefix`; at most `max`.
  Result<std::vector<LogGroup>> groups(std::string_view prefix, std::string_view after,
                                       std::size_t max) const;
  Status put_group(const LogGroup& group);     // kLimit: kGroupsMax
  Status erase_group(std::string_view group);  // with all that it has

  // As groups().
  Result<std::vector<LogStream>> streams(std::string_view group, std::string_view prefix,
                                         std::string_view after, std::size_t max) const;
  Result<bool> has_stream(std::string_view group, std::string_view stream) const;
  Status create_stream(std::string_view group, std::string_view stream);
  Status erase_stream(std::string_view group, std::string_view stream);

  // Events from number `from` on, or from `before` (exclusive) back; at most `max` and 1 MiB.
  Result<std::vector<LogEvent>> events(std::string_view group, std::string_view stream,
                                       std::uint64_t from, std::size_t max) const;
  Result<std::vector<LogEvent>> events_before(std::string_view group, std::string_view stream,
                                              std::uint64_t before, std::size_t max) const;

  // Adds events (`number` and `ingestion` are set here) and makes the stream if need be. Durable
  // soon; kUnavailable if the store is away, and nothing was added.
  Status append(std::string_view group, std::string_view stream,
                const std::vector<LogEvent>& events);

 private:
  Result<std::uint64_t> next_number(const std::string& prefix);
  Status commit(const runtime::Batch& batch, bool wait);

  engine::Engine& engine_;
  std::map<std::string, std::uint64_t> next_;  // by prefix: what the store may not show yet
};

}  // namespace pawl::service
