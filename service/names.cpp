#include "service/names.h"

#include "asl/validate/names.h"

#include <cstdint>

namespace pawl::service {

namespace {

bool is_forbidden(std::uint32_t c) {
  constexpr std::string_view kAscii = " <>{}[]?*\"#%\\^|~`$&,;:/";
  if (c < 0x80) {
    return c < 0x20 || c == 0x7F || kAscii.find(static_cast<char>(c)) != std::string_view::npos;
  }
  const bool control = c <= 0x9F;
  const bool space = c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
                     c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
  return control || space || c == 0xFFFE || c == 0xFFFF || c == 0x10FFFF;
}

}  // namespace

bool is_valid_name(std::string_view name) {
  for (std::size_t offset = 0; offset < name.size();) {
    if (is_forbidden(asl::next_code_point(name, offset))) return false;
  }
  return !name.empty();
}

}  // namespace pawl::service
