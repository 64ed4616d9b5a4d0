#include "asl/jsonata/library.h"
#include "asl/jsonata/text.h"

#include <algorithm>

namespace pawl::asl::jsonata {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// What is never escaped (uriUnescaped), and what encodeURI leaves besides, and decodeURI keeps.
constexpr std::string_view kUnescaped =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
constexpr std::string_view kReserved = ";/?:@&=+$,#";

Error malformed(std::string_view function, std::string_view text) {
  return language_error("D3140", "Malformed URL passed to $" + std::string(function) + "(): \"" +
                                     std::string(text) + "\"");
}

// A surrogate in three bytes: the mark of a lone one.
bool has_surrogate(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xED' && static_cast<unsigned char>(text[i + 1]) >= 0xA0) return true;
  }
  return false;
}

Result<std::string> escaped(std::string_view text, std::string_view kept,
                            std::string_view function) {
  if (has_surrogate(text)) return malformed(function, text);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (kUnescaped.find(c) != std::string_view::npos || kept.find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back("0123456789ABCDEF"[byte >> 4U]);
    out.push_back("0123456789ABCDEF"[byte & 15U]);
  }
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that "%XX" at `at` stands for.
std::optional<unsigned> escape_at(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size() || text[at] != '%') return std::nullopt;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<unsigned>(high * 16 + low);
}

// Bytes of the UTF-8 sequence that `lead` begins and whether `second` may follow; 0 if none.
std::size_t sequence_size(unsigned lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
}

bool second_fits(unsigned lead, unsigned second) {
  return !(lead == 0xE0 && second < 0xA0) && !(lead == 0xED && second > 0x9F) &&
         !(lead == 0xF0 && second < 0x90) && !(lead == 0xF4 && second > 0x8F);
}

Result<std::string> unescaped(std::string_view text, std::string_view kept,
                              std::string_view function) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '%') {
      out.push_back(text[i++]);
      continue;
    }
    const std::optional<unsigned> lead = escape_at(text, i);
    const std::size_t size = lead ? sequence_size(*lead) : 0;
    if (size == 0) return malformed(function, text);
    std::string character(1, static_cast<char>(*lead));
    for (std::size_t j = 1; j < size; ++j) {
      const std::optional<unsigned> byte = escape_at(text, i + 3 * j);
      if (!byte || (*byte & 0xC0U) != 0x80U || (j == 1 && !second_fits(*lead, *byte))) {
        return malformed(function, text);
      }
      character.push_back(static_cast<char>(*byte));
    }
    if (size == 1 && kept.find(character) != std::string_view::npos) {
      out.append(text.substr(i, 3));
    } else {
      out += character;
    }
    i += 3 * size;
  }
  return out;
}

}  // namespace

std::string base64_encode(std::string_view text) {
  const std::u16string units = utf16_of(text);
  std::string out;
  out.reserve((units.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < units.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, units.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = (group << 8U) | (j < count ? units[i + j] & 0xFFU : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      const auto shift = static_cast<unsigned>(18 - 6 * j);
      out.push_back(j <= count ? kAlphabet[(group >> shift) & 63U] : '=');
    }
  }
  return out;
}

std::string base64_decode(std::string_view text) {
  std::u16string out;
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (char c : text) {
    if (c == '=') break;
    if (c == '-') c = '+';
    if (c == '_') c = '/';
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) continue;
    group = (group << 6U) | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<char16_t>((group >> bits) & 0xFFU));
  }
  return utf8_of(out);
}

Result<std::string> encode_url(std::string_view text) {
  return escaped(text, kReserved, "encodeUrl");
}
Result<std::string> encode_url_component(std::string_view text) {
  return escaped(text, "", "encodeUrlComponent");
}
Result<std::string> decode_url(std::string_view text) {
  return unescaped(text, kReserved, "decodeUrl");
}
Result<std::string> decode_url_component(std::string_view text) {
  return unescaped(text, "", "decodeUrlComponent");
}

}  // namespace pawl::asl::jsonata
