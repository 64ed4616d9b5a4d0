#include "cli/runtime_host.h"

#include "engine/embedded.h"
#include "runtime/store/memory_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace pawl::cli {
Result<std::unique_ptr<RuntimeHost>> RuntimeHost::make(const HostOptions& options) {
  std::unique_ptr<RuntimeHost> host(new RuntimeHost());
  if (options.data.empty()) {
    host->memory_ = runtime::make_memory_store();
    host->store_ = host->memory_.get();
  } else {
    Result<DataDirectory> data = DataDirectory::open(options.data, options.create);
    if (!data) return std::move(data).error();
    host->data_ = std::make_unique<DataDirectory>(*std::move(data));
    host->store_ = &host->data_->store();
  }
  const Result<std::uint32_t> stored_shards = engine::stored_shards(*host->store_);
  if (!stored_shards) return stored_shards.error();
  const std::uint32_t shards =
      std::clamp(std::max(options.shards, *stored_shards), 1U, engine::kShardsMax);
  if (options.fast_forward && shards > 1) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("{} was made with {} shards; virtual time needs a store with one",
                             options.data, shards),
                 ""};
  }

  if (options.fast_forward) {
    host->clock_ = std::make_unique<runtime::VirtualClock>(runtime::RealClock().wall_now());
  } else {
    host->clock_ = std::make_unique<runtime::RealClock>();
  }
  host->stored_machines_ = std::make_unique<engine::Machines>(*host->store_);
  if (Status loaded = host->stored_machines_->load(); !loaded) return std::move(loaded).error();
  host->journal_ = std::make_unique<runtime::Journal>(*host->store_);
  engine::EngineOptions engine_options;
  for (std::uint32_t i = 0; i < shards; ++i) {
    runtime::ShardOptions shard_options{.clock = *host->clock_};
    shard_options.name = fmt::format("shard {}", i);
    host->shards_.push_back(std::make_unique<runtime::Shard>(shard_options));
    engine_options.shards.push_back(host->shards_.back().get());
  }
  host->tasks_ = std::make_unique<TaskWorld>(*host->shards_[0], *host->clock_);
  engine_options.limits = options.limits;
  engine_options.retention = options.retention;
  auto outside = connectors::http::Outside::make(
      {.allow_private = options.outside.allow_private_endpoints, .authorities = {}});
  if (!outside) return std::move(outside).error();
  host->outside_ = *std::move(outside);
  Result<connectors::remote::RemoteOptions> remote =
      remote_options(options.outside, engine_options.region);
  if (!remote) return std::move(remote).error();
  auto client = connectors::remote::Client::make(*std::move(remote));
  if (!client) return std::move(client).error();
  host->remote_ = std::make_unique<connectors::remote::RemoteServices>(
      *std::move(client), engine_options.account, *host->clock_);
  engine_options.store = host->store_;
  engine_options.journal = host->journal_.get();
  engine_options.clock = host->clock_.get();
  engine_options.random = &host->random_;
  engine_options.handlers = host->tasks_.get();
  host->engine_ = std::make_unique<engine::Engine>(std::move(engine_options));
  host->states_api_ = std::make_unique<service::Api>(*host->engine_);
  host->tasks_->connect(*host->states_api_);
  host->embedded_ = std::make_unique<connectors::EmbeddedServices>(
      *host->engine_,
      connectors::EmbeddedOptions{options.data.empty() ? "" : absolute_path(options.data)});
  host->embedded_->connect(*host->states_api_);
  host->tasks_->connect(*host->embedded_);
  host->tasks_->connect(*host->outside_);
  host->tasks_->connect(*host->remote_);
  return host;
}

RuntimeHost::~RuntimeHost() = default;

Status RuntimeHost::run(const std::function<void()>& body,
                        const std::function<void()>& before_open) {
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < shards_.size(); ++i) {
    threads.emplace_back([shard = shards_[i].get()] { shard->run([] {}); });
  }
  Status status;
  shards_[0]->run([&] {
    if (before_open) before_open();
    status = embedded_->open();
    if (status) status = open_engine();
    if (status) body();
    close_engine();
    for (const auto& shard : shards_) shard->stop();
  });
  for (std::thread& thread : threads) thread.join();
  return status;
}

Status RuntimeHost::open_engine() {
  for (std::uint32_t i = 0; i < shards_.size(); ++i) {
    Status opened = runtime::call_on(*shards_[i], [this, i] { return engine_->open(i); });
    if (!opened) return opened;
  }
  return {};
}

void RuntimeHost::close_engine() {
  for (std::uint32_t i = 0; i < shards_.size(); ++i) {
    runtime::call_on(*shards_[i], [this, i] { engine_->close(i); });
  }
}

void RuntimeHost::wait_for_stop() {
  while (!stopping_) stopped_.wait();
}

void RuntimeHost::stop() {
  shards_[0]->post([this] {
    stopping_ = true;
    stopped_.wake();
  });
}

}  // namespace pawl::cli
