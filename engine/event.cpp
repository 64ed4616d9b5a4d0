#include "engine/event.h"

#include "asl/json/reader.h"

#include <array>

namespace pawl::engine {

namespace {

using asl::Value;

// One line per event type: its name, and the member that holds its details ("" for the types that
// have none in AWS's answers).
struct TypeRow {
  std::string_view name;
  std::string_view details;
};
constexpr std::string_view kEntered = "stateEnteredEventDetails";
constexpr std::string_view kExited = "stateExitedEventDetails";
constexpr std::array<TypeRow, kEventTypes> kTypes = {{
    {"ActivityFailed", "activityFailedEventDetails"},
    {"ActivityScheduled", "activityScheduledEventDetails"},
    {"ActivityScheduleFailed", "activityScheduleFailedEventDetails"},
    {"ActivityStarted", "activityStartedEventDetails"},
    {"ActivitySucceeded", "activitySucceededEventDetails"},
    {"ActivityTimedOut", "activityTimedOutEventDetails"},
    {"ChoiceStateEntered", kEntered},
    {"ChoiceStateExited", kExited},
    {"ExecutionAborted", "executionAbortedEventDetails"},
    {"ExecutionFailed", "executionFailedEventDetails"},
    {"ExecutionStarted", "executionStartedEventDetails"},
    {"ExecutionSucceeded", "executionSucceededEventDetails"},
    {"ExecutionTimedOut", "executionTimedOutEventDetails"},
    {"FailStateEntered", kEntered},
    {"LambdaFunctionFailed", "lambdaFunctionFailedEventDetails"},
    {"LambdaFunctionScheduled", "lambdaFunctionScheduledEventDetails"},
    {"LambdaFunctionScheduleFailed", "lambdaFunctionScheduleFailedEventDetails"},
    {"LambdaFunctionStarted", ""},
    {"LambdaFunctionStartFailed", "lambdaFunctionStartFailedEventDetails"},
    {"LambdaFunctionSucceeded", "lambdaFunctionSucceededEventDetails"},
    {"LambdaFunctionTimedOut", "lambdaFunctionTimedOutEventDetails"},
    {"MapIterationAborted", "mapIterationAbortedEventDetails"},
    {"MapIterationFailed", "mapIterationFailedEventDetails"},
    {"MapIterationStarted", "mapIterationStartedEventDetails"},
    {"MapIterationSucceeded", "mapIterationSucceededEventDetails"},
    {"MapStateAborted", ""},
    {"MapStateEntered", kEntered},
    {"MapStateExited", kExited},
    {"MapStateFailed", ""},
    {"MapStateStarted", "mapStateStartedEventDetails"},
    {"MapStateSucceeded", ""},
    {"ParallelStateAborted", ""},
    {"ParallelStateEntered", kEntered},
    {"ParallelStateExited", kExited},
    {"ParallelStateFailed", ""},
    {"ParallelStateStarted", ""},
    {"ParallelStateSucceeded", ""},
    {"PassStateEntered", kEntered},
    {"PassStateExited", kExited},
    {"SucceedStateEntered", kEntered},
    {"SucceedStateExited", kExited},
    {"TaskFailed", "taskFailedEventDetails"},
    {"TaskScheduled", "taskScheduledEventDetails"},
    {"TaskStarted", "taskStartedEventDetails"},
    {"TaskStartFailed", "taskStartFailedEventDetails"},
    {"TaskStateAborted", ""},
    {"TaskStateEntered", kEntered},
    {"TaskStateExited", kExited},
    {"TaskSubmitFailed", "taskSubmitFailedEventDetails"},
    {"TaskSubmitted", "taskSubmittedEventDetails"},
    {"TaskSucceeded", "taskSucceededEventDetails"},
    {"TaskTimedOut", "taskTimedOutEventDetails"},
    {"WaitStateAborted", ""},
    {"WaitStateEntered", kEntered},
    {"WaitStateExited", kExited},
    {"MapRunAborted", ""},
    {"MapRunFailed", "mapRunFailedEventDetails"},
    {"MapRunStarted", "mapRunStartedEventDetails"},
    {"MapRunSucceeded", ""},
    {"ExecutionRedriven", "executionRedrivenEventDetails"},
    {"MapRunRedriven", "mapRunRedrivenEventDetails"},
    {"EvaluationFailed", "evaluationFailedEventDetails"},
}};

// How a field is stored and shown.
enum class Shape { kNumber, kText, kDocument };
struct FieldRow {
  std::string_view name;
  Shape shape;
};
constexpr std::array<FieldRow, 23> kFields = {{
    {"name", Shape::kText},
    {"input", Shape::kDocument},
    {"output", Shape::kDocument},
    {"parameters", Shape::kDocument},
    {"resource", Shape::kText},
    {"resourceType", Shape::kText},
    {"region", Shape::kText},
    {"error", Shape::kText},
    {"cause", Shape::kText},
    {"timeoutInSeconds", Shape::kNumber},
    {"heartbeatInSeconds", Shape::kNumber},
    {"length", Shape::kNumber},
    {"index", Shape::kNumber},
    {"roleArn", Shape::kText},
    {"workerName", Shape::kText},
    {"mapRunArn", Shape::kText},
    {"assignedVariables", Shape::kDocument},
    {"taskCredentials", Shape::kText},
    {"stateMachineVersionArn", Shape::kText},
    {"stateMachineAliasArn", Shape::kText},
    {"redriveCount", Shape::kNumber},
    {"location", Shape::kText},
    {"state", Shape::kText},
}};

const FieldRow& row_of(Field field) { return kFields[static_cast<std::size_t>(field)]; }

Value not_truncated() {
  return asl::Value::object({{Value::string("truncated"), Value::boolean(false)}});
}

// Adds one field to the details; false with `error` set if its document cannot be read.
Status add_field(const EventField& field, const PayloadText& payload, bool include_data,
                 asl::ObjectBuilder& details) {
  const FieldRow& row = row_of(field.field);
  switch (row.shape) {
    case Shape::kNumber:
      details.set(row.name, Value::integer(std::get<std::int64_t>(field.value)));
      return {};
    case Shape::kText: {
      const Value text = Value::string(std::get<std::string_view>(field.value));
      if (field.field == Field::kCredentialsRoleArn) {
        details.set(row.name, Value::object({{Value::string("roleArn"), text}}));
      } else {
        details.set(row.name, text);
      }
      return {};
    }
    case Shape::kDocument:
      break;
  }
  const bool hidden = field.field == Field::kInput || field.field == Field::kOutput;
  if (hidden && !include_data) return {};
  const PayloadRef ref = std::get<PayloadRef>(field.value);
  if (ref.place == 0) return {};
  Result<std::string> text = payload(ref);
  if (!text) return std::move(text).error();
  if (field.field == Field::kAssignedVariables) {
    Result<asl::Value> variables = asl::read_json(*text);
    if (!variables) return std::move(variables).error();
    details.set(row.name, *std::move(variables));
    details.set("assignedVariablesDetails", not_truncated());
    return {};
  }
  details.set(row.name, Value::string(*text));
  if (hidden) details.set(std::string(row.name) + "Details", not_truncated());
  return {};
}

}  // namespace

bool is_state_entered(EventType type) {
  switch (type) {
    case EventType::kChoiceStateEntered:
    case EventType::kFailStateEntered:
    case EventType::kMapStateEntered:
    case EventType::kParallelStateEntered:
    case EventType::kPassStateEntered:
    case EventType::kSucceedStateEntered:
    case EventType::kTaskStateEntered:
    case EventType::kWaitStateEntered:
      return true;
    default:
      return false;
  }
}

std::string_view event_type_name(EventType type) {
  return kTypes[static_cast<std::size_t>(type)].name;
}

void encode_event(EventType type, EventId id, EventId previous, runtime::WallTime timestamp,
                  std::span<const EventField> fields, EventId base_id, runtime::WallTime base_time,
                  runtime::Encoder& out) {
  out.u8(static_cast<std::uint8_t>(type));
  out.varint(static_cast<std::uint64_t>(id - base_id));
  out.varint(static_cast<std::uint64_t>(id - previous));
  out.signed_varint((timestamp - base_time).count());
  out.varint(fields.size());
  for (const EventField& field : fields) {
    out.u8(static_cast<std::uint8_t>(field.field));
    switch (row_of(field.field).shape) {
      case Shape::kNumber:
        out.signed_varint(std::get<std::int64_t>(field.value));
        break;
      case Shape::kText:
        out.string(std::get<std::string_view>(field.value));
        break;
      case Shape::kDocument:
        out.varint(std::get<PayloadRef>(field.value).place);
        break;
    }
  }
}

Result<StoredEvent> decode_event(runtime::Decoder& in, EventId base_id,
                                 runtime::WallTime base_time) {
  StoredEvent event;
  event.type = static_cast<EventType>(in.varint_max(kEventTypes - 1));
  event.id = base_id + static_cast<EventId>(in.varint());
  event.previous = event.id - static_cast<EventId>(in.varint());
  event.timestamp = base_time + std::chrono::milliseconds(in.signed_varint());
  const std::uint64_t count = in.varint_max(kFields.size());
  event.fields.reserve(count);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const auto field = static_cast<Field>(in.varint_max(kFields.size() - 1));
    switch (row_of(field).shape) {
      case Shape::kNumber:
        event.fields.push_back({field, in.signed_varint()});
        break;
      case Shape::kText:
        event.fields.push_back({field, in.string()});
        break;
      case Shape::kDocument:
        event.fields.push_back({field, PayloadRef{in.varint()}});
        break;
    }
  }
  if (!in.ok()) return Error{ErrorCode::kCorrupt, "A history event does not read back.", ""};
  return event;
}

Result<asl::Value> render_event(const StoredEvent& event, const PayloadText& payload,
                                bool include_execution_data) {
  asl::ObjectBuilder shown;
  shown.set("timestamp", epoch_seconds(event.timestamp));
  shown.set("type", Value::string(event_type_name(event.type)));
  shown.set("id", Value::integer(event.id));
  shown.set("previousEventId", Value::integer(event.previous));
  const std::string_view details_name = kTypes[static_cast<std::size_t>(event.type)].details;
  if (!details_name.empty()) {
    asl::ObjectBuilder details;
    for (const EventField& field : event.fields) {
      const Status added = add_field(field, payload, include_execution_data, details);
      if (!added) return added.error();
    }
    shown.set(details_name, std::move(details).build());
  }
  return std::move(shown).build();
}

asl::Value epoch_seconds(runtime::WallTime time) {
  return Value::number(static_cast<double>(time.time_since_epoch().count()) / 1000.0);
}

}  // namespace pawl::engine
