// W6, W9, W12: executions that sleep, opening after a kill, and a store that grows.
#include "asl/time/timestamp.h"
#include "bench/engine/world.h"

#include <fmt/format.h>

#include <csignal>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace pawl::bench {
namespace {

using Wall = std::chrono::system_clock;

// Sees executions end, and how late: they are due at the time that is their input.
class Ends final : public engine::Observer {
 public:
  bool wants_history(std::string_view) override { return false; }
  void recorded(const engine::Execution&, std::uint32_t, std::uint32_t) override {}
  void status_changed(const engine::Execution& execution, engine::ExecutionStatus status) override {
    if (status == engine::ExecutionStatus::kRunning) return;
    ++ended;
    if (status != engine::ExecutionStatus::kSucceeded) ++unsuccessful;
    const asl::Value* at = execution.input.value().find("at");
    if (at == nullptr) fail("a sleeper has no time");
    const auto due = asl::parse_timestamp(at->as_string());
    if (!due) fail(due.error().message);
    late.add(std::chrono::duration<double, std::milli>(Wall::now() - *due).count());
  }

  int ended = 0;
  int unsuccessful = 0;
  Latencies late;
};

std::string due_input(Wall::time_point at) {
  return R"({"at":")" +
         asl::format_timestamp_ms(std::chrono::time_point_cast<std::chrono::milliseconds>(at)) +
         R"("})";
}

void start_sleepers(engine::Engine& engine, int count, Wall::time_point first,
                    std::chrono::milliseconds window) {
  run_all(count, 256, [&](int i) {
    engine::StartRequest request;
    request.machine = "w6-wait";
    request.input = due_input(first + window * i / count);
    if (const auto started = engine.start(std::move(request)); !started) {
      fail(started.error().message);
    }
  });
}

void wait_for(const Ends& ends, int count, Wall::time_point until) {
  while (ends.ended < count && Wall::now() < until) {
    runtime::sleep_for(std::chrono::milliseconds(20));
  }
  if (ends.ended != count || ends.unsuccessful > 0) {
    fail(fmt::format("{} of {} sleepers woke, {} ended badly", ends.ended, count,
                     ends.unsuccessful));
  }
}

// `count` sleepers that are due within `window`, from some seconds after the last start on.
void sleep_and_wake(const Run& run, int count, std::chrono::milliseconds window,
                    const std::string& name) {
  const auto store = open_store(fresh_directory(run, "W6"));
  Ends ends;
  with_engine(*store, {.observer = &ends}, [&](engine::Engine& engine) {
    create(engine, run, "w6-wait");
    // None may be due before all of them sleep.
    const auto first = Wall::now() + std::chrono::seconds(5 + count / 20'000);
    const auto begin = Clock::now();
    start_sleepers(engine, count, first, window);
    if (Wall::now() > first) fail("starting the sleepers took too long");
    print({.workload = "W6",
           .metric = name + ", starts",
           .value = count / seconds_since(begin),
           .unit = "executions/s"});
    wait_for(ends, count, first + window + std::chrono::seconds(60));
  });
  print({.workload = "W6",
         .metric = name + ", late p99",
         .value = ends.late.quantile(0.99),
         .unit = "ms",
         .p50_ms = ends.late.quantile(0.5),
         .p99_ms = ends.late.quantile(0.99)});
}

}  // namespace

void sleepers(const Run& run) {
  {
    // Due in an hour: all of them rest in the store.
    const auto store = open_store(fresh_directory(run, "W6"));
    with_engine(*store, {}, [&](engine::Engine& engine) {
      create(engine, run, "w6-wait");
      start_sleepers(engine, 2000, Wall::now() + std::chrono::hours(1), {});  // warm
      const std::size_t before = resident_bytes();
      const auto begin = Clock::now();
      start_sleepers(engine, run.sleepers, Wall::now() + std::chrono::hours(1), {});
      const double seconds = seconds_since(begin);
      const auto each = static_cast<double>(resident_bytes() - before) / run.sleepers;
      print({.workload = "W6",
             .metric = fmt::format("{} asleep, memory each", run.sleepers),
             .value = each,
             .unit = "B"});
      print({.workload = "W6",
             .metric = fmt::format("{} asleep, starts", run.sleepers),
             .value = run.sleepers / seconds,
             .unit = "executions/s"});
    });
    print({.workload = "W6",
           .metric = fmt::format("{} asleep, on disk each", run.sleepers),
           .value = static_cast<double>(store->approximate_bytes()) / run.sleepers,
           .unit = "B"});
  }
  sleep_and_wake(run, 10'000, std::chrono::seconds(10), "1,000 due a second");
  sleep_and_wake(run, 100'000, std::chrono::seconds(10), "100,000 due within 10 s");
}

void recovery(const Run& run) {
  const std::filesystem::path directory = fresh_directory(run, "W9");
  constexpr std::chrono::seconds kWindow{10};
  const auto first = Wall::now() + std::chrono::seconds(12 + run.sleepers / 20'000);
  const pid_t child = fork();
  if (child == 0) {
    const auto store = open_store(directory);
    with_engine(*store, {}, [&](engine::Engine& engine) {
      create(engine, run, "w6-wait");
      start_sleepers(engine, run.sleepers, first, kWindow);
      kill(getpid(), SIGKILL);
    });
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) {
    fail("the process to be killed did not come so far");
  }
  if (Wall::now() > first) fail("starting the sleepers took too long");

  const auto begin = Clock::now();
  const auto store = open_store(directory);
  Ends ends;
  with_engine(*store, {.observer = &ends}, [&](engine::Engine& engine) {
    const auto page = engine.list("w6-wait", engine::ExecutionStatus::kRunning, std::nullopt, 1);
    const double seconds = seconds_since(begin);
    if (!page || page->size() != 1) fail("the sleepers are not there");
    print({.workload = "W9",
           .metric = fmt::format("{} open, first answer", run.sleepers),
           .value = seconds * 1e3,
           .unit = "ms"});
    wait_for(ends, run.sleepers, first + kWindow + std::chrono::seconds(60));
  });
  print({.workload = "W9",
         .metric = "all woke, late p99",
         .value = ends.late.quantile(0.99),
         .unit = "ms"});
}

namespace {

struct Rates {
  double transitions = 0;
  double events = 0;
  double cores = 0;              // of the transitions
  std::uint64_t executions = 0;  // that the measuring added
};

// LevelDB goes on merging for a while what was written fast. Returns when this process has come to
// rest, or after a minute; how long it took, in milliseconds.
double wait_for_merging() {
  constexpr std::chrono::milliseconds kLook{200};
  constexpr double kBusySeconds = 0.002;
  constexpr double kPatienceSeconds = 60;
  const auto begin = Clock::now();
  for (int rested = 0; rested < 5 && seconds_since(begin) < kPatienceSeconds;) {
    const double cpu = cpu_seconds();
    std::this_thread::sleep_for(kLook);
    rested = cpu_seconds() - cpu < kBusySeconds ? rested + 1 : 0;
  }
  return seconds_since(begin) * 1e3;
}

// W2 at 128, and the reading of one long history, on `store` as it is.
Rates measure_rates(const Run& run, runtime::Store& store) {
  Rates rates;
  with_engine(store, {}, [&](engine::Engine& engine) {
    create(engine, run, "w2-chain10");
    create(engine, run, "w1-loop");
    const auto call = [&] { run_one(engine, "w2-chain10", "{}"); };
    rates.executions = drive(engine, 128, run.seconds / 4, call).calls;
    const Driven driven = drive(engine, 128, run.seconds, call);
    rates.executions += driven.calls;
    rates.transitions = driven.per_second * 10;
    rates.cores = driven.cores;
    // As long as a history may be: about 24,000 events.
    run_one(engine, "w1-loop", R"({"i":0,"n":6000})");
    const auto listed = engine.list("w1-loop", std::nullopt, std::nullopt, 1);
    if (!listed || listed->size() != 1) fail("the long execution is not listed");
    std::size_t events = 0;
    const auto begin = Clock::now();
    do {
      std::optional<engine::HistoryCursor> cursor = engine::HistoryCursor();
      while (cursor) {
        std::string page;
        const auto next = engine.write_history(listed->front().number, *cursor, 1000, SIZE_MAX,
                                               false, true, page);
        if (!next) fail(next.error().message);
        constexpr std::string_view kOncePerEvent = R"("previousEventId":)";
        for (std::size_t at = 0; (at = page.find(kOncePerEvent, at)) != std::string::npos; ++at) {
          ++events;
        }
        cursor = *next;
      }
    } while (seconds_since(begin) < run.seconds);
    rates.events = static_cast<double>(events) / seconds_since(begin);
  });
  return rates;
}

}  // namespace

void growth(const Run& run) {
  const auto grown = open_store(fresh_directory(run, "W12"));
  std::uint64_t finished = 0;
  auto wanted = static_cast<std::uint64_t>(run.finished);
  for (int tenfold = 0; tenfold < 3; ++tenfold, wanted *= 10) {
    with_engine(*grown, {}, [&](engine::Engine& engine) {
      create(engine, run, "w2-chain10");
      const int missing = wanted > finished ? static_cast<int>(wanted - finished) : 0;
      run_all(missing, 256, [&](int) { run_one(engine, "w2-chain10", "{}"); });
      finished = std::max(finished, wanted);
    });
    const std::string place = fmt::format("{} finished", wanted);
    // Its own figure: what is measured next is growth, not what filling the store left to do.
    print({.workload = "W12",
           .metric = place + ", merged after",
           .value = wait_for_merging(),
           .unit = "ms"});
    print({.workload = "W12",
           .metric = place + ", on disk each",
           .value = static_cast<double>(grown->approximate_bytes()) / static_cast<double>(finished),
           .unit = "B"});
    // Side by side: the disk drifts while the store is filled.
    const auto empty = open_store(fresh_directory(run, "W12-empty"));
    const Rates without = measure_rates(run, *empty);
    const Rates with = measure_rates(run, *grown);
    finished += with.executions;
    print({.workload = "W12",
           .metric = place + ", 128 at once",
           .value = with.transitions,
           .unit = "transitions/s",
           .cores = with.cores});
    print({.workload = "W12",
           .metric = place + ", 128 at once",
           .value = without.transitions,
           .unit = "transitions/s",
           .subject = "an empty store",
           .cores = without.cores});
    print({.workload = "W12",
           .metric = place + ", history",
           .value = with.events,
           .unit = "events/s"});
    print({.workload = "W12",
           .metric = place + ", history",
           .value = without.events,
           .unit = "events/s",
           .subject = "an empty store"});
  }
}

}  // namespace pawl::bench
