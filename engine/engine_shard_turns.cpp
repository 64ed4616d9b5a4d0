// EngineShard: an execution's messages, the turns they lead to, and what follows once a turn is
// durable.
#include "engine/engine_shard.h"
#include "engine/observer.h"
#include "engine/states/states.h"

#include <algorithm>
#include <utility>

namespace pawl::engine {

// --- messages --------------------------------------------------------------------------------

Status EngineShard::deliver(ExecutionNumber number, Message message) {
  Result<ExecutionPtr> execution = queue(number, std::move(message));
  if (!execution) return std::move(execution).error();
  wake(*execution);
  return {};
}

Status EngineShard::deliver_here(ExecutionNumber number, Message message) {
  Result<ExecutionPtr> execution = queue(number, std::move(message));
  if (!execution) return std::move(execution).error();
  take_turn_here(*execution);
  return {};
}

Result<EngineShard::ExecutionPtr> EngineShard::queue(ExecutionNumber number, Message message) {
  if (!open_) return unavailable();
  Result<ExecutionPtr> execution = load(number);
  if (!execution) return execution;
  // Only what comes from outside can flood; the engine's own messages are bounded by its branches,
  // and must not get lost.
  if (std::holds_alternative<TokenMessage>(message) &&
      (*execution)->mailbox.size() >= services_.limits->mailbox_messages) {
    return Error{ErrorCode::kLimit, "The execution has too many messages waiting.", ""};
  }
  // Of a call from before a restart of the store, by chance just now. It may hold what the decision
  // waits for; without it nothing was written, and the call is made again.
  if ((*execution)->deciding && std::holds_alternative<OutcomeMessage>(message)) return execution;
  (*execution)->mailbox.push_back(std::move(message));
  return execution;
}

bool EngineShard::activate(Execution& execution) {
  if (std::exchange(execution.active, true)) return false;
  if (const auto at = resting_at_.find(execution.number); at != resting_at_.end()) {
    resting_.erase(at->second);
    resting_at_.erase(at);
  }
  return true;
}

void EngineShard::wake(const ExecutionPtr& execution) {
  if (!activate(*execution)) return;
  shard_.spawn_when_possible([this, execution] { drive(execution, nullptr); });
}

// noexcept: what would stop the process on a fiber of its own must not be answered with a 500.
void EngineShard::take_turn_here(const ExecutionPtr& execution) noexcept {
  if (!activate(*execution)) return;
  std::unique_ptr<Turn> cut;
  if (!take_turn(execution, cut)) return;
  if (cut == nullptr && execution->mailbox.empty()) {
    execution->active = false;
    return rest(execution);
  }
  shard_.spawn_when_possible(
      [this, execution, cut = std::move(cut)]() mutable { drive(execution, std::move(cut)); });
}

namespace {

// A timer that a paused execution does not obey: it is still due when it is resumed. The machine's
// own timeout is.
bool is_held(const Message& message) {
  const auto* timer = std::get_if<TimerMessage>(&message);
  return timer != nullptr && timer->branch != kExecutionTimer;
}

}  // namespace

void EngineShard::drive(const ExecutionPtr& execution, std::unique_ptr<Turn> cut) {
  if (cut != nullptr && !go_on(execution, std::move(cut))) return;
  while (!execution->mailbox.empty() && !execution->abandoned) {
    if (!take_turn(execution, cut)) return;
    if (cut != nullptr && !go_on(execution, std::move(cut))) return;
  }
  execution->active = false;
  rest(execution);
}

bool EngineShard::take_turn(const ExecutionPtr& execution, std::unique_ptr<Turn>& cut) {
  Message message = std::move(execution->mailbox.front());
  execution->mailbox.pop_front();
  // A call that is older than this Execution in memory was not counted.
  if (std::holds_alternative<OutcomeMessage>(message) && execution->calls_open > 0) {
    --execution->calls_open;
  }
  if (execution->paused && is_held(message)) return true;
  Turn turn(*execution, services_);
  ++statistics_.turns;
  handle(turn, message);
  decide(execution, turn);
  cut = cut_off(execution, turn);
  return conclude(execution, turn, cut != nullptr);
}

// A decision waits for rows that others hold. Who holds some must get on without it, so an
// execution with a call that may hold rows does not decide: the outcome would wait for the turn.
void EngineShard::decide(const ExecutionPtr& execution, Turn& turn) {
  while (execution->calls_open == 0 && !turn.checkpoint_due()) {
    Branch* branch = turn.next_decision();
    if (branch == nullptr) return;
    const auto& state = std::get<asl::TaskState>(state_of(*execution, *branch).body);
    TaskHandler* handler = services_.handlers->find(state.resource, execution->record.machine,
                                                    state_of(*execution, *branch).name);
    const runtime::SteadyTime begun = shard_.now();
    execution->deciding = true;
    Outcome outcome = handler->run(task_request(*execution, *branch, services_));
    execution->deciding = false;
    // Without its outcome the task was never asked: nothing was written.
    if (execution->abandoned || shard_.stopping()) return turn.dispatch(*branch, false);
    count_call(state.resource, outcome, shard_.now() - begun);
    resume_task(turn, *branch, state, std::move(outcome));
    run_ready(turn);
  }
}

std::unique_ptr<Turn> EngineShard::cut_off(const ExecutionPtr& execution, Turn& turn) {
  if (execution->calls_open > 0 || turn.has_dispatches()) turn.dispatch_decisions();
  const bool more =
      turn.has_decisions() || (turn.has_ready() && !execution->paused && !execution->abandoned);
  return more ? std::make_unique<Turn>(turn, services_) : nullptr;
}

// A long run of states that wait for nobody becomes durable in parts, and lets others run in
// between.
bool EngineShard::go_on(const ExecutionPtr& execution, std::unique_ptr<Turn> cut) {
  while (cut != nullptr) {
    runtime::yield();
    if (execution->abandoned) return false;
    run_ready(*cut);
    decide(execution, *cut);
    std::unique_ptr<Turn> rest = cut_off(execution, *cut);
    if (!conclude(execution, *cut, rest != nullptr)) return false;
    cut = std::move(rest);
  }
  return true;
}

// Commits the turn, and queues what may happen once that is durable.
bool EngineShard::conclude(const ExecutionPtr& execution, Turn& turn, bool goes_on) {
  // A long evaluation gives way in the middle of a turn. If the store failed meanwhile, the turn
  // stands on memory that is void, and the execution may be loaded anew by now.
  if (execution->abandoned) {
    for (const auto& effect : turn.take_effects()) effect(unavailable());
    return false;
  }
  Changes changes;
  changes.running = !execution->record_stored || turn.reopened();
  if (turn.ended_here()) changes.ended = execution->record.status;
  changes.record = execution->next_record;
  changes.events = turn.events();
  const runtime::Batch batch = turn.finish();
  statistics_.transitions += turn.transitions();
  const bool batch_was_empty = batch.empty();
  if (!batch_was_empty) {
    const Result<runtime::CommitNumber> number =
        engine_.options().journal->append(batch, lease_, incarnation_);
    if (!number) {
      for (const auto& effect : turn.take_effects()) effect(unavailable());
      execution->abandoned = true;
      tell_if_lost(*execution);
      executions_.erase(execution->number);
      return false;
    }
    execution->last_commit = *number;
    for (const auto& fate : turn.take_fates()) fate->appended();
  }
  MapRunEffects map_runs = std::move(turn.map_runs());
  begin_map_run_effects(map_runs);
  for (const ArmedTimer& timer : turn.take_armed()) {
    arm(execution->number, timer, execution->durable);
  }
  // Nothing waits for it: the turn that goes on has the later commit.
  if (goes_on && !turn.has_effects() && map_runs.empty() && engine_.observers().empty()) {
    return true;
  }
  // Nothing new to wait for: its effects may still not overtake those of earlier turns.
  const runtime::CommitNumber commit = execution->last_commit;
  std::vector<Dispatch> dispatches = turn.take_dispatches();
  execution->calls_open += static_cast<int>(dispatches.size());
  after(commit, [this, execution, dispatches = std::move(dispatches), effects = turn.take_effects(),
                 cancelled = turn.take_cancelled(), map_runs = std::move(map_runs),
                 changes](const Status& durable) {
    for (const auto& effect : effects) effect(durable);
    if (!durable) return;
    tell_observers(*execution, changes);
    for (const CancelledTask& task : cancelled) {
      shard_.spawn_when_possible([this, execution, task] {
        TaskHandler* handler = services_.handlers->find(
            *task.request.resource, execution->record.machine, task.request.state_name);
        if (handler != nullptr) handler->cancel(task.request, task.continuation);
      });
    }
    for (const Dispatch& what : dispatches) dispatch(execution, what);
    end_map_run_effects(map_runs);
    if (execution->ended()) {
      ended(execution);
    } else {
      rest(execution);
    }
  });
  return true;
}

bool EngineShard::history_is_wanted(std::string_view machine) const {
  const auto& observers = engine_.observers();
  return std::any_of(observers.begin(), observers.end(),
                     [machine](Observer* one) { return one->wants_history(machine); });
}

void EngineShard::tell_observers(const Execution& execution, const Changes& changes) const {
  for (Observer* observer : engine_.observers()) {
    if (changes.running) observer->status_changed(execution, ExecutionStatus::kRunning);
    if (changes.events > 0 && execution.durable) {
      observer->recorded(execution, changes.record, changes.events);
    }
    if (changes.ended) observer->status_changed(execution, *changes.ended);
  }
}

void EngineShard::ended(const ExecutionPtr& execution) {
  executions_.erase(execution->number);
  if (std::exchange(execution->end_announced, true)) return;
  ++statistics_.executions_ended[static_cast<std::size_t>(execution->record.status)];
  if (execution->on_end) std::exchange(execution->on_end, nullptr)(*execution);
  if (execution->deletions_seen != machines_.deletions()) {
    engine_.finish_deletion(execution->record.machine);
  }
  if (execution->record.parent) notify_parent(execution->number, *execution->record.parent);
  if (execution->map_run != nullptr) {
    --execution->map_run->ending;
    tell_parent(execution->map_run);
  }
}

void EngineShard::notify_parent(ExecutionNumber child, const ParentLink& parent) {
  EngineShard& home = engine_.home_of(parent.execution);
  home.shard_.post([&home, child, parent] {
    home.shard_.spawn_when_possible([&home, child, parent] {
      static_cast<void>(home.deliver_here(
          parent.execution, ChildEndedMessage{parent.branch, parent.scheduled_event, child}));
    });
  });
}

// An execution that only waits stays in memory for a while, then is dropped: it is in the store.
void EngineShard::rest(const ExecutionPtr& execution) {
  if (execution->active || !execution->mailbox.empty() || execution->calls_open > 0 ||
      !execution->durable || execution->abandoned || execution->ended() ||
      execution->last_commit > engine_.options().journal->durable() ||
      resting_at_.contains(execution->number) || !executions_.contains(execution->number)) {
    return;
  }
  execution->stored_parts.clear();
  resting_.push_back(execution->number);
  resting_at_[execution->number] = std::prev(resting_.end());
  while (resting_.size() > services_.limits->resting_executions) {
    const ExecutionNumber oldest = resting_.front();
    const auto it = executions_.find(oldest);
    PAWL_ASSERT(it != executions_.end());
    resting_.pop_front();
    resting_at_.erase(oldest);
    executions_.erase(it);
  }
}

// --- effects ---------------------------------------------------------------------------------

void EngineShard::after(runtime::CommitNumber commit, std::function<void(Status)> effect) {
  if (effects_.empty() && commit <= engine_.options().journal->durable()) return effect(Status());
  // Turns of one shard end in the order of their commits, but an execution without a new commit may
  // wait for an older one only.
  if (effects_.empty()) effects_hold_ = shard_.hold_time();
  auto place = effects_.end();
  while (place != effects_.begin() && std::prev(place)->commit > commit) --place;
  effects_.insert(place, {commit, std::move(effect)});
}

void EngineShard::run_effects(runtime::CommitNumber durable) {
  while (!effects_.empty() && effects_.front().commit <= durable) {
    const Effect effect = std::move(effects_.front());
    effects_.pop_front();
    effect.run(Status());
  }
  if (effects_.empty()) effects_hold_.release();
}

void EngineShard::dispatch(const ExecutionPtr& execution, const Dispatch& what) {
  Branch* branch = execution->find(what.branch);
  const Phase expected = what.resume ? Phase::kResuming : Phase::kDispatched;
  if (branch == nullptr || execution->abandoned ||
      branch->frame.phase != expected) {  // timed out before it began
    --execution->calls_open;
    return;
  }
  branch->cancellation = std::make_shared<Cancellation>();
  TaskRequest request = task_request(*execution, *branch, services_);
  // After a store failure the handler of the same attempt may still be running: its answer counts.
  if (!running_.insert(request.idempotency_key).second) return;
  TaskHandler* handler =
      services_.handlers->find(*request.resource, execution->record.machine, request.state_name);
  ++statistics_.handlers_running;
  shard_.spawn_when_possible([this, execution, handler, request = std::move(request),
                              continuation = branch->frame.continuation,
                              resume = what.resume]() mutable {
    const runtime::SteadyTime begun = shard_.now();
    Outcome outcome = TaskFailed{{std::string(kStatesRuntime), "No connector serves the resource " +
                                                                   request.resource->arn + "."}};
    if (handler != nullptr) {
      outcome = resume ? handler->resume(request, continuation) : handler->run(request);
    }
    running_.erase(request.idempotency_key);
    --statistics_.handlers_running;
    count_call(*request.resource, outcome, shard_.now() - begun);
    // At shutdown handlers are cut off: what they say then is not an outcome. The next process
    // finds the dispatch row and calls again, with the same key.
    if (shard_.stopping()) return;
    static_cast<void>(deliver_here(
        execution->number,
        OutcomeMessage{request.branch, request.scheduled_event_id, std::move(outcome)}));
  });
}

void EngineShard::count_call(const asl::Resource& resource, const Outcome& outcome,
                             std::chrono::nanoseconds time) {
  std::string_view name = resource.service;
  if (resource.kind == asl::ResourceKind::kLambdaFunction) name = "lambda";
  if (resource.kind == asl::ResourceKind::kActivity) name = "activity";
  if (name.empty()) name = "other";
  ConnectorStatistics& connector = statistics_.connector(name);
  if (std::holds_alternative<TaskSucceeded>(outcome)) ++connector.succeeded;
  if (std::holds_alternative<TaskFailed>(outcome)) ++connector.failed;
  if (std::holds_alternative<TaskSubmitted>(outcome)) ++connector.submitted;
  connector.seconds.add(std::chrono::duration<double>(time).count());
}

}  // namespace pawl::engine
