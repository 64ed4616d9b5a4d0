// From a Task's parameters to a call of an AWS service, and from its answer to what the Task shows.
// Pure; what differs between services is their Profile.
//
// Two families. Optimized integrations (`sqs:sendMessage`) are an SDK of the first generation:
// most answers carry what its HTTP client saw, errors are "SQS.XException" with "(Service:
// AmazonSQS; Status Code: 400; ...)". `aws-sdk:sqs:*` is the second generation: any operation, no
// metadata, "Sqs.XException" and "(Service: Sqs, Status Code: 400, Request ID: ...)".
//
// Source: recorded cases services/*, error_handling/*, callback; `integrations` section 2.
#pragma once

#include "connectors/aws/sdk_metadata.h"
#include "connectors/aws/service.h"
#include "connectors/aws_models/api_model.h"
#include "engine/task.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pawl::connectors::aws {

// Also true for services that have no optimized integration, however the resource names them.
bool is_sdk(const Profile& profile, const engine::TaskRequest& request);
// Whether an answer carries SdkHttpMetadata and SdkResponseMetadata: of optimized integrations, but
// for events:putEvents [rec].
bool shows_metadata(const Profile& profile, const engine::TaskRequest& request);

// The call a request asks for, without request id. States.Runtime for parameters that are no
// object. Members that are null count as absent [rec].
std::variant<Call, engine::Failure> to_call(const Profile& profile,
                                            const engine::TaskRequest& request);

// A member of a Task's parameters that the API's operation does not have, wherever it stands in
// them; empty: it has them all. Names are the API's or the integration's (integration_name()).
std::string unsupported_member(const ApiModel& model, const ApiOperation& operation,
                               const asl::Value& parameters);
engine::Failure unusable_parameters(const engine::TaskRequest& request, std::string_view problem);

// The Task's output. `body`: of the answer on the wire.
asl::Payload to_output(const Profile& profile, const OwnMetadata& metadata,
                       const engine::TaskRequest& request, const asl::Value& answer,
                       const std::string& request_id, std::string_view body, runtime::WallTime now);

engine::Failure to_failure(const Profile& profile, const engine::TaskRequest& request,
                           const Error& error, const std::string& request_id);

// An error of a service that is not in this program.
struct Refusal {
  Error error;
  std::string exception;  // its class in the SDKs; empty: the model does not know it
  std::string request_id;
  std::string extended_request_id;  // S3; empty: none came
};
engine::Failure to_failure(const Profile& profile, const engine::TaskRequest& request,
                           const Refusal& refusal);

// "sendMessage" to "SendMessage", and back.
std::string pascal_case(std::string_view name);

// Seconds since 1970 as the service shows dates: "2026-11-20T11:30:05.120Z".
std::string iso_date(double seconds);

}  // namespace pawl::connectors::aws
