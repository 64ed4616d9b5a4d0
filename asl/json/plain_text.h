// Internal to asl/json: the bytes of a string that JSON writes as they are.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pawl::asl {

inline bool needs_escape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

// How many bytes from `begin` on need no escape: up to the next quote, backslash or control
// character, or the end. Eight at a time: a byte by itself costs as much, and long texts have few
// that do.
inline std::size_t plain_bytes(std::string_view text, std::size_t begin) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighBits; };
  std::size_t at = begin;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof(word));
    const std::uint64_t below_blank = (word - kOnes * 0x20) & ~word & kHighBits;
    const std::uint64_t found =
        below_blank | has_zero(word ^ (kOnes * '"')) | has_zero(word ^ (kOnes * '\\'));
    if (found == 0) continue;
    // A borrow marks bytes above the first one at most, so the lowest mark is right.
    if constexpr (std::endian::native == std::endian::little) {
      return at + static_cast<std::size_t>(std::countr_zero(found)) / 8 - begin;
    }
    break;
  }
  while (at < text.size() && !needs_escape(static_cast<unsigned char>(text[at]))) ++at;
  return at - begin;
}

}  // namespace pawl::asl
