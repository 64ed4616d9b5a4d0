// Publishing: which subscriptions a message is for, and how it reaches them.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "connectors/aws/digest.h"
#include "connectors/aws/mapping.h"
#include "connectors/events/pattern.h"
#include "connectors/sns/errors.h"
#include "connectors/sns/service.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <vector>

namespace pawl::connectors::sns {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

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

namespace {

constexpr std::int64_t kDeduplicationMillis = 5 * 60 * 1000;

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

// Deduplication that is over goes as new messages come: a few at a time.
void drop_expired(Change& change, std::string_view topic, std::int64_t now) {
  constexpr int kAtOnce = 4;
  int left = kAtOnce;
  const std::string range = expiries_of(topic);
  std::vector<std::string> over;
  change.scan(range, expiry_key(topic, now, {}), [&](std::string_view key, std::string_view) {
    over.emplace_back(key);
    return --left > 0;
  });
  for (const std::string& key : over) {
    change.erase(key);
    change.erase(deduplication_key(topic, key.substr(range.size() + sizeof(std::uint64_t))));
  }
}

}  // namespace

void Sns::fan_out(Change& change, const TopicRecord& topic, const Publication& publication) {
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
  for (const SubscriptionRecord& subscription : subscriptions) {
    if (subscription.pending() ||
        !passes_filter(subscription, publication.attributes, publication.message)) {
      continue;
    }
    hand_over(change, topic, subscription, publication);
  }
}

// What is sent about a message, unless the subscription wants it raw.
Value Sns::notification(const TopicRecord& topic, const SubscriptionRecord& subscription,
                        const Publication& publication, const std::string& text) const {
  const engine::EngineOptions& options = ledger_.engine().options();
  const std::string topic_arn = arn_of(topic.name);
  const std::string service = fmt::format("https://sns.{}.amazonaws.com/", options.region);
  ObjectBuilder note;
  note.set("Type", Value::string("Notification"));
  note.set("MessageId", Value::string(publication.id));
  if (topic.fifo()) {
    note.set("SequenceNumber", Value::string(fmt::format("{:020}", publication.sequence)));
  }
  note.set("TopicArn", Value::string(topic_arn));
  if (!publication.subject.empty()) note.set("Subject", Value::string(publication.subject));
  note.set("Message", Value::string(text));
  note.set("Timestamp", Value::string(aws::iso_date(
                            static_cast<double>(ledger_.now().time_since_epoch().count()) / 1000)));
  // There is no key that could sign; what is here only has the form.
  note.set("SignatureVersion", Value::string("1"));
  note.set("Signature",
           Value::string(aws::to_base64(aws::checksum_of(aws::Checksum::kSha256, text))));
  note.set("SigningCertURL", Value::string(service + "SimpleNotificationService-" +
                                           aws::to_hex(aws::md5_of(topic_arn)) + ".pem"));
  note.set("UnsubscribeURL", Value::string(service + "?Action=Unsubscribe&SubscriptionArn=" +
                                           topic_arn + ":" + subscription.id));
  if (publication.attributes.is_object() && publication.attributes.size() > 0) {
    note.set("MessageAttributes", shown_attributes(publication.attributes));
  }
  return std::move(note).build();
}

void Sns::hand_over(Change& change, const TopicRecord& topic,
                    const SubscriptionRecord& subscription, const Publication& publication) {
  const std::string topic_arn = arn_of(topic.name);
  const std::string text =
      message_for(publication.message, publication.per_protocol, subscription.protocol);
  Value note = notification(topic, subscription, publication, text);
  const std::string body = asl::to_json(note);
  const bool raw = is_set(subscription.attributes, "RawMessageDelivery");
  if (subscription.protocol == "sqs") {
    sqs::NewMessage message;
    message.group = publication.group;
    message.deduplication = publication.deduplication;
    message.body = raw ? text : body;
    if (raw && publication.attributes.is_object() && publication.attributes.size() > 0) {
      message.attributes = publication.attributes;
    }
    if (!sqs_.deliver(change, subscription.endpoint, message)) give_up(change, subscription, body);
  } else if (subscription.protocol == "lambda" && start_function_) {
    ObjectBuilder record;
    record.set("EventSource", Value::string("aws:sns"));
    record.set("EventVersion", Value::string("1.0"));
    record.set("EventSubscriptionArn", Value::string(topic_arn + ":" + subscription.id));
    record.set("Sns", std::move(note));
    ObjectBuilder event;
    event.set("Records", Value::array({std::move(record).build()}));
    start_function_(change, subscription.endpoint, asl::to_json(std::move(event).build()),
                    subscription.dead_letters(), body);
  } else if (subscription.protocol == "http" || subscription.protocol == "https") {
    put_http(change, subscription, raw ? text : body, "Notification", publication.id, topic_arn,
             raw);
  }
}

void Sns::give_up(Change& change, const SubscriptionRecord& subscription, const std::string& body) {
  const std::string dead_letters = subscription.dead_letters();
  if (dead_letters.empty()) return;
  sqs::NewMessage letter;
  letter.body = body;
  static_cast<void>(sqs_.deliver(change, dead_letters, letter));
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
  if (publication.subject.size() > kSubjectBytesMax) return invalid("Subject");
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
    const std::int64_t until = now + kDeduplicationMillis;
    drop_expired(change, topic.name, now);
    change.put(key,
               sqs::encode(sqs::DeduplicationRecord{until, publication.id, publication.sequence}));
    change.put(expiry_key(topic.name, until, publication.deduplication), {});
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
  std::set<std::string> ids;
  for (const Value& entry : entries->items()) {
    const std::string id(text_of(entry, "Id"));
    const bool valid =
        !id.empty() && id.size() <= 80 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
          return std::isalnum(c) != 0 || c == '-' || c == '_';
        });
    if (!valid) {
      return Error{"InvalidBatchEntryId",
                   "The Id of a batch entry in a batch request doesn't abide by the specification.",
                   400,
                   {}};
    }
    if (!ids.insert(id).second) {
      return Error{"BatchEntryIdsNotDistinct",
                   "Two or more batch entries in the request have the same Id.",
                   400,
                   {}};
    }
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
