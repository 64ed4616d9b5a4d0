// Base64 (RFC 4648, section 4) of binary members.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pawl::connectors::aws {

std::string to_base64(std::string_view bytes);
// Nothing for what is not base64: a character outside the alphabet, a wrong length.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace pawl::connectors::aws
