// java.util.Random: the generator behind seeded random numbers, whose sequences the service
// reproduces.
//
// Source: the documented algorithm of java.util.Random (a linear congruential generator of 48
// bits).
#pragma once

#include <cstdint>

namespace pawl::asl {

class JavaRandom {
 public:
  explicit JavaRandom(std::int64_t seed)
      : state_((static_cast<std::uint64_t>(seed) ^ kMultiplier) & kMask) {}

  // The upper `bits` of the next state.
  std::int32_t next(int bits) {
    state_ = (state_ * kMultiplier + 0xBU) & kMask;
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(state_ >> (48 - bits)));
  }

  // Uniform in [0, bound); `bound` is positive.
  std::int32_t next_int(std::int32_t bound) {
    std::int32_t bits = next(31);
    if ((bound & (bound - 1)) == 0) {
      return static_cast<std::int32_t>((static_cast<std::int64_t>(bound) * bits) >> 31);
    }
    std::int32_t value = bits % bound;
    // Draws from the incomplete last interval are rejected.
    while (static_cast<std::int64_t>(bits) - value + (bound - 1) > INT32_MAX) {
      bits = next(31);
      value = bits % bound;
    }
    return value;
  }

  // Uniform in [0, 1).
  double next_double() {
    const auto high = static_cast<std::int64_t>(next(26));
    return static_cast<double>((high << 27) + next(27)) * 0x1.0p-53;
  }

 private:
  static constexpr std::uint64_t kMultiplier = 0x5DEECE66DU;
  static constexpr std::uint64_t kMask = (std::uint64_t{1} << 48U) - 1;

  std::uint64_t state_;
};

}  // namespace pawl::asl
