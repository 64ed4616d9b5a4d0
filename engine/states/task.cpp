// Task: hands its parameters to a connector and waits for the outcome: from the handler, from the
// holder of a task token, or from a deadline.
//
// Scheduled and Started are written in one commit with the dispatch row; the handler is called when
// that is durable. Whatever comes back is a message, checked against the scheduling event, so that
// the answer of an attempt that is over finds nobody.
#include "asl/json/reader.h"
#include "engine/states/states.h"
#include "engine/token.h"

#include <algorithm>
#include <array>
#include <utility>

namespace pawl::engine {

namespace {

constexpr std::int64_t kLongestSeconds = 99'999'999;

// The event types of the three kinds of Task.
struct TaskEvents {
  EventType scheduled;
  EventType started;
  EventType succeeded;
  EventType failed;
  EventType timed_out;
};

const TaskEvents& events_of(const asl::Resource& resource) {
  static constexpr TaskEvents kLambda{
      EventType::kLambdaFunctionScheduled, EventType::kLambdaFunctionStarted,
      EventType::kLambdaFunctionSucceeded, EventType::kLambdaFunctionFailed,
      EventType::kLambdaFunctionTimedOut};
  static constexpr TaskEvents kActivity{EventType::kActivityScheduled, EventType::kActivityStarted,
                                        EventType::kActivitySucceeded, EventType::kActivityFailed,
                                        EventType::kActivityTimedOut};
  static constexpr TaskEvents kTask{EventType::kTaskScheduled, EventType::kTaskStarted,
                                    EventType::kTaskSucceeded, EventType::kTaskFailed,
                                    EventType::kTaskTimedOut};
  switch (resource.kind) {
    case asl::ResourceKind::kLambdaFunction:
      return kLambda;
    case asl::ResourceKind::kActivity:
      return kActivity;
    case asl::ResourceKind::kIntegration:
    case asl::ResourceKind::kOther:
      return kTask;
  }
  return kTask;
}

bool is_integration(const asl::Resource& resource) {
  return resource.kind == asl::ResourceKind::kIntegration ||
         resource.kind == asl::ResourceKind::kOther;
}

// The name that size complaints give: the service, the ARN of a function called directly.
const std::string& name_for_limits(const asl::Resource& resource) {
  return is_integration(resource) ? resource.service : resource.arn;
}

void add_resource(const asl::Resource& resource, std::vector<EventField>& fields) {
  if (!is_integration(resource)) return;
  fields.push_back({Field::kResourceType, std::string_view(resource.service)});
  fields.push_back({Field::kResource, std::string_view(resource.action)});
}

void add_failure(const Failure& failure, std::vector<EventField>& fields) {
  if (failure.error) fields.push_back({Field::kError, std::string_view(*failure.error)});
  if (failure.cause) fields.push_back({Field::kCause, std::string_view(*failure.cause)});
}

EventId emit_task(Turn& turn, Branch& branch, EventType type,
                  const std::vector<EventField>& fields) {
  const EventId id = turn.emit_fields(branch.frame.previous_event, type, fields);
  branch.frame.previous_event = id;
  turn.mark(branch);
  return id;
}

// The attempt is over; nothing of it must reach the next one.
void close_attempt(Branch& branch) {
  Frame& frame = branch.frame;
  if (branch.cancellation != nullptr) {
    branch.cancellation->cancel();
    branch.cancellation.reset();
  }
  frame.phase = Phase::kEnter;
  frame.forget_task();
  set_wake(branch, std::nullopt);
}

void arm(Branch& branch) {
  std::optional<runtime::WallTime> earliest;
  for (const auto& at :
       {branch.frame.timeout_at, branch.frame.heartbeat_at, branch.frame.poll_at}) {
    if (at && (!earliest || *at < *earliest)) earliest = at;
  }
  set_wake(branch, earliest);
}

void fail_attempt(Turn& turn, Branch& branch, const asl::TaskState& state, RaisedError error,
                  bool timed_out) {
  const TaskEvents& events = events_of(state.resource);
  std::vector<EventField> fields;
  add_resource(state.resource, fields);
  add_failure(error.failure, fields);
  emit_task(turn, branch, timed_out ? events.timed_out : events.failed, fields);
  close_attempt(branch);
  raise(turn, branch, std::move(error));
}

void succeed_attempt(Turn& turn, Branch& branch, const asl::TaskState& state, asl::Payload output) {
  if (output.exceeds(turn.limits().payload_bytes)) {
    return fail_attempt(
        turn, branch, state,
        {.failure = {std::string(kStatesDataLimitExceeded),
                     "The state/task '" + name_for_limits(state.resource) +
                         "' returned a result with a size exceeding the maximum number of bytes "
                         "service limit."}},
        false);
  }
  std::vector<EventField> fields;
  add_resource(state.resource, fields);
  fields.push_back({Field::kOutput, turn.store(output)});
  emit_task(turn, branch, events_of(state.resource).succeeded, fields);
  close_attempt(branch);
  succeed_state(turn, branch, std::move(output));
}

// TimeoutSeconds and HeartbeatSeconds.
struct Times {
  std::optional<std::int64_t> timeout;
  std::optional<std::int64_t> heartbeat;
};

std::optional<Times> times_of(Turn& turn, Branch& branch, const asl::TaskState& state,
                              const asl::Value& input) {
  const FieldNumber timeout = field_integer(turn, branch, state.timeout_seconds,
                                            "TimeoutSecondsPath", input, 0, kLongestSeconds);
  if (timeout.raised) return std::nullopt;
  const FieldNumber heartbeat = field_integer(turn, branch, state.heartbeat_seconds,
                                              "HeartbeatSecondsPath", input, 0, kLongestSeconds);
  if (heartbeat.raised) return std::nullopt;
  if (state_of(turn.execution(), branch).query_language == asl::QueryLanguage::kJsonata) {
    return Times{timeout.value, heartbeat.value};
  }
  for (const auto& [number, name] : {std::pair{timeout.value, "TimeoutSeconds"},
                                     std::pair{heartbeat.value, "HeartbeatSeconds"}}) {
    if (number && (*number < 1 || *number > kLongestSeconds)) {
      raise_runtime(turn, branch, std::string(name) + " must be between 1 and 99999999.");
      return std::nullopt;
    }
  }
  return Times{timeout.value, heartbeat.value};
}

// Credentials.RoleArn. False: the failure was raised.
bool credentials_of(Turn& turn, Branch& branch, const asl::TaskState& state,
                    const asl::Value& input, std::optional<std::string>& role) {
  if (!state.credentials.present()) return true;
  const std::optional<asl::Value> credentials =
      evaluate_template(turn, branch, state.credentials, input);
  if (!credentials) return false;
  const asl::Value* arn = credentials->find("RoleArn");
  if (arn != nullptr && arn->is_string()) role = std::string(arn->as_string());
  return true;
}

// "arn:aws:states:us-east-1:123456789012:activity:NAME", as this engine names its own.
bool is_own_activity(const asl::Resource& resource, const TurnServices& services) {
  const std::string own = "arn:" + services.partition + ":states:" + services.region + ":" +
                          services.account + ":activity:";
  return resource.arn.starts_with(own);
}

std::string activity_name(const asl::Resource& resource) {
  return resource.arn.substr(resource.arn.rfind(':') + 1);
}

bool activity_exists(Turn& turn, const asl::Resource& resource) {
  if (resource.kind != asl::ResourceKind::kActivity || turn.services().activities == nullptr ||
      !is_own_activity(resource, turn.services())) {
    return false;
  }
  const Result<bool> exists = turn.services().activities->exists(activity_name(resource));
  // A store that cannot be read fails the commit of this turn too.
  return !exists || *exists;
}

// The task waits for a worker. Its clocks start when one takes it.
void enqueue(Turn& turn, Branch& branch, const asl::Resource& resource) {
  Frame& frame = branch.frame;
  frame.phase = Phase::kQueued;
  frame.queued_at = turn.now();
  set_wake(branch, std::nullopt);
  turn.mark(branch);
  turn.after_commit([queue = turn.services().activities, activity = activity_name(resource),
                     task = QueuedTask{frame.queued_at, turn.execution().number, branch.id}](
                        const Status& durable) {
    if (durable) queue->added(activity, task);
  });
}

}  // namespace

std::string queue_key(const Execution& execution, const Branch& branch) {
  if (branch.frame.phase != Phase::kQueued) return {};
  const auto& state = std::get<asl::TaskState>(state_of(execution, branch).body);
  return keys::activity_task(activity_name(state.resource), branch.frame.queued_at,
                             execution.number, branch.id);
}

void activity_started(Turn& turn, Branch& branch, const ActivityStartMessage& message) {
  Frame& frame = branch.frame;
  std::vector<EventField> fields;
  if (!message.worker.empty()) {
    fields.push_back({Field::kWorkerName, std::string_view(message.worker)});
  }
  emit_task(turn, branch, EventType::kActivityStarted, fields);
  frame.phase = Phase::kSubmitted;
  if (frame.timeout_at) *frame.timeout_at += turn.now() - frame.queued_at;
  if (frame.heartbeat_seconds > 0) {
    frame.heartbeat_at = turn.now() + std::chrono::seconds(frame.heartbeat_seconds);
  }
  arm(branch);
  message.task->token = task_token(turn.execution(), branch);
  message.task->input = frame.parameters.text();
}

void enter_task(Turn& turn, Branch& branch, const asl::TaskState& state) {
  Execution& execution = turn.execution();
  const asl::Resource& resource = state.resource;
  Frame& frame = branch.frame;
  TaskHandler* handler = turn.services().handlers->find(resource, execution.record.machine,
                                                        state_of(execution, branch).name);
  const bool queued = handler == nullptr && activity_exists(turn, resource);
  if (handler == nullptr && !queued) {
    return raise_runtime(turn, branch,
                         resource.kind == asl::ResourceKind::kActivity
                             ? "The activity " + resource.arn + " does not exist."
                             : "No connector serves the resource " + resource.arn + ".");
  }
  const std::optional<asl::Payload> raw = apply_input_path(turn, branch);
  if (!raw) return;
  const std::optional<Times> times = times_of(turn, branch, state, raw->value());
  if (!times) return;
  std::optional<std::string> role;
  if (!credentials_of(turn, branch, state, raw->value(), role)) return;

  // The token names the scheduling event, whose number is the next one.
  frame.scheduled_event = execution.next_event;
  std::string token;
  const bool by_token = resource.pattern == asl::IntegrationPattern::kWaitForTaskToken ||
                        resource.kind == asl::ResourceKind::kActivity;
  // A .sync task has a token as well, which its parameters may pass on [rec].
  if (by_token || resource.pattern == asl::IntegrationPattern::kSync) {
    std::array<std::byte, kNonceBytes> nonce;
    turn.services().random->fill(nonce);
    frame.token_nonce.assign(reinterpret_cast<const char*>(nonce.data()), nonce.size());
    token = task_token(execution, branch);
  }
  std::optional<asl::Payload> parameters = effective_input(turn, branch, token);
  if (!parameters) return;
  if (parameters->exceeds(turn.limits().payload_bytes)) {
    return raise_failure(turn, branch, kStatesDataLimitExceeded,
                         "The state/task '" + name_for_limits(resource) +
                             "' provided parameters with a size exceeding the maximum number of "
                             "bytes service limit.");
  }

  const TaskEvents& events = events_of(resource);
  std::vector<EventField> fields;
  const PayloadRef stored = turn.store(*parameters);
  if (is_integration(resource)) {
    add_resource(resource, fields);
    fields.push_back({Field::kRegion, std::string_view(turn.services().region)});
    fields.push_back({Field::kParameters, stored});
  } else {
    fields.push_back({Field::kResource, std::string_view(resource.arn)});
    fields.push_back({Field::kInput, stored});
  }
  if (times->timeout) fields.push_back({Field::kTimeoutInSeconds, *times->timeout});
  if (times->heartbeat) fields.push_back({Field::kHeartbeatInSeconds, *times->heartbeat});
  if (role) fields.push_back({Field::kCredentialsRoleArn, std::string_view(*role)});
  const EventId scheduled = emit_task(turn, branch, events.scheduled, fields);
  PAWL_ASSERT(scheduled == frame.scheduled_event);
  frame.parameters = *std::move(parameters);
  frame.credentials_role_arn = std::move(role);
  if (times->timeout) frame.timeout_at = turn.now() + std::chrono::seconds(*times->timeout);
  frame.heartbeat_seconds = times->heartbeat.value_or(0);
  if (queued) return enqueue(turn, branch, resource);

  fields.clear();
  add_resource(resource, fields);
  emit_task(turn, branch, events.started, fields);
  frame.phase = Phase::kDispatched;
  if (times->heartbeat && by_token) {
    frame.heartbeat_at = turn.now() + std::chrono::seconds(*times->heartbeat);
  }
  arm(branch);
  if (handler->decides(resource)) {
    turn.decide(branch);
  } else {
    turn.dispatch(branch, false);
  }
}

void resume_task(Turn& turn, Branch& branch, const asl::TaskState& state, Outcome outcome) {
  if (auto* succeeded = std::get_if<TaskSucceeded>(&outcome)) {
    turn.join(std::move(succeeded->writes));
    return succeed_attempt(turn, branch, state, std::move(succeeded->output));
  }
  if (auto* failed = std::get_if<TaskFailed>(&outcome)) {
    turn.join(std::move(failed->writes));
    // The connector could not make a call of it (bad parameters, no mocked answer).
    if (failed->failure.error == kStatesRuntime) {
      close_attempt(branch);
      return raise_runtime(turn, branch, failed->failure.cause.value_or(""));
    }
    return fail_attempt(turn, branch, state, {.failure = std::move(failed->failure)}, false);
  }
  auto& submitted = std::get<TaskSubmitted>(outcome);
  turn.join(std::move(submitted.writes));
  Frame& frame = branch.frame;
  branch.cancellation.reset();
  if (submitted.output.present()) {
    std::vector<EventField> fields;
    add_resource(state.resource, fields);
    fields.push_back({Field::kOutput, turn.store(submitted.output)});
    emit_task(turn, branch, EventType::kTaskSubmitted, fields);
  }
  frame.phase = Phase::kSubmitted;
  if (submitted.continuation.present()) frame.continuation = std::move(submitted.continuation);
  frame.poll_at.reset();
  if (std::exchange(frame.child_ended, false)) return ask_again(turn, branch);
  if (submitted.poll_after) frame.poll_at = turn.now() + *submitted.poll_after;
  arm(branch);
}

void task_deadline(Turn& turn, Branch& branch, const asl::TaskState& state, runtime::WallTime at) {
  Frame& frame = branch.frame;
  const auto due = [at](const std::optional<runtime::WallTime>& deadline) {
    return deadline.has_value() && *deadline <= at;
  };
  const bool heartbeat = due(frame.heartbeat_at);
  if (due(frame.timeout_at) || heartbeat) {
    return fail_attempt(turn, branch, state,
                        {.failure = {std::string(kStatesTimeout), std::nullopt},
                         .heartbeat = heartbeat && !due(frame.timeout_at)},
                        true);
  }
  if (due(frame.poll_at) && frame.phase == Phase::kSubmitted) return ask_again(turn, branch);
  arm(branch);
}

void token_succeeded(Turn& turn, Branch& branch, const asl::TaskState& state, asl::Payload output) {
  succeed_attempt(turn, branch, state, std::move(output));
}

void token_failed(Turn& turn, Branch& branch, const asl::TaskState& state, Failure failure) {
  fail_attempt(turn, branch, state, {.failure = std::move(failure)}, false);
}

void ask_again(Turn& turn, Branch& branch) {
  branch.frame.phase = Phase::kResuming;
  branch.frame.poll_at.reset();
  arm(branch);
  turn.dispatch(branch, true);
}

TaskRequest task_request(const Execution& execution, const Branch& branch,
                         const TurnServices& services) {
  const asl::State& state = state_of(execution, branch);
  const Frame& frame = branch.frame;
  TaskRequest request;
  request.resource = &std::get<asl::TaskState>(state.body).resource;
  request.parameters = frame.parameters;
  request.execution_arn = execution.arn;
  request.execution_name = execution.record.name;
  request.state_machine_arn = execution.state_machine_arn;
  request.state_name = state.name;
  request.role_arn = execution.record.role_arn;
  request.credentials_role_arn = frame.credentials_role_arn;
  request.region = services.region;
  request.account = services.account;
  if (!frame.token_nonce.empty()) request.task_token = task_token(execution, branch);
  request.idempotency_key =
      execution.arn + "#" + std::to_string(branch.id) + "." + std::to_string(frame.scheduled_event);
  request.execution_number = execution.number;
  request.branch = branch.id;
  request.scheduled_event_id = frame.scheduled_event;
  request.attempt = frame.retry_count;
  if (frame.timeout_at) {
    request.deadline =
        services.clock->steady_now() +
        std::max(std::chrono::milliseconds(0), *frame.timeout_at - services.clock->wall_now());
  }
  request.cancellation = branch.cancellation;
  return request;
}

std::string task_token(const Execution& execution, const Branch& branch) {
  return encode_token(
      {execution.number, branch.id, branch.frame.scheduled_event, branch.frame.token_nonce});
}

}  // namespace pawl::engine
