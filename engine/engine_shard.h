// EngineShard: the executions of one shard. Loads them, delivers their messages, appends their
// commits, and carries out their effects once they are durable.
//
// Everything here happens on the shard's thread. Recovery is not a special path: open() reads the
// dispatch rows and the timers that are due, and delivers the same messages as at any other time;
// a store that failed is answered by forgetting all executions and doing that again.
#pragma once

#include "engine/engine.h"
#include "engine/execution.h"
#include "engine/interpreter.h"
#include "engine/pauses.h"
#include "engine/turn.h"
#include "runtime/fiber/shard.h"

#include <atomic>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>

namespace pawl::engine {

class EngineShard {
 public:
  EngineShard(Engine& engine, Machines& machines, runtime::Shard& shard, std::uint32_t number);

  Status open();
  void close();

  // `fresh_name`: the engine made it, nobody else can have it.
  Result<StartResult> start(StartRequest request, bool fresh_name = false);
  Result<ExecutionDescription> run_synchronously(StartRequest request);
  Result<runtime::WallTime> redrive(ExecutionNumber number, RedriveRequest request);
  // See Engine::append().
  Status append(const runtime::Batch& batch, std::function<void(Status)> durable);
  Status update_map_run(ExecutionNumber number, MapRunUpdate update);
  // Commits `batch` of the engine's own (machines). Suspends until it is durable.
  Status commit(const runtime::Batch& batch);
  // Queues a message; loads the execution if it rests in the store. kNotFound: no such execution.
  Status deliver(ExecutionNumber number, Message message);
  // The same, on a fiber that has nothing else to do: unless the execution is at work, the turn is
  // taken on it, which saves a fiber and its cold stack. What comes after the turn has a fiber of
  // its own.
  Status deliver_here(ExecutionNumber number, Message message);
  // Delivers a message that has a `reply`, here unless it is one that may flood, and waits for it.
  template <typename M>
  Status deliver_and_wait(ExecutionNumber number, M message);

  runtime::Shard& shard() { return shard_; }
  // What is paused from now on; whatever no longer is goes on.
  void set_pauses(Pauses pauses);

  // Erases the executions that ended before the retention's time; answers how many. Suspends.
  Result<std::uint64_t> erase_expired();

  EngineStatistics statistics() const;
  bool is_open() const { return open_.load(std::memory_order_relaxed); }  // any thread

 private:
  using ExecutionPtr = std::shared_ptr<Execution>;

  struct Effect {
    runtime::CommitNumber commit = 0;
    std::function<void(Status)> run;
  };

  // executions
  Result<std::optional<StartResult>> started_before(const StartRequest& request,
                                                    const MachineRecord& machine,
                                                    const std::string& arn);
  ExecutionNumber next_number();
  Status name_and_compile(Execution& execution);
  Result<ExecutionPtr> load(ExecutionNumber number);
  Result<ExecutionPtr> load_express(ExecutionNumber number);
  Result<ExecutionPtr> queue(ExecutionNumber number, Message message);
  bool activate(Execution& execution);  // false: a fiber is at work on it
  void wake(const ExecutionPtr& execution);
  void take_turn_here(const ExecutionPtr& execution) noexcept;
  // Handles its messages; first goes on with what `cut`, if there is one, has left ready.
  void drive(const ExecutionPtr& execution, std::unique_ptr<Turn> cut);
  // One message. `cut`: the turn that has to go on. False, as below: the store failed.
  bool take_turn(const ExecutionPtr& execution, std::unique_ptr<Turn>& cut);
  bool go_on(const ExecutionPtr& execution, std::unique_ptr<Turn> cut);
  // Asks the handlers that decide within the turn, and runs what follows.
  void decide(const ExecutionPtr& execution, Turn& turn);
  // What the turn leaves to one that has to go on at once; null: nothing.
  std::unique_ptr<Turn> cut_off(const ExecutionPtr& execution, Turn& turn);
  // `goes_on`: another turn has what is left. False: the store failed.
  bool conclude(const ExecutionPtr& execution, Turn& turn, bool goes_on);
  void rest(const ExecutionPtr& execution);

  // What a turn did that others may want to know.
  struct Changes {
    bool running = false;  // it started or was redriven
    std::optional<ExecutionStatus> ended;
    std::uint32_t record = 0;  // of the history, with its first event
    std::uint32_t events = 0;
  };
  bool history_is_wanted(std::string_view machine) const;
  void tell_observers(const Execution& execution, const Changes& changes) const;

  // effects
  void after(runtime::CommitNumber commit, std::function<void(Status)> effect);
  void on_round();
  void run_effects(runtime::CommitNumber durable);
  void dispatch(const ExecutionPtr& execution, const Dispatch& what);
  void count_call(const asl::Resource& resource, const Outcome& outcome,
                  std::chrono::nanoseconds time);
  void ended(const ExecutionPtr& execution);
  void notify_parent(ExecutionNumber child, const ParentLink& parent);

  // Map Runs (engine_shard_map_runs.cpp)
  Result<std::shared_ptr<MapRun>> map_run(ExecutionNumber number);
  void know(const std::shared_ptr<MapRun>& run);
  void begin_map_run_effects(MapRunEffects& effects);
  void end_map_run_effects(const MapRunEffects& effects);
  void start_children();
  Result<ExecutionPtr> make_child(const std::shared_ptr<MapRun>& run, ChildStart start);
  void tell_parent(const std::shared_ptr<MapRun>& run);
  void redrive_child(const std::shared_ptr<MapRun>& run, ExecutionNumber child);
  void stop_children(const std::shared_ptr<MapRun>& run);
  void work(const MapRunWork& work);
  void clean(const std::shared_ptr<MapRun>& run);
  Status commit_joined(const JoinedWrites& writes);
  MapRunMessage read_items_of(const MapRunWork& work);
  MapRunMessage write_results_of(const MapRunWork& work);

  // timers
  void arm(ExecutionNumber number, const ArmedTimer& timer, bool durable);
  void load_timers();
  void fire_timers();
  void set_alarm();

  void resume_from_rows(runtime::WallTime now);

  // retention (engine_shard_retention.cpp)
  void watch_retention();
  Result<std::uint64_t> erase_expired_now();
  Result<std::optional<ExecutionRecord>> read_expired(ExecutionNumber number,
                                                      runtime::WallTime due) const;
  Status erase_these(const std::vector<ExecutionNumber>& expired, runtime::WallTime due,
                     std::optional<ExecutionNumber>& survivor);
  Status erase_remains();

  // failure and recovery
  static Error unavailable();
  // A synchronous execution is not started again: whoever waits for it learns that it is lost.
  static void tell_if_lost(Execution& execution);
  void forget_everything();
  Status recover();

  Engine& engine_;
  Machines& machines_;
  runtime::Shard& shard_;
  std::uint32_t number_;
  TurnServices services_;
  DefinitionCache definitions_;
  Pauses pauses_;
  runtime::Lease lease_;
  std::uint64_t incarnation_ = 0;
  std::atomic<bool> open_{false};  // written by the shard's thread only
  bool recovering_ = false;
  bool closed_ = false;

  std::unordered_map<ExecutionNumber, ExecutionPtr> executions_;
  std::list<ExecutionNumber> resting_;  // oldest first; those that only wait
  std::unordered_map<ExecutionNumber, std::list<ExecutionNumber>::iterator> resting_at_;
  std::unordered_map<std::string, ExecutionNumber>
      starting_;                             // ARNs whose start is not durable yet
  std::unordered_set<std::string> running_;  // idempotency keys of the handlers that run
  ExecutionNumber last_number_ = 0;

  // Each is held by its parent, its children, and what works for it.
  std::unordered_map<ExecutionNumber, std::weak_ptr<MapRun>> map_runs_;
  std::size_t map_runs_swept_ = 0;
  std::deque<std::pair<std::shared_ptr<MapRun>, ChildStart>> starts_;  // in order
  bool starter_runs_ = false;

  std::deque<Effect> effects_;      // by commit number
  runtime::TimeHold effects_hold_;  // virtual time stands still while a commit is on its way

  struct NearTimer {
    ExecutionNumber execution = 0;
    BranchId branch = 0;
    runtime::WallTime at{};
  };
  std::multimap<runtime::SteadyTime, NearTimer> relative_;
  std::multimap<runtime::WallTime, NearTimer> absolute_;
  runtime::WallTime timers_loaded_until_{};
  runtime::TimerHandle alarm_;
  runtime::SteadyTime alarm_at_ = runtime::kNever;

  std::unordered_set<ExecutionNumber> erasing_;  // whose erasure is not on disk yet
  bool erasing_now_ = false;
  ExecutionNumber retention_from_ = 0;  // of those before it none is left to erase
  runtime::TimerHandle retention_alarm_;

  EngineStatistics statistics_;
};

template <typename M>
Status EngineShard::deliver_and_wait(ExecutionNumber number, M message) {
  runtime::WaitPoint answered;
  std::optional<Status> answer;
  message.reply = [&answered, &answer](const Status& status) {
    answer = status;
    answered.wake();
  };
  // Answers to tokens come from outside and queue: a flood of them has to meet its bound.
  constexpr bool kQueues = std::is_same_v<M, TokenMessage>;
  Status delivered =
      kQueues ? deliver(number, std::move(message)) : deliver_here(number, std::move(message));
  if (!delivered) return delivered;
  const runtime::TimeHold hold = shard_.hold_time();
  while (!answer) answered.wait();
  return *std::move(answer);
}

}  // namespace pawl::engine
