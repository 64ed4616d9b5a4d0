// Where one fiber waits for another, for a timer or for a message, on its own shard.
#pragma once

#include "runtime/clock/clock.h"

namespace pawl::runtime {

namespace detail {
struct FiberContext;  // boost::fibers::context, seen only by runtime/fiber
}

// At most one fiber waits at a time; everything happens on the thread of one shard. It works like a
// semaphore of one permit: a wake() that finds nobody waiting is remembered for the next wait(), so
// a waiter looks at its condition again after it wakes:
//
//   while (!answer_arrived) if (!point.wait(deadline)) return timed_out();
//
// Destroying one while a fiber waits on it is a broken invariant.
class WaitPoint {
 public:
  WaitPoint() = default;
  ~WaitPoint();
  WaitPoint(const WaitPoint&) = delete;
  WaitPoint& operator=(const WaitPoint&) = delete;

  // Suspends the calling fiber until wake(), true, or until `deadline` on the shard's clock, false.
  // A wake() that was remembered counts even when the deadline has passed; then it does not
  // suspend.
  bool wait(SteadyTime deadline = kNever);

  // Fibers, messages and timer callbacks of the same shard. Does not suspend and does not switch.
  void wake();

  bool has_waiter() const { return waiter_ != nullptr; }

  // ---- for runtime/net: waits for the outside world ----

  // As wait(), but the time left until `deadline` is measured in real time even under a virtual
  // clock, because the peer lives in real time.
  bool wait_for_input(SteadyTime deadline);
  // As wake(), but forgotten when nobody waits.
  bool wake_waiter();

 private:
  bool suspend_until(SteadyTime deadline, bool real_time);

  detail::FiberContext* waiter_ = nullptr;
  bool woken_ = false;
};

}  // namespace pawl::runtime
