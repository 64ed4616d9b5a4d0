// TagResource, UntagResource, ListTagsForResource: of state machines and activities.
#include "service/actions/actions.h"

#include <functional>

namespace pawl::service {

namespace {

using Change = std::function<std::optional<ApiError>(Tags&)>;

// Applies `change` to the tags of the resource and keeps the result; an empty one only reads.
Checked<Tags> with_tags(Api& api, std::string_view arn, const Change& change) {
  const Checked<Arn> parsed = parse_arn(arn, kStateMachines | kActivities);
  if (const auto* refused = std::get_if<ApiError>(&parsed)) return *refused;
  const Arn& named = std::get<Arn>(parsed);

  if (named.type == ResourceType::kActivity) {
    Result<std::optional<Activity>> activity = api.activities().find(named.name);
    if (!activity) return engine_error(activity.error());
    if (!*activity) return resource_not_found(arn);
    if (change) {
      if (auto refused = change((*activity)->tags)) return *refused;
      const Status kept = api.activities().put(**activity);
      if (!kept) return engine_error(kept.error());
    }
    return (*activity)->tags;
  }

  const MachinePointer machine = api.engine().machines().find(named.name);
  if (machine == nullptr || api.engine().machine_arn(named.name) != arn) {
    return resource_not_found(arn);
  }
  Configuration configuration = decode_configuration(machine->configuration);
  if (change) {
    if (auto refused = change(configuration.tags)) return *refused;
    const auto kept = api.engine().update_machine(named.name, std::nullopt, std::nullopt,
                                                  encode_configuration(configuration));
    if (!kept) return engine_error(kept.error());
  }
  return configuration.tags;
}

Answer changed(const Checked<Tags>& tags) {
  if (const auto* refused = std::get_if<ApiError>(&tags)) return *refused;
  return empty_answer();
}

}  // namespace

Answer tag_resource(Api& api, const Request& request) {
  const std::string_view arn = request.text("resourceArn");
  return changed(with_tags(api, arn, [&](Tags& tags) {
    return add_tags(tags, *request.member("tags"), arn, api.limits().tags);
  }));
}

Answer untag_resource(Api& api, const Request& request) {
  return changed(
      with_tags(api, request.text("resourceArn"), [&](Tags& tags) -> std::optional<ApiError> {
        remove_tags(tags, *request.member("tagKeys"));
        return std::nullopt;
      }));
}

Answer list_tags_for_resource(Api& api, const Request& request) {
  const Checked<Tags> tags = with_tags(api, request.text("resourceArn"), {});
  if (const auto* refused = std::get_if<ApiError>(&tags)) return *refused;
  asl::ObjectBuilder out;
  out.set("tags", tags_value(std::get<Tags>(tags)));
  return answer(std::move(out).build());
}

}  // namespace pawl::service
