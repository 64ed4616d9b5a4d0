#include "connectors/states/mapping.h"

#include "asl/json/reader.h"
#include "asl/json/value.h"
#include "asl/json/writer.h"
#include "connectors/aws/sdk_metadata.h"
#include "connectors/http_date.h"
#include "connectors/lambda/backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <vector>

namespace pawl::connectors {
namespace {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using engine::Failure;
using engine::Outcome;
using engine::TaskRequest;

constexpr std::string_view kSdkService = "aws-sdk:sfn";

bool is_sdk(const TaskRequest& request) { return request.resource->service == kSdkService; }

std::string with_first(std::string_view name, int (*convert)(int)) {
  std::string text(name);
  if (!text.empty()) {
    text[0] = static_cast<char>(convert(static_cast<unsigned char>(text[0])));
  }
  return text;
}
int to_upper(int c) { return c >= 'a' && c <= 'z' ? c - 32 : c; }
int to_lower(int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

// --- parameters ---

Failure runtime_failure(const TaskRequest& request, std::string_view problem) {
  return Failure{"States.Runtime",
                 fmt::format("The Parameters '{}' could not be used to start the Task: [{}]",
                             request.parameters.text(), problem)};
}

// Members of the API that are JSON text: a definition may give the value itself.
bool is_json_text(std::string_view member) {
  return member == "input" || member == "output" || member == "definition" ||
         member == "variables" || member == "context";
}

// PascalCase to camelCase, for the members of structures.
Value to_api_members(const Value& value) {
  if (value.is_array()) {
    std::vector<Value> items;
    items.reserve(value.size());
    for (const Value& item : value.items()) items.push_back(to_api_members(item));
    return Value::array(std::move(items));
  }
  if (!value.is_object()) return value;
  ObjectBuilder out;
  for (const Member& member : value.members()) {
    const std::string name = with_first(member.key.as_string(), to_lower);
    if (member.value.is_null()) continue;  // as if it were absent
    if (is_json_text(name) && !member.value.is_string()) {
      out.set(name, Value::string(asl::to_json(member.value)));
    } else {
      out.set(name, to_api_members(member.value));
    }
  }
  return std::move(out).build();
}

// --- answers ---

bool is_date(std::string_view member) {
  constexpr std::string_view kDates[] = {"startDate",  "stopDate",    "creationDate",
                                         "updateDate", "redriveDate", "timestamp"};
  return std::find(std::begin(kDates), std::end(kDates), member) != std::end(kDates);
}

std::int64_t epoch_millis(const Value& seconds) {
  return static_cast<std::int64_t>(std::llround(seconds.as_double() * 1000));
}

std::tm utc(std::int64_t millis) {
  const std::time_t seconds = millis / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

std::string iso8601(std::int64_t millis) {
  const std::tm parts = utc(millis);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     millis % 1000);
}

Value from_api_date(const Value& seconds, bool sdk) {
  const std::int64_t millis = epoch_millis(seconds);
  return sdk ? Value::string(iso8601(millis)) : Value::integer(millis);
}

// camelCase to PascalCase, members sorted by name as the SDKs' shapes show them.
Value from_api_members(const Value& value, bool sdk) {
  if (value.is_array()) {
    std::vector<Value> items;
    items.reserve(value.size());
    for (const Value& item : value.items()) items.push_back(from_api_members(item, sdk));
    return Value::array(std::move(items));
  }
  if (!value.is_object()) return value;
  std::vector<std::pair<std::string, Value>> members;
  for (const Member& member : value.members()) {
    const std::string_view name = member.key.as_string();
    Value shown = is_date(name) && member.value.is_number() ? from_api_date(member.value, sdk)
                  : name == "variableReferences"            ? member.value  // keys are states
                                                            : from_api_members(member.value, sdk);
    members.emplace_back(with_first(name, to_upper), std::move(shown));
  }
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  ObjectBuilder out;
  for (auto& [name, shown] : members) out.set(name, std::move(shown));
  return std::move(out).build();
}

// A field of its own: a Root would make X-Ray count the child to a trace that nobody sends.
std::string attempt_mark(const TaskRequest& request) {
  return "Self=" + request_id_of(request.idempotency_key);
}

std::string request_id(const TaskRequest& request) {
  return request_id_of(request.idempotency_key + "/request");
}

// What the SDK saw of the answer, in the order in which the service shows it [rec].
aws::HttpSeen seen_of(const std::string& id, std::string_view child_arn, runtime::WallTime now) {
  // {"executionArn":"...","startDate":1.688136139123E9}, with all three digits of the fraction.
  constexpr std::size_t kAroundArn = 48;
  return {200,
          {{"x-amzn-RequestId", id},
           {"connection", "keep-alive"},
           {"Content-Length", std::to_string(kAroundArn + child_arn.size())},
           {"Date", http_date(now)},
           {"Content-Type", "application/x-amz-json-1.0"}}};
}

Value read_answer(const std::string& text) {
  Result<Value> read = asl::read_json(text);
  PAWL_ASSERT(read.has_value() && read->is_object());  // our own API wrote it
  return *std::move(read);
}

}  // namespace

std::variant<StatesCall, Failure> to_states_call(const TaskRequest& request) {
  const Value& parameters = request.parameters.value();
  if (!parameters.is_object()) return runtime_failure(request, "The parameters must be an object");
  const asl::Resource& resource = *request.resource;
  const bool offered = is_sdk(request) ? resource.pattern != asl::IntegrationPattern::kSync
                                       : resource.api_action == "startExecution";
  if (!offered) {
    return runtime_failure(
        request, fmt::format("The resource {} is not supported by Step Functions", resource.arn));
  }
  if (!is_sdk(request)) {
    for (const Member& member : parameters.members()) {
      const std::string_view field = member.key.as_string();
      const bool known = field == "StateMachineArn" || field == "Input" || field == "Name" ||
                         field == "TraceHeader";
      if (!known) {
        return runtime_failure(
            request, fmt::format("The field \"{}\" is not supported by Step Functions", field));
      }
      if (field != "Input" && !member.value.is_string() && !member.value.is_null()) {
        return runtime_failure(request,
                               fmt::format("The value for the field '{}' must be a STRING", field));
      }
    }
    const Value* machine = parameters.find("StateMachineArn");
    if (machine == nullptr || machine->is_null()) {
      return runtime_failure(request, "The field 'StateMachineArn' is required but was missing");
    }
  }
  StatesCall call;
  call.operation = with_first(request.resource->api_action, to_upper);
  Value input = to_api_members(parameters);
  if (call.operation == "StartExecution" && input.find("name") == nullptr) {
    ObjectBuilder named(input);
    named.set("name", Value::string(request_id_of(request.idempotency_key)));
    input = std::move(named).build();
  }
  call.input = asl::to_json(input);
  return call;
}

StatesCall with_attempt_mark(const TaskRequest& request, StatesCall call) {
  const Value input = read_answer(call.input);
  if (input.find("traceHeader") != nullptr) return call;
  ObjectBuilder marked(input);
  marked.set("traceHeader", Value::string(attempt_mark(request)));
  call.input = asl::to_json(std::move(marked).build());
  return call;
}

std::string describe_child_of(const StatesCall& call) {
  constexpr std::string_view kMachine = ":stateMachine:";
  const Value input = read_answer(call.input);
  std::string arn(text_of(input, "stateMachineArn"));
  const std::size_t machine = arn.find(kMachine);
  if (machine == std::string::npos) return {};
  // A version or an alias is not part of an execution's ARN.
  const std::size_t qualifier = arn.find(':', machine + kMachine.size());
  if (qualifier != std::string::npos) arn.resize(qualifier);
  arn.replace(machine, kMachine.size(), ":execution:");
  ObjectBuilder child;
  child.set("executionArn", Value::string(fmt::format("{}:{}", arn, text_of(input, "name"))));
  return asl::to_json(std::move(child).build());
}

std::string answer_of_own_child(const TaskRequest& request, const std::string& description) {
  const Value execution = read_answer(description);
  const bool own = text_of(execution, "name") == request_id_of(request.idempotency_key) ||
                   text_of(execution, "traceHeader") == attempt_mark(request);
  const Value* arn = execution.find("executionArn");
  const Value* start = execution.find("startDate");
  if (!own || arn == nullptr || start == nullptr) return {};
  ObjectBuilder answer;
  answer.set("executionArn", *arn);
  answer.set("startDate", *start);
  return asl::to_json(std::move(answer).build());
}

asl::Payload to_states_output(const TaskRequest& request, const std::string& answer,
                              runtime::WallTime now) {
  const Value api_answer = read_answer(answer);
  const bool sdk = is_sdk(request);
  const Value shown = from_api_members(api_answer, sdk);
  if (sdk) return asl::Payload::of(shown);
  const Value* arn = api_answer.find("executionArn");
  PAWL_ASSERT(arn != nullptr);
  ObjectBuilder out;
  out.set("ExecutionArn", *arn);
  out.set("StartDate", *shown.find("StartDate"));
  const std::string id = request_id(request);
  return aws::with_metadata(std::move(out).build(), id, seen_of(id, arn->as_string(), now));
}

Failure to_states_failure(const TaskRequest& request, const StatesError& error) {
  if (error.role_refused) return Failure{"States.Permissions", error.message};
  // Errors that no operation's model has show as the SDK's base class.
  const bool modelled = error.status == 400 && error.code != "ThrottlingException" &&
                        error.code != "SerializationException" &&
                        error.code != "UnknownOperationException";
  const bool sdk = is_sdk(request);
  std::string name = sdk ? "SfnException" : "AWSStepFunctionsException";
  if (modelled) name = error.code.ends_with("Exception") ? error.code : error.code + "Exception";
  if (sdk) {
    return Failure{"Sfn." + name,
                   fmt::format("{} (Service: Sfn, Status Code: {}, Request ID: {}) (SDK Attempt "
                               "Count: 1)",
                               error.message, error.status, request_id(request))};
  }
  return Failure{"StepFunctions." + name,
                 fmt::format("{} (Service: AWSStepFunctions; Status Code: {}; Error Code: {}; "
                             "Request ID: {}; Proxy: null)",
                             error.message, error.status, error.code, request_id(request))};
}

Outcome to_sync_outcome(const TaskRequest& request, const std::string& description) {
  const Value api_answer = read_answer(description);
  const std::string status(api_answer.find("status")->as_string());
  if (status == "RUNNING") return engine::TaskSubmitted{};
  ObjectBuilder shown(from_api_members(api_answer, false));
  // That one was not asked for.
  if (text_of(api_answer, "traceHeader") == attempt_mark(request)) shown.erase("TraceHeader");
  if (request.resource->action.ends_with(".sync:2")) {
    for (const auto& [api_name, name] :
         {std::pair{"input", "Input"}, std::pair{"output", "Output"}}) {
      const Value* text = api_answer.find(api_name);
      if (text == nullptr) continue;
      if (const Result<Value> parsed = asl::read_json(text->as_string())) shown.set(name, *parsed);
    }
  }
  const Value document = std::move(shown).build();
  if (status == "SUCCEEDED") return engine::TaskSucceeded{asl::Payload::of(document), {}};
  return engine::TaskFailed{{"States.TaskFailed", asl::to_json(document)}};
}

}  // namespace pawl::connectors
