// The rules for names in a definition: states, variables, labels of a Distributed Map.
//
// Source: `asl-facts` sections 1, 5 and 11 ("Label").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pawl::asl {

inline constexpr std::size_t kVariableNameMax = 80;  // characters (guide)
inline constexpr std::size_t kLabelMax = 40;         // characters (guide)

// The code point at `offset`, which then moves behind it. `text` is valid UTF-8.
std::uint32_t next_code_point(std::string_view text, std::size_t& offset);

// Number of code points.
std::size_t character_count(std::string_view text);

// A variable that Assign may set: a Unicode identifier of at most kVariableNameMax characters.
bool is_variable_name(std::string_view name);

// The first character that a label may not have: white space, ? * < > { } [ ] : ; , \ | ^ ~ $ # %
// & ` " or a control character.
std::optional<std::uint32_t> invalid_label_character(std::string_view label);

}  // namespace pawl::asl
