// RemoteLambda: functions of AWS Lambda, or of what speaks its protocol.
#pragma once

#include "connectors/lambda/backend.h"
#include "connectors/remote/client.h"

#include <string>

namespace pawl::connectors::remote {

class RemoteLambda final : public LambdaBackend {
 public:
  // `account`: the engine's. A name without an account of its own is sent as it is: the caller's
  // credentials say whose it is.
  RemoteLambda(Client& client, std::string account)
      : client_(client), account_(std::move(account)) {}

  // Lambda has no field for an idempotency key: an invocation that may have happened is not
  // repeated, only one that was throttled.
  InvocationOutcome invoke(const Invocation& invocation,
                           engine::Cancellation* cancellation) override;

 private:
  Client& client_;
  const std::string account_;
};

}  // namespace pawl::connectors::remote
