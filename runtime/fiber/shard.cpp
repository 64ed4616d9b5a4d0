#include "runtime/fiber/shard.h"

#include "runtime/fiber/shard_impl.h"
#include "runtime/log/log.h"

#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/algo/round_robin.hpp>
#include <boost/fiber/context.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/scheduler.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <pthread.h>
#include <signal.h>  // NOLINT: POSIX, for pthread_sigmask and sigtimedwait
#include <utility>

namespace pawl::runtime {
namespace {

using boost::fibers::context;

// Timers that fire before fibers get a turn.
constexpr std::size_t kTimersPerRound = 1024;
// How often memory of unused stacks goes back, while there is some.
constexpr std::chrono::seconds kTrimPeriod{10};
// How often run() says what it waits for after stop().
constexpr std::chrono::seconds kStopReportPeriod{5};

thread_local Shard* current_shard = nullptr;

context* to_context(detail::FiberContext* fiber) { return reinterpret_cast<context*>(fiber); }
detail::FiberContext* to_fiber(context* ctx) {
  return reinterpret_cast<detail::FiberContext*>(ctx);
}

SteadyTime real_now() { return std::chrono::steady_clock::now(); }

// The stack allocator Boost asks for. The dispatcher of the same thread returns the stacks, because
// fibers are detached; so the pool needs no lock.
class PooledStack {
 public:
  using traits_type = boost::context::stack_traits;

  explicit PooledStack(StackPool& pool) : pool_(&pool) {}

  boost::context::stack_context allocate() {
    boost::context::stack_context stack;
    stack.size = pool_->stack_bytes();
    stack.sp = pool_->take();
    return stack;
  }
  void deallocate(boost::context::stack_context& stack) noexcept {
    pool_->give_back(static_cast<char*>(stack.sp));
  }

 private:
  StackPool* pool_;
};

// Boost's view of a shard: first come, first served, with I/O and messages once per round.
class Scheduler final : public boost::fibers::algo::algorithm {
 public:
  explicit Scheduler(ShardImpl& shard) : shard_(shard) {}

  void awakened(context* ctx) noexcept override { ctx->ready_link(ready_); }

  context* pick_next() noexcept override {
    // The dispatcher is itself in the queue: when the last pick was the dispatcher, it is asking
    // now, and every fiber that was ready has had its turn. Only then may messages and timers run.
    if (last_was_dispatcher_) shard_.round();
    if (ready_.empty()) return nullptr;
    context* next = &ready_.front();
    ready_.pop_front();
    last_was_dispatcher_ = next->is_context(boost::fibers::type::dispatcher_context);
    ++shard_.slices;
    return next;
  }

  bool has_ready_fibers() const noexcept override { return !ready_.empty(); }

  // Boost's own timers are not used, so its deadline is never set.
  void suspend_until(const std::chrono::steady_clock::time_point&) noexcept override {
    shard_.idle();
  }

  // Boost calls it when it shuts a scheduler down, which ours never sees: run() replaces it before.
  void notify() noexcept override {}

 private:
  ShardImpl& shard_;
  boost::fibers::scheduler::ready_queue_type ready_{};
  bool last_was_dispatcher_ = false;
};

// A write to a pipe without a reader raises SIGPIPE, which would end the process.
class BlockedSigpipe {
 public:
  BlockedSigpipe() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~BlockedSigpipe() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    const timespec no_wait{0, 0};
    while (sigtimedwait(&set_, nullptr, &no_wait) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

[[noreturn]] void fiber_threw(const std::string& shard, const char* what) {
  log().critical("an exception left a fiber of shard '{}': {}", shard, what);
  log().flush();
  std::abort();
}

}  // namespace

// ---- ShardImpl ----

ShardImpl::ShardImpl(Shard& shard, ShardOptions options)
    : self(shard),
      clock(options.clock),
      is_virtual(options.clock.is_virtual()),
      max_fibers(options.max_fibers),
      name(std::move(options.name)),
      mailbox(std::make_shared<Mailbox>()),
      poller(mailbox->event_fd()),
      stacks(options.stack_bytes),
      holds(std::make_shared<detail::HoldCount>(mailbox)) {}

ShardImpl::~ShardImpl() { mailbox->close(); }

SteadyTime ShardImpl::real_deadline(SteadyTime deadline) const {
  if (!is_virtual || deadline == kNever) return deadline;
  const SteadyTime start = real_now();
  const auto left = deadline - clock.steady_now();
  return left > kNever - start ? kNever : start + left;
}

void ShardImpl::make_ready(detail::FiberContext* fiber) {
  context::active()->schedule(to_context(fiber));
}

void ShardImpl::suspend() { context::active()->suspend(); }

detail::FiberContext* ShardImpl::this_fiber() { return to_fiber(context::active()); }

void ShardImpl::poll_now() {
  poller.dispatch(poller.wait(std::chrono::nanoseconds(0)));
  polled = true;
}

void ShardImpl::round() {
  ++rounds;
  // Also when fibers never rest: one that yields for ever must not stop all I/O (trap 4).
  if (!polled) poll_now();
  polled = false;
  mailbox->run_messages();
  if (on_round) on_round();
  if (!timers.empty()) timers.run_due(clock.steady_now(), kTimersPerRound);
  if (!real_timers.empty()) real_timers.run_due(real_now(), kTimersPerRound);
}

void ShardImpl::idle() {
  if (stacks.worth_trimming()) arm_trim();
  // Read before falling asleep: whoever releases a hold has published its message before, so that
  // fall_asleep() fails or the message is seen in the next round.
  const bool may_advance =
      is_virtual && !timers.empty() && holds->alive.load(std::memory_order_acquire) == 0;
  if (!mailbox->fall_asleep()) {
    mailbox->wake_up();
    poll_now();
    return;
  }
  if (may_advance) {
    const bool notified = mailbox->wake_up();
    const int events = poller.wait(std::chrono::nanoseconds(0));  // real input goes first
    if (!notified && events == 0) {
      static_cast<VirtualClock&>(clock).advance_to(timers.next());
    }
    poller.dispatch(events);
    polled = true;
    return;
  }
  std::chrono::nanoseconds timeout{-1};
  const SteadyTime next = input_timers().next();
  if (next != kNever) timeout = std::max(next - real_now(), SteadyTime::duration::zero());
  ++sleeps;
  const int events = poller.wait(timeout);
  // First running again, then the queues: a producer that comes now either is seen by the round
  // that follows or makes the next fall_asleep() fail (FIBERS.md, section 3).
  mailbox->wake_up();
  poller.dispatch(events);
  polled = true;
}

bool ShardImpl::has_room() { return fibers_alive < max_fibers && stacks.reserve_one(); }

void ShardImpl::start(unique_function<void()> body) {
  auto entry = [this, body = std::move(body)]() mutable {
    try {
      body();
      body = nullptr;  // what it captured may still use the shard
    } catch (const std::exception& error) {
      fiber_threw(name, error.what());
    } catch (...) {
      fiber_threw(name, "not a std::exception");
    }
    fiber_ended();
  };
  boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg, PooledStack(stacks),
                       std::move(entry))
      .detach();
  ++fibers_started;
  fibers_alive_max = std::max(fibers_alive_max, ++fibers_alive);
}

void ShardImpl::start_waiting() {
  if (waiting_starts.empty() || !has_room()) return;
  unique_function<void()> body = std::move(waiting_starts.front());
  waiting_starts.pop_front();
  start(std::move(body));
}

void ShardImpl::fiber_ended() {
  --fibers_alive;
  // By message: this fiber's own stack is free again only after the dispatcher's next turn.
  if (!waiting_starts.empty()) mailbox->post([this] { start_waiting(); });
  wake_main_when_done();
}

void ShardImpl::wake_main_when_done() {
  if (!stopping || fibers_alive > 0 || !waiting_starts.empty() || !main_waits) return;
  main_waits = false;
  make_ready(main_fiber);
}

void ShardImpl::begin_stop() {
  if (stopping) return;
  stopping = true;
  for (Sleeper* sleeper = sleepers; sleeper != nullptr; sleeper = sleeper->next) {
    sleeper->point.wake();
  }
  // One by one: a hook may take others back.
  while (!stop_hooks.empty()) {
    auto node = stop_hooks.extract(stop_hooks.begin());
    node.mapped()();
  }
  wake_main_when_done();
}

void ShardImpl::arm_trim() {
  if (trim_timer.armed()) return;
  trim_timer = input_timers().add(real_now() + kTrimPeriod, [this] {
    if (stacks.trim()) arm_trim();
  });
}

// ---- TimeHold, StopHook ----

TimeHold::TimeHold(std::shared_ptr<detail::HoldCount> count) : count_(std::move(count)) {
  count_->alive.fetch_add(1, std::memory_order_relaxed);
}

TimeHold::TimeHold(const TimeHold& other) : count_(other.count_) {
  if (count_ != nullptr) count_->alive.fetch_add(1, std::memory_order_relaxed);
}

TimeHold::~TimeHold() {
  if (count_ == nullptr) return;
  if (count_->alive.fetch_sub(1, std::memory_order_acq_rel) == 1) count_->mailbox->notify();
}

StopHook::~StopHook() {
  if (impl_ != nullptr) impl_->stop_hooks.erase(id_);
}

// ---- Shard ----

Shard::Shard(ShardOptions options)
    : impl_(std::make_unique<ShardImpl>(*this, std::move(options))) {}

Shard::~Shard() { PAWL_ASSERT(current_shard != this); }

Shard* Shard::current() { return current_shard; }

bool Shard::on_fiber() {
  return current_shard != nullptr &&
         context::active()->is_context(boost::fibers::type::worker_context);
}

void Shard::run(std::function<void()> first) {
  PAWL_ASSERT(current_shard == nullptr && !impl_->ended);
  const BlockedSigpipe no_sigpipe;
  const OverflowReport overflow_report;
  ShardImpl& impl = *impl_;
  current_shard = this;
  impl.main_fiber = ShardImpl::this_fiber();
  boost::fibers::use_scheduling_algorithm<Scheduler>(impl);

  const Status started = spawn(std::move(first));
  PAWL_ASSERT(started.has_value());
  while (!impl.stopping || impl.fibers_alive > 0 || !impl.waiting_starts.empty()) {
    bool report = false;
    TimerHandle timer;
    if (impl.stopping) {
      timer = impl.input_timers().add(real_now() + kStopReportPeriod, [&] {
        report = true;
        impl.main_waits = false;
        impl.make_ready(impl.main_fiber);
      });
    }
    impl.main_waits = true;
    impl.suspend();
    timer.cancel();
    if (report) log().warn("shard '{}' waits for {} fibers to end", impl.name, impl.fibers_alive);
  }
  impl.ended = true;
  // Destroying late messages may post answers to other shards, and must happen on this thread.
  impl.mailbox->close();
  // The dispatcher returns the stacks of ended fibers, and it does so in its own turn.
  while (impl.stacks.in_use() > 0) context::active()->yield();
  // Boost keeps its scheduler until the thread ends, when this shard is long gone (trap 8): leave
  // it one that knows nothing of us.
  boost::fibers::use_scheduling_algorithm<boost::fibers::algo::round_robin>();
  current_shard = nullptr;
}

void Shard::stop() {
  impl_->mailbox->post([impl = impl_.get()] { impl->begin_stop(); });
}

bool Shard::stopping() const { return impl_->stopping; }

StopHook Shard::on_stop(unique_function<void()> hook) {
  if (impl_->stopping) {
    hook();
    return {};
  }
  const std::uint64_t id = impl_->next_stop_hook++;
  impl_->stop_hooks.emplace(id, std::move(hook));
  return {impl_.get(), id};
}

Status Shard::spawn(unique_function<void()> body) {
  PAWL_ASSERT(current_shard == this);
  if (impl_->has_room()) {
    impl_->start(std::move(body));
    return {};
  }
  return Error{ErrorCode::kLimit, "shard '" + impl_->name + "' runs as many fibers as it may", ""};
}

void Shard::spawn_when_possible(unique_function<void()> body) {
  PAWL_ASSERT(current_shard == this);
  if (impl_->has_room()) {
    impl_->start(std::move(body));
  } else {
    PAWL_ASSERT(impl_->fibers_alive > 0);  // else none would end and make room
    impl_->waiting_starts.push_back(std::move(body));
  }
}

bool Shard::post(unique_function<void()> message) {
  return impl_->mailbox->post(std::move(message));
}

void Shard::notify() { impl_->mailbox->notify(); }

std::shared_ptr<Mailbox> Shard::mailbox() const { return impl_->mailbox; }

void Shard::set_watermark_source(unique_function<void()> on_round) {
  PAWL_ASSERT(current_shard == this || current_shard == nullptr);
  impl_->on_round = std::move(on_round);
}

TimerHandle Shard::at(SteadyTime deadline, unique_function<void()> callback) {
  PAWL_ASSERT(current_shard == this);
  return impl_->timers.add(deadline, std::move(callback));
}

TimeHold Shard::hold_time() { return TimeHold(impl_->holds); }

void Shard::yield_if_due() {
  ShardImpl& impl = *impl_;
  if (impl.is_virtual) return;
  // The clock starts at the first call after the fiber was resumed: resuming itself stays free of
  // it.
  const SteadyTime now = real_now();
  if (impl.budget_slice != impl.slices) {
    impl.budget_slice = impl.slices;
    impl.budget_start = now;
  } else if (now - impl.budget_start >= kFiberBudget) {
    yield();
  }
}

Clock& Shard::clock() const { return impl_->clock; }

const std::string& Shard::name() const { return impl_->name; }

ShardStats Shard::stats() const {
  const ShardImpl& impl = *impl_;
  ShardStats stats;
  stats.fibers_alive = impl.fibers_alive;
  stats.fibers_alive_max = impl.fibers_alive_max;
  stats.fibers_started = impl.fibers_started;
  stats.timers = impl.timers.size() + impl.real_timers.size();
  stats.stacks_free = impl.stacks.free_count();
  stats.stack_bytes = impl.stacks.stack_bytes();
  stats.stack_bytes_used_max = impl.stacks.bytes_used_max();
  stats.rounds = impl.rounds;
  stats.sleeps = impl.sleeps;
  return stats;
}

// ---- what fibers call ----

void yield() {
  PAWL_ASSERT(Shard::on_fiber());
  context::active()->yield();
}

bool sleep_until(SteadyTime deadline) {
  Shard* shard = Shard::current();
  PAWL_ASSERT(shard != nullptr);
  ShardImpl& impl = shard->impl();
  if (impl.stopping) return false;
  Sleeper sleeper;
  sleeper.next = impl.sleepers;
  if (sleeper.next != nullptr) sleeper.next->previous = &sleeper;
  impl.sleepers = &sleeper;

  const bool woken = sleeper.point.wait(deadline);

  (sleeper.previous != nullptr ? sleeper.previous->next : impl.sleepers) = sleeper.next;
  if (sleeper.next != nullptr) sleeper.next->previous = sleeper.previous;
  return !woken;
}

bool sleep_for(std::chrono::nanoseconds span) {
  return sleep_until(Shard::current()->clock().after(span));
}

}  // namespace pawl::runtime
