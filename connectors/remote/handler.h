// The TaskHandler of services that are not in this program: `aws-sdk:SERVICE:action` of any service
// whose API model is known, and the optimized integrations of those that pawl has a mapping for.
#pragma once

#include "connectors/aws/service.h"
#include "connectors/remote/client.h"
#include "engine/task.h"

#include <memory>
#include <string>

namespace pawl::connectors::remote {

class RemoteHandler final : public engine::TaskHandler {
 public:
  // `mapping`: the service whose optimized integration this is, for its names and its rules (it is
  // not called); null: any, by aws-sdk. Both must outlive it.
  explicit RemoteHandler(Client& client, const aws::Service* mapping = nullptr)
      : client_(client), mapping_(mapping) {}

  engine::Outcome run(const engine::TaskRequest& request) override;

 private:
  Client& client_;
  const aws::Service* mapping_;
};

// Names of errors and causes of `aws-sdk` for a service that pawl has no profile of.
class SdkProfile {
 public:
  explicit SdkProfile(const ApiModel& model);
  SdkProfile(const SdkProfile&) = delete;
  SdkProfile& operator=(const SdkProfile&) = delete;
  const aws::Profile& profile() const { return profile_; }

 private:
  std::string prefix_;
  std::string base_exception_;
  aws::Profile profile_;
};

}  // namespace pawl::connectors::remote
