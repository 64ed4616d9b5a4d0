#include "engine/event.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "engine/record_parts.h"

#include <array>
#include <charconv>
#include <utility>

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

// What an event is shown as: a value ...
class AsValue {
 public:
  void begin(std::string_view name) {
    names_.emplace_back(name);
    objects_.emplace_back();
  }
  void end() {
    Value object = std::move(objects_.back()).build();
    objects_.pop_back();
    objects_.back().set(names_.back(), std::move(object));
    names_.pop_back();
  }
  void number(std::string_view name, std::int64_t value) { set(name, Value::integer(value)); }
  void boolean(std::string_view name, bool value) { set(name, Value::boolean(value)); }
  void text(std::string_view name, std::string_view value) { set(name, Value::string(value)); }
  void time(std::string_view name, runtime::WallTime value) { set(name, epoch_seconds(value)); }
  Status json(std::string_view name, std::string_view text) {
    Result<Value> value = asl::read_json(text);
    if (!value) return std::move(value).error();
    set(name, *std::move(value));
    return {};
  }
  Value take() { return std::move(objects_.back()).build(); }

 private:
  void set(std::string_view name, Value value) { objects_.back().set(name, std::move(value)); }

  std::vector<asl::ObjectBuilder> objects_ = std::vector<asl::ObjectBuilder>(1);
  std::vector<std::string> names_;
};

// ... or as JSON text. The documents of the store are JSON as pawl writes it.
class AsText {
 public:
  explicit AsText(std::string& out) : out_(out) { out_ += '{'; }

  void begin(std::string_view name) {
    add(name);
    out_ += '{';
    first_ = true;
  }
  void end() {
    out_ += '}';
    first_ = false;
  }
  void number(std::string_view name, std::int64_t value) {
    add(name);
    std::array<char, 24> digits;  // NOLINT(cppcoreguidelines-pro-type-member-init): written first
    out_.append(digits.data(),
                std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
  }
  void boolean(std::string_view name, bool value) {
    add(name);
    out_ += value ? "true" : "false";
  }
  void text(std::string_view name, std::string_view value) {
    add(name);
    asl::write_json_string(value, out_);
  }
  void time(std::string_view name, runtime::WallTime value) {
    add(name);
    asl::write_json(epoch_seconds(value), out_);
  }
  Status json(std::string_view name, std::string_view text) {
    add(name);
    out_ += text;
    return {};
  }

 private:
  void add(std::string_view name) {
    if (!std::exchange(first_, false)) out_ += ',';
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }

  std::string& out_;
  bool first_ = true;
};

template <typename Shown>
void show_not_truncated(std::string_view name, Shown& shown) {
  shown.begin(name);
  shown.boolean("truncated", false);
  shown.end();
}

// Adds one field to the details; an error if its document cannot be read.
template <typename Shown>
Status show_field(const EventField& field, const PayloadText& payload, bool include_data,
                  Shown& shown) {
  const FieldRow& row = row_of(field.field);
  switch (row.shape) {
    case Shape::kNumber:
      shown.number(row.name, std::get<std::int64_t>(field.value));
      return {};
    case Shape::kText: {
      const std::string_view text = std::get<std::string_view>(field.value);
      if (field.field == Field::kCredentialsRoleArn) {
        shown.begin(row.name);
        shown.text("roleArn", text);
        shown.end();
      } else {
        shown.text(row.name, text);
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
  const Result<std::string_view> text = payload(ref);
  if (!text) return text.error();
  if (field.field == Field::kAssignedVariables) {
    if (Status added = shown.json(row.name, *text); !added) return added;
    show_not_truncated("assignedVariablesDetails", shown);
    return {};
  }
  shown.text(row.name, *text);
  if (hidden) {
    show_not_truncated(field.field == Field::kInput ? "inputDetails" : "outputDetails", shown);
  }
  return {};
}

template <typename Shown>
Status show_event(const StoredEvent& event, const PayloadText& payload, bool include_data,
                  Shown& shown) {
  const TypeRow& type = kTypes[static_cast<std::size_t>(event.type)];
  shown.time("timestamp", event.timestamp);
  shown.text("type", type.name);
  shown.number("id", event.id);
  shown.number("previousEventId", event.previous);
  if (type.details.empty()) return {};
  shown.begin(type.details);
  for (const EventField& field : event.fields) {
    if (Status added = show_field(field, payload, include_data, shown); !added) return added;
  }
  shown.end();
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
  // Put together here and appended at once: a string that grows byte by byte costs four times as
  // much, and events are the most of what a turn writes.
  constexpr std::size_t kHeadBytesMax = 1 + 4 * runtime::kVarintBytesMax;
  constexpr std::size_t kFieldBytesMax = 1 + runtime::kVarintBytesMax;
  constexpr std::size_t kShortText = 100;
  std::array<char, 256> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): up to `size`
  std::size_t size = 0;
  const auto byte = [&](std::uint8_t number) { bytes[size++] = static_cast<char>(number); };
  const auto varint = [&](std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) byte(static_cast<std::uint8_t>(number | 0x80));
    byte(static_cast<std::uint8_t>(number));
  };
  static_assert(kHeadBytesMax + kFieldBytesMax + kShortText < bytes.size());
  byte(static_cast<std::uint8_t>(type));
  varint(static_cast<std::uint64_t>(id - base_id));
  varint(static_cast<std::uint64_t>(id - previous));
  varint(runtime::zigzag((timestamp - base_time).count()));
  varint(fields.size());
  for (const EventField& field : fields) {
    if (size + kFieldBytesMax + kShortText > bytes.size()) {
      out.raw({bytes.data(), size});
      size = 0;
    }
    byte(static_cast<std::uint8_t>(field.field));
    switch (row_of(field.field).shape) {
      case Shape::kNumber:
        varint(runtime::zigzag(std::get<std::int64_t>(field.value)));
        break;
      case Shape::kText: {
        const std::string_view text = std::get<std::string_view>(field.value);
        varint(text.size());
        if (text.size() <= kShortText) {
          text.copy(bytes.data() + size, text.size());
          size += text.size();
        } else {
          out.raw({bytes.data(), size}).raw(text);
          size = 0;
        }
        break;
      }
      case Shape::kDocument:
        varint(std::get<PayloadRef>(field.value).place);
        break;
    }
  }
  out.raw({bytes.data(), size});
}

Result<StoredEvent> decode_event(runtime::Decoder& in, EventId base_id,
                                 runtime::WallTime base_time) {
  StoredEvent event;
  if (Status decoded = decode_event(in, base_id, base_time, event); !decoded) {
    return std::move(decoded).error();
  }
  return event;
}

Status decode_event(runtime::Decoder& in, EventId base_id, runtime::WallTime base_time,
                    StoredEvent& event) {
  event.type = static_cast<EventType>(in.varint_max(kEventTypes - 1));
  event.id = base_id + get_event_id(in);
  event.previous = event.id - get_event_id(in);
  event.timestamp = base_time + get_span(in, in.signed_varint());
  const std::uint64_t count = in.varint_max(kFields.size());
  event.fields.clear();
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
  return {};
}

Result<asl::Value> render_event(const StoredEvent& event, const PayloadText& payload,
                                bool include_execution_data) {
  AsValue shown;
  if (Status done = show_event(event, payload, include_execution_data, shown); !done) {
    return std::move(done).error();
  }
  return shown.take();
}

Status write_event(const StoredEvent& event, const PayloadText& payload,
                   bool include_execution_data, std::string& out) {
  AsText shown(out);
  if (Status done = show_event(event, payload, include_execution_data, shown); !done) return done;
  out += '}';
  return {};
}

asl::Value epoch_seconds(runtime::WallTime time) {
  return Value::number(static_cast<double>(time.time_since_epoch().count()) / 1000.0);
}

}  // namespace pawl::engine
