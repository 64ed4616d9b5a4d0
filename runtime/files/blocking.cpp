#include "runtime/files/blocking.h"

#include "runtime/fiber/helper_threads.h"
#include "runtime/fiber/shard.h"

#include <utility>

namespace pawl::runtime {
namespace {

constexpr std::size_t kHelpers = 4;
constexpr std::size_t kJobsWaitingMax = 4096;

HelperThreads& helpers() {
  static auto* threads = new HelperThreads(kHelpers, kJobsWaitingMax);  // see HelperThreads
  return *threads;
}

}  // namespace

Status run_blocking(const std::function<void()>& job) {
  Shard& shard = *Shard::current();
  const TimeHold hold = shard.hold_time();
  WaitPoint ended;
  bool done = false;
  const bool accepted = helpers().submit([&job, &ended, &done, box = shard.mailbox()]() mutable {
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
  static_cast<void>(helpers().submit(std::move(job)));
}

}  // namespace pawl::runtime
