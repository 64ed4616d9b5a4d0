#include "engine/interpreter.h"

#include "engine/inspector.h"
#include "engine/overloaded.h"
#include "engine/states/states.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace pawl::engine {

namespace {

EventType entered_type(const asl::State& state) {
  return std::visit(
      Overloaded{[](const asl::PassState&) { return EventType::kPassStateEntered; },
                 [](const asl::TaskState&) { return EventType::kTaskStateEntered; },
                 [](const asl::ChoiceState&) { return EventType::kChoiceStateEntered; },
                 [](const asl::WaitState&) { return EventType::kWaitStateEntered; },
                 [](const asl::SucceedState&) { return EventType::kSucceedStateEntered; },
                 [](const asl::FailState&) { return EventType::kFailStateEntered; },
                 [](const asl::ParallelState&) { return EventType::kParallelStateEntered; },
                 [](const asl::MapState&) { return EventType::kMapStateEntered; }},
      state.body);
}

EventType exited_type(const asl::State& state) {
  return std::visit(
      Overloaded{[](const asl::PassState&) { return EventType::kPassStateExited; },
                 [](const asl::TaskState&) { return EventType::kTaskStateExited; },
                 [](const asl::ChoiceState&) { return EventType::kChoiceStateExited; },
                 [](const asl::WaitState&) { return EventType::kWaitStateExited; },
                 [](const asl::SucceedState&) { return EventType::kSucceedStateExited; },
                 [](const asl::FailState&) { return EventType::kFailStateEntered; },  // has none
                 [](const asl::ParallelState&) { return EventType::kParallelStateExited; },
                 [](const asl::MapState&) { return EventType::kMapStateExited; }},
      state.body);
}

void fail_execution(Turn& turn, Branch& at, Failure failure) {
  const EventId previous = at.frame.previous_event;
  std::vector<EventField> fields;
  if (failure.error) fields.push_back({Field::kError, std::string_view(*failure.error)});
  if (failure.cause) fields.push_back({Field::kCause, std::string_view(*failure.cause)});
  turn.emit_fields(previous, EventType::kExecutionFailed, fields);
  turn.end(ExecutionStatus::kFailed, {}, std::move(failure));
}

void enter_state(Turn& turn, Branch& branch) {
  if (turn.machine_deleted()) {
    turn.emit_aside(0, EventType::kExecutionAborted);
    return turn.end(ExecutionStatus::kAborted, {}, {});
  }
  if (turn.history_full()) {
    return fail_execution(turn, branch,
                          {std::string(kStatesRuntime),
                           "The execution reached the maximum number of history events (" +
                               std::to_string(turn.limits().history_events) + ")."});
  }
  Frame& frame = branch.frame;
  frame.retries.clear();
  frame.retry_count = 0;
  frame.entered_at = turn.now();
  const asl::State& state = state_of(turn.execution(), branch);
  const PayloadRef input = turn.store(frame.input);
  frame.before_entry = frame.previous_event;
  frame.entered_event =
      turn.emit(branch, entered_type(state),
                {{Field::kName, std::string_view(state.name)}, {Field::kInput, input}});
  begin_work(turn, branch);
}

void end_branch(Turn& turn, Branch& branch, asl::Payload output) {
  if (branch.id != kRootBranch) return child_succeeded(turn, branch, std::move(output));
  const PayloadRef ref = turn.store(output);
  turn.emit(branch, EventType::kExecutionSucceeded, {{Field::kOutput, ref}});
  turn.end(ExecutionStatus::kSucceeded, std::move(output), {});
}

void end_branch_failed(Turn& turn, Branch& branch, RaisedError error) {
  if (branch.id != kRootBranch) return child_failed(turn, branch, std::move(error));
  fail_execution(turn, branch, std::move(error.failure));
}

// The error object that a catcher sees: absent parts are left out, except that a worker's failure
// without them shows null (recorded).
asl::Value error_output(const Failure& failure) {
  asl::ObjectBuilder object;
  if (!failure.error && !failure.cause) {
    object.set("Error", asl::Value::null());
    object.set("Cause", asl::Value::null());
    return std::move(object).build();
  }
  if (failure.error) object.set("Error", asl::Value::string(*failure.error));
  if (failure.cause) object.set("Cause", asl::Value::string(*failure.cause));
  return std::move(object).build();
}

void truncate(std::optional<std::string>& text, std::size_t characters) {
  if (!text || text->size() <= characters) return;
  std::size_t size = characters;
  while (size > 0 && (static_cast<unsigned char>((*text)[size]) & 0xC0U) == 0x80U) --size;
  text->resize(size);
}

}  // namespace

void begin_work(Turn& turn, Branch& branch) {
  const asl::State& state = state_of(turn.execution(), branch);
  std::visit(Overloaded{[&](const asl::PassState& body) { enter_pass(turn, branch, body); },
                        [&](const asl::TaskState& body) { enter_task(turn, branch, body); },
                        [&](const asl::ChoiceState& body) { enter_choice(turn, branch, body); },
                        [&](const asl::WaitState& body) { enter_wait(turn, branch, body); },
                        [&](const asl::SucceedState&) { enter_succeed(turn, branch); },
                        [&](const asl::FailState& body) { enter_fail(turn, branch, body); },
                        [&](const asl::ParallelState& body) { enter_parallel(turn, branch, body); },
                        [&](const asl::MapState& body) { enter_map(turn, branch, body); }},
             state.body);
}

void run_ready(Turn& turn) {
  // What is ready gets its dispatch row with this commit, and goes on from it when resumed.
  if (turn.execution().paused) return;
  while (!turn.checkpoint_due()) {
    Branch* branch = turn.next_ready();
    if (branch == nullptr) return;
    if (branch->frame.phase == Phase::kEnter) {
      enter_state(turn, *branch);
    } else {
      branch->frame.phase = Phase::kEnter;
      begin_work(turn, *branch);
    }
  }
}

const asl::Machine& machine_of(const Execution& execution, const Branch& branch) {
  return execution.definition->machines[static_cast<std::size_t>(branch.frame.machine)];
}

const asl::State& state_of(const Execution& execution, const Branch& branch) {
  return machine_of(execution, branch).states[static_cast<std::size_t>(branch.frame.state)];
}

std::string runtime_cause(const Execution& execution, const Branch& branch, std::string_view text) {
  if (execution.inspected) return std::string(text);  // recorded
  return "An error occurred while executing the state '" + state_of(execution, branch).name +
         "' (entered at the event id #" + std::to_string(branch.frame.entered_event) + "). " +
         std::string(text);
}

void raise_runtime(Turn& turn, Branch& branch, std::string_view text) {
  raise_failure(turn, branch, kStatesRuntime, runtime_cause(turn.execution(), branch, text));
}

void raise_failure(Turn& turn, Branch& branch, std::string_view error, std::string cause) {
  raise(turn, branch, {.failure = {std::string(error), std::move(cause)}});
}

void raise(Turn& turn, Branch& branch, RaisedError error) {
  truncate(error.failure.error, turn.limits().error_characters);
  truncate(error.failure.cause, turn.limits().cause_characters);
  if (Inspector* inspector = turn.services().inspector) inspector->raised(branch, error);
  const asl::State& state = state_of(turn.execution(), branch);
  Frame& frame = branch.frame;
  turn.mark(branch);
  set_wake(branch, std::nullopt);
  const bool begun = frame.phase == Phase::kChildren ||
                     (frame.phase == Phase::kMapRun && error.failure.error != kStatesRuntime);
  if (branch.map_run != nullptr) map_run_failed(turn, branch, error.failure);

  // What fails while a catcher is at work meets no further retrier or catcher.
  if (std::exchange(branch.catching, false)) {
    return end_branch_failed(turn, branch, std::move(error));
  }
  if (const auto retrier = find_retrier(state.retry, frame.retries, error)) {
    frame.retries.resize(state.retry.size(), 0);
    const std::int32_t attempt = ++frame.retries[*retrier];
    ++frame.retry_count;
    turn.remove_children(branch);
    frame.phase = Phase::kBackoff;
    frame.map_run = 0;
    set_wake(branch, turn.now() + retry_delay(state.retry[*retrier], attempt,
                                              turn.services().random->next_u64()));
    return;
  }

  // From here the state is over. A container that had begun says so before it goes; its branches
  // stay until somebody above catches the error: if nobody does they are what a redrive needs.
  // Recorded: so does one whose expressions fail before it begins.
  const bool map = std::holds_alternative<asl::MapState>(state.body);
  const bool container = map || std::holds_alternative<asl::ParallelState>(state.body);
  if (container && (begun || error.failure.error == kStatesQueryEvaluationError)) {
    turn.emit(branch, map ? EventType::kMapStateFailed : EventType::kParallelStateFailed);
  }
  if (const auto index = find_catcher(state.catchers, error)) {
    turn.remove_children(branch);
    const asl::Catcher& catcher = state.catchers[*index];
    const asl::Payload caught = asl::Payload::of(error_output(error.failure));
    const States states{.error_output = caught.value()};
    frame.phase = Phase::kEnter;
    branch.catching = true;
    std::optional<asl::Payload> output =
        catcher.output ? state_output(turn, branch, catcher.output, caught, states)
                       : apply_result_path(turn, branch, catcher.result_path, caught);
    if (!output) return;
    const auto assigned = apply_assign(turn, branch, catcher.assign, caught, states);
    if (!assigned) return;
    branch.catching = false;
    return exit_state(turn, branch, *std::move(output), catcher.next, *assigned);
  }
  end_branch_failed(turn, branch, std::move(error));
}

void succeed_state(Turn& turn, Branch& branch, asl::Payload result) {
  const asl::State& state = state_of(turn.execution(), branch);
  inspect(turn, FlowStep::kResult, result);
  if (state.result_selector) {
    const StateEnvironment environment(turn, branch);
    Result<asl::Value> selected = state.result_selector->evaluate(result.value(), environment);
    if (!selected) return raise_runtime(turn, branch, selected.error().message);
    result = asl::Payload::of(*std::move(selected));
  }
  inspect(turn, FlowStep::kResultSelector, result);
  const States states{.result = result};
  std::optional<asl::Payload> output = apply_result_path(turn, branch, state.result_path, result);
  if (!output) return;
  inspect(turn, FlowStep::kResultPath, *output);
  // OutputPath sees the variables as they were on entry (recorded), so it comes before Assign.
  output = state_output(turn, branch, state.output, *std::move(output), states);
  if (!output) return;
  const auto assigned = apply_assign(turn, branch, state.assign, result, states);
  if (!assigned) return;
  if (!check_output_size(turn, branch, *output)) return;
  exit_state(turn, branch, *std::move(output), state.next, *assigned);
}

void exit_state(Turn& turn, Branch& branch, asl::Payload output, asl::StateIndex next,
                const std::vector<Variable>& assigned) {
  if (Inspector* inspector = turn.services().inspector) inspector->exited(branch, output, next);
  Frame& frame = branch.frame;
  const asl::State& state = state_of(turn.execution(), branch);
  std::array<EventField, 3> fields{
      {{Field::kName, std::string_view(state.name)}, {Field::kOutput, turn.store(output)}}};
  std::size_t count = 2;
  if (!assigned.empty()) {
    asl::ObjectBuilder variables;
    for (const Variable& variable : assigned) {
      variables.set(variable.name, asl::Value::string(variable.value.text()));
    }
    fields[count++] = {Field::kAssignedVariables,
                       turn.store(asl::Payload::of(std::move(variables).build()))};
  }
  frame.previous_event =
      turn.emit_fields(frame.previous_event, exited_type(state), std::span(fields).first(count));

  // What the next state does not need must not reach its frame.
  frame.phase = Phase::kEnter;
  frame.entered_event = 0;
  frame.forget_task();
  frame.items = {};
  frame.children = 0;
  frame.map_run = 0;
  set_wake(branch, std::nullopt);
  turn.mark(branch);

  if (next == asl::kNoState) return end_branch(turn, branch, std::move(output));
  frame.state = next;
  frame.input = std::move(output);
  turn.make_ready(branch);
}

void set_wake(Branch& branch, std::optional<runtime::WallTime> at, bool absolute) {
  branch.frame.wake_at = at;
  branch.frame.wake_is_absolute = at.has_value() && absolute;
}

void child_succeeded(Turn& turn, Branch& child, asl::Payload output) {
  Branch* parent = turn.execution().find(child.frame.parent);
  PAWL_ASSERT(parent != nullptr && parent->children != nullptr);
  turn.mark(*parent);
  if (std::holds_alternative<asl::MapState>(state_of(turn.execution(), *parent).body)) {
    map_child_succeeded(turn, *parent, child, std::move(output));
  } else {
    parallel_child_succeeded(turn, *parent, child, std::move(output));
  }
}

void child_failed(Turn& turn, Branch& child, RaisedError error) {
  Branch* parent = turn.execution().find(child.frame.parent);
  PAWL_ASSERT(parent != nullptr && parent->children != nullptr);
  turn.mark(*parent);
  if (std::holds_alternative<asl::MapState>(state_of(turn.execution(), *parent).body)) {
    map_child_failed(turn, *parent, child, std::move(error));
  } else {
    parallel_child_failed(turn, *parent, child, std::move(error));
  }
}

namespace {

// The abort events of one open branch, innermost first.
void abort_branch(Turn& turn, Branch& branch, EventId previous, bool is_failed) {
  const Execution& execution = turn.execution();
  const asl::State& state = state_of(execution, branch);
  if (branch.frame.entered_event == 0) return;  // still before its first state
  // Those under the one that failed were reported when it did.
  if (branch.children != nullptr && !is_failed) abort_children(turn, branch, nullptr, previous);
  if (std::holds_alternative<asl::TaskState>(state.body)) {
    turn.emit_aside(previous, EventType::kTaskStateAborted);
  } else if (is_failed) {
    return;
  } else if (std::holds_alternative<asl::WaitState>(state.body)) {
    turn.emit_aside(previous, EventType::kWaitStateAborted);
  } else if (std::holds_alternative<asl::ParallelState>(state.body)) {
    turn.emit_aside(previous, EventType::kParallelStateAborted);
  } else if (std::holds_alternative<asl::MapState>(state.body)) {
    if (branch.map_run != nullptr) turn.emit_aside(previous, EventType::kMapRunAborted);
    turn.emit_aside(previous, EventType::kMapStateAborted);
  }
}

}  // namespace

void abort_children(Turn& turn, Branch& container, const Branch* failed, EventId previous) {
  Execution& execution = turn.execution();
  const asl::State& state = state_of(execution, container);
  const bool map = std::holds_alternative<asl::MapState>(state.body);
  for (std::int32_t i = 0; i < container.frame.children; ++i) {
    Branch* child = execution.find(container.frame.first_child + static_cast<BranchId>(i));
    if (child == nullptr || child == failed) continue;
    abort_branch(turn, *child, previous, false);
    if (map) {
      turn.emit_aside(
          previous, EventType::kMapIterationAborted,
          {{Field::kName, std::string_view(state.name)}, {Field::kIndex, std::int64_t{i}}});
    }
  }
  if (failed != nullptr) {
    Branch* child = execution.find(failed->id);
    if (child != nullptr) abort_branch(turn, *child, previous, true);
  }
}

}  // namespace pawl::engine
