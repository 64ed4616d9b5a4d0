#include "engine/map_run/child_name.h"

#include <array>
#include <cstddef>

namespace pawl::engine {

namespace {

constexpr std::size_t kDigits = 32;
constexpr std::size_t kNumberDigits = 16;
constexpr std::size_t kVersion = 12;  // places of the two digits that a UUID fixes
constexpr std::size_t kVariant = 16;
constexpr std::string_view kHex = "0123456789abcdef";

constexpr bool dash_before(std::size_t digit) {
  return digit == 8 || digit == 12 || digit == 16 || digit == 20;
}

}  // namespace

std::string name_with_number(ExecutionNumber number, runtime::Random& random) {
  std::uint64_t chance = random.next_u64();
  std::string name;
  std::size_t of_number = 0;
  for (std::size_t digit = 0; digit < kDigits; ++digit) {
    if (dash_before(digit)) name += '-';
    if (digit == kVersion) {
      name += '4';
    } else if (digit == kVariant) {
      name += 'a';
    } else if (of_number < kNumberDigits) {
      name += kHex[(number >> (4 * (kNumberDigits - 1 - of_number++))) & 0xFU];
    } else {
      name += kHex[chance & 0xFU];
      chance >>= 4U;
    }
  }
  return name;
}

std::optional<ExecutionNumber> number_in_name(std::string_view name) {
  if (name.size() != kDigits + 4) return std::nullopt;
  ExecutionNumber number = 0;
  std::size_t of_number = 0;
  std::size_t at = 0;
  for (std::size_t digit = 0; digit < kDigits; ++digit) {
    if (dash_before(digit) && name[at++] != '-') return std::nullopt;
    const std::size_t value = kHex.find(name[at++]);
    if (value == std::string_view::npos) return std::nullopt;
    if (digit == kVersion || digit == kVariant || of_number == kNumberDigits) continue;
    number = (number << 4U) | value;
    ++of_number;
  }
  return number;
}

}  // namespace pawl::engine
