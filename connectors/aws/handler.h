// The TaskHandler of an embedded AWS service, in all its forms: `SERVICE:action`,
// `aws-sdk:SERVICE:action`, each also with .waitForTaskToken.
#pragma once

#include "connectors/aws/sdk_metadata.h"
#include "connectors/aws/service.h"
#include "connectors/aws_models/model_store.h"
#include "connectors/embedded/ledger.h"
#include "engine/task.h"

namespace pawl::connectors::aws {

class ServiceHandler final : public engine::TaskHandler {
 public:
  // All must outlive it. The service runs on the ledger's shard, whatever shard asks.
  ServiceHandler(Service& service, Ledger& ledger, ModelStore& models)
      : service_(service),
        ledger_(ledger),
        models_(models),
        metadata_(service.profile().headers, service.profile().content_type) {}

  engine::Outcome run(const engine::TaskRequest& request) override;
  bool decides(const asl::Resource& resource) const override;

 private:
  Service& service_;
  Ledger& ledger_;
  ModelStore& models_;
  OwnMetadata metadata_;
};

}  // namespace pawl::connectors::aws
