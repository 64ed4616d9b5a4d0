#include "asl/validate/label_error.h"

#include "asl/validate/report.h"

#include <algorithm>

namespace pawl::asl {
namespace {

void append_hex(std::uint32_t c, int digits, std::string& out) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += "0123456789abcdef"[(c >> shift) & 0xF];
  }
}

// One character inside quotes, except for the quotes themselves.
void append_escaped(std::uint32_t c, std::string& out) {
  if (c == '\\') {
    out += "\\\\";
  } else if (c == '\n') {
    out += "\\n";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c == '\t') {
    out += "\\t";
  } else if (c >= 0x20 && c < 0x7F) {
    out += static_cast<char>(c);
  } else if (c < 0x100) {
    append_hex(c, 2, out += "\\x");
  } else if (c < 0x10000) {
    append_hex(c, 4, out += "\\u");
  } else {
    append_hex(c, 8, out += "\\U");
  }
}

}  // namespace

std::string python_repr(std::uint32_t c) {
  if (c == '\'') return "\"'\"";
  std::string out = "'";
  append_escaped(c, out);
  return out += '\'';
}

std::string python_repr(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const bool has_double = text.find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += '\\';
    append_escaped(static_cast<unsigned char>(c), out);
  }
  return out += quote;
}

std::optional<std::string> recorded_label_error(const std::vector<Diagnostic>& diagnostics,
                                                std::string_view definition) {
  const auto found = std::find_if(
      diagnostics.begin(), diagnostics.end(),
      [](const Diagnostic& diagnostic) { return diagnostic.code == code::kInvalidLabel; });
  if (found == diagnostics.end()) return std::nullopt;
  std::string out = "Error=ValueError Args=[" + python_repr(std::string_view(found->message));
  ((out += "] in definition '") += definition) += "'.";
  return out;
}

}  // namespace pawl::asl
