// Percent-encoding of paths, queries and forms.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pawl::connectors::aws {

// Sequences that are none stay as they are. `plus`: a plus sign is a blank, as in forms.
std::string percent_decode(std::string_view text, bool plus = false);
// All but letters, digits and -._~ (and / if `keep_slash`) as %XX.
std::string percent_encode(std::string_view text, bool keep_slash = false);

// "a=1&b&c=%20" to its pairs, decoded, in order.
using Parameters = std::vector<std::pair<std::string, std::string>>;
Parameters read_parameters(std::string_view text);

}  // namespace pawl::connectors::aws
