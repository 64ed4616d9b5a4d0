// Parallel: runs its branches side by side; all outputs in branch order are its result.
#include "engine/inspector.h"
#include "engine/states/states.h"

namespace pawl::engine {

void enter_parallel(Turn& turn, Branch& branch, const asl::ParallelState& state) {
  std::optional<asl::Payload> input = effective_input(turn, branch);
  if (!input) return;
  if (Inspector* inspector = turn.services().inspector) {
    return inspector->end_children(turn, branch, nullptr);
  }
  Execution& execution = turn.execution();
  Frame& frame = branch.frame;
  frame.started_event = turn.emit(branch, EventType::kParallelStateStarted);
  frame.phase = Phase::kChildren;
  frame.children = static_cast<std::int32_t>(state.branches.size());
  frame.first_child = execution.next_branch;
  execution.next_branch += static_cast<BranchId>(state.branches.size());

  branch.children = std::make_unique<Branch::Children>();
  branch.children->results.resize(state.branches.size());
  branch.children->saved.resize(state.branches.size(), false);
  for (std::int32_t i = 0; i < frame.children; ++i) {
    turn.add_child(branch, frame.first_child + static_cast<BranchId>(i), i,
                   state.branches[static_cast<std::size_t>(i)], *input, frame.started_event);
  }
}

void parallel_child_succeeded(Turn& turn, Branch& parent, Branch& child, asl::Payload output) {
  Branch::Children& children = *parent.children;
  const auto index = static_cast<std::size_t>(child.frame.index);
  children.results[index] = std::move(output);
  children.unsaved.push_back(child.frame.index);
  children.last_event = child.frame.previous_event;
  ++children.finished;
  turn.remove(child);
  if (children.finished < parent.frame.children) return;

  std::vector<asl::Value> outputs;
  outputs.reserve(children.results.size());
  for (const asl::Payload& result : children.results) outputs.push_back(result.value());
  parent.frame.previous_event = children.last_event;
  turn.emit_aside(children.last_event, EventType::kParallelStateSucceeded);
  turn.remove_children(parent);
  succeed_state(turn, parent, asl::Payload::of(asl::Value::array(std::move(outputs))));
}

void parallel_child_failed(Turn& turn, Branch& parent, Branch& child, RaisedError error) {
  const EventId failing = child.frame.previous_event;
  abort_children(turn, parent, &child, failing);
  parent.frame.previous_event = failing;
  error.branch_failed = true;
  raise(turn, parent, std::move(error));
}

void children_loaded(Branch& parent) {
  const auto count = static_cast<std::size_t>(parent.frame.children);
  parent.children = std::make_unique<Branch::Children>();
  parent.children->results.resize(count);
  parent.children->saved.resize(count, false);
}

}  // namespace pawl::engine
