// W1, W2, W3: transitions in memory, durable transitions, and the time of one durable step.
#include "bench/engine/world.h"
#include "runtime/store/memory_store.h"

#include <fmt/format.h>

#include <array>
#include <fcntl.h>
#include <unistd.h>

namespace pawl::bench {

void pure_transitions(const Run& run) {
  struct Case {
    std::string machine;
    std::string_view metric;
    std::string input;
    std::string output;
    int transitions;
  };
  const std::array<Case, 3> cases{{
      {"w1-loop", "loop", R"({"i":0,"n":1000})", R"({"i":1000,"n":1000})", 2002},
      {"w1-chain100", "chain of Pass", R"({"a":1})", R"({"a":1})", 100},
      {"w1-loop-jsonata", "loop in JSONata", R"({"i":0,"n":1000})", R"({"i":1000,"n":1000})", 2002},
  }};
  const auto store = runtime::make_memory_store();
  with_engine(*store, {}, [&](engine::Engine& engine) {
    for (const Case& each : cases) {
      create(engine, run, each.machine, true);
      const auto call = [&] {
        if (run_one(engine, each.machine, each.input, true) != each.output) {
          fail(each.machine + " gives a wrong output");
        }
      };
      if (run.executions > 0) {
        for (int i = 0; i < run.executions; ++i) call();
        continue;
      }
      drive(engine, 1, run.seconds / 4, call);  // warm
      const Driven driven = drive(engine, 1, run.seconds, call);
      print({.workload = "W1",
             .metric = std::string(each.metric),
             .value = driven.per_second * each.transitions,
             .unit = "transitions/s",
             .cores = driven.cores});
    }
  });
}

namespace {

constexpr int kSteps = 10;  // of w2-chain10

void print_chain(Driven& driven, std::string metric) {
  const double transitions = static_cast<double>(driven.calls) * kSteps;
  print({.workload = "W2",
         .metric = std::move(metric),
         .value = driven.per_second * kSteps,
         .unit = "transitions/s",
         .p50_ms = driven.latencies.quantile(0.5),
         .p99_ms = driven.latencies.quantile(0.99),
         .cores = driven.cores,
         .bytes_written = static_cast<double>(driven.journal.bytes) / transitions});
}

}  // namespace

void durable_transitions(const Run& run) {
  if (run.executions > 0) {
    const auto store = runtime::make_memory_store();
    WorldOptions options;
    options.limits.turn_events = run.turn_events;
    with_engine(*store, options, [&](engine::Engine& engine) {
      create(engine, run, "w2-chain10");
      run_all(run.executions, 128, [&](int) { run_one(engine, "w2-chain10", "{}"); });
    });
    return;
  }
  // As one commit for all ten, and (a turn of one state) as one commit for each.
  for (const bool each_alone : {false, true}) {
    for (const int callers : {1, 16, 128, 1000}) {
      const double limit = committer_rate(run, callers, run.seconds);
      const auto store = open_store(fresh_directory(run, "W2"));
      WorldOptions options;
      if (each_alone) options.limits.turn_events = 2;
      with_engine(*store, options, [&](engine::Engine& engine) {
        create(engine, run, "w2-chain10");
        const auto call = [&] {
          if (run_one(engine, "w2-chain10", "{}") != "{}") fail("w2-chain10 gives a wrong output");
        };
        drive(engine, callers, run.seconds / 4, call);
        Driven driven = drive(engine, callers, run.seconds, call);
        const std::string metric =
            fmt::format("{} at once{}", callers, each_alone ? ", a commit per transition" : "");
        print_chain(driven, metric);
        print({.workload = "W2",
               .metric = metric,
               .value = limit,
               .unit = "commits/s",
               .subject = "committer"});
      });
    }
  }
}

namespace {

// The disk alone: 4 KiB appended, fdatasync, again.
Latencies fdatasync_times(const Run& run, double seconds) {
  std::filesystem::create_directories(run.directory);
  const std::filesystem::path path = run.directory / "fdatasync";
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) fail("cannot write " + path.string());
  const std::array<char, 4096> block{};
  Latencies times;
  for (const auto begin = Clock::now(); seconds_since(begin) < seconds;) {
    const auto called = Clock::now();
    if (write(file, block.data(), block.size()) != static_cast<ssize_t>(block.size()) ||
        fdatasync(file) != 0) {
      fail("cannot write " + path.string());
    }
    times.add(seconds_since(called) * 1e3);
  }
  close(file);
  std::filesystem::remove(path);
  return times;
}

}  // namespace

void one_step(const Run& run) {
  const auto store = open_store(fresh_directory(run, "W3"));
  Latencies disk = fdatasync_times(run, run.seconds);
  with_engine(*store, {}, [&](engine::Engine& engine) {
    create(engine, run, "w3-pass1");
    const auto call = [&] { run_one(engine, "w3-pass1", "{}"); };
    drive(engine, 1, run.seconds / 4, call);
    Driven driven = drive(engine, 1, run.seconds, call);
    for (const auto& [q, name] : {std::pair{0.5, "p50"}, {0.99, "p99"}}) {
      const std::string metric = fmt::format("one durable step, {}", name);
      print({.workload = "W3",
             .metric = metric,
             .value = driven.latencies.quantile(q),
             .unit = "ms"});
      print({.workload = "W3",
             .metric = metric,
             .value = 2 * disk.quantile(q) + 0.2,
             .unit = "ms",
             .subject = "2 fdatasync + 0.2 ms"});
    }
  });
}

}  // namespace pawl::bench
