// DescribeStateMachine, of a machine, one of its versions, or what an alias leads to.
#include "service/actions/actions.h"

#include <algorithm>

namespace pawl::service {

Answer describe_state_machine(Api& api, const Request& request) {
  const std::string_view arn = request.text("stateMachineArn");
  const Checked<FoundMachine> checked = find_machine(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&checked)) return *refused;
  const auto& found = std::get<FoundMachine>(checked);
  const engine::MachineRecord& record = *found.record;
  const Configuration configuration = decode_configuration(record.configuration);
  const Version* version = nullptr;
  if (!found.arn.qualifier.empty()) {
    std::string number = found.arn.qualifier;
    if (found.arn.names_alias()) {
      const Alias* alias = find_alias(configuration, number);
      if (alias == nullptr) return state_machine_does_not_exist(arn);
      // Nothing says which of two versions an alias shows: the one that gets most executions.
      const auto most =
          std::max_element(alias->routes.begin(), alias->routes.end(),
                           [](const Route& a, const Route& b) { return a.weight < b.weight; });
      number = std::to_string(most->version);
    }
    version = find_version(configuration, number);
    if (version == nullptr) return state_machine_does_not_exist(arn);
  }
  const Result<engine::RevisionRecord> revision = api.engine().machines().revision(
      record.name, version != nullptr ? version->revision : record.revision);
  if (!revision) return engine_error(revision.error());
  const bool metadata_only = request.text("includedData") == "METADATA_ONLY";

  asl::ObjectBuilder out;
  out.set("stateMachineArn", asl::Value::string(arn));
  out.set("name", asl::Value::string(record.name));
  out.set("status", asl::Value::string(record.deleting ? "DELETING" : "ACTIVE"));
  out.set("definition", asl::Value::string(metadata_only ? "{}" : revision->definition));
  out.set("roleArn", asl::Value::string(revision->role_arn));
  out.set("type", asl::Value::string(record.express ? "EXPRESS" : "STANDARD"));
  out.set("creationDate",
          engine::epoch_seconds(version != nullptr ? version->date : record.creation_date));
  put_settings(version != nullptr ? version->settings : configuration.settings, out);
  if (!found.arn.label.empty()) out.set("label", asl::Value::string(found.arn.label));
  const std::string& id = version != nullptr ? version->revision_id : configuration.revision_id;
  if (!id.empty()) out.set("revisionId", asl::Value::string(id));
  if (version != nullptr && !version->description.empty()) {
    out.set("description", asl::Value::string(version->description));
  }
  if (!metadata_only) put_variable_references(revision->definition, out);
  return answer(std::move(out).build());
}

}  // namespace pawl::service
