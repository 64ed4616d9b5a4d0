#include "service/operations.h"

#include "service/actions/actions.h"

namespace pawl::service {

namespace {

constexpr bool kAlone = true;

constexpr Operation kOperations[] = {
    {"CreateActivity", create_activity, kAlone},
    {"CreateStateMachine", create_state_machine, kAlone},
    {"CreateStateMachineAlias", create_state_machine_alias, kAlone},
    {"DeleteActivity", delete_activity, kAlone},
    {"DeleteStateMachine", delete_state_machine, kAlone},
    {"DeleteStateMachineAlias", delete_state_machine_alias, kAlone},
    {"DeleteStateMachineVersion", delete_state_machine_version, kAlone},
    {"DescribeActivity", describe_activity},
    {"DescribeExecution", describe_execution},
    {"DescribeMapRun", describe_map_run},
    {"DescribeStateMachine", describe_state_machine},
    {"DescribeStateMachineAlias", describe_state_machine_alias},
    {"DescribeStateMachineForExecution", describe_state_machine_for_execution},
    {"GetActivityTask", get_activity_task},
    {"GetExecutionHistory", get_execution_history},
    {"ListActivities", list_activities},
    {"ListExecutions", list_executions},
    {"ListStateMachineAliases", list_state_machine_aliases},
    {"ListMapRuns", list_map_runs},
    {"ListStateMachineVersions", list_state_machine_versions},
    {"ListStateMachines", list_state_machines},
    {"ListTagsForResource", list_tags_for_resource},
    {"PublishStateMachineVersion", publish_state_machine_version, kAlone},
    {"RedriveExecution", redrive_execution},
    {"SendTaskFailure", send_task_failure},
    {"SendTaskHeartbeat", send_task_heartbeat},
    {"SendTaskSuccess", send_task_success},
    {"StartExecution", start_execution},
    {"StartSyncExecution", start_sync_execution},
    {"StopExecution", stop_execution},
    {"TagResource", tag_resource, kAlone},
    {"TestState", test_state},
    {"UntagResource", untag_resource, kAlone},
    {"UpdateMapRun", update_map_run},
    {"UpdateStateMachine", update_state_machine, kAlone},
    {"UpdateStateMachineAlias", update_state_machine_alias, kAlone},
    {"ValidateStateMachineDefinition", validate_state_machine_definition},
};

}  // namespace

const Operation* find_operation(std::string_view name) {
  for (const Operation& operation : kOperations) {
    if (operation.name == name) return &operation;
  }
  return nullptr;
}

}  // namespace pawl::service
