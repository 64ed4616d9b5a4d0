// Base64 with the standard alphabet (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pawl {

std::string to_base64(std::string_view bytes);  // padded
// As Java's basic decoder: no blanks; the padding may be missing but not be wrong. Empty: it is
// none.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace pawl
