// Compiles the text of a path. Internal to asl/path.
#pragma once

#include "asl/path/compiled.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace pawl::asl::jsonpath {

// Bounds (docs/limits.md).
inline constexpr std::size_t kMaxPathBytes = 64 * 1024;  // text of one path
inline constexpr std::size_t kMaxPathSteps = 256;        // steps of one path
inline constexpr int kMaxPathNesting = 4;                // paths within filters and parameters
inline constexpr int kMaxFilterNesting = 16;  // parentheses and `!`, nested filters included

struct ParseContext {
  int nesting = 0;         // of paths within filters and parameters
  int filter_nesting = 0;  // of parentheses and `!` around this path
  // Takes what Jayway 2.10 refuses although state machines that run on the service have it: an
  // unquoted word in a filter for a string, `[?(@.Name == Receipt)]`, and an index counted from the
  // end as `[(@.length-1)]`.
  bool service = false;
};

// A path as Jayway's compiler takes it: blanks behind it are dropped, and one that begins with
// neither `$` nor `@` is read as if `$.` stood before it (a blank before them makes it invalid).
// kInvalid with Jayway's message and "offset N"; kLimit beyond a bound above.
Result<CompiledPath> parse_path(std::string_view text, const ParseContext& context = {});

// The condition of a filter; `text` is `[?( ... )]` with its brackets.
Result<Expression> parse_filter(std::string_view text, const ParseContext& context);

}  // namespace pawl::asl::jsonpath
