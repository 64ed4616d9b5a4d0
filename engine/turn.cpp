// Turn: what happens to an execution within one; what it writes is in turn_rows.cpp.
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
  documents_.push_back(std::move(document));
  return ref;
}

namespace {

// Where `part` begins in `text`, or npos. Not string_view::find, which is quadratic for texts that
// repeat. Its beginning leads to most parts, and costs little to look for: memmem() first prepares
// all of what it is to find, which was a quarter of the time of a large input.
std::size_t find_long(std::string_view text, std::string_view part) {
  constexpr std::size_t kBeginning = 64;
  constexpr int kTries = 4;
  const auto find = [&text](std::size_t from, std::string_view what) {
    const void* found = memmem(text.data() + from, text.size() - from, what.data(), what.size());
    return found == nullptr
               ? std::string_view::npos
               : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
  };
  std::size_t from = 0;
  for (int i = 0; i < kTries; ++i) {
    const std::size_t at = find(from, part.substr(0, kBeginning));
    if (at == std::string_view::npos || text.substr(at).starts_with(part)) return at;
    from = at + 1;
  }
  return find(from, part);
}

// Where the text of a part lies in the execution's input. That is stored as the text it came as:
// what was added to it first finds its parts there, if it was written as pawl writes.
std::optional<TextRange> find_in_input(const Execution& execution, std::string_view part) {
  const std::uint64_t place = execution.input.stored_as(execution.number);
  if (place == 0 || !execution.input.has_text()) return std::nullopt;
  const std::size_t offset = find_long(execution.input.text(), part);
  if (offset == std::string_view::npos) return std::nullopt;
  return TextRange{{place}, offset, part.size()};
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

void Turn::join(JoinedWrites writes) {
  joined_.append(writes.batch);
  if (writes.fate != nullptr) {
    fates_.push_back(writes.fate);
    after_commit([fate = std::move(writes.fate)](const Status& status) { fate->durable(status); });
  }
}

}  // namespace pawl::engine
