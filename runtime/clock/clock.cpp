#include "runtime/clock/clock.h"

namespace pawl::runtime {
namespace {

constexpr std::int64_t kVirtualStartNs =
    std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::hours(1)).count();

}  // namespace

SteadyTime Clock::after(std::chrono::nanoseconds span) {
  const SteadyTime now = steady_now();
  return span > kNever - now ? kNever : now + span;
}

WallTime RealClock::wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

SteadyTime RealClock::steady_now() { return std::chrono::steady_clock::now(); }

VirtualClock::VirtualClock(WallTime start)
    : steady_ns_(kVirtualStartNs),
      wall_offset_ns_(std::chrono::nanoseconds(start.time_since_epoch()).count() -
                      kVirtualStartNs) {}

WallTime VirtualClock::wall_now() {
  const std::chrono::nanoseconds wall(steady_ns_.load(std::memory_order_acquire) +
                                      wall_offset_ns_.load(std::memory_order_acquire));
  return WallTime(std::chrono::floor<std::chrono::milliseconds>(wall));
}

SteadyTime VirtualClock::steady_now() {
  return SteadyTime(std::chrono::nanoseconds(steady_ns_.load(std::memory_order_acquire)));
}

void VirtualClock::advance_to(SteadyTime target) {
  const std::int64_t target_ns = target.time_since_epoch().count();
  std::int64_t now = steady_ns_.load(std::memory_order_relaxed);
  while (now < target_ns &&
         !steady_ns_.compare_exchange_weak(now, target_ns, std::memory_order_acq_rel)) {
  }
}

void VirtualClock::step_wall(std::chrono::milliseconds span) {
  wall_offset_ns_.fetch_add(std::chrono::nanoseconds(span).count(), std::memory_order_acq_rel);
}

}  // namespace pawl::runtime
