// ShardThreads: shards on threads of their own, for a program whose own threads are none.
//
//   RealClock clock;
//   ShardThreads threads(clock, 2);
//   int answer = threads.call(0, [] { return 42; });   // on a fiber of shard 0
#pragma once

#include "base/assert.h"
#include "runtime/clock/clock.h"
#include "runtime/fiber/shard.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace pawl::runtime {

class ShardThreads {
 public:
  // `clock` must outlive this and be real: the threads outside live in real time.
  ShardThreads(Clock& clock, std::size_t count);
  // stop(). Whatever runs on the shards must have been told to end.
  ~ShardThreads();
  ShardThreads(const ShardThreads&) = delete;
  ShardThreads& operator=(const ShardThreads&) = delete;

  std::size_t size() const { return shards_.size(); }
  Shard& shard(std::size_t index) { return *shards_[index]; }
  std::vector<Shard*> all() const;

  // Runs `fn` as a fiber of that shard and answers what it returns. Blocks the calling thread,
  // which must not be one of the shards'. Before stop().
  template <typename Fn>
  std::invoke_result_t<Fn&> call(std::size_t index, Fn fn) {
    using T = std::invoke_result_t<Fn&>;
    if constexpr (std::is_void_v<T>) {
      run_and_wait(index, [&fn] { fn(); });
    } else {
      std::optional<T> result;
      run_and_wait(index, [&fn, &result] { result.emplace(fn()); });
      PAWL_ASSERT(result.has_value());
      return *std::move(result);
    }
  }

  // Stops all shards and joins their threads. Blocks; again is harmless.
  void stop();

 private:
  void run_and_wait(std::size_t index, const std::function<void()>& body);

  struct Threads;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<Threads> threads_;
};

}  // namespace pawl::runtime
