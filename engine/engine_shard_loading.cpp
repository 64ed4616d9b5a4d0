// EngineShard: an execution from its rows. Reads what the last commit left and nothing else.
#include "engine/engine_shard.h"
#include "engine/history.h"
#include "engine/interpreter.h"
#include "engine/states/states.h"

#include <algorithm>
#include <utility>

namespace pawl::engine {

namespace {

class StoredPayloads final : public FrameLoader {
 public:
  StoredPayloads(const runtime::Store& store, ExecutionNumber number)
      : reader_(store, number), number_(number) {}

  Result<asl::Payload> load(PayloadRef ref) override {
    if (const auto known = known_.find(ref.place); known != known_.end()) return known->second;
    Result<std::string> text = reader_.text(ref);
    if (!text) return std::move(text).error();
    asl::Payload payload = asl::Payload::of_text(*std::move(text));
    payload.set_stored_as(number_, ref.place);
    known_.emplace(ref.place, payload);
    return payload;
  }

 private:
  PayloadReader reader_;
  ExecutionNumber number_;
  std::unordered_map<std::uint64_t, asl::Payload> known_;
};

}  // namespace

// What follows from the record: ARNs and the compiled definition.
Status EngineShard::name_and_compile(Execution& execution) {
  const ExecutionRecord& record = execution.record;
  execution.arn = engine_.arn_of(record);
  execution.state_machine_arn = engine_.machine_arn_of(record);
  Result<CompiledRevision> compiled = definitions_.get(record.machine, record.revision);
  if (!compiled) return std::move(compiled).error();
  execution.definition = std::move(compiled->definition);
  return {};
}

Result<EngineShard::ExecutionPtr> EngineShard::load(ExecutionNumber number) {
  if (const auto it = executions_.find(number); it != executions_.end()) return it->second;
  if (erasing_.contains(number)) {
    return Error{ErrorCode::kNotFound, "There is no such execution.", ""};
  }
  const runtime::Store& store = *engine_.options().store;
  const std::string key = keys::execution(number);
  Result<std::optional<std::string>> row = store.get(key);
  if (!row) return std::move(row).error();
  if (!*row) return load_express(number);
  Result<ExecutionRecord> record = decode_execution(**row, key);
  if (!record) return std::move(record).error();

  auto execution = std::make_shared<Execution>();
  execution->number = number;
  execution->record = *std::move(record);
  execution->record_stored = true;
  execution->end_announced = execution->ended();
  execution->timeout_stored = execution->record.timeout_at.has_value() && !execution->ended();
  if (Status named = name_and_compile(*execution); !named) return std::move(named).error();

  StoredPayloads payloads(store, number);
  Result<asl::Payload> input = payloads.load(execution->record.input);
  if (!input) return std::move(input).error();
  execution->input = *std::move(input);
  if (execution->record.map_run) {
    Result<std::shared_ptr<MapRun>> run = map_run(execution->record.map_run->run);
    if (!run) return std::move(run).error();
    execution->map_run = *std::move(run);
  }
  if (execution->record.express) {
    // An Express child of a Map Run: it has no frames, and begins anew.
    execution->durable = false;
    execution->keeps_history = false;
    execution->timeout_stored = false;
    execution->record.timeout_at = services_.clock->wall_now() + services_.limits->express_duration;
    executions_.emplace(number, execution);
    return execution;
  }

  std::vector<std::unique_ptr<Branch>> done;
  const auto take_frame = [&](BranchId id, Frame frame, bool in_a_row) {
    auto branch = std::make_unique<Branch>();
    branch->id = id;
    branch->frame = std::move(frame);
    branch->dirty = false;
    branch->row_stored = in_a_row;
    branch->timer_stored = branch->frame.wake_at;
    const Phase phase = branch->frame.phase;
    branch->queue_stored = queue_key(*execution, *branch);
    branch->dispatch_stored = !execution->ended() && wants_somebody(phase);
    execution->next_branch = std::max(execution->next_branch, id + 1);
    if (phase == Phase::kChildren) {
      execution->next_branch =
          std::max(execution->next_branch,
                   branch->frame.first_child + static_cast<BranchId>(branch->frame.children));
    }
    if (phase == Phase::kDone) {
      done.push_back(std::move(branch));
    } else {
      execution->branches.emplace(id, std::move(branch));
    }
  };

  const auto frames =
      store.scan(keys::frame(number, 0), keys::prefix_end(keys::frame(number, 0).substr(0, 9)));
  for (; frames->valid(); frames->next()) {
    Result<Frame> frame = decode_frame(frames->value(), payloads);
    if (!frame) return std::move(frame).error();
    take_frame(*keys::parse_frame(frames->key()), *std::move(frame), true);
  }
  if (Status status = frames->status(); !status) return std::move(status).error();

  const auto last = store.scan_back(keys::history(number, 0), keys::history(number, 0xFFFFFFFF));
  if (last->valid()) {
    const Result<HistoryRecord> history = open_history(last->value(), last->key());
    if (!history) return history.error();
    execution->next_event = history->first_event + history->events;
    execution->next_record = *keys::parse_history(last->key()) + 1;
    // A row of the root is newer than what went with the last record.
    if (!history->frame.empty() && execution->find(kRootBranch) == nullptr) {
      Result<Frame> frame = get_frame(history->frame, payloads, last->key());
      if (!frame) return std::move(frame).error();
      take_frame(kRootBranch, *std::move(frame), false);
    }
  } else if (Status status = last->status(); !status) {
    return std::move(status).error();
  }

  for (auto& [id, branch] : execution->branches) {
    if (branch->frame.phase == Phase::kChildren) children_loaded(*branch);
    if (branch->frame.phase == Phase::kMapRun) {
      Result<std::shared_ptr<MapRun>> run = map_run(branch->frame.map_run);
      if (!run) return std::move(run).error();
      branch->map_run = *std::move(run);
    }
  }
  for (auto& child : done) {
    Branch* parent = execution->find(child->frame.parent);
    if (parent == nullptr || parent->children == nullptr) continue;
    const auto index = static_cast<std::size_t>(child->frame.index);
    Branch::Children& children = *parent->children;
    if (index >= children.results.size()) continue;
    children.results[index] = child->frame.input;
    children.saved[index] = true;
    ++children.finished;
    children.last_event = std::max(children.last_event, child->frame.previous_event);
  }
  for (auto& [id, branch] : execution->branches) {
    if (branch->children == nullptr) continue;
    // Iterations start in order: those begun are the ended ones and the ones that have a frame.
    std::int32_t running = 0;
    for (std::int32_t i = 0; i < branch->frame.children; ++i) {
      if (execution->find(branch->frame.first_child + static_cast<BranchId>(i)) != nullptr) {
        ++running;
      }
    }
    branch->children->started = branch->children->finished + running;
  }
  execution->paused = pauses_.holds(execution->record.machine, number);
  executions_.emplace(number, execution);
  return execution;
}

Result<EngineShard::ExecutionPtr> EngineShard::load_express(ExecutionNumber number) {
  const std::string key = keys::express_start(number);
  Result<std::optional<std::string>> row = engine_.options().store->get(key);
  if (!row) return std::move(row).error();
  if (!*row) return Error{ErrorCode::kNotFound, "There is no such execution.", ""};
  Result<ExpressStart> start = decode_express_start(**row, key);
  if (!start) return std::move(start).error();
  auto execution = std::make_shared<Execution>();
  execution->number = number;
  execution->record = std::move(start->record);
  execution->durable = false;
  execution->restartable = true;
  execution->keeps_history = history_is_wanted(execution->record.machine);
  execution->record.timeout_at = services_.clock->wall_now() + services_.limits->express_duration;
  execution->input = asl::Payload::of_text(std::move(start->input));
  if (Status named = name_and_compile(*execution); !named) return std::move(named).error();
  execution->paused = pauses_.holds(execution->record.machine, number);
  executions_.emplace(number, execution);
  return execution;
}

}  // namespace pawl::engine
