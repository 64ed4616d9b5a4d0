// What several actions look up.
#include "service/actions/actions.h"
#include "service/logs/execution_log.h"

namespace pawl::service {

Checked<FoundMachine> find_machine(Api& api, std::string_view arn) {
  Checked<Arn> parsed = parse_arn(arn, kStateMachines);
  if (auto* refused = std::get_if<ApiError>(&parsed)) return std::move(*refused);
  FoundMachine found{std::get<Arn>(std::move(parsed)), nullptr};
  const bool ours = arn.starts_with(api.engine().machine_arn(found.arn.name));
  if (ours) found.record = api.engine().machines().find(found.arn.name);
  if (found.record == nullptr) return state_machine_does_not_exist(arn);
  return found;
}

std::optional<ApiError> refuse_label(const Arn& arn) {
  if (arn.label.empty()) return std::nullopt;
  ApiError refused = validation_error("This operation does not support labeled ARNs");
  refused.reason = "API_DOES_NOT_SUPPORT_LABELED_ARNS";
  return refused;
}

Status keep_configuration(Api& api, std::string_view machine, const Configuration& configuration) {
  const auto kept = api.engine().update_machine(machine, std::nullopt, std::nullopt,
                                                encode_configuration(configuration));
  if (!kept) return kept.error();
  return {};
}

Checked<FoundMachine> find_plain_machine(Api& api, std::string_view arn) {
  Checked<Arn> parsed = parse_arn(arn, kStateMachines);
  if (auto* refused = std::get_if<ApiError>(&parsed)) return std::move(*refused);
  const Arn& plain = std::get<Arn>(parsed);
  if (auto refused = refuse_label(plain)) return *std::move(refused);
  if (!plain.qualifier.empty()) {
    return validation_error("This operation does not support state machine versions and aliases: " +
                            std::string(arn));
  }
  return find_machine(api, arn);
}

std::optional<ApiError> check_destination(Api& api, const Settings& settings) {
  const asl::Value* destinations = settings.logging.find("destinations");
  if (destinations == nullptr || destinations->size() == 0) return std::nullopt;
  const std::string group = log_settings(api.logs(), settings.logging).group;
  if (!group.empty()) {
    const auto found = api.logs().store().group(group);
    if (!found) return engine_error(found.error());
    if (*found) return std::nullopt;
  }
  return ApiError{"InvalidLoggingConfiguration",
                  "Invalid Logging Configuration: Log Destination not found."};
}

namespace {

Checked<engine::ExecutionNumber> find_child(Api& api, std::string_view arn, const Arn& named) {
  const auto number = api.engine().find_child(named.name, named.label, named.execution);
  if (!number && number.error().code != ErrorCode::kNotFound) return engine_error(number.error());
  if (!number) return execution_does_not_exist(arn);
  const Result<engine::ExecutionDescription> child = api.engine().describe(*number);
  if (!child) return engine_error(child.error());
  if (child->arn != arn) return execution_does_not_exist(arn);
  return *number;
}

}  // namespace

Checked<engine::ExecutionNumber> find_execution(Api& api, std::string_view arn,
                                                bool express_children) {
  const ResourceTypes express = express_children ? type_bit(ResourceType::kExpress) : 0;
  Checked<Arn> parsed = parse_arn(arn, kExecutions | express);
  if (auto* refused = std::get_if<ApiError>(&parsed)) return std::move(*refused);
  const Arn& named = std::get<Arn>(parsed);
  if (!named.label.empty()) return find_child(api, arn, named);
  if (named.type == ResourceType::kExpress) return std::get<ApiError>(parse_arn(arn, kExecutions));
  if (api.engine().execution_arn(named.name, named.execution) != arn) {
    return execution_does_not_exist(arn);
  }
  const Result<engine::ExecutionNumber> number = api.engine().find(named.name, named.execution);
  if (number) return *number;
  if (number.error().code == ErrorCode::kNotFound) return execution_does_not_exist(arn);
  return engine_error(number.error());
}

Checked<engine::ExecutionDescription> describe_found(Api& api, std::string_view arn) {
  const Checked<engine::ExecutionNumber> number = find_execution(api, arn, true);
  if (const auto* refused = std::get_if<ApiError>(&number)) return *refused;
  Result<engine::ExecutionDescription> found =
      api.engine().describe(std::get<engine::ExecutionNumber>(number));
  if (found) return *std::move(found);
  if (found.error().code == ErrorCode::kNotFound) return execution_does_not_exist(arn);
  return engine_error(found.error());
}

Checked<FoundMapRun> find_map_run(Api& api, std::string_view arn) {
  Checked<Arn> parsed = parse_arn(arn, type_bit(ResourceType::kMapRun));
  if (auto* refused = std::get_if<ApiError>(&parsed)) return std::move(*refused);
  const Arn& named = std::get<Arn>(parsed);
  const auto number = api.engine().find_map_run(named.name, named.label, named.execution);
  if (!number) {
    return number.error().code == ErrorCode::kNotFound ? resource_not_found(arn)
                                                       : engine_error(number.error());
  }
  Result<engine::MapRunRecord> record = api.engine().map_run(*number);
  if (!record) return engine_error(record.error());
  // Another region or account is somebody else's.
  if (api.engine().map_run_arn(*record) != arn) return resource_not_found(arn);
  return FoundMapRun{*number, *std::move(record)};
}

std::string version_arn(Api& api, std::string_view machine, std::uint32_t number) {
  return api.engine().machine_arn(machine) + ":" + std::to_string(number);
}

void put_settings(const Settings& settings, asl::ObjectBuilder& out) {
  out.set("loggingConfiguration", settings.logging);
  out.set("tracingConfiguration", settings.tracing);
  out.set("encryptionConfiguration", settings.encryption);
}

}  // namespace pawl::service
