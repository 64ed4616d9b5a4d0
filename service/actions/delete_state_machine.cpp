// DeleteStateMachine. A machine that is not there was deleted before.
//
// AWS marks it DELETING and ends its executions at their next transition; here it is gone at once
// and its executions go on to their end with the definition they were started with.
#include "service/actions/actions.h"

namespace pawl::service {

Answer delete_state_machine(Api& api, const Request& request) {
  const Checked<FoundMachine> found = find_plain_machine(api, request.text("stateMachineArn"));
  if (const auto* refused = std::get_if<ApiError>(&found)) {
    if (refused->code == "StateMachineDoesNotExist") return empty_answer();
    return *refused;
  }
  const Status deleted = api.engine().delete_machine(std::get<FoundMachine>(found).record->name);
  if (!deleted) return engine_error(deleted.error());
  return empty_answer();
}

}  // namespace pawl::service
