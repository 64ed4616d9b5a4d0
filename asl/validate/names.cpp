#include "asl/validate/names.h"

#include "asl/validate/unicode_identifier.h"

#include <algorithm>

namespace pawl::asl {
namespace {

bool is_control(std::uint32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

bool is_white_space(std::uint32_t c) {
  return c == ' ' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace

std::uint32_t next_code_point(std::string_view text, std::size_t& offset) {
  const auto byte = [text](std::size_t i) -> std::uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const std::uint32_t lead = byte(offset++);
  if (lead < 0xC0) return lead;
  const std::size_t tail = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  std::uint32_t c = lead & (0x3Fu >> tail);
  for (std::size_t i = 0; i < tail; ++i) c = (c << 6) | (byte(offset++) & 0x3F);
  return c;
}

std::size_t character_count(std::string_view text) {
  const auto continues = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
  });
  return text.size() - static_cast<std::size_t>(continues);
}

bool is_variable_name(std::string_view name) {
  if (name.empty() || character_count(name) > kVariableNameMax) return false;
  std::size_t offset = 0;
  if (!is_identifier_start(next_code_point(name, offset))) return false;
  while (offset < name.size()) {
    if (!is_identifier_continue(next_code_point(name, offset))) return false;
  }
  return true;
}

std::optional<std::uint32_t> invalid_label_character(std::string_view label) {
  const std::string_view forbidden = "?*<>{}[]:;,\\|^~$#%&`\"";
  std::size_t offset = 0;
  while (offset < label.size()) {
    const std::uint32_t c = next_code_point(label, offset);
    const bool is_forbidden =
        c < 0x80 && forbidden.find(static_cast<char>(c)) != std::string_view::npos;
    if (is_forbidden || is_control(c) || is_white_space(c)) return c;
  }
  return std::nullopt;
}

}  // namespace pawl::asl
