// Percent-encoding (RFC 3986) of paths, queries and forms.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pawl::runtime {

// Sequences that are none stay as they are. `plus`: a plus sign is a blank, as in forms.
std::string percent_decode(std::string_view text, bool plus = false);
// All but letters, digits, -._~ and the characters in `kept` as %XX.
std::string percent_encode(std::string_view text, std::string_view kept = {});

// "a=1&b&c=%20" to its pairs, decoded, in order.
using QueryParameters = std::vector<std::pair<std::string, std::string>>;
QueryParameters read_parameters(std::string_view text);

}  // namespace pawl::runtime
