#include "runtime/fiber/wait_point.h"

#include "base/assert.h"
#include "runtime/fiber/shard_impl.h"

#include <utility>

namespace pawl::runtime {

WaitPoint::~WaitPoint() { PAWL_ASSERT(waiter_ == nullptr); }

bool WaitPoint::wait(SteadyTime deadline) { return suspend_until(deadline, false); }

bool WaitPoint::wait_for_input(SteadyTime deadline) { return suspend_until(deadline, true); }

bool WaitPoint::suspend_until(SteadyTime deadline, bool real_time) {
  PAWL_ASSERT(Shard::on_fiber() && waiter_ == nullptr);
  if (std::exchange(woken_, false)) return true;

  ShardImpl& impl = Shard::current()->impl();
  // Whoever comes first, wake() or the timer, empties the slot; the other finds it empty.
  bool timed_out = false;
  TimerHandle timer;
  if (deadline != kNever) {
    TimerHeap& heap = real_time ? impl.input_timers() : impl.timers;
    timer = heap.add(real_time ? impl.real_deadline(deadline) : deadline,
                     [this, &timed_out] { timed_out = wake_waiter(); });
  }
  waiter_ = ShardImpl::this_fiber();
  impl.suspend();
  timer.cancel();
  return !timed_out;
}

void WaitPoint::wake() {
  if (!wake_waiter()) woken_ = true;
}

bool WaitPoint::wake_waiter() {
  if (waiter_ == nullptr) return false;
  Shard::current()->impl().make_ready(std::exchange(waiter_, nullptr));
  return true;
}

}  // namespace pawl::runtime
