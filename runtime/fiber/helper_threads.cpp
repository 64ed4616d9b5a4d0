#include "runtime/fiber/helper_threads.h"

#include <thread>
#include <utility>

namespace pawl::runtime {

bool HelperThreads::submit(unique_function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() >= jobs_waiting_max_) return false;
    jobs_.push_back(std::move(job));
    if (idle_ < jobs_.size() && started_ < threads_max_) {
      ++started_;
      std::thread([this] { work(); }).detach();
    }
  }
  available_.notify_one();
  return true;
}

void HelperThreads::work() {
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

}  // namespace pawl::runtime
