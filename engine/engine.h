// Engine: durable execution of AWS Step Functions state machines. Read this header first.
//
//   Store + Journal            what is kept (runtime/)
//   Shard 1..n                 threads on which executions run (runtime/fiber)
//   TaskHandlers               how Tasks reach the world (connectors/)
//   Engine                     ties them together: machines, executions, task tokens, queries
//
// A call that changes something returns when the change is durable. It may be made on a fiber of
// any of the engine's shards, and suspends that fiber. Queries read the store (so they only ever
// show what is durable) and may be made on any thread.
#pragma once

#include "asl/json/payload.h"
#include "base/result.h"
#include "engine/activity_queue.h"
#include "engine/event.h"
#include "engine/limits.h"
#include "engine/machines.h"
#include "engine/map_run/map_run.h"
#include "engine/pauses.h"
#include "engine/records.h"
#include "engine/redrive_request.h"
#include "engine/statistics.h"
#include "engine/task.h"
#include "runtime/clock/clock.h"
#include "runtime/fiber/shard.h"
#include "runtime/journal/journal.h"
#include "runtime/store/store.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::engine {

struct EngineOptions {
  runtime::Store* store = nullptr;  // all must outlive the engine
  runtime::Journal* journal = nullptr;
  runtime::Clock* clock = nullptr;
  runtime::Random* random = nullptr;
  TaskHandlers* handlers = nullptr;
  std::vector<runtime::Shard*> shards;  // 1 to kShardsMax
  Limits limits;
  // How long an execution is kept after its end, as AWS keeps it for 90 days; zero: for ever. Its
  // name is free afterwards.
  std::chrono::milliseconds retention{0};
  std::string partition = "aws";
  std::string region = "us-east-1";
  std::string account = "123456789012";
};

struct CreateMachine {
  std::string name;
  std::string definition;  // validated by the caller
  std::string role_arn;
  bool express = false;
  std::string configuration;  // opaque JSON text
};

struct StartRequest {
  std::string machine;
  std::string name;          // unique among the machine's executions (Standard)
  std::string input = "{}";  // valid JSON
  std::string trace_header;
  std::string version_arn;
  std::string alias_arn;
  std::optional<std::uint32_t> revision;  // default: the machine's current one
  std::optional<ParentLink> parent;
  // Express only: nobody restarts it after a crash (at most once); its events are kept in memory.
  bool synchronous = false;
  bool keep_history = false;
  // Runs on the shard when the end is durable. Lost if the process ends before; told of a
  // synchronous execution that was lost itself, which then is still running.
  std::function<void(const struct Execution&)> on_end;
};

struct StartResult {
  ExecutionNumber number = 0;
  std::string arn;
  runtime::WallTime start_date{};
};

struct ExecutionDescription {
  ExecutionNumber number = 0;
  ExecutionRecord record;
  std::string arn;
  std::string state_machine_arn;
  std::string input;  // text as it was given
  std::optional<std::string> output;
};

// Where a page of history begins. The default is the beginning (or the end, in reverse).
struct HistoryCursor {
  std::uint32_t record = 0;
  EventId event = 0;
};
struct HistoryPage {
  std::vector<asl::Value> events;     // AWS's shape
  std::optional<HistoryCursor> next;  // empty: no more
};

class EngineShard;
class Observer;
struct TokenMessage;

class Engine {
 public:
  explicit Engine(EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Once per shard, on a fiber of that shard, before any call reaches it: takes the lease and goes
  // on with everything that the store says is under way.
  Status open(std::uint32_t shard);
  // Before a shard stops, on a fiber of it: no message is handled any more; what is committed is
  // flushed. Handlers that run are cancelled, but not waited for: the engine, and what its handlers
  // use, must live until run() of the shard has returned.
  void close(std::uint32_t shard);

  // Tells `observer` of everything from now on. Before open(); it must live until close().
  void observe(Observer& observer);
  const std::vector<Observer*>& observers() const;

  // --- machines ---
  // kExists if the name is taken (the caller decides whether the call was the same).
  Result<std::shared_ptr<const MachineRecord>> create_machine(CreateMachine request);
  // A new revision if the definition or role differ; configuration replaces the old one.
  Result<std::shared_ptr<const MachineRecord>> update_machine(
      std::string_view name, std::optional<std::string> definition,
      std::optional<std::string> role_arn, std::optional<std::string> configuration);
  // Its executions end at their next transition (ABORTED); when none runs any more it is gone.
  // Until then it is there, `deleting`, and its name is taken. Express executions go on to their
  // end.
  Status delete_machine(std::string_view name);
  const Machines& machines() const;

  // --- executions ---
  // kNotFound: no such machine. kExists: the name is in use with another input, or by an execution
  // that has ended; `where` is its ARN. kLimit: the engine is full, try again. Starting a running
  // Standard execution again with the same input answers what the first call answered.
  Result<StartResult> start(StartRequest request);
  // Runs an Express execution and answers when it has ended, however it did; at most once: nothing
  // of it is kept. Suspends as long. kUnavailable: the store failed or the engine closes meanwhile.
  Result<ExecutionDescription> run_synchronously(StartRequest request);
  Status stop(ExecutionNumber number, Failure failure);

  // Makes an execution go on that failed, timed out or was stopped; answers when it was redriven.
  // kNotFound; kInvalid: it cannot be redriven, the message says why in AWS's words; kLimit.
  Result<runtime::WallTime> redrive(ExecutionNumber number, RedriveRequest request);
  // Whether that would be refused, and why; empty if it would not.
  Result<std::string> redrive_refusal(ExecutionNumber number, const ExecutionRecord& record) const;

  // --- pauses: what AWS does not have (engine/pauses.h) ---
  // Durable when they return; again is harmless. kNotFound: no such machine or execution.
  // kCancelled: the execution has ended.
  Status pause_machine(std::string_view name);
  Status resume_machine(std::string_view name);
  Status pause_execution(ExecutionNumber number);
  Status resume_execution(ExecutionNumber number);
  Result<Pauses> pauses() const;

  Result<ExecutionNumber> find(std::string_view machine, std::string_view execution) const;
  Result<ExecutionDescription> describe(ExecutionNumber number) const;
  // The Map Run `name` (last part of its ARN) of `machine`'s Map state `label`.
  Result<ExecutionNumber> find_map_run(std::string_view machine, std::string_view label,
                                       std::string_view name) const;
  // The child `name` of some Map Run of that state.
  Result<ExecutionNumber> find_child(std::string_view machine, std::string_view label,
                                     std::string_view name) const;
  Result<MapRunRecord> map_run(ExecutionNumber number) const;
  // Runs of an execution, newest first, from `before` (exclusive) on.
  Result<std::vector<std::pair<ExecutionNumber, MapRunRecord>>> map_runs(
      ExecutionNumber execution, std::optional<ExecutionNumber> before, std::size_t max) const;
  // Changes a running run. kNotFound; kInvalid: it does not run.
  Status update_map_run(ExecutionNumber number, MapRunUpdate update);

  // Executions of a machine, or of list_of_map_run(), newest first, from `before` (exclusive;
  // empty: the newest) on.
  Result<std::vector<ExecutionDescription>> list(std::string_view machine,
                                                 std::optional<ExecutionStatus> status,
                                                 std::optional<ExecutionNumber> before,
                                                 std::size_t max) const;
  // Up to `max` events from `from` on, ascending by id, or descending if `reverse`.
  Result<HistoryPage> history(ExecutionNumber number, const HistoryCursor& from, std::size_t max,
                              bool reverse, bool include_data) const;
  // The same events as JSON, separated by commas, appended to `out`; and where the next page
  // begins. At least one event; no further one once `out` holds `bytes_max`.
  Result<std::optional<HistoryCursor>> write_history(ExecutionNumber number,
                                                     const HistoryCursor& from, std::size_t max,
                                                     std::size_t bytes_max, bool reverse,
                                                     bool include_data, std::string& out) const;

  // Erases now whose retention is over, as the engine does by itself now and then while its clock
  // is real; answers how many. On a fiber of any of its shards; suspends.
  Result<std::uint64_t> erase_expired();

  // --- task tokens ---
  // kInvalid: not a token. kTimeout: the task is gone.
  Status task_success(std::string_view token, std::string output);
  Status task_failure(std::string_view token, Failure failure);
  Status task_heartbeat(std::string_view token);

  // --- rows of others in the same store: embedded services ---
  // Appends `batch` to the journal, in the order of the calls; never suspends. `durable` runs on
  // the first shard when it is on disk, or when the store failed and only it knows. On that shard's
  // thread only. An error: nothing was appended, and `durable` is dropped.
  Status append(const runtime::Batch& batch, std::function<void(Status)> durable);
  // The same, and suspends until it is durable.
  Status commit(const runtime::Batch& batch);

  // --- activities ---
  ActivityQueue& activities();
  // For the queue: the history says that `worker` has taken the task. kNotFound: the task is gone.
  Result<ActivityTask> start_activity_task(const QueuedTask& task, const std::string& worker);

  // --- names ---
  std::string machine_arn(std::string_view name) const;
  std::string execution_arn(std::string_view machine, std::string_view name) const;
  std::string activity_arn(std::string_view name) const;
  std::string express_arn(std::string_view machine, std::string_view name) const;  // a fresh one
  // Of an execution, child or not; of its state machine: "NAME/LABEL" for a child.
  std::string arn_of(const ExecutionRecord& record) const;
  std::string machine_arn_of(const ExecutionRecord& record) const;
  std::string map_run_arn(const MapRunRecord& record) const;
  const EngineOptions& options() const;

  // On a fiber of any of the engine's shards: asks each of them in turn; suspends.
  EngineStatistics statistics() const;
  // All shards are open and the store takes commits. Any thread.
  bool ready() const;

 private:
  friend class EngineShard;
  EngineShard& home_of(ExecutionNumber number);
  Status change_pauses(const runtime::Batch& batch);
  Result<bool> has_running(std::string_view machine) const;
  // An execution of a machine that is being deleted has ended: perhaps it was the last one.
  void finish_deletion(const std::string& machine);
  EngineShard& home_of_start(const StartRequest& request);
  Status answer_token(std::string_view token, TokenMessage message);

  struct State;
  std::unique_ptr<State> state_;
};

// Reads events of a sealed history record list (an Express execution's memory_history).
Result<std::vector<asl::Value>> render_history(std::span<const std::string> records,
                                               bool include_data);

}  // namespace pawl::engine
