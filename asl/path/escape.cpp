#include "asl/path/escape.h"

#include "asl/path/java_text.h"

#include <charconv>
#include <utility>

namespace pawl::asl::jsonpath {

std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  char32_t pending = 0;  // a high surrogate that waits for its other half
  const auto put_unit = [&](char32_t unit) {
    if (pending != 0 && unit >= 0xDC00 && unit < 0xE000) {
      append_utf8(0x10000 + ((pending - 0xD800) << 10U) + (unit - 0xDC00), out);
      pending = 0;
      return;
    }
    if (pending != 0) append_utf8(pending, out);
    pending = unit >= 0xD800 && unit < 0xDC00 ? unit : 0;
    if (pending == 0) append_utf8(unit, out);
  };
  const auto put = [&](char c) {
    if (pending != 0) append_utf8(std::exchange(pending, 0), out);
    out.push_back(c);
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      put(text[i]);
      continue;
    }
    if (++i == text.size()) {
      put('\\');
      break;
    }
    switch (text[i]) {
      case 'r':
        put('\r');
        break;
      case 'f':
        put('\f');
        break;
      case 't':
        put('\t');
        break;
      case 'n':
        put('\n');
        break;
      case 'b':
        put('\b');
        break;
      case 'u': {
        const std::string_view digits = text.substr(i + 1, 4);
        if (digits.size() < 4) return out;
        unsigned unit = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + 4, unit, 16);
        if (error != std::errc{} || end != digits.data() + 4) return std::nullopt;
        put_unit(unit);
        i += 4;
        break;
      }
      default:
        put(text[i]);
    }
  }
  if (pending != 0) append_utf8(pending, out);
  return out;
}

}  // namespace pawl::asl::jsonpath
