#include "connectors/sns/service.h"

#include "connectors/aws/mapping.h"
#include "connectors/aws/query_protocol.h"
#include "connectors/sns/dialect.h"

#include <fmt/format.h>

namespace pawl::connectors::sns {

using asl::Value;
using aws::Answer;
using aws::Error;

namespace {

constexpr std::pair<std::string_view, std::string_view> kExceptions[] = {
    {"AuthorizationError", "AuthorizationErrorException"},
    {"BatchEntryIdsNotDistinct", "BatchEntryIdsNotDistinctException"},
    {"EmptyBatchRequest", "EmptyBatchRequestException"},
    {"InvalidParameter", "InvalidParameterException"},
    {"ParameterValueInvalid", "InvalidParameterValueException"},
    {"ResourceNotFound", "ResourceNotFoundException"},
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

}  // namespace

Sns::Sns(Ledger& ledger, Outbox& outbox, sqs::Sqs& sqs)
    : ledger_(ledger), outbox_(outbox), sqs_(sqs) {
  outbox_.connect("http", [this](const Delivery& delivery) { return carry_http(delivery); });
}
Sns::~Sns() = default;

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
  const auto topic = change.get_remembered(topic_key(arn.substr(arn.rfind(':') + 1)), decode_topic);
  return topic == nullptr ? std::nullopt : std::optional(*topic);
}

std::optional<Error> Sns::apply(const aws::Call& call, const Ledger::Decide& decide) {
  if (Status applied = ledger_.apply(decide, call.joined); !applied) {
    return aws::store_error(applied.error());
  }
  return std::nullopt;
}

bool Sns::decides(std::string_view operation) const {
  return operation == "Publish" || operation == "PublishBatch";
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
  if (operation == "ConfirmSubscription") return confirm(call);
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

}  // namespace pawl::connectors::sns
