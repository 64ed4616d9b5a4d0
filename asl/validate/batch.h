// Validation of many definitions, one a line: what `pawl validate --batch` does between stdin and
// stdout. Used by conformance/validation.py and conformance/definitions.py.
#pragma once

#include "asl/validate/validate.h"

#include <string>
#include <string_view>

namespace pawl::asl {

// In:  {"name": ..., "definition": {...}} or {"name": ..., "text": "..."}
// Out: {"name": ..., "result": "OK" | "FAIL",
//       "diagnostics": [{"severity": "ERROR" | "WARNING", "code", "message", "location"?}]}
// Both without line feed. A line that is neither has the result FAIL and says so. With `echo` the
// answer also has the definition as it was read and written again.
std::string validate_line(std::string_view line, const ValidateOptions& options, bool echo = false);

}  // namespace pawl::asl
