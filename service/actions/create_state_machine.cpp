// CreateStateMachine: registers a definition under a name.
//
// Idempotent on name, definition (as text), type, settings, publish and versionDescription; another
// role or other tags are neither an error nor an update. Source: api-facts section 3 [rec].
#include "service/actions/actions.h"
#include "service/definition_check.h"
#include "service/names.h"

namespace pawl::service {

namespace {

Answer created(Api& api, const engine::MachineRecord& record, const Configuration& configuration) {
  asl::ObjectBuilder out;
  out.set("stateMachineArn", asl::Value::string(api.engine().machine_arn(record.name)));
  out.set("creationDate", engine::epoch_seconds(record.creation_date));
  if (configuration.created_published) {
    constexpr std::uint32_t kFirst = 1;
    out.set("stateMachineVersionArn", asl::Value::string(version_arn(api, record.name, kFirst)));
  }
  return answer(std::move(out).build());
}

// The name is taken: the same call again, or another machine.
Answer created_before(Api& api, const Request& request, const Configuration& asked, bool express) {
  const std::string_view name = request.text("name");
  const ApiError taken = state_machine_already_exists(api.engine().machine_arn(name));
  const MachinePointer record = api.engine().machines().find(name);
  if (record == nullptr) return taken;
  if (record->deleting) return state_machine_deleting(api.engine().machine_arn(name));
  const Result<engine::RevisionRecord> revision =
      api.engine().machines().revision(name, record->revision);
  if (!revision) return engine_error(revision.error());
  const Configuration known = decode_configuration(record->configuration);
  const bool same = revision->definition == request.text("definition") &&
                    record->express == express && same_settings(known.settings, asked.settings) &&
                    known.created_published == asked.created_published &&
                    known.created_description == asked.created_description;
  return same ? created(api, *record, known) : Answer(taken);
}

}  // namespace

Answer create_state_machine(Api& api, const Request& request) {
  const std::string_view name = request.text("name");
  const std::string_view definition = request.text("definition");
  const std::string_view role = request.text("roleArn");
  const bool express = request.text("type") == "EXPRESS";
  const bool publish = request.flag("publish");
  if (!is_valid_name(name)) return invalid_name(name);
  if (!role.starts_with("arn:")) return invalid_arn_prefix(role);
  if (request.has("versionDescription") && !publish) {
    return validation_error("Version description can only be set when publish is true");
  }
  Configuration configuration;
  configuration.settings = default_settings();
  if (auto refused = apply_settings(request.input(), configuration.settings)) return *refused;
  if (request.has("loggingConfiguration")) {
    if (auto refused = check_destination(api, configuration.settings)) return *refused;
  }
  if (auto refused = check_definition(definition, express, api.limits())) return *refused;
  configuration.created_published = publish;
  configuration.created_description = request.text("versionDescription");

  if (api.engine().machines().find(name) != nullptr) {
    return created_before(api, request, configuration, express);
  }
  if (const asl::Value* tags = request.member("tags")) {
    if (auto refused = add_tags(configuration.tags, *tags, api.engine().machine_arn(name),
                                api.limits().tags)) {
      return *refused;
    }
  }
  // Numbers of revisions go on where an earlier machine of this name ended.
  const Result<std::uint32_t> newest = api.engine().machines().newest_revision(name);
  if (!newest) return engine_error(newest.error());
  note_revision(configuration, *newest + 1, api.now());
  if (publish) {
    const auto version =
        publish_version(configuration, *newest + 1, request.text("versionDescription"), api.now(),
                        api.limits().versions);
    if (const auto* refused = std::get_if<ApiError>(&version)) return *refused;
  }
  const auto made =
      api.engine().create_machine({.name = std::string(name),
                                   .definition = std::string(definition),
                                   .role_arn = std::string(role),
                                   .express = express,
                                   .configuration = encode_configuration(configuration)});
  if (made) return created(api, **made, configuration);
  if (made.error().code == ErrorCode::kExists) {
    return state_machine_already_exists(api.engine().machine_arn(name));
  }
  return engine_error(made.error());
}

}  // namespace pawl::service
