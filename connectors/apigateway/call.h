// From the parameters of `apigateway:invoke` to the request that is sent, and from its answer to
// the Task's outcome. Pure.
//
// Source: developer guide, "Create API Gateway REST APIs with Step Functions"; `integrations`
// section 3 (API Gateway).
#pragma once

#include "connectors/http/connection.h"
#include "engine/task.h"
#include "runtime/http/message.h"

#include <chrono>
#include <string>
#include <variant>

namespace pawl::connectors::apigateway {

enum class AuthType { kNone, kIamRole, kResourcePolicy };

// AWS: an answer within 29 seconds, or none; some more for the way.
inline constexpr std::chrono::seconds kTimeoutMax{35};
inline constexpr std::size_t kAnswerBytesMax = 262'144;

struct Call {
  std::string host;  // ApiEndpoint
  std::string method;
  std::string target;  // "/prod/pets?type=dog", percent-encoded
  http::Fields headers;
  std::string body;
  AuthType auth = AuthType::kNone;
};

// States.Runtime: the cause names the field.
std::variant<Call, engine::Failure> to_call(const engine::TaskRequest& request);

// 2xx: {"Headers":...,"ResponseBody":...,"StatusCode":200,"StatusText":"OK"}. Others fail with
// ApiGateway.NNN and the body as the cause.
engine::Outcome to_outcome(const engine::TaskRequest& request,
                           const runtime::HttpResponse& response);

// No answer came: ApiGateway.SdkClientException, ApiGateway.SocketTimeoutException; too large a
// one: States.DataLimitExceeded.
engine::Failure to_failure(const Error& error);

}  // namespace pawl::connectors::apigateway
