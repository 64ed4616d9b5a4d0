// Topics, their attributes and tags.
#include "connectors/aws/base64.h"
#include "connectors/sns/errors.h"
#include "connectors/sns/service.h"
#include "runtime/store/encoding.h"

#include <algorithm>
#include <vector>

namespace pawl::connectors::sns {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

constexpr std::string_view kTopicAttributes[] = {"ArchivePolicy",
                                                 "ContentBasedDeduplication",
                                                 "DataProtectionPolicy",
                                                 "DeliveryPolicy",
                                                 "DisplayName",
                                                 "FifoThroughputScope",
                                                 "FifoTopic",
                                                 "KmsMasterKeyId",
                                                 "Policy",
                                                 "SignatureVersion",
                                                 "TracingConfig"};

// Feedback settings have a name for each protocol.
bool is_topic_attribute(std::string_view name) {
  return std::find(std::begin(kTopicAttributes), std::end(kTopicAttributes), name) !=
             std::end(kTopicAttributes) ||
         name.ends_with("FeedbackRoleArn") || name.ends_with("FeedbackSampleRate");
}

// Where nothing was set: what AWS shows (developer guide, "Delivery policies").
constexpr std::string_view kDeliveryPolicy =
    R"({"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,)"
    R"("numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,)"
    R"("backoffFunction":"linear"},"disableSubscriptionOverrides":false,)"
    R"("defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}})";

std::string default_policy(const std::string& arn, const std::string& account) {
  return R"({"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":)"
         R"("__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},"Action":)"
         R"(["SNS:Publish","SNS:Subscribe"],"Resource":")" +
         arn + R"(","Condition":{"StringEquals":{"AWS:SourceOwner":")" + account + R"("}}}]})";
}

bool is_topic_name(std::string_view name) {
  if (name.ends_with(".fifo")) name.remove_suffix(5);
  return !name.empty() && name.size() <= 256 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

}  // namespace

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
  for (const auto& [name, value] : topic.attributes) {
    if (!is_topic_attribute(name)) return invalid("Attributes Reason: Unknown attribute " + name);
  }
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
          if (!is_topic_attribute(name)) {
            answer = invalid("AttributeName");
            return;
          }
          topic->attributes[name] = text_of(call.input, "AttributeValue");
          change.put(topic_key(topic->name), encode(*topic));
          answer = Value::object({});
          return;
        }
        std::size_t count = 0;
        std::size_t pending = 0;
        const std::string range = subscriptions_of(topic->name);
        change.scan(range, runtime::prefix_end(range),
                    [&](std::string_view key, std::string_view row) {
                      const Result<SubscriptionRecord> one = decode_subscription(row, key);
                      if (!one) {
                        change.fail(one.error());
                        return false;
                      }
                      ++(one->pending() ? pending : count);
                      return true;
                    });
        ObjectBuilder attributes;
        const std::string& account = ledger_.engine().options().account;
        const auto own_policy = topic->attributes.find("DeliveryPolicy");
        attributes.set("EffectiveDeliveryPolicy",
                       Value::string(own_policy == topic->attributes.end()
                                         ? kDeliveryPolicy
                                         : std::string_view(own_policy->second)));
        attributes.set("Policy", Value::string(default_policy(arn_of(topic->name), account)));
        for (const auto& [name, value] : topic->attributes) {
          attributes.set(name, Value::string(value));
        }
        attributes.set("Owner", Value::string(ledger_.engine().options().account));
        attributes.set("SubscriptionsConfirmed", Value::string(std::to_string(count)));
        attributes.set("SubscriptionsDeleted", Value::string("0"));
        attributes.set("SubscriptionsPending", Value::string(std::to_string(pending)));
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

}  // namespace pawl::connectors::sns
