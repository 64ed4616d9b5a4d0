#include "asl/intrinsics/functions.h"
#include "asl/intrinsics/java_random.h"

#include <cmath>
#include <limits>
#include <string>

namespace pawl::asl::intrinsics {

namespace {

bool fits_int32(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

std::optional<std::int64_t> whole(double value) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (!(value >= -kLimit && value < kLimit)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

void append_hex(std::uint64_t value, int digits, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int i = digits - 1; i >= 0; --i) {
    out.push_back(kHex[(value >> (4U * static_cast<unsigned>(i))) & 15U]);
  }
}

}  // namespace

std::optional<std::int64_t> rounded(const Value& number) {
  if (number.is_int()) return number.as_int();
  if (!number.is_double()) return std::nullopt;
  const double below = std::floor(number.as_double());
  return whole(number.as_double() - below >= 0.5 ? below + 1 : below);
}

std::optional<std::int64_t> truncated(const Value& number) {
  if (number.is_int()) return number.as_int();
  if (!number.is_double()) return std::nullopt;
  return whole(std::trunc(number.as_double()));
}

// Each operand is rounded before they are added, and is of 32 bits.
Outcome math_add(Arguments arguments) {
  const std::optional<std::int64_t> a = rounded(arguments[0]);
  const std::optional<std::int64_t> b = rounded(arguments[1]);
  if (!a || !b || !fits_int32(*a) || !fits_int32(*b)) return std::nullopt;
  return Value::integer(*a + *b);
}

// From the first number up to, not including, the second. With a seed the sequence of
// java.util.Random, else the environment's randomness.
Outcome math_random(Arguments arguments, const Environment& environment) {
  const std::optional<std::int64_t> start = rounded(arguments[0]);
  const std::optional<std::int64_t> end = rounded(arguments[1]);
  if (!start || !end || !fits_int32(*start) || !fits_int32(*end) || *start >= *end) {
    return std::nullopt;
  }
  const std::int64_t width = *end - *start;
  if (arguments.size() == 3) {
    const std::optional<std::int64_t> seed = rounded(arguments[2]);
    if (!seed || !fits_int32(width)) return std::nullopt;
    return Value::integer(*start + JavaRandom(*seed).next_int(static_cast<std::int32_t>(width)));
  }
  const std::uint64_t draw = environment.random() % static_cast<std::uint64_t>(width);
  return Value::integer(*start + static_cast<std::int64_t>(draw));
}

// Version 4: 122 random bits.
Outcome uuid(const Environment& environment) {
  const std::uint64_t high =
      (environment.random() & ~std::uint64_t{0xF000}) | std::uint64_t{0x4000};
  const std::uint64_t low =
      (environment.random() & ~(std::uint64_t{3} << 62U)) | (std::uint64_t{2} << 62U);
  std::string out;
  append_hex(high >> 32U, 8, out);
  out.push_back('-');
  append_hex(high >> 16U, 4, out);
  out.push_back('-');
  append_hex(high, 4, out);
  out.push_back('-');
  append_hex(low >> 48U, 4, out);
  out.push_back('-');
  append_hex(low, 12, out);
  return Value::string(out);
}

}  // namespace pawl::asl::intrinsics
