// UpdateStateMachine: a new revision for executions that start from now on.
//
// The revision id changes when anything changed, settings included, and stays as it is when the
// request repeats what is there [rec].
#include "service/actions/actions.h"
#include "service/definition_check.h"

namespace pawl::service {

namespace {

Answer updated(Api& api, const engine::MachineRecord& record, const Configuration& configuration,
               runtime::WallTime date, const Version* published) {
  asl::ObjectBuilder out;
  out.set("updateDate", engine::epoch_seconds(date));
  if (!configuration.revision_id.empty()) {
    out.set("revisionId", asl::Value::string(configuration.revision_id));
  }
  if (published != nullptr) {
    out.set("stateMachineVersionArn",
            asl::Value::string(version_arn(api, record.name, published->number)));
  }
  return answer(std::move(out).build());
}

}  // namespace

Answer update_state_machine(Api& api, const Request& request) {
  const Checked<FoundMachine> found = find_plain_machine(api, request.text("stateMachineArn"));
  if (const auto* refused = std::get_if<ApiError>(&found)) return *refused;
  const engine::MachineRecord& before = *std::get<FoundMachine>(found).record;
  if (before.deleting) return state_machine_deleting(request.text("stateMachineArn"));

  const bool publish = request.flag("publish");
  const std::optional<std::string> definition = request.optional_text("definition");
  const std::optional<std::string> role = request.optional_text("roleArn");
  if (!definition && !role && !request.has("loggingConfiguration") &&
      !request.has("tracingConfiguration") && !request.has("encryptionConfiguration")) {
    return ApiError{"MissingRequiredParameter",
                    "Either the definition, the role ARN, the LoggingConfiguration, or the "
                    "TracingConfiguration must be specified"};
  }
  if (role && !role->starts_with("arn:")) return invalid_arn_prefix(*role);
  if (request.has("versionDescription") && !publish) {
    return validation_error("Version description can only be set when publish is true");
  }
  Configuration configuration = decode_configuration(before.configuration);
  const Settings settings_before = configuration.settings;
  if (auto refused = apply_settings(request.input(), configuration.settings)) return *refused;
  if (request.has("loggingConfiguration")) {
    if (auto refused = check_destination(api, configuration.settings)) return *refused;
  }
  if (definition) {
    if (auto refused = check_definition(*definition, before.express, api.limits())) return *refused;
  }

  const Result<engine::RevisionRecord> revision =
      api.engine().machines().revision(before.name, before.revision);
  if (!revision) return engine_error(revision.error());
  const bool new_revision =
      (definition && *definition != revision->definition) || (role && *role != revision->role_arn);
  const bool changed = new_revision || !same_settings(settings_before, configuration.settings);
  const runtime::WallTime now = api.now();
  // The engine counts the same way (Engine::update_machine).
  const std::uint32_t number = before.revision + (new_revision ? 1 : 0);
  if (changed) {
    configuration.revision_id = api.new_id();
    note_revision(configuration, number, now);
  }
  const Version* published = nullptr;
  if (publish) {
    published = version_of_revision(configuration, number);
    if (published == nullptr) {
      const auto version = publish_version(
          configuration, number, request.text("versionDescription"), now, api.limits().versions);
      if (const auto* refused = std::get_if<ApiError>(&version)) return *refused;
      published = std::get<const Version*>(version);
    }
  }
  if (changed || publish) {
    const auto made = api.engine().update_machine(before.name, definition, role,
                                                  encode_configuration(configuration));
    if (!made) return engine_error(made.error());
  }
  return updated(api, before, configuration, now, published);
}

}  // namespace pawl::service
