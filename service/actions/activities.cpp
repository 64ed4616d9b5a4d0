// CreateActivity, DescribeActivity, DeleteActivity, ListActivities, GetActivityTask.
//
// Source: api-facts section 7; recorded cases sfn_api_activities.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "service/actions/actions.h"
#include "service/names.h"
#include "service/page_token.h"

#include <fmt/format.h>

namespace pawl::service {

namespace {

constexpr std::string_view kList = "ListActivities";

asl::Value brief(Api& api, const Activity& activity, bool named) {
  asl::ObjectBuilder out;
  out.set("activityArn", asl::Value::string(api.engine().activity_arn(activity.name)));
  if (named) out.set("name", asl::Value::string(activity.name));
  out.set("creationDate", engine::epoch_seconds(activity.creation_date));
  return std::move(out).build();
}

}  // namespace

Answer create_activity(Api& api, const Request& request) {
  const std::string_view name = request.text("name");
  if (!is_valid_name(name)) return invalid_name(name);
  Settings settings = default_settings();
  if (auto refused = apply_settings(request.input(), settings)) return *refused;

  Activity activity;
  activity.name = name;
  activity.creation_date = api.now();
  activity.encryption = asl::to_json(settings.encryption);
  if (const asl::Value* tags = request.member("tags")) {
    if (auto refused =
            add_tags(activity.tags, *tags, api.engine().activity_arn(name), api.limits().tags))
      return *refused;
  }
  const Result<std::optional<Activity>> known = api.activities().find(name);
  if (!known) return engine_error(known.error());
  if (*known) {
    if ((*known)->encryption == activity.encryption) return answer(brief(api, **known, false));
    return ApiError{"ActivityAlreadyExists",
                    "Activity Already Exists: '" + api.engine().activity_arn(name) + "'"};
  }
  const Status kept = api.activities().put(activity);
  if (!kept) return engine_error(kept.error());
  return answer(brief(api, activity, false));
}

Answer describe_activity(Api& api, const Request& request) {
  const std::string_view arn = request.text("activityArn");
  const Checked<Arn> parsed = parse_arn(arn, kActivities);
  if (const auto* refused = std::get_if<ApiError>(&parsed)) return *refused;
  const std::string& name = std::get<Arn>(parsed).name;
  const Result<std::optional<Activity>> activity = api.activities().find(name);
  if (!activity) return engine_error(activity.error());
  if (!*activity || api.engine().activity_arn(name) != arn) return activity_does_not_exist(arn);
  asl::ObjectBuilder out(brief(api, **activity, true));
  const Result<asl::Value> encryption = asl::read_json((*activity)->encryption);
  if (encryption) out.set("encryptionConfiguration", *encryption);
  return answer(std::move(out).build());
}

Answer delete_activity(Api& api, const Request& request) {
  const std::string_view arn = request.text("activityArn");
  const Checked<Arn> parsed = parse_arn(arn, kActivities);
  if (const auto* refused = std::get_if<ApiError>(&parsed)) return *refused;
  const std::string& name = std::get<Arn>(parsed).name;
  if (api.engine().activity_arn(name) != arn) return empty_answer();
  const Status gone = api.activities().erase(name);
  if (!gone) return engine_error(gone.error());
  return empty_answer();
}

Answer get_activity_task(Api& api, const Request& request) {
  constexpr std::chrono::seconds kLongPoll{60};
  const std::string_view arn = request.text("activityArn");
  const Checked<Arn> parsed = parse_arn(arn, kActivities);
  if (const auto* refused = std::get_if<ApiError>(&parsed)) return *refused;
  const std::string& name = std::get<Arn>(parsed).name;
  engine::ActivityQueue& queue = api.engine().activities();
  const Result<bool> exists = queue.exists(name);
  if (!exists) return engine_error(exists.error());
  if (!*exists || api.engine().activity_arn(name) != arn) return activity_does_not_exist(arn);

  const engine::EngineOptions& options = api.engine().options();
  const auto task = runtime::call_on(*options.shards[0], [&] {
    return queue.poll(name, std::string(request.text("workerName")),
                      options.clock->after(kLongPoll), [&] { return request.caller_is_gone(); });
  });
  if (!task) {
    if (task.error().code != ErrorCode::kLimit) return engine_error(task.error());
    return ApiError{"ActivityWorkerLimitExceeded",
                    fmt::format("Activity Worker Limit Exceeded: '{}'", arn)};
  }
  if (!*task) return empty_answer();
  asl::ObjectBuilder out;
  out.set("taskToken", asl::Value::string((*task)->token));
  out.set("input", asl::Value::string((*task)->input));
  return answer(std::move(out).build());
}

Answer list_activities(Api& api, const Request& request) {
  std::string after;
  if (request.has("nextToken")) {
    auto cursor = read_page_token(request.text("nextToken"), kList, api.now());
    if (!cursor) return invalid_token();
    after = *std::move(cursor);
  }
  const std::size_t max = request.page_size(kPageSizeDefault);
  const Result<std::vector<Activity>> found = api.activities().list(after, max + 1);
  if (!found) return engine_error(found.error());
  std::vector<asl::Value> items;
  for (const Activity& activity : *found) {
    if (items.size() == max) break;
    items.push_back(brief(api, activity, true));
  }
  asl::ObjectBuilder out;
  out.set("activities", asl::Value::array(std::move(items)));
  if (found->size() > max) {
    out.set("nextToken",
            asl::Value::string(make_page_token(kList, (*found)[max - 1].name, api.now())));
  }
  return answer(std::move(out).build());
}

}  // namespace pawl::service
