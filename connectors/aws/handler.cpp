#include "connectors/aws/handler.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/mapping.h"
#include "connectors/lambda/backend.h"
#include "runtime/fiber/shard.h"

#include <fmt/format.h>

#include <utility>

namespace pawl::connectors::aws {
namespace {

using engine::Outcome;
using engine::TaskFailed;
using engine::TaskRequest;
using engine::TaskSubmitted;
using engine::TaskSucceeded;

// What crosses between shards: text, because values belong to a thread.
struct Transported {
  std::string answer;
  std::string body;
  std::optional<Error> error;
  engine::JoinedWrites writes;
};

}  // namespace

bool ServiceHandler::decides(const asl::Resource& resource) const {
  return service_.decides(pascal_case(resource.api_action));
}

Outcome ServiceHandler::run(const TaskRequest& request) {
  const Profile& profile = service_.profile();
  auto mapped = to_call(profile, request);
  if (auto* failure = std::get_if<engine::Failure>(&mapped)) return TaskFailed{std::move(*failure)};
  Call call = std::get<Call>(std::move(mapped));
  if (const auto model = models_.find(profile.sdk)) {
    const ApiOperation* operation = (*model)->operation(call.operation);
    const std::string unsupported =
        operation == nullptr ? ""
                             : unsupported_member(**model, *operation, request.parameters.value());
    if (!unsupported.empty()) {
      return TaskFailed{unusable_parameters(
          request,
          fmt::format("The field \"{}\" is not supported by Step Functions", unsupported))};
    }
  }
  // The same for the same attempt, as the calls of functions have it.
  const std::string request_id = request_id_of(request.idempotency_key + "/request");
  call.request_id = request_id;

  engine::JoinedWrites writes;
  asl::Value answer;
  std::string body;
  std::optional<Error> error;
  if (runtime::Shard::current() == &ledger_.shard()) {
    call.joined = &writes;
    call.caller_gone = [cancellation = request.cancellation] {
      return cancellation != nullptr && cancellation->cancelled();
    };
    Answer answered = service_.call(call);
    if (auto* failed = std::get_if<Error>(&answered)) {
      error = std::move(*failed);
    } else {
      answer = std::get<asl::Value>(std::move(answered));
      body = service_.body_of(call, answer);
    }
  } else {
    Transported transported = runtime::call_on(
        ledger_.shard(),
        [&service = service_, operation = call.operation, input = asl::to_json(call.input),
         request_id, arn = call.execution_arn, machine = call.state_machine_arn]() {
          Transported result;
          Call there;
          there.operation = operation;
          there.input = *asl::read_json(input);  // we wrote it
          there.request_id = request_id;
          there.execution_arn = arn;
          there.state_machine_arn = machine;
          there.joined = &result.writes;
          Answer answered = service.call(there);
          if (auto* failed = std::get_if<Error>(&answered)) {
            result.error = Error{failed->code, failed->message, failed->status, {}};
          } else {
            const asl::Value value = std::get<asl::Value>(std::move(answered));
            result.body = service.body_of(there, value);
            result.answer = asl::to_json(value);
          }
          return result;
        });
    error = std::move(transported.error);
    writes = std::move(transported.writes);
    body = std::move(transported.body);
    if (!error) answer = *asl::read_json(transported.answer);
  }
  if (error) return TaskFailed{to_failure(profile, request, *error, request_id)};

  if (auto failure = service_.task_failure(call, answer); failure && !is_sdk(profile, request)) {
    // What the call did stays done: it is part of the commit that records the failure.
    return TaskFailed{*std::move(failure), std::move(writes)};
  }
  asl::Payload output =
      to_output(profile, metadata_, request, answer, request_id, body, ledger_.now());
  if (request.resource->pattern == asl::IntegrationPattern::kWaitForTaskToken) {
    return TaskSubmitted{std::move(output), {}, std::nullopt, std::move(writes)};
  }
  return TaskSucceeded{std::move(output), std::move(writes)};
}

}  // namespace pawl::connectors::aws
