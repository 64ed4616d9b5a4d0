// From a Task's parameters to an invocation, and from its answer to the Task's outcome. Pure.
//
// Two forms. A Resource that is a function's ARN: the parameters are the event, the output is the
// function's payload, text and all. `lambda:invoke`: the parameters are Lambda's own, the output is
// the answer of its API with the SDK's metadata around the parsed payload.
//
// Source: `integrations` sections 2 and 3 (Lambda); recorded cases services/lambda_task*,
// error_handling/task_lambda, task_service_lambda.
#pragma once

#include "connectors/lambda/backend.h"
#include "engine/task.h"
#include "runtime/clock/clock.h"

#include <variant>

namespace pawl::connectors {

// The invocation a request asks for, or the failure of a request that cannot be made: a name that
// is none (Lambda.AWSLambdaException), qualifiers that disagree, parameters of the wrong type
// (States.Runtime; its cause is without the engine's "An error occurred while executing ..."
// prefix).
//
// A Payload that is JSON text within a string is sent as that text, any other string as a JSON
// string, null and absent as {} [rec].
std::variant<Invocation, engine::Failure> to_invocation(const engine::TaskRequest& request);

// `now`: the Date header of the answer.
engine::Outcome to_outcome(const engine::TaskRequest& request, const InvocationOutcome& outcome,
                           runtime::WallTime now);

// Error and Cause of a function that failed with `document`. The error is its errorType; without
// one Lambda.Unknown. The cause is the document: compact for lambda:invoke, as it came otherwise.
engine::Failure function_failure(const std::string& document, bool direct);

// Error "Lambda.NAME" and Cause "MESSAGE (Service: AWSLambda; Status Code: ...; Proxy: null)".
engine::Failure service_failure(const ServiceError& error);

}  // namespace pawl::connectors
