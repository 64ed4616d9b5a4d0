#include "connectors/embedded/services.h"

#include "asl/json/reader.h"
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
                                         .query_compatible = false,
                                         .second_target = "DynamoDBStreams_20120810."};
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

EmbeddedServices::EmbeddedServices(engine::Engine& engine, const EmbeddedOptions& options)
    : ledger_(engine),
      outbox_(ledger_),
      dynamodb_(ledger_),
      s3_(ledger_, below(options.directory, "objects")),
      sqs_(ledger_),
      sns_(ledger_, outbox_, sqs_),
      secrets_(ledger_),
      events_(ledger_, outbox_, secrets_),
      lambda_(ledger_, outbox_, below(options.directory, "functions")) {
  const auto new_id = [this] { return ledger_.new_id(); };
  const SendTo send_to = [this](Change& change, const std::string& arn, const Parcel& parcel) {
    return send(change, arn, parcel);
  };
  const auto start_function = [this](Change& change, std::string arn, std::string event,
                                     std::string_view dead_letter, std::string_view letter) {
    lambda_.start(change, std::move(arn), std::move(event), dead_letter, letter);
  };
  lambda_.connect(send_to);
  sns_.connect(start_function);
  events_.connect(send_to, start_function,
                  [this](const std::string& arn, const std::string& input,
                         const std::string& name) { return start_execution(arn, input, name); });
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

bool EmbeddedServices::send(Change& change, const std::string& arn, const Parcel& parcel) {
  if (arn.find(":sqs:") != std::string::npos) {
    sqs::NewMessage message;
    message.body = parcel.body;
    message.attributes = parcel.attributes;
    message.group = parcel.group;
    message.deduplication = parcel.deduplication;
    return sqs_.deliver(change, arn, message);
  }
  if (arn.find(":sns:") != std::string::npos) return sns_.deliver(change, arn, parcel.body);
  if (arn.find(":lambda:") != std::string::npos) {
    lambda_.start(change, arn, parcel.body);
    return true;
  }
  if (arn.find(":events:") != std::string::npos) {
    const Result<asl::Value> detail = asl::read_json(parcel.body);
    return detail && events_.deliver(change, arn, parcel.source, parcel.detail_type, *detail);
  }
  return false;
}

std::string EmbeddedServices::start_execution(const std::string& state_machine_arn,
                                              const std::string& input, const std::string& name) {
  if (states_ == nullptr) return "StateMachineDoesNotExist";
  asl::ObjectBuilder start;
  start.set("stateMachineArn", asl::Value::string(state_machine_arn));
  start.set("input", asl::Value::string(input));
  start.set("name", asl::Value::string(name));
  const auto started =
      states_->call_states("StartExecution", asl::to_json(std::move(start).build()), {});
  const auto* error = std::get_if<StatesError>(&started);
  // It was started before the process ended.
  return error == nullptr || error->code == "ExecutionAlreadyExists" ? "" : error->code;
}

aws::Endpoint* EmbeddedServices::find(std::string_view service) {
  const auto found = endpoints_.find(service);
  return found == endpoints_.end() ? nullptr : found->second.get();
}

void EmbeddedServices::register_handlers(Registry& registry) {
  for (aws::Service* service : all()) {
    const aws::Profile& profile = service->profile();
    const auto handler = std::make_shared<aws::ServiceHandler>(*service, ledger_, models_);
    if (!profile.resource.empty()) registry.add(std::string(profile.resource), handler);
    registry.add("aws-sdk:" + std::string(profile.sdk), handler);
  }
  // The readers and writers of a distributed Map name S3 without aws-sdk.
  registry.add("s3", std::make_shared<aws::ServiceHandler>(s3_, ledger_, models_));
}

Status EmbeddedServices::open() {
  if (Status opened = s3_.open(); !opened) return opened;
  if (Status opened = lambda_.open(); !opened) return opened;
  if (Status opened = dynamodb_.open(); !opened) return opened;
  if (Status opened = sqs_.open(); !opened) return opened;
  return outbox_.open();
}

}  // namespace pawl::connectors
