// EmbeddedServices: all AWS services that live in this program, over one ledger.
//
// What a new one needs: its folder, a member here, and its line in services.cpp
// (docs/connectors.md).
#pragma once

#include "connectors/aws/endpoint.h"
#include "connectors/aws/service.h"
#include "connectors/aws_models/model_store.h"
#include "connectors/dynamodb/service.h"
#include "connectors/embedded/ledger.h"
#include "connectors/embedded/outbox.h"
#include "connectors/embedded/send_to.h"
#include "connectors/events/service.h"
#include "connectors/lambda/api.h"
#include "connectors/registry.h"
#include "connectors/s3/rest.h"
#include "connectors/s3/service.h"
#include "connectors/secretsmanager/service.h"
#include "connectors/sns/service.h"
#include "connectors/sqs/service.h"
#include "connectors/states/states_api.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::connectors {

struct EmbeddedOptions {
  // Where files go that are too large for the store; empty: temporary directories.
  std::string directory;
};

class EmbeddedServices final : public aws::Endpoints {
 public:
  // `engine` must outlive it. Made and destroyed while the engine's shards do not run.
  EmbeddedServices(engine::Engine& engine, const EmbeddedOptions& options);
  ~EmbeddedServices() override;

  // Where functions run that clients create. Before open().
  void connect(LocalLambda& functions) { lambda_.connect(functions); }
  // Where rules start executions. Before open().
  void connect(StatesApi& states) { states_ = &states; }
  // Their Tasks, in all forms.
  void register_handlers(Registry& registry);
  // On a fiber of the engine's first shard, before the engine opens and Tasks go on.
  Status open();

  // "sqs" in JSON, "sqs query" in the older protocol.
  aws::Endpoint* find(std::string_view service) override;

  std::vector<aws::Service*> all();
  Ledger& ledger() { return ledger_; }
  Outbox& outbox() { return outbox_; }
  dynamodb::DynamoDb& dynamodb() { return dynamodb_; }
  events::EventBridge& events() { return events_; }
  s3::S3& s3() { return s3_; }
  secretsmanager::SecretsManager& secrets() { return secrets_; }
  sns::Sns& sns() { return sns_; }
  sqs::Sqs& sqs() { return sqs_; }
  LambdaApi& lambda() { return lambda_; }

 private:
  // As SendTo says.
  bool send(Change& change, const std::string& arn, const Parcel& parcel);
  std::string start_execution(const std::string& state_machine_arn, const std::string& input,
                              const std::string& name);

  StatesApi* states_ = nullptr;
  ModelStore models_{""};  // the shipped ones: what parameters a Task may have
  Ledger ledger_;
  Outbox outbox_;
  dynamodb::DynamoDb dynamodb_;
  s3::S3 s3_;
  sqs::Sqs sqs_;
  sns::Sns sns_;
  secretsmanager::SecretsManager secrets_;
  events::EventBridge events_;
  LambdaApi lambda_;
  std::map<std::string, std::unique_ptr<aws::Endpoint>, std::less<>> endpoints_;
};

}  // namespace pawl::connectors
