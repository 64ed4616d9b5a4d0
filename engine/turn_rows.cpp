// Turn: what it writes. Every change of a turn is a row or part of one here (docs/storage.md), and
// all of them are one batch.
#include "engine/interpreter.h"
#include "engine/states/states.h"
#include "engine/turn.h"

#include <algorithm>
#include <utility>

namespace pawl::engine {

// A child that starts, ends, or is redriven counts with the same commit.
void Turn::count_child(bool first, runtime::Batch& batch) {
  if (execution_.map_run == nullptr) return;
  const std::shared_ptr<MapRun>& run = execution_.map_run;
  MapRunRecord& record = run->record;
  const MapRunLink& link = *execution_.record.map_run;
  if (first && execution_.child_start) {
    const ChildStart& start = *execution_.child_start;
    if (start.again) {
      record.items.pending_redrive -= link.items;
      --record.executions.pending_redrive;
      record.redrive_next = std::max(record.redrive_next, start.ordinal + 1);
    } else {
      record.items.started += link.items;
      ++record.executions.started;
      record.next_ordinal = start.ordinal + 1;
      record.next_item = start.next_item;
    }
    batch.put(keys::map_run_child(run->number, start.ordinal),
              encode_map_run_child({execution_.number, link.items}));
    execution_.child_start.reset();
    run->running.insert(execution_.number);
    --run->starting;
    touch(run);
    // It was on its way when the run came to its end.
    if (!record.running() && !ended_here_) {
      record.stage = MapRunStage::kStopping;
      map_run_effects_.stops.push_back(run);
    }
  }
  if (reopened_from_) {
    record.items.pending_redrive -= link.items;
    --record.executions.pending_redrive;
    record.redrive_next = std::max(record.redrive_next, link.ordinal + 1);
    run->running.insert(execution_.number);
    --run->starting;
    touch(run);
  }
  if (ended_here_ && run->running.erase(execution_.number) > 0) {
    record.items.ended(execution_.record.status, link.items);
    record.executions.ended(execution_.record.status, 1);
    ++run->ending;
    if (record.stage == MapRunStage::kStopping && run->running.empty()) {
      record.stage = MapRunStage::kOver;
    }
    touch(run);
  }
}

void Turn::write_map_runs(runtime::Batch& batch) {
  for (const std::shared_ptr<MapRun>& run : touched_runs_) {
    batch.put(keys::map_run(run->number), encode_map_run(run->record));
    if (!std::exchange(run->record_stored, true)) {
      batch.put(keys::map_run_of(run->record.parent, run->number), {});
    }
    // Somebody has to stop its children, also when its parent has gone on to other things.
    const bool stopping = run->record.stage == MapRunStage::kStopping;
    if (stopping != run->stop_stored) {
      const std::string key = keys::dispatch(run->number, kMapRunStop);
      if (stopping) {
        batch.put(key, {});
      } else {
        batch.erase(key);
      }
      run->stop_stored = stopping;
    }
  }
}

void Turn::write_branch(Branch& branch, runtime::Batch& batch) {
  const Phase phase = branch.frame.phase;
  if (branch.children != nullptr) {
    Branch::Children& children = *branch.children;
    for (const std::int32_t index : children.unsaved) {
      // An ended child lives on as a row that holds its output, until its parent ends.
      Frame done;
      done.parent = branch.id;
      done.index = index;
      done.phase = Phase::kDone;
      done.previous_event = children.last_event;
      done.input = children.results[static_cast<std::size_t>(index)];
      batch.put(
          keys::frame(execution_.number, branch.frame.first_child + static_cast<BranchId>(index)),
          encode_frame(done, *this));
      children.saved[static_cast<std::size_t>(index)] = true;
    }
    children.unsaved.clear();
  }
  if (!branch.dirty) return;
  if (branch.id != kRootBranch) write_frame(branch, batch);

  // A row that says "somebody has to go on with this": a crash now must find it.
  const bool wants_dispatch = !execution_.ended() && wants_somebody(phase);
  if (wants_dispatch != branch.dispatch_stored) {
    const std::string key = keys::dispatch(execution_.number, branch.id);
    if (wants_dispatch) {
      batch.put(key, {});
    } else {
      batch.erase(key);
    }
    branch.dispatch_stored = wants_dispatch;
  }
  if (phase == Phase::kQueued || !branch.queue_stored.empty()) {
    std::string key = queue_key(execution_, branch);
    if (key != branch.queue_stored) {
      if (!branch.queue_stored.empty()) batch.erase(branch.queue_stored);
      if (!key.empty()) batch.put(key, {});
      branch.queue_stored = std::move(key);
    }
  }
  if (branch.timer_stored != branch.frame.wake_at) {
    if (branch.frame.wake_at) {
      armed_.push_back({branch.id, *branch.frame.wake_at, branch.frame.wake_is_absolute});
    }
    if (branch.timer_stored) {
      batch.erase(keys::timer(*branch.timer_stored, execution_.number, branch.id));
    }
    if (branch.frame.wake_at) {
      batch.put(keys::timer(*branch.frame.wake_at, execution_.number, branch.id),
                branch.frame.wake_is_absolute ? "a" : "r");
    }
    branch.timer_stored = branch.frame.wake_at;
  }
}

void Turn::write_frame(Branch& branch, runtime::Batch& batch) {
  batch.put(keys::frame(execution_.number, branch.id), encode_frame(branch.frame, *this));
  branch.row_stored = true;
  branch.dirty = false;
}

// The frame of a root that is alone goes with the history record: most commits are one row. If
// there is a row as well, that is the newer. So the last record always has the frame, or a row has.
void Turn::write_root_frame(runtime::Batch& batch) {
  Branch* root = execution_.find(kRootBranch);
  if (root == nullptr || !(root->dirty || (has_history() && !root->row_stored))) return;
  if (!has_history() || execution_.branches.size() > 1) return write_frame(*root, batch);
  put_frame(root_frame_, root->frame, *this);
  if (std::exchange(root->row_stored, false)) {
    batch.erase(keys::frame(execution_.number, kRootBranch));
  }
  root->dirty = false;
}

void Turn::write_history(runtime::Batch& batch) {
  if (!has_history()) return;
  if (!execution_.keeps_history) return;
  HistoryRecord record;
  record.first_event = first_event_;
  record.events = events_;
  record.base_time = now_;
  record.payloads.reserve(documents_.size());
  for (const NewDocument& document : documents_) {
    record.payloads.push_back({document.text(), document.composed});
  }
  record.frame = root_frame_.bytes();
  record.event_bytes = event_bytes_.bytes();
  std::string sealed = encode_history(record);
  if (execution_.durable) {
    batch.put(keys::history(execution_.number, execution_.next_record), sealed);
  } else {
    execution_.memory_history_bytes += sealed.size();
    execution_.memory_history.push_back(std::move(sealed));
    if (execution_.memory_history_bytes > limits().express_history_bytes) {
      // Whoever reads it at the end finds nothing, rather than a part.
      execution_.keeps_history = false;
      execution_.memory_history.clear();
    }
  }
  ++execution_.next_record;
}

void Turn::write_execution(runtime::Batch& batch) {
  ExecutionRecord& record = execution_.record;
  record.input = store(execution_.input);
  record.output = store(execution_.output);
  batch.put(keys::execution(execution_.number), encode_execution(record));
  if (!execution_.record_stored) {
    std::string number;
    runtime::append_u64(number, execution_.number);
    // A child of a Map Run is found by its name alone.
    if (!record.map_run) batch.put(keys::name(record.machine, record.name), number);
  }
  if (reopened_from_) {
    batch.erase(keys::list(list_of(record), *reopened_from_, execution_.number));
  } else if (ended_here_ && execution_.record_stored) {
    batch.erase(keys::list(list_of(record), ExecutionStatus::kRunning, execution_.number));
  }
  batch.put(keys::list(list_of(record), record.status, execution_.number), {});
  if (record.timeout_at && !ended_here_ && !execution_.timeout_stored) {
    armed_.push_back({kExecutionTimer, *record.timeout_at, false});
    batch.put(keys::timer(*record.timeout_at, execution_.number, kExecutionTimer), "a");
    execution_.timeout_stored = true;
  }
  if (ended_here_ && execution_.timeout_stored) {
    batch.erase(keys::timer(*record.timeout_at, execution_.number, kExecutionTimer));
    execution_.timeout_stored = false;
  }
  if (ended_here_ && record.parent) {
    batch.put(keys::dispatch(execution_.number, kParentNotice), {});
  }
  execution_.record_stored = true;
}

// An Express execution lives in memory. The store only knows that it was accepted, until it ends:
// after a crash it starts again from the beginning (at least once). Synchronous ones are not kept.
void Turn::write_express(runtime::Batch& batch) {
  ExecutionRecord& record = execution_.record;
  if (!std::exchange(execution_.timeout_stored, true)) {
    armed_.push_back({kExecutionTimer, *record.timeout_at, false});
  }
  if (record.map_run) write_express_child(batch);
  if (!std::exchange(execution_.record_stored, true)) {
    if (execution_.restartable) {
      batch.put(keys::express_start(execution_.number),
                encode_express_start({record, execution_.input.text()}));
      batch.put(keys::dispatch(execution_.number, kRootBranch), {});
    }
  }
  for (const BranchId id : touched_) {
    Branch* branch = execution_.find(id);
    if (branch == nullptr || branch->timer_stored == branch->frame.wake_at) continue;
    branch->timer_stored = branch->frame.wake_at;
    if (branch->frame.wake_at) {
      armed_.push_back({id, *branch->frame.wake_at, branch->frame.wake_is_absolute});
    }
  }
  if (ended_here_ && execution_.restartable) {
    batch.erase(keys::express_start(execution_.number));
    batch.erase(keys::dispatch(execution_.number, kRootBranch));
  }
  batch.append(joined_);
}

// An Express child of a Map Run has its record, input and output, and no history.
void Turn::write_express_child(runtime::Batch& batch) {
  ExecutionRecord& record = execution_.record;
  const auto write_document = [&](std::uint32_t number, const asl::Payload& document) {
    HistoryRecord history;
    history.first_event = 1;
    history.base_time = now_;
    history.payloads.push_back({document.text(), false});
    batch.put(keys::history(execution_.number, number), encode_history(history));
    return PayloadRef{static_cast<std::uint64_t>(number) << kPlaceShift};
  };
  if (!execution_.record_stored) record.input = write_document(1, execution_.input);
  if (ended_here_) {
    if (execution_.output.present()) record.output = write_document(2, execution_.output);
    batch.erase(keys::list(list_of(record), ExecutionStatus::kRunning, execution_.number));
  }
  if (!execution_.record_stored || ended_here_) {
    batch.put(keys::execution(execution_.number), encode_execution(record));
    batch.put(keys::list(list_of(record), record.status, execution_.number), {});
  }
}

runtime::Batch Turn::finish() {
  runtime::Batch batch;
  const bool first = !execution_.record_stored;
  if (execution_.durable) {
    // Order matters only in that frames and the record store documents, which go into the history
    // record: it comes last, and before it the frame that may go with it.
    for (const std::string& key : erased_) batch.erase(key);
    for (const BranchId id : touched_) {
      if (Branch* branch = execution_.find(id); branch != nullptr) write_branch(*branch, batch);
    }
    if (ended_here_ || reopened_from_ || !execution_.record_stored) write_execution(batch);
    write_root_frame(batch);
    batch.append(joined_);
  } else {
    write_express(batch);
  }
  count_child(first, batch);
  write_map_runs(batch);
  write_history(batch);
  return batch;
}

}  // namespace pawl::engine
