// Tasks in process, beside what they stand on in the same run.
//
//   task_bench functions DIR [COUNT]   COUNT round trips (10,000) of a Task to a warm function in
//                                      Python, by 1 and 64 executions at once; beside a bare loop
//                                      over the same functions, and both without a disk
//   task_bench embedded DIR [COUNT]    COUNT executions (32,000) of one state at 64 at once, a
//   tenth
//                                      of that one by one: Pass, sqs:sendMessage, dynamodb:putItem,
//                                      in an order that changes, six times; medians, and what a
//                                      Task costs to a Pass
//
// DIR is made, and removed. One line of JSON per figure.
#include "asl/json/reader.h"
#include "connectors/connectors.h"
#include "connectors/embedded/services.h"
#include "engine/engine.h"
#include "engine/execution.h"
#include "runtime/fiber/shard.h"
#include "runtime/journal/journal.h"
#include "runtime/store/leveldb_store.h"
#include "runtime/store/memory_store.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace pawl {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

[[noreturn]] void give_up(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

double micros(Clock::duration span) {
  return std::chrono::duration<double, std::micro>(span).count();
}

// Of the whole process, so far: what a busy machine does not distort.
double cpu_micros() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

double percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(part * static_cast<double>(values.size())))];
}

// Notes when each execution's Tasks are handed out: from one to the next is a round trip, with all
// commits that lie between.
class TimedHandlers final : public engine::TaskHandlers {
 public:
  explicit TimedHandlers(engine::TaskHandlers& inner) : inner_(inner) {}

  engine::TaskHandler* find(const asl::Resource& resource, std::string_view machine,
                            std::string_view state) override {
    engine::TaskHandler* found = inner_.find(resource, machine, state);
    if (found == nullptr) return nullptr;
    std::unique_ptr<Handler>& handler = handlers_[found];
    if (handler == nullptr) handler = std::make_unique<Handler>(*this, *found);
    return handler.get();
  }
  std::vector<double> take() {
    last_.clear();
    return std::exchange(spans_, {});
  }

 private:
  class Handler final : public engine::TaskHandler {
   public:
    Handler(TimedHandlers& owner, engine::TaskHandler& inner) : owner_(owner), inner_(inner) {}
    engine::Outcome run(const engine::TaskRequest& request) override {
      const Clock::time_point now = Clock::now();
      // The key begins with the execution and ends with its scheduling event.
      const std::string key =
          request.idempotency_key.substr(0, request.idempotency_key.find_last_of("#/"));
      if (const auto last = owner_.last_.find(key); last != owner_.last_.end()) {
        owner_.spans_.push_back(micros(now - last->second));
      }
      owner_.last_[key] = now;
      return inner_.run(request);
    }

   private:
    TimedHandlers& owner_;
    engine::TaskHandler& inner_;
  };

  std::map<engine::TaskHandler*, std::unique_ptr<Handler>> handlers_;
  engine::TaskHandlers& inner_;
  std::map<std::string, Clock::time_point> last_;
  std::vector<double> spans_;
};

struct World {
  engine::Engine& engine;
  connectors::LocalLambda& lambda;
  connectors::EmbeddedServices& services;
  TimedHandlers& timed;
};

void with_world(runtime::Store& store, const std::string& functions,
                const std::function<void(World&)>& body) {
  runtime::RealClock clock;
  runtime::SystemRandom random;
  runtime::Journal journal(store);
  runtime::Shard shard({.clock = clock});
  connectors::Registry registry;
  TimedHandlers timed(registry);
  engine::EngineOptions options;
  options.store = &store;
  options.journal = &journal;
  options.clock = &clock;
  options.random = &random;
  options.handlers = functions.empty() ? static_cast<engine::TaskHandlers*>(&registry) : &timed;
  options.shards = {&shard};
  engine::Engine engine(options);
  connectors::LocalLambdaOptions lambda_options;
  if (!functions.empty()) {
    auto loaded = connectors::load_functions(functions);
    if (!loaded) give_up(loaded.error().message);
    lambda_options.functions = *std::move(loaded);
  }
  connectors::LocalLambda lambda(shard, std::move(lambda_options));
  registry.add("lambda", std::make_shared<connectors::LambdaHandler>(lambda, clock));
  connectors::EmbeddedServices services(engine, {});
  services.register_handlers(registry);
  shard.run([&] {
    if (Status opened = services.open(); !opened) give_up(opened.error().message);
    if (Status opened = engine.open(0); !opened) give_up(opened.error().message);
    World world{engine, lambda, services, timed};
    body(world);
    engine.close(0);
    shard.stop();
  });
}

void create(engine::Engine& engine, const std::string& name, const std::string& definition) {
  const auto created = engine.create_machine({.name = name,
                                              .definition = definition,
                                              .role_arn = "arn:aws:iam::123456789012:role/r",
                                              .express = false,
                                              .configuration = "{}"});
  if (!created) give_up(created.error().message);
}

// To its durable end.
void run_one(engine::Engine& engine, const std::string& machine, const std::string& input) {
  runtime::WaitPoint ended;
  bool done = false;
  engine::StartRequest request;
  request.machine = machine;
  request.input = input;
  request.on_end = [&](const engine::Execution& execution) {
    if (execution.record.status != engine::ExecutionStatus::kSucceeded) {
      give_up(machine + " failed: " + execution.record.failure.cause.value_or(""));
    }
    done = true;
    ended.wake();
  };
  const auto started = engine.start(std::move(request));
  if (!started) give_up(started.error().message);
  while (!done) ended.wait();
}

// `job` on `at_once` fibers until all have ended; the time it took.
double on_fibers(std::size_t at_once, const std::function<void(std::size_t fiber)>& job) {
  const Clock::time_point begin = Clock::now();
  std::size_t left = at_once;
  runtime::WaitPoint all;
  for (std::size_t i = 0; i < at_once; ++i) {
    runtime::Shard::current()->spawn_when_possible([&, i] {
      job(i);
      if (--left == 0) all.wake();
    });
  }
  while (left > 0) all.wait();
  return micros(Clock::now() - begin);
}

// --- functions ---

constexpr const char* kCallLoop = R"json({"StartAt":"Call","States":{
  "Call":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","ResultPath":null,
          "Parameters":{"FunctionName":"echo","Payload":{"n.$":"$.n"}},"Next":"Count"},
  "Count":{"Type":"Pass","Parameters":{"n.$":"States.MathAdd($.n, -1)"},"Next":"More"},
  "More":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericGreaterThan":0,"Next":"Call"}],
          "Default":"Done"},
  "Done":{"Type":"Succeed"}}})json";

void report(const char* what, const char* store, std::size_t at_once, double took,
            const std::vector<double>& spans) {
  std::printf(
      "{\"what\":\"%s\",\"store\":\"%s\",\"at_once\":%zu,\"round_trips\":%zu,\"per_second\":%.0f,"
      "\"p50_us\":%.0f,\"p99_us\":%.0f}\n",
      what, store, at_once, spans.size(), static_cast<double>(spans.size()) / took * 1e6,
      percentile(spans, 0.5), percentile(spans, 0.99));
  std::fflush(stdout);
}

void bare_loop(World& world, const char* store, std::size_t at_once, std::size_t count) {
  connectors::Invocation invocation;
  invocation.function.partition = "aws";
  invocation.function.region = "us-east-1";
  invocation.function.account = "123456789012";
  invocation.function.name = "echo";
  invocation.payload = R"({"n":1})";
  std::vector<double> spans;
  std::size_t serial = 0;
  const double took = on_fibers(at_once, [&](std::size_t) {
    for (std::size_t i = 0; i < count / at_once; ++i) {
      connectors::Invocation one = invocation;
      one.idempotency_key = "bench/" + std::to_string(++serial);
      const Clock::time_point begin = Clock::now();
      const auto outcome = world.lambda.invoke(one, nullptr);
      spans.push_back(micros(Clock::now() - begin));
      if (!std::holds_alternative<connectors::InvocationAnswer>(outcome)) give_up("not answered");
    }
  });
  report("runtime_api", store, at_once, took, spans);
}

// Executions of at most 2,000 calls: a history has 25,000 events.
void task_loop(World& world, const char* store, std::size_t at_once, std::size_t count) {
  constexpr std::size_t kCallsMax = 2000;
  static_cast<void>(world.timed.take());
  const double took = on_fibers(at_once, [&](std::size_t) {
    for (std::size_t left = count / at_once; left > 0;) {
      const std::size_t calls = std::min(left, kCallsMax);
      run_one(world.engine, "calls", "{\"n\":" + std::to_string(calls) + "}");
      left -= calls;
    }
  });
  report("task", store, at_once, took, world.timed.take());
}

void functions(const std::string& directory, std::size_t count) {
  const std::string folder = directory + "/functions/echo";
  fs::create_directories(folder);
  std::ofstream(folder + "/index.py") << "def handler(event, context):\n    return event\n";
  std::ofstream(folder + "/function.json")
      << R"({"runtime":"python3.12","handler":"index.handler"})";
  for (const bool durable : {true, false}) {
    auto memory = runtime::make_memory_store();
    std::unique_ptr<runtime::Store> disk;
    if (durable) {
      auto opened = runtime::open_leveldb({.path = directory + "/store"});
      if (!opened) give_up(opened.error().message);
      disk = *std::move(opened);
    }
    const char* name = durable ? "leveldb" : "memory";
    with_world(durable ? *disk : *memory, directory + "/functions", [&](World& world) {
      create(world.engine, "calls", kCallLoop);
      for (const std::size_t at_once : {std::size_t{1}, std::size_t{64}}) {
        bare_loop(world, name, at_once, at_once * 10);  // warm
        for (int round = 0; round < 2; ++round) {
          bare_loop(world, name, at_once, count);
          task_loop(world, name, at_once, count);
        }
      }
    });
  }
}

// --- embedded services ---

std::string machine_of(const std::string& state) {
  return R"({"StartAt":"S","States":{"S":{)" + state + R"(,"End":true}}})";
}

void ask(connectors::aws::Service& service, const std::string& operation,
         const std::string& input) {
  connectors::aws::Call call;
  call.operation = operation;
  call.input = *asl::read_json(input);
  call.request_id = "bench";
  const auto answer = service.call(call);
  if (const auto* error = std::get_if<connectors::aws::Error>(&answer)) give_up(error->message);
}

// Until the store has merged what was written: what one kind of execution leaves to do is not to be
// the cost of the next.
void settle() {
  constexpr auto kLook = std::chrono::milliseconds(20);
  constexpr double kIdleMicros = 500;
  for (double before = cpu_micros();;) {
    runtime::sleep_for(kLook);
    const double now = cpu_micros();
    if (now - before < kIdleMicros) return;
    before = now;
  }
}

void embedded(const std::string& directory, std::size_t count) {
  auto opened = runtime::open_leveldb({.path = directory + "/store"});
  if (!opened) give_up(opened.error().message);
  with_world(**opened, "", [&](World& world) {
    ask(world.services.sqs(), "CreateQueue", R"({"QueueName":"q"})");
    ask(world.services.dynamodb(), "CreateTable",
        R"({"TableName":"table","BillingMode":"PAY_PER_REQUEST",
            "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
            "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]})");
    const std::pair<std::string, std::string> machines[] = {
        {"pass", machine_of(R"("Type":"Pass")")},
        {"sqs", machine_of(R"("Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage",
             "Parameters":{"QueueUrl":"http://x/123456789012/q","MessageBody":"hello"})")},
        {"dynamodb", machine_of(R"("Type":"Task","Resource":"arn:aws:states:::dynamodb:putItem",
             "Parameters":{"TableName":"table","Item":{"id":{"S.$":"$$.Execution.Name"}}})")}};
    for (const auto& [name, definition] : machines) create(world.engine, name, definition);
    for (const std::size_t at_once : {std::size_t{64}, std::size_t{1}}) {
      const std::size_t runs = at_once == 1 ? count / 10 : count;
      std::map<std::string, std::vector<double>> costs;
      std::map<std::string, std::vector<double>> cpu;
      // A multiple of the machines: each is first, second and last as often as the others.
      constexpr std::size_t kRounds = 6;
      for (std::size_t round = 0; round <= kRounds; ++round) {  // the first warms up
        for (std::size_t turn = 0; turn < std::size(machines); ++turn) {
          const std::string& name = machines[(round + turn) % std::size(machines)].first;
          const double cpu_before = cpu_micros();
          const double took = on_fibers(at_once, [&](std::size_t) {
            for (std::size_t i = 0; i < runs / at_once; ++i) run_one(world.engine, name, "{}");
          });
          settle();
          if (round == 0) continue;
          costs[name].push_back(took / static_cast<double>(runs));
          cpu[name].push_back((cpu_micros() - cpu_before) / static_cast<double>(runs));
        }
      }
      const double pass = percentile(costs["pass"], 0.5);
      const double pass_cpu = percentile(cpu["pass"], 0.5);
      for (const auto& machine : machines) {
        std::vector<double>& all = costs[machine.first];
        const double median = percentile(all, 0.5);
        const double median_cpu = percentile(cpu[machine.first], 0.5);
        std::printf(
            "{\"what\":\"%s\",\"at_once\":%zu,\"us_per_execution\":%.1f,\"min\":%.1f,"
            "\"max\":%.1f,\"to_pass\":%.2f,\"cpu_us\":%.1f,\"cpu_to_pass\":%.2f}\n",
            machine.first.c_str(), at_once, median, *std::min_element(all.begin(), all.end()),
            *std::max_element(all.begin(), all.end()), median / pass, median_cpu,
            median_cpu / pass_cpu);
        std::fflush(stdout);
      }
    }
  });
}

int run(int count, char** arguments) {
  if (count < 3) give_up("usage: task_bench functions|embedded DIR [COUNT]");
  const std::string mode = arguments[1];
  const std::string directory = arguments[2];
  if (fs::exists(directory)) give_up(directory + " is there already");
  fs::create_directories(directory);
  const auto given = count > 3 ? std::strtoul(arguments[3], nullptr, 10) : 0UL;
  if (mode == "functions") {
    functions(directory, given > 0 ? given : 10'000);
  } else if (mode == "embedded") {
    embedded(directory, given > 0 ? given : 32'000);
  } else {
    give_up("functions or embedded?");
  }
  fs::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace pawl

int main(int count, char** arguments) { return pawl::run(count, arguments); }
