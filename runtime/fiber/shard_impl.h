// Internal to runtime/: the parts of a shard, for fiber/ and net/.
#pragma once

#include "runtime/fiber/mailbox.h"
#include "runtime/fiber/poller.h"
#include "runtime/fiber/shard.h"
#include "runtime/fiber/stack_pool.h"
#include "runtime/timer/timer_heap.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

namespace pawl::runtime {

// Shared with the holds, which may be released on other threads and after the shard has ended.
struct detail::HoldCount {
  explicit HoldCount(std::shared_ptr<Mailbox> box) : mailbox(std::move(box)) {}
  std::atomic<std::size_t> alive{0};
  std::shared_ptr<Mailbox> mailbox;
};

struct Sleeper {
  WaitPoint point;
  Sleeper* previous = nullptr;
  Sleeper* next = nullptr;
};

struct ShardImpl {
  ShardImpl(Shard& shard, ShardOptions options);
  ~ShardImpl();

  // ---- what runtime/net uses ----

  // Timers for the outside world, in real time; the same heap as `timers` under a real clock.
  TimerHeap& input_timers() { return is_virtual ? real_timers : timers; }
  // `deadline` of the shard's clock, as real time that has as much left to go.
  SteadyTime real_deadline(SteadyTime deadline) const;

  // Marks a suspended fiber ready.
  void make_ready(detail::FiberContext* fiber);
  // Suspends the calling fiber until make_ready().
  void suspend();
  static detail::FiberContext* this_fiber();

  // ---- the scheduler's side (shard.cpp) ----

  // Once per round of the ready queue, on the dispatcher.
  void round();
  // Nothing is ready: blocks, or advances a virtual clock.
  void idle();
  void poll_now();
  bool has_room();                           // for one more fiber
  void start(unique_function<void()> body);  // after has_room()
  void start_waiting();
  void fiber_ended();
  void wake_main_when_done();
  void begin_stop();
  void arm_trim();

  Shard& self;
  Clock& clock;
  const bool is_virtual;
  const std::size_t max_fibers;
  const std::string name;

  std::shared_ptr<Mailbox> mailbox;
  Poller poller;
  StackPool stacks;
  TimerHeap timers;
  TimerHeap real_timers;  // used under a virtual clock only
  TimerHandle trim_timer;
  unique_function<void()> on_round;
  std::shared_ptr<detail::HoldCount> holds;

  std::deque<unique_function<void()>> waiting_starts;  // see spawn_when_possible
  std::map<std::uint64_t, unique_function<void()>> stop_hooks;
  std::uint64_t next_stop_hook = 0;
  Sleeper* sleepers = nullptr;

  detail::FiberContext* main_fiber = nullptr;  // of run()
  bool main_waits = false;
  bool stopping = false;
  bool ended = false;
  bool polled = false;       // since the round began
  std::uint64_t slices = 0;  // how often a fiber was resumed
  std::uint64_t budget_slice = 0;
  SteadyTime budget_start{};

  std::size_t fibers_alive = 0;
  std::size_t fibers_alive_max = 0;
  std::uint64_t fibers_started = 0;
  std::uint64_t rounds = 0;
  std::uint64_t sleeps = 0;
};

// Says so on standard error when this thread's fiber runs over the end of its stack, and then lets
// the fault take its course. Does nothing under AddressSanitizer, which says more.
class OverflowReport {
 public:
  OverflowReport();   // for the calling thread
  ~OverflowReport();  // the same
 private:
  [[maybe_unused]] void* stack_ = nullptr;  // of the signal handler; none under AddressSanitizer
};

}  // namespace pawl::runtime
