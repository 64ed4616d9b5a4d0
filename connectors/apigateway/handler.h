// The TaskHandler of `apigateway:invoke`, also with .waitForTaskToken.
#pragma once

#include "connectors/apigateway/call.h"
#include "connectors/http/outside.h"
#include "connectors/remote/client.h"
#include "engine/task.h"
#include "runtime/clock/clock.h"

namespace pawl::connectors::apigateway {

class ApiGatewayHandler final : public engine::TaskHandler {
 public:
  // `client` gives region and credentials to those that sign, and the endpoint of "execute-api" if
  // there is one: calls go there then, with ApiEndpoint as their Host. All must outlive it.
  ApiGatewayHandler(http::Outside& outside, remote::Client& client, runtime::Clock& clock)
      : outside_(outside), client_(client), clock_(clock) {}

  // A call is made once: what went wrong is for the state's Retry.
  engine::Outcome run(const engine::TaskRequest& request) override;

 private:
  http::Outside& outside_;
  remote::Client& client_;
  runtime::Clock& clock_;
};

}  // namespace pawl::connectors::apigateway
