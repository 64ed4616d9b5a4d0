// RemoteServices: the services of RemoteOptions, as handlers in the place of the embedded ones.
#pragma once

#include "connectors/embedded/services.h"
#include "connectors/registry.h"
#include "connectors/remote/client.h"
#include "connectors/remote/lambda.h"
#include "connectors/remote/states.h"
#include "runtime/clock/clock.h"

#include <memory>
#include <string>

namespace pawl::connectors::remote {

class RemoteServices final {
 public:
  // `account`: the engine's.
  RemoteServices(std::unique_ptr<Client> client, const std::string& account, runtime::Clock& clock)
      : client_(std::move(client)), clock_(clock), lambda_(*client_, account), states_(*client_) {}

  // After those of the embedded services, whose place they take. `embedded` lends its mappings.
  void register_handlers(Registry& registry, EmbeddedServices& embedded);

  Client& client() { return *client_; }

 private:
  std::unique_ptr<Client> client_;
  runtime::Clock& clock_;
  RemoteLambda lambda_;
  RemoteStates states_;
};

}  // namespace pawl::connectors::remote
