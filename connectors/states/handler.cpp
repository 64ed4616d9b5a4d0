#include "connectors/states/handler.h"

#include "asl/json/reader.h"
#include "asl/json/value.h"
#include "asl/json/writer.h"
#include "connectors/states/mapping.h"
#include "runtime/fiber/shard.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace pawl::connectors {
namespace {

using engine::Outcome;
using engine::TaskFailed;
using engine::TaskRequest;
using engine::TaskSubmitted;
using engine::TaskSucceeded;

// As the SDKs do: what may pass by itself is tried again.
constexpr int kAttempts = 4;
constexpr std::chrono::milliseconds kFirstPause{100};
// While the API is away; otherwise a child's end is announced (ParentLink), and nobody polls.
constexpr std::chrono::milliseconds kPollAfterFailure{1'000};
// ... but where the child is elsewhere (StatesApi::announces_ends()).
constexpr std::chrono::milliseconds kFirstPoll{1'000};

bool is_sync(const TaskRequest& request) {
  return request.resource->pattern == asl::IntegrationPattern::kSync;
}

bool is_start(const StatesCall& call) { return call.operation == "StartExecution"; }

bool may_pass(const StatesError& error) {
  return error.status == 503 || error.code == "ThrottlingException";
}

bool is_cancelled(const TaskRequest& request) {
  return request.cancellation != nullptr && request.cancellation->cancelled();
}

StatesCaller caller_of(const TaskRequest& request) {
  StatesCaller caller;
  caller.role_arn = request.credentials_role_arn.value_or("");
  caller.state_machine_arn = request.state_machine_arn;
  return caller;
}

std::variant<std::string, StatesError> call_with_retries(StatesApi& api, const TaskRequest& request,
                                                         const StatesCall& call,
                                                         const StatesCaller& caller) {
  std::chrono::milliseconds pause = kFirstPause;
  for (int attempt = 1;; ++attempt, pause *= 2) {
    auto answer = api.call_states(call.operation, call.input, caller);
    const auto* error = std::get_if<StatesError>(&answer);
    if (error == nullptr || !may_pass(*error) || attempt == kAttempts || is_cancelled(request)) {
      return answer;
    }
    runtime::sleep_for(pause);
  }
}

// Starts a child that is elsewhere. It may have been started before, by a call of this attempt
// whose answer was lost in a crash, and have ended since: then its name is taken, and by AWS's own
// integration the Task would not fail for that.
std::variant<std::string, StatesError> start_elsewhere(StatesApi& api, const TaskRequest& request,
                                                       const StatesCall& call,
                                                       const StatesCaller& caller) {
  const StatesCall marked = with_attempt_mark(request, call);
  auto answer = call_with_retries(api, request, marked, caller);
  const auto* error = std::get_if<StatesError>(&answer);
  if (error == nullptr || error->code != "ExecutionAlreadyExists") return answer;
  const std::string taken = describe_child_of(marked);
  if (taken.empty()) return answer;
  const auto described =
      call_with_retries(api, request, {"DescribeExecution", taken}, caller_of(request));
  const auto* description = std::get_if<std::string>(&described);
  if (description == nullptr) return answer;
  std::string own = answer_of_own_child(request, *description);
  if (own.empty()) return answer;
  return own;
}

// {"executionArn":"..."}: what a submitted task remembers, and the input of the calls about it.
std::string child_of(const asl::Value& shown_output) {
  asl::ObjectBuilder child;
  child.set("executionArn", *shown_output.find("ExecutionArn"));
  return asl::to_json(std::move(child).build());
}

// A child that has run for long will hardly end in the next second.
std::chrono::milliseconds next_poll(const std::string& description, runtime::WallTime now) {
  constexpr std::chrono::milliseconds kLongestPoll{60'000};
  constexpr int kShareOfAge = 10;
  const Result<asl::Value> read = asl::read_json(description);
  const asl::Value* start = read ? read->find("startDate") : nullptr;
  if (start == nullptr || !start->is_number()) return kFirstPoll;
  const auto age = std::chrono::milliseconds(now.time_since_epoch().count() -
                                             std::llround(start->as_double() * 1000));
  return std::clamp(age / kShareOfAge, kFirstPoll, kLongestPoll);
}

Outcome look_at_child(StatesApi& api, const TaskRequest& request, const std::string& child,
                      runtime::WallTime now) {
  const auto described =
      call_with_retries(api, request, {"DescribeExecution", child}, caller_of(request));
  if (const auto* error = std::get_if<StatesError>(&described)) {
    if (may_pass(*error)) return TaskSubmitted{{}, {}, kPollAfterFailure};
    return TaskFailed{to_states_failure(request, *error)};
  }
  const auto& description = std::get<std::string>(described);
  Outcome outcome = to_sync_outcome(request, description);
  if (!api.announces_ends()) {
    auto* running = std::get_if<TaskSubmitted>(&outcome);
    if (running != nullptr) running->poll_after = next_poll(description, now);
  }
  return outcome;
}

}  // namespace

Outcome StatesHandler::run(const TaskRequest& request) {
  PAWL_ASSERT(api_ != nullptr);
  auto mapped = to_states_call(request);
  if (auto* failure = std::get_if<engine::Failure>(&mapped)) return TaskFailed{std::move(*failure)};
  const auto& call = std::get<StatesCall>(mapped);

  StatesCaller caller = caller_of(request);
  // Not for task tokens: there the child's end means nothing, and would only wake the task.
  // A test of the state alone is no execution (number 0) that could be told.
  if (is_start(call) && request.execution_number != 0 &&
      request.resource->pattern != asl::IntegrationPattern::kWaitForTaskToken) {
    caller.parent =
        engine::ParentLink{request.execution_number, request.branch, request.scheduled_event_id};
    caller.waits_for_end = is_sync(request);
  }
  caller.gone = [&request] { return is_cancelled(request); };
  const auto answer = is_start(call) && !api_->announces_ends()
                          ? start_elsewhere(*api_, request, call, caller)
                          : call_with_retries(*api_, request, call, caller);
  if (const auto* error = std::get_if<StatesError>(&answer)) {
    return TaskFailed{to_states_failure(request, *error)};
  }
  asl::Payload output = to_states_output(request, std::get<std::string>(answer), clock_.wall_now());
  switch (request.resource->pattern) {
    case asl::IntegrationPattern::kRequestResponse:
      return TaskSucceeded{std::move(output), {}};
    case asl::IntegrationPattern::kWaitForTaskToken:
      return TaskSubmitted{std::move(output), {}, std::nullopt};
    case asl::IntegrationPattern::kSync:
      break;
  }
  asl::Payload child = asl::Payload::of_text(child_of(output.value()));
  // Stopped while the child was being started: nobody else will stop it.
  if (is_cancelled(request)) cancel(request, child);
  std::optional<std::chrono::milliseconds> poll;
  if (!api_->announces_ends()) poll = kFirstPoll;
  return TaskSubmitted{std::move(output), std::move(child), poll};
}

Outcome StatesHandler::resume(const TaskRequest& request, const asl::Payload& continuation) {
  PAWL_ASSERT(api_ != nullptr);
  if (!is_sync(request)) return TaskSubmitted{};  // only the holder of the token goes on
  return look_at_child(*api_, request, continuation.text(), clock_.wall_now());
}

void StatesHandler::cancel(const TaskRequest& request, const asl::Payload& continuation) {
  PAWL_ASSERT(api_ != nullptr);
  if (!is_sync(request) || !continuation.present()) return;
  static_cast<void>(call_with_retries(*api_, request, {"StopExecution", continuation.text()},
                                      caller_of(request)));
}

}  // namespace pawl::connectors
