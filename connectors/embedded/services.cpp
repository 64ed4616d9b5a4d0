#include "connectors/embedded/services.h"

#include "asl/json/writer.h"
#include "connectors/aws/handler.h"
#include "connectors/aws/json_protocol.h"
#include "connectors/aws/query_protocol.h"
#include "connectors/sns/dialect.h"
#include "runtime/log/log.h"

#include <utility>

namespace pawl::connectors {
namespace {

constexpr aws::JsonDialect kSqsJson{.target = "AmazonSQS.",
                                    .content_type = "application/x-amz-json-1.0",
                                    .name_space = "com.amazonaws.sqs",
                                    .query_compatible = true};

constexpr aws::JsonDialect kDynamoDbJson{.target = "DynamoDB_20120810.",
                                         .content_type = "application/x-amz-json-1.0",
                                         .name_space = "com.amazonaws.dynamodb.v20120810",
                                         .query_compatible = false};
constexpr aws::JsonDialect kEventsJson{.target = "AWSEvents.",
                                       .content_type = "application/x-amz-json-1.1",
                                       .name_space = "com.amazonaws.events",
                                       .query_compatible = false};
constexpr aws::JsonDialect kSecretsJson{.target = "secretsmanager.",
                                        .content_type = "application/x-amz-json-1.1",
                                        .name_space = "com.amazonaws.secretsmanager",
                                        .query_compatible = false};

constexpr aws::Flattened kSqsFlattened[] = {
    {"AttributeNames", "AttributeName", "", ""},
    {"Attributes", "Attribute", "Name", "Value"},
    {"MessageAttributeNames", "MessageAttributeName", "", ""},
    {"MessageAttributes", "MessageAttribute", "Name", "Value"},
    {"MessageSystemAttributeNames", "MessageSystemAttributeName", "", ""},
    {"MessageSystemAttributes", "MessageSystemAttribute", "Name", "Value"},
    {"Messages", "Message", "", ""},
    {"QueueUrls", "QueueUrl", "", ""},
    {"TagKeys", "TagKey", "", ""},
    {"Tags", "Tag", "Key", "Value"},
    {"queueUrls", "QueueUrl", "", ""},
};
constexpr std::string_view kSqsNumbers[] = {"DelaySeconds", "MaxNumberOfMessages", "MaxResults",
                                            "VisibilityTimeout", "WaitTimeSeconds"};
constexpr std::string_view kSqsWithoutResult[] = {
    "ChangeMessageVisibility", "DeleteMessage", "DeleteQueue", "PurgeQueue",
    "SetQueueAttributes",      "TagQueue",      "UntagQueue"};
constexpr aws::QueryDialect kSqsQuery{.name_space = "http://queue.amazonaws.com/doc/2012-11-05/",
                                      .flattened = kSqsFlattened,
                                      .numbers = kSqsNumbers,
                                      .booleans = {},
                                      .pretty = false,
                                      .declaration = true,
                                      .without_result = kSqsWithoutResult};

std::string below(const std::string& directory, std::string_view name) {
  return directory.empty() ? "" : directory + "/" + std::string(name);
}

}  // namespace

EmbeddedServices::EmbeddedServices(engine::Engine& engine, EmbeddedOptions options)
    : ledger_(engine),
      dynamodb_(ledger_),
      s3_(ledger_, below(options.directory, "objects")),
      sqs_(ledger_),
      sns_(ledger_, sqs_),
      events_(ledger_, sqs_, sns_),
      secrets_(ledger_),
      lambda_(ledger_, below(options.directory, "functions")) {
  const auto new_id = [this] { return ledger_.new_id(); };
  sns_.connect([this](std::string arn, std::string event) {
    lambda_.start(std::move(arn), std::move(event));
  });
  events_.connect(
      [this](const std::string& arn, const std::string& input) { call_target(arn, input); });
  endpoints_["dynamodb"] = std::make_unique<aws::JsonEndpoint>(dynamodb_, kDynamoDbJson, new_id);
  endpoints_["events"] = std::make_unique<aws::JsonEndpoint>(events_, kEventsJson, new_id);
  endpoints_["lambda"] = std::make_unique<LambdaRest>(lambda_, new_id);
  endpoints_["s3"] = std::make_unique<s3::Rest>(s3_);
  endpoints_["secretsmanager"] =
      std::make_unique<aws::JsonEndpoint>(secrets_, kSecretsJson, new_id);
  endpoints_["sns query"] = std::make_unique<aws::QueryEndpoint>(sns_, sns::kDialect, new_id);
  endpoints_["sqs"] = std::make_unique<aws::JsonEndpoint>(sqs_, kSqsJson, new_id);
  endpoints_["sqs query"] = std::make_unique<aws::QueryEndpoint>(sqs_, kSqsQuery, new_id);
}

EmbeddedServices::~EmbeddedServices() = default;

std::vector<aws::Service*> EmbeddedServices::all() {
  return {&dynamodb_, &events_, &lambda_, &s3_, &secrets_, &sns_, &sqs_};
}

void EmbeddedServices::call_target(const std::string& arn, const std::string& input) {
  if (arn.find(":lambda:") != std::string::npos) return lambda_.start(arn, input);
  if (arn.find(":states:") == std::string::npos || states_ == nullptr) {
    return runtime::log().warn("A rule's target cannot be reached from here: {}", arn);
  }
  ledger_.shard().spawn_when_possible([this, arn, input] {
    asl::ObjectBuilder start;
    start.set("stateMachineArn", asl::Value::string(arn));
    start.set("input", asl::Value::string(input));
    const auto started =
        states_->call_states("StartExecution", asl::to_json(std::move(start).build()), {});
    if (const auto* error = std::get_if<StatesError>(&started)) {
      runtime::log().warn("A rule could not start {}: {}", arn, error->message);
    }
  });
}

aws::Endpoint* EmbeddedServices::find(std::string_view service) {
  const auto found = endpoints_.find(service);
  return found == endpoints_.end() ? nullptr : found->second.get();
}

void EmbeddedServices::register_handlers(Registry& registry) {
  for (aws::Service* service : all()) {
    const aws::Profile& profile = service->profile();
    const auto handler = std::make_shared<aws::ServiceHandler>(*service, ledger_);
    if (!profile.resource.empty()) registry.add(std::string(profile.resource), handler);
    registry.add("aws-sdk:" + std::string(profile.sdk), handler);
  }
  // The readers and writers of a distributed Map name S3 without aws-sdk.
  registry.add("s3", std::make_shared<aws::ServiceHandler>(s3_, ledger_));
}

Status EmbeddedServices::open() {
  if (Status opened = s3_.open(); !opened) return opened;
  return lambda_.open();
}

}  // namespace pawl::connectors
