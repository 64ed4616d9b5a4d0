// PublishStateMachineVersion, ListStateMachineVersions, DeleteStateMachineVersion.
//
// Source: api-facts section 4; recorded cases sfn_api_versioning.
#include "service/actions/actions.h"
#include "service/page_token.h"

#include <fmt/format.h>

#include <charconv>

namespace pawl::service {

namespace {

constexpr std::string_view kInitialRevision = "INITIAL";

asl::Value shown(Api& api, std::string_view machine, const Version& version) {
  asl::ObjectBuilder out;
  out.set("creationDate", engine::epoch_seconds(version.date));
  out.set("stateMachineVersionArn", asl::Value::string(version_arn(api, machine, version.number)));
  return std::move(out).build();
}

}  // namespace

Answer publish_state_machine_version(Api& api, const Request& request) {
  const Checked<FoundMachine> found = find_plain_machine(api, request.text("stateMachineArn"));
  if (const auto* refused = std::get_if<ApiError>(&found)) return *refused;
  const engine::MachineRecord& record = *std::get<FoundMachine>(found).record;
  if (record.deleting) return state_machine_deleting(request.text("stateMachineArn"));
  Configuration configuration = decode_configuration(record.configuration);
  const std::string_view current =
      configuration.revision_id.empty() ? kInitialRevision : configuration.revision_id;
  if (request.has("revisionId") && request.text("revisionId") != current) {
    return ApiError{"ConflictException",
                    "The given revisionId is not the one of the state machine's current revision."};
  }
  // The same revision again answers the version that it has.
  if (const Version* known = version_of_revision(configuration, record.revision)) {
    return answer(shown(api, record.name, *known));
  }
  const auto version = publish_version(configuration, record.revision, request.text("description"),
                                       api.now(), api.limits().versions);
  if (const auto* refused = std::get_if<ApiError>(&version)) return *refused;
  if (const Status kept = keep_configuration(api, record.name, configuration); !kept) {
    return engine_error(kept.error());
  }
  return answer(shown(api, record.name, *std::get<const Version*>(version)));
}

Answer list_state_machine_versions(Api& api, const Request& request) {
  const std::string_view arn = request.text("stateMachineArn");
  const Checked<FoundMachine> found = find_plain_machine(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&found)) return *refused;
  const engine::MachineRecord& record = *std::get<FoundMachine>(found).record;
  const Configuration configuration = decode_configuration(record.configuration);

  const std::string list = "ListStateMachineVersions\n" + std::string(arn);
  std::uint32_t before = configuration.versions_made + 1;
  if (request.has("nextToken")) {
    const auto cursor = read_page_token(request.text("nextToken"), list, api.now());
    if (!cursor) return invalid_token();
    std::from_chars(cursor->data(), cursor->data() + cursor->size(), before);
  }
  const std::size_t max = request.page_size(kPageSizeDefault);
  std::vector<asl::Value> items;
  std::uint32_t last = 0;
  bool more = false;
  for (auto it = configuration.versions.rbegin(); it != configuration.versions.rend(); ++it) {
    if (it->number >= before) continue;
    if (items.size() == max) {
      more = true;
      break;
    }
    items.push_back(shown(api, record.name, *it));
    last = it->number;
  }
  asl::ObjectBuilder out;
  out.set("stateMachineVersions", asl::Value::array(std::move(items)));
  if (more) {
    out.set("nextToken",
            asl::Value::string(make_page_token(list, std::to_string(last), api.now())));
  }
  return answer(std::move(out).build());
}

Answer delete_state_machine_version(Api& api, const Request& request) {
  const std::string_view arn = request.text("stateMachineVersionArn");
  const Checked<FoundMachine> checked = find_machine(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&checked)) {
    if (refused->code == "StateMachineDoesNotExist") return empty_answer();
    return *refused;
  }
  const auto& found = std::get<FoundMachine>(checked);
  if (auto refused = refuse_label(found.arn)) return *std::move(refused);
  if (!found.arn.names_version()) {
    return validation_error("The ARN of a state machine version is needed: " + std::string(arn));
  }
  Configuration configuration = decode_configuration(found.record->configuration);
  const Version* version = find_version(configuration, found.arn.qualifier);
  if (version == nullptr) return empty_answer();
  std::vector<std::string_view> users;
  for (const Alias& alias : configuration.aliases) {
    for (const Route& route : alias.routes) {
      if (route.version == version->number) users.push_back(alias.name);
    }
  }
  if (!users.empty()) {
    return ApiError{"ConflictException",
                    fmt::format("Version to be deleted must not be referenced by an alias. Current "
                                "list of aliases referencing this version: [{}]",
                                fmt::join(users, ", "))};
  }
  configuration.versions.erase(configuration.versions.begin() +
                               (version - configuration.versions.data()));
  if (const Status kept = keep_configuration(api, found.record->name, configuration); !kept) {
    return engine_error(kept.error());
  }
  return empty_answer();
}

}  // namespace pawl::service
