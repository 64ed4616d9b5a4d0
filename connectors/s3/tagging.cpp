// Tags of objects.
#include "connectors/s3/service.h"
#include "runtime/http/uri.h"

#include <functional>
#include <set>

namespace pawl::connectors::s3 {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;
using Pairs = std::vector<std::pair<std::string, std::string>>;

namespace {

// AWS's bounds, in characters there; bytes here.
constexpr std::size_t kTagKeyBytesMax = 128;
constexpr std::size_t kTagValueBytesMax = 256;

std::optional<Error> check_tags(const Pairs& tags) {
  if (tags.size() > kTagsMax) {
    return Error{"BadRequest", "Object tags cannot be greater than 10", 400, {}};
  }
  std::set<std::string_view> keys;
  for (const auto& [key, value] : tags) {
    if (key.empty() || key.size() > kTagKeyBytesMax) {
      return Error{"InvalidTag", "The TagKey you have provided is invalid", 400, {}};
    }
    if (value.size() > kTagValueBytesMax) {
      return Error{"InvalidTag", "The TagValue you have provided is invalid", 400, {}};
    }
    if (!keys.insert(key).second) {
      return Error{"InvalidTag", "Cannot provide multiple Tags with the same key", 400, {}};
    }
  }
  return std::nullopt;
}

// Runs `change_tags` on the object of the request, in one decision; nothing: only looks.
Answer about_object(S3& s3, const Request& request,
                    const std::function<void(ObjectRecord&)>& change_tags) {
  if (auto wrong = check_key(request)) return *std::move(wrong);
  const std::string_view bucket = request.text("Bucket");
  const std::string key = keys::object(bucket, request.text("Key"));
  std::optional<Error> refused;
  if (auto failed = s3.apply(request, [&](Change& change) {
        refused.reset();
        if (!has_bucket(change, bucket)) {
          refused = no_such_bucket();
          return;
        }
        const std::optional<std::string> row = change.get(key);
        if (!row) {
          refused = no_such_key();
          return;
        }
        Result<ObjectRecord> record = decode_object(*row, key);
        if (!record) return change.fail(std::move(record).error());
        change_tags(*record);
        change.put(key, encode(*record));
      })) {
    return *std::move(failed);
  }
  if (refused) return *std::move(refused);
  return Value::object({});
}

}  // namespace

Error no_such_version() {
  return {"NoSuchVersion", "The specified version does not exist.", 404, {}};
}

bool names_other_version(std::string_view version_id) {
  return !version_id.empty() && version_id != "null";
}

std::optional<Error> read_tags(const Request& request, Pairs& tags) {
  tags = runtime::read_parameters(request.text("Tagging"));
  return check_tags(tags);
}

Answer get_object_tagging(S3& s3, Request& request) {
  if (auto wrong = check_key(request)) return *std::move(wrong);
  auto found = find_object(s3, request.text("Bucket"), request.text("Key"));
  if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
  std::vector<Value> tags;
  for (const auto& [key, value] : std::get<ObjectRecord>(found).tags) {
    ObjectBuilder tag;
    tag.set("Key", Value::string(key)).set("Value", Value::string(value));
    tags.push_back(std::move(tag).build());
  }
  return std::move(ObjectBuilder().set("TagSet", Value::array(std::move(tags)))).build();
}

Answer put_object_tagging(S3& s3, Request& request) {
  const Value* tagging = request.call.input.find("Tagging");
  const Value* listed = tagging == nullptr ? nullptr : tagging->find("TagSet");
  if (listed == nullptr || !listed->is_array()) {
    return Error{"MalformedXML",
                 "The XML you provided was not well-formed or did not validate against our "
                 "published schema",
                 400,
                 {}};
  }
  Pairs tags;
  for (const Value& tag : listed->items()) {
    tags.emplace_back(text_of(tag, "Key"), text_of(tag, "Value"));
  }
  if (auto wrong = check_tags(tags)) return *std::move(wrong);
  return about_object(s3, request, [&](ObjectRecord& record) { record.tags = tags; });
}

Answer delete_object_tagging(S3& s3, Request& request) {
  return about_object(s3, request, [](ObjectRecord& record) { record.tags.clear(); });
}

}  // namespace pawl::connectors::s3
