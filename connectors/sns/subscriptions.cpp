// Subscriptions and their attributes.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/digest.h"
#include "connectors/events/pattern.h"
#include "connectors/sns/errors.h"
#include "connectors/sns/service.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace pawl::connectors::sns {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

// "TOPIC" and "ID" of arn:aws:sns:REGION:ACCOUNT:TOPIC:ID.
std::pair<std::string, std::string> subscription_parts(std::string_view arn) {
  const std::size_t id = arn.rfind(':');
  if (id == std::string_view::npos || id == 0) return {};
  const std::size_t topic = arn.rfind(':', id - 1);
  if (topic == std::string_view::npos) return {};
  return {std::string(arn.substr(topic + 1, id - topic - 1)), std::string(arn.substr(id + 1))};
}

// A policy over message attributes has no depth: they are no documents.
bool is_flat(const Value& pattern) {
  return std::all_of(pattern.members().begin(), pattern.members().end(),
                     [](const Member& member) { return member.value.is_array(); });
}

std::optional<Error> check_filter(const SubscriptionRecord& subscription,
                                  const std::string& policy) {
  if (policy.empty()) return std::nullopt;
  const Result<Value> pattern = asl::read_json(policy);
  if (!pattern) return invalid("FilterPolicy: failed to parse JSON.");
  if (!pattern->is_object()) return invalid("FilterPolicy: Filter is not an object");
  if (pattern->size() == 0) return std::nullopt;  // takes the filter away
  if (Status checked = events::check_pattern(*pattern); !checked) {
    return invalid("FilterPolicy: " + checked.error().message);
  }
  const auto scope = subscription.attributes.find("FilterPolicyScope");
  const bool of_body = scope != subscription.attributes.end() && scope->second == "MessageBody";
  if (!of_body && !is_flat(*pattern)) {
    return invalid("Filter policy scope MessageAttributes does not support nested filter policy");
  }
  return std::nullopt;
}

std::optional<Error> check_subscription(const SubscriptionRecord& subscription) {
  constexpr std::string_view kKnown[] = {"DeliveryPolicy",    "FilterPolicy",
                                         "FilterPolicyScope", "RawMessageDelivery",
                                         "RedrivePolicy",     "SubscriptionRoleArn"};
  for (const auto& [name, value] : subscription.attributes) {
    if (name.starts_with('@')) continue;
    if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown)) {
      return invalid("AttributeName");
    }
    if (name == "RawMessageDelivery" && value != "true" && value != "false") {
      return invalid(fmt::format(
          "Attributes Reason: RawMessageDelivery: Invalid value [{}]. Must be true or false.",
          value));
    }
    if (name == "FilterPolicyScope" && value != "MessageBody" && value != "MessageAttributes") {
      return invalid(fmt::format(
          "Attributes Reason: FilterPolicyScope: Invalid value [{}]. Please use either MessageBody "
          "or MessageAttributes",
          value));
    }
    if (name == "RedrivePolicy" && !value.empty() &&
        subscription.dead_letters().find(":sqs:") == std::string::npos) {
      return invalid(
          "Attributes Reason: RedrivePolicy: deadLetterTargetArn must be the ARN of a queue");
    }
    if (name == "DeliveryPolicy" && !value.empty()) {
      const Result<Value> policy = asl::read_json(value);
      if (!policy || !policy->is_object()) {
        return invalid("DeliveryPolicy: failed to parse JSON");
      }
    }
    if (name == "FilterPolicy") {
      if (auto wrong = check_filter(subscription, value)) return wrong;
    }
  }
  return std::nullopt;
}

std::optional<Error> check_endpoint(const SubscriptionRecord& subscription) {
  const std::string& protocol = subscription.protocol;
  const std::string& endpoint = subscription.endpoint;
  if (protocol == "sqs" && endpoint.find(":sqs:") == std::string::npos) {
    return invalid("SQS endpoint ARN");
  }
  if (protocol == "lambda" && endpoint.find(":lambda:") == std::string::npos) {
    return invalid("Lambda endpoint ARN");
  }
  if (protocol == "http" || protocol == "https") {
    if (!endpoint.starts_with(protocol + "://")) {
      return invalid("Endpoint must match the specified protocol");
    }
    if (const auto url = runtime::Url::parse(endpoint); !url) {
      return invalid("Endpoint Reason: " + url.error().message);
    }
  }
  return std::nullopt;
}

bool is_confirmed_by_hand(std::string_view protocol) {
  return protocol == "http" || protocol == "https" || protocol == "email" ||
         protocol == "email-json";
}

}  // namespace

Answer Sns::subscribe(const aws::Call& call) {
  SubscriptionRecord subscription;
  subscription.protocol = text_of(call.input, "Protocol");
  subscription.endpoint = text_of(call.input, "Endpoint");
  constexpr std::string_view kProtocols[] = {
      "application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"};
  if (std::find(std::begin(kProtocols), std::end(kProtocols), subscription.protocol) ==
      std::end(kProtocols)) {
    return invalid("Does not support this protocol string: " + subscription.protocol);
  }
  if (subscription.endpoint.empty()) return invalid("Endpoint");
  if (const Value* attributes = call.input.find("Attributes");
      attributes != nullptr && attributes->is_object()) {
    for (const Member& member : attributes->members()) {
      if (member.value.is_string()) {
        subscription.attributes[std::string(member.key.as_string())] = member.value.as_string();
      }
    }
  }
  if (auto wrong = check_endpoint(subscription)) return *std::move(wrong);
  if (auto wrong = check_subscription(subscription)) return *std::move(wrong);
  subscription.id = ledger_.new_id();
  const bool by_hand = is_confirmed_by_hand(subscription.protocol);
  if (by_hand) {
    subscription.attributes[std::string(kPendingAttribute)] = "true";
    subscription.attributes[std::string(kTokenAttribute)] =
        aws::to_hex(aws::checksum_of(aws::Checksum::kSha256, ledger_.new_id()));
  }
  bool pending = by_hand;
  std::string id;
  std::optional<Error> refused;
  std::string topic_name;
  if (auto failed = apply(call, [&](Change& change) {
        refused.reset();
        const auto topic = find(change, text_of(call.input, "TopicArn"));
        if (!topic) {
          refused = not_found();
          return;
        }
        if (topic->fifo() && subscription.protocol != "sqs") {
          refused = invalid("Endpoint Reason: FIFO topics deliver to queues here");
          return;
        }
        pending = by_hand;
        topic_name = topic->name;
        id = subscription.id;
        std::size_t count = 0;
        const std::string range = subscriptions_of(topic->name);
        change.scan(range, runtime::prefix_end(range),
                    [&](std::string_view key, std::string_view row) {
                      ++count;
                      const Result<SubscriptionRecord> there = decode_subscription(row, key);
                      if (!there) {
                        change.fail(there.error());
                        return false;
                      }
                      const bool same = there->protocol == subscription.protocol &&
                                        there->endpoint == subscription.endpoint;
                      if (same) {
                        id = there->id;
                        pending = there->pending();
                      }
                      return !same;
                    });
        if (id != subscription.id) return;  // the same again answers the first one
        if (count >= kSubscriptionsMax) {
          refused = Error{"SubscriptionLimitExceeded", "Too many subscriptions.", 403, {}};
          return;
        }
        change.put(range + id, encode(subscription));
        if (by_hand) ask_to_confirm(change, arn_of(topic->name), subscription, call.host);
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  const std::string_view wants_arn = text_of(call.input, "ReturnSubscriptionArn");
  const Value* asked = call.input.find("ReturnSubscriptionArn");
  const bool shown =
      !pending || wants_arn == "true" || (asked != nullptr && asked->is_bool() && asked->as_bool());
  return std::move(ObjectBuilder().set("SubscriptionArn",
                                       Value::string(shown ? arn_of(topic_name) + ":" + id
                                                           : std::string("pending confirmation"))))
      .build();
}

Answer Sns::confirm(const aws::Call& call) {
  const std::string_view token = text_of(call.input, "Token");
  Answer answer = not_found();
  if (auto failed = apply(call, [&](Change& change) {
        answer = not_found();
        const auto topic = find(change, text_of(call.input, "TopicArn"));
        if (!topic) return;
        answer = invalid("Token");
        std::optional<SubscriptionRecord> found;
        const std::string range = subscriptions_of(topic->name);
        change.scan(range, runtime::prefix_end(range),
                    [&](std::string_view key, std::string_view row) {
                      Result<SubscriptionRecord> one = decode_subscription(row, key);
                      if (!one) {
                        change.fail(std::move(one).error());
                        return false;
                      }
                      const auto own = one->attributes.find(std::string(kTokenAttribute));
                      if (token.empty() || own == one->attributes.end() || own->second != token) {
                        return true;
                      }
                      found = *std::move(one);
                      return false;
                    });
        if (!found) return;
        if (found->attributes.erase(std::string(kPendingAttribute)) > 0) {
          change.put(range + found->id, encode(*found));
        }
        ObjectBuilder out;
        out.set("SubscriptionArn", Value::string(arn_of(topic->name) + ":" + found->id));
        answer = std::move(out).build();
      })) {
    return *std::move(failed);
  }
  return answer;
}

Answer Sns::unsubscribe(const aws::Call& call) {
  const auto [topic, id] = subscription_parts(text_of(call.input, "SubscriptionArn"));
  if (id.empty()) return invalid("SubscriptionArn Reason: An ARN must have at least 6 elements");
  if (auto failed = apply(call, [&, key = subscriptions_of(topic) + id](Change& change) {
        if (change.get(key)) change.erase(key);
      })) {
    return *std::move(failed);
  }
  return Value::object({});
}

Answer Sns::subscription_attributes(const aws::Call& call, bool set) {
  const auto [topic, id] = subscription_parts(text_of(call.input, "SubscriptionArn"));
  const std::string key = subscriptions_of(topic) + id;
  Answer answer = no_subscription();
  if (auto failed = apply(call, [&, name = topic](Change& change) {
        answer = no_subscription();
        const std::optional<std::string> row = change.get(key);
        if (!row) return;
        Result<SubscriptionRecord> read = decode_subscription(*row, key);
        if (!read) return change.fail(std::move(read).error());
        SubscriptionRecord subscription = *std::move(read);
        if (set) {
          subscription.attributes[std::string(text_of(call.input, "AttributeName"))] =
              text_of(call.input, "AttributeValue");
          if (auto wrong = check_subscription(subscription)) {
            answer = *std::move(wrong);
            return;
          }
          change.put(key, encode(subscription));
          answer = Value::object({});
          return;
        }
        ObjectBuilder attributes;
        for (const auto& [attribute, value] : subscription.attributes) {
          if (!attribute.starts_with('@')) attributes.set(attribute, Value::string(value));
        }
        attributes.set(
            "ConfirmationWasAuthenticated",
            Value::string(is_confirmed_by_hand(subscription.protocol) ? "false" : "true"));
        attributes.set("Endpoint", Value::string(subscription.endpoint));
        attributes.set("Owner", Value::string(ledger_.engine().options().account));
        attributes.set("PendingConfirmation",
                       Value::string(subscription.pending() ? "true" : "false"));
        attributes.set("Protocol", Value::string(subscription.protocol));
        if (!subscription.attributes.contains("RawMessageDelivery")) {
          attributes.set("RawMessageDelivery", Value::string("false"));
        }
        attributes.set("SubscriptionArn", Value::string(arn_of(name) + ":" + subscription.id));
        attributes.set("TopicArn", Value::string(arn_of(name)));
        answer =
            std::move(ObjectBuilder().set("Attributes", std::move(attributes).build())).build();
      })) {
    return *std::move(failed);
  }
  return answer;
}

Answer Sns::list_subscriptions(const aws::Call& call, bool of_topic) {
  std::string range = "Sns";
  bool there = true;
  std::vector<Value> subscriptions;
  std::string last;
  bool more = false;
  Status read = ledger_.read([&](Change& change) {
    if (of_topic) {
      const auto topic = find(change, text_of(call.input, "TopicArn"));
      there = topic.has_value();
      if (!there) return;
      range = subscriptions_of(topic->name);
    }
    const auto token = aws::from_base64(text_of(call.input, "NextToken"));
    const std::string from =
        token && !token->empty() ? std::max(range, "Sns" + *token + '\0') : range;
    change.scan(from, runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
      if (subscriptions.size() >= kPage) {
        more = true;
        return false;
      }
      const Result<SubscriptionRecord> subscription = decode_subscription(row, key);
      if (!subscription) {
        change.fail(subscription.error());
        return false;
      }
      last = key.substr(3);
      const std::string topic = last.substr(0, last.find('\0'));
      ObjectBuilder shown;
      shown.set("Endpoint", Value::string(subscription->endpoint));
      shown.set("Owner", Value::string(ledger_.engine().options().account));
      shown.set("Protocol", Value::string(subscription->protocol));
      shown.set("SubscriptionArn",
                Value::string(subscription->pending() ? std::string("PendingConfirmation")
                                                      : arn_of(topic) + ":" + subscription->id));
      shown.set("TopicArn", Value::string(arn_of(topic)));
      subscriptions.push_back(std::move(shown).build());
      return true;
    });
  });
  if (!read) return aws::store_error(read.error());
  if (!there) return not_found();
  ObjectBuilder out;
  if (more) out.set("NextToken", Value::string(aws::to_base64(last)));
  out.set("Subscriptions", Value::array(std::move(subscriptions)));
  return std::move(out).build();
}

}  // namespace pawl::connectors::sns
