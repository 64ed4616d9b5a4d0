#include "connectors/remote/handler.h"

#include "connectors/aws/mapping.h"
#include "connectors/aws/sdk_metadata.h"
#include "connectors/lambda/backend.h"
#include "connectors/remote/values.h"

#include <fmt/format.h>

#include <utility>

namespace pawl::connectors::remote {
namespace {

using engine::Failure;
using engine::Outcome;
using engine::TaskFailed;
using engine::TaskRequest;

constexpr std::string_view kSdk = "aws-sdk:";

aws::HttpSeen seen_of(const Answered& answered) {
  aws::HttpSeen seen;
  seen.status = answered.response.status;
  for (std::size_t i = 0; i < answered.response.headers.size(); ++i) {
    const auto field = answered.response.headers[i];
    seen.headers.emplace_back(field.name, field.value);
  }
  return seen;
}

}  // namespace

SdkProfile::SdkProfile(const ApiModel& model)
    : prefix_(sdk_class_name(model.service_id)), base_exception_(prefix_ + "Exception") {
  profile_.sdk_prefix = prefix_;
  profile_.sdk_base_exception = base_exception_;
  profile_.sdk_service = prefix_;
  profile_.extended_request_id = model.endpoint_prefix == "s3";
}

Outcome RemoteHandler::run(const TaskRequest& request) {
  const asl::Resource& resource = *request.resource;
  std::string service =
      mapping_ != nullptr ? std::string(mapping_->profile().sdk) : resource.service;
  if (service.starts_with(kSdk)) service.erase(0, kSdk.size());
  const auto model = client_.models().find(service);
  if (!model) return TaskFailed{{"States.Runtime", model.error().message}};
  const ApiOperation* operation = (*model)->operation(resource.api_action);
  if (operation == nullptr) {
    return TaskFailed{{"States.Runtime", fmt::format("The service '{}' has no action '{}'", service,
                                                     resource.api_action)}};
  }
  if (!client_.options().is_remote(service, (*model)->endpoint_prefix)) {
    return TaskFailed{{"States.Runtime",
                       fmt::format("The service '{}' is not in this program, and no endpoint is "
                                   "given for it: see --endpoint and --remote",
                                   service)}};
  }
  const std::string token = request_id_of(request.idempotency_key);
  asl::Value input = asl::Value::object({});
  if (operation->input) {
    const asl::Value parameters =
        mapping_ == nullptr ? request.parameters.value() : mapping_->remote_parameters(request);
    Result<asl::Value> converted = to_api_form(**model, *operation->input, parameters, token);
    if (!converted) return TaskFailed{aws::unusable_parameters(request, converted.error().message)};
    input = *std::move(converted);
  }

  const SdkProfile sdk_profile(**model);
  const bool optimized = mapping_ != nullptr && !aws::is_sdk(mapping_->profile(), request);
  const aws::Profile& profile = optimized ? mapping_->profile() : sdk_profile.profile();
  auto called = client_.call(**model, *operation, input,
                             {request.deadline, request.cancellation.get(), task_role(request)});
  if (!called) return TaskFailed{aws::unusable_parameters(request, called.error().message)};
  if (const auto* lost = std::get_if<NotAnswered>(&*called)) {
    if (lost->refused) return TaskFailed{{"States.Permissions", lost->message}};
    return TaskFailed{
        {fmt::format("{}.SdkClientException", optimized ? profile.prefix : profile.sdk_prefix),
         lost->message}};
  }
  auto& answered = std::get<Answered>(*called);
  if (auto* error = std::get_if<aws::Error>(&answered.answer)) {
    // By its class, as the model has it; the code stays as it was on the wire.
    const ApiShape* shape = (*model)->error(error->code);
    aws::Refusal refusal;
    refusal.error = std::move(*error);
    if (shape != nullptr) refusal.exception = sdk_exception_name(shape->name);
    refusal.request_id = answered.request_id;
    refusal.extended_request_id = answered.response.headers.get("x-amz-id-2");
    return TaskFailed{aws::to_failure(profile, request, refusal)};
  }
  const auto& answer = std::get<asl::Value>(answered.answer);
  if (optimized) {
    aws::Call call;
    call.operation = operation->name;
    if (auto failure = mapping_->task_failure(call, answer)) return TaskFailed{*std::move(failure)};
  }
  asl::Value shown = operation->output ? to_task_form(**model, *operation->output, answer) : answer;
  asl::Payload output = optimized && aws::shows_metadata(profile, request)
                            ? aws::with_metadata(shown, answered.request_id, seen_of(answered))
                            : asl::Payload::of(std::move(shown));
  if (resource.pattern == asl::IntegrationPattern::kWaitForTaskToken) {
    return engine::TaskSubmitted{std::move(output), {}, std::nullopt};
  }
  return engine::TaskSucceeded{std::move(output), {}};
}

}  // namespace pawl::connectors::remote
