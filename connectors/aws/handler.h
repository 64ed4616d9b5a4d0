// The TaskHandler of an embedded AWS service, in all its forms: `SERVICE:action`,
// `aws-sdk:SERVICE:action`, each also with .waitForTaskToken.
#pragma once

#include "connectors/aws/service.h"
#include "connectors/embedded/ledger.h"
#include "engine/task.h"

namespace pawl::connectors::aws {

class ServiceHandler final : public engine::TaskHandler {
 public:
  // Both must outlive it. The service runs on the ledger's shard, whatever shard asks.
  ServiceHandler(Service& service, Ledger& ledger) : service_(service), ledger_(ledger) {}

  engine::Outcome run(const engine::TaskRequest& request) override;
  bool decides(const asl::Resource& resource) const override;

 private:
  Service& service_;
  Ledger& ledger_;
};

}  // namespace pawl::connectors::aws
