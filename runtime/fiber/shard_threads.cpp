#include "runtime/fiber/shard_threads.h"

#include <future>
#include <string>
#include <thread>

namespace pawl::runtime {

struct ShardThreads::Threads {
  std::vector<std::thread> threads;
};

ShardThreads::ShardThreads(Clock& clock, std::size_t count)
    : threads_(std::make_unique<Threads>()) {
  PAWL_ASSERT(!clock.is_virtual());
  for (std::size_t i = 0; i < count; ++i) {
    ShardOptions options{.clock = clock};
    options.name = "shard " + std::to_string(i);
    shards_.push_back(std::make_unique<Shard>(std::move(options)));
  }
  for (const auto& shard : shards_) {
    threads_->threads.emplace_back([shard = shard.get()] { shard->run([] {}); });
  }
}

ShardThreads::~ShardThreads() { stop(); }

std::vector<Shard*> ShardThreads::all() const {
  std::vector<Shard*> shards;
  for (const auto& shard : shards_) shards.push_back(shard.get());
  return shards;
}

void ShardThreads::run_and_wait(std::size_t index, const std::function<void()>& body) {
  PAWL_ASSERT(Shard::current() == nullptr);
  Shard& shard = *shards_[index];
  // Shared: the caller may have gone on before set_value() has returned (FIBERS.md, trap 3).
  const auto done = std::make_shared<std::promise<void>>();
  shard.post([&shard, &body, done] {
    shard.spawn_when_possible([&body, done] {
      body();
      done->set_value();
    });
  });
  done->get_future().wait();
}

void ShardThreads::stop() {
  for (const auto& shard : shards_) shard->stop();
  for (std::thread& thread : threads_->threads) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace pawl::runtime
