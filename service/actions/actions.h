// The actions: what each operation does with its checked input. operations.cpp lists them.
//
// An action answers the output's JSON text or a refusal. It runs on a fiber and may suspend; one
// that changes the registry runs alone.
#pragma once

#include "service/api.h"
#include "service/arn.h"
#include "service/configuration.h"

namespace pawl::service {

Answer create_activity(Api& api, const Request& request);
Answer create_state_machine(Api& api, const Request& request);
Answer create_state_machine_alias(Api& api, const Request& request);
Answer delete_activity(Api& api, const Request& request);
Answer delete_state_machine(Api& api, const Request& request);
Answer delete_state_machine_alias(Api& api, const Request& request);
Answer delete_state_machine_version(Api& api, const Request& request);
Answer describe_activity(Api& api, const Request& request);
Answer describe_execution(Api& api, const Request& request);
Answer describe_map_run(Api& api, const Request& request);
Answer describe_state_machine(Api& api, const Request& request);
Answer describe_state_machine_alias(Api& api, const Request& request);
Answer describe_state_machine_for_execution(Api& api, const Request& request);
Answer get_activity_task(Api& api, const Request& request);
Answer get_execution_history(Api& api, const Request& request);
Answer list_activities(Api& api, const Request& request);
Answer list_executions(Api& api, const Request& request);
Answer list_state_machine_aliases(Api& api, const Request& request);
Answer list_map_runs(Api& api, const Request& request);
Answer list_state_machine_versions(Api& api, const Request& request);
Answer list_state_machines(Api& api, const Request& request);
Answer list_tags_for_resource(Api& api, const Request& request);
Answer publish_state_machine_version(Api& api, const Request& request);
Answer redrive_execution(Api& api, const Request& request);
Answer send_task_failure(Api& api, const Request& request);
Answer send_task_heartbeat(Api& api, const Request& request);
Answer send_task_success(Api& api, const Request& request);
Answer start_execution(Api& api, const Request& request);
Answer start_sync_execution(Api& api, const Request& request);
Answer stop_execution(Api& api, const Request& request);
Answer tag_resource(Api& api, const Request& request);
Answer test_state(Api& api, const Request& request);
Answer untag_resource(Api& api, const Request& request);
Answer update_map_run(Api& api, const Request& request);
Answer update_state_machine(Api& api, const Request& request);
Answer update_state_machine_alias(Api& api, const Request& request);
Answer validate_state_machine_definition(Api& api, const Request& request);

// --- shared by the actions (lookup.cpp) ---

using MachinePointer = std::shared_ptr<const engine::MachineRecord>;

// The machine that `arn` names, whatever its qualifier: StateMachineDoesNotExist if there is none.
struct FoundMachine {
  Arn arn;
  MachinePointer record;
};
Checked<FoundMachine> find_machine(Api& api, std::string_view arn);
// The same where a version, alias or label makes no sense: ValidationException.
Checked<FoundMachine> find_plain_machine(Api& api, std::string_view arn);

// ValidationException for an ARN that names a Map state by its label.
std::optional<ApiError> refuse_label(const Arn& arn);
// Replaces what the API keeps with a machine.
Status keep_configuration(Api& api, std::string_view machine, const Configuration& configuration);

// InvalidLoggingConfiguration when the settings name a log group that is not there.
std::optional<ApiError> check_destination(Api& api, const Settings& settings);

// The execution that `arn` names, a child of a Map Run too: ExecutionDoesNotExist if there is none.
// Express executions are none; where `express_children` says so those of Map Runs are.
Checked<engine::ExecutionNumber> find_execution(Api& api, std::string_view arn,
                                                bool express_children = false);
Checked<engine::ExecutionDescription> describe_found(Api& api, std::string_view arn);

// The Map Run that `arn` names: ResourceNotFound if there is none.
struct FoundMapRun {
  engine::ExecutionNumber number = 0;
  engine::MapRunRecord record;
};
Checked<FoundMapRun> find_map_run(Api& api, std::string_view arn);

std::string version_arn(Api& api, std::string_view machine, std::uint32_t number);
// API settings as members of an answer.
void put_settings(const Settings& settings, asl::ObjectBuilder& out);
// variableReferences, for those definitions that use variables.
void put_variable_references(std::string_view definition, asl::ObjectBuilder& out);

// Status of a child that its redriven Map Run has not come to yet.
inline constexpr std::string_view kPendingRedrive = "PENDING_REDRIVE";

inline constexpr std::size_t kPageSizeDefault = 100;

}  // namespace pawl::service
