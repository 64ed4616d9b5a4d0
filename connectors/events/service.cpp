#include "connectors/events/service.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/mapping.h"
#include "connectors/embedded/json_rows.h"
#include "connectors/events/names.h"
#include "connectors/events/pattern.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace pawl::connectors::events {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

constexpr std::pair<std::string_view, std::string_view> kExceptions[] = {
    {"InternalException", "InternalException"},
    {"InvalidEventPatternException", "InvalidEventPatternException"},
    {"LimitExceededException", "LimitExceededException"},
    {"ResourceAlreadyExistsException", "ResourceAlreadyExistsException"},
    {"ResourceNotFoundException", "ResourceNotFoundException"},
};
constexpr std::string_view kTextMembers[] = {"Detail"};
constexpr std::string_view kDateMembers[] = {"CreationTime", "LastAuthorizedTime",
                                             "LastModifiedTime"};
// No headers: a Task's answer carries no metadata of the SDK [rec].
constexpr aws::Profile kProfile{.endpoint = "events",
                                .resource = "events",
                                .sdk = "eventbridge",
                                .prefix = "EventBridge",
                                .base_exception = "AmazonEventBridgeException",
                                .service = "AmazonEventBridge",
                                .sdk_prefix = "EventBridge",
                                .sdk_base_exception = "EventBridgeException",
                                .sdk_service = "EventBridge",
                                .extended_request_id = false,
                                .exceptions = kExceptions,
                                .text_members = kTextMembers,
                                .date_members = kDateMembers,
                                .headers = {},
                                .content_type = "application/x-amz-json-1.1"};

// Why one entry of PutEvents is refused; empty: it is not. Recorded, or as the API reference says.
std::optional<std::pair<std::string, std::string>> problem_of(const Value& entry) {
  const auto required = [&](std::string_view name) {
    return std::pair<std::string, std::string>{
        "InvalidArgument",
        fmt::format("Parameter {} is not valid. Reason: {} is a required argument.", name, name)};
  };
  for (const std::string_view name : {"Source", "DetailType", "Detail"}) {
    if (text_of(entry, name).empty()) return required(name);
  }
  const Result<Value> detail = asl::read_json(text_of(entry, "Detail"));
  if (!detail || !detail->is_object()) {
    return std::pair<std::string, std::string>{"MalformedDetail", "Detail is malformed."};
  }
  return std::nullopt;
}

}  // namespace

const aws::Profile& EventBridge::profile() const { return kProfile; }

std::string EventBridge::body_of(const aws::Call& /*call*/, const Value& answer) const {
  return asl::to_json(answer);
}

std::optional<engine::Failure> EventBridge::task_failure(const aws::Call& call,
                                                         const Value& answer) const {
  if (call.operation != "PutEvents") return std::nullopt;
  const Value* failed = answer.find("FailedEntryCount");
  if (failed == nullptr || !failed->is_int() || failed->as_int() == 0) return std::nullopt;
  return engine::Failure{"EventBridge.FailedEntry", asl::to_json(answer)};
}

Value EventBridge::remote_parameters(const engine::TaskRequest& request) const {
  const Value& parameters = request.parameters.value();
  const Value* entries = parameters.find("Entries");
  if (entries == nullptr || !entries->is_array()) return parameters;
  std::vector<Value> changed;
  for (const Value& entry : entries->items()) {
    if (!entry.is_object()) return parameters;
    std::vector<Value> resources;
    if (const Value* given = entry.find("Resources"); given != nullptr && given->is_array()) {
      resources.assign(given->items().begin(), given->items().end());
    }
    resources.push_back(Value::string(request.state_machine_arn));
    resources.push_back(Value::string(request.execution_arn));
    changed.push_back(
        std::move(ObjectBuilder(entry).set("Resources", Value::array(std::move(resources))))
            .build());
  }
  return std::move(ObjectBuilder(parameters).set("Entries", Value::array(std::move(changed))))
      .build();
}

std::string EventBridge::bus_arn(std::string_view bus) const {
  const engine::EngineOptions& options = ledger_.engine().options();
  return fmt::format("arn:{}:events:{}:{}:event-bus/{}", options.partition, options.region,
                     options.account, bus);
}

std::string EventBridge::rule_arn(std::string_view bus, std::string_view rule) const {
  const engine::EngineOptions& options = ledger_.engine().options();
  return fmt::format("arn:{}:events:{}:{}:rule/{}{}", options.partition, options.region,
                     options.account, bus == "default" ? "" : std::string(bus) + "/", rule);
}

bool EventBridge::decides(std::string_view operation) const { return operation == "PutEvents"; }

Answer EventBridge::call(const aws::Call& call) {
  const std::string& operation = call.operation;
  if (operation == "PutEvents") return put_events(call);
  if (operation == "PutRule") return put_rule(call);
  if (operation == "PutTargets") return put_targets(call);
  if (operation == "RemoveTargets") return remove_targets(call);
  if (operation == "ListRules") return list_rules(call);
  if (operation == "ListRuleNamesByTarget") return list_rule_names(call);
  if (operation == "TagResource" || operation == "UntagResource" ||
      operation == "ListTagsForResource") {
    return tags(call);
  }
  if (operation == "ListTargetsByRule") return list_targets(call);
  if (operation == "DeleteRule" || operation == "DescribeRule" || operation == "DisableRule" ||
      operation == "EnableRule") {
    return change_rule(call);
  }
  if (operation == "CreateEventBus" || operation == "DeleteEventBus" ||
      operation == "DescribeEventBus" || operation == "ListEventBuses") {
    return buses(call);
  }
  if (operation == "CreateConnection") return create_connection(call);
  if (operation == "UpdateConnection") return update_connection(call);
  if (operation == "DescribeConnection") return describe_connection(call);
  if (operation == "ListConnections") return list_connections(call);
  if (operation == "DeleteConnection" || operation == "DeauthorizeConnection") {
    return end_connection(call);
  }
  if (operation == "TestEventPattern") {
    const Result<Value> pattern = asl::read_json(text_of(call.input, "EventPattern"));
    const Result<Value> event = asl::read_json(text_of(call.input, "Event"));
    if (!pattern) return Error{"InvalidEventPatternException", pattern.error().message, 400, {}};
    if (Status checked = check_pattern(*pattern); !checked) {
      return Error{"InvalidEventPatternException", checked.error().message, 400, {}};
    }
    if (!event) return validation("Parameter Event is not valid.");
    return std::move(ObjectBuilder().set("Result", Value::boolean(matches(*pattern, *event))))
        .build();
  }
  return Error{"UnknownOperationException", "The operation is not offered.", 400, {}};
}

// --- events ---

Value EventBridge::event_of(const aws::Call& call, const Value& entry,
                            const std::string& id) const {
  const engine::EngineOptions& options = ledger_.engine().options();
  auto seconds = static_cast<double>(
      std::chrono::floor<std::chrono::seconds>(ledger_.now()).time_since_epoch().count());
  const Value* time = entry.find("Time");
  if (time != nullptr && time->is_number()) seconds = time->as_double();
  std::string when = aws::iso_date(seconds);
  when.erase(when.find('.'));  // whole seconds
  when += 'Z';
  if (time != nullptr && time->is_string()) when = time->as_string();
  std::vector<Value> resources;
  if (const Value* given = entry.find("Resources"); given != nullptr && given->is_array()) {
    resources.assign(given->items().begin(), given->items().end());
  }
  // Whose Task it was [rec].
  if (!call.execution_arn.empty()) {
    resources.push_back(Value::string(call.state_machine_arn));
    resources.push_back(Value::string(call.execution_arn));
  }
  ObjectBuilder event;
  event.set("version", Value::string("0"));
  event.set("id", Value::string(id));
  event.set("detail-type", Value::string(text_of(entry, "DetailType")));
  event.set("source", Value::string(text_of(entry, "Source")));
  event.set("account", Value::string(options.account));
  event.set("time", Value::string(when));
  event.set("region", Value::string(options.region));
  event.set("resources", Value::array(std::move(resources)));
  event.set("detail", *asl::read_json(text_of(entry, "Detail")));  // problem_of() read it
  return std::move(event).build();
}

Answer EventBridge::put_events(const aws::Call& call) {
  const Value* entries = call.input.find("Entries");
  if (entries == nullptr || !entries->is_array() || entries->size() == 0) {
    return validation(
        "1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: Member "
        "must have length greater than or equal to 1");
  }
  if (entries->size() > kEntriesMax) {
    return validation(
        "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must "
        "have length less than or equal to 10");
  }
  if (asl::exceeds_bytes(*entries, kEntryBytesMax)) {
    return validation("Total size of the entries in the request is over the limit.");
  }
  Answer answer = Value::object({});
  Status applied = ledger_.apply(
      [&](Change& change) {
        std::vector<Value> results;
        std::int64_t failed = 0;
        for (const Value& entry : entries->items()) {
          ObjectBuilder result;
          if (const auto problem = problem_of(entry)) {
            ++failed;
            result.set("ErrorCode", Value::string(problem->first));
            result.set("ErrorMessage", Value::string(problem->second));
          } else {
            const std::string id = ledger_.new_id();
            const std::string bus = bus_of(text_of(entry, "EventBusName"));
            // To a bus that is not there an event goes without a trace, as at AWS.
            if (bus_exists(change, bus)) dispatch(change, bus, event_of(call, entry, id), 0);
            result.set("EventId", Value::string(id));
          }
          results.push_back(std::move(result).build());
        }
        ObjectBuilder out;
        out.set("Entries", Value::array(std::move(results)));
        out.set("FailedEntryCount", Value::integer(failed));
        answer = std::move(out).build();
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
}

}  // namespace pawl::connectors::events
