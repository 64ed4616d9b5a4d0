// From a Task's parameters to a call of the Step Functions API, and from its answer to what the
// Task shows. Pure.
//
// Two families. `states:startExecution` is the optimized integration, an SDK of the first
// generation: answers carry its metadata, dates are milliseconds, errors are
// "StepFunctions.XException". `aws-sdk:sfn:*` is the second generation: any operation, dates are
// ISO 8601, no metadata, errors "Sfn.XException".
//
// Source: recorded cases services/sfn_task_service, services/aws_sdk_task_service,
// callback/test_start_execution_sync*, error_handling/task_service_sfn; `integrations` section 3.
#pragma once

#include "connectors/states/states_api.h"
#include "engine/task.h"
#include "runtime/clock/clock.h"

#include <string>
#include <variant>

namespace pawl::connectors {

struct StatesCall {
  std::string operation;  // "StartExecution"
  std::string input;      // JSON text
};

// The call a request asks for. States.Runtime for parameters that the integration does not know.
//
// Without a Name a started execution gets one that looks like AWS's (a UUID) and is the same for
// the same idempotency key, so that a repeated dispatch finds the child it started.
std::variant<StatesCall, engine::Failure> to_states_call(const engine::TaskRequest& request);

// For a child that is elsewhere, where no ParentLink is kept. StartExecution with the mark of this
// attempt as trace header, unless the definition gives one: DescribeExecution shows it, so that a
// repeated call can tell its own child from another execution of the same name.
StatesCall with_attempt_mark(const engine::TaskRequest& request, StatesCall call);
// The input of DescribeExecution for the execution that such a call starts; empty: the machine is
// not named by an ARN.
std::string describe_child_of(const StatesCall& call);
// The answer to a StartExecution that found its name taken, from what DescribeExecution says of the
// execution that has it. Empty: another one started it. Its own is one that has the mark, or a name
// that was made from the idempotency key.
std::string answer_of_own_child(const engine::TaskRequest& request, const std::string& description);

// The Task's output for the API's answer to its call.
asl::Payload to_states_output(const engine::TaskRequest& request, const std::string& answer,
                              runtime::WallTime now);

engine::Failure to_states_failure(const engine::TaskRequest& request, const StatesError& error);

// What a .sync Task makes of its child's description (the answer to DescribeExecution): succeeded,
// failed with States.TaskFailed and the description as cause, or still running (TaskSubmitted).
// Input and Output are text for .sync, parsed for .sync:2.
engine::Outcome to_sync_outcome(const engine::TaskRequest& request, const std::string& description);

}  // namespace pawl::connectors
