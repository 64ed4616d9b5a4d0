// Runs a piece of a test as the first fiber of a shard, under a watchdog.
#pragma once

#include "runtime/fiber/shard.h"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace pawl::runtime {

// Ends the process when it lives longer than `limit`: a lost wake-up hangs for ever otherwise.
class Watchdog {
 public:
  explicit Watchdog(std::chrono::seconds limit)
      : thread_([this, limit] {
          std::unique_lock lock(mutex_);
          if (done_.wait_for(lock, limit, [this] { return finished_; })) return;
          std::fprintf(stderr, "watchdog: the test hangs\n");
          std::abort();
        }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
    }
    done_.notify_one();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool finished_ = false;
  std::thread thread_;
};

inline RealClock& real_clock() {
  static RealClock clock;
  return clock;
}

// Runs `body` on a fresh shard of this thread; the shard stops when it returns.
inline ShardStats run_on_shard(ShardOptions options, const std::function<void(Shard&)>& body,
                               std::chrono::seconds limit = std::chrono::seconds(30)) {
  const Watchdog watchdog(limit);
  Shard shard(std::move(options));
  std::exception_ptr
      failure;  // a failed REQUIRE of `body` itself; in other fibers it ends the process
  shard.run([&] {
    try {
      body(shard);
    } catch (...) {
      failure = std::current_exception();
    }
    shard.stop();
  });
  if (failure) std::rethrow_exception(failure);
  return shard.stats();
}

inline ShardStats run_on_shard(const std::function<void(Shard&)>& body) {
  return run_on_shard(ShardOptions{.clock = real_clock()}, body);
}

// A second shard on a thread of its own, for as long as this object lives.
class ShardThread {
 public:
  explicit ShardThread(ShardOptions options)
      : shard_(std::move(options)), thread_([this] { shard_.run([] {}); }) {}
  ~ShardThread() {
    shard_.stop();
    thread_.join();
  }
  Shard& shard() { return shard_; }

 private:
  Shard shard_;
  std::thread thread_;
};

}  // namespace pawl::runtime
