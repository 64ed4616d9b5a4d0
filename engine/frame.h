// Frame: the durable form of a branch, and the whole of what is needed to go on with it.
//
// An execution is a tree of branches: the root, one per Parallel branch, one per inline Map
// iteration. A branch's frame says where it stands (machine, state, phase) and what it holds
// (input, variables, retry counters, what it waits for). A state's code can begin at any phase, so
// `resume(frame)` is the only way on: after a wait, a callback, a crash, on another node.
#pragma once

#include "asl/json/payload.h"
#include "asl/model/definition.h"
#include "base/result.h"
#include "engine/event.h"
#include "engine/task.h"
#include "runtime/clock/clock.h"
#include "runtime/store/encoding.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pawl::engine {

using BranchId = std::uint32_t;
inline constexpr BranchId kRootBranch = 0;

// Where in its state a branch stands. Stored: append only.
enum class Phase : std::uint8_t {
  kEnter = 0,       // about to enter `state`
  kWait = 1,        // a Wait state waits for wake_at
  kBackoff = 2,     // a retried state waits for wake_at, then runs its work again
  kDispatched = 3,  // a Task's handler runs, or will as soon as the scheduling is durable
  kSubmitted = 4,   // a Task waits for its token, a child's end, or wake_at to ask again
  kChildren = 5,    // a Parallel or Map state waits for its branches
  kDone = 6,        // a child branch has ended; `input` holds its output until the parent ends
  kResuming = 7,    // a submitted Task's handler runs again (resume())
  kRework = 8,   // `state` was entered and its work begins again: by a redrive. What is open when
                 // an execution fails is kept in this phase
  kMapRun = 9,   // a distributed Map waits for its Map Run
  kQueued = 10,  // an activity's task waits for a worker (activity_queue.h)
};

// Whether a branch in this phase goes on by itself: it runs, or somebody has to make it run.
constexpr bool wants_somebody(Phase phase) {
  return phase == Phase::kDispatched || phase == Phase::kResuming || phase == Phase::kEnter ||
         phase == Phase::kRework || phase == Phase::kMapRun;
}

struct Variable {
  std::string name;
  asl::Payload value;
};

struct Frame {
  BranchId parent = kRootBranch;  // of the root: itself
  std::int32_t index = 0;         // among the parent's branches or items
  asl::MachineIndex machine = 0;
  asl::StateIndex state = 0;
  Phase phase = Phase::kEnter;

  EventId previous_event = 0;  // the tail of this branch's chain
  EventId entered_event = 0;   // of the current state; 0: not entered yet
  EventId before_entry = 0;    // what that event points to
  runtime::WallTime entered_at{};
  asl::Payload input;                 // the state's raw input (kDone: the branch's output)
  std::vector<Variable> variables;    // of this branch's own scope
  std::vector<std::int32_t> retries;  // per retrier of the current state
  std::int32_t retry_count = 0;       // $$.State.RetryCount

  // What it waits for. wake_at is the earliest of the deadlines below, and has a row in the timer
  // index while it is set and the branch is not in a handler's hands.
  std::optional<runtime::WallTime> wake_at;
  bool wake_is_absolute = false;  // a Timestamp: follows the wall clock, not the time passed

  // Task (kDispatched, kSubmitted, kResuming).
  EventId scheduled_event = 0;
  asl::Payload parameters;
  asl::Payload continuation;
  std::string token_nonce;  // 16 random bytes; empty unless .waitForTaskToken or an activity
  std::optional<runtime::WallTime> timeout_at;
  std::optional<runtime::WallTime> heartbeat_at;
  std::optional<runtime::WallTime> poll_at;
  std::int64_t heartbeat_seconds = 0;
  // kQueued: since when. Its timeout, as a time, is counted from there and moves on by the wait.
  runtime::WallTime queued_at{};
  bool child_ended = false;  // the nested execution was faster than the handler that started it
  std::optional<std::string> credentials_role_arn;

  // Parallel and Map (kChildren). Children have the ids first_child .. first_child + children - 1.
  BranchId first_child = 0;
  std::int32_t children = 0;
  std::int32_t concurrency = 0;  // of a Map; 0: all at once
  asl::Payload items;         // of a Map: the array (or object) iterated over; none: read as rows
  EventId started_event = 0;  // MapStateStarted / ParallelStateStarted
  std::uint64_t map_run = 0;  // kMapRun: its number; `items` and `started_event` as above

  // No attempt of a Task is under way any more.
  void forget_task();
};

// Where a document of the frame is stored (PayloadRef::place), and back.
class FrameStore {
 public:
  virtual ~FrameStore() = default;
  virtual PayloadRef store(const asl::Payload& payload) = 0;
};
class FrameLoader {
 public:
  virtual ~FrameLoader() = default;
  virtual Result<asl::Payload> load(PayloadRef ref) = 0;
};

// As a row of its own.
std::string encode_frame(const Frame& frame, FrameStore& store);
Result<Frame> decode_frame(std::string_view record, FrameLoader& loader);

// As part of a record that has a version and a seal: a history record (records.h). `name` is the
// record's, for messages.
void put_frame(runtime::Encoder& out, const Frame& frame, FrameStore& store);
Result<Frame> get_frame(std::string_view bytes, FrameLoader& loader, std::string_view name);

}  // namespace pawl::engine
