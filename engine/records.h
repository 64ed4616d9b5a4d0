// Keys and records of the store. Drawn in docs/storage.md; this is the only place that makes them.
//
// Execution numbers rise with the time of the start, so everything an execution writes step by step
// lies near what its contemporaries write: the store stays close to append-only.
#pragma once

#include "base/result.h"
#include "engine/event.h"
#include "engine/frame.h"
#include "runtime/clock/clock.h"
#include "runtime/store/encoding.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::engine {

// milliseconds since 1970 (42 bits) | counter within the millisecond (16 bits) | shard (6 bits)
using ExecutionNumber = std::uint64_t;
inline constexpr std::uint32_t kShardsMax = 64;
std::uint32_t shard_of(ExecutionNumber number);
// The least number that an execution can have which starts at `time`.
ExecutionNumber first_number_at(runtime::WallTime time);

enum class ExecutionStatus : std::uint8_t {
  kRunning = 0,
  kSucceeded = 1,
  kFailed = 2,
  kTimedOut = 3,
  kAborted = 4,
};
std::string_view status_name(ExecutionStatus status);

// Names the Task attempt of a parent execution that waits for a nested one.
struct ParentLink {
  ExecutionNumber execution = 0;
  BranchId branch = 0;
  EventId scheduled_event = 0;
};

// A client token of RedriveExecution, and when it was first used.
struct RedriveToken {
  std::string token;
  runtime::WallTime used{};
};

// The Map Run that an execution is a child of.
struct MapRunLink {
  ExecutionNumber run = 0;
  std::uint32_t ordinal = 0;  // among its children
  std::uint64_t items = 0;    // that it processes
  std::string label;          // of the Map state
  asl::MachineIndex processor = 0;
};

struct ExecutionRecord {
  std::string name;
  std::string machine;         // name of the state machine
  std::uint32_t revision = 0;  // of it
  std::string role_arn;
  bool express = false;
  ExecutionStatus status = ExecutionStatus::kRunning;
  runtime::WallTime start_date{};
  std::optional<runtime::WallTime> stop_date;
  std::optional<runtime::WallTime> timeout_at;  // the machine's TimeoutSeconds
  PayloadRef input;
  PayloadRef output;
  Failure failure;
  std::string trace_header;
  std::optional<ParentLink> parent;
  std::string version_arn;  // as started through a version or alias
  std::string alias_arn;
  std::int64_t redrive_count = 0;
  std::optional<runtime::WallTime> redrive_date;
  std::vector<RedriveToken> redrive_tokens;  // the newest last
  std::optional<MapRunLink> map_run;
};

// The name of the lists that an execution is in: its machine, or its Map Run.
std::string list_of(const ExecutionRecord& record);
std::string list_of_map_run(ExecutionNumber run);

std::string encode_execution(const ExecutionRecord& record);
Result<ExecutionRecord> decode_execution(std::string_view bytes, std::string_view key);

// An asynchronous Express execution that was accepted and has not ended.
struct ExpressStart {
  ExecutionRecord record;
  std::string input;
};
std::string encode_express_start(const ExpressStart& start);
Result<ExpressStart> decode_express_start(std::string_view bytes, std::string_view key);

// One commit's worth of history: the events, and the documents that appear in it for the first
// time. Document i has the place (record << 20) | i. Version 3 says which optional parts follow:
// documents may be composed (documents.h), and the frame of a root that has no other branch beside
// it is in the record, not in a row of its own. Version 2, which is not written any more, has
// documents that may be composed; version 1 neither.
inline constexpr unsigned kPlaceShift = 20;
inline constexpr std::uint8_t kHistoryVersion = 1;
inline constexpr std::uint8_t kHistoryVersionComposed = 2;
inline constexpr std::uint8_t kHistoryVersionParts = 3;
enum HistoryPart : std::uint8_t { kHasComposed = 1U << 0U, kHasFrame = 1U << 1U };
struct StoredDocument {
  std::string_view bytes;  // text, or a composition
  bool composed = false;
};
struct HistoryRecord {
  EventId first_event = 0;
  std::uint32_t events = 0;
  runtime::WallTime base_time{};
  std::vector<StoredDocument> payloads;  // borrow the bytes
  std::string_view frame;                // of the root; empty: has none (put_frame(), frame.h)
  std::string_view event_bytes;
};
std::string encode_history(const HistoryRecord& record);
Result<HistoryRecord> open_history(std::string_view bytes, std::string_view key);

namespace keys {
std::string execution(ExecutionNumber number);
std::string express_start(ExecutionNumber number);
std::string frame(ExecutionNumber number, BranchId branch);
std::string history(ExecutionNumber number, std::uint32_t record);
std::string timer(runtime::WallTime at, ExecutionNumber number, BranchId branch);
std::string dispatch(ExecutionNumber number, BranchId branch);
std::string name(std::string_view machine, std::string_view execution);
std::string list(std::string_view machine, ExecutionStatus status, ExecutionNumber number);
std::string list_prefix(std::string_view machine, ExecutionStatus status);
std::string machine(std::string_view name);
std::string activity(std::string_view name);
// A task that waits for a worker; keys of one activity are in the order of their scheduling.
std::string activity_task(std::string_view activity, runtime::WallTime queued_at,
                          ExecutionNumber number, BranchId branch);
std::string activity_tasks(std::string_view activity);
std::string revision(std::string_view name, std::uint32_t number);
std::string grave(ExecutionNumber number);  // of an execution that is erased, and has left rows
std::string paused_machine(std::string_view name);
std::string paused_execution(ExecutionNumber number);

using runtime::prefix_end;

struct Timer {
  runtime::WallTime at{};
  ExecutionNumber execution = 0;
  BranchId branch = 0;
};
std::optional<Timer> parse_timer(std::string_view key);
std::optional<Timer> parse_activity_task(std::string_view key);  // `at`: since when it waits
struct Dispatch {
  ExecutionNumber execution = 0;
  BranchId branch = 0;
};
std::optional<Dispatch> parse_dispatch(std::string_view key);
std::optional<BranchId> parse_frame(std::string_view key);
std::optional<std::uint32_t> parse_history(std::string_view key);
std::optional<ExecutionNumber> parse_list(std::string_view key);

inline constexpr std::string_view kTimers = "t";
inline constexpr std::string_view kDispatches = "d";
inline constexpr std::string_view kExecutions = "e";
inline constexpr std::string_view kGraves = "g";
inline constexpr std::string_view kMachines = "M";
inline constexpr std::string_view kPausedMachines = "P";
inline constexpr std::string_view kPausedExecutions = "p";
}  // namespace keys

// Branch numbers that are no branches: rows of the execution as a whole.
inline constexpr BranchId kExecutionTimer = 0xFFFFFFFFU;  // timer: the machine's TimeoutSeconds
inline constexpr BranchId kParentNotice = 0xFFFFFFFEU;    // dispatch: tell the parent of the end
inline constexpr BranchId kMapRunStop = 0xFFFFFFFDU;  // dispatch of a Map Run: stop its children

}  // namespace pawl::engine
