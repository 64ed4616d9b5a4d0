// Escapes in quoted names and strings of paths. Internal to asl/path.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pawl::asl::jsonpath {

// Removes backslash escapes: \n, \t, \r, \f, \b, \uXXXX; any other character stands for itself.
// Empty if \u is not followed by four hexadecimal digits; an incomplete one at the end is dropped.
std::optional<std::string> unescape(std::string_view text);

}  // namespace pawl::asl::jsonpath
