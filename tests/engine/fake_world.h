// A whole engine in one thread: virtual clock, seeded randomness, a memory store, scripted tasks.
#pragma once

#include "engine/engine.h"
#include "engine/execution.h"
#include "runtime/journal/journal.h"
#include "runtime/store/memory_store.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pawl::engine::testing {

// Answers every Task by a function of the test. Calls run on fibers and may sleep.
class FakeTasks final : public TaskHandlers, public TaskHandler {
 public:
  using Answer = std::function<Outcome(const TaskRequest&)>;

  TaskHandler* find(const asl::Resource& resource, std::string_view machine,
                    std::string_view state) override;
  Outcome run(const TaskRequest& request) override;
  bool decides(const asl::Resource& resource) const override;
  Outcome resume(const TaskRequest& request, const asl::Payload& continuation) override;

  Answer answer;
  std::string deciding_action;  // "sendMessage": of the resources whose answer is a decision
  std::function<Outcome(const TaskRequest&, const asl::Payload&)> answer_resume;
  std::vector<std::string> keys;  // idempotency keys in the order of the calls
};

// Writes the last history record of an execution without the frame that it holds, as version 1, and
// returns that frame as a row of its own: the form in which older stores have it.
std::string take_frame_out(runtime::Store& store, ExecutionNumber number);

Outcome succeed_with(std::string json);
Outcome fail_with(std::string error, std::string cause);

class FakeWorld {
 public:
  FakeWorld();
  ~FakeWorld();

  // Runs `body` on a fiber of an engine over this world's store, then takes the engine down. Call
  // it again to see what a new process makes of the store: memory is lost in between, as by a kill.
  void run(const std::function<void(Engine&)>& body);

  // Inside run():
  void create(Engine& engine, const std::string& name, const std::string& definition,
              bool express = false);
  // Starts and waits until it ends (in virtual time, at most `patience`).
  ExecutionDescription execute(Engine& engine, const std::string& definition,
                               const std::string& input = "{}");
  ExecutionDescription wait_until_ended(Engine& engine, ExecutionNumber number);
  // "3<-2 PassStateExited" per event.
  std::vector<std::string> history(Engine& engine, ExecutionNumber number);
  // All of its events. Checks that their ids go up from 1 without a gap.
  std::vector<asl::Value> events(Engine& engine, ExecutionNumber number);

  runtime::VirtualClock clock;
  runtime::SeededRandom random;
  std::unique_ptr<runtime::Store> store;
  FakeTasks tasks;
  Limits limits;
  std::chrono::milliseconds retention{0};

 private:
  int machines_ = 0;
};

}  // namespace pawl::engine::testing
