// Chance as everything above runtime/ sees it: jitter, ids, tokens. A SeededRandom makes a whole
// engine repeatable (DESIGN.md section 1, rule 6).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace pawl::runtime {

class Random {
 public:
  virtual ~Random() = default;
  // Uniform over all 64-bit values. For jitter and the like, not for secrets.
  virtual std::uint64_t next_u64() = 0;
  // Fills `bytes`. What must not be guessed (task tokens, ids) comes from here.
  virtual void fill(std::span<std::byte> bytes) = 0;

  // Uniform in [0, 1).
  double next_unit();
  // Uniform in [0, bound); `bound` at least 1.
  std::uint64_t next_below(std::uint64_t bound);
};

// The xoshiro256** generator of Blackman and Vigna. Not for secrets.
class Xoshiro256 {
 public:
  explicit Xoshiro256(std::uint64_t seed);
  std::uint64_t next();

 private:
  std::array<std::uint64_t, 4> state_;
};

// The operating system's randomness: fill() is getrandom(2), next_u64() a generator per thread that
// is seeded from it. Any thread may call it.
class SystemRandom final : public Random {
 public:
  std::uint64_t next_u64() override;
  void fill(std::span<std::byte> bytes) override;
};

// The same sequence for the same seed, on every machine. One thread.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : generator_(seed) {}
  std::uint64_t next_u64() override { return generator_.next(); }
  void fill(std::span<std::byte> bytes) override;

 private:
  Xoshiro256 generator_;
};

// A random UUID, version 4, 36 characters in lower case (RFC 4122 section 4.4).
std::string uuid4(Random& random);

}  // namespace pawl::runtime
