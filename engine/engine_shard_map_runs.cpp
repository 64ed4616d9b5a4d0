// EngineShard: Map Runs. Starts their children one after the other, stops them, redrives them, and
// calls S3 for them. What happens and when is decided in states/map_distributed.cpp.
#include "engine/engine_shard.h"
#include "engine/map_run/child_name.h"
#include "engine/map_run/child_result.h"
#include "engine/map_run/item_reader.h"
#include "engine/map_run/result_writer.h"
#include "runtime/log/log.h"

#include <utility>

namespace pawl::engine {

namespace {

constexpr std::size_t kRowsAtOnce = 1'000;

}  // namespace

// The run in memory, or from its record and the list of its running children.
Result<std::shared_ptr<MapRun>> EngineShard::map_run(ExecutionNumber number) {
  if (const auto known = map_runs_.find(number); known != map_runs_.end()) {
    if (std::shared_ptr<MapRun> run = known->second.lock()) return run;
  }
  Result<MapRunRecord> record = engine_.map_run(number);
  if (!record) return std::move(record).error();
  auto run = std::make_shared<MapRun>();
  run->number = number;
  run->record = *std::move(record);
  run->record_stored = true;
  run->stop_stored = run->record.stage == MapRunStage::kStopping;
  run->take_up();
  const std::string list = keys::list_prefix(list_of_map_run(number), ExecutionStatus::kRunning);
  const auto rows = engine_.options().store->scan(list, keys::prefix_end(list));
  for (; rows->valid(); rows->next()) {
    if (const auto child = keys::parse_list(rows->key())) run->running.insert(*child);
  }
  if (Status status = rows->status(); !status) return std::move(status).error();
  know(run);
  // Express children have nothing of their own that would make them go on: they begin anew.
  if (run->record.express) {
    for (const ExecutionNumber child : run->running) {
      shard_.spawn_when_possible(
          [this, child] { static_cast<void>(deliver(child, ResumeMessage{kRootBranch})); });
    }
  }
  return run;
}

void EngineShard::know(const std::shared_ptr<MapRun>& run) {
  map_runs_[run->number] = run;
  // Entries of runs that nobody holds any more go now and then.
  if (map_runs_.size() < 2 * map_runs_swept_ + 64) return;
  std::erase_if(map_runs_, [](const auto& entry) { return entry.second.expired(); });
  map_runs_swept_ = map_runs_.size();
}

// Right after the commit was appended: what starts now is committed behind it.
void EngineShard::begin_map_run_effects(MapRunEffects& effects) {
  for (auto& start : std::exchange(effects.starts, {})) {
    starts_.push_back(std::move(start));
  }
  for (const auto& [run, child] : std::exchange(effects.redrives, {})) redrive_child(run, child);
  if (starts_.empty() || std::exchange(starter_runs_, true)) return;
  shard_.spawn_when_possible([this] { start_children(); });
}

// Once the commit is durable.
void EngineShard::end_map_run_effects(const MapRunEffects& effects) {
  for (const MapRunWork& one : effects.works) work(one);
  for (const auto& run : effects.stops) stop_children(run);
  for (const auto& run : effects.tells) tell_parent(run);
  for (const auto& run : effects.cleans) clean(run);
}

// One fiber starts all children, each with its first commit before the next: the cursor in the
// run's record is the number of those that have started.
void EngineShard::start_children() {
  while (!starts_.empty() && open_) {
    auto [run, start] = std::move(starts_.front());
    starts_.pop_front();
    if (!run->record.running() || run->record.failing) {
      --run->starting;
      tell_parent(run);
      continue;
    }
    const Result<ExecutionPtr> child = make_child(run, std::move(start));
    if (!child) {
      runtime::log().error("A child of a Map Run cannot start: {}", child.error().message);
      --run->starting;
      continue;
    }
    executions_.emplace((*child)->number, *child);
    ++statistics_.executions_started;
    (*child)->mailbox.emplace_back(StartMessage{});
    (*child)->active = true;
    drive(*child, nullptr);
    shard_.yield_if_due();
  }
  starter_runs_ = false;
}

Result<EngineShard::ExecutionPtr> EngineShard::make_child(const std::shared_ptr<MapRun>& run,
                                                          ChildStart start) {
  const MapRunRecord& of_run = run->record;
  Result<CompiledRevision> compiled = definitions_.get(of_run.machine, of_run.revision);
  if (!compiled) return std::move(compiled).error();
  auto child = std::make_shared<Execution>();
  child->number = next_number();
  ExecutionRecord& record = child->record;
  record.name = name_with_number(child->number, *services_.random);
  record.machine = of_run.machine;
  record.revision = of_run.revision;
  record.role_arn = of_run.role_arn;
  record.express = of_run.express;
  record.start_date = services_.clock->wall_now();
  record.map_run =
      MapRunLink{run->number, start.ordinal, start.items, of_run.label, of_run.processor};
  if (of_run.express) record.timeout_at = record.start_date + services_.limits->express_duration;
  child->input = start.input;
  child->definition = std::move(compiled->definition);
  child->durable = !of_run.express;
  child->keeps_history = !of_run.express;
  child->arn = engine_.arn_of(record);
  child->state_machine_arn = engine_.machine_arn_of(record);
  child->paused = pauses_.holds(of_run.machine, child->number);
  child->map_run = run;
  child->child_start = std::move(start);
  return child;
}

// Several children that end together tell their parent once.
void EngineShard::tell_parent(const std::shared_ptr<MapRun>& run) {
  if (!run->record.running() && !run->record.redrive_wanted) return;  // it has gone on
  if (std::exchange(run->parent_told, true)) return;
  // Delivering may have to read the store: not on the dispatcher.
  shard_.spawn_when_possible([this, run] {
    MapRunMessage message;
    message.branch = run->record.branch;
    message.run = run->number;
    const Status told = deliver(run->record.parent, std::move(message));
    if (!told) run->parent_told = false;
  });
}

void EngineShard::redrive_child(const std::shared_ptr<MapRun>& run, ExecutionNumber child) {
  shard_.spawn_when_possible([this, run, child] {
    RedriveMessage message;
    message.by_map_run = true;
    message.machine_exists = true;
    message.redrive_date = std::make_shared<runtime::WallTime>();
    message.reply = [this, run, child](const Status& status) {
      if (status || status.error().code != ErrorCode::kInvalid) return;
      // It cannot be redriven: it stays as it is, and counts as that.
      const Result<ExecutionDescription> refused = engine_.describe(child);
      if (!refused) return;
      const ExecutionRecord& record = refused->record;
      run->record.items.pending_redrive -= record.map_run->items;
      --run->record.executions.pending_redrive;
      run->record.items.ended(record.status, record.map_run->items);
      run->record.executions.ended(record.status, 1);
      run->record.items.not_redrivable += record.map_run->items;
      ++run->record.executions.not_redrivable;
      run->record.redrive_next = std::max(run->record.redrive_next, record.map_run->ordinal + 1);
      --run->starting;
      run->dirty = true;
      tell_parent(run);
    };
    if (const Status delivered = deliver(child, std::move(message)); !delivered) {
      runtime::log().warn("A child of a Map Run cannot be redriven: {}", delivered.error().message);
    }
  });
}

void EngineShard::stop_children(const std::shared_ptr<MapRun>& run) {
  shard_.spawn_when_possible([this, run] {
    const std::vector<ExecutionNumber> children(run->running.begin(), run->running.end());
    for (const ExecutionNumber child : children) {
      static_cast<void>(deliver(child, StopMessage{}));
      shard_.yield_if_due();
    }
  });
}

// --- S3 ----------------------------------------------------------------------------------------

void EngineShard::work(const MapRunWork& work) {
  const std::shared_ptr<MapRun>& run = work.run;
  // After a store failure the fiber of before may still be at it; it ends by itself.
  if (std::exchange(run->working, true)) return;
  shard_.spawn_when_possible([this, work] {
    MapRunMessage message = work.reader != nullptr ? read_items_of(work) : write_results_of(work);
    work.run->working = false;
    if (shard_.stopping() || message.run == 0) return;
    static_cast<void>(deliver(work.run->record.parent, std::move(message)));
  });
}

namespace {

MapRunMessage about(const MapRunWork& work, MapRunMessage::Kind kind) {
  MapRunMessage message;
  message.branch = work.run->record.branch;
  message.run = work.run->number;
  message.kind = kind;
  return message;
}

}  // namespace

// What the answer of an embedded service carries: a commit of its own, as there is no Task's.
Status EngineShard::commit_joined(const JoinedWrites& writes) {
  if (writes.batch.empty() && writes.fate == nullptr) return {};
  runtime::WaitPoint durable;
  std::optional<Status> answer;
  Status appended = append(writes.batch, [&](const Status& status) {
    answer = status;
    durable.wake();
  });
  if (!appended) return appended;
  if (writes.fate != nullptr) writes.fate->appended();
  const runtime::TimeHold hold = shard_.hold_time();
  while (!answer) durable.wait();
  if (writes.fate != nullptr) writes.fate->durable(*answer);
  return *std::move(answer);
}

MapRunMessage EngineShard::read_items_of(const MapRunWork& work) {
  const std::shared_ptr<MapRun> run = work.run;
  MapRunMessage message = about(work, MapRunMessage::Kind::kRead);
  runtime::Batch batch;
  // What an earlier attempt has left would be taken for items.
  const std::string prefix = keys::map_run_items(run->number, 0).substr(0, 9);
  for (;;) {
    std::size_t rows_erased = 0;
    {
      const auto rows = services_.store->scan(prefix, keys::prefix_end(prefix));
      for (; rows->valid() && rows_erased < kRowsAtOnce; rows->next(), ++rows_erased) {
        batch.erase(rows->key());
      }
    }
    if (rows_erased == 0) break;
    if (!commit(std::exchange(batch, {}))) return {};
  }
  constexpr std::size_t kCommitBytes = std::size_t{1} << 20;
  const auto store_page = [&](const ItemPage& page, std::uint64_t first) -> Status {
    if (run->record.stage != MapRunStage::kReading || !run->record.running()) {
      return Error{ErrorCode::kUnavailable, "The Map Run is over.", ""};
    }
    batch.put(keys::map_run_items(run->number, first), encode_items(page));
    if (batch.bytes() < kCommitBytes) return {};
    return commit(std::exchange(batch, {}));
  };
  S3Calls calls(*services_.handlers, work.request, run->record.machine,
                [this](const JoinedWrites& writes) { return commit_joined(writes); });
  const Result<std::uint64_t> items = read_items(
      {.reader = work.reader, .parameters = work.parameters, .max_items = work.max_items}, calls,
      store_page);
  if (items) {
    if (!batch.empty() && !commit(batch)) return {};
    message.items = *items;
    return message;
  }
  // The store failed, or nobody wants them any more: whoever comes next reads again.
  if (items.error().code != ErrorCode::kInvalid) return {};
  message.failure = Failure{std::nullopt, items.error().message};
  return message;
}

MapRunMessage EngineShard::write_results_of(const MapRunWork& work) {
  MapRunMessage message = about(work, MapRunMessage::Kind::kWritten);
  const MapRunRecord& record = work.run->record;
  WriteOrder order;
  order.parameters = work.parameters;
  order.form = {work.writer->transformation, work.writer->json_lines};
  order.arns = arns_of(services_, record);
  order.map_run_arn = engine_.map_run_arn(record);
  order.run = work.run->number;
  S3Calls calls(*services_.handlers, work.request, record.machine,
                [this](const JoinedWrites& writes) { return commit_joined(writes); });
  Result<asl::Value> written = write_results(order, *services_.store, calls);
  if (written) {
    message.written = *std::move(written);
    return message;
  }
  if (written.error().code != ErrorCode::kInvalid) return {};
  message.failure = Failure{std::nullopt, written.error().message};
  return message;
}

// The rows of items are read no more. Whatever a crash leaves of them is of no harm.
void EngineShard::clean(const std::shared_ptr<MapRun>& run) {
  shard_.spawn_when_possible([this, run] {
    const std::string prefix = keys::map_run_items(run->number, 0).substr(0, 9);
    for (bool more = true; more && open_;) {
      runtime::Batch batch;
      {
        const auto rows = services_.store->scan(prefix, keys::prefix_end(prefix));
        for (; rows->valid() && batch.count() < kRowsAtOnce; rows->next()) batch.erase(rows->key());
      }
      more = !batch.empty() && commit(batch).has_value();
    }
  });
}

Status EngineShard::update_map_run(ExecutionNumber number, MapRunUpdate update) {
  if (!open_) return Error{ErrorCode::kUnavailable, "The store is not available; try again.", ""};
  const Result<std::shared_ptr<MapRun>> run = map_run(number);
  if (!run) return run.error();
  const MapRunRecord& record = (*run)->record;
  if (!record.running()) return Error{ErrorCode::kInvalid, "The Map Run is over.", ""};
  MapRunMessage message;
  message.branch = record.branch;
  message.run = number;
  message.kind = MapRunMessage::Kind::kUpdate;
  message.update = update;
  return deliver_and_wait(record.parent, std::move(message));
}

}  // namespace pawl::engine
