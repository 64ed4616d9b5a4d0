// Helper threads: for calls that block a thread, and would block every fiber of a shard with it.
#pragma once

#include "runtime/fiber/unique_function.h"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>

namespace pawl::runtime {

// A few threads for the whole process, started when needed. They are never joined: what they call
// may block for long, and nothing may wait for it. So an object of this class lives as long as the
// process, and its jobs know shards by their mailbox alone.
class HelperThreads {
 public:
  HelperThreads(std::size_t threads_max, std::size_t jobs_waiting_max)
      : threads_max_(threads_max), jobs_waiting_max_(jobs_waiting_max) {}
  HelperThreads(const HelperThreads&) = delete;
  HelperThreads& operator=(const HelperThreads&) = delete;

  // Any thread. False: as many jobs as may wait do so; this one will not run.
  bool submit(unique_function<void()> job);

 private:
  void work();

  const std::size_t threads_max_;
  const std::size_t jobs_waiting_max_;
  std::mutex mutex_;
  std::condition_variable available_;
  std::deque<unique_function<void()>> jobs_;
  std::size_t started_ = 0;
  std::size_t idle_ = 0;
};

}  // namespace pawl::runtime
