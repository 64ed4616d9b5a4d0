// DescribeStateMachineForExecution: the machine as it was when the execution started. It answers
// after the machine was updated or deleted too.
#include "service/actions/actions.h"

namespace pawl::service {

Answer describe_state_machine_for_execution(Api& api, const Request& request) {
  const auto checked = describe_found(api, request.text("executionArn"));
  if (const auto* refused = std::get_if<ApiError>(&checked)) return *refused;
  const auto& execution = std::get<engine::ExecutionDescription>(checked).record;
  const Result<engine::RevisionRecord> revision =
      api.engine().machines().revision(execution.machine, execution.revision);
  if (!revision) return engine_error(revision.error());
  const MachinePointer machine = api.engine().machines().find(execution.machine);
  const Configuration configuration =
      decode_configuration(machine != nullptr ? machine->configuration : std::string());
  const RevisionNote* note = find_note(configuration, execution.revision);
  const bool metadata_only = request.text("includedData") == "METADATA_ONLY";

  asl::ObjectBuilder out;
  out.set("stateMachineArn", asl::Value::string(api.engine().machine_arn_of(execution)));
  out.set("name", asl::Value::string(execution.machine));
  out.set("definition", asl::Value::string(metadata_only ? "{}" : revision->definition));
  out.set("roleArn", asl::Value::string(revision->role_arn));
  out.set("updateDate", engine::epoch_seconds(note != nullptr ? note->date : execution.start_date));
  if (execution.map_run) {
    const auto run = api.engine().map_run(execution.map_run->run);
    if (!run) return engine_error(run.error());
    out.set("mapRunArn", asl::Value::string(api.engine().map_run_arn(*run)));
    out.set("label", asl::Value::string(execution.map_run->label));
  }
  put_settings(configuration.settings, out);
  if (note != nullptr && !note->revision_id.empty()) {
    out.set("revisionId", asl::Value::string(note->revision_id));
  }
  if (!metadata_only) put_variable_references(revision->definition, out);
  return answer(std::move(out).build());
}

}  // namespace pawl::service
