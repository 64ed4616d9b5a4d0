#include "runtime/clock/random.h"

#include "base/assert.h"

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <sys/random.h>

namespace pawl::runtime {
namespace {

std::uint64_t split_mix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

void fill_from_system(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    PAWL_ASSERT(got > 0);  // the call cannot fail otherwise on a kernel we run on
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

std::uint64_t system_seed() {
  std::uint64_t seed = 0;
  fill_from_system(std::as_writable_bytes(std::span(&seed, 1)));
  return seed;
}

}  // namespace

double Random::next_unit() {
  constexpr double kTwoToMinus53 = 1.0 / 9007199254740992.0;
  return static_cast<double>(next_u64() >> 11U) * kTwoToMinus53;
}

std::uint64_t Random::next_below(std::uint64_t bound) {
  PAWL_ASSERT(bound > 0);
  // Values below 2^64 mod bound would make the first residues likelier; draw again for those.
  const std::uint64_t uneven = (0 - bound) % bound;
  std::uint64_t value = next_u64();
  while (value < uneven) value = next_u64();
  return value % bound;
}

Xoshiro256::Xoshiro256(std::uint64_t seed) : state_() {
  for (std::uint64_t& word : state_) word = split_mix(seed);
}

std::uint64_t Xoshiro256::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t SystemRandom::next_u64() {
  thread_local Xoshiro256 generator(system_seed());
  return generator.next();
}

// Ids are asked for one by one, and a system call each costs more than all the rest of an id. What
// was handed out is erased, so that memory that leaks tells nothing about it.
void SystemRandom::fill(std::span<std::byte> bytes) {
  constexpr std::size_t kKept = 1024;
  thread_local std::array<std::byte, kKept> kept;
  thread_local std::size_t used = kKept;
  if (bytes.size() > kKept / 4) return fill_from_system(bytes);
  if (kKept - used < bytes.size()) {
    fill_from_system(kept);
    used = 0;
  }
  std::memcpy(bytes.data(), kept.data() + used, bytes.size());
  std::memset(kept.data() + used, 0, bytes.size());
  used += bytes.size();
}

void SeededRandom::fill(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    std::uint64_t word = generator_.next();
    const std::size_t count = std::min(bytes.size(), sizeof(word));
    for (std::size_t i = 0; i < count; ++i, word >>= 8U) bytes[i] = std::byte(word & 0xffU);
    bytes = bytes.subspan(count);
  }
}

std::string uuid4(Random& random) {
  std::array<std::byte, 16> bytes{};
  random.fill(bytes);
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};

  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[std::to_integer<unsigned>(bytes[i] >> 4)];
    text += kHex[std::to_integer<unsigned>(bytes[i] & std::byte{0x0f})];
  }
  return text;
}

}  // namespace pawl::runtime
