#include "connectors/sns/service.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/digest.h"
#include "connectors/aws/mapping.h"
#include "connectors/aws/query_protocol.h"
#include "connectors/events/pattern.h"
#include "connectors/sns/dialect.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pawl::connectors::sns {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kPairsMax = 1000;
constexpr std::int64_t kDeduplicationMillis = 5 * 60 * 1000;
constexpr std::size_t kPage = 100;

constexpr std::pair<std::string_view, std::string_view> kExceptions[] = {
    {"AuthorizationError", "AuthorizationErrorException"},
    {"BatchEntryIdsNotDistinct", "BatchEntryIdsNotDistinctException"},
    {"EmptyBatchRequest", "EmptyBatchRequestException"},
    {"InvalidParameter", "InvalidParameterException"},
    {"InvalidParameterValue", "InvalidParameterValueException"},
    {"NotFound", "NotFoundException"},
    {"SubscriptionLimitExceeded", "SubscriptionLimitExceededException"},
    {"TooManyEntriesInBatchRequest", "TooManyEntriesInBatchRequestException"},
};
constexpr std::string_view kTextMembers[] = {"Message"};
constexpr std::string_view kHeaders[] = {"x-amzn-RequestId", "connection", "Content-Length", "Date",
                                         "Content-Type"};
constexpr aws::Profile kProfile{.endpoint = "sns",
                                .resource = "sns",
                                .sdk = "sns",
                                .prefix = "SNS",
                                .base_exception = "AmazonSNSException",
                                .service = "AmazonSNS",
                                .sdk_prefix = "Sns",
                                .sdk_base_exception = "SnsException",
                                .sdk_service = "Sns",
                                .extended_request_id = false,
                                .exceptions = kExceptions,
                                .text_members = kTextMembers,
                                .date_members = {},
                                .headers = kHeaders,
                                .content_type = "text/xml"};

Error not_found() { return {"NotFound", "Topic does not exist", 404, {}}; }
Error no_subscription() { return {"NotFound", "Subscription does not exist", 404, {}}; }
Error invalid(std::string_view what) {
  return {"InvalidParameter", fmt::format("Invalid parameter: {}", what), 400, {}};
}

std::string_view text_of(const Value& object, std::string_view name) {
  const Value* value = object.find(name);
  return value != nullptr && value->is_string() ? value->as_string() : std::string_view();
}

std::string topic_key(std::string_view name) { return std::string("Snt").append(name); }
std::string subscriptions_of(std::string_view topic) {
  return std::string("Sns").append(topic) + '\0';
}
std::string deduplication_key(std::string_view topic, std::string_view id) {
  return (std::string("Snd").append(topic) + '\0').append(id);
}

void write_map(const std::map<std::string, std::string>& map, runtime::Encoder& out) {
  out.varint(map.size());
  for (const auto& [name, value] : map) out.string(name).string(value);
}
std::map<std::string, std::string> read_map(runtime::Decoder& in) {
  std::map<std::string, std::string> map;
  for (std::uint64_t left = in.varint_max(kPairsMax); left > 0 && in.ok(); --left) {
    std::string name(in.string());
    map.emplace(std::move(name), in.string());
  }
  return map;
}

std::string encode(const TopicRecord& record) {
  runtime::Encoder out(kVersion);
  out.string(record.name);
  write_map(record.attributes, out);
  write_map(record.tags, out);
  return out.seal();
}
Result<TopicRecord> decode_topic(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  TopicRecord record;
  record.name = in.string();
  record.attributes = read_map(in);
  record.tags = read_map(in);
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

std::string encode(const SubscriptionRecord& record) {
  runtime::Encoder out(kVersion);
  out.string(record.id).string(record.protocol).string(record.endpoint);
  write_map(record.attributes, out);
  return out.seal();
}
Result<SubscriptionRecord> decode_subscription(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  SubscriptionRecord record;
  record.id = in.string();
  record.protocol = in.string();
  record.endpoint = in.string();
  record.attributes = read_map(in);
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return record;
}

bool is_topic_name(std::string_view name) {
  if (name.ends_with(".fifo")) name.remove_suffix(5);
  return !name.empty() && name.size() <= 256 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

bool is_set(const std::map<std::string, std::string>& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  return found != attributes.end() && found->second == "true";
}

// Message attributes as a policy sees them: a number, a text, or the items of a list.
Value attributes_for_policy(const Value& attributes) {
  ObjectBuilder out;
  if (!attributes.is_object()) return std::move(out).build();
  for (const Member& member : attributes.members()) {
    const std::string_view type = text_of(member.value, "DataType");
    const std::string_view text = text_of(member.value, "StringValue");
    Value value = Value::string(text);
    if (type.starts_with("Number") || type == "String.Array") {
      if (Result<Value> read = asl::read_json(text)) value = *std::move(read);
    }
    out.set(member.key, std::move(value));
  }
  return std::move(out).build();
}

bool passes_filter(const SubscriptionRecord& subscription, const Value& attributes,
                   const std::string& message) {
  const auto policy = subscription.attributes.find("FilterPolicy");
  if (policy == subscription.attributes.end() || policy->second.empty()) return true;
  const Result<Value> pattern = asl::read_json(policy->second);
  if (!pattern) return false;
  const auto scope = subscription.attributes.find("FilterPolicyScope");
  if (scope == subscription.attributes.end() || scope->second != "MessageBody") {
    return events::matches(*pattern, attributes_for_policy(attributes));
  }
  const Result<Value> body = asl::read_json(message);
  return body && events::matches(*pattern, *body);
}

}  // namespace

// One message on its way to all subscriptions.
struct Sns::Publication {
  std::string id;
  std::string message;
  std::string subject;
  Value attributes;  // undefined: none
  std::string group;
  std::string deduplication;
  std::uint64_t sequence = 0;
  bool per_protocol = false;  // MessageStructure json: `message` has a text for each
};

const aws::Profile& Sns::profile() const { return kProfile; }

std::string Sns::body_of(const aws::Call& call, const Value& answer) const {
  return aws::write_answer(call.operation, answer, kDialect, call.request_id);
}

std::string Sns::arn_of(std::string_view topic) const {
  const engine::EngineOptions& options = ledger_.engine().options();
  return fmt::format("arn:{}:sns:{}:{}:{}", options.partition, options.region, options.account,
                     topic);
}

std::optional<TopicRecord> Sns::find(Change& change, std::string_view arn) const {
  const std::string key = topic_key(arn.substr(arn.rfind(':') + 1));
  const std::optional<std::string> row = change.get(key);
  if (!row) return std::nullopt;
  Result<TopicRecord> topic = decode_topic(*row, key);
  if (topic) return *std::move(topic);
  change.fail(std::move(topic).error());
  return std::nullopt;
}

std::optional<Error> Sns::apply(const aws::Call& call, const Ledger::Decide& decide) {
  if (Status applied = ledger_.apply(decide, call.joined); !applied) {
    return aws::store_error(applied.error());
  }
  return std::nullopt;
}

Answer Sns::call(const aws::Call& call) {
  const std::string& operation = call.operation;
  if (operation == "Publish") return publish(call);
  if (operation == "PublishBatch") return publish_batch(call);
  if (operation == "CreateTopic") return create_topic(call);
  if (operation == "DeleteTopic") return delete_topic(call);
  if (operation == "GetTopicAttributes") return topic_attributes(call, false);
  if (operation == "SetTopicAttributes") return topic_attributes(call, true);
  if (operation == "ListTopics") return list_topics(call);
  if (operation == "Subscribe") return subscribe(call);
  if (operation == "Unsubscribe") return unsubscribe(call);
  if (operation == "GetSubscriptionAttributes") return subscription_attributes(call, false);
  if (operation == "SetSubscriptionAttributes") return subscription_attributes(call, true);
  if (operation == "ListSubscriptions") return list_subscriptions(call, false);
  if (operation == "ListSubscriptionsByTopic") return list_subscriptions(call, true);
  if (operation == "TagResource" || operation == "UntagResource" ||
      operation == "ListTagsForResource") {
    return tags(call);
  }
  return Error{"InvalidAction", "The operation " + operation + " is not offered.", 400, {}};
}

// --- topics ---

Answer Sns::create_topic(const aws::Call& call) {
  TopicRecord topic;
  topic.name = text_of(call.input, "Name");
  if (const Value* attributes = call.input.find("Attributes");
      attributes != nullptr && attributes->is_object()) {
    for (const Member& member : attributes->members()) {
      if (member.value.is_string()) {
        topic.attributes[std::string(member.key.as_string())] = member.value.as_string();
      }
    }
  }
  if (!is_topic_name(topic.name)) return invalid("Topic Name");
  if (is_set(topic.attributes, "FifoTopic") != topic.fifo()) {
    return invalid(topic.fifo()
                       ? "Topic Name"
                       : "Fifo Topic names must end with .fifo and must be made up of only "
                         "uppercase and lowercase ASCII letters, numbers, underscores, and "
                         "hyphens, and must be between 1 and 256 characters long.");
  }
  if (const Value* given = call.input.find("Tags"); given != nullptr && given->is_array()) {
    for (const Value& tag : given->items()) {
      topic.tags[std::string(text_of(tag, "Key"))] = text_of(tag, "Value");
    }
  }
  std::optional<Error> refused;
  if (auto failed = apply(call, [&](Change& change) {
        refused.reset();
        const auto there = find(change, topic.name);
        if (!there) return change.put(topic_key(topic.name), encode(topic));
        for (const auto& [name, value] : topic.attributes) {
          const auto known = there->attributes.find(name);
          if (known != there->attributes.end() && known->second == value) continue;
          refused = invalid("Attributes Reason: Topic already exists with different attributes");
          return;
        }
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  return std::move(ObjectBuilder().set("TopicArn", Value::string(arn_of(topic.name)))).build();
}

Answer Sns::delete_topic(const aws::Call& call) {
  if (auto failed = apply(call, [&](Change& change) {
        const auto topic = find(change, text_of(call.input, "TopicArn"));
        if (!topic) return;  // no error, as AWS
        change.erase(topic_key(topic->name));
        const std::string range = subscriptions_of(topic->name);
        std::vector<std::string> rows;
        change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view) {
          rows.emplace_back(key);
          return true;
        });
        for (const std::string& key : rows) change.erase(key);
      })) {
    return *std::move(failed);
  }
  return Value::object({});
}

Answer Sns::topic_attributes(const aws::Call& call, bool set) {
  Answer answer = not_found();
  if (auto failed = apply(call, [&](Change& change) {
        answer = not_found();
        auto topic = find(change, text_of(call.input, "TopicArn"));
        if (!topic) return;
        if (set) {
          const std::string name(text_of(call.input, "AttributeName"));
          if (name.empty()) {
            answer = invalid("AttributeName");
            return;
          }
          topic->attributes[name] = text_of(call.input, "AttributeValue");
          change.put(topic_key(topic->name), encode(*topic));
          answer = Value::object({});
          return;
        }
        std::size_t count = 0;
        const std::string range = subscriptions_of(topic->name);
        change.scan(range, runtime::prefix_end(range), [&](std::string_view, std::string_view) {
          ++count;
          return true;
        });
        ObjectBuilder attributes;
        for (const auto& [name, value] : topic->attributes) {
          attributes.set(name, Value::string(value));
        }
        attributes.set("Owner", Value::string(ledger_.engine().options().account));
        attributes.set("SubscriptionsConfirmed", Value::string(std::to_string(count)));
        attributes.set("SubscriptionsDeleted", Value::string("0"));
        attributes.set("SubscriptionsPending", Value::string("0"));
        attributes.set("TopicArn", Value::string(arn_of(topic->name)));
        answer =
            std::move(ObjectBuilder().set("Attributes", std::move(attributes).build())).build();
      })) {
    return *std::move(failed);
  }
  return answer;
}

Answer Sns::list_topics(const aws::Call& call) {
  const auto token = aws::from_base64(text_of(call.input, "NextToken"));
  const std::string from = token && !token->empty() ? topic_key(*token) + '\0' : topic_key({});
  std::vector<Value> topics;
  std::string last;
  bool more = false;
  Status read = ledger_.read([&](Change& change) {
    change.scan(
        from, runtime::prefix_end(topic_key({})), [&](std::string_view key, std::string_view) {
          if (topics.size() >= kPage) {
            more = true;
            return false;
          }
          last = key.substr(topic_key({}).size());
          topics.push_back(
              std::move(ObjectBuilder().set("TopicArn", Value::string(arn_of(last)))).build());
          return true;
        });
  });
  if (!read) return aws::store_error(read.error());
  ObjectBuilder out;
  if (more) out.set("NextToken", Value::string(aws::to_base64(last)));
  out.set("Topics", Value::array(std::move(topics)));
  return std::move(out).build();
}

Answer Sns::tags(const aws::Call& call) {
  const Error missing{"ResourceNotFound", "Resource does not exist", 404, {}};
  Answer answer = missing;
  if (auto failed = apply(call, [&](Change& change) {
        answer = missing;
        auto topic = find(change, text_of(call.input, "ResourceArn"));
        if (!topic) return;
        answer = Value::object({});
        if (call.operation == "ListTagsForResource") {
          std::vector<Value> shown;
          for (const auto& [name, value] : topic->tags) {
            ObjectBuilder tag;
            tag.set("Key", Value::string(name)).set("Value", Value::string(value));
            shown.push_back(std::move(tag).build());
          }
          answer = std::move(ObjectBuilder().set("Tags", Value::array(std::move(shown)))).build();
          return;
        }
        if (const Value* given = call.input.find("Tags"); given != nullptr && given->is_array()) {
          for (const Value& tag : given->items()) {
            topic->tags[std::string(text_of(tag, "Key"))] = text_of(tag, "Value");
          }
        }
        if (const Value* names = call.input.find("TagKeys");
            names != nullptr && names->is_array()) {
          for (const Value& name : names->items()) {
            if (name.is_string()) topic->tags.erase(std::string(name.as_string()));
          }
        }
        change.put(topic_key(topic->name), encode(*topic));
      })) {
    return *std::move(failed);
  }
  return answer;
}

// --- subscriptions ---

namespace {

// "TOPIC" and "ID" of arn:aws:sns:REGION:ACCOUNT:TOPIC:ID.
std::pair<std::string, std::string> subscription_parts(std::string_view arn) {
  const std::size_t id = arn.rfind(':');
  if (id == std::string_view::npos || id == 0) return {};
  const std::size_t topic = arn.rfind(':', id - 1);
  if (topic == std::string_view::npos) return {};
  return {std::string(arn.substr(topic + 1, id - topic - 1)), std::string(arn.substr(id + 1))};
}

std::optional<Error> check_subscription(const SubscriptionRecord& subscription) {
  const auto policy = subscription.attributes.find("FilterPolicy");
  if (policy == subscription.attributes.end() || policy->second.empty()) return std::nullopt;
  const Result<Value> pattern = asl::read_json(policy->second);
  if (!pattern) return invalid("FilterPolicy: failed to parse JSON.");
  if (Status checked = events::check_pattern(*pattern); !checked) {
    return invalid("FilterPolicy: " + checked.error().message);
  }
  return std::nullopt;
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
  if (auto wrong = check_subscription(subscription)) return *std::move(wrong);
  subscription.id = ledger_.new_id();
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
                      if (same) id = there->id;
                      return !same;
                    });
        if (id != subscription.id) return;  // the same again answers the first one
        if (count >= kSubscriptionsMax) {
          refused = Error{"SubscriptionLimitExceeded", "Too many subscriptions.", 403, {}};
          return;
        }
        change.put(range + id, encode(subscription));
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  return std::move(
             ObjectBuilder().set("SubscriptionArn", Value::string(arn_of(topic_name) + ":" + id)))
      .build();
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
          attributes.set(attribute, Value::string(value));
        }
        attributes.set("ConfirmationWasAuthenticated", Value::string("true"));
        attributes.set("Endpoint", Value::string(subscription.endpoint));
        attributes.set("Owner", Value::string(ledger_.engine().options().account));
        attributes.set("PendingConfirmation", Value::string("false"));
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
      shown.set("SubscriptionArn", Value::string(arn_of(topic) + ":" + subscription->id));
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

// --- publishing ---

namespace {

// The text for one protocol.
std::string message_for(const std::string& message, bool per_protocol, std::string_view protocol) {
  if (!per_protocol) return message;
  const Result<Value> texts = asl::read_json(message);
  if (!texts) return message;
  const std::string_view own = text_of(*texts, protocol);
  return std::string(own.empty() ? text_of(*texts, "default") : own);
}

Value shown_attributes(const Value& attributes) {
  ObjectBuilder out;
  for (const Member& member : attributes.members()) {
    const bool binary = text_of(member.value, "DataType").starts_with("Binary");
    ObjectBuilder shown;
    shown.set("Type", Value::string(text_of(member.value, "DataType")));
    shown.set("Value",
              Value::string(text_of(member.value, binary ? "BinaryValue" : "StringValue")));
    out.set(member.key, std::move(shown).build());
  }
  return std::move(out).build();
}

std::optional<Error> check_attributes(const Value& attributes) {
  for (const Member& member : attributes.members()) {
    const std::string_view name = member.key.as_string();
    const std::string_view type = text_of(member.value, "DataType");
    const bool known =
        type.starts_with("String") || type.starts_with("Number") || type.starts_with("Binary");
    if (!known) {
      return Error{
          "ParameterValueInvalid",
          fmt::format("The message attribute '{}' has an invalid message attribute type, the "
                      "set of supported type prefixes is Binary, Number, and String.",
                      name),
          400,
          {}};
    }
    const bool binary = type.starts_with("Binary");
    if (text_of(member.value, binary ? "BinaryValue" : "StringValue").empty()) {
      return Error{
          "ParameterValueInvalid",
          fmt::format("The message attribute '{}' must contain non-empty message attribute "
                      "value for message attribute type '{}'.",
                      name, type),
          400,
          {}};
    }
  }
  return std::nullopt;
}

}  // namespace

void Sns::fan_out(Change& change, const TopicRecord& topic, const Publication& publication) {
  const std::string topic_arn = arn_of(topic.name);
  const engine::EngineOptions& options = ledger_.engine().options();
  const std::string range = subscriptions_of(topic.name);
  std::vector<SubscriptionRecord> subscriptions;
  change.scan(range, runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
    Result<SubscriptionRecord> subscription = decode_subscription(row, key);
    if (!subscription) {
      change.fail(std::move(subscription).error());
      return false;
    }
    subscriptions.push_back(*std::move(subscription));
    return true;
  });
  const std::string unsubscribe = fmt::format("https://sns.{}.amazonaws.com/", options.region);
  for (const SubscriptionRecord& subscription : subscriptions) {
    if (!passes_filter(subscription, publication.attributes, publication.message)) continue;
    const std::string text =
        message_for(publication.message, publication.per_protocol, subscription.protocol);
    ObjectBuilder note;
    note.set("Type", Value::string("Notification"));
    note.set("MessageId", Value::string(publication.id));
    if (topic.fifo()) {
      note.set("SequenceNumber", Value::string(fmt::format("{:020}", publication.sequence)));
    }
    note.set("TopicArn", Value::string(topic_arn));
    if (!publication.subject.empty()) note.set("Subject", Value::string(publication.subject));
    note.set("Message", Value::string(text));
    note.set("Timestamp",
             Value::string(aws::iso_date(
                 static_cast<double>(ledger_.now().time_since_epoch().count()) / 1000)));
    // There is no key that could sign; what is here only has the form.
    note.set("SignatureVersion", Value::string("1"));
    note.set("Signature",
             Value::string(aws::to_base64(aws::checksum_of(aws::Checksum::kSha256, text))));
    note.set("SigningCertURL", Value::string(unsubscribe + "SimpleNotificationService-" +
                                             aws::to_hex(aws::md5_of(topic_arn)) + ".pem"));
    note.set("UnsubscribeURL", Value::string(unsubscribe + "?Action=Unsubscribe&SubscriptionArn=" +
                                             topic_arn + ":" + subscription.id));
    const bool has_attributes =
        publication.attributes.is_object() && publication.attributes.size() > 0;
    if (has_attributes) note.set("MessageAttributes", shown_attributes(publication.attributes));
    if (subscription.protocol == "sqs") {
      sqs::NewMessage message;
      message.group = publication.group;
      message.deduplication = publication.deduplication;
      if (is_set(subscription.attributes, "RawMessageDelivery")) {
        message.body = text;
        if (has_attributes) message.attributes = publication.attributes;
      } else {
        message.body = asl::to_json(std::move(note).build());
      }
      static_cast<void>(sqs_.deliver(change, subscription.endpoint, message));
    } else if (subscription.protocol == "lambda" && call_function_) {
      ObjectBuilder record;
      record.set("EventSource", Value::string("aws:sns"));
      record.set("EventVersion", Value::string("1.0"));
      record.set("EventSubscriptionArn", Value::string(topic_arn + ":" + subscription.id));
      record.set("Sns", std::move(note).build());
      ObjectBuilder event;
      event.set("Records", Value::array({std::move(record).build()}));
      change.when_durable(
          [call = call_function_, arn = subscription.endpoint,
           text_of_event = asl::to_json(std::move(event).build())] { call(arn, text_of_event); });
    }
  }
}

Answer Sns::publish_one(Change& change, const TopicRecord& topic, const Value& input) {
  Publication publication;
  publication.message = text_of(input, "Message");
  publication.subject = text_of(input, "Subject");
  publication.group = text_of(input, "MessageGroupId");
  publication.deduplication = text_of(input, "MessageDeduplicationId");
  if (publication.message.empty()) return invalid("Empty message");
  if (const Value* attributes = input.find("MessageAttributes");
      attributes != nullptr && attributes->is_object()) {
    if (auto wrong = check_attributes(*attributes)) return *std::move(wrong);
    publication.attributes = *attributes;
  }
  if (publication.message.size() > kMessageBytesMax) return invalid("Message too long");
  if (text_of(input, "MessageStructure") == "json") {
    const Result<Value> texts = asl::read_json(publication.message);
    if (!texts || !texts->is_object()) {
      return invalid("Message Structure - JSON message body failed to parse");
    }
    if (text_of(*texts, "default").empty()) {
      return invalid("Message Structure - No default entry in JSON message body");
    }
    publication.per_protocol = true;
  }
  publication.id = ledger_.new_id();
  ObjectBuilder out;
  if (topic.fifo()) {
    if (publication.group.empty()) {
      return invalid("The MessageGroupId parameter is required for FIFO topics");
    }
    if (publication.deduplication.empty()) {
      if (!is_set(topic.attributes, "ContentBasedDeduplication")) {
        return invalid(
            "The topic should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly");
      }
      publication.deduplication =
          aws::to_hex(aws::checksum_of(aws::Checksum::kSha256, publication.message));
    }
    const std::string key = deduplication_key(topic.name, publication.deduplication);
    const std::int64_t now = ledger_.now().time_since_epoch().count();
    if (const std::optional<std::string> row = change.get(key)) {
      const Result<sqs::DeduplicationRecord> known = sqs::decode_deduplication(*row, key);
      if (!known) {
        change.fail(known.error());
        return Value::object({});
      }
      if (known->until > now) {
        out.set("MessageId", Value::string(known->message_id));
        out.set("SequenceNumber", Value::string(fmt::format("{:020}", known->sequence)));
        return std::move(out).build();
      }
    }
    publication.sequence = sqs_.next_sequence();
    change.put(key, sqs::encode(sqs::DeduplicationRecord{now + kDeduplicationMillis, publication.id,
                                                         publication.sequence}));
  } else if (!publication.deduplication.empty()) {
    return invalid(
        "The request includes MessageDeduplicationId parameter that is not valid for this topic "
        "type");
  }
  fan_out(change, topic, publication);
  out.set("MessageId", Value::string(publication.id));
  if (topic.fifo()) {
    out.set("SequenceNumber", Value::string(fmt::format("{:020}", publication.sequence)));
  }
  return std::move(out).build();
}

Answer Sns::publish(const aws::Call& call) {
  std::string_view arn = text_of(call.input, "TopicArn");
  if (arn.empty()) arn = text_of(call.input, "TargetArn");
  if (arn.empty()) {
    if (!text_of(call.input, "PhoneNumber").empty()) {
      return invalid("PhoneNumber Reason: text messages are not sent from here");
    }
    return invalid("TopicArn or TargetArn Reason: no value for required parameter");
  }
  if (!arn.starts_with("arn:"))
    return invalid("TopicArn Reason: An ARN must have at least 6 elements, not 1");
  Answer answer = not_found();
  if (auto failed = apply(call, [&](Change& change) {
        answer = not_found();
        const auto topic = find(change, arn);
        if (topic) answer = publish_one(change, *topic, call.input);
      })) {
    return *std::move(failed);
  }
  return answer;
}

Answer Sns::publish_batch(const aws::Call& call) {
  const Value* entries = call.input.find("PublishBatchRequestEntries");
  if (entries == nullptr || !entries->is_array() || entries->size() == 0) {
    return Error{"EmptyBatchRequest", "The batch request doesn't contain any entries.", 400, {}};
  }
  constexpr std::size_t kBatchMax = 10;
  if (entries->size() > kBatchMax) {
    return Error{"TooManyEntriesInBatchRequest",
                 "The batch request contains more entries than permissible.",
                 400,
                 {}};
  }
  Answer answer = not_found();
  if (auto failed = apply(call, [&](Change& change) {
        answer = not_found();
        const auto topic = find(change, text_of(call.input, "TopicArn"));
        if (!topic) return;
        std::vector<Value> successful;
        std::vector<Value> failures;
        for (const Value& entry : entries->items()) {
          Answer one = publish_one(change, *topic, entry);
          ObjectBuilder shown;
          shown.set("Id", Value::string(text_of(entry, "Id")));
          if (const auto* error = std::get_if<Error>(&one)) {
            shown.set("Code", Value::string(error->code));
            shown.set("Message", Value::string(error->message));
            shown.set("SenderFault", Value::boolean(true));
            failures.push_back(std::move(shown).build());
            continue;
          }
          for (const Member& member : std::get<Value>(one).members()) {
            shown.set(member.key, member.value);
          }
          successful.push_back(std::move(shown).build());
        }
        ObjectBuilder out;
        out.set("Failed", Value::array(std::move(failures)));
        out.set("Successful", Value::array(std::move(successful)));
        answer = std::move(out).build();
      })) {
    return *std::move(failed);
  }
  return answer;
}

bool Sns::deliver(Change& change, std::string_view topic_arn, const std::string& message) {
  const auto topic = find(change, topic_arn);
  if (!topic || topic->fifo()) return false;
  Publication publication;
  publication.id = ledger_.new_id();
  publication.message = message;
  fan_out(change, *topic, publication);
  return true;
}

}  // namespace pawl::connectors::sns
