#include "engine/embedded.h"

#include "asl/json/reader.h"
#include "asl/validate/validate.h"
#include "runtime/fiber/shard_threads.h"
#include "runtime/store/encoding.h"
#include "runtime/store/lease_table.h"
#include "runtime/store/leveldb_store.h"
#include "runtime/store/memory_store.h"

#include <algorithm>
#include <map>
#include <utility>

namespace pawl::engine {
namespace {

constexpr std::chrono::milliseconds kLookFirst{1};
constexpr std::chrono::milliseconds kLookMax{50};

class FunctionHandler final : public TaskHandler {
 public:
  explicit FunctionHandler(EmbeddedEngine::Task task) : task_(std::move(task)) {}
  Outcome run(const TaskRequest& request) override { return task_(request); }

 private:
  EmbeddedEngine::Task task_;
};

class Functions final : public TaskHandlers {
 public:
  void add(std::string resource, EmbeddedEngine::Task task) {
    handlers_.insert_or_assign(std::move(resource),
                               std::make_unique<FunctionHandler>(std::move(task)));
  }
  TaskHandler* find(const asl::Resource& resource, std::string_view /*machine*/,
                    std::string_view /*state*/) override {
    const auto found = handlers_.find(resource.arn);
    return found == handlers_.end() ? nullptr : found->second.get();
  }

 private:
  std::map<std::string, std::unique_ptr<FunctionHandler>, std::less<>> handlers_;
};

}  // namespace

struct EmbeddedEngine::State {
  EmbeddedOptions options;
  std::uint32_t shards = 1;
  runtime::RealClock clock;
  runtime::SystemRandom random;
  Functions functions;
  std::unique_ptr<runtime::Store> store;
  std::unique_ptr<runtime::Journal> journal;
  std::unique_ptr<runtime::ShardThreads> threads;
  std::unique_ptr<Engine> engine;
  bool open = false;
};

EmbeddedEngine::EmbeddedEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}
EmbeddedEngine::~EmbeddedEngine() { close(); }

Result<std::unique_ptr<EmbeddedEngine>> EmbeddedEngine::make(EmbeddedOptions options) {
  auto state = std::make_unique<State>();
  if (options.data.empty()) {
    state->store = runtime::make_memory_store();
  } else {
    runtime::LevelDbOptions leveldb;
    leveldb.path = options.data;
    Result<std::unique_ptr<runtime::Store>> opened = runtime::open_leveldb(leveldb);
    if (!opened) return std::move(opened).error();
    state->store = *std::move(opened);
  }
  const Result<std::uint32_t> stored = stored_shards(*state->store);
  if (!stored) return stored.error();
  state->shards = std::clamp(std::max(options.shards, *stored), 1U, kShardsMax);
  state->options = std::move(options);
  return std::unique_ptr<EmbeddedEngine>(new EmbeddedEngine(std::move(state)));
}

void EmbeddedEngine::on_task(std::string resource, Task task) {
  PAWL_ASSERT(!state_->open);
  state_->functions.add(std::move(resource), std::move(task));
}

Status EmbeddedEngine::open() {
  State& s = *state_;
  PAWL_ASSERT(!s.open);
  s.journal = std::make_unique<runtime::Journal>(*s.store);
  s.threads = std::make_unique<runtime::ShardThreads>(s.clock, s.shards);
  EngineOptions options;
  options.store = s.store.get();
  options.journal = s.journal.get();
  options.clock = &s.clock;
  options.random = &s.random;
  options.handlers = &s.functions;
  options.shards = s.threads->all();
  options.limits = s.options.limits;
  options.retention = s.options.retention;
  options.region = s.options.region;
  options.account = s.options.account;
  s.engine = std::make_unique<Engine>(std::move(options));
  s.open = true;
  for (std::uint32_t i = 0; i < s.shards; ++i) {
    Status opened = s.threads->call(i, [&s, i] { return s.engine->open(i); });
    if (!opened) {
      close();
      return opened;
    }
  }
  return {};
}

void EmbeddedEngine::close() {
  State& s = *state_;
  if (!std::exchange(s.open, false)) return;
  for (std::uint32_t i = 0; i < s.shards; ++i) {
    s.threads->call(i, [&s, i] { s.engine->close(i); });
  }
  s.threads->stop();
}

Status EmbeddedEngine::put_machine(const std::string& name, const std::string& definition) {
  PAWL_ASSERT(state_->open);
  asl::ValidateOptions validation;
  validation.warnings = false;
  validation.foreign_resources = true;  // the program may name its Tasks as it likes
  const std::vector<asl::Diagnostic> wrong = asl::validate_text(definition, validation);
  const bool invalid = std::any_of(wrong.begin(), wrong.end(), [](const asl::Diagnostic& one) {
    return one.severity == asl::Severity::kError;
  });
  if (invalid) return Error{ErrorCode::kInvalid, asl::describe(wrong), name};
  Engine& engine = *state_->engine;
  return state_->threads->call(0, [&]() -> Status {
    const auto known = engine.machines().find(name);
    if (known == nullptr) {
      CreateMachine request;
      request.name = name;
      request.definition = definition;
      auto created = engine.create_machine(std::move(request));
      return created ? Status() : Status(std::move(created).error());
    }
    const Result<RevisionRecord> current = engine.machines().revision(name, known->revision);
    if (current && current->definition == definition) return {};
    auto updated = engine.update_machine(name, definition, std::nullopt, std::nullopt);
    return updated ? Status() : Status(std::move(updated).error());
  });
}

Result<StartResult> EmbeddedEngine::start(StartRequest request) {
  PAWL_ASSERT(state_->open);
  if (const auto input = asl::read_json(request.input); !input) {
    return Error{ErrorCode::kInvalid, "the input is no JSON: " + input.error().message, ""};
  }
  return state_->threads->call(0, [&] { return state_->engine->start(std::move(request)); });
}

Status EmbeddedEngine::stop(ExecutionNumber number, Failure failure) {
  PAWL_ASSERT(state_->open);
  return state_->threads->call(0, [&] { return state_->engine->stop(number, std::move(failure)); });
}

Result<ExecutionDescription> EmbeddedEngine::wait(ExecutionNumber number,
                                                  std::chrono::milliseconds patience) {
  PAWL_ASSERT(state_->open);
  return state_->threads->call(0, [&]() -> Result<ExecutionDescription> {
    const runtime::SteadyTime deadline = state_->clock.after(patience);
    for (auto pause = kLookFirst;; pause = std::min(pause * 2, kLookMax)) {
      Result<ExecutionDescription> description = state_->engine->describe(number);
      if (!description || description->record.status != ExecutionStatus::kRunning) {
        return description;
      }
      if (state_->clock.steady_now() >= deadline) {
        return Error{ErrorCode::kTimeout, "the execution is still running", ""};
      }
      if (!runtime::sleep_for(pause)) {
        return Error{ErrorCode::kCancelled, "the engine is closing", ""};
      }
    }
  });
}

Engine& EmbeddedEngine::engine() {
  PAWL_ASSERT(state_->engine != nullptr);
  return *state_->engine;
}

Result<std::uint32_t> stored_shards(const runtime::Store& store) {
  // Every shard that ever ran on a store has a lease in it.
  const std::string from(1, runtime::kLeaseKind);
  std::uint32_t count = 0;
  const auto leases = store.scan(from, runtime::prefix_end(from));
  for (; leases->valid(); leases->next()) {
    runtime::Decoder key(leases->key().substr(1));
    const std::uint32_t shard = key.u32();
    // Above are leases that no shard holds: the service's, for its own rows.
    if (key.ok() && shard < kShardsMax) count = std::max(count, shard + 1);
  }
  if (Status read = leases->status(); !read) return std::move(read).error();
  return count;
}

}  // namespace pawl::engine
