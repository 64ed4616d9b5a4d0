// EngineShard: executions that an operator has paused (engine/pauses.h).
//
// Pausing needs no state of its own beyond the flag: a branch that may not enter its state has the
// dispatch row that every branch gets which a commit leaves ready, and a timer that may not act has
// its row. Resuming looks for both, as recovery does.
#include "engine/engine_shard.h"

namespace pawl::engine {

Result<Pauses> load_pauses(const runtime::Store& store) {
  Pauses pauses;
  const auto machines = store.scan(keys::kPausedMachines, keys::prefix_end(keys::kPausedMachines));
  for (; machines->valid(); machines->next()) {
    pauses.machines.emplace(machines->key().substr(1));
  }
  if (Status read = machines->status(); !read) return std::move(read).error();
  const auto executions =
      store.scan(keys::kPausedExecutions, keys::prefix_end(keys::kPausedExecutions));
  for (; executions->valid(); executions->next()) {
    runtime::Decoder in(executions->key().substr(1));
    pauses.executions.insert(in.u64());
  }
  if (Status read = executions->status(); !read) return std::move(read).error();
  return pauses;
}

void EngineShard::set_pauses(Pauses pauses) {
  pauses_ = std::move(pauses);
  if (!open_) return;  // recovery delivers everything
  std::vector<ExecutionPtr> resumed;
  for (const auto& [number, execution] : executions_) {
    const bool paused = pauses_.holds(execution->record.machine, number);
    if (execution->paused && !paused) resumed.push_back(execution);
    execution->paused = paused;
  }
  const runtime::WallTime now = services_.clock->wall_now();
  for (const ExecutionPtr& execution : resumed) {
    for (const auto& [id, branch] : execution->branches) {
      const Phase phase = branch->frame.phase;
      if (phase == Phase::kEnter || phase == Phase::kRework || phase == Phase::kMapRun) {
        execution->mailbox.emplace_back(ResumeMessage{id});
      } else if (branch->frame.wake_at && *branch->frame.wake_at <= now) {
        execution->mailbox.emplace_back(TimerMessage{id, *branch->frame.wake_at});
      }
    }
    if (!execution->mailbox.empty()) wake(execution);
  }
  resume_from_rows(now);
}

// Those that are in memory were told already; of the others only what was paused can have a row
// that nobody is working on.
void EngineShard::resume_from_rows(runtime::WallTime now) {
  const runtime::Store& store = *engine_.options().store;
  std::vector<std::pair<ExecutionNumber, Message>> messages;
  const auto dispatches = store.scan(keys::kDispatches, keys::prefix_end(keys::kDispatches));
  for (; dispatches->valid(); dispatches->next()) {
    const auto row = keys::parse_dispatch(dispatches->key());
    if (!row || shard_of(row->execution) != number_ || row->branch == kParentNotice) continue;
    if (row->branch == kMapRunStop) continue;
    if (executions_.contains(row->execution)) continue;
    messages.emplace_back(row->execution, ResumeMessage{row->branch});
  }
  const auto timers = store.scan(keys::timer({}, 0, 0), keys::timer(now, 0, 0));
  for (; timers->valid(); timers->next()) {
    const auto row = keys::parse_timer(timers->key());
    if (!row || shard_of(row->execution) != number_) continue;
    if (executions_.contains(row->execution)) continue;
    messages.emplace_back(row->execution, TimerMessage{row->branch, row->at});
  }
  for (auto& [number, message] : messages) {
    static_cast<void>(deliver(number, std::move(message)));
  }
}

}  // namespace pawl::engine
