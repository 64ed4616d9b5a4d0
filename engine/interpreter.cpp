#include "engine/interpreter.h"

#include "asl/json/writer.h"
#include "engine/states/states.h"
#include "engine/token.h"

#include <algorithm>
#include <variant>

namespace pawl::engine {

namespace {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

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

void fail_execution(Turn& turn, Branch& at, Failure failure) {
  const EventId previous = at.frame.previous_event;
  std::vector<EventField> fields;
  if (failure.error) fields.push_back({Field::kError, std::string_view(*failure.error)});
  if (failure.cause) fields.push_back({Field::kCause, std::string_view(*failure.cause)});
  turn.emit_fields(previous, EventType::kExecutionFailed, fields, false);
  turn.end(ExecutionStatus::kFailed, {}, std::move(failure));
}

void enter_state(Turn& turn, Branch& branch) {
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
  const PayloadRef input = branch.silent ? PayloadRef{} : turn.store(frame.input);
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

// ResultPath: puts `result` into the raw input. Empty: the failure was raised.
std::optional<asl::Payload> apply_result_path(Turn& turn, Branch& branch,
                                              const asl::PathField& field, asl::Payload result) {
  using Kind = asl::PathField::Kind;
  if (field.kind == Kind::kNull) return branch.frame.input;
  if (field.kind == Kind::kDefault || field.reference.is_root()) return result;
  Result<asl::Value> output = field.reference.put(branch.frame.input.value(), result.value());
  if (!output) {
    raise_failure(turn, branch, "States.ResultPathMatchFailure",
                  runtime_cause(turn.execution(), branch,
                                "Unable to apply ReferencePath " + field.reference.text() +
                                    " to input " + branch.frame.input.text()));
    return std::nullopt;
  }
  return asl::Payload::of(*std::move(output));
}

bool deeper_than_allowed(const asl::Payload& payload) {
  return payload.value().depth() > asl::kMaxDepth;
}

// Checks AWS's size limit for what a state passes on. False: the failure was raised.
bool check_output_size(Turn& turn, Branch& branch, const asl::Payload& output) {
  if (output.exceeds(turn.limits().payload_bytes)) {
    raise_failure(turn, branch, kStatesDataLimitExceeded,
                  "The state/task '" + state_of(turn.execution(), branch).name +
                      "' returned a result with a size exceeding the maximum number of bytes "
                      "service limit.");
    return false;
  }
  if (deeper_than_allowed(output)) {
    raise_runtime(turn, branch,
                  "The output nests deeper than " + std::to_string(asl::kMaxDepth) + " levels.");
    return false;
  }
  return true;
}

void on_timer(Turn& turn, const TimerMessage& message) {
  Execution& execution = turn.execution();
  if (message.branch == kExecutionTimer) {
    if (execution.record.timeout_at != message.at) return;
    // The event names the error; DescribeExecution shows none (recorded).
    turn.emit_aside(0, EventType::kExecutionTimedOut, {{Field::kError, kStatesTimeout}});
    return turn.end(ExecutionStatus::kTimedOut, {}, {});
  }
  Branch* branch = execution.find(message.branch);
  // A timer that was moved or cancelled after it had been queued finds another wake_at. Whether it
  // is due is not asked again: the wall clock may have stepped back meanwhile.
  if (branch == nullptr || branch->frame.wake_at != message.at) return;
  turn.mark(*branch);
  const asl::State& state = state_of(execution, *branch);
  switch (branch->frame.phase) {
    case Phase::kWait:
      return resume_wait(turn, *branch);
    case Phase::kBackoff:
      set_wake(*branch, std::nullopt);
      branch->frame.phase = Phase::kEnter;
      return begin_work(turn, *branch);
    case Phase::kDispatched:
    case Phase::kSubmitted:
    case Phase::kResuming:
      return task_deadline(turn, *branch, std::get<asl::TaskState>(state.body),
                           std::max(message.at, turn.now()));
    default:
      set_wake(*branch, std::nullopt);
  }
}

void on_outcome(Turn& turn, OutcomeMessage& message) {
  Branch* branch = turn.execution().find(message.branch);
  if (branch == nullptr || branch->frame.scheduled_event != message.scheduled_event ||
      (branch->frame.phase != Phase::kDispatched && branch->frame.phase != Phase::kResuming)) {
    return;  // timed out or aborted meanwhile: nobody waits for this answer
  }
  turn.mark(*branch);
  const auto& state = std::get<asl::TaskState>(state_of(turn.execution(), *branch).body);
  resume_task(turn, *branch, state, std::move(message.outcome));
}

void on_token(Turn& turn, TokenMessage& message) {
  const auto refuse = [&](ErrorCode code, std::string text) {
    turn.after_commit([reply = message.reply, code, text](const Status& durable) {
      reply(durable ? Status(Error{code, text, ""}) : durable);
    });
  };
  Branch* branch = turn.execution().find(message.branch);
  if (turn.execution().ended() || branch == nullptr ||
      branch->frame.scheduled_event != message.scheduled_event ||
      !same_secret(branch->frame.token_nonce, message.nonce) ||
      (branch->frame.phase != Phase::kSubmitted && branch->frame.phase != Phase::kDispatched &&
       branch->frame.phase != Phase::kResuming)) {
    return refuse(ErrorCode::kTimeout, "Task Timed Out: 'Provided task does not exist anymore'");
  }
  turn.after_commit(message.reply);
  turn.mark(*branch);
  const auto& state = std::get<asl::TaskState>(state_of(turn.execution(), *branch).body);
  switch (message.kind) {
    case TokenMessage::Kind::kHeartbeat:
      if (branch->frame.heartbeat_seconds > 0) {
        branch->frame.heartbeat_at =
            turn.now() + std::chrono::seconds(branch->frame.heartbeat_seconds);
      }
      return;
    case TokenMessage::Kind::kSuccess:
      return token_succeeded(turn, *branch, state, asl::Payload::of_text(message.output));
    case TokenMessage::Kind::kFailure:
      return token_failed(turn, *branch, state, std::move(message.failure));
  }
}

void on_stop(Turn& turn, StopMessage& message) {
  if (message.reply) turn.after_commit(message.reply);
  if (turn.execution().ended()) return;
  std::vector<EventField> fields;
  const Failure& failure = message.failure;
  if (failure.error) fields.push_back({Field::kError, std::string_view(*failure.error)});
  if (failure.cause) fields.push_back({Field::kCause, std::string_view(*failure.cause)});
  turn.emit_fields(0, EventType::kExecutionAborted, fields, false);
  turn.end(ExecutionStatus::kAborted, {}, failure);
}

void on_child_ended(Turn& turn, const ChildEndedMessage& message) {
  turn.forget_dispatch_of(message.child);
  Branch* branch = turn.execution().find(message.branch);
  if (branch == nullptr || branch->frame.scheduled_event != message.scheduled_event) return;
  turn.mark(*branch);
  if (branch->frame.phase == Phase::kSubmitted) return ask_again(turn, *branch);
  // A child without waits ends in the commit of its start, before its handler has returned.
  branch->frame.child_ended = true;
}

void on_start(Turn& turn, StartMessage& message) {
  Execution& execution = turn.execution();
  if (message.reply) turn.after_commit(std::move(message.reply));
  auto root = std::make_unique<Branch>();
  root->frame.state = execution.definition->machines[0].start_at;
  root->frame.input = execution.input;
  Branch& branch = *root;
  execution.branches.emplace(kRootBranch, std::move(root));
  const PayloadRef input = turn.store(execution.input);
  std::vector<EventField> fields{{Field::kInput, input},
                                 {Field::kRoleArn, std::string_view(execution.record.role_arn)}};
  if (!execution.record.alias_arn.empty()) {
    fields.push_back({Field::kAliasArn, std::string_view(execution.record.alias_arn)});
  }
  if (!execution.record.version_arn.empty()) {
    fields.push_back({Field::kVersionArn, std::string_view(execution.record.version_arn)});
  }
  turn.emit_fields(0, EventType::kExecutionStarted, fields, false);
  turn.make_ready(branch);  // its first event points to 0, as recorded, not to 1
}

void on_resume(Turn& turn, const ResumeMessage& message) {
  if (turn.execution().branches.empty()) {  // an Express execution, from the beginning
    StartMessage again;
    return on_start(turn, again);
  }
  Branch* branch = turn.execution().find(message.branch);
  if (branch == nullptr) return;
  switch (branch->frame.phase) {
    case Phase::kEnter:
      return turn.make_ready(*branch);
    case Phase::kDispatched:
      return turn.dispatch(*branch, false);
    case Phase::kResuming:
      return turn.dispatch(*branch, true);
    default:
      return;
  }
}

}  // namespace

void handle(Turn& turn, Message& message) {
  if (turn.execution().ended() && !std::holds_alternative<TokenMessage>(message) &&
      !std::holds_alternative<StopMessage>(message) &&
      !std::holds_alternative<ChildEndedMessage>(message)) {
    return;
  }
  std::visit(Overloaded{[&](StartMessage& m) { on_start(turn, m); },
                        [&](ResumeMessage& m) { on_resume(turn, m); },
                        [&](TimerMessage& m) { on_timer(turn, m); },
                        [&](OutcomeMessage& m) { on_outcome(turn, m); },
                        [&](TokenMessage& m) { on_token(turn, m); },
                        [&](StopMessage& m) { on_stop(turn, m); },
                        [&](ChildEndedMessage& m) { on_child_ended(turn, m); }},
             message);
  run_ready(turn);
}

void run_ready(Turn& turn) {
  while (!turn.checkpoint_due()) {
    Branch* branch = turn.next_ready();
    if (branch == nullptr) return;
    enter_state(turn, *branch);
  }
}

const asl::Machine& machine_of(const Execution& execution, const Branch& branch) {
  return execution.definition->machines[static_cast<std::size_t>(branch.frame.machine)];
}

const asl::State& state_of(const Execution& execution, const Branch& branch) {
  return machine_of(execution, branch).states[static_cast<std::size_t>(branch.frame.state)];
}

std::string runtime_cause(const Execution& execution, const Branch& branch, std::string_view text) {
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
  const asl::State& state = state_of(turn.execution(), branch);
  Frame& frame = branch.frame;
  turn.mark(branch);
  set_wake(branch, std::nullopt);

  if (const auto retrier = find_retrier(state.retry, frame.retries, error)) {
    frame.retries.resize(state.retry.size(), 0);
    const std::int32_t attempt = ++frame.retries[*retrier];
    ++frame.retry_count;
    turn.remove_children(branch);
    frame.phase = Phase::kBackoff;
    set_wake(branch, turn.now() + retry_delay(state.retry[*retrier], attempt,
                                              turn.services().random->next_u64()));
    return;
  }

  // From here the state is over. A container that had begun says so before it goes.
  if (frame.phase == Phase::kChildren) {
    const bool map = std::holds_alternative<asl::MapState>(state.body);
    turn.emit(branch, map ? EventType::kMapStateFailed : EventType::kParallelStateFailed);
    turn.remove_children(branch);
  }
  if (const auto index = find_catcher(state.catchers, error)) {
    const asl::Catcher& catcher = state.catchers[*index];
    const asl::Payload caught = asl::Payload::of(error_output(error.failure));
    frame.phase = Phase::kEnter;
    std::optional<asl::Payload> output =
        apply_result_path(turn, branch, catcher.result_path, caught);
    if (!output) return;
    const auto assigned = apply_assign(turn, branch, catcher.assign, caught);
    if (!assigned) return;
    return exit_state(turn, branch, *std::move(output), catcher.next, *assigned);
  }
  end_branch_failed(turn, branch, std::move(error));
}

void succeed_state(Turn& turn, Branch& branch, asl::Payload result) {
  const asl::State& state = state_of(turn.execution(), branch);
  if (state.result_selector) {
    const StateEnvironment environment(turn, branch);
    Result<asl::Value> selected = state.result_selector->evaluate(result.value(), environment);
    if (!selected) return raise_runtime(turn, branch, selected.error().message);
    result = asl::Payload::of(*std::move(selected));
  }
  std::optional<asl::Payload> output = apply_result_path(turn, branch, state.result_path, result);
  if (!output) return;
  // OutputPath sees the variables as they were on entry (recorded), so it comes before Assign.
  output = apply_output_path(turn, branch, *std::move(output));
  if (!output) return;
  const auto assigned = apply_assign(turn, branch, state.assign, result);
  if (!assigned) return;
  if (!check_output_size(turn, branch, *output)) return;
  exit_state(turn, branch, *std::move(output), state.next, *assigned);
}

void exit_state(Turn& turn, Branch& branch, asl::Payload output, asl::StateIndex next,
                const std::vector<Variable>& assigned) {
  Frame& frame = branch.frame;
  const asl::State& state = state_of(turn.execution(), branch);
  std::vector<EventField> fields{{Field::kName, std::string_view(state.name)}};
  if (!branch.silent) {
    fields.push_back({Field::kOutput, turn.store(output)});
    if (!assigned.empty()) {
      asl::ObjectBuilder variables;
      for (const Variable& variable : assigned) {
        variables.set(variable.name, asl::Value::string(variable.value.text()));
      }
      fields.push_back(
          {Field::kAssignedVariables, turn.store(asl::Payload::of(std::move(variables).build()))});
    }
  }
  const EventId id =
      turn.emit_fields(frame.previous_event, exited_type(state), fields, branch.silent);
  if (!branch.silent) frame.previous_event = id;

  // What the next state does not need must not reach its frame.
  frame.phase = Phase::kEnter;
  frame.scheduled_event = 0;
  frame.parameters = {};
  frame.continuation = {};
  frame.token_nonce.clear();
  frame.timeout_at.reset();
  frame.heartbeat_at.reset();
  frame.poll_at.reset();
  frame.heartbeat_seconds = 0;
  frame.child_ended = false;
  frame.credentials_role_arn.reset();
  frame.items = {};
  frame.children = 0;
  frame.map_run_arn.clear();
  set_wake(branch, std::nullopt);
  turn.mark(branch);

  if (next == asl::kNoState) return end_branch(turn, branch, std::move(output));
  frame.state = next;
  frame.input = std::move(output);
  turn.make_ready(branch);
}

std::optional<asl::Payload> apply_input_path(Turn& turn, Branch& branch) {
  const asl::PathField& field = state_of(turn.execution(), branch).input_path;
  if (field.kind == asl::PathField::Kind::kDefault) return branch.frame.input;
  if (field.kind == asl::PathField::Kind::kNull) {
    return asl::Payload::of(asl::Value::object({}));
  }
  const asl::ValuePath* path = field.expression.path();
  const StateEnvironment environment(turn, branch);
  Result<asl::Value> value =
      path != nullptr
          ? path->evaluate(branch.frame.input.value(), environment)
          : field.expression.evaluate("InputPath", branch.frame.input.value(), environment);
  if (!value) {
    raise_runtime(turn, branch,
                  "Invalid path '" + field.expression.text() + "' : " + value.error().message);
    return std::nullopt;
  }
  if (value->same_as(branch.frame.input.value())) return branch.frame.input;
  return asl::Payload::of(*std::move(value));
}

std::optional<asl::Payload> apply_output_path(Turn& turn, Branch& branch, asl::Payload output) {
  const asl::PathField& field = state_of(turn.execution(), branch).output_path;
  if (field.kind == asl::PathField::Kind::kDefault) return output;
  if (field.kind == asl::PathField::Kind::kNull) {
    return asl::Payload::of(asl::Value::object({}));
  }
  const asl::ValuePath* path = field.expression.path();
  const StateEnvironment environment(turn, branch);
  Result<asl::Value> value =
      path != nullptr ? path->evaluate(output.value(), environment)
                      : field.expression.evaluate("OutputPath", output.value(), environment);
  if (!value) {
    raise_runtime(turn, branch,
                  "Invalid path '" + field.expression.text() + "' : " + value.error().message);
    return std::nullopt;
  }
  if (value->same_as(output.value())) return output;
  return asl::Payload::of(*std::move(value));
}

std::optional<asl::Payload> effective_input(Turn& turn, Branch& branch, std::string_view token) {
  std::optional<asl::Payload> input = apply_input_path(turn, branch);
  const asl::State& state = state_of(turn.execution(), branch);
  if (!input || !state.parameters) return input;
  const StateEnvironment environment(turn, branch, token);
  Result<asl::Value> parameters = state.parameters->evaluate(input->value(), environment);
  if (!parameters) {
    raise_runtime(turn, branch, parameters.error().message);
    return std::nullopt;
  }
  return asl::Payload::of(*std::move(parameters));
}

std::optional<std::vector<Variable>> apply_assign(Turn& turn, Branch& branch,
                                                  const asl::Assign& assign,
                                                  const asl::Payload& values) {
  std::vector<Variable> assigned;
  if (!assign) return assigned;
  const StateEnvironment environment(turn, branch);
  const Result<asl::Value> evaluated = assign->evaluate(values.value(), environment);
  if (!evaluated) {
    raise_runtime(turn, branch, evaluated.error().message);
    return std::nullopt;
  }
  std::size_t bytes = 0;
  assigned.reserve(evaluated->size());
  for (const asl::Member& member : evaluated->members()) {
    assigned.push_back({std::string(member.key.as_string()), asl::Payload::of(member.value)});
    bytes += assigned.back().value.text().size();
  }
  if (bytes > turn.limits().assign_bytes) {
    raise_failure(turn, branch, kStatesDataLimitExceeded,
                  runtime_cause(turn.execution(), branch,
                                "The variables assigned exceed the maximum number of bytes "
                                "service limit."));
    return std::nullopt;
  }
  for (const Variable& variable : assigned) {
    auto& own = branch.frame.variables;
    const auto known = std::find_if(own.begin(), own.end(), [&](const Variable& candidate) {
      return candidate.name == variable.name;
    });
    if (known != own.end()) {
      known->value = variable.value;
    } else {
      own.push_back(variable);
    }
  }
  return assigned;
}

FieldNumber field_integer(Turn& turn, Branch& branch, const asl::NumberField& field,
                          std::string_view name, const asl::Value& input) {
  if (field.literal) return {field.literal, false};
  if (!field.path) return {};
  const StateEnvironment environment(turn, branch);
  const asl::ValuePath* path = field.path->path();
  const Result<asl::Value> value = path != nullptr ? path->evaluate(input, environment)
                                                   : field.path->evaluate(name, input, environment);
  if (!value) {
    raise_runtime(turn, branch,
                  "Invalid path '" + field.path->text() + "' : " + value.error().message);
    return {std::nullopt, true};
  }
  if (!value->is_int()) {
    raise_runtime(
        turn, branch,
        "The " + std::string(name) + " field refers to value \"" +
            (value->is_string() ? std::string(value->as_string()) : asl::to_json(*value)) +
            "\" which is not a valid integer: " + field.path->text());
    return {std::nullopt, true};
  }
  return {value->as_int(), false};
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
  if (branch.children != nullptr) abort_children(turn, branch, nullptr, previous);
  if (std::holds_alternative<asl::TaskState>(state.body)) {
    turn.emit_aside(previous, EventType::kTaskStateAborted, {}, branch.silent);
  } else if (is_failed) {
    return;
  } else if (std::holds_alternative<asl::WaitState>(state.body)) {
    turn.emit_aside(previous, EventType::kWaitStateAborted, {}, branch.silent);
  } else if (std::holds_alternative<asl::ParallelState>(state.body)) {
    turn.emit_aside(previous, EventType::kParallelStateAborted, {}, branch.silent);
  } else if (std::holds_alternative<asl::MapState>(state.body)) {
    turn.emit_aside(previous, EventType::kMapStateAborted, {}, branch.silent);
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
          {{Field::kName, std::string_view(state.name)}, {Field::kIndex, std::int64_t{i}}},
          child->silent);
    }
  }
  if (failed != nullptr) {
    Branch* child = execution.find(failed->id);
    if (child != nullptr) abort_branch(turn, *child, previous, true);
  }
}

}  // namespace pawl::engine
