// The API under load, one workload at a time. Starts the server that it measures, and prints one
// line of JSON per figure (bench/engine/figure.h).
//
//   api_bench W2|W4|W7|W8|W10 --pawl PROGRAM --directory DIR [--workloads bench/workloads]
//             [--seconds 1] [--limit PROGRAM]
//
// --limit (W4): durable_echo, a server that only commits and answers. What the workloads are:
// bench/README.md.
#include "bench/api/http_text.h"
#include "bench/api/server.h"
#include "bench/engine/figure.h"
#include "runtime/fiber/shard.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace pawl::bench {
namespace {

struct Run {
  std::filesystem::path pawl;
  std::filesystem::path limit;
  std::filesystem::path directory;
  std::filesystem::path workloads = "bench/workloads";
  std::filesystem::path programs;  // where this one lies
  double seconds = 1;
};

// One server with an empty store, and what is asked of it.
class World {
 public:
  explicit World(const Run& run)
      : run_(run), port_(Server::free_port()), server_(command(), port_), connection_(port_) {}

  const Server& server() const { return server_; }
  Connection& connection() { return connection_; }

  std::string create(const std::string& name) {
    std::ifstream file(run_.workloads / (name + ".asl.json"));
    const std::string definition((std::istreambuf_iterator<char>(file)), {});
    const std::string made = connection_.call(
        "CreateStateMachine",
        fmt::format(R"({{"name":"{}","roleArn":"arn:aws:iam::123456789012:role/bench",)"
                    R"("definition":{}}})",
                    name, json_quoted(definition)));
    return std::string(json_text(made, "stateMachineArn"));
  }

 private:
  std::vector<std::string> command() {
    const auto data = run_.directory / "api";
    std::filesystem::remove_all(data);
    // Every function is the same program, which is told where the API is.
    for (const char* name : {"worker", "token-sink"}) {
      const auto folder = data / "functions" / name;
      std::filesystem::create_directories(folder);
      std::ofstream(folder / "function.json") << fmt::format(
          R"({{"runtime":"provided","concurrency":10,"command":["{}","{}"]}})",
          std::filesystem::absolute(run_.programs / "bench_function").string(), port_);
    }
    return {run_.pawl.string(),        "serve",       "--data",
            (data / "store").string(), "--functions", (data / "functions").string()};
  }

  Run run_;
  std::uint16_t port_;
  Server server_;
  Connection connection_;
};

std::string start(Connection& connection, const std::string& machine, std::string_view input) {
  const std::string answer = connection.call(
      "StartExecution",
      fmt::format(R"({{"stateMachineArn":"{}","input":{}}})", machine, json_quoted(input)));
  return std::string(json_text(answer, "executionArn"));
}

// Asks until executions have ended: at once, then after half the time that they usually take, then
// ever more slowly. A client that asks as often as it can makes most of the server's work itself;
// one that waits much longer keeps it idle.
class Patience {
 public:
  void finish(Connection& connection, const std::string& execution) {
    const std::string body = fmt::format(R"({{"executionArn":"{}"}})", execution);
    const auto begin = Clock::now();
    auto pause = std::max(kShortest, usual_ / 2);
    for (bool first = true;; first = false) {
      const std::string answer = connection.call("DescribeExecution", body);
      const std::string_view status = json_text(answer, "status");
      if (status == "SUCCEEDED") break;
      if (status != "RUNNING") fail("an execution ended otherwise: " + answer);
      runtime::sleep_for(pause);
      pause = first ? std::max(kShortest, usual_ / 8) : std::min(pause * 3 / 2, kLongest);
    }
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
    usual_ += (took - usual_) / 16;
  }

 private:
  static constexpr std::chrono::microseconds kShortest{1000};
  static constexpr std::chrono::microseconds kLongest{50'000};
  std::chrono::microseconds usual_{0};
};

struct Driven {
  double per_second = 0;
  double cores = 0;
  Latencies latencies;
};
// `callers` fibers, each with a connection of its own.
Driven drive(const Server& server, int callers, double seconds,
             const std::function<void(Connection&)>& call) {
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < callers; ++i) {
    connections.push_back(std::make_unique<Connection>(server.port()));
  }
  Driven driven;
  int running = callers;
  runtime::WaitPoint all;
  const double cpu = server.cpu_seconds();
  const auto begin = Clock::now();
  for (const auto& connection : connections) {
    runtime::Shard::current()->spawn_when_possible([&, connection = connection.get()] {
      while (seconds_since(begin) < seconds) {
        const auto called = Clock::now();
        call(*connection);
        driven.latencies.add(seconds_since(called) * 1e3);
      }
      if (--running == 0) all.wake();
    });
  }
  while (running > 0) all.wait();
  const double elapsed = seconds_since(begin);
  driven.per_second = static_cast<double>(driven.latencies.count()) / elapsed;
  driven.cores = (server.cpu_seconds() - cpu) / elapsed;
  return driven;
}

void measure(const Run& run, const Server& server, std::string_view workload, std::string metric,
             std::string_view unit, int per_call, int callers,
             const std::function<void(Connection&)>& call) {
  drive(server, callers, run.seconds / 4, call);
  Driven driven = drive(server, callers, run.seconds, call);
  print({.workload = workload,
         .metric = std::move(metric),
         .value = driven.per_second * per_call,
         .unit = unit,
         .p50_ms = driven.latencies.quantile(0.5),
         .p99_ms = driven.latencies.quantile(0.99),
         .cores = driven.cores});
}

// Executions of `machine` as a client sees them, from the call to the end.
void executions(const Run& run, World& world, std::string_view workload, const std::string& machine,
                const std::string& metric, std::string_view unit, int per_call, int callers) {
  Patience patience;
  measure(run, world.server(), workload, metric, unit, per_call, callers,
          [&](Connection& connection) {
            patience.finish(connection, start(connection, machine, "{}"));
          });
}

void durable_transitions(const Run& run) {
  World world(run);
  const std::string machine = world.create("w2-chain10");
  for (const int callers : {1, 16, 128, 1000}) {
    executions(run, world, "W2", machine, fmt::format("{} at once, through the API", callers),
               "transitions/s", 10, callers);
  }
}

void starts(const Run& run) {
  World world(run);
  const std::string machine = world.create("w4-succeed");
  for (const int callers : {1, 16, 128, 1000}) {
    const std::string metric = fmt::format("{} connections", callers);
    const auto call = [&](Connection& connection) { start(connection, machine, "{}"); };
    drive(world.server(), callers, run.seconds / 4, call);
    const auto begin = Clock::now();
    Driven driven = drive(world.server(), callers, run.seconds, call);
    const std::string running = fmt::format(
        R"({{"stateMachineArn":"{}","statusFilter":"RUNNING","maxResults":1}})", machine);
    while (world.connection().call("ListExecutions", running) != R"({"executions":[]})") {
      runtime::sleep_for(std::chrono::milliseconds(1));
    }
    print({.workload = "W4",
           .metric = metric,
           .value = static_cast<double>(driven.latencies.count()) / seconds_since(begin),
           .unit = "starts and ends/s",
           .p50_ms = driven.latencies.quantile(0.5),
           .p99_ms = driven.latencies.quantile(0.99),
           .cores = driven.cores});
    if (run.limit.empty()) continue;
    const std::filesystem::path data = run.directory / "durable_echo";
    std::filesystem::remove_all(data);
    const Server echo({run.limit.string(), data.string()});
    drive(echo, callers, run.seconds / 4, call);
    Driven limit = drive(echo, callers, run.seconds, call);
    print({.workload = "W4",
           .metric = metric,
           .value = limit.per_second,
           .unit = "answers/s",
           .subject = "beast after a group commit",
           .p50_ms = limit.latencies.quantile(0.5),
           .p99_ms = limit.latencies.quantile(0.99),
           .cores = limit.cores});
  }
}

void tasks(const Run& run) {
  World world(run);
  const std::string machine = world.create("w7-task10");
  for (const int callers : {1, 16, 128}) {
    executions(run, world, "W7", machine, fmt::format("Task, {} at once", callers), "tasks/s", 10,
               callers);
  }
}

void answers_from_outside(const Run& run) {
  World world(run);
  const std::string callback = world.create("w8-callback");
  for (const int callers : {16, 128}) {
    executions(run, world, "W8", callback, fmt::format("callback, {} at once", callers),
               "callbacks/s", 1, callers);
  }
  const std::string activity(
      json_text(world.connection().call("CreateActivity", R"({"name":"bench"})"), "activityArn"));
  const std::string machine = world.create("w8-activity");
  constexpr int kPollers = 32;
  bool stopping = false;
  int polling = kPollers;
  runtime::WaitPoint idle;
  for (int i = 0; i < kPollers; ++i) {
    runtime::Shard::current()->spawn_when_possible([&] {
      Connection connection(world.server().port());
      while (!stopping) {
        const std::string task =
            connection.call("GetActivityTask", fmt::format(R"({{"activityArn":"{}"}})", activity));
        const std::string_view token = json_text(task, "taskToken");
        if (token.empty()) continue;
        connection.call("SendTaskSuccess",
                        fmt::format(R"({{"taskToken":"{}","output":"1"}})", token));
      }
      if (--polling == 0) idle.wake();
    });
  }
  executions(run, world, "W8", machine, "activity, 128 at once", "activities/s", 1, 128);
  // The pollers wait for up to a minute: more tasks let them go.
  stopping = true;
  while (polling > 0) {
    start(world.connection(), machine, "{}");
    runtime::sleep_for(std::chrono::milliseconds(5));
  }
}

void history(const Run& run) {
  World world(run);
  const std::string machine = world.create("w1-loop");
  const std::string execution =
      start(world.connection(), machine, R"({"i":0,"n":6000})");  // about 24,000 events
  Patience().finish(world.connection(), execution);
  std::size_t events = 0;
  Latencies pages;
  const double cpu = world.server().cpu_seconds();
  const auto begin = Clock::now();
  do {
    std::string token;
    do {
      const auto called = Clock::now();
      const std::string page = world.connection().call(
          "GetExecutionHistory",
          fmt::format(R"({{"executionArn":"{}","maxResults":1000{}}})", execution,
                      token.empty() ? "" : fmt::format(R"(,"nextToken":"{}")", token)));
      pages.add(seconds_since(called) * 1e3);
      for (std::size_t at = 0;
           (at = page.find(R"("previousEventId":)", at)) != std::string::npos;) {
        ++events;
        ++at;
      }
      // It stands behind or before the events; data with such a member has its quotes escaped.
      token = json_text(page, "nextToken");
    } while (!token.empty());
  } while (seconds_since(begin) < run.seconds);
  const double elapsed = seconds_since(begin);
  print({.workload = "W10",
         .metric = "history in pages of 1,000",
         .value = static_cast<double>(events) / elapsed,
         .unit = "events/s",
         .p50_ms = pages.quantile(0.5),
         .p99_ms = pages.quantile(0.99),
         .cores = (world.server().cpu_seconds() - cpu) / elapsed});
}

int main_of(int argc, char** argv) {
  static const std::map<std::string_view, void (*)(const Run&)> workloads{
      {"W2", durable_transitions},  {"W4", starts},   {"W7", tasks},
      {"W8", answers_from_outside}, {"W10", history},
  };
  const auto workload = workloads.find(argc > 1 ? argv[1] : "");
  Run run;
  run.programs = std::filesystem::path(argv[0]).parent_path();
  const std::map<std::string_view, std::filesystem::path*> paths{{"--pawl", &run.pawl},
                                                                 {"--limit", &run.limit},
                                                                 {"--directory", &run.directory},
                                                                 {"--workloads", &run.workloads}};
  bool understood = workload != workloads.end() && argc % 2 == 0;
  for (int i = 2; understood && i + 1 < argc; i += 2) {
    if (const auto path = paths.find(argv[i]); path != paths.end()) {
      *path->second = argv[i + 1];
    } else if (std::string_view(argv[i]) == "--seconds") {
      run.seconds = std::strtod(argv[i + 1], nullptr);
    } else {
      understood = false;
    }
  }
  if (!understood || run.directory.empty() || run.pawl.empty()) {
    std::fprintf(stderr, "usage: see the beginning of bench/api/main.cpp\n");
    return 2;
  }
  // A thousand connections, on both sides.
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  runtime::RealClock clock;
  runtime::Shard shard({.clock = clock});
  shard.run([&] {
    workload->second(run);
    shard.stop();
  });
  return 0;
}

}  // namespace
}  // namespace pawl::bench

int main(int argc, char** argv) { return pawl::bench::main_of(argc, argv); }
