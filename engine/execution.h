// Execution: an execution in memory. Only while it has something to do, and a short while after.
//
// It is an actor: everything that happens to it is a message, handled one at a time on its shard,
// each in one turn (turn.h) that ends in one commit. Nothing here is the truth: the store is, and
// an Execution can be dropped whenever its last commit is durable and no handler runs for it.
#pragma once

#include "asl/model/definition.h"
#include "engine/activity_queue.h"
#include "engine/documents.h"
#include "engine/frame.h"
#include "engine/map_run/map_run.h"
#include "engine/records.h"
#include "engine/redrive_request.h"
#include "engine/task.h"
#include "runtime/journal/journal.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace pawl::engine {

struct Branch {
  BranchId id = kRootBranch;
  Frame frame;
  bool dirty = true;      // its row is behind
  bool catching = false;  // a catcher's fields are being evaluated

  // What the store has of it.
  bool row_stored = false;
  bool dispatch_stored = false;
  std::optional<runtime::WallTime> timer_stored;
  std::string queue_stored;  // key of its row in an activity's queue

  // Of a Parallel or Map state in kChildren.
  struct Children {
    std::vector<asl::Payload> results;  // by index; absent while it runs
    std::vector<std::int32_t> unsaved;  // results whose rows are not written yet
    std::vector<bool> saved;            // rows that exist for ended children, by index
    std::int32_t started = 0;
    std::int32_t finished = 0;
    EventId last_event = 0;  // chain tail of the child that ended last
  };
  std::unique_ptr<Children> children;
  std::shared_ptr<MapRun> map_run;  // kMapRun

  std::shared_ptr<Cancellation> cancellation;  // of the handler that runs for it
};

// --- what can happen to an execution -------------------------------------------------------

struct StartMessage {
  std::function<void(Status)> reply;  // once the start is durable
};
// After a crash or a failed store: go on with what the branch's dispatch row stands for.
struct ResumeMessage {
  BranchId branch = 0;
};
struct TimerMessage {
  BranchId branch = 0;
  runtime::WallTime at{};
};
struct OutcomeMessage {
  BranchId branch = 0;
  EventId scheduled_event = 0;
  Outcome outcome;
};
// An answer to a task token. `reply` learns whether the token was good, once that is durable.
struct TokenMessage {
  enum class Kind { kSuccess, kFailure, kHeartbeat } kind = Kind::kSuccess;
  BranchId branch = 0;
  EventId scheduled_event = 0;
  std::string nonce;
  std::string output;  // kSuccess: JSON text
  Failure failure;     // kFailure
  std::function<void(Status)> reply;
};
// A worker takes the task that the branch has queued since `queued_at`. `reply` says whether it is
// still there, once that is durable, and `task` then holds it.
struct ActivityStartMessage {
  BranchId branch = 0;
  runtime::WallTime queued_at{};
  std::string worker;
  std::shared_ptr<ActivityTask> task;
  std::function<void(Status)> reply;
};
struct StopMessage {
  Failure failure;
  std::function<void(Status)> reply;
};
struct RedriveMessage {
  std::string client_token;
  std::optional<RedriveTarget> target;
  bool machine_exists = true;
  std::shared_ptr<runtime::WallTime> redrive_date;  // set before `reply` says ok
  // kInvalid: it cannot be redriven, and why. Once that is durable.
  std::function<void(Status)> reply;
  bool by_map_run = false;  // a child, by its Map Run: nobody else may
};
struct ChildEndedMessage {
  BranchId branch = 0;
  EventId scheduled_event = 0;
  ExecutionNumber child = 0;
};
// What became of a Map Run's work: its children, its ItemReader, its ResultWriter.
struct MapRunMessage {
  BranchId branch = 0;
  ExecutionNumber run = 0;
  // kUpdate: its settings were changed.
  enum class Kind { kChildren, kRead, kWritten, kUpdate } kind = Kind::kChildren;
  std::uint64_t items = 0;            // kRead
  std::optional<Failure> failure;     // kRead, kWritten
  asl::Value written;                 // kWritten: where to
  MapRunUpdate update;                // kUpdate
  std::function<void(Status)> reply;  // kUpdate: once that is durable
};
using Message = std::variant<StartMessage, ResumeMessage, TimerMessage, OutcomeMessage,
                             TokenMessage, ActivityStartMessage, StopMessage, RedriveMessage,
                             ChildEndedMessage, MapRunMessage>;

struct Execution {
  ExecutionNumber number = 0;
  ExecutionRecord record;
  asl::Payload input;
  asl::Payload output;
  std::string arn;
  std::string state_machine_arn;
  std::shared_ptr<const asl::Definition> definition;

  std::unordered_map<BranchId, std::unique_ptr<Branch>> branches;
  BranchId next_branch = 1;
  EventId next_event = 1;
  std::uint32_t next_record = 1;
  StoredParts stored_parts;  // of its documents; forgotten when it rests

  bool durable = true;        // Standard: journalled. Express: not
  bool restartable = false;   // an asynchronous Express execution: started again after a crash
  bool inspected = false;     // a test of one state: error texts do not name its entry event
  bool keeps_history = true;  // false: events are numbered but not written
  std::vector<std::string> memory_history;  // of an Express execution that keeps it
  std::size_t memory_history_bytes = 0;

  std::uint64_t deletions_seen = 0;  // Machines::deletions() when the machine was there

  // What the store has of the whole.
  bool record_stored = false;
  bool end_announced = false;  // who waits for the end was told
  bool timeout_stored = false;

  std::deque<Message> mailbox;
  bool active = false;  // a fiber is working on the mailbox
  // Handlers that were or will be called, and whose outcomes no turn has seen yet: each may hold
  // rows of embedded services until one does.
  int calls_open = 0;
  bool deciding = false;  // a turn asks a handler that decides (task.h), and may wait for rows
  std::shared_ptr<MapRun> map_run;        // whose child it is
  std::optional<ChildStart> child_start;  // until that is committed
  bool abandoned = false;                 // the store failed: what is in memory is void
  bool paused = false;                    // by an operator: no state is entered (engine/pauses.h)
  runtime::CommitNumber last_commit = 0;
  std::function<void(const Execution&)> on_end;  // after the end is durable

  bool ended() const { return record.status != ExecutionStatus::kRunning; }
  Branch* find(BranchId id) {
    const auto it = branches.find(id);
    return it == branches.end() ? nullptr : it->second.get();
  }
};

}  // namespace pawl::engine
