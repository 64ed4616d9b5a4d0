// Time as everything above runtime/ sees it. Nobody else reads a clock, so that a whole engine can
// run under a VirtualClock, repeatably (DESIGN.md section 1, rule 6).
//
// Two scales: WallTime is what people and histories read and may step (NTP, an operator);
// SteadyTime never goes back and is what deadlines and timers are measured in.
#pragma once

#include "runtime/clock/random.h"  // IWYU pragma: export

#include <atomic>
#include <chrono>
#include <cstdint>

namespace pawl::runtime {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

// The deadline that never comes.
inline constexpr SteadyTime kNever = SteadyTime::max();

// Any thread may call any function. Never suspends.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall_now() = 0;
  virtual SteadyTime steady_now() = 0;
  // True: time moves only by VirtualClock::advance_to, which a shard does when it has nothing to
  // do.
  virtual bool is_virtual() const { return false; }

  // `span` from now; kNever when the sum would overflow, so that "no limit" can be a long span.
  SteadyTime after(std::chrono::nanoseconds span);
};

class RealClock final : public Clock {
 public:
  WallTime wall_now() override;
  SteadyTime steady_now() override;
};

// Time that stands still until somebody moves it. The steady scale begins at one hour, so that a
// default SteadyTime lies in the past. One shard drives one VirtualClock; others may read it.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(WallTime start);

  WallTime wall_now() override;
  SteadyTime steady_now() override;
  bool is_virtual() const override { return true; }

  // Moves both scales to `target`; a target in the past changes nothing.
  void advance_to(SteadyTime target);
  void advance(std::chrono::nanoseconds span) { advance_to(steady_now() + span); }

  // Steps the wall clock alone, as an operator or NTP would. May be negative.
  void step_wall(std::chrono::milliseconds span);

 private:
  std::atomic<std::int64_t> steady_ns_;
  std::atomic<std::int64_t> wall_offset_ns_;  // wall = steady + offset
};

}  // namespace pawl::runtime
