// Map: runs its processor once per item; all outputs in item order are its result.
//
// Here are the iterations of an inline Map, which are branches of the execution. The children of a
// distributed one are executions of their own: map_distributed.cpp.
#include "engine/inspector.h"
#include "engine/states/map_parts.h"
#include "engine/states/states.h"

#include <algorithm>
#include <limits>

namespace pawl::engine {

namespace {

const asl::MapState& map_of(const Execution& execution, const Branch& branch) {
  return std::get<asl::MapState>(state_of(execution, branch).body);
}

// Starts one more iteration; `previous` is what its first event points to. False: the failure was
// raised, and the Map with all its iterations is gone.
bool start_iteration(Turn& turn, Branch& branch, EventId previous) {
  Execution& execution = turn.execution();
  const asl::MapState& state = map_of(execution, branch);
  Frame& frame = branch.frame;
  const std::int32_t index = branch.children->started++;
  std::optional<asl::Payload> input =
      iteration_input(turn, branch, state, frame.items.value(), static_cast<std::size_t>(index));
  if (!input) return false;
  const EventId started =
      turn.emit_aside(previous, EventType::kMapIterationStarted,
                      {{Field::kName, std::string_view(state_of(execution, branch).name)},
                       {Field::kIndex, std::int64_t{index}}});
  turn.add_child(branch, frame.first_child + static_cast<BranchId>(index), index, state.processor,
                 *std::move(input), started);
  return true;
}

void fill(Turn& turn, Branch& branch, EventId previous) {
  const Branch::Children& children = *branch.children;
  const Frame& frame = branch.frame;
  while (children.started < frame.children &&
         (frame.concurrency == 0 || children.started - children.finished < frame.concurrency)) {
    if (!start_iteration(turn, branch, previous)) return;
  }
}

void finish(Turn& turn, Branch& branch) {
  Branch::Children& children = *branch.children;
  std::vector<asl::Value> outputs;
  outputs.reserve(children.results.size());
  for (const asl::Payload& result : children.results) {
    if (result.present()) outputs.push_back(result.value());
  }
  // Recorded: MapStateSucceeded advances no chain.
  turn.emit_aside(branch.frame.previous_event, EventType::kMapStateSucceeded);
  turn.remove_children(branch);
  succeed_state(turn, branch, asl::Payload::of(asl::Value::array(std::move(outputs))));
}

// A child has ended one way or the other; the next one starts, or the Map is complete.
void after_child(Turn& turn, Branch& parent, EventId chain) {
  const Branch::Children& children = *parent.children;
  if (children.finished == parent.frame.children) return finish(turn, parent);
  fill(turn, parent, chain);
}

void record_result(Branch& parent, std::int32_t index, asl::Payload output) {
  Branch::Children& children = *parent.children;
  children.results[static_cast<std::size_t>(index)] = std::move(output);
  children.unsaved.push_back(index);
  ++children.finished;
}

}  // namespace

void enter_map(Turn& turn, Branch& branch, const asl::MapState& state) {
  Execution& execution = turn.execution();
  Frame& frame = branch.frame;
  const std::optional<asl::Payload> input = apply_input_path(turn, branch);
  if (!input) return;
  const FieldNumber concurrency =
      field_integer(turn, branch, state.max_concurrency, "MaxConcurrencyPath", input->value());
  if (concurrency.raised) return;
  if (concurrency.value && *concurrency.value < 0) {
    return raise_runtime(turn, branch, "MaxConcurrency cannot be negative.");
  }
  if (turn.services().inspector != nullptr) {
    return inspect_map(turn, branch, state, *input, concurrency.value.value_or(0));
  }
  if (state.distributed) {
    return enter_map_run(turn, branch, state, *input, concurrency.value.value_or(0));
  }
  const std::optional<asl::Payload> items = map_items(turn, branch, state, *input);
  if (!items) return;

  const std::size_t length = items->value().size();
  if (length > std::numeric_limits<std::int32_t>::max()) {
    return raise_runtime(turn, branch, "The Map state has too many items.");
  }
  const std::int32_t limit = turn.limits().map_concurrency;
  frame.started_event = turn.emit(branch, EventType::kMapStateStarted,
                                  {{Field::kLength, static_cast<std::int64_t>(length)}});
  branch.children = std::make_unique<Branch::Children>();
  frame.phase = Phase::kChildren;
  frame.items = *items;
  frame.concurrency = static_cast<std::int32_t>(
      concurrency.value.value_or(0) == 0 ? limit
                                         : std::min<std::int64_t>(*concurrency.value, limit));
  frame.children = static_cast<std::int32_t>(length);
  frame.first_child = execution.next_branch;
  execution.next_branch += static_cast<BranchId>(length);
  branch.children->results.resize(length);
  branch.children->saved.resize(length, false);
  if (length == 0) return finish(turn, branch);
  fill(turn, branch, frame.started_event);
}

void map_child_succeeded(Turn& turn, Branch& parent, Branch& child, asl::Payload output) {
  const std::int32_t index = child.frame.index;
  const EventId tail = child.frame.previous_event;
  turn.remove(child);
  const EventId succeeded =
      turn.emit_aside(tail, EventType::kMapIterationSucceeded,
                      {{Field::kName, std::string_view(state_of(turn.execution(), parent).name)},
                       {Field::kIndex, std::int64_t{index}}});
  // The Map goes on from its last iteration; the next iteration from the states of this one.
  parent.frame.previous_event = succeeded;
  parent.children->last_event = succeeded;
  record_result(parent, index, std::move(output));
  after_child(turn, parent, tail);
}

void map_child_failed(Turn& turn, Branch& parent, Branch& child, RaisedError error) {
  Execution& execution = turn.execution();
  const std::int32_t index = child.frame.index;
  const EventId failing = child.frame.previous_event;
  turn.emit_aside(failing, EventType::kMapIterationFailed,
                  {{Field::kName, std::string_view(state_of(execution, parent).name)},
                   {Field::kIndex, std::int64_t{index}}});
  abort_children(turn, parent, &child, failing);
  parent.frame.previous_event = failing;
  raise(turn, parent, std::move(error));
}

}  // namespace pawl::engine
