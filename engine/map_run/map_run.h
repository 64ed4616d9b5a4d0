// MapRun: the children of one distributed Map, as they start and end.
//
// A run lives on the shard of its parent execution, and its children with it: each commit of a
// child that starts or ends also writes the run's record, so that counts, cursors and children
// never disagree, whatever crashes. The parent's branch (states/map_distributed.cpp) decides what
// starts next; the run itself only counts.
//
// What is kept of it is drawn in docs/storage.md; why it is so in
// docs/decisions/0005-map-runs.md.
#pragma once

#include "asl/json/payload.h"
#include "asl/model/definition.h"
#include "base/result.h"
#include "engine/map_run/item_parser.h"
#include "engine/records.h"
#include "runtime/clock/clock.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace pawl::engine {

inline constexpr std::uint64_t kMapRunItemsMax = 100'000'000;  // AWS

enum class MapRunStatus : std::uint8_t { kRunning = 0, kSucceeded = 1, kFailed = 2, kAborted = 3 };
std::string_view status_name(MapRunStatus status);

// Where a running run stands. Stored: append only.
enum class MapRunStage : std::uint8_t {
  kReading = 0,   // the ItemReader fetches and stores the items
  kChildren = 1,  // children run
  kWriting = 2,   // the ResultWriter exports
  kStopping = 3,  // it is over, and children still have to be stopped
  kOver = 4,
};

// Of items, or of the executions that process them. What runs is started - ended.
struct MapRunCounts {
  std::uint64_t started = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t aborted = 0;
  std::uint64_t pending_redrive = 0;
  std::uint64_t not_redrivable = 0;  // of the failed, timed out and aborted ones

  std::uint64_t running() const {
    return started - succeeded - failed - timed_out - aborted - pending_redrive;
  }
  void ended(ExecutionStatus status, std::uint64_t count);
};

struct MapRunRecord {
  ExecutionNumber parent = 0;
  BranchId branch = 0;
  std::string parent_name;
  std::string machine;
  std::string label;  // of the state, or made up
  std::string name;   // last part of the ARN
  std::uint32_t revision = 0;
  std::string role_arn;
  asl::MachineIndex processor = 0;
  bool express = false;
  MapRunStatus status = MapRunStatus::kRunning;
  MapRunStage stage = MapRunStage::kChildren;
  runtime::WallTime start_date{};
  std::optional<runtime::WallTime> stop_date;

  std::int64_t max_concurrency = 0;             // as given; 0: as many as possible
  std::optional<std::int64_t> tolerated_count;  // as given
  std::optional<double> tolerated_percentage;
  std::int64_t batch_items = 0;  // 0: no limit
  std::int64_t batch_bytes = 0;  // 0: no limit

  std::uint64_t total_items = 0;
  bool items_stored = false;       // as rows (ItemReader); else in the parent's frame
  std::uint64_t next_item = 0;     // the first that no child has
  std::uint32_t next_ordinal = 0;  // of the next child
  MapRunCounts items;
  MapRunCounts executions;

  std::int64_t redrive_count = 0;
  std::optional<runtime::WallTime> redrive_date;
  bool failing = false;  // too much failed: children are stopped, results written, then it ends
  bool redrive_wanted = false;     // as soon as the children of before have stopped
  std::uint32_t redrive_next = 0;  // children redrive_next .. redrive_end - 1 still are looked at
  std::uint32_t redrive_end = 0;

  bool running() const { return status == MapRunStatus::kRunning; }
};

std::string encode_map_run(const MapRunRecord& record);
Result<MapRunRecord> decode_map_run(std::string_view bytes, std::string_view key);

// "NAME/LABEL", of which children are executions, and "NAME/LABEL:ID", which names the run.
std::string labelled_machine(const MapRunRecord& record);
std::string map_run_tail(const MapRunRecord& record);

// Whether more items failed or timed out than is tolerated. Pure.
bool threshold_exceeded(const MapRunRecord& record);

// Whether a child waits for its redrive. Pure.
bool pending_redrive(const MapRunRecord& run, const ExecutionRecord& child);

// The child of one ordinal, as its row tells: its execution, and the items it processes.
struct MapRunChild {
  ExecutionNumber execution = 0;
  std::uint64_t items = 0;
};
std::string encode_map_run_child(const MapRunChild& child);
Result<MapRunChild> decode_map_run_child(std::string_view bytes, std::string_view key);

// Items as they are stored: many in a row, all from one source.
struct ItemPage {
  std::string source;  // $$.Map.Item.Source
  std::vector<RawItem> items;
};
std::string encode_items(const ItemPage& page);
Result<ItemPage> decode_items(std::string_view bytes, std::string_view key);

namespace keys {
std::string map_run(ExecutionNumber number);
std::string map_run_child(ExecutionNumber run, std::uint32_t ordinal);
std::string map_run_items(ExecutionNumber run, std::uint64_t first);
std::optional<std::uint64_t> parse_map_run_items(std::string_view key);
std::optional<std::uint32_t> parse_map_run_child(std::string_view key);
std::string map_run_of(ExecutionNumber parent, ExecutionNumber run);  // index: runs of an execution
std::string map_runs_prefix(ExecutionNumber parent);
}  // namespace keys

struct MapRunUpdate {
  std::optional<std::int64_t> max_concurrency;
  std::optional<std::int64_t> tolerated_count;
  std::optional<double> tolerated_percentage;
};

// What a child is started with.
struct ChildStart {
  std::uint32_t ordinal = 0;
  bool again = false;  // an Express child of before, started anew by a redrive
  asl::Payload input;
  std::uint64_t items = 0;
  std::uint64_t next_item = 0;  // the cursor once it has started
};

// A run in memory, while it has something to do.
struct MapRun {
  ExecutionNumber number = 0;
  MapRunRecord record;

  std::unordered_set<ExecutionNumber> running;  // children that started and have not ended
  std::uint32_t taken_ordinal = 0;              // decided, the start not committed yet
  std::uint64_t taken_item = 0;
  std::uint32_t taken_redrive = 0;
  std::size_t starting = 0;    // decided starts and redrives, not committed yet
  std::size_t ending = 0;      // children that have ended, not durably yet
  bool parent_told = false;    // a message to the parent is on its way
  bool dirty = false;          // its record is behind
  bool record_stored = false;  // it has rows
  bool stop_stored = false;    // ... and one that asks for its children to be stopped
  bool working = false;        // a fiber reads its items or writes its results

  // The row of items that was looked at last.
  ItemPage page;
  std::uint64_t page_first = 0;

  void take_up();  // the cursors of memory from the record's
  std::size_t busy() const { return running.size() + starting + ending; }
};

}  // namespace pawl::engine
