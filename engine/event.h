// History events: their types, their details, their compact form in the store, and AWS's form.
//
// An event is written once, as a few bytes: type, ids and time as differences, and a list of tagged
// fields; documents are references to payloads stored once per execution (records.h). It takes
// AWS's shape only when somebody reads it. The layout is drawn in docs/storage.md.
//
// Source: the HistoryEvent shapes of the API model; `asl-facts` section 16.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"
#include "runtime/clock/clock.h"
#include "runtime/store/encoding.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pawl::engine {

using EventId = std::int64_t;

// The numbers are stored: append only, never reorder.
enum class EventType : std::uint8_t {
  kActivityFailed = 0,
  kActivityScheduled = 1,
  kActivityScheduleFailed = 2,
  kActivityStarted = 3,
  kActivitySucceeded = 4,
  kActivityTimedOut = 5,
  kChoiceStateEntered = 6,
  kChoiceStateExited = 7,
  kExecutionAborted = 8,
  kExecutionFailed = 9,
  kExecutionStarted = 10,
  kExecutionSucceeded = 11,
  kExecutionTimedOut = 12,
  kFailStateEntered = 13,
  kLambdaFunctionFailed = 14,
  kLambdaFunctionScheduled = 15,
  kLambdaFunctionScheduleFailed = 16,
  kLambdaFunctionStarted = 17,
  kLambdaFunctionStartFailed = 18,
  kLambdaFunctionSucceeded = 19,
  kLambdaFunctionTimedOut = 20,
  kMapIterationAborted = 21,
  kMapIterationFailed = 22,
  kMapIterationStarted = 23,
  kMapIterationSucceeded = 24,
  kMapStateAborted = 25,
  kMapStateEntered = 26,
  kMapStateExited = 27,
  kMapStateFailed = 28,
  kMapStateStarted = 29,
  kMapStateSucceeded = 30,
  kParallelStateAborted = 31,
  kParallelStateEntered = 32,
  kParallelStateExited = 33,
  kParallelStateFailed = 34,
  kParallelStateStarted = 35,
  kParallelStateSucceeded = 36,
  kPassStateEntered = 37,
  kPassStateExited = 38,
  kSucceedStateEntered = 39,
  kSucceedStateExited = 40,
  kTaskFailed = 41,
  kTaskScheduled = 42,
  kTaskStarted = 43,
  kTaskStartFailed = 44,
  kTaskStateAborted = 45,
  kTaskStateEntered = 46,
  kTaskStateExited = 47,
  kTaskSubmitFailed = 48,
  kTaskSubmitted = 49,
  kTaskSucceeded = 50,
  kTaskTimedOut = 51,
  kWaitStateAborted = 52,
  kWaitStateEntered = 53,
  kWaitStateExited = 54,
  kMapRunAborted = 55,
  kMapRunFailed = 56,
  kMapRunStarted = 57,
  kMapRunSucceeded = 58,
  kExecutionRedriven = 59,
  kMapRunRedriven = 60,
  kEvaluationFailed = 61,
};
inline constexpr int kEventTypes = 62;

std::string_view event_type_name(EventType type);
bool is_state_entered(EventType type);  // TaskStateEntered and its seven kin

// Members of the details objects. Stored: append only.
enum class Field : std::uint8_t {
  kName = 0,
  kInput = 1,       // a document; shown with inputDetails
  kOutput = 2,      // a document; shown with outputDetails
  kParameters = 3,  // a document; never truncated, never hidden
  kResource = 4,
  kResourceType = 5,
  kRegion = 6,
  kError = 7,
  kCause = 8,
  kTimeoutInSeconds = 9,
  kHeartbeatInSeconds = 10,
  kLength = 11,
  kIndex = 12,
  kRoleArn = 13,
  kWorkerName = 14,
  kMapRunArn = 15,
  kAssignedVariables = 16,  // a document: an object of serialized values
  kCredentialsRoleArn = 17,
  kVersionArn = 18,
  kAliasArn = 19,
  kRedriveCount = 20,
  kLocation = 21,
  kState = 22,
};

// A document stored once per execution: number of the history record it lies in, and its place
// there (records.h). 0: none.
struct PayloadRef {
  std::uint64_t place = 0;
};

struct EventField {
  Field field;
  std::variant<std::int64_t, std::string_view, PayloadRef> value;
};

// An event as it is read back: fields borrow the record's bytes.
struct StoredEvent {
  EventType type = EventType::kExecutionStarted;
  EventId id = 0;
  EventId previous = 0;
  runtime::WallTime timestamp;
  std::vector<EventField> fields;
};

// Appends one event in compact form.
void encode_event(EventType type, EventId id, EventId previous, runtime::WallTime timestamp,
                  std::span<const EventField> fields, EventId base_id, runtime::WallTime base_time,
                  runtime::Encoder& out);
// Reads the next event; kCorrupt if the bytes are not one. The second form fills an event that is
// used again: a history is read without an allocation per event.
Result<StoredEvent> decode_event(runtime::Decoder& in, EventId base_id,
                                 runtime::WallTime base_time);
Status decode_event(runtime::Decoder& in, EventId base_id, runtime::WallTime base_time,
                    StoredEvent& event);

// The text of a stored document, for rendering; valid until the rendering has ended.
using PayloadText = std::function<Result<std::string_view>(PayloadRef)>;

// AWS's shape, as GetExecutionHistory answers it (timestamps are seconds with milliseconds): as a
// value, or appended to `out` as JSON, which is several times faster.
Result<asl::Value> render_event(const StoredEvent& event, const PayloadText& payload,
                                bool include_execution_data);
Status write_event(const StoredEvent& event, const PayloadText& payload,
                   bool include_execution_data, std::string& out);

// Epoch seconds with millisecond fraction, as AWS JSON writes timestamps.
asl::Value epoch_seconds(runtime::WallTime time);

}  // namespace pawl::engine
