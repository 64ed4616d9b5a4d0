// RuntimeHost: an engine and everything it stands on, as one object.
//
//   make()  opens the store (a directory, or memory), makes clock, journal, shards, engine
//   tasks() says how Tasks reach the world
//   run()   lends the calling thread to shard 0, starts one for each other shard, opens the engine,
//           runs `body`, and takes everything down again
//
// Without run() the engine answers queries about what the store has: `pawl list` and its kin.
#pragma once

#include "base/result.h"
#include "cli/data_directory.h"
#include "cli/outside_options.h"
#include "cli/task_world.h"
#include "engine/engine.h"
#include "runtime/clock/clock.h"
#include "runtime/fiber/shard.h"
#include "runtime/journal/journal.h"
#include "service/api.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pawl::cli {

struct HostOptions {
  std::string data;           // directory of the store; empty: memory
  bool create = true;         // make that directory
  bool fast_forward = false;  // virtual time; needs a single shard
  std::uint32_t shards = 1;   // at least: a store keeps the number it was made with
  engine::Limits limits = {};
  std::chrono::milliseconds retention{0};  // zero: nothing is erased
  OutsideSetup outside;
};

class RuntimeHost {
 public:
  static Result<std::unique_ptr<RuntimeHost>> make(const HostOptions& options);
  ~RuntimeHost();

  engine::Engine& engine() { return *engine_; }
  // As the store had them when this was made; later changes are in engine().machines().
  const engine::Machines& stored_machines() const { return *stored_machines_; }
  TaskWorld& tasks() { return *tasks_; }
  connectors::EmbeddedServices& embedded() { return *embedded_; }
  DataDirectory* data() { return data_.get(); }  // nullptr: memory
  runtime::Clock& clock() { return *clock_; }
  runtime::Random& random() { return random_; }
  runtime::Shard& shard(std::size_t index = 0) { return *shards_[index]; }
  std::size_t shard_count() const { return shards_.size(); }

  // Once. Runs `before_open` (may be empty) and then `body` on a fiber of shard 0 with the engine
  // open on all shards; when it returns the engine is closed: what is committed is durable, and
  // handlers that run are cancelled. An error if the engine cannot open.
  Status run(const std::function<void()>& body, const std::function<void()>& before_open = {});

  // Within `body`: suspends until stop().
  void wait_for_stop();
  // Any thread; again is harmless.
  void stop();

 private:
  RuntimeHost() = default;
  Status open_engine();
  void close_engine();

  std::unique_ptr<runtime::Clock> clock_;
  runtime::SystemRandom random_;
  std::unique_ptr<DataDirectory> data_;
  std::unique_ptr<runtime::Store> memory_;
  runtime::Store* store_ = nullptr;
  std::unique_ptr<engine::Machines> stored_machines_;
  std::unique_ptr<runtime::Journal> journal_;
  std::vector<std::unique_ptr<runtime::Shard>> shards_;
  std::unique_ptr<connectors::http::Outside> outside_;
  std::unique_ptr<connectors::remote::RemoteServices> remote_;
  std::unique_ptr<TaskWorld> tasks_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<service::Api> states_api_;  // what nested workflows call
  std::unique_ptr<connectors::EmbeddedServices> embedded_;

  runtime::WaitPoint stopped_;
  bool stopping_ = false;
};

}  // namespace pawl::cli
