#include "asl/jsonata/library.h"

#include <algorithm>
#include <cmath>
#include <locale.h>
#include <wctype.h>

namespace pawl::asl::jsonata {

namespace {

constexpr double kMaxPadding = 10'000'000;  // above every value's limit

// Reads one code point at `position` and moves past it. Values hold UTF-8 of a reader or of this
// library, so a sequence is complete; surrogates in three bytes pass as they are.
char32_t next_code_point(std::string_view text, std::size_t& position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t code_point = lead;
  if (size == 2) code_point = lead & 0x1FU;
  if (size == 3) code_point = lead & 0x0FU;
  if (size == 4) code_point = lead & 0x07U;
  const std::size_t end = std::min(position + size, text.size());
  for (std::size_t i = position + 1; i < end; ++i) {
    code_point = (code_point << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  position = end;
  return code_point;
}

void append(char32_t code_point, std::string& out) {
  const auto byte = [&out](char32_t bits) { out.push_back(static_cast<char>(bits)); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xC0U | (code_point >> 6U));
    byte(0x80U | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    byte(0xE0U | (code_point >> 12U));
    byte(0x80U | ((code_point >> 6U) & 0x3FU));
    byte(0x80U | (code_point & 0x3FU));
  } else {
    byte(0xF0U | (code_point >> 18U));
    byte(0x80U | ((code_point >> 12U) & 0x3FU));
    byte(0x80U | ((code_point >> 6U) & 0x3FU));
    byte(0x80U | (code_point & 0x3FU));
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
  return is_letter(next_code_point(text, start)) &&
         (after == text.size() || !is_letter(next_code_point(text, end)));
}

}  // namespace

std::size_t length(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::string substring(std::string_view text, double start, std::optional<double> count) {
  const auto size = static_cast<double>(length(text));
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
  const double missing = std::abs(std::trunc(width)) - static_cast<double>(length(text));
  if (!(missing > 0)) return std::string(text);
  if (missing > kMaxPadding) {
    return Error{ErrorCode::kLimit, "the padding is larger than a value may be", "U1001"};
  }
  const auto fill_length = static_cast<double>(length(fill));
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
    const char32_t c = next_code_point(text, i);
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
        append(simple_upper(c), out);
    }
  }
  return out;
}

std::string lower_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t before = i;
    const char32_t c = next_code_point(text, i);
    if (c == 0x0130) {
      out += "i\u0307";
    } else if (c == 0x03A3) {
      append(is_final(text, before, i) ? 0x03C2 : 0x03C3, out);
    } else {
      append(simple_lower(c), out);
    }
  }
  return out;
}

std::u16string to_utf16(std::string_view text) {
  std::u16string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = next_code_point(text, i);
    if (c < 0x10000) {
      out.push_back(static_cast<char16_t>(c));
    } else {
      out.push_back(static_cast<char16_t>(0xD800U + ((c - 0x10000U) >> 10U)));
      out.push_back(static_cast<char16_t>(0xDC00U + ((c - 0x10000U) & 0x3FFU)));
    }
  }
  return out;
}

std::string to_utf8(std::u16string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char32_t c = text[i];
    const bool high = c >= 0xD800 && c < 0xDC00;
    if (high && i + 1 < text.size() && text[i + 1] >= 0xDC00 && text[i + 1] < 0xE000) {
      c = 0x10000U + ((c - 0xD800U) << 10U) + (static_cast<char32_t>(text[++i]) - 0xDC00U);
    }
    append(c, out);
  }
  return out;
}

}  // namespace pawl::asl::jsonata
