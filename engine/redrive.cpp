#include "engine/redrive.h"

#include "engine/interpreter.h"
#include "engine/states/states.h"

#include <algorithm>
#include <utility>

namespace pawl::engine {

std::string redrive_refusal(const ExecutionRecord& record, EventId last_event, bool machine_exists,
                            runtime::WallTime now, const Limits& limits) {
  if (record.status == ExecutionStatus::kRunning || record.status == ExecutionStatus::kSucceeded) {
    return "Execution is " + std::string(status_name(record.status)) + " and cannot be redriven";
  }
  if (!machine_exists) return "State machine is in DELETING status";
  // Two events more must fit: ExecutionRedriven, and the one that ends it again.
  if (last_event >= limits.history_events - 1) return "Execution history event limit exceeded";
  if (now - record.start_date >= limits.standard_duration) {
    return "Execution has exceeded the max execution time";
  }
  if (record.stop_date && now - *record.stop_date >= kRedrivablePeriod) {
    return "Execution redrivable period exceeded";
  }
  return {};
}

std::optional<runtime::WallTime> redriven_with(const ExecutionRecord& record,
                                               std::string_view client_token,
                                               runtime::WallTime now) {
  if (client_token.empty()) return std::nullopt;
  for (const RedriveToken& known : record.redrive_tokens) {
    if (known.token == client_token && now - known.used < kRedriveTokenLife) return known.used;
  }
  return std::nullopt;
}

namespace {

void remember(ExecutionRecord& record, const std::string& client_token, runtime::WallTime now) {
  if (client_token.empty()) return;
  auto& tokens = record.redrive_tokens;
  std::erase_if(tokens, [&](const RedriveToken& known) {
    return known.token == client_token || now - known.used >= kRedriveTokenLife;
  });
  if (tokens.size() >= kRedriveTokens) tokens.erase(tokens.begin());
  tokens.push_back({client_token, now});
}

// What failed because of its size fails again from kept results: the container is run anew.
bool runs_anew(const ExecutionRecord& record) {
  return record.failure.error == kStatesDataLimitExceeded;
}

// Makes a branch and everything open beneath it go on after the event `redriven`.
void revive(Turn& turn, Branch& branch, EventId redriven, bool anew) {
  Frame& frame = branch.frame;
  frame.retries.clear();
  frame.retry_count = 0;
  turn.mark(branch);
  if (frame.phase == Phase::kChildren && !anew) {
    for (std::int32_t i = 0; i < frame.children; ++i) {
      Branch* child = turn.execution().find(frame.first_child + static_cast<BranchId>(i));
      if (child != nullptr) revive(turn, *child, redriven, anew);
    }
    return;
  }
  frame.previous_event = redriven;
  if (frame.phase == Phase::kMapRun && !anew) return redrive_map_run(turn, branch);
  if (frame.phase == Phase::kMapRun) {
    branch.map_run.reset();
    frame.map_run = 0;
    frame.phase = Phase::kRework;
  }
  if (frame.phase == Phase::kChildren) {
    turn.remove_children(branch);
    frame.phase = Phase::kRework;
  }
  // A Fail state is entered again: its work is its entry.
  const bool entered =
      frame.phase == Phase::kRework &&
      !std::holds_alternative<asl::FailState>(state_of(turn.execution(), branch).body);
  if (!entered) {
    frame.phase = Phase::kEnter;
    frame.entered_event = 0;
  }
  turn.make_ready(branch);
}

// The open branch that a path of child indexes leads to.
Branch* open_branch(Execution& execution, const std::vector<std::int32_t>& path) {
  Branch* branch = execution.find(kRootBranch);
  for (const std::int32_t index : path) {
    if (branch == nullptr || branch->frame.phase != Phase::kChildren || index < 0 ||
        index >= branch->frame.children) {
      return nullptr;
    }
    branch = execution.find(branch->frame.first_child + static_cast<BranchId>(index));
  }
  return branch;
}

// Moves a branch to the state that the caller chose. A refusal: there is no such branch or state.
Status aim(Turn& turn, const RedriveTarget& target) {
  Execution& execution = turn.execution();
  Branch* branch = open_branch(execution, target.branch);
  if (branch == nullptr) {
    return Error{ErrorCode::kInvalid, "The execution has no open branch at this place.", "branch"};
  }
  Frame& frame = branch->frame;
  if (!target.state.empty()) {
    const asl::StateIndex state = machine_of(execution, *branch).find(target.state);
    if (state == asl::kNoState) {
      return Error{ErrorCode::kInvalid,
                   "The branch has no state '" + target.state + "' at this level.", "state"};
    }
    turn.remove_children(*branch);
    frame.state = state;
    frame.phase = Phase::kEnter;
    frame.entered_event = 0;
  }
  if (target.input) {
    // Another input is another visit of the state.
    turn.remove_children(*branch);
    frame.phase = Phase::kEnter;
    frame.entered_event = 0;
    frame.input = asl::Payload::of_text(*target.input);
  }
  if (frame.phase == Phase::kEnter) {
    branch->map_run.reset();
    frame.map_run = 0;
  }
  turn.mark(*branch);
  return {};
}

}  // namespace

void redrive(Turn& turn, RedriveMessage& message) {
  Execution& execution = turn.execution();
  ExecutionRecord& record = execution.record;
  const auto answer = [&](const Status& status) {
    turn.after_commit([reply = message.reply, status](const Status& durable) {
      reply(durable ? status : durable);
    });
  };
  if (record.map_run && !message.by_map_run) {
    return answer(Error{ErrorCode::kInvalid, "Execution is redrivable by its Map Run only", ""});
  }
  if (const auto before = redriven_with(record, message.client_token, turn.now())) {
    *message.redrive_date = *before;
    return answer({});
  }
  std::string refusal = redrive_refusal(record, execution.next_event - 1, message.machine_exists,
                                        turn.now(), turn.limits());
  if (!refusal.empty()) return answer(Error{ErrorCode::kInvalid, std::move(refusal), ""});
  if (execution.find(kRootBranch) == nullptr) {
    return answer(Error{ErrorCode::kInternal, "The execution's frames are missing.", ""});
  }
  if (message.target) {
    if (Status aimed = aim(turn, *message.target); !aimed) return answer(aimed);
  }
  const bool anew = runs_anew(record);
  turn.reopen();
  ++record.redrive_count;
  record.redrive_date = turn.now();
  remember(record, message.client_token, turn.now());
  *message.redrive_date = turn.now();
  answer({});
  const EventId redriven = turn.emit_aside(execution.next_event - 1, EventType::kExecutionRedriven,
                                           {{Field::kRedriveCount, record.redrive_count}});
  revive(turn, turn.root(), redriven, anew);
}

}  // namespace pawl::engine
