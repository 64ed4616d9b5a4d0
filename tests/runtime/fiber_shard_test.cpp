#include "runtime/fiber/shard.h"
#include "tests/catch.h"
#include "tests/runtime/shard_fixture.h"

#include <atomic>
#include <fcntl.h>
#include <map>
#include <memory>
#include <signal.h>  // NOLINT: POSIX, for signal
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>  // NOLINT: POSIX, for clock_gettime
#include <unistd.h>
#include <vector>

namespace pawl::runtime {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

const WallTime kStart = WallTime(milliseconds(1'700'000'000'000));

nanoseconds thread_cpu() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return seconds(t.tv_sec) + nanoseconds(t.tv_nsec);
}

// ---- fibers ----

TEST_CASE("fibers start in the order they were spawned and interleave at yields",
          "[runtime][fiber]") {
  std::string seen;
  run_on_shard([&](Shard& shard) {
    for (char c = 'a'; c <= 'c'; ++c) {
      REQUIRE(shard.spawn([&seen, c] {
        seen += c;
        yield();
        seen += c;
      }));
    }
    CHECK(seen.empty());
  });
  CHECK(seen == "abcabc");
}

TEST_CASE("run returns when stop was called and every fiber has ended", "[runtime][fiber]") {
  bool ended = false;
  const ShardStats stats = run_on_shard([&](Shard& shard) {
    REQUIRE(shard.spawn([&] {
      for (int i = 0; i < 100; ++i) yield();
      ended = true;
    }));
  });
  CHECK(ended);
  CHECK(stats.fibers_alive == 0);
  CHECK(stats.fibers_started == 2);
}

TEST_CASE("one thread can run several shards one after the other", "[runtime][fiber]") {
  int runs = 0;
  for (int i = 0; i < 5; ++i) run_on_shard([&](Shard&) { ++runs; });
  CHECK(runs == 5);
  CHECK(Shard::current() == nullptr);
}

TEST_CASE("a shard at its cap refuses a fiber and takes one again later", "[runtime][fiber]") {
  run_on_shard({.clock = real_clock(), .max_fibers = 3}, [](Shard& shard) {
    WaitPoint gate;
    REQUIRE(shard.spawn([&] { gate.wait(); }));
    REQUIRE(shard.spawn([] {}));
    auto captured = std::make_shared<int>(0);
    const Status refused = shard.spawn([captured] {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kLimit);
    CHECK(captured.use_count() == 1);

    bool started = false;
    shard.spawn_when_possible([&] { started = true; });
    CHECK_FALSE(started);
    for (int i = 0; i < 5; ++i) yield();
    CHECK(started);
    gate.wake();
  });
}

TEST_CASE("stacks are reused and their use is measured", "[runtime][fiber]") {
  run_on_shard([](Shard& shard) {
    for (int i = 0; i < 1000; ++i) {
      REQUIRE(shard.spawn([] {}));
      yield();
    }
    yield();
    const ShardStats stats = shard.stats();
    CHECK(stats.fibers_started == 1001);
    CHECK(stats.stacks_free < 10);
    CHECK(stats.stack_bytes_used_max >= 4096);
    CHECK(stats.stack_bytes_used_max <= stats.stack_bytes);
  });
}

TEST_CASE("ten thousand fibers wait at once and all wake", "[runtime][fiber]") {
  constexpr int kCount = 10'000;
  int woken = 0;
  run_on_shard([&](Shard& shard) {
    std::vector<std::unique_ptr<WaitPoint>> points;
    for (int i = 0; i < kCount; ++i) {
      points.push_back(std::make_unique<WaitPoint>());
      REQUIRE(shard.spawn([&woken, point = points.back().get()] {
        point->wait();
        ++woken;
      }));
    }
    yield();
    CHECK(shard.stats().fibers_alive == kCount + 1);
    for (const auto& point : points) point->wake();
    while (shard.stats().fibers_alive > 1) yield();
  });
  CHECK(woken == kCount);
}

TEST_CASE("memory of stacks that stay unused is given back", "[runtime][fiber][.slow]") {
  const auto resident_pages = [] {
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    long total = 0;
    long resident = 0;
    REQUIRE(std::fscanf(file, "%ld %ld", &total, &resident) == 2);
    std::fclose(file);
    return resident;
  };
  run_on_shard(
      {.clock = real_clock()},
      [&](Shard& shard) {
        WaitPoint gate;
        int running = 0;
        std::vector<std::unique_ptr<WaitPoint>> points;
        for (int i = 0; i < 4000; ++i) {
          points.push_back(std::make_unique<WaitPoint>());
          REQUIRE(shard.spawn([&running, point = points.back().get()] {
            ++running;
            point->wait();
          }));
        }
        yield();
        CHECK(running == 4000);
        for (const auto& point : points) point->wake();
        yield();
        yield();
        const long before = resident_pages();
        sleep_for(seconds(22));
        const long after = resident_pages();
        CHECK(before - after > 4000 * 1);
      },
      seconds(60));
}

// Runs `crash` in a child process; returns its wait status and what it wrote to standard error.
std::pair<int, std::string> death_of(const std::function<void()>& crash) {
  int pipe_fds[2] = {-1, -1};
  REQUIRE(pipe(pipe_fds) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(pipe_fds[1], STDERR_FILENO);
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);  // Catch2's own report of it
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
#if !defined(__SANITIZE_ADDRESS__)  // whose handler says more
    signal(SIGSEGV, SIG_DFL);       // Catch2 has its own
#endif
    signal(SIGABRT, SIG_DFL);
    crash();
    _exit(0);
  }
  close(pipe_fds[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(pipe_fds[0], buffer, sizeof(buffer))) > 0;) {
    said.append(buffer, static_cast<std::size_t>(n));
  }
  close(pipe_fds[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return {status, said};
}

// Deeper than any stack; neither a tail call nor to be optimised into a loop.
int overflow(const volatile char* previous, int depth) {
  volatile char frame[1024];
  frame[0] = *previous;
  return depth == 0 ? 0 : overflow(frame, depth - 1) + frame[0];
}

TEST_CASE("running over the end of a fiber's stack ends the process with a message",
          "[runtime][fiber]") {
  const auto [status, said] = death_of([] {
    Shard shard({.clock = real_clock(), .name = "deep"});
    shard.run([] {
      const char start = 1;
      static_cast<void>(overflow(&start, 1'000'000));
    });
  });
  CHECK_FALSE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
#if defined(__SANITIZE_ADDRESS__)
  CHECK_THAT(said, Catch::Contains("AddressSanitizer") && Catch::Contains("in overflow"));
#else
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGSEGV);
  CHECK_THAT(said, Catch::Contains("guard page hit") && Catch::Contains("'deep'"));
#endif
}

TEST_CASE("an exception that leaves a fiber ends the process with its message",
          "[runtime][fiber]") {
  const auto [status, said] = death_of([] {
    Shard shard({.clock = real_clock(), .name = "thrower"});
    shard.run([] { throw std::runtime_error("the reason"); });
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK_THAT(said, Catch::Contains("the reason") && Catch::Contains("'thrower'"));
}

// ---- waiting ----

TEST_CASE("a wake that finds nobody waiting is remembered once", "[runtime][fiber]") {
  run_on_shard([](Shard& shard) {
    WaitPoint point;
    point.wake();
    point.wake();
    CHECK(point.wait(SteadyTime{}));  // remembered, even though the deadline has passed
    CHECK_FALSE(point.wait(shard.now() + milliseconds(1)));
  });
}

TEST_CASE("a wait ends at its deadline and not before", "[runtime][fiber]") {
  run_on_shard([](Shard& shard) {
    WaitPoint point;
    for (const auto span : {microseconds(0), microseconds(200), microseconds(5000)}) {
      const SteadyTime deadline = shard.now() + span;
      CHECK_FALSE(point.wait(deadline));
      CHECK(shard.now() >= deadline);
    }
    CHECK(shard.stats().timers == 0);
  });
}

TEST_CASE("a wake beats the deadline and leaves no timer behind", "[runtime][fiber]") {
  run_on_shard([](Shard& shard) {
    WaitPoint point;
    REQUIRE(shard.spawn([&] { point.wake(); }));
    CHECK(point.wait(shard.now() + seconds(30)));
    CHECK(shard.stats().timers == 0);
  });
}

TEST_CASE("stop cuts sleeps short", "[runtime][fiber]") {
  bool cut_short = false;
  const auto begin = std::chrono::steady_clock::now();
  run_on_shard([&](Shard& shard) {
    REQUIRE(shard.spawn([&] { cut_short = !sleep_for(hours(1)); }));
    yield();
  });
  CHECK(cut_short);
  CHECK(std::chrono::steady_clock::now() - begin < seconds(5));
}

TEST_CASE("stop hooks run once, and not when they were taken back", "[runtime][fiber]") {
  int ran = 0;
  int taken_back = 0;
  run_on_shard([&](Shard& shard) {
    auto kept = std::make_shared<StopHook>(shard.on_stop([&] { ++ran; }));
    {
      const StopHook gone = shard.on_stop([&] { ++taken_back; });
    }
    REQUIRE(shard.spawn([&shard, kept, &ran] {
      sleep_for(hours(1));
      CHECK(shard.stopping());
      const StopHook late = shard.on_stop([&] { ran += 10; });
    }));
    yield();
  });
  CHECK(ran == 11);
  CHECK(taken_back == 0);
}

// ---- timers and virtual time ----

TEST_CASE("timers fire in the order of their deadlines, equal ones in the order they were set",
          "[runtime][fiber][timer]") {
  VirtualClock clock(kStart);
  std::string seen;
  const auto begin = std::chrono::steady_clock::now();
  run_on_shard({.clock = clock}, [&](Shard& shard) {
    const SteadyTime now = shard.now();
    const auto at = [&](seconds after, char c) {
      shard.at(now + after, [&seen, c] { seen += c; });
    };
    at(seconds(30), 'd');
    at(seconds(10), 'a');
    at(seconds(20), 'b');
    at(seconds(20), 'c');
    TimerHandle cancelled = shard.at(now + seconds(15), [&seen] { seen += 'x'; });
    cancelled.cancel();
    cancelled.cancel();
    CHECK_FALSE(cancelled.armed());
    CHECK(sleep_until(now + hours(24 * 365)));
    CHECK(shard.clock().wall_now() == kStart + hours(24 * 365));
  });
  CHECK(seen == "abcd");
  CHECK(std::chrono::steady_clock::now() - begin < seconds(5));
}

TEST_CASE("a timer heap agrees with a sorted list under random use", "[runtime][timer]") {
  SeededRandom random(20261120);
  TimerHeap heap;
  std::multimap<std::pair<int, int>, int> expected;  // (deadline, order) -> id
  std::vector<TimerHandle> handles;
  std::vector<std::pair<int, int>> keys;
  std::vector<int> fired;
  for (int i = 0; i < 20'000; ++i) {
    const auto draw = random.next_below(10);
    if (draw < 6) {
      const int deadline = static_cast<int>(random.next_below(1000));
      handles.push_back(
          heap.add(SteadyTime(nanoseconds(deadline)), [&fired, i] { fired.push_back(i); }));
      keys.emplace_back(deadline, i);
      expected.emplace(keys.back(), i);
    } else if (draw < 9 && !handles.empty()) {
      const auto which = random.next_below(handles.size());
      handles[which].cancel();
      expected.erase(keys[which]);
    } else {
      fired.clear();
      heap.run_due(heap.next(), 1);
      if (!expected.empty()) {
        REQUIRE(fired == std::vector<int>{expected.begin()->second});
        expected.erase(expected.begin());
      }
    }
    REQUIRE(heap.size() == expected.size());
  }
  fired.clear();
  heap.run_due(kNever, SIZE_MAX);
  std::vector<int> order;
  for (const auto& [key, id] : expected) order.push_back(id);
  CHECK(fired == order);
}

TEST_CASE("virtual time stands still while anything is ready or a hold is alive",
          "[runtime][fiber][clock]") {
  VirtualClock clock(kStart);
  run_on_shard({.clock = clock}, [&](Shard& shard) {
    const SteadyTime begin = shard.now();
    bool fired = false;
    shard.at(begin + seconds(1), [&] { fired = true; });
    for (int i = 0; i < 100; ++i) yield();
    CHECK(shard.now() == begin);

    TimeHold hold = shard.hold_time();
    TimeHold copy = hold;
    WaitPoint answered;
    std::thread outside([box = shard.mailbox(), &answered, hold = std::move(hold),
                         copy = std::move(copy)]() mutable {
      std::this_thread::sleep_for(milliseconds(30));
      hold.release();
      std::this_thread::sleep_for(milliseconds(30));
      box->post([&answered] { answered.wake(); });
      copy.release();
    });
    answered.wait();
    CHECK(shard.now() == begin);
    CHECK_FALSE(fired);
    outside.join();

    CHECK(sleep_until(begin + seconds(2)));
    CHECK(fired);
    CHECK(shard.now() == begin + seconds(2));
  });
}

TEST_CASE("two runs under virtual time with the same seed are the same",
          "[runtime][fiber][clock]") {
  const auto run = [](std::uint64_t seed) {
    std::string trace;
    VirtualClock clock(kStart);
    SeededRandom random(seed);
    run_on_shard({.clock = clock}, [&](Shard& shard) {
      int alive = 0;
      WaitPoint done;
      for (char c = 'a'; c < 'k'; ++c) {
        ++alive;
        REQUIRE(shard.spawn([&, c] {
          for (int i = 0; i < 20; ++i) {
            sleep_for(milliseconds(random.next_below(50)));
            trace += c;
          }
          if (--alive == 0) done.wake();
        }));
      }
      done.wait();
      trace += std::to_string(shard.now().time_since_epoch().count());
    });
    return trace;
  };
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
}

// ---- threads ----

TEST_CASE("one fiber and one thread wake each other without losing a wake-up",
          "[runtime][fiber][race]") {
  // One fiber only: a second busy one would hide a lost wake-up (FIBERS.md, trap 1).
  constexpr int kRounds = 100'000;
  std::atomic<int> turn{0};
  int seen = 0;
  run_on_shard([&](Shard& shard) {
    WaitPoint point;
    std::thread outside([&turn, &point, box = shard.mailbox()] {
      for (int i = 0; i < kRounds; ++i) {
        while (turn.load(std::memory_order_acquire) != i) {
        }
        for (volatile int spin = (i * 7) % 300; spin > 0;) spin = spin - 1;
        box->post([&point] { point.wake(); });
      }
    });
    for (int i = 0; i < kRounds; ++i) {
      turn.store(i, std::memory_order_release);
      point.wait();
      ++seen;
    }
    outside.join();
  });
  CHECK(seen == kRounds);
}

TEST_CASE("a watermark stored by another thread wakes its waiters without losing one",
          "[runtime][fiber][race]") {
  constexpr int kRounds = 100'000;
  std::atomic<int> wanted{0};
  std::atomic<int> reached{0};
  run_on_shard([&](Shard& shard) {
    WaitPoint point;
    int waits_for = 0;
    shard.set_watermark_source([&] {
      if (waits_for != 0 && reached.load(std::memory_order_acquire) >= waits_for) {
        waits_for = 0;
        point.wake();
      }
    });
    std::thread committer([&, box = shard.mailbox()] {
      for (int i = 1; i <= kRounds; ++i) {
        while (wanted.load(std::memory_order_acquire) < i) {
        }
        for (volatile int spin = (i * 13) % 300; spin > 0;) spin = spin - 1;
        reached.store(i, std::memory_order_release);
        box->notify();
      }
    });
    for (int i = 1; i <= kRounds; ++i) {
      waits_for = i;
      wanted.store(i, std::memory_order_release);
      while (reached.load(std::memory_order_acquire) < i || waits_for != 0) point.wait();
    }
    committer.join();
    shard.set_watermark_source(nullptr);
  });
  CHECK(reached == kRounds);
}

TEST_CASE("timed waits race with remote wakes and neither is lost", "[runtime][fiber][race]") {
  std::atomic<bool> stop{false};
  run_on_shard([&](Shard& shard) {
    WaitPoint point;
    std::thread outside([&stop, &point, box = shard.mailbox()] {
      while (!stop.load(std::memory_order_relaxed)) {
        box->post([&point] { point.wake(); });
        std::this_thread::sleep_for(microseconds(60));
      }
    });
    const SteadyTime end = shard.now() + milliseconds(500);
    int woken = 0;
    int timed_out = 0;
    while (shard.now() < end) {
      (point.wait(shard.now() + microseconds(50)) ? woken : timed_out) += 1;
    }
    CHECK(woken > 10);
    CHECK(timed_out > 10);
    stop = true;
    outside.join();
    for (int i = 0; i < 3; ++i) yield();  // late messages still refer to `point`
  });
}

TEST_CASE("call_on runs a function on another shard and brings its result back",
          "[runtime][fiber]") {
  ShardThread other({.clock = real_clock(), .name = "other"});
  run_on_shard([&](Shard& shard) {
    const std::string name = call_on(other.shard(), [] {
      sleep_for(milliseconds(2));
      return Shard::current()->name();
    });
    CHECK(name == "other");
    int touched = 0;
    call_on(other.shard(), [&touched] { touched = 1; });
    CHECK(touched == 1);
    CHECK(call_on(shard, [] { return Shard::current()->name(); }) == "shard");
    const auto owned =
        call_on(other.shard(), [p = std::make_unique<int>(5)]() mutable { return std::move(p); });
    CHECK(*owned == 5);
  });
}

TEST_CASE("call_on a full shard answers an error, or waits for a type without errors",
          "[runtime][fiber]") {
  WaitPoint gate;  // used on the other shard only
  ShardThread other({.clock = real_clock(), .max_fibers = 1});
  run_on_shard([&](Shard& shard) {
    other.shard().post([&] { other.shard().spawn_when_possible([&] { gate.wait(); }); });
    const Result<int> full = call_on(other.shard(), []() -> Result<int> { return 1; });
    REQUIRE_FALSE(full);
    CHECK(full.error().code == ErrorCode::kUnavailable);

    REQUIRE(shard.spawn([&] {
      sleep_for(milliseconds(10));
      other.shard().post([&] { gate.wake(); });
    }));
    CHECK(call_on(other.shard(), [] { return 2; }) == 2);
  });
}

TEST_CASE("call_on a shard that has ended answers an error", "[runtime][fiber]") {
  Shard ended({.clock = real_clock()});
  ended.stop();
  ended.run([] {});
  CHECK_FALSE(ended.post([] {}));
  run_on_shard([&](Shard&) {
    const Result<int> answer = call_on(ended, []() -> Result<int> { return 1; });
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::kUnavailable);
  });
}

TEST_CASE("calls between two shards in both directions all come back", "[runtime][fiber][race]") {
  constexpr int kFibers = 20;
  constexpr int kEach = 300;
  ShardThread a({.clock = real_clock(), .name = "a"});
  ShardThread b({.clock = real_clock(), .name = "b"});
  run_on_shard([&](Shard&) {
    const auto storm = [](Shard& target) {
      WaitPoint done;
      int left = kFibers;
      int sum = 0;
      for (int f = 0; f < kFibers; ++f) {
        static_cast<void>(Shard::current()->spawn([&] {
          for (int i = 0; i < kEach; ++i) sum += call_on(target, [] { return 1; });
          if (--left == 0) done.wake();
        }));
      }
      done.wait();
      return sum;
    };
    WaitPoint both;
    int from_a = 0;
    REQUIRE(Shard::current()->spawn([&] {
      from_a = call_on(a.shard(), [&] { return storm(b.shard()); });
      both.wake();
    }));
    CHECK(call_on(b.shard(), [&] { return storm(a.shard()); }) == kFibers * kEach);
    both.wait();
    CHECK(from_a == kFibers * kEach);
  });
}

// ---- costs ----

TEST_CASE("an idle shard with a timer armed uses no CPU, also after an early notify",
          "[runtime][fiber][idle]") {
  run_on_shard([](Shard& shard) {
    for (int i = 0; i < 1000; ++i) {
      REQUIRE(shard.spawn([] { sleep_for(seconds(30)); }));
    }
    yield();
    std::thread early([box = shard.mailbox()] {
      std::this_thread::sleep_for(milliseconds(50));
      box->notify();
    });
    const std::uint64_t sleeps = shard.stats().sleeps;
    const nanoseconds before = thread_cpu();
    CHECK(sleep_for(milliseconds(500)));
    const nanoseconds used = thread_cpu() - before;
    CHECK(duration_cast<microseconds>(used).count() < 2000);
    CHECK(shard.stats().sleeps - sleeps < 8);
    early.join();
  });
}

TEST_CASE("yield_if_due gives way only after the budget", "[runtime][fiber]") {
  run_on_shard([](Shard& shard) {
    bool other_ran = false;
    REQUIRE(shard.spawn([&] { other_ran = true; }));
    shard.yield_if_due();
    CHECK_FALSE(other_ran);
    const SteadyTime end = shard.now() + kFiberBudget + milliseconds(1);
    while (shard.now() < end) {
    }
    shard.yield_if_due();
    CHECK(other_ran);
  });
}

}  // namespace
}  // namespace pawl::runtime
