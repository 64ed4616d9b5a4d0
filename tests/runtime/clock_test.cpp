#include "runtime/clock/clock.h"

#include "tests/catch.h"

#include <set>

namespace pawl::runtime {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const WallTime kStart = WallTime(milliseconds(1'700'000'000'000));

TEST_CASE("a virtual clock stands still until it is advanced", "[runtime][clock]") {
  VirtualClock clock(kStart);
  const SteadyTime begin = clock.steady_now();
  CHECK(clock.wall_now() == kStart);
  CHECK(begin > SteadyTime{});

  clock.advance_to(begin + seconds(90));
  CHECK(clock.steady_now() == begin + seconds(90));
  CHECK(clock.wall_now() == kStart + seconds(90));

  clock.advance_to(begin);  // never goes back
  CHECK(clock.steady_now() == begin + seconds(90));
}

TEST_CASE("stepping the wall clock leaves the steady scale alone", "[runtime][clock]") {
  VirtualClock clock(kStart);
  const SteadyTime begin = clock.steady_now();
  clock.step_wall(-hours(1));
  CHECK(clock.wall_now() == kStart - hours(1));
  CHECK(clock.steady_now() == begin);
}

TEST_CASE("a span too long for the clock means never", "[runtime][clock]") {
  RealClock clock;
  CHECK(clock.after(std::chrono::nanoseconds::max()) == kNever);
  CHECK(clock.after(seconds(1)) > clock.steady_now());
  CHECK_FALSE(clock.is_virtual());
}

TEST_CASE("a seeded random source repeats itself", "[runtime][clock]") {
  SeededRandom first(42);
  SeededRandom second(42);
  SeededRandom other(43);
  CHECK(first.next_u64() == second.next_u64());
  CHECK(uuid4(first) == uuid4(second));
  CHECK(first.next_u64() != other.next_u64());
  CHECK(first.next_u64() != first.next_u64());
}

TEST_CASE("random numbers stay within their bounds", "[runtime][clock]") {
  SystemRandom random;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(random.next_below(6));
    const double unit = random.next_unit();
    REQUIRE(unit >= 0.0);
    REQUIRE(unit < 1.0);
  }
  CHECK(seen == std::set<std::uint64_t>{0, 1, 2, 3, 4, 5});
  CHECK(random.next_below(1) == 0);
}

TEST_CASE("a version 4 UUID has its version and variant", "[runtime][clock]") {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string uuid = uuid4(random);
    REQUIRE(uuid.size() == 36);
    REQUIRE(uuid[14] == '4');
    REQUIRE(std::string("89ab").find(uuid[19]) != std::string::npos);
    REQUIRE(uuid.find_first_not_of("0123456789abcdef-") == std::string::npos);
    seen.insert(uuid);
  }
  CHECK(seen.size() == 200);
}

}  // namespace
}  // namespace pawl::runtime
