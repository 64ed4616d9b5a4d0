// Events on their way: which rules they fit, and how they reach the rules' targets.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/mapping.h"
#include "connectors/embedded/json_rows.h"
#include "connectors/events/input_path.h"
#include "connectors/events/names.h"
#include "connectors/events/pattern.h"
#include "connectors/events/service.h"
#include "runtime/store/encoding.h"

#include <vector>

namespace pawl::connectors::events {

using asl::ObjectBuilder;
using asl::Value;

namespace {

struct Matched {
  Value target;
  std::string rule;
  std::string rule_arn;
};

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): from bus to bus, one hop
void EventBridge::dispatch(Change& change, std::string_view bus, const Value& event, int hops) {
  std::vector<Matched> matched;
  const std::string range = rules_of(bus);
  change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
    const std::optional<Value> rule = read_json_row(change, key, row);
    if (!rule) return false;
    const Result<Value> pattern = asl::read_json(text_of(*rule, "EventPattern"));
    if (text_of(*rule, "State") != "ENABLED" || !pattern || !matches(*pattern, event)) return true;
    if (const Value* listed = rule->find("Targets")) {
      for (const Value& target : listed->items()) {
        matched.push_back(
            {target, std::string(text_of(*rule, "Name")), std::string(text_of(*rule, "Arn"))});
      }
    }
    return true;
  });
  const std::string now =
      aws::iso_date(static_cast<double>(ledger_.now().time_since_epoch().count()) / 1000);
  for (const Matched& one : matched) {
    const Reserved reserved = {{"aws.events.rule-arn", Value::string(one.rule_arn)},
                               {"aws.events.rule-name", Value::string(one.rule)},
                               {"aws.events.event.ingestion-time", Value::string(now)},
                               {"aws.events.event", event},
                               {"aws.events.event.json", event}};
    hand_over(change, one.target, one.rule_arn, target_input(one.target, event, reserved), event,
              hops);
  }
}

// NOLINTNEXTLINE(misc-no-recursion): from bus to bus, one hop
void EventBridge::hand_over(Change& change, const Value& target, const std::string& rule,
                            const std::string& input, const Value& event, int hops) {
  const std::string arn(text_of(target, "Arn"));
  Parcel parcel;
  parcel.body = input;
  if (const Value* parameters = target.find("SqsParameters")) {
    parcel.group = text_of(*parameters, "MessageGroupId");
    parcel.deduplication = text_of(event, "id");
  }
  const Value* dead = target.find("DeadLetterConfig");
  const std::string dead_letter(dead == nullptr ? std::string_view() : text_of(*dead, "Arn"));
  bool reached = false;
  if (arn.find(":events:") != std::string::npos) {
    // One hop, as AWS: a bus that was reached from a bus hands nothing to a third.
    const std::string next = bus_of(arn);
    reached = hops == 0 && bus_exists(change, next);
    if (reached) dispatch(change, next, event, hops + 1);
  } else if (arn.find(":states:") != std::string::npos) {
    ObjectBuilder details;
    // The same name for the same event and target: a repeated call starts nothing.
    details.set("Name", Value::string(std::string(text_of(event, "id")) + "_" +
                                      std::string(text_of(target, "Id")).substr(0, 40)));
    if (const Value* policy = target.find("RetryPolicy")) details.set("RetryPolicy", *policy);
    details.set("DeadLetter", Value::string(dead_letter));
    details.set("Letter", event);
    Delivery delivery;
    delivery.carrier = "states";
    delivery.target = arn;
    delivery.body = input;
    delivery.details = asl::to_json(std::move(details).build());
    outbox_.put(change, std::move(delivery));
    reached = true;
  } else if (arn.find(":lambda:") != std::string::npos && start_function_) {
    start_function_(change, arn, input, dead_letter, asl::to_json(event));
    reached = true;
  } else {
    reached = send_ && send_(change, arn, parcel);
  }
  if (reached || dead_letter.empty() || !send_) return;
  Parcel letter;
  letter.body = asl::to_json(event);
  letter.attributes = text_attributes({{"RULE_ARN", rule},
                                       {"TARGET_ARN", arn},
                                       {"ERROR_CODE", "NO_RESOURCE"},
                                       {"ERROR_MESSAGE", "The target does not exist."}});
  static_cast<void>(send_(change, dead_letter, letter));
}

bool EventBridge::deliver(Change& change, std::string_view bus_named, std::string_view source,
                          std::string_view detail_type, const Value& detail) {
  const std::string bus = bus_of(bus_named);
  if (!bus_exists(change, bus)) return false;
  ObjectBuilder entry;
  entry.set("Source", Value::string(source)).set("DetailType", Value::string(detail_type));
  entry.set("Detail", Value::string(asl::to_json(detail)));
  dispatch(change, bus, event_of(aws::Call(), std::move(entry).build(), ledger_.new_id()), 0);
  return true;
}

Attempt EventBridge::carry(const Delivery& delivery) {
  // AWS's defaults.
  constexpr std::int64_t kAttemptsDefault = 185;
  constexpr std::int64_t kAgeSecondsDefault = 86'400;
  constexpr std::chrono::milliseconds kFirstWait{1000};
  constexpr std::chrono::milliseconds kLongestWait{300'000};
  const Result<Value> read = asl::read_json(delivery.details);
  const Value details = read ? *read : Value::object({});
  const std::string failure =
      start_execution_(delivery.target, delivery.body, std::string(text_of(details, "Name")));
  if (failure.empty()) return Attempt::done();
  const Value* policy = details.find("RetryPolicy");
  const auto limit = [&](std::string_view name, std::int64_t absent) {
    const Value* value = policy == nullptr ? nullptr : policy->find(name);
    return value != nullptr && value->is_int() ? value->as_int() : absent;
  };
  const std::int64_t age = ledger_.now().time_since_epoch().count() - delivery.created;
  const bool is_final = failure == "StateMachineDoesNotExist" || failure == "InvalidArn" ||
                        failure == "InvalidExecutionInput";
  if (!is_final && delivery.failures < limit("MaximumRetryAttempts", kAttemptsDefault) &&
      age < limit("MaximumEventAgeInSeconds", kAgeSecondsDefault) * 1000) {
    const auto wait = kFirstWait * (1 << std::min<std::uint32_t>(delivery.failures, 9));
    return Attempt::later(std::min(wait, kLongestWait), failure);
  }
  const Value* event = details.find("Letter");
  return Attempt::given_up(
      failure, [this, dead_letter = std::string(text_of(details, "DeadLetter")), failure,
                target = delivery.target,
                body = event == nullptr ? delivery.body : asl::to_json(*event)](Change& change) {
        if (dead_letter.empty() || !send_) return;
        Parcel letter;
        letter.body = body;
        letter.attributes = text_attributes({{"TARGET_ARN", target}, {"ERROR_CODE", failure}});
        static_cast<void>(send_(change, dead_letter, letter));
      });
}

}  // namespace pawl::connectors::events
