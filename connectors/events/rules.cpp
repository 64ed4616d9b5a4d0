// Rules, their targets, and the buses they are on.
#include "asl/json/reader.h"
#include "connectors/aws/base64.h"
#include "connectors/embedded/json_rows.h"
#include "connectors/events/names.h"
#include "connectors/events/pattern.h"
#include "connectors/events/service.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace pawl::connectors::events {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

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
          refused = limit_exceeded();
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
        const Value* kept_tags = before ? before->find("Tags") : call.input.find("Tags");
        if (kept_tags != nullptr) rule.set("Tags", *kept_tags);
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

namespace {

// What a rule shows of itself.
Value shown_rule(const Value& rule) {
  ObjectBuilder shown(rule);
  shown.erase("Targets");
  shown.erase("Tags");
  return std::move(shown).build();
}

// The targets of a rule's row, but for those whose Id is `gone`.
std::vector<Value> targets_without(const Value& rule,
                                   const std::function<bool(std::string_view id)>& gone) {
  std::vector<Value> targets;
  if (const Value* before = rule.find("Targets")) {
    for (const Value& target : before->items()) {
      if (!gone(text_of(target, "Id"))) targets.push_back(target);
    }
  }
  return targets;
}

std::optional<Error> problem_of_target(const Value& target) {
  int forms = 0;
  for (const std::string_view member : {"Input", "InputPath", "InputTransformer"}) {
    forms += target.find(member) != nullptr ? 1 : 0;
  }
  if (forms > 1) {
    return validation(
        fmt::format("Only one of Input, InputPath, or InputTransformer must be "
                    "provided for target {}.",
                    text_of(target, "Id")));
  }
  if (const Value* input = target.find("Input");
      input != nullptr && (!input->is_string() || !asl::read_json(input->as_string()))) {
    return validation(
        fmt::format("JSON syntax error in input for target {}", text_of(target, "Id")));
  }
  const std::string_view arn = text_of(target, "Arn");
  constexpr std::string_view kServices[] = {":events:", ":lambda:", ":sns:", ":sqs:", ":states:"};
  if (std::none_of(std::begin(kServices), std::end(kServices), [&](std::string_view service) {
        return arn.find(service) != std::string_view::npos;
      })) {
    return validation(fmt::format(
        "Provided Arn is not supported here: queues, topics, functions, state machines and event "
        "buses are. Arn: {}",
        arn));
  }
  return std::nullopt;
}

// Where a page begins: after the name that its token has.
std::string page_start(const Value& input, const std::string& range) {
  const auto token = aws::from_base64(text_of(input, "NextToken"));
  return token && !token->empty() && token->starts_with(range) ? *token + '\0' : range;
}
std::size_t page_limit(const Value& input) {
  constexpr std::size_t kMost = 100;
  const Value* limit = input.find("Limit");
  return limit != nullptr && limit->is_int() && limit->as_int() > 0
             ? std::min(kMost, static_cast<std::size_t>(limit->as_int()))
             : kMost;
}

}  // namespace

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
    if (auto wrong = problem_of_target(target)) return *std::move(wrong);
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
        std::vector<Value> targets = targets_without(*rule, [&](std::string_view id) {
          return std::any_of(given->items().begin(), given->items().end(),
                             [id](const Value& one) { return text_of(one, "Id") == id; });
        });
        targets.insert(targets.end(), given->items().begin(), given->items().end());
        if (targets.size() > kTargetsMax) {
          answer = limit_exceeded();
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
        std::vector<Value> targets = targets_without(*rule, [&](std::string_view id) {
          return std::any_of(ids->items().begin(), ids->items().end(), [id](const Value& one) {
            return one.is_string() && one.as_string() == id;
          });
        });
        std::vector<Value> failed;
        const Value* before = rule->find("Targets");
        for (const Value& id : ids->items()) {
          const bool known =
              before != nullptr && id.is_string() &&
              std::any_of(before->items().begin(), before->items().end(),
                          [&](const Value& one) { return text_of(one, "Id") == id.as_string(); });
          if (known || !id.is_string()) continue;
          ObjectBuilder entry;
          entry.set("TargetId", id);
          entry.set("ErrorCode", Value::string("ResourceNotFoundException"));
          entry.set("ErrorMessage",
                    Value::string(fmt::format("Target {} does not exist on rule {}.",
                                              id.as_string(), rule_name)));
          failed.push_back(std::move(entry).build());
        }
        ObjectBuilder changed(*rule);
        changed.set("Targets", Value::array(std::move(targets)));
        put_json(change, key, std::move(changed).build());
        ObjectBuilder out;
        out.set("FailedEntryCount", Value::integer(static_cast<std::int64_t>(failed.size())));
        out.set("FailedEntries", Value::array(std::move(failed)));
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
          answer = shown_rule(*rule);
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
  const std::size_t limit = page_limit(call.input);
  std::vector<Value> rules;
  std::string last;
  bool more = false;
  bool there = false;
  Status read = ledger_.read([&](Change& change) {
    there = bus_exists(change, bus);
    change.scan(page_start(call.input, range), runtime::prefix_end(range),
                [&](std::string_view key, std::string_view row) {
                  if (rules.size() >= limit) {
                    more = true;
                    return false;
                  }
                  const std::optional<Value> rule = read_json_row(change, key, row);
                  if (!rule) return false;
                  rules.push_back(shown_rule(*rule));
                  last = key;
                  return true;
                });
  });
  if (!read) return aws::store_error(read.error());
  if (!there) return no_bus(bus);
  ObjectBuilder out;
  out.set("Rules", Value::array(std::move(rules)));
  if (more) out.set("NextToken", Value::string(aws::to_base64(last)));
  return std::move(out).build();
}

Answer EventBridge::list_rule_names(const aws::Call& call) {
  const std::string bus = bus_of(text_of(call.input, "EventBusName"));
  const std::string_view arn = text_of(call.input, "TargetArn");
  const std::string range = rules_of(bus);
  const std::size_t limit = page_limit(call.input);
  std::vector<Value> names;
  std::string last;
  bool more = false;
  Status read = ledger_.read([&](Change& change) {
    change.scan(page_start(call.input, range), runtime::prefix_end(range),
                [&](std::string_view key, std::string_view row) {
                  const std::optional<Value> rule = read_json_row(change, key, row);
                  if (!rule) return false;
                  const Value* targets = rule->find("Targets");
                  const bool has = targets != nullptr &&
                                   std::any_of(targets->items().begin(), targets->items().end(),
                                               [&](const Value& target) {
                                                 return text_of(target, "Arn") == arn;
                                               });
                  if (!has) return true;
                  if (names.size() >= limit) {
                    more = true;
                    return false;
                  }
                  names.push_back(Value::string(text_of(*rule, "Name")));
                  last = key;
                  return true;
                });
  });
  if (!read) return aws::store_error(read.error());
  ObjectBuilder out;
  out.set("RuleNames", Value::array(std::move(names)));
  if (more) out.set("NextToken", Value::string(aws::to_base64(last)));
  return std::move(out).build();
}

// Of rules and buses: [{"Key": ..., "Value": ...}] in their documents.
Answer EventBridge::tags(const aws::Call& call) {
  const std::string_view arn = text_of(call.input, "ResourceARN");
  const std::string resource(arn.substr(std::min(arn.size(), arn.rfind(':') + 1)));
  const std::size_t slash = resource.rfind('/');
  const std::size_t first = resource.find('/');
  const std::string name = slash == std::string::npos ? resource : resource.substr(slash + 1);
  const bool is_bus = resource.starts_with("event-bus/");
  const std::string key =
      is_bus ? bus_key(name)
             : rule_key(first == slash ? "default" : resource.substr(first + 1, slash - first - 1),
                        name);
  const Error missing{"ResourceNotFoundException",
                      fmt::format("{} does not exist.", is_bus ? "Event bus" : "Rule"),
                      400,
                      {}};
  Answer answer = missing;
  Status applied = ledger_.apply(
      [&](Change& change) {
        answer = missing;
        const std::optional<Value> document = get_json(change, key);
        if (!document) return;
        std::vector<Value> kept;
        const Value* given = call.input.find("Tags");
        const Value* taken = call.input.find("TagKeys");
        const auto has = [](const Value* list, std::string_view member, std::string_view tag) {
          return list != nullptr && list->is_array() &&
                 std::any_of(list->items().begin(), list->items().end(), [&](const Value& one) {
                   return member.empty() ? one.is_string() && one.as_string() == tag
                                         : text_of(one, member) == tag;
                 });
        };
        if (const Value* before = document->find("Tags"); before != nullptr && before->is_array()) {
          for (const Value& tag : before->items()) {
            const std::string_view tag_key = text_of(tag, "Key");
            if (!has(given, "Key", tag_key) && !has(taken, "", tag_key)) kept.push_back(tag);
          }
        }
        if (given != nullptr && given->is_array()) {
          kept.insert(kept.end(), given->items().begin(), given->items().end());
        }
        constexpr std::size_t kTagsMax = 50;  // AWS
        if (kept.size() > kTagsMax) {
          answer = limit_exceeded();
          return;
        }
        if (call.operation == "ListTagsForResource") {
          answer = std::move(ObjectBuilder().set("Tags", Value::array(std::move(kept)))).build();
          return;
        }
        ObjectBuilder changed(*document);
        changed.set("Tags", Value::array(std::move(kept)));
        put_json(change, key, std::move(changed).build());
        answer = Value::object({});
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
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
