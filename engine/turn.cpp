#include "engine/turn.h"

#include "engine/interpreter.h"
#include "engine/states/states.h"

#include <algorithm>

namespace pawl::engine {

Turn::Turn(Execution& execution, const TurnServices& services)
    : execution_(execution),
      services_(services),
      now_(services.clock->wall_now()),
      first_event_(execution.next_event) {}

Turn::Turn(Turn& cut, const TurnServices& services) : Turn(cut.execution_, services) {
  ready_ = std::move(cut.ready_);
}

EventId Turn::emit(Branch& branch, EventType type, std::initializer_list<EventField> fields) {
  const EventId id = emit_fields(branch.frame.previous_event, type, {fields.begin(), fields.size()},
                                 branch.silent);
  if (!branch.silent) branch.frame.previous_event = id;
  mark(branch);
  return id;
}

EventId Turn::emit_aside(EventId previous, EventType type, std::initializer_list<EventField> fields,
                         bool silent) {
  return emit_fields(previous, type, {fields.begin(), fields.size()}, silent);
}

EventId Turn::emit_fields(EventId previous, EventType type, std::span<const EventField> fields,
                          bool silent) {
  if (is_state_entered(type)) ++transitions_;
  // Inside a distributed Map the states run as they do elsewhere, but the parent's history shows
  // the Map Run only; such events get no number.
  if (silent) return previous;
  const EventId id = execution_.next_event++;
  ++events_;
  if (execution_.keeps_history) {
    encode_event(type, id, previous, now_, fields, first_event_, now_, event_bytes_);
  }
  return id;
}

bool Turn::history_full() const {
  // The last number is kept for the event that ends the execution.
  return execution_.durable && execution_.next_event >= limits().history_events;
}

PayloadRef Turn::store(const asl::Payload& payload) {
  if (!payload.present()) return {};
  if (!execution_.keeps_history) return {};
  if (const std::uint64_t place = payload.stored_as(execution_.number); place != 0) return {place};
  const std::uint64_t place =
      (static_cast<std::uint64_t>(execution_.next_record) << kPlaceShift) | payloads_.size();
  PAWL_ASSERT(payloads_.size() < (std::size_t{1} << kPlaceShift));
  payload.set_stored_as(execution_.number, place);
  payload_bytes_ += payload.text().size();
  payloads_.push_back(payload);
  return {place};
}

void Turn::mark(Branch& branch) {
  branch.dirty = true;
  if (touched_.empty() || touched_.back() != branch.id) touched_.push_back(branch.id);
}

Branch& Turn::root() {
  Branch* branch = execution_.find(kRootBranch);
  PAWL_ASSERT(branch != nullptr);
  return *branch;
}

Branch& Turn::add_child(Branch& parent, BranchId id, std::int32_t index, asl::MachineIndex machine,
                        asl::Payload input, EventId previous) {
  auto child = std::make_unique<Branch>();
  child->id = id;
  child->silent = parent.silent;
  Frame& frame = child->frame;
  frame.parent = parent.id;
  frame.index = index;
  frame.machine = machine;
  frame.state = execution_.definition->machines[static_cast<std::size_t>(machine)].start_at;
  frame.phase = Phase::kEnter;
  frame.input = std::move(input);
  frame.previous_event = previous;
  Branch& made = *child;
  const bool inserted = execution_.branches.emplace(id, std::move(child)).second;
  PAWL_ASSERT(inserted);
  make_ready(made);
  return made;
}

void Turn::forget_rows(const Branch& branch) {
  if (!execution_.durable) return;  // has none
  if (branch.row_stored) erased_.push_back(keys::frame(execution_.number, branch.id));
  if (branch.dispatch_stored) erased_.push_back(keys::dispatch(execution_.number, branch.id));
  if (branch.timer_stored) {
    erased_.push_back(keys::timer(*branch.timer_stored, execution_.number, branch.id));
  }
}

void Turn::remove(Branch& branch) {
  remove_children(branch);
  forget_rows(branch);
  cancel(branch);
  execution_.branches.erase(branch.id);  // `branch` is gone
}

void Turn::cancel(const Branch& branch) {
  if (branch.cancellation != nullptr) branch.cancellation->cancel();
  if (branch.frame.phase == Phase::kSubmitted) {
    cancelled_.push_back({task_request(execution_, branch, services_), branch.frame.continuation});
  }
}

// What a redrive needs of a branch whose execution ends unsuccessfully: where it stood.
void Turn::close(Branch& branch) {
  cancel(branch);
  branch.cancellation.reset();
  branch.catching = false;
  Frame& frame = branch.frame;
  const bool holds_branches = frame.phase == Phase::kChildren && branch.children != nullptr;
  if (!holds_branches) {
    frame.phase = frame.entered_event != 0 ? Phase::kRework : Phase::kEnter;
    frame.items = {};
  }
  frame.retries.clear();
  frame.retry_count = 0;
  frame.forget_task();
  set_wake(branch, std::nullopt);
  mark(branch);
}

void Turn::remove_children(Branch& parent) {
  if (parent.children == nullptr) return;
  const Frame& frame = parent.frame;
  for (std::int32_t i = 0; i < frame.children; ++i) {
    const BranchId id = frame.first_child + static_cast<BranchId>(i);
    if (Branch* child = execution_.find(id); child != nullptr) {
      remove(*child);
    } else if (parent.children->saved[static_cast<std::size_t>(i)]) {
      erased_.push_back(keys::frame(execution_.number, id));
    }
  }
  parent.children.reset();
}

void Turn::make_ready(Branch& branch) {
  mark(branch);
  ready_.push_back(branch.id);
}

Branch* Turn::next_ready() {
  while (!ready_.empty()) {
    const BranchId id = ready_.front();
    ready_.pop_front();
    Branch* branch = execution_.find(id);
    if (branch == nullptr) continue;
    if (branch->frame.phase == Phase::kEnter || branch->frame.phase == Phase::kRework) {
      return branch;
    }
  }
  return nullptr;
}

void Turn::dispatch(Branch& branch, bool resume) {
  mark(branch);
  dispatches_.push_back({branch.id, resume});
}

void Turn::forget_dispatch_of(ExecutionNumber child) {
  erased_.push_back(keys::dispatch(child, kParentNotice));
}

void Turn::end(ExecutionStatus status, asl::Payload output, Failure failure) {
  PAWL_ASSERT(!execution_.ended());
  ready_.clear();
  dispatches_.clear();
  if (status == ExecutionStatus::kSucceeded || !execution_.durable) {
    while (Branch* branch = execution_.find(kRootBranch)) remove(*branch);
    PAWL_ASSERT(execution_.branches.empty());
    touched_.clear();
  } else {
    for (auto& [id, branch] : execution_.branches) close(*branch);
  }
  execution_.record.status = status;
  execution_.record.stop_date = now_;
  execution_.record.failure = std::move(failure);
  execution_.output = std::move(output);
  ended_here_ = true;
}

void Turn::reopen() {
  ExecutionRecord& record = execution_.record;
  PAWL_ASSERT(execution_.ended() && execution_.durable);
  reopened_from_ = record.status;
  record.status = ExecutionStatus::kRunning;
  record.stop_date.reset();
  record.failure = {};
  record.timeout_at.reset();
  if (const auto& timeout = execution_.definition->timeout_seconds) {
    record.timeout_at = now_ + std::chrono::seconds(*timeout);
  }
  execution_.timeout_stored = false;
  execution_.end_announced = false;
}

bool Turn::checkpoint_due() const {
  return events_ >= limits().turn_events ||
         event_bytes_.bytes().size() + payload_bytes_ >= limits().turn_bytes;
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
  batch.put(keys::frame(execution_.number, branch.id), encode_frame(branch.frame, *this));
  branch.row_stored = true;

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
  branch.dirty = false;
}

void Turn::write_history(runtime::Batch& batch) {
  if (events_ == 0 && payloads_.empty()) return;
  if (!execution_.keeps_history) return;
  runtime::Encoder record(kHistoryVersion);
  record.varint(static_cast<std::uint64_t>(first_event_));
  record.varint(events_);
  record.varint(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  record.varint(payloads_.size());
  for (const asl::Payload& payload : payloads_) record.string(payload.text());
  record.raw(event_bytes_.bytes());
  std::string sealed = record.seal();
  if (execution_.durable) {
    batch.put(keys::history(execution_.number, execution_.next_record), sealed);
  } else {
    execution_.memory_history.push_back(std::move(sealed));
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
    batch.put(keys::name(record.machine, record.name), number);
  }
  if (reopened_from_) {
    batch.erase(keys::list(record.machine, *reopened_from_, execution_.number));
  } else if (ended_here_ && execution_.record_stored) {
    batch.erase(keys::list(record.machine, ExecutionStatus::kRunning, execution_.number));
  }
  batch.put(keys::list(record.machine, record.status, execution_.number), {});
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
  if (!execution_.record_stored) {
    armed_.push_back({kExecutionTimer, *record.timeout_at, false});
    execution_.record_stored = true;
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

void Turn::join(JoinedWrites writes) {
  joined_.append(writes.batch);
  if (writes.fate != nullptr) {
    fates_.push_back(writes.fate);
    after_commit([fate = std::move(writes.fate)](const Status& status) { fate->durable(status); });
  }
}

runtime::Batch Turn::finish() {
  runtime::Batch batch;
  if (execution_.durable) {
    // Order matters only in that frames and the record store documents, which go into the history
    // record: it comes last.
    for (const std::string& key : erased_) batch.erase(key);
    for (const BranchId id : touched_) {
      if (Branch* branch = execution_.find(id); branch != nullptr) write_branch(*branch, batch);
    }
    if (ended_here_ || reopened_from_ || !execution_.record_stored) write_execution(batch);
    batch.append(joined_);
  } else {
    write_express(batch);
  }
  write_history(batch);
  return batch;
}

}  // namespace pawl::engine
