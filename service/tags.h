// Tags of a state machine or activity.
//
// Source: api-facts section 9.
#pragma once

#include "asl/json/value.h"
#include "service/errors.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::service {

struct Tag {
  std::string key;
  std::string value;
};
using Tags = std::vector<Tag>;

inline constexpr std::size_t kStoredTagsMax = 10'000;  // of one resource, when its row is read

// Adds `list` (an array of {key, value}, checked against the model), replacing values of known
// keys. TooManyTags past `max`, ValidationException for reserved keys ("aws:"); `tags` is then
// unchanged.
std::optional<ApiError> add_tags(Tags& tags, const asl::Value& list, std::string_view arn,
                                 std::size_t max);
void remove_tags(Tags& tags, const asl::Value& keys);
asl::Value tags_value(const Tags& tags);

}  // namespace pawl::service
