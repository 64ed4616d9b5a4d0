#include "bench/engine/world.h"

#include "engine/records.h"
#include "runtime/store/leveldb_store.h"

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>
#include <utility>

namespace pawl::bench {
namespace {

class Echo final : public engine::TaskHandler, public engine::TaskHandlers {
 public:
  engine::Outcome run(const engine::TaskRequest& request) override {
    return engine::TaskSucceeded{request.parameters, {}};
  }
  engine::TaskHandler* find(const asl::Resource&, std::string_view, std::string_view) override {
    return this;
  }
};

// What W2 writes for a transition with a commit of its own; bytes of the key among them.
constexpr std::size_t kTransitionBytes = 126;
constexpr std::size_t kHistoryKeyBytes = 13;

// Hexadecimal digits that do not repeat, so that they compress as little as ids do.
void fill(std::string& value, std::uint64_t seed) {
  std::uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (i % 16 == 0) {
      state ^= state << 13U;
      state ^= state >> 7U;
      state ^= state << 17U;
    }
    value[i] = "0123456789abcdef"[(state >> (i % 16 * 4)) & 15U];
  }
}

}  // namespace

void with_engine(runtime::Store& store, const WorldOptions& wanted,
                 const std::function<void(engine::Engine&)>& body) {
  runtime::RealClock clock;
  runtime::SystemRandom random;
  runtime::Journal journal(store);
  Echo tasks;
  runtime::Shard shard({.clock = clock});
  engine::EngineOptions options;
  options.store = &store;
  options.journal = &journal;
  options.clock = &clock;
  options.random = &random;
  options.handlers = &tasks;
  options.shards = {&shard};
  options.limits = wanted.limits;
  engine::Engine engine(options);
  if (wanted.observer != nullptr) engine.observe(*wanted.observer);
  shard.run([&] {
    if (const Status opened = engine.open(0); !opened) fail(opened.error().message);
    body(engine);
    engine.close(0);
    shard.stop();
  });
}

std::filesystem::path fresh_directory(const Run& run, const std::string& name) {
  std::filesystem::path path = run.directory / name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(run.directory);
  return path;
}

std::unique_ptr<runtime::Store> open_store(const std::filesystem::path& directory) {
  auto store = runtime::open_leveldb({.path = directory.string()});
  if (!store) fail(store.error().message);
  return *std::move(store);
}

void create(engine::Engine& engine, const Run& run, const std::string& name, bool express) {
  std::ifstream file(run.workloads / (name + ".asl.json"));
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) fail("there is no workload " + name + " in " + run.workloads.string());
  const auto created = engine.create_machine({.name = name,
                                              .definition = text.str(),
                                              .role_arn = "arn:aws:iam::123456789012:role/bench",
                                              .express = express,
                                              .configuration = "{}"});
  if (!created && created.error().code != ErrorCode::kExists) fail(created.error().message);
}

std::string run_one(engine::Engine& engine, const std::string& machine, const std::string& input,
                    bool express) {
  runtime::WaitPoint ended;
  bool done = false;
  std::string output;
  engine::StartRequest request;
  request.machine = machine;
  request.input = input;
  request.synchronous = express;
  request.on_end = [&](const engine::Execution& execution) {
    if (execution.record.status != engine::ExecutionStatus::kSucceeded) {
      fail(machine + " did not succeed: " + execution.record.failure.cause.value_or(""));
    }
    output = execution.output.text();
    done = true;
    ended.wake();
  };
  if (const auto started = engine.start(std::move(request)); !started) {
    fail(started.error().message);
  }
  while (!done) ended.wait();
  return output;
}

Driven drive(engine::Engine& engine, int callers, double seconds,
             const std::function<void()>& call) {
  const runtime::Journal& journal = *engine.options().journal;
  Driven driven;
  int running = callers;
  runtime::WaitPoint all;
  const runtime::Journal::Statistics before = journal.statistics();
  const double cpu = cpu_seconds();
  const auto begin = Clock::now();
  for (int i = 0; i < callers; ++i) {
    runtime::Shard::current()->spawn_when_possible([&] {
      while (seconds_since(begin) < seconds) {
        const auto called = Clock::now();
        call();
        driven.latencies.add(seconds_since(called) * 1e3);
      }
      if (--running == 0) all.wake();
    });
  }
  while (running > 0) all.wait();
  const double elapsed = seconds_since(begin);
  driven.calls = driven.latencies.count();
  driven.per_second = static_cast<double>(driven.calls) / elapsed;
  driven.cores = (cpu_seconds() - cpu) / elapsed;
  driven.journal = journal.statistics();
  driven.journal.bytes -= before.bytes;
  driven.journal.commits -= before.commits;
  driven.journal.batches -= before.batches;
  return driven;
}

void run_all(int count, int callers, const std::function<void(int)>& call) {
  int next = 0;
  int running = callers;
  runtime::WaitPoint all;
  for (int i = 0; i < callers; ++i) {
    runtime::Shard::current()->spawn_when_possible([&] {
      while (next < count) call(next++);
      if (--running == 0) all.wake();
    });
  }
  while (running > 0) all.wait();
}

double committer_rate(const Run& run, int open, double seconds) {
  const auto store = open_store(fresh_directory(run, "committer"));
  const auto lease = store->lease(0);
  if (!lease) fail(lease.error().message);
  std::mutex mutex;
  std::condition_variable moved;
  std::uint64_t news = 0;
  runtime::Journal journal(*store);
  journal.on_progress([&] {
    const std::lock_guard lock(mutex);
    ++news;
    moved.notify_one();
  });
  const std::uint64_t together = static_cast<std::uint64_t>(open);
  std::string value(kTransitionBytes - kHistoryKeyBytes, '\0');
  std::uint64_t appended = 0;
  std::uint64_t durable = 0;
  std::uint64_t seen = 0;
  const auto begin = Clock::now();
  while (seconds_since(begin) < seconds) {
    for (; appended - durable < together; ++appended) {
      // Each of them writes ten records, then others begin.
      const std::uint64_t round = appended / together;
      const std::uint64_t execution = round / 10 * together + appended % together;
      const std::string key =
          engine::keys::history(execution, static_cast<std::uint32_t>(round % 10));
      fill(value, appended);
      runtime::Batch batch;
      batch.put(key, value);
      if (!journal.append(batch, *lease, journal.incarnation())) fail("the journal failed");
    }
    std::unique_lock lock(mutex);
    moved.wait(lock, [&] { return news != seen; });
    seen = news;
    durable = journal.durable();
  }
  return static_cast<double>(durable) / seconds_since(begin);
}

}  // namespace pawl::bench
