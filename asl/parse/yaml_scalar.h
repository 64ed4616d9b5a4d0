// Scalars of YAML by the core schema (YAML 1.2.2, section 10.3): what a plain word means.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"

#include <string_view>

namespace pawl::asl {

// The value of a scalar with `tag`: "?" for a plain one, "!" for a quoted one, or a tag of the core
// schema. Numbers without a JSON form (.inf, .nan) and unknown tags are kInvalid.
Result<Value> yaml_scalar(std::string_view tag, std::string_view text);

// True for the tags that an untagged map or sequence may carry; others are refused by the caller.
bool is_core_collection_tag(std::string_view tag);

// What to say about a tag that is not of the core schema.
Error unknown_tag(std::string_view tag);

}  // namespace pawl::asl
