#include "engine/engine_shard.h"

#include "asl/json/reader.h"
#include "engine/history.h"
#include "runtime/log/log.h"

#include <algorithm>
#include <utility>

namespace pawl::engine {

EngineShard::EngineShard(Engine& engine, Machines& machines, runtime::Shard& shard,
                         std::uint32_t number)
    : engine_(engine), machines_(machines), shard_(shard), number_(number), definitions_(machines) {
  const EngineOptions& options = engine.options();
  services_.clock = options.clock;
  services_.random = options.random;
  services_.limits = &options.limits;
  services_.handlers = options.handlers;
  services_.give_way = [this] { shard_.yield_if_due(); };
  services_.region = options.region;
  services_.account = options.account;
  services_.partition = options.partition;
  services_.store = options.store;
  services_.next_number = [this] { return next_number(); };
  services_.know_map_run = [this](const std::shared_ptr<MapRun>& run) { know(run); };
  services_.activities = &engine.activities();
  services_.machines = &machines;
}

Error EngineShard::unavailable() {
  return {ErrorCode::kUnavailable, "The store is not available; try again.", ""};
}

void EngineShard::tell_if_lost(Execution& execution) {
  if (execution.on_end && !execution.durable && !execution.restartable) {
    std::exchange(execution.on_end, nullptr)(execution);
  }
}

// --- opening, failing, recovering ------------------------------------------------------------

Status EngineShard::open() {
  PAWL_ASSERT(runtime::Shard::current() == &shard_);
  if (Status status = recover(); !status) return status;
  shard_.set_watermark_source([this] { on_round(); });
  watch_retention();
  return {};
}

Status EngineShard::recover() {
  const EngineOptions& options = engine_.options();
  incarnation_ = options.journal->incarnation();
  Result<runtime::Lease> lease = options.store->lease(number_);
  if (!lease) return std::move(lease).error();
  lease_ = *lease;
  Result<Pauses> pauses = load_pauses(*options.store);
  if (!pauses) return std::move(pauses).error();
  pauses_ = *std::move(pauses);

  // Numbers go on above every one that exists, whatever the clock says now.
  const auto newest =
      options.store->scan_back(keys::kExecutions, keys::prefix_end(keys::kExecutions));
  if (newest->valid()) {
    runtime::Decoder in(newest->key().substr(1));
    last_number_ = std::max(last_number_, in.u64());
  } else if (Status status = newest->status(); !status) {
    return status;
  }
  open_ = true;

  std::vector<keys::Dispatch> rows;
  const auto dispatches =
      options.store->scan(keys::kDispatches, keys::prefix_end(keys::kDispatches));
  for (; dispatches->valid(); dispatches->next()) {
    const auto row = keys::parse_dispatch(dispatches->key());
    if (row && shard_of(row->execution) == number_) rows.push_back(*row);
  }
  if (Status status = dispatches->status(); !status) return status;
  for (const keys::Dispatch& row : rows) {
    if (row.branch == kMapRunStop) {
      const Result<std::shared_ptr<MapRun>> run = map_run(row.execution);
      if (!run) return run.error();
      stop_children(*run);
      continue;
    }
    if (row.branch == kParentNotice) {
      const Result<ExecutionDescription> child = engine_.describe(row.execution);
      if (!child) return child.error();
      if (child->record.parent) notify_parent(row.execution, *child->record.parent);
      continue;
    }
    if (Status status = deliver(row.execution, ResumeMessage{row.branch}); !status) return status;
  }
  timers_loaded_until_ = {};
  load_timers();
  return {};
}

void EngineShard::forget_everything() {
  open_ = false;
  for (auto& [number, execution] : executions_) {
    execution->abandoned = true;
    for (Message& message : execution->mailbox) {
      if (auto* token = std::get_if<TokenMessage>(&message)) token->reply(unavailable());
      if (auto* taken = std::get_if<ActivityStartMessage>(&message)) taken->reply(unavailable());
      if (auto* stop = std::get_if<StopMessage>(&message); stop != nullptr && stop->reply) {
        stop->reply(unavailable());
      }
      if (auto* redrive = std::get_if<RedriveMessage>(&message)) redrive->reply(unavailable());
      if (auto* run = std::get_if<MapRunMessage>(&message); run != nullptr && run->reply) {
        run->reply(unavailable());
      }
      if (auto* start = std::get_if<StartMessage>(&message); start != nullptr && start->reply) {
        start->reply(unavailable());
      }
    }
    execution->mailbox.clear();
    tell_if_lost(*execution);
  }
  executions_.clear();
  resting_.clear();
  resting_at_.clear();
  starting_.clear();
  map_runs_.clear();
  starts_.clear();
  relative_.clear();
  absolute_.clear();
  for (Effect& effect : std::exchange(effects_, {})) effect.run(unavailable());
  effects_hold_.release();
}

void EngineShard::close() {
  closed_ = true;
  forget_everything();
  shard_.set_watermark_source({});
  alarm_.cancel();
  retention_alarm_.cancel();
  static_cast<void>(engine_.options().journal->flush());
}

// Once per round of the shard's queue: cheap when nothing is new.
void EngineShard::on_round() {
  runtime::Journal& journal = *engine_.options().journal;
  // The watermark first: that of a later incarnation passes the numbers which this one lost.
  const runtime::CommitNumber durable = journal.durable();
  if (open_ && journal.incarnation() == incarnation_) {
    if (!effects_.empty()) run_effects(durable);
    return;
  }
  if (open_) {
    runtime::log().error("The store failed; its executions continue when it is open again.");
    forget_everything();
  }
  if (!recovering_ && journal.healthy()) {
    recovering_ = true;
    shard_.spawn_when_possible([this] {
      if (const Status status = recover(); !status) {
        runtime::log().error("Recovery failed, trying again: {}", status.error().message);
        open_ = false;
        runtime::sleep_for(std::chrono::milliseconds(100));
      }
      recovering_ = false;
    });
  }
}

// --- starting --------------------------------------------------------------------------------

ExecutionNumber EngineShard::next_number() {
  constexpr unsigned kShardBits = 6;
  constexpr unsigned kCounterBits = 16;
  const auto now =
      static_cast<std::uint64_t>(services_.clock->wall_now().time_since_epoch().count());
  const std::uint64_t step = std::max(now << kCounterBits, (last_number_ >> kShardBits) + 1);
  last_number_ = (step << kShardBits) | number_;
  return last_number_;
}

// The execution of that name, if the request is the one that started it; kExists otherwise.
Result<std::optional<StartResult>> EngineShard::started_before(const StartRequest& request,
                                                               const MachineRecord& machine,
                                                               const std::string& arn) {
  const Result<ExecutionNumber> known = engine_.find(request.machine, request.name);
  if (!known) {
    if (known.error().code == ErrorCode::kNotFound) return std::optional<StartResult>();
    return known.error();
  }
  const Result<ExecutionDescription> first = engine_.describe(*known);
  if (!first) {
    // Its retention has ended between the two reads.
    if (first.error().code == ErrorCode::kNotFound) return std::optional<StartResult>();
    return first.error();
  }
  // The execution of a deleted machine of the same name does not take the names of this one's.
  if (first->record.revision < machine.first_revision) return std::optional<StartResult>();
  if (first->record.status == ExecutionStatus::kRunning && first->input == request.input) {
    return std::optional<StartResult>({*known, arn, first->record.start_date});
  }
  return Error{ErrorCode::kExists, "Execution Already Exists: '" + arn + "'", arn};
}

Result<StartResult> EngineShard::start(StartRequest request, bool fresh_name) {
  if (!open_) return unavailable();
  const std::uint64_t deletions = machines_.deletions();
  const std::shared_ptr<const MachineRecord> machine = machines_.find(request.machine);
  if (machine == nullptr || machine->deleting) {
    return Error{ErrorCode::kNotFound, "There is no state machine '" + request.machine + "'.", ""};
  }
  if (engine_.options().journal->full() ||
      executions_.size() - resting_.size() >= services_.limits->open_executions) {
    return Error{ErrorCode::kLimit, "The engine is at its capacity; try again.", ""};
  }

  // Who comes second with the same name waits for the first one's commit.
  const std::string arn = engine_.execution_arn(request.machine, request.name);
  const bool unique_name = !machine->express && !fresh_name;
  if (unique_name) {
    for (auto it = starting_.find(arn); it != starting_.end(); it = starting_.find(arn)) {
      runtime::sleep_for(std::chrono::milliseconds(1));
      if (!open_) return unavailable();
    }
    const Result<std::optional<StartResult>> earlier = started_before(request, *machine, arn);
    if (!earlier) return earlier.error();
    if (*earlier) return **earlier;
  }

  const std::uint32_t revision = request.revision.value_or(machine->revision);
  Result<CompiledRevision> compiled = definitions_.get(request.machine, revision);
  if (!compiled) return std::move(compiled).error();

  auto execution = std::make_shared<Execution>();
  execution->number = next_number();
  ExecutionRecord& record = execution->record;
  record.name = request.name;
  record.machine = request.machine;
  record.revision = revision;
  record.role_arn = compiled->role_arn;
  record.express = machine->express;
  record.start_date = services_.clock->wall_now();
  record.trace_header = request.trace_header;
  record.parent = request.parent;
  record.version_arn = request.version_arn;
  record.alias_arn = request.alias_arn;
  const auto& timeout = compiled->definition->timeout_seconds;
  if (timeout) record.timeout_at = record.start_date + std::chrono::seconds(*timeout);
  if (machine->express) {
    const auto longest = record.start_date + services_.limits->express_duration;
    record.timeout_at = std::min(record.timeout_at.value_or(longest), longest);
  }
  execution->input = asl::Payload::of_text(std::move(request.input));
  execution->definition = std::move(compiled->definition);
  execution->durable = !machine->express;
  execution->restartable = machine->express && !request.synchronous;
  execution->keeps_history =
      !machine->express || request.keep_history || history_is_wanted(request.machine);
  execution->arn = machine->express ? engine_.express_arn(request.machine, request.name) : arn;
  execution->state_machine_arn = engine_.machine_arn(request.machine);
  execution->on_end = std::move(request.on_end);
  execution->paused = pauses_.holds(record.machine, execution->number);
  execution->deletions_seen = deletions;
  executions_.emplace(execution->number, execution);
  ++statistics_.executions_started;

  const StartResult result{execution->number, execution->arn, record.start_date};
  if (unique_name) starting_.emplace(arn, execution->number);
  const Status started = deliver_and_wait(execution->number, StartMessage{});
  if (unique_name) starting_.erase(arn);
  if (!started) return started.error();
  return result;
}

Result<ExecutionDescription> EngineShard::run_synchronously(StartRequest request) {
  ExecutionDescription description;
  runtime::WaitPoint ended;
  bool over = false;
  request.synchronous = true;
  request.on_end = [&](const Execution& execution) {
    description.number = execution.number;
    description.record = execution.record;
    description.arn = execution.arn;
    description.state_machine_arn = execution.state_machine_arn;
    description.input = execution.input.text();
    if (execution.output.present()) description.output = execution.output.text();
    over = true;
    ended.wake();
  };
  const Result<StartResult> started = start(std::move(request));
  if (!started) return started.error();
  while (!over) ended.wait();
  if (description.record.status == ExecutionStatus::kRunning) return unavailable();
  return description;
}

Result<runtime::WallTime> EngineShard::redrive(ExecutionNumber number, RedriveRequest request) {
  if (!open_) return unavailable();
  if (engine_.options().journal->full() ||
      executions_.size() - resting_.size() >= services_.limits->open_executions) {
    return Error{ErrorCode::kLimit, "The engine is at its capacity; try again.", ""};
  }
  // Its end is not on disk yet: for everybody outside it still runs.
  if (const auto it = executions_.find(number);
      it != executions_.end() && it->second->ended() &&
      it->second->last_commit > engine_.options().journal->durable()) {
    return Error{ErrorCode::kInvalid, "Execution is RUNNING and cannot be redriven", ""};
  }
  const Result<ExecutionPtr> execution = load(number);
  if (!execution) return execution.error();
  RedriveMessage message;
  message.client_token = std::move(request.client_token);
  message.target = std::move(request.target);
  message.machine_exists =
      machines_.serves((*execution)->record.machine, (*execution)->record.revision);
  message.redrive_date = std::make_shared<runtime::WallTime>();
  const auto date = message.redrive_date;
  if (Status redriven = deliver_and_wait(number, std::move(message)); !redriven) {
    return std::move(redriven).error();
  }
  return *date;
}

Status EngineShard::append(const runtime::Batch& batch, std::function<void(Status)> durable) {
  if (!open_) return unavailable();
  if (engine_.options().journal->full()) {
    return Error{ErrorCode::kLimit, "The engine is at its capacity; try again.", ""};
  }
  const Result<runtime::CommitNumber> number =
      engine_.options().journal->append(batch, lease_, incarnation_);
  if (!number) return number.error();
  after(*number, std::move(durable));
  return {};
}

Status EngineShard::commit(const runtime::Batch& batch) {
  runtime::WaitPoint durable;
  std::optional<Status> answer;
  Status appended = append(batch, [&](const Status& status) {
    answer = status;
    durable.wake();
  });
  if (!appended) return appended;
  const runtime::TimeHold hold = shard_.hold_time();
  while (!answer) durable.wait();
  return *std::move(answer);
}

EngineStatistics EngineShard::statistics() const {
  EngineStatistics statistics = statistics_;
  statistics.executions_in_memory = executions_.size();
  statistics.executions_resting = resting_.size();
  statistics.effects_waiting = effects_.size();
  statistics.timers_near = relative_.size() + absolute_.size();
  return statistics;
}

}  // namespace pawl::engine
