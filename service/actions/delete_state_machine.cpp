// DeleteStateMachine. A machine that is not there was deleted before.
//
// Its versions and aliases go at once; it stays, DELETING, until its executions have ended, which
// they do at their next transition (Engine::delete_machine).
#include "service/actions/actions.h"

namespace pawl::service {

Answer delete_state_machine(Api& api, const Request& request) {
  const Checked<FoundMachine> found = find_plain_machine(api, request.text("stateMachineArn"));
  if (const auto* refused = std::get_if<ApiError>(&found)) {
    if (refused->code == "StateMachineDoesNotExist") return empty_answer();
    return *refused;
  }
  const engine::MachineRecord& record = *std::get<FoundMachine>(found).record;
  if (record.deleting) return empty_answer();
  Configuration configuration = decode_configuration(record.configuration);
  if (!configuration.versions.empty() || !configuration.aliases.empty()) {
    configuration.versions.clear();
    configuration.aliases.clear();
    const Status kept = keep_configuration(api, record.name, configuration);
    if (!kept) return engine_error(kept.error());
  }
  const Status deleted = api.engine().delete_machine(record.name);
  if (!deleted) return engine_error(deleted.error());
  return empty_answer();
}

}  // namespace pawl::service
