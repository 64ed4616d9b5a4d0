// RemoteStates: the Step Functions API of another installation, for nested workflows there.
#pragma once

#include "connectors/remote/client.h"
#include "connectors/states/states_api.h"

#include <string>

namespace pawl::connectors::remote {

class RemoteStates final : public StatesApi {
 public:
  explicit RemoteStates(Client& client) : client_(client) {}

  std::variant<std::string, StatesError> call_states(std::string_view operation,
                                                     const std::string& input,
                                                     const StatesCaller& caller) override;
  // Nobody tells us: a .sync Task asks from time to time.
  bool announces_ends() const override { return false; }

 private:
  Client& client_;
};

}  // namespace pawl::connectors::remote
