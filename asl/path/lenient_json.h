// Reads the JSON literals of filters and function parameters the way json-smart's permissive mode
// does: single quotes, bare words and stray commas are accepted. Internal to asl/path.
#pragma once

#include "asl/json/value.h"

#include <optional>
#include <string_view>

namespace pawl::asl::jsonpath {

// Empty if even the permissive reader fails, or the literal nests too deep.
std::optional<Value> read_lenient_json(std::string_view text);

}  // namespace pawl::asl::jsonpath
