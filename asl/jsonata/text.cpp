#include "asl/jsonata/text.h"

#include <algorithm>
#include <cmath>
#include <locale.h>
#include <wctype.h>

namespace pawl::asl::jsonata {
namespace {

constexpr double kMaxPadding = 10'000'000;  // above every value's limit

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// Decodes the character at `i` and moves past it.
char32_t decode(std::string_view text, std::size_t& i) {
  const unsigned char lead = byte_at(text, i);
  const std::size_t size = character_size(text, i);
  char32_t code = lead;
  if (size == 2) code = lead & 0x1Fu;
  if (size == 3) code = lead & 0x0Fu;
  if (size == 4) code = lead & 0x07u;
  for (std::size_t k = 1; k < size; ++k) code = (code << 6) | (byte_at(text, i + k) & 0x3Fu);
  i += size;
  return code;
}

void encode(char32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Byte offset of the character `count`, or the end.
std::size_t offset_of(std::string_view text, double count) {
  std::size_t position = 0;
  for (double i = 0; i < count && position < text.size(); ++i) {
    ++position;
    while (position < text.size() && is_continuation(text[position])) ++position;
  }
  return position;
}

// Array.prototype.slice's reading of one bound.
double slice_bound(double bound, double size) {
  if (std::isnan(bound)) return 0;
  bound = std::trunc(bound);
  return bound < 0 ? std::max(size + bound, 0.0) : std::min(bound, size);
}

// The C library's table of simple mappings, independent of the process's locale.
locale_t unicode_locale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

char32_t simple_upper(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  const locale_t locale = unicode_locale();
  return locale == nullptr ? c : static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), locale));
}

char32_t simple_lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  const locale_t locale = unicode_locale();
  return locale == nullptr ? c : static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), locale));
}

bool is_letter(char32_t c) { return simple_upper(c) != c || simple_lower(c) != c; }

// A sigma that ends a word: a letter before it, none after.
bool is_final(std::string_view text, std::size_t before, std::size_t after) {
  if (before == 0) return false;
  std::size_t start = before - 1;
  while (start > 0 && is_continuation(text[start])) --start;
  std::size_t end = after;
  return is_letter(decode(text, start)) && (after == text.size() || !is_letter(decode(text, end)));
}

}  // namespace

std::size_t character_size(std::string_view text, std::size_t offset) {
  const unsigned char lead = byte_at(text, offset);
  std::size_t size = 1;
  if (lead >= 0xF0) {
    size = 4;
  } else if (lead >= 0xE0) {
    size = 3;
  } else if (lead >= 0xC0) {
    size = 2;
  }
  return offset + size <= text.size() ? size : text.size() - offset;
}

std::u16string utf16_of(std::string_view text) {
  std::u16string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const char32_t code = decode(text, i);
    if (code >= 0x10000) {
      out += static_cast<char16_t>(0xD800 + ((code - 0x10000) >> 10));
      out += static_cast<char16_t>(0xDC00 + ((code - 0x10000) & 0x3FF));
    } else {
      out += static_cast<char16_t>(code);
    }
  }
  return out;
}

std::string utf8_of(std::u16string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char32_t code = text[i];
    if (code >= 0xD800 && code < 0xDC00 && i + 1 < text.size() && text[i + 1] >= 0xDC00 &&
        text[i + 1] < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<char32_t>(text[++i]) - 0xDC00);
    }
    encode(code, out);
  }
  return out;
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::size_t offset_of_code_point(std::string_view text, std::size_t index) {
  std::size_t offset = 0;
  while (index > 0 && offset < text.size()) {
    offset += character_size(text, offset);
    --index;
  }
  return offset;
}

std::size_t count_utf16(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) count += byte >= 0xF0 ? 2 : 1;
  }
  return count;
}

int compare_utf16(std::string_view a, std::string_view b) {
  const std::size_t common = a.size() < b.size() ? a.size() : b.size();
  for (std::size_t i = 0; i < common; ++i) {
    if (a[i] == b[i]) continue;
    const unsigned char x = byte_at(a, i);
    const unsigned char y = byte_at(b, i);
    // Surrogates (characters beyond U+FFFF) sort before U+E000 to U+FFFF.
    if (x >= 0xF0 && y >= 0xEE && y < 0xF0) return -1;
    if (y >= 0xF0 && x >= 0xEE && x < 0xF0) return 1;
    return x < y ? -1 : 1;
  }
  if (a.size() == b.size()) return 0;
  return a.size() < b.size() ? -1 : 1;
}

std::string substring(std::string_view text, double start, std::optional<double> count) {
  const auto size = static_cast<double>(count_code_points(text));
  if (size + start < 0) start = 0;
  double end = size;
  if (count) {
    if (*count <= 0) return {};
    end = slice_bound(start >= 0 ? start + *count : size + start + *count, size);
  }
  start = slice_bound(start, size);
  if (end <= start) return {};
  text.remove_prefix(offset_of(text, start));
  return std::string(text.substr(0, offset_of(text, end - start)));
}

Result<std::string> pad(std::string_view text, double width, std::string_view fill) {
  if (fill.empty()) fill = " ";
  const double missing = std::abs(std::trunc(width)) - static_cast<double>(count_code_points(text));
  if (!(missing > 0)) return std::string(text);
  if (missing > kMaxPadding) {
    return Error{ErrorCode::kLimit, "the padding is larger than a value may be", "U1001"};
  }
  const auto fill_length = static_cast<double>(count_code_points(fill));
  std::string padding;
  double left = missing;
  for (; left >= fill_length; left -= fill_length) padding += fill;
  padding += fill.substr(0, offset_of(fill, left));
  return width > 0 ? std::string(text) + padding : padding + std::string(text);
}

std::string upper_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = decode(text, i);
    switch (c) {  // the common characters of which the full mapping has several letters
      case 0x00DF:
        out += "SS";
        break;
      case 0x0149:
        out += "\u02BCN";
        break;
      case 0x0587:
        out += "\u0535\u0552";
        break;
      case 0xFB00:
        out += "FF";
        break;
      case 0xFB01:
        out += "FI";
        break;
      case 0xFB02:
        out += "FL";
        break;
      case 0xFB03:
        out += "FFI";
        break;
      case 0xFB04:
        out += "FFL";
        break;
      case 0xFB05:
      case 0xFB06:
        out += "ST";
        break;
      default:
        encode(simple_upper(c), out);
    }
  }
  return out;
}

std::string lower_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t before = i;
    const char32_t c = decode(text, i);
    if (c == 0x0130) {
      out += "i\u0307";
    } else if (c == 0x03A3) {
      encode(is_final(text, before, i) ? 0x03C2 : 0x03C3, out);
    } else {
      encode(simple_lower(c), out);
    }
  }
  return out;
}

}  // namespace pawl::asl::jsonata
