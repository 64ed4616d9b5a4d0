// An engine in this process, on one shard: what the workloads run on.
#pragma once

#include "bench/engine/figure.h"
#include "engine/engine.h"
#include "engine/execution.h"
#include "engine/observer.h"
#include "runtime/fiber/shard.h"
#include "runtime/journal/journal.h"
#include "runtime/store/store.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace pawl::bench {

// What a run was asked for.
struct Run {
  std::filesystem::path directory;  // for stores; on the disk that is meant
  std::filesystem::path workloads;  // bench/workloads
  double seconds = 1;               // of each measured part, after a warm-up
  int sleepers = 100'000;           // W6, W9
  int finished = 10'000;  // W12: the first store; the others hold 10 and 100 times as many
  // W1, W2: exactly so many executions and no figures, for counting instructions (valgrind); W2
  // then runs in memory, with turns of that many events.
  int executions = 0;
  std::uint32_t turn_events = 2'000;
};

// `observer` may be null. Tasks are answered at once with their parameters.
struct WorldOptions {
  engine::Limits limits = {};
  engine::Observer* observer = nullptr;
};

// An engine over `store`; runs `body` on a fiber of its shard. Ends the program if it does not
// open.
void with_engine(runtime::Store& store, const WorldOptions& options,
                 const std::function<void(engine::Engine&)>& body);

// An empty directory of that name under the run's; what was there is removed.
std::filesystem::path fresh_directory(const Run& run, const std::string& name);
std::unique_ptr<runtime::Store> open_store(const std::filesystem::path& directory);

// Creates the machine of bench/workloads/`name`.asl.json under that name.
void create(engine::Engine& engine, const Run& run, const std::string& name, bool express = false);

// Runs an execution to its end, which is durable then; its output. Any other end is void.
std::string run_one(engine::Engine& engine, const std::string& machine, const std::string& input,
                    bool express = false);

struct Driven {
  double per_second = 0;
  double cores = 0;
  Latencies latencies;
  runtime::Journal::Statistics journal;  // the difference
  std::uint64_t calls = 0;
};
// `callers` fibers that call `call` one after the other for `seconds`.
Driven drive(engine::Engine& engine, int callers, double seconds,
             const std::function<void()>& call);
// Runs `count` calls on `callers` fibers.
void run_all(int count, int callers, const std::function<void(int)>& call);

// The limit: commits a second of a journal of its own, with `open` of them on their way at any
// time, one record each, under the keys and with the bytes of a transition that has a commit of its
// own. No engine, no fibers: a thread that appends, and the committer.
double committer_rate(const Run& run, int open, double seconds);

// The workloads; each prints its figures.
void pure_transitions(const Run& run);     // W1
void durable_transitions(const Run& run);  // W2
void one_step(const Run& run);             // W3
void fan_out(const Run& run);              // W5
void sleepers(const Run& run);             // W6
void recovery(const Run& run);             // W9
void large_payload(const Run& run);        // W11
void growth(const Run& run);               // W12

}  // namespace pawl::bench
