#include "engine/turn.h"

#include "engine/interpreter.h"
#include "engine/states/states.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pawl::engine {

Turn::Turn(Execution& execution, const TurnServices& services)
    : execution_(execution),
      services_(services),
      now_(services.clock->wall_now()),
      first_event_(execution.next_event) {}

Turn::Turn(Turn& cut, const TurnServices& services) : Turn(cut.execution_, services) {
  ready_ = std::move(cut.ready_);
  next_ready_ = std::exchange(cut.next_ready_, 0);
  decisions_ = std::move(cut.decisions_);
  next_decision_ = std::exchange(cut.next_decision_, 0);
  cut.ready_.clear();
  cut.decisions_.clear();
}

EventId Turn::emit(Branch& branch, EventType type, std::initializer_list<EventField> fields) {
  const EventId id =
      emit_fields(branch.frame.previous_event, type, {fields.begin(), fields.size()});
  branch.frame.previous_event = id;
  mark(branch);
  return id;
}

EventId Turn::emit_aside(EventId previous, EventType type,
                         std::initializer_list<EventField> fields) {
  return emit_fields(previous, type, {fields.begin(), fields.size()});
}

EventId Turn::emit_fields(EventId previous, EventType type, std::span<const EventField> fields) {
  if (is_state_entered(type)) ++transitions_;
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

bool Turn::machine_deleted() const {
  if (!execution_.durable) return false;
  const std::uint64_t deletions = services_.machines->deletions();
  if (execution_.deletions_seen == deletions) return false;
  if (!services_.machines->serves(execution_.record.machine, execution_.record.revision)) {
    return true;
  }
  execution_.deletions_seen = deletions;
  return false;
}

PayloadRef Turn::store(const asl::Payload& payload) {
  if (!payload.present()) return {};
  if (!execution_.keeps_history) return {};
  if (const std::uint64_t place = payload.stored_as(execution_.number); place != 0) return {place};
  // Nothing that is only in memory is composed: there the texts are shared anyway.
  const bool large = execution_.durable && !payload.has_text() && payload.exceeds(2 * kPartBytes);
  const PayloadRef ref = large ? store_large(payload) : add_document({payload, {}, false});
  payload.set_stored_as(execution_.number, ref.place);
  return ref;
}

PayloadRef Turn::add_document(NewDocument document) {
  PAWL_ASSERT(documents_.size() < (std::size_t{1} << kPlaceShift));
  const std::uint64_t record = execution_.next_record;
  const PayloadRef ref{(record << kPlaceShift) | documents_.size()};
  document_bytes_ += document.text().size();
  composed_ = composed_ || document.composed;
  documents_.push_back(std::move(document));
  return ref;
}

namespace {

// Where the text of a part lies in the execution's input. That is stored as the text it came as:
// what was added to it first finds its parts there, if it was written as pawl writes.
std::optional<TextRange> find_in_input(const Execution& execution, std::string_view part) {
  const std::uint64_t place = execution.input.stored_as(execution.number);
  if (place == 0 || !execution.input.has_text()) return std::nullopt;
  const std::string& text = execution.input.text();
  // Not string_view::find, which is quadratic for texts that repeat.
  const void* found = memmem(text.data(), text.size(), part.data(), part.size());
  if (found == nullptr) return std::nullopt;
  const auto offset = static_cast<const char*>(found) - text.data();
  return TextRange{{place}, static_cast<std::uint64_t>(offset), part.size()};
}

}  // namespace

// A document that shares large parts with what is stored refers to them; the new ones it has are
// stored by themselves, for those that come later. One that shares none is stored whole, and its
// parts are known by where they lie in it.
PayloadRef Turn::store_large(const asl::Payload& payload) {
  StoredParts& stored = execution_.stored_parts;
  Composition composition = compose(payload.value(), stored);
  struct Fresh {
    Composition::Part part;
    std::optional<TextRange> range;
  };
  std::vector<Fresh> fresh;  // from the back: cutting one leaves the places of the rest
  bool shares = !composition.holes.empty();
  for (auto part = composition.parts.rbegin(); part != composition.parts.rend(); ++part) {
    if (!part->outermost) continue;
    const auto text = std::string_view(composition.text).substr(part->offset, part->size);
    fresh.push_back({*part, find_in_input(execution_, text)});
    shares = shares || fresh.back().range.has_value();
  }
  if (!shares) {
    payload.keep_text(std::move(composition.text));
    const PayloadRef whole = add_document({payload, {}, false});
    for (const Composition::Part& part : composition.parts) {
      stored.add(part.value, {whole, part.offset, part.size});
    }
    stored.add(payload.value(), {whole, 0, payload.text().size()});
    return whole;
  }
  for (Fresh& each : fresh) {
    const Composition::Part& part = each.part;
    if (!each.range) {
      const PayloadRef own =
          add_document({{}, composition.text.substr(part.offset, part.size), false});
      each.range = TextRange{own, 0, part.size};
    }
    stored.add(part.value, *each.range);
    composition.cut(part, *each.range);
  }
  return add_document({{}, encode_composition(composition), true});
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
  if (!branch.queue_stored.empty()) erased_.push_back(branch.queue_stored);
}

void Turn::remove(Branch& branch) {
  remove_children(branch);
  if (branch.map_run != nullptr) end_map_run(branch.map_run, MapRunStatus::kAborted);
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
  if (branch.map_run != nullptr) end_map_run(branch.map_run, MapRunStatus::kAborted);
  const bool holds_branches = (frame.phase == Phase::kChildren && branch.children != nullptr) ||
                              (frame.phase == Phase::kMapRun && frame.map_run != 0);
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
  while (has_ready()) {
    const BranchId id = ready_[next_ready_++];
    if (next_ready_ == ready_.size()) {
      ready_.clear();
      next_ready_ = 0;
    }
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

void Turn::decide(Branch& branch) {
  mark(branch);
  decisions_.push_back(branch.id);
}

Branch* Turn::next_decision() {
  if (!fates_.empty()) return nullptr;
  while (has_decisions()) {
    // It may have ended since: another branch failed their parent.
    Branch* branch = execution_.find(decisions_[next_decision_++]);
    if (branch != nullptr && branch->frame.phase == Phase::kDispatched) return branch;
  }
  return nullptr;
}

void Turn::dispatch_decisions() {
  for (; has_decisions(); ++next_decision_) {
    dispatches_.push_back({decisions_[next_decision_], false});
  }
}

std::vector<Dispatch> Turn::take_dispatches() {
  dispatch_decisions();
  return std::move(dispatches_);
}

void Turn::forget_dispatch_of(ExecutionNumber child) {
  erased_.push_back(keys::dispatch(child, kParentNotice));
}

void Turn::end(ExecutionStatus status, asl::Payload output, Failure failure) {
  PAWL_ASSERT(!execution_.ended());
  ready_.clear();
  next_ready_ = 0;
  decisions_.clear();
  next_decision_ = 0;
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

void Turn::touch(const std::shared_ptr<MapRun>& run) {
  if (std::find(touched_runs_.begin(), touched_runs_.end(), run) == touched_runs_.end()) {
    touched_runs_.push_back(run);
  }
}

void Turn::end_map_run(const std::shared_ptr<MapRun>& run, MapRunStatus status) {
  MapRunRecord& record = run->record;
  if (!record.running()) return;
  record.status = status;
  record.stop_date = now_;
  record.stage = run->running.empty() ? MapRunStage::kOver : MapRunStage::kStopping;
  if (!run->running.empty()) map_run_effects_.stops.push_back(run);
  touch(run);
}

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
         event_bytes_.bytes().size() + document_bytes_ >= limits().turn_bytes;
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
  const bool framed = !root_frame_.bytes().empty();
  std::uint8_t parts = 0;
  if (composed_) parts |= kHasComposed;
  if (framed) parts |= kHasFrame;
  runtime::Encoder record(parts != 0 ? kHistoryVersionParts : kHistoryVersion);
  if (parts != 0) record.u8(parts);
  record.varint(static_cast<std::uint64_t>(first_event_));
  record.varint(events_);
  record.varint(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  record.varint(documents_.size());
  for (const NewDocument& document : documents_) {
    if (composed_) record.boolean(document.composed);
    record.string(document.text());
  }
  if (framed) record.string(root_frame_.bytes());
  record.raw(event_bytes_.bytes());
  std::string sealed = record.seal();
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

void Turn::join(JoinedWrites writes) {
  joined_.append(writes.batch);
  if (writes.fate != nullptr) {
    fates_.push_back(writes.fate);
    after_commit([fate = std::move(writes.fate)](const Status& status) { fate->durable(status); });
  }
}

// An Express child of a Map Run has its record, input and output, and no history.
void Turn::write_express_child(runtime::Batch& batch) {
  ExecutionRecord& record = execution_.record;
  const auto write_document = [&](std::uint32_t number, const asl::Payload& document) {
    runtime::Encoder out(kHistoryVersion);
    out.varint(1).varint(0);
    out.varint(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
    out.varint(1).string(document.text());
    batch.put(keys::history(execution_.number, number), out.seal());
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
