#include "connectors/lambda/mapping.h"

#include "asl/json/reader.h"
#include "asl/json/utf8.h"
#include "asl/json/value.h"
#include "asl/json/writer.h"
#include "connectors/aws/sdk_metadata.h"
#include "connectors/http_date.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <vector>

namespace pawl::connectors {
namespace {

using asl::ObjectBuilder;
using asl::Value;
using engine::Failure;
using engine::Outcome;
using engine::TaskFailed;
using engine::TaskRequest;
using engine::TaskSubmitted;
using engine::TaskSucceeded;

bool is_direct(const TaskRequest& request) {
  return request.resource->kind == asl::ResourceKind::kLambdaFunction;
}

// "aws", "aws-cn" ... of an ARN.
std::string partition_of(std::string_view arn) {
  if (!arn.starts_with("arn:")) return "aws";
  arn.remove_prefix(4);
  return std::string(arn.substr(0, arn.find(':')));
}

// Fills in what a short name leaves open: the function is where the execution is.
void complete(FunctionName& function, const TaskRequest& request) {
  if (function.partition.empty()) function.partition = partition_of(request.execution_arn);
  if (function.region.empty()) function.region = request.region;
  if (function.account.empty()) function.account = request.account;
}

Failure runtime_failure(const TaskRequest& request, std::string_view problem) {
  return Failure{"States.Runtime",
                 fmt::format("The Parameters '{}' could not be used to start the Task: [{}]",
                             request.parameters.text(), problem)};
}

Failure refused(const TaskRequest& request, std::string name, std::string message, bool modelled) {
  return service_failure(ServiceError{std::move(name), std::move(message), 400,
                                      request_id_of(request.idempotency_key), modelled});
}

Failure bad_name(const TaskRequest& request, std::string_view name) {
  return refused(
      request, "ValidationException",
      fmt::format("1 validation error detected: Value '{}' at 'functionName' failed to "
                  "satisfy constraint: Member must satisfy regular expression pattern: {}",
                  name, kFunctionNamePattern),
      false);
}

// The event for a Payload parameter; see the header.
std::string event_text(const Value* payload) {
  if (payload == nullptr || payload->is_null()) return "{}";
  if (payload->is_string() && asl::read_json(payload->as_string())) {
    return std::string(payload->as_string());
  }
  return asl::to_json(*payload);
}

std::variant<Invocation, Failure> direct_invocation(const TaskRequest& request) {
  auto function = parse_function_name(request.resource->arn);
  if (!function) return bad_name(request, request.resource->arn);
  complete(*function, request);
  Invocation invocation;
  invocation.function = *std::move(function);
  invocation.payload = request.parameters.text();
  invocation.idempotency_key = request.idempotency_key;
  return invocation;
}

std::variant<Invocation, Failure> invoke_invocation(const TaskRequest& request) {
  const Value& parameters = request.parameters.value();
  if (!parameters.is_object()) return runtime_failure(request, "The parameters must be an object");

  Invocation invocation;
  std::string_view name;
  std::string_view qualifier;
  const Value* payload = nullptr;
  for (const asl::Member& member : parameters.members()) {
    const std::string_view field = member.key.as_string();
    const Value& value = member.value;
    if (field == "Payload") {
      payload = &value;
      continue;
    }
    const bool known = field == "FunctionName" || field == "Qualifier" ||
                       field == "InvocationType" || field == "ClientContext" || field == "LogType";
    if (!known) {
      return runtime_failure(
          request, fmt::format("The field \"{}\" is not supported by Step Functions", field));
    }
    if (value.is_null() && field != "FunctionName") continue;  // as if it were absent
    if (field == "ClientContext" && value.is_object()) {
      invocation.client_context = asl::to_json(value);
      continue;
    }
    if (!value.is_string()) {
      return runtime_failure(request,
                             fmt::format("The value for the field '{}' must be a STRING", field));
    }
    const std::string_view text = value.as_string();
    if (field == "FunctionName") {
      name = text;
    } else if (field == "Qualifier") {
      qualifier = text;
    } else if (field == "ClientContext") {
      invocation.client_context = text;
    } else if (field == "LogType") {
      if (text != "Tail" && text != "None") {
        return refused(
            request, "ValidationException",
            fmt::format("1 validation error detected: Value '{}' at 'logType' failed to "
                        "satisfy constraint: Member must satisfy enum value set: [None, Tail]",
                        text),
            false);
      }
      invocation.tail_log = text == "Tail";
    } else if (text == "Event") {
      invocation.type = InvocationType::kEvent;
    } else if (text == "DryRun") {
      invocation.type = InvocationType::kDryRun;
    } else if (text != "RequestResponse") {
      return refused(
          request, "ValidationException",
          fmt::format("1 validation error detected: Value '{}' at 'invocationType' failed to "
                      "satisfy constraint: Member must satisfy enum value set: "
                      "[Event, RequestResponse, DryRun]",
                      text),
          false);
    }
  }

  if (name.empty()) {
    return runtime_failure(request, "The field 'FunctionName' is required but was missing");
  }
  auto function = parse_function_name(name);
  if (!function) return bad_name(request, name);
  if (!qualifier.empty()) {
    if (!function->qualifier.empty() && function->qualifier != qualifier) {
      return refused(request, "InvalidParameterValueException",
                     "The derived qualifier from the function name does not match the specified "
                     "qualifier.",
                     true);
    }
    function->qualifier = qualifier;
  }
  complete(*function, request);
  invocation.function = *std::move(function);
  invocation.payload = event_text(payload);
  invocation.idempotency_key = request.idempotency_key;
  return invocation;
}

// The payload as JSON. Text that is no JSON (a handler may answer any bytes) becomes a JSON string,
// so that nothing is lost and its size still counts.
asl::Payload payload_of(const std::string& text) {
  auto parsed = asl::Payload::parse(text);
  if (parsed) return *std::move(parsed);
  std::string valid;
  // A JSON string holds Unicode: bytes that are none become U+FFFD, one for each.
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    if (byte < 0x80) {
      valid += text[i];
      ++i;
    } else if (i + length <= text.size() && asl::is_utf8(text.substr(i, length))) {
      valid.append(text, i, length);
      i += length;
    } else {
      valid += "\xEF\xBF\xBD";
      ++i;
    }
  }
  return asl::Payload::of(Value::string(valid));
}

// What the SDK saw of the answer, in the order in which the service shows it [rec].
aws::HttpSeen seen_of(const InvocationAnswer& answer, runtime::WallTime now) {
  const bool ran = answer.status == 200;
  aws::HttpSeen seen{answer.status, {}};
  if (!answer.log_result.empty()) {
    seen.headers.emplace_back("X-Amz-Log-Result", answer.log_result);
  }
  if (ran) seen.headers.emplace_back("X-Amz-Executed-Version", answer.executed_version);
  seen.headers.emplace_back("x-amzn-Remapped-Content-Length", "0");
  seen.headers.emplace_back("Connection", "keep-alive");
  seen.headers.emplace_back("x-amzn-RequestId", answer.request_id);
  seen.headers.emplace_back("Content-Length", std::to_string(answer.payload.size()));
  seen.headers.emplace_back("Date", http_date(now));
  seen.headers.emplace_back("X-Amzn-Trace-Id", answer.trace_id);
  if (ran) seen.headers.emplace_back("Content-Type", "application/json");
  return seen;
}

asl::Payload invoke_output(const InvocationAnswer& answer, runtime::WallTime now) {
  ObjectBuilder output;
  if (answer.status == 200) {
    output.set("ExecutedVersion", Value::string(answer.executed_version));
    if (!answer.log_result.empty()) output.set("LogResult", Value::string(answer.log_result));
    output.set("Payload", payload_of(answer.payload).value());
  }
  output.set("StatusCode", Value::integer(answer.status));
  return aws::with_metadata(std::move(output).build(), answer.request_id, seen_of(answer, now));
}

Outcome answer_outcome(const TaskRequest& request, const InvocationAnswer& answer,
                       runtime::WallTime now) {
  if (answer.function_error)
    return TaskFailed{function_failure(answer.payload, is_direct(request))};
  if (is_direct(request)) return TaskSucceeded{payload_of(answer.payload), {}};
  asl::Payload output = invoke_output(answer, now);
  if (request.resource->pattern == asl::IntegrationPattern::kWaitForTaskToken) {
    return TaskSubmitted{std::move(output), {}, std::nullopt};
  }
  return TaskSucceeded{std::move(output), {}};
}

}  // namespace

std::variant<Invocation, Failure> to_invocation(const TaskRequest& request) {
  auto planned = is_direct(request) ? direct_invocation(request) : invoke_invocation(request);
  if (auto* invocation = std::get_if<Invocation>(&planned)) {
    invocation->role_arn = request.credentials_role_arn.value_or("");
    invocation->state_machine_arn = request.state_machine_arn;
  }
  return planned;
}

Outcome to_outcome(const TaskRequest& request, const InvocationOutcome& outcome,
                   runtime::WallTime now) {
  if (const auto* answer = std::get_if<InvocationAnswer>(&outcome)) {
    return answer_outcome(request, *answer, now);
  }
  if (const auto* error = std::get_if<ServiceError>(&outcome)) {
    return TaskFailed{service_failure(*error)};
  }
  // Nobody reads this: the engine has already recorded why it stopped waiting.
  return TaskFailed{Failure{"States.Timeout", std::nullopt}};
}

Failure function_failure(const std::string& document, bool direct) {
  auto parsed = asl::read_json(document);
  const Value* type = parsed ? parsed->find("errorType") : nullptr;
  const std::string cause = direct || !parsed ? document : asl::to_json(*parsed);
  if (type != nullptr && type->is_string() && !type->as_string().empty()) {
    return Failure{std::string(type->as_string()), cause};
  }
  return Failure{"Lambda.Unknown",
                 "The cause could not be determined because Lambda did not return an error type. "
                 "Returned payload: " +
                     cause};
}

Failure service_failure(const ServiceError& error) {
  if (error.role_refused) return Failure{"States.Permissions", error.message};
  return Failure{
      "Lambda." + (error.modelled ? error.name : "AWSLambdaException"),
      fmt::format("{} (Service: AWSLambda; Status Code: {}; Error Code: {}; Request ID: {}; "
                  "Proxy: null)",
                  error.message, error.status, error.name, error.request_id)};
}

}  // namespace pawl::connectors
