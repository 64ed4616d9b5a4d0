// What each kind of message does to an execution.
#include "asl/json/payload.h"
#include "engine/interpreter.h"
#include "engine/overloaded.h"
#include "engine/redrive.h"
#include "engine/states/states.h"
#include "engine/token.h"

#include <algorithm>
#include <variant>

namespace pawl::engine {

namespace {

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
  const auto refuse = [&](ErrorCode code, const std::string& text) {
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

void on_activity_start(Turn& turn, const ActivityStartMessage& message) {
  Branch* branch = turn.execution().find(message.branch);
  if (turn.execution().ended() || branch == nullptr || branch->frame.phase != Phase::kQueued ||
      branch->frame.queued_at != message.queued_at) {
    // Aborted, or ended with its parent, meanwhile.
    return turn.after_commit([reply = message.reply](const Status& durable) {
      reply(durable ? Status(Error{ErrorCode::kNotFound, "The task is gone.", ""}) : durable);
    });
  }
  activity_started(turn, *branch, message);
  turn.after_commit(message.reply);
}

void on_stop(Turn& turn, StopMessage& message) {
  if (message.reply) turn.after_commit(message.reply);
  if (turn.execution().ended()) return;
  std::vector<EventField> fields;
  const Failure& failure = message.failure;
  if (failure.error) fields.push_back({Field::kError, std::string_view(*failure.error)});
  if (failure.cause) fields.push_back({Field::kCause, std::string_view(*failure.cause)});
  turn.emit_fields(0, EventType::kExecutionAborted, fields);
  turn.end(ExecutionStatus::kAborted, {}, failure);
}

void on_child_ended(Turn& turn, const ChildEndedMessage& message) {
  turn.forget_dispatch_of(message.child);
  if (turn.execution().ended()) return;
  Branch* branch = turn.execution().find(message.branch);
  if (branch == nullptr || branch->frame.scheduled_event != message.scheduled_event) return;
  turn.mark(*branch);
  if (branch->frame.phase == Phase::kSubmitted) return ask_again(turn, *branch);
  // A child without waits ends in the commit of its start, before its handler has returned.
  branch->frame.child_ended = true;
}

void on_map_run(Turn& turn, MapRunMessage& message) {
  Branch* branch = turn.execution().ended() ? nullptr : turn.execution().find(message.branch);
  if (branch == nullptr || branch->map_run == nullptr || branch->map_run->number != message.run) {
    if (message.reply) {
      turn.after_commit([reply = message.reply](const Status& durable) {
        reply(durable ? Status(Error{ErrorCode::kInvalid, "The Map Run is over.", ""}) : durable);
      });
    }
    return;
  }
  turn.mark(*branch);
  map_run_message(turn, *branch, message);
}

void on_start(Turn& turn, StartMessage& message) {
  Execution& execution = turn.execution();
  if (message.reply) turn.after_commit(std::move(message.reply));
  auto root = std::make_unique<Branch>();
  const asl::MachineIndex machine =
      execution.record.map_run ? execution.record.map_run->processor : 0;
  root->frame.machine = machine;
  root->frame.state = execution.definition->machines[static_cast<std::size_t>(machine)].start_at;
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
  turn.emit_fields(0, EventType::kExecutionStarted, fields);
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
    case Phase::kRework:
      return turn.make_ready(*branch);
    case Phase::kDispatched:
      return turn.dispatch(*branch, false);
    case Phase::kResuming:
      return turn.dispatch(*branch, true);
    case Phase::kMapRun:
      return resume_map_run(turn, *branch);
    default:
      return;
  }
}

}  // namespace

void handle_message(Turn& turn, Message& message) {
  if (turn.execution().ended() && !std::holds_alternative<TokenMessage>(message) &&
      !std::holds_alternative<ActivityStartMessage>(message) &&
      !std::holds_alternative<StopMessage>(message) &&
      !std::holds_alternative<RedriveMessage>(message) &&
      !std::holds_alternative<MapRunMessage>(message) &&
      !std::holds_alternative<ChildEndedMessage>(message)) {
    return;
  }
  std::visit(Overloaded{[&](StartMessage& m) { on_start(turn, m); },
                        [&](ResumeMessage& m) { on_resume(turn, m); },
                        [&](TimerMessage& m) { on_timer(turn, m); },
                        [&](OutcomeMessage& m) { on_outcome(turn, m); },
                        [&](TokenMessage& m) { on_token(turn, m); },
                        [&](ActivityStartMessage& m) { on_activity_start(turn, m); },
                        [&](StopMessage& m) { on_stop(turn, m); },
                        [&](RedriveMessage& m) { redrive(turn, m); },
                        [&](ChildEndedMessage& m) { on_child_ended(turn, m); },
                        [&](MapRunMessage& m) { on_map_run(turn, m); }},
             message);
}

void handle(Turn& turn, Message& message) {
  handle_message(turn, message);
  run_ready(turn);
}

}  // namespace pawl::engine
