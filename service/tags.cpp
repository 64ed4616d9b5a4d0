#include "service/tags.h"

#include <algorithm>

namespace pawl::service {

namespace {

auto find_tag(Tags& tags, std::string_view key) {
  return std::find_if(tags.begin(), tags.end(), [key](const Tag& tag) { return tag.key == key; });
}

}  // namespace

std::optional<ApiError> add_tags(Tags& tags, const asl::Value& list, std::string_view arn,
                                 std::size_t max) {
  Tags sum = tags;
  for (const asl::Value& item : list.items()) {
    Tag tag{std::string(text_of(item, "key")), std::string(text_of(item, "value"))};
    if (tag.key.empty()) return validation_error("Tag keys must not be empty.");
    if (tag.key.starts_with("aws:")) {
      return validation_error("Tag keys that begin with 'aws:' are reserved: '" + tag.key + "'");
    }
    const auto known = find_tag(sum, tag.key);
    if (known == sum.end()) {
      sum.push_back(std::move(tag));
    } else {
      known->value = std::move(tag.value);
    }
  }
  if (sum.size() > max) {
    ApiError error{"TooManyTags", "Too Many Tags: '" + std::string(arn) + "'"};
    error.resource_name = arn;
    return error;
  }
  tags = std::move(sum);
  return std::nullopt;
}

void remove_tags(Tags& tags, const asl::Value& keys) {
  for (const asl::Value& key : keys.items()) {
    const auto known = find_tag(tags, key.as_string());
    if (known != tags.end()) tags.erase(known);
  }
}

asl::Value tags_value(const Tags& tags) {
  std::vector<asl::Value> items;
  items.reserve(tags.size());
  for (const Tag& tag : tags) {
    asl::ObjectBuilder item;
    item.set("key", asl::Value::string(tag.key));
    item.set("value", asl::Value::string(tag.value));
    items.push_back(std::move(item).build());
  }
  return asl::Value::array(std::move(items));
}

}  // namespace pawl::service
