#include "runtime/files/blocking.h"

#include "runtime/fiber/shard.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace pawl::runtime {
namespace {

constexpr std::size_t kHelpers = 4;
constexpr std::size_t kJobsWaitingMax = 4096;

// Started when needed, and never joined: they know shards only by their mailbox.
class Helpers {
 public:
  static Helpers& instance() {
    static auto* helpers = new Helpers;  // outlives the threads
    return *helpers;
  }

  bool submit(unique_function<void()> job) {
    {
      const std::lock_guard lock(mutex_);
      if (jobs_.size() >= kJobsWaitingMax) return false;
      jobs_.push_back(std::move(job));
      if (idle_ < jobs_.size() && started_ < kHelpers) {
        ++started_;
        std::thread([this] { work(); }).detach();
      }
    }
    available_.notify_one();
    return true;
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      available_.wait(lock, [this] { return !jobs_.empty(); });
      --idle_;
      unique_function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable available_;
  std::deque<unique_function<void()>> jobs_;
  std::size_t started_ = 0;
  std::size_t idle_ = 0;
};

}  // namespace

Status run_blocking(const std::function<void()>& job) {
  Shard& shard = *Shard::current();
  const TimeHold hold = shard.hold_time();
  WaitPoint ended;
  bool done = false;
  const bool accepted =
      Helpers::instance().submit([&job, &ended, &done, box = shard.mailbox()]() mutable {
        job();
        box->post([&ended, &done] {
          done = true;
          ended.wake();
        });
      });
  if (!accepted) return Error{ErrorCode::kLimit, "too much file work is waiting", ""};
  while (!done) ended.wait();
  return {};
}

void post_blocking(unique_function<void()> job) {
  static_cast<void>(Helpers::instance().submit(std::move(job)));
}

}  // namespace pawl::runtime
