// Registry: which handler serves which Resource. Filled while the program is wired, then only read.
#pragma once

#include "engine/task.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace pawl::connectors {

class Registry final : public engine::TaskHandlers {
 public:
  // Serves every Resource of `kind` that is no integration: kLambdaFunction, kActivity.
  void add(asl::ResourceKind kind, std::shared_ptr<engine::TaskHandler> handler);
  // Serves arn:aws:states:::SERVICE:*, with any pattern suffix: "lambda", "sqs",
  // "aws-sdk:dynamodb".
  void add(std::string service, std::shared_ptr<engine::TaskHandler> handler);

  // Serves every aws-sdk:SERVICE that no other handler was added for.
  void add_sdk(std::shared_ptr<engine::TaskHandler> handler);

  engine::TaskHandler* find(const asl::Resource& resource, std::string_view state_machine_name,
                            std::string_view state_name) override;

 private:
  std::map<asl::ResourceKind, std::shared_ptr<engine::TaskHandler>> by_kind_;
  std::map<std::string, std::shared_ptr<engine::TaskHandler>, std::less<>> by_service_;
  std::shared_ptr<engine::TaskHandler> sdk_;
};

}  // namespace pawl::connectors
