// Regular expressions of filters: /pattern/flags in Java's syntax, on RE2, which is linear in the
// text. Back references and look-around do not exist there; such a pattern is refused.
// Internal to asl/path.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string_view>

namespace pawl::asl::jsonpath {

// The letters that may follow a pattern: those of java.util.regex.Pattern.
inline constexpr std::string_view kRegexFlags = "dixmsuU";

// Compiles `text`, which is /pattern/flags; nullptr if RE2 refuses it. i, m, s and x have their
// effect, the Unicode flags and d none.
std::shared_ptr<const re2::RE2> compile_regex(std::string_view text);

}  // namespace pawl::asl::jsonpath
