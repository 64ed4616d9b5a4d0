#include "connectors/remote/lambda.h"

#include "asl/json/reader.h"
#include "connectors/aws/base64.h"

#include <fmt/format.h>

#include <utility>

namespace pawl::connectors::remote {
namespace {

using asl::ObjectBuilder;
using asl::Value;

std::string_view type_name(InvocationType type) {
  switch (type) {
    case InvocationType::kEvent:
      return "Event";
    case InvocationType::kDryRun:
      return "DryRun";
    case InvocationType::kRequestResponse:
      break;
  }
  return "RequestResponse";
}

// As the API wants it: base64 of JSON. A definition may have it either way.
std::string client_context(const std::string& given) {
  return asl::read_json(given) ? aws::to_base64(given) : given;
}

Value input_of(const Invocation& invocation, const std::string& account) {
  const FunctionName& function = invocation.function;
  ObjectBuilder input;
  input.set("FunctionName",
            Value::string(function.account == account
                              ? function.name
                              : fmt::format("arn:{}:lambda:{}:{}:function:{}", function.partition,
                                            function.region, function.account, function.name)));
  if (!function.qualifier.empty()) input.set("Qualifier", Value::string(function.qualifier));
  input.set("InvocationType", Value::string(type_name(invocation.type)));
  if (invocation.tail_log) input.set("LogType", Value::string("Tail"));
  if (!invocation.client_context.empty()) {
    input.set("ClientContext", Value::string(client_context(invocation.client_context)));
  }
  input.set("Payload", Value::string(invocation.payload));
  return std::move(input).build();
}

}  // namespace

InvocationOutcome RemoteLambda::invoke(const Invocation& invocation,
                                       engine::Cancellation* cancellation) {
  const auto model = client_.models().find("lambda");
  if (!model) return ServiceError{"SdkClientException", model.error().message, 500, "", true};
  const ApiOperation* operation = (*model)->operation("Invoke");
  if (operation == nullptr) {
    return ServiceError{"SdkClientException", "The model of Lambda has no Invoke", 500, "", true};
  }
  auto called = client_.call(**model, *operation, input_of(invocation, account_),
                             {runtime::kNever, cancellation,
                              task_role(invocation.role_arn, invocation.state_machine_arn)});
  if (!called) return ServiceError{"SdkClientException", called.error().message, 400, "", true};
  if (const auto* lost = std::get_if<NotAnswered>(&*called)) {
    if (lost->cancelled) return InvocationCancelled{};
    return ServiceError{"SdkClientException", lost->message, 500, "", true, "", lost->refused};
  }
  const auto& answered = std::get<Answered>(*called);
  if (const auto* error = std::get_if<aws::Error>(&answered.answer)) {
    const ApiShape* shape = (*model)->error(error->code);
    return ServiceError{shape == nullptr ? error->code : sdk_exception_name(shape->name),
                        error->message, error->status, answered.request_id, shape != nullptr};
  }
  const auto& answer = std::get<Value>(answered.answer);
  InvocationAnswer out;
  out.status = answered.response.status;
  out.request_id = answered.request_id;
  out.trace_id = answered.response.headers.get("X-Amzn-Trace-Id");
  out.payload = text_of(answer, "Payload");
  out.function_error = answer.find("FunctionError") != nullptr;
  out.executed_version = text_of(answer, "ExecutedVersion");
  if (out.executed_version.empty()) out.executed_version = "$LATEST";
  out.log_result = text_of(answer, "LogResult");
  return out;
}

}  // namespace pawl::connectors::remote
