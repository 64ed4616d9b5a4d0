// The engine in process, beside what its store can do in the same run.
//
//   engine_bench durable DIR [SECONDS]    W2: Standard, ten Pass states; 1, 16, 128, 1000 at once;
//                                         each figure follows the journal's own rate with as many
//                                         writers, one 200-byte record per commit
//   engine_bench pure [SECONDS]           W1: Express, Choice + MathAdd loop, and 100 Pass states
//   engine_bench sleep DIR COUNT          starts COUNT executions that wait an hour, then kills
//   itself engine_bench wake DIR                 opens that store: time to the first answer, memory
//
// One line of JSON per figure.
#include "engine/engine.h"
#include "engine/execution.h"
#include "runtime/fiber/shard.h"
#include "runtime/journal/journal.h"
#include "runtime/store/leveldb_store.h"
#include "runtime/store/memory_store.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace pawl {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long resident_kib() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmRSS:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

class NoTasks final : public engine::TaskHandlers {
 public:
  engine::TaskHandler* find(const asl::Resource&, std::string_view, std::string_view) override {
    return nullptr;
  }
};

// An engine on one shard over `store`; runs `body` on a fiber of it.
void with_engine(runtime::Store& store, const std::function<void(engine::Engine&)>& body) {
  runtime::RealClock clock;
  runtime::SystemRandom random;
  runtime::Journal journal(store);
  NoTasks tasks;
  runtime::Shard shard({.clock = clock});
  engine::EngineOptions options;
  options.store = &store;
  options.journal = &journal;
  options.clock = &clock;
  options.random = &random;
  options.handlers = &tasks;
  options.shards = {&shard};
  engine::Engine engine(options);
  shard.run([&] {
    const Status opened = engine.open(0);
    if (!opened) {
      std::fprintf(stderr, "%s\n", opened.error().message.c_str());
      std::exit(1);
    }
    body(engine);
    engine.close(0);
    shard.stop();
  });
}

std::unique_ptr<runtime::Store> open_store(const std::string& directory) {
  auto store = runtime::open_leveldb({.path = directory});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    std::exit(1);
  }
  return *std::move(store);
}

std::string chain(int states) {
  std::string text = R"({"StartAt":"S0","States":{)";
  for (int i = 0; i < states; ++i) {
    if (i > 0) text += ",";
    text += "\"S" + std::to_string(i) + R"(":{"Type":"Pass",)";
    text += i + 1 < states ? "\"Next\":\"S" + std::to_string(i + 1) + "\"}" : "\"End\":true}";
  }
  return text + "}}";
}

constexpr const char* kLoop = R"json({"StartAt":"More","States":{
  "More":{"Type":"Choice","Choices":[{"Variable":"$.i","NumericLessThanPath":"$.n","Next":"Add"}],
          "Default":"Done"},
  "Add":{"Type":"Pass","Parameters":{"i.$":"States.MathAdd($.i, 1)","n.$":"$.n"},"Next":"More"},
  "Done":{"Type":"Succeed"}}})json";

void create(engine::Engine& engine, const std::string& name, const std::string& definition,
            bool express) {
  const auto created = engine.create_machine({.name = name,
                                              .definition = definition,
                                              .role_arn = "arn:aws:iam::123456789012:role/r",
                                              .express = express,
                                              .configuration = "{}"});
  if (!created && created.error().code != ErrorCode::kExists) {
    std::fprintf(stderr, "%s\n", created.error().message.c_str());
    std::exit(1);
  }
}

// Runs one execution to its durable end; answers its output.
std::string run_one(engine::Engine& engine, const std::string& machine, const std::string& input,
                    bool synchronous) {
  runtime::WaitPoint ended;
  bool done = false;
  std::string output;
  engine::StartRequest request;
  request.machine = machine;
  request.input = input;
  request.synchronous = synchronous;
  request.on_end = [&](const engine::Execution& execution) {
    if (execution.record.status != engine::ExecutionStatus::kSucceeded) std::abort();
    output = execution.output.text();
    done = true;
    ended.wake();
  };
  if (!engine.start(std::move(request))) std::abort();
  while (!done) ended.wait();
  return output;
}

// `callers` fibers that run executions one after the other for `seconds`; executions per second.
double drive(engine::Engine& engine, const std::string& machine, const std::string& input,
             int callers, double seconds, bool synchronous) {
  std::uint64_t ended = 0;
  int running = callers;
  runtime::WaitPoint all;
  const auto begin = Clock::now();
  for (int i = 0; i < callers; ++i) {
    runtime::Shard::current()->spawn_when_possible([&] {
      while (since(begin) < seconds) {
        run_one(engine, machine, input, synchronous);
        ++ended;
      }
      if (--running == 0) all.wake();
    });
  }
  while (running > 0) all.wait();
  return static_cast<double>(ended) / since(begin);
}

// The control: as many writers on the same journal, each with one 200-byte record per commit.
double journal_rate(engine::Engine& engine, int writers, double seconds) {
  runtime::Journal& journal = *engine.options().journal;
  const auto lease = engine.options().store->lease(63);
  if (!lease) std::abort();
  runtime::Shard& shard = *runtime::Shard::current();
  std::uint64_t commits = 0;
  int running = writers;
  runtime::WaitPoint all;
  std::uint64_t key = 0;
  const auto begin = Clock::now();
  const std::string value(200, 'v');
  for (int i = 0; i < writers; ++i) {
    shard.spawn_when_possible([&] {
      while (since(begin) < seconds) {
        std::string name = "z";
        runtime::append_u64(name, ++key);
        runtime::Batch batch;
        batch.put(name, value);
        const auto number = journal.append(batch, *lease, journal.incarnation());
        if (!number) std::abort();
        while (journal.durable() < *number) runtime::yield();
        ++commits;
      }
      if (--running == 0) all.wake();
    });
  }
  while (running > 0) all.wait();
  return static_cast<double>(commits) / since(begin);
}

void durable(const std::string& directory, double seconds) {
  constexpr int kStates = 10;
  const auto store = open_store(directory);
  with_engine(*store, [&](engine::Engine& engine) {
    create(engine, "chain10", chain(kStates), false);
    for (const int callers : {1, 16, 128, 1000}) {
      drive(engine, "chain10", "{}", callers, 0.5, false);  // warm up
      const double control = journal_rate(engine, callers, seconds);
      const auto before = engine.options().journal->statistics();
      const double cpu = cpu_seconds();
      const double rate = drive(engine, "chain10", "{}", callers, seconds, false);
      const auto after = engine.options().journal->statistics();
      const double transitions = rate * kStates;
      const auto executions = rate * seconds;
      std::printf(
          "{\"bench\":\"W2 durable\",\"callers\":%d,\"executions_per_s\":%.0f,"
          "\"transitions_per_s\":%.0f,\"transitions_per_cpu_s\":%.0f,"
          "\"bytes_per_transition\":%.0f,\"commits_per_batch\":%.1f,"
          "\"control_commits_per_s\":%.0f,\"transitions_to_control\":%.2f}\n",
          callers, rate, transitions, executions * kStates / (cpu_seconds() - cpu),
          static_cast<double>(after.bytes - before.bytes) / (executions * kStates),
          static_cast<double>(after.commits - before.commits) /
              static_cast<double>(after.batches - before.batches),
          control, transitions / control);
      std::fflush(stdout);
    }
  });
}

void pure(double seconds) {
  const auto store = runtime::make_memory_store();
  with_engine(*store, [&](engine::Engine& engine) {
    create(engine, "loop", kLoop, true);
    create(engine, "chain100", chain(100), true);
    // A wrong result would make the figure void.
    if (run_one(engine, "loop", R"({"i":0,"n":1000})", true) != R"({"i":1000,"n":1000})")
      std::abort();
    const double loops = drive(engine, "loop", R"({"i":0,"n":1000})", 1, seconds, true);
    std::printf("{\"bench\":\"W1 loop\",\"transitions_per_s\":%.0f}\n", loops * 2002);
    const double chains = drive(engine, "chain100", "{}", 1, seconds, true);
    std::printf("{\"bench\":\"W1 chain100\",\"transitions_per_s\":%.0f}\n", chains * 100);
  });
}

void sleepers(const std::string& directory, int count) {
  const auto store = open_store(directory);
  with_engine(*store, [&](engine::Engine& engine) {
    create(engine, "wait",
           R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}})", false);
    const long empty = resident_kib();
    const auto begin = Clock::now();
    int left = count;
    int running = 256;
    runtime::WaitPoint all;
    for (int i = 0; i < 256; ++i) {
      runtime::Shard::current()->spawn_when_possible([&] {
        while (left > 0) {
          --left;
          engine::StartRequest request;
          request.machine = "wait";
          if (!engine.start(std::move(request))) std::abort();
        }
        if (--running == 0) all.wake();
      });
    }
    while (running > 0) all.wait();
    std::printf(
        "{\"bench\":\"W6 sleep\",\"sleepers\":%d,\"starts_per_s\":%.0f,\"rss_mib\":%.1f,"
        "\"bytes_each\":%.0f,\"in_memory\":%zu}\n",
        count, count / since(begin), static_cast<double>(resident_kib()) / 1024,
        static_cast<double>(resident_kib() - empty) * 1024 / count,
        engine.statistics().executions_in_memory);
    std::fflush(stdout);
    kill(getpid(), SIGKILL);
  });
}

void wake(const std::string& directory) {
  const auto begin = Clock::now();
  const auto store = open_store(directory);
  const double opened = since(begin);
  with_engine(*store, [&](engine::Engine& engine) {
    const double recovered = since(begin);
    const auto listed = engine.list("wait", engine::ExecutionStatus::kRunning, std::nullopt, 1);
    const double first = since(begin);
    std::size_t count = 0;
    std::optional<engine::ExecutionNumber> before;
    for (;;) {
      const auto page = engine.list("wait", engine::ExecutionStatus::kRunning, before, 1000);
      if (!page || page->empty()) break;
      count += page->size();
      before = page->back().number;
    }
    std::printf(
        "{\"bench\":\"W9 wake\",\"store_open_ms\":%.1f,\"engine_open_ms\":%.1f,"
        "\"first_answer_ms\":%.1f,\"open_executions\":%zu,\"rss_mib\":%.1f}\n",
        opened * 1000, recovered * 1000, first * 1000, count,
        static_cast<double>(resident_kib()) / 1024);
    if (!listed || listed->size() != 1) std::abort();
  });
}

}  // namespace
}  // namespace pawl

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const auto number = [&](int index, double fallback) {
    return argc > index ? std::strtod(argv[index], nullptr) : fallback;
  };
  if (mode == "durable" && argc > 2) {
    pawl::durable(argv[2], number(3, 3));
  } else if (mode == "pure") {
    pawl::pure(number(2, 3));
  } else if (mode == "sleep" && argc > 3) {
    pawl::sleepers(argv[2], static_cast<int>(number(3, 100'000)));
  } else if (mode == "wake" && argc > 2) {
    pawl::wake(argv[2]);
  } else {
    std::fprintf(stderr,
                 "usage: engine_bench durable DIR [SECONDS] | pure [SECONDS] | sleep DIR COUNT | "
                 "wake DIR\n");
    return 2;
  }
  return 0;
}
