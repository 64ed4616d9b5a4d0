// The text of InvalidDefinition for a label, in the one form that is recorded for it: not
// "Invalid State Machine Definition: ..." but the error of the parser behind it.
#pragma once

#include "asl/validate/validate.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl {

// Error=ValueError Args=["Label contains invalid character: '#'"] in definition '{...}'.
//
// `definition` is the text as it was sent. Empty if no label is invalid: then describe() has the
// text. Source: recorded answers (sfn_api_map_run).
std::optional<std::string> recorded_label_error(const std::vector<Diagnostic>& diagnostics,
                                                std::string_view definition);

// `c` as Python's repr() shows a string of it: '#', '"', '\\', '\r', '\x00', '\u2003'. For
// characters that a label may not have: ASCII, and what is not printable above it.
std::string python_repr(std::uint32_t c);

// `text` as Python's repr() shows it: in single quotes, unless it holds some and no double quotes.
// ASCII without control characters only.
std::string python_repr(std::string_view text);

}  // namespace pawl::asl
