// Shard: one thread's world. Fibers, timers, sockets and messages of one thread, which never share
// anything with another shard except through post() and notify().
//
// How the parts fit is measured in FIBERS.md (design "P"): an epoll inside the fiber scheduler,
// pooled guarded stacks, a lock-free inbox, and no fiber for what is only waiting.
//
// Words used below. *On the shard*: on the thread that is inside run(). *On a fiber*: within a
// function given to run() or spawn(); only there may code suspend. *On the dispatcher*: in a
// message, a timer callback or a hook; such code is short, may wake or spawn fibers, and must not
// suspend or throw.
#pragma once

#include "base/result.h"
#include "runtime/clock/clock.h"
#include "runtime/fiber/mailbox.h"
#include "runtime/fiber/unique_function.h"
#include "runtime/fiber/wait_point.h"
#include "runtime/timer/timer_heap.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace pawl::runtime {

struct ShardImpl;
namespace detail {
struct HoldCount;
}

struct ShardOptions {
  Clock& clock;  // must outlive the shard
  // Fibers alive at once; above it spawn() refuses. Where guards need mprotect (kernel before 6.13)
  // the process as a whole has 30,000 as well, because the kernel allows 65,530 mappings.
  std::size_t max_fibers = 30000;
  // Usable bytes of a fiber's stack; 0 means 256 KiB, or 1 MiB with AddressSanitizer or without
  // optimisation.
  std::size_t stack_bytes = 0;
  std::string name = "shard";  // for messages to people
};

struct ShardStats {
  std::size_t fibers_alive = 0;
  std::size_t fibers_alive_max = 0;
  std::uint64_t fibers_started = 0;
  std::size_t timers = 0;
  std::size_t stacks_free = 0;           // ready for reuse
  std::size_t stack_bytes = 0;           // of one stack
  std::size_t stack_bytes_used_max = 0;  // deepest use seen in samples, whole pages
  std::uint64_t rounds = 0;              // of the ready queue
  std::uint64_t sleeps = 0;              // times the thread blocked
};

// While one is alive, a shard with a virtual clock does not advance it: something outside (a
// committer, a process, a remote service) is still working in real time. Copies count each. May be
// copied, moved and released on any thread; publish what the shard shall see before releasing.
class TimeHold {
 public:
  TimeHold() = default;  // holds nothing
  TimeHold(const TimeHold& other);
  TimeHold(TimeHold&& other) noexcept = default;
  TimeHold& operator=(TimeHold other) noexcept {
    count_.swap(other.count_);
    return *this;
  }
  ~TimeHold();

  void release() { TimeHold().swap(*this); }
  void swap(TimeHold& other) noexcept { count_.swap(other.count_); }

 private:
  friend class Shard;
  explicit TimeHold(std::shared_ptr<detail::HoldCount> count);
  std::shared_ptr<detail::HoldCount> count_;
};

// Keeps an on_stop() callback registered; dropping it takes the callback back. On the shard only.
class StopHook {
 public:
  StopHook() = default;
  StopHook(StopHook&& other) noexcept
      : impl_(std::exchange(other.impl_, nullptr)), id_(other.id_) {}
  StopHook& operator=(StopHook&& other) noexcept {
    std::swap(impl_, other.impl_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~StopHook();

 private:
  friend class Shard;
  StopHook(ShardImpl* impl, std::uint64_t id) : impl_(impl), id_(id) {}
  ShardImpl* impl_ = nullptr;
  std::uint64_t id_ = 0;
};

class Shard {
 public:
  explicit Shard(ShardOptions options);
  // Not while run() is on. Messages that came too late are destroyed.
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Turns the calling thread into this shard: runs `first` as a fiber and returns when stop() was
  // called *and* all fibers have ended. Once per shard. What can wake the shard from outside by
  // anything but a Mailbox it holds must be joined before the Shard is destroyed.
  void run(std::function<void()> first);

  // Any thread; again is harmless. Runs the stop hooks, wakes sleep_until(), and lets run() return
  // once the last fiber has ended. It does not end fibers: their owners do (hooks, closed sockets).
  void stop();
  // On the shard: stop() was called.
  bool stopping() const;
  // On the shard. `hook` runs on the dispatcher when stop() comes; at once, on the caller, when it
  // has come already.
  [[nodiscard]] StopHook on_stop(unique_function<void()> hook);

  // The shard this thread is running; null on other threads.
  static Shard* current();
  // Whether the caller is on a fiber, so that it may suspend.
  static bool on_fiber();

  // On the shard, fiber or dispatcher: starts `body` as a fiber of its own at the end of the ready
  // queue, about 0.2 us. kLimit when max_fibers are alive; `body` is then destroyed. An exception
  // that leaves a fiber stops the process with its message.
  Status spawn(unique_function<void()> body);
  // As spawn(), but when the shard is full the start waits for a fiber to end.
  void spawn_when_possible(unique_function<void()> body);

  // Any thread: see Mailbox::post. `message` runs on the dispatcher.
  bool post(unique_function<void()> message);
  // Any thread: one more round, so that the watermark source looks again.
  void notify();
  // To reach the shard from threads that may outlive it.
  std::shared_ptr<Mailbox> mailbox() const;

  // On the shard. `on_round` runs on the dispatcher once per round, after the inbox: it compares an
  // atomic that another thread stores (and then calls notify()), and wakes the waiters it passed.
  // It is called often, so that the usual "nothing new" must cost a load. One per shard; an empty
  // function takes it back.
  void set_watermark_source(unique_function<void()> on_round);

  // On the shard: `callback` runs on the dispatcher at `deadline` or as soon after it as the shard
  // comes round; never before.
  TimerHandle at(SteadyTime deadline, unique_function<void()> callback);

  // Holds a virtual clock still; does nothing under a real one. Any thread.
  [[nodiscard]] TimeHold hold_time();

  // On a fiber: gives way when this fiber has run for more than kFiberBudget without a break. For
  // loops over user data. Never yields under a virtual clock, where runs must be repeatable.
  void yield_if_due();

  Clock& clock() const;
  SteadyTime now() const { return clock().steady_now(); }
  const std::string& name() const;
  // On the shard; elsewhere only after run() has returned.
  ShardStats stats() const;

  ShardImpl& impl() { return *impl_; }  // for runtime/fiber and runtime/net

 private:
  std::unique_ptr<ShardImpl> impl_;
};

inline constexpr std::chrono::milliseconds kFiberBudget{2};

// On a fiber: lets every other ready fiber, and I/O, have its turn.
void yield();

// On a fiber: sleeps until `deadline` on the shard's clock. False when cut short because the shard
// is stopping.
bool sleep_until(SteadyTime deadline);
bool sleep_for(std::chrono::nanoseconds span);

namespace detail {

// Answers a call exactly once: with the value, or with nothing when the job was destroyed unrun.
template <typename Value>
class CallAnswer {
 public:
  using Deliver = unique_function<void(std::optional<Value>)>;

  explicit CallAnswer(Deliver deliver) : deliver_(std::move(deliver)) {}
  CallAnswer(CallAnswer&&) noexcept = default;
  CallAnswer& operator=(CallAnswer&&) = delete;
  ~CallAnswer() {
    if (deliver_) deliver_(std::nullopt);
  }
  void set(Value value) { std::exchange(deliver_, Deliver())(std::move(value)); }

 private:
  Deliver deliver_;
};

}  // namespace detail

// Runs `fn` as a fiber of `target` and returns what it returns. Suspends the calling fiber until
// the answer comes as a message; on the same shard it is a plain call. A virtual clock is held
// meanwhile. References captured by `fn` are used by another thread.
//
// When the target is full or has ended: a Result answers kUnavailable; for any other type a full
// target makes the call wait, and one that has ended is a broken invariant.
template <typename Fn>
std::invoke_result_t<Fn&> call_on(Shard& target, Fn fn) {
  using T = std::invoke_result_t<Fn&>;
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
  constexpr bool kCanFail = std::is_constructible_v<Value, Error>;

  Shard* source = Shard::current();
  PAWL_ASSERT(source != nullptr);
  if (source == &target) return fn();

  // Both live on this fiber's stack and are touched by this thread only: the other shard puts the
  // value into a message.
  std::optional<Value> value;
  WaitPoint answered;
  bool done = false;
  detail::CallAnswer<Value> answer(
      [box = source->mailbox(), &value, &answered, &done](std::optional<Value> result) {
        box->post([&value, &answered, &done, result = std::move(result)]() mutable {
          value = std::move(result);
          done = true;
          answered.wake();
        });
      });
  const TimeHold hold = source->hold_time();
  target.post([&target, fn = std::move(fn), answer = std::move(answer)]() mutable {
    auto job = [fn = std::move(fn), answer = std::move(answer)]() mutable {
      if constexpr (std::is_void_v<T>) {
        fn();
        answer.set({});
      } else {
        answer.set(fn());
      }
    };
    if constexpr (kCanFail) {
      static_cast<void>(target.spawn(std::move(job)));  // a refused job answers by its destructor
    } else {
      target.spawn_when_possible(std::move(job));
    }
  });
  while (!done) answered.wait();

  if constexpr (kCanFail) {
    if (!value) {
      return Error{ErrorCode::kUnavailable, "shard '" + target.name() + "' is full or has ended",
                   ""};
    }
  }
  PAWL_ASSERT(value.has_value());
  if constexpr (!std::is_void_v<T>) return std::move(*value);
}

}  // namespace pawl::runtime
