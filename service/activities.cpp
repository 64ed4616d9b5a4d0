#include "service/activities.h"

#include "runtime/store/encoding.h"

namespace pawl::service {

namespace {

constexpr std::string_view kPrefix = "A";
constexpr std::uint8_t kVersion = 1;

std::string encode(const Activity& activity) {
  runtime::Encoder out(kVersion);
  out.string(activity.name);
  out.varint(static_cast<std::uint64_t>(activity.creation_date.time_since_epoch().count()));
  out.string(activity.encryption);
  out.varint(activity.tags.size());
  for (const Tag& tag : activity.tags) out.string(tag.key).string(tag.value);
  return out.seal();
}

Result<Activity> decode(std::string_view bytes, std::string_view key) {
  const Result<runtime::OpenedRecord> opened = runtime::open_record(key, bytes, kVersion);
  if (!opened) return opened.error();
  runtime::Decoder in(opened->payload);
  Activity activity;
  activity.name = std::string(in.string());
  activity.creation_date = runtime::WallTime(std::chrono::milliseconds(in.varint()));
  activity.encryption = std::string(in.string());
  for (std::uint64_t left = in.varint_max(kStoredTagsMax); left > 0; --left) {
    std::string name(in.string());
    activity.tags.push_back({std::move(name), std::string(in.string())});
  }
  if (Status finished = in.finished(key); !finished) return std::move(finished).error();
  return activity;
}

}  // namespace

Result<std::optional<Activity>> Activities::find(std::string_view name) const {
  const std::string key = engine::keys::activity(name);
  Result<std::optional<std::string>> row = engine_.options().store->get(key);
  if (!row) return std::move(row).error();
  if (!*row) return std::optional<Activity>();
  Result<Activity> activity = decode(**row, key);
  if (!activity) return std::move(activity).error();
  return std::optional<Activity>(*std::move(activity));
}

Result<std::vector<Activity>> Activities::list(std::string_view after, std::size_t max) const {
  std::vector<Activity> activities;
  // NUL is no character of a name: the first key that is larger.
  const std::string from =
      after.empty() ? std::string(kPrefix) : engine::keys::activity(after) + '\0';
  const auto rows = engine_.options().store->scan(from, runtime::prefix_end(kPrefix));
  for (; rows->valid() && activities.size() < max; rows->next()) {
    Result<Activity> activity = decode(rows->value(), rows->key());
    if (!activity) return std::move(activity).error();
    activities.push_back(*std::move(activity));
  }
  if (Status read = rows->status(); !read) return std::move(read).error();
  return activities;
}

Status Activities::put(const Activity& activity) {
  runtime::Batch batch;
  batch.put(engine::keys::activity(activity.name), encode(activity));
  return engine_.commit(batch);
}

Status Activities::erase(std::string_view name) {
  runtime::Batch batch;
  batch.erase(engine::keys::activity(name));
  return engine_.commit(batch);
}

}  // namespace pawl::service
