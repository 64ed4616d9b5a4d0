// EmbeddedEngine: an engine inside a C++ program, with everything it stands on. No server, no other
// process: the program's own code does the Tasks.
//
//   auto engine = EmbeddedEngine::make({.data = "/var/lib/orders"});
//   (*engine)->on_task("arn:aws:lambda:us-east-1:123456789012:function:charge",
//                      [](const TaskRequest& task) -> Outcome { ... });
//   (*engine)->open();                                     // goes on with what the store has
//   (*engine)->put_machine("orders", definition);
//   auto started = (*engine)->start({.machine = "orders", .name = "order-1", .input = "{}"});
//   auto ended = (*engine)->wait(started->number, std::chrono::minutes(1));
//
// examples/embed is such a program. Who needs more (several stores, a virtual clock, connectors)
// puts an Engine together by hand, as this does in a page: engine/engine.h.
//
// All of it is called on the program's own threads, which it blocks; never inside a Task.
#pragma once

#include "base/result.h"
#include "engine/engine.h"
#include "engine/task.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pawl::engine {

struct EmbeddedOptions {
  std::string data =
      {};  // directory of the store, its parent exists; empty: memory, nothing is kept
  std::uint32_t shards =
      1;  // threads that run executions; a store keeps at least what it was made with
  Limits limits = {};
  std::chrono::milliseconds retention{0};  // EngineOptions::retention
  std::string region = "us-east-1";
  std::string account = "123456789012";
};

class EmbeddedEngine {
 public:
  // Does one Task, on a fiber: it may wait for sockets and timers of runtime/, which lets others
  // run, but what blocks the thread blocks every execution of its shard. Called again with the same
  // idempotency_key when the process died before the outcome was durable.
  using Task = std::function<Outcome(const TaskRequest&)>;

  // Opens the store. kNotFound, kInvalid, kUnavailable (in use), kCorrupt: as open_leveldb().
  static Result<std::unique_ptr<EmbeddedEngine>> make(EmbeddedOptions options);
  ~EmbeddedEngine();  // close()
  EmbeddedEngine(const EmbeddedEngine&) = delete;
  EmbeddedEngine& operator=(const EmbeddedEngine&) = delete;

  // Before open(): who does the Tasks whose Resource is `resource`, as the definition writes it.
  // A Task that nobody does fails with States.Runtime.
  void on_task(std::string resource, Task task);

  // Starts the threads, and goes on with everything that was under way.
  Status open();
  // Lets nothing new begin, makes durable what was committed, ends the threads; again is harmless.
  // Tasks that run are cancelled (TaskRequest::cancellation) and waited for.
  void close();

  // Creates the machine, or gives it this definition; the same one again changes nothing. kInvalid:
  // the message lists all that is wrong with it.
  Status put_machine(const std::string& name, const std::string& definition);
  // Durable when it returns. kInvalid: the input is no JSON. Otherwise as Engine::start().
  Result<StartResult> start(StartRequest request);
  Status stop(ExecutionNumber number, Failure failure = {});
  // The execution once it has ended; kTimeout when it runs longer.
  Result<ExecutionDescription> wait(ExecutionNumber number, std::chrono::milliseconds patience);

  // Queries may be made on any thread; the rest through call_on() of its shards.
  Engine& engine();

 private:
  struct State;
  explicit EmbeddedEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// How many shards ran on a store so far; 0 for a new one. All of them must run again: their
// executions go on nowhere else.
Result<std::uint32_t> stored_shards(const runtime::Store& store);

}  // namespace pawl::engine
