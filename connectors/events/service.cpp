#include "connectors/events/service.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/mapping.h"
#include "connectors/embedded/json_rows.h"
#include "connectors/events/input_path.h"
#include "connectors/events/pattern.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pawl::connectors::events {

using asl::Member;
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
constexpr std::string_view kHeaders[] = {"x-amzn-RequestId", "Content-Length", "Date",
                                         "Content-Type"};
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
                                .date_members = {},
                                .headers = kHeaders,
                                .content_type = "application/x-amz-json-1.1"};

// A bus by its name or ARN; the default one when none is named.
std::string bus_of(std::string_view named) {
  if (named.empty()) return "default";
  return std::string(
      named.substr(named.rfind('/') == std::string_view::npos ? 0 : named.rfind('/') + 1));
}

std::string bus_key(std::string_view bus) { return std::string("Seb").append(bus); }
std::string rules_of(std::string_view bus) { return std::string("Ser").append(bus) + '\0'; }
std::string rule_key(std::string_view bus, std::string_view rule) {
  return rules_of(bus).append(rule);
}

Error validation(std::string message) {
  return {"ValidationException", std::move(message), 400, {}};
}
Error no_rule(std::string_view rule, std::string_view bus) {
  return {"ResourceNotFoundException",
          fmt::format("Rule {} does not exist on EventBus {}.", rule, bus),
          400,
          {}};
}
Error no_bus(std::string_view bus) {
  return {"ResourceNotFoundException", fmt::format("Event bus {} does not exist.", bus), 400, {}};
}

bool is_name(std::string_view name, std::size_t max) {
  return !name.empty() && name.size() <= max &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == '/';
         });
}

bool bus_exists(Change& change, std::string_view bus) {
  return bus == "default" || change.get(bus_key(bus)).has_value();
}

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

Answer EventBridge::call(const aws::Call& call) {
  const std::string& operation = call.operation;
  if (operation == "PutEvents") return put_events(call);
  if (operation == "PutRule") return put_rule(call);
  if (operation == "PutTargets") return put_targets(call);
  if (operation == "RemoveTargets") return remove_targets(call);
  if (operation == "ListRules") return list_rules(call);
  if (operation == "ListTargetsByRule") return list_targets(call);
  if (operation == "DeleteRule" || operation == "DescribeRule" || operation == "DisableRule" ||
      operation == "EnableRule") {
    return change_rule(call);
  }
  if (operation == "CreateEventBus" || operation == "DeleteEventBus" ||
      operation == "DescribeEventBus" || operation == "ListEventBuses") {
    return buses(call);
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
  double seconds = static_cast<double>(ledger_.now().time_since_epoch().count() / 1000);
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

void EventBridge::dispatch(Change& change, std::string_view bus, const Value& event) {
  std::vector<Value> targets;
  const std::string range = rules_of(bus);
  change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
    const std::optional<Value> rule = read_json_row(change, key, row);
    if (!rule) return false;
    const Result<Value> pattern = asl::read_json(text_of(*rule, "EventPattern"));
    if (text_of(*rule, "State") != "ENABLED" || !pattern || !matches(*pattern, event)) return true;
    if (const Value* listed = rule->find("Targets")) {
      targets.insert(targets.end(), listed->items().begin(), listed->items().end());
    }
    return true;
  });
  for (const Value& target : targets) {
    const std::string arn(text_of(target, "Arn"));
    const std::string input = target_input(target, event);
    if (arn.find(":sqs:") != std::string::npos) {
      sqs::NewMessage message;
      message.body = input;
      if (const Value* parameters = target.find("SqsParameters")) {
        message.group = text_of(*parameters, "MessageGroupId");
        message.deduplication = text_of(event, "id");
      }
      static_cast<void>(sqs_.deliver(change, arn, message));
    } else if (arn.find(":sns:") != std::string::npos) {
      static_cast<void>(sns_.deliver(change, arn, input));
    } else if (call_target_) {
      change.when_durable([call = call_target_, arn, input] { call(arn, input); });
    }
  }
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
            if (bus_exists(change, bus)) dispatch(change, bus, event_of(call, entry, id));
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

// --- rules and targets ---

Answer EventBridge::put_rule(const aws::Call& call) {
  const std::string name(text_of(call.input, "Name"));
  const std::string bus = bus_of(text_of(call.input, "EventBusName"));
  if (!is_name(name, 64)) {
    return validation(
        fmt::format("1 validation error detected: Value '{}' at 'name' failed to "
                    "satisfy constraint: Member must satisfy regular expression "
                    "pattern: [\\.\\-_A-Za-z0-9]+",
                    name));
  }
  const std::string_view pattern_text = text_of(call.input, "EventPattern");
  if (pattern_text.empty()) {
    return validation(text_of(call.input, "ScheduleExpression").empty()
                          ? "Parameter(s) EventPattern or ScheduleExpression must be specified."
                          : "Schedules are not offered; EventPattern must be specified.");
  }
  const Result<Value> pattern = asl::read_json(pattern_text);
  if (!pattern) {
    return Error{"InvalidEventPatternException",
                 "Event pattern is not valid. Reason: " + pattern.error().message,
                 400,
                 {}};
  }
  if (Status checked = check_pattern(*pattern); !checked) {
    return Error{"InvalidEventPatternException", checked.error().message, 400, {}};
  }
  std::optional<Error> refused;
  Status applied = ledger_.apply(
      [&](Change& change) {
        refused.reset();
        if (!bus_exists(change, bus)) {
          refused = no_bus(bus);
          return;
        }
        const std::string key = rule_key(bus, name);
        const std::optional<Value> before = get_json(change, key);
        std::size_t count = 0;
        const std::string range = rules_of(bus);
        change.scan(range, runtime::prefix_end(range),
                    [&](std::string_view, std::string_view) { return ++count < kRulesMax; });
        if (!before && count >= kRulesMax) {
          refused = Error{"LimitExceededException",
                          "The requested resource exceeds the maximum number allowed.",
                          400,
                          {}};
          return;
        }
        ObjectBuilder rule;
        rule.set("Name", Value::string(name));
        rule.set("Arn", Value::string(rule_arn(bus, name)));
        rule.set("EventPattern", Value::string(pattern_text));
        const std::string_view state = text_of(call.input, "State");
        rule.set("State", Value::string(state.empty() ? "ENABLED" : state));
        for (const std::string_view member : {"Description", "RoleArn"}) {
          if (const Value* value = call.input.find(member)) rule.set(member, *value);
        }
        rule.set("EventBusName", Value::string(bus));
        if (before && before->find("Targets") != nullptr) {
          rule.set("Targets", *before->find("Targets"));
        }
        put_json(change, key, std::move(rule).build());
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  if (refused) return *std::move(refused);
  return std::move(ObjectBuilder().set("RuleArn", Value::string(rule_arn(bus, name)))).build();
}

Answer EventBridge::put_targets(const aws::Call& call) {
  const std::string rule_name(text_of(call.input, "Rule"));
  const std::string bus = bus_of(text_of(call.input, "EventBusName"));
  const Value* given = call.input.find("Targets");
  if (given == nullptr || !given->is_array() || given->size() == 0) {
    return validation("Targets must not be empty.");
  }
  for (const Value& target : given->items()) {
    if (text_of(target, "Id").empty() || !text_of(target, "Arn").starts_with("arn:")) {
      return validation(
          "Parameter Arn is not valid. Reason: Provided Arn is not in correct format.");
    }
  }
  Answer answer = Value::object({});
  Status applied = ledger_.apply(
      [&](Change& change) {
        const std::string key = rule_key(bus, rule_name);
        const std::optional<Value> rule = get_json(change, key);
        if (!rule) {
          answer = no_rule(rule_name, bus);
          return;
        }
        std::vector<Value> targets;
        if (const Value* before = rule->find("Targets")) {
          for (const Value& target : before->items()) {
            const bool replaced = std::any_of(
                given->items().begin(), given->items().end(),
                [&](const Value& one) { return text_of(one, "Id") == text_of(target, "Id"); });
            if (!replaced) targets.push_back(target);
          }
        }
        targets.insert(targets.end(), given->items().begin(), given->items().end());
        if (targets.size() > kTargetsMax) {
          answer = Error{"LimitExceededException",
                         "The requested resource exceeds the maximum number allowed.",
                         400,
                         {}};
          return;
        }
        ObjectBuilder changed(*rule);
        changed.set("Targets", Value::array(std::move(targets)));
        put_json(change, key, std::move(changed).build());
        ObjectBuilder out;
        out.set("FailedEntries", Value::array({}));
        out.set("FailedEntryCount", Value::integer(0));
        answer = std::move(out).build();
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
}

Answer EventBridge::remove_targets(const aws::Call& call) {
  const std::string rule_name(text_of(call.input, "Rule"));
  const std::string bus = bus_of(text_of(call.input, "EventBusName"));
  const Value* ids = call.input.find("Ids");
  if (ids == nullptr || !ids->is_array()) return validation("Ids must not be empty.");
  Answer answer = Value::object({});
  Status applied = ledger_.apply(
      [&](Change& change) {
        const std::string key = rule_key(bus, rule_name);
        const std::optional<Value> rule = get_json(change, key);
        if (!rule) {
          answer = no_rule(rule_name, bus);
          return;
        }
        std::vector<Value> targets;
        if (const Value* before = rule->find("Targets")) {
          for (const Value& target : before->items()) {
            const bool removed =
                std::any_of(ids->items().begin(), ids->items().end(), [&](const Value& id) {
                  return id.is_string() && id.as_string() == text_of(target, "Id");
                });
            if (!removed) targets.push_back(target);
          }
        }
        ObjectBuilder changed(*rule);
        changed.set("Targets", Value::array(std::move(targets)));
        put_json(change, key, std::move(changed).build());
        ObjectBuilder out;
        out.set("FailedEntries", Value::array({}));
        out.set("FailedEntryCount", Value::integer(0));
        answer = std::move(out).build();
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
}

Answer EventBridge::change_rule(const aws::Call& call) {
  const std::string name(text_of(call.input, "Name"));
  const std::string bus = bus_of(text_of(call.input, "EventBusName"));
  Answer answer = Value::object({});
  Status applied = ledger_.apply(
      [&](Change& change) {
        answer = Value::object({});
        const std::string key = rule_key(bus, name);
        const std::optional<Value> rule = get_json(change, key);
        if (!rule) {
          if (call.operation != "DeleteRule") answer = no_rule(name, bus);
          return;
        }
        ObjectBuilder changed(*rule);
        if (call.operation == "DescribeRule") {
          changed.erase("Targets");
          answer = std::move(changed).build();
        } else if (call.operation == "DeleteRule") {
          const Value* targets = rule->find("Targets");
          if (targets != nullptr && targets->size() > 0) {
            answer = validation("Rule can't be deleted since it has targets.");
            return;
          }
          change.erase(key);
        } else {
          changed.set("State",
                      Value::string(call.operation == "EnableRule" ? "ENABLED" : "DISABLED"));
          put_json(change, key, std::move(changed).build());
        }
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
}

Answer EventBridge::list_rules(const aws::Call& call) {
  const std::string bus = bus_of(text_of(call.input, "EventBusName"));
  const std::string range = rule_key(bus, text_of(call.input, "NamePrefix"));
  std::vector<Value> rules;  // kRulesMax at most: one page
  Status read = ledger_.read([&](Change& change) {
    change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
      const std::optional<Value> rule = read_json_row(change, key, row);
      if (!rule) return false;
      ObjectBuilder shown(*rule);
      shown.erase("Targets");
      rules.push_back(std::move(shown).build());
      return true;
    });
  });
  if (!read) return aws::store_error(read.error());
  return std::move(ObjectBuilder().set("Rules", Value::array(std::move(rules)))).build();
}

Answer EventBridge::list_targets(const aws::Call& call) {
  const std::string rule_name(text_of(call.input, "Rule"));
  const std::string bus = bus_of(text_of(call.input, "EventBusName"));
  std::optional<Value> rule;
  Status read =
      ledger_.read([&](Change& change) { rule = get_json(change, rule_key(bus, rule_name)); });
  if (!read) return aws::store_error(read.error());
  if (!rule) return no_rule(rule_name, bus);
  const Value* targets = rule->find("Targets");
  return std::move(ObjectBuilder().set("Targets", targets == nullptr ? Value::array({}) : *targets))
      .build();
}

Answer EventBridge::buses(const aws::Call& call) {
  const std::string name = bus_of(text_of(call.input, "Name"));
  const auto shown = [this](std::string_view bus) {
    ObjectBuilder out;
    out.set("Name", Value::string(bus));
    out.set("Arn", Value::string(bus_arn(bus)));
    return std::move(out).build();
  };
  if (call.operation == "ListEventBuses") {
    std::vector<Value> listed;
    const std::string_view prefix = text_of(call.input, "NamePrefix");
    if (std::string_view("default").starts_with(prefix)) listed.push_back(shown("default"));
    const std::string range = bus_key(prefix);
    Status read = ledger_.read([&](Change& change) {
      change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view) {
        listed.push_back(shown(key.substr(3)));
        return listed.size() < 1000;
      });
    });
    if (!read) return aws::store_error(read.error());
    return std::move(ObjectBuilder().set("EventBuses", Value::array(std::move(listed)))).build();
  }
  if (!is_name(name, 256)) return validation("Parameter Name is not valid.");
  Answer answer = Value::object({});
  Status applied = ledger_.apply(
      [&](Change& change) {
        answer = Value::object({});
        const bool there = bus_exists(change, name);
        if (call.operation == "CreateEventBus") {
          if (there) {
            answer = Error{"ResourceAlreadyExistsException",
                           fmt::format("Event bus {} already exists.", name),
                           400,
                           {}};
            return;
          }
          put_json(change, bus_key(name), shown(name));
          answer =
              std::move(ObjectBuilder().set("EventBusArn", Value::string(bus_arn(name)))).build();
        } else if (call.operation == "DescribeEventBus") {
          answer = there ? Answer(shown(name)) : Answer(no_bus(name));
        } else if (name == "default") {
          answer = validation("Cannot delete event bus default.");
        } else if (there) {
          const std::string range = rules_of(name);
          std::vector<std::string> rows;
          change.scan(range, runtime::prefix_end(range),
                      [&](std::string_view key, std::string_view) {
                        rows.emplace_back(key);
                        return true;
                      });
          for (const std::string& key : rows) change.erase(key);
          change.erase(bus_key(name));
        }
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
}

}  // namespace pawl::connectors::events
