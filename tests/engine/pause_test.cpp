// Pausing: nothing new begins, nothing under way is lost, and it holds over restarts.
#include "runtime/fiber/shard.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

namespace pawl::engine::testing {

namespace {

using Lines = std::vector<std::string>;
using namespace std::chrono_literals;

constexpr const char* kTwoWaits = R"({"StartAt":"A","States":{
  "A":{"Type":"Wait","Seconds":10,"Next":"B"},"B":{"Type":"Pass","End":true}}})";
constexpr const char* kTask = R"({"StartAt":"T","States":{
  "T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","Next":"B",
       "Retry":[{"ErrorEquals":["Flaky"],"IntervalSeconds":10}]},
  "B":{"Type":"Pass","End":true}}})";

ExecutionNumber start(Engine& engine, const std::string& machine, const std::string& name) {
  StartRequest request;
  request.machine = machine;
  request.name = name;
  const auto started = engine.start(request);
  REQUIRE(started);
  return started->number;
}

ExecutionStatus status(Engine& engine, ExecutionNumber number) {
  return engine.describe(number)->record.status;
}

}  // namespace

TEST_CASE("a paused machine enters no state until it is resumed", "[engine][pause]") {
  FakeWorld world;
  world.limits.resting_executions = GENERATE(0, 100);  // in the store only, or in memory
  world.run([&](Engine& engine) {
    world.create(engine, "m", kTwoWaits);
    world.create(engine, "other", kTwoWaits);
    const ExecutionNumber before = start(engine, "m", "before");
    REQUIRE(engine.pause_machine("m"));
    REQUIRE(engine.pause_machine("m"));
    CHECK(engine.pauses()->machines == std::set<std::string, std::less<>>{"m"});
    const ExecutionNumber during = start(engine, "m", "during");
    const ExecutionNumber other = start(engine, "other", "e");
    runtime::sleep_for(1h);
    CHECK(status(engine, before) == ExecutionStatus::kRunning);
    CHECK(world.history(engine, before) == Lines{"1<-0 ExecutionStarted", "2<-0 WaitStateEntered"});
    CHECK(world.history(engine, during) == Lines{"1<-0 ExecutionStarted"});
    CHECK(status(engine, other) == ExecutionStatus::kSucceeded);

    REQUIRE(engine.resume_machine("m"));
    for (const ExecutionNumber number : {before, during}) {
      CHECK(world.wait_until_ended(engine, number).record.status == ExecutionStatus::kSucceeded);
      CHECK(world.history(engine, number).size() == 6);
    }
    CHECK(engine.pauses()->machines.empty());
  });
}

TEST_CASE("an outcome that comes while paused is kept, and the rest follows later",
          "[engine][pause]") {
  FakeWorld world;
  int calls = 0;
  world.tasks.answer = [&](const TaskRequest&) -> Outcome {
    runtime::sleep_for(5s);
    return ++calls == 1 ? fail_with("Flaky", "") : succeed_with("1");
  };
  world.run([&](Engine& engine) {
    world.create(engine, "m", kTask);
    const ExecutionNumber number = start(engine, "m", "e");
    runtime::sleep_for(1s);
    REQUIRE(engine.pause_execution(number));
    runtime::sleep_for(1h);
    CHECK(calls == 1);  // it ended; its Retry waits
    REQUIRE(engine.resume_execution(number));
    runtime::sleep_for(1s);
    REQUIRE(engine.pause_execution(number));
    runtime::sleep_for(1h);
    CHECK(calls == 2);
    CHECK(world.history(engine, number).back() == "9<-8 TaskStateExited");
    REQUIRE(engine.resume_execution(number));
    CHECK(world.wait_until_ended(engine, number).record.status == ExecutionStatus::kSucceeded);
    CHECK(calls == 2);
    CHECK(engine.pause_execution(number).error().code == ErrorCode::kCancelled);
  });
}

TEST_CASE("a decision that is scheduled when the pause comes is made", "[engine][pause]") {
  FakeWorld world;
  world.tasks.deciding_action = "sendMessage";
  world.tasks.answer = [&](const TaskRequest&) {
    runtime::sleep_for(5s);
    TaskSucceeded answer{asl::Payload::of_text("1"), {}};
    answer.writes.batch.put("decided", "1");
    return answer;
  };
  const auto branch = [](const std::string& n) {
    return R"({"StartAt":"T)" + n + R"(","States":{"T)" + n + R"(":{"Type":"Task",
      "Resource":"arn:aws:states:::sqs:sendMessage","Next":"B)" +
           n + R"("},
      "B)" +
           n + R"(":{"Type":"Pass","End":true}}})";
  };
  world.run([&](Engine& engine) {
    world.create(engine, "m",
                 R"({"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[)" + branch("1") +
                     "," + branch("2") + R"(],"End":true}}})");
    ExecutionNumber number = 0;
    REQUIRE(runtime::Shard::current()->spawn([&] { number = start(engine, "m", "e"); }));
    runtime::sleep_for(1s);
    REQUIRE(engine.pause_machine("m"));
    runtime::sleep_for(1h);
    CHECK(world.tasks.keys.size() == 2);
    CHECK(world.history(engine, number).size() == 13);  // both have left T, nobody entered B
    REQUIRE(engine.resume_machine("m"));
    CHECK(world.wait_until_ended(engine, number).output == "[1,1]");
    CHECK(world.tasks.keys.size() == 2);
  });
}

TEST_CASE("a pause holds over restarts, and so does what waits for its end", "[engine][pause]") {
  FakeWorld world;
  ExecutionNumber waiting = 0;
  ExecutionNumber fresh = 0;
  world.run([&](Engine& engine) {
    world.create(engine, "m", kTwoWaits);
    waiting = start(engine, "m", "waiting");
    REQUIRE(engine.pause_machine("m"));
    fresh = start(engine, "m", "fresh");
  });
  world.run([&](Engine& engine) {
    runtime::sleep_for(1h);
    CHECK(world.history(engine, waiting).size() == 2);
    CHECK(world.history(engine, fresh).size() == 1);
  });
  world.run([&](Engine& engine) {
    REQUIRE(engine.resume_machine("m"));
    for (const ExecutionNumber number : {waiting, fresh}) {
      CHECK(world.wait_until_ended(engine, number).record.status == ExecutionStatus::kSucceeded);
    }
  });
}

TEST_CASE("a paused execution can be stopped, and its machine's timeout counts",
          "[engine][pause]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    world.create(engine, "m", kTwoWaits);
    const ExecutionNumber stopped = start(engine, "m", "stopped");
    REQUIRE(engine.pause_execution(stopped));
    REQUIRE(engine.stop(stopped, {}));
    CHECK(status(engine, stopped) == ExecutionStatus::kAborted);

    world.create(engine, "t", R"({"StartAt":"A","TimeoutSeconds":60,"States":{
      "A":{"Type":"Wait","Seconds":10,"End":true}}})");
    const ExecutionNumber late = start(engine, "t", "late");
    REQUIRE(engine.pause_execution(late));
    runtime::sleep_for(1h);
    CHECK(status(engine, late) == ExecutionStatus::kTimedOut);
    CHECK(engine.pause_machine("none").error().code == ErrorCode::kNotFound);
  });
}

TEST_CASE("Express executions of a paused machine wait in memory", "[engine][pause]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    world.create(engine, "x", kTwoWaits, true);
    REQUIRE(engine.pause_machine("x"));
    bool ended = false;
    StartRequest request;
    request.machine = "x";
    request.on_end = [&ended](const Execution&) { ended = true; };
    REQUIRE(engine.start(request));
    runtime::sleep_for(60s);
    CHECK_FALSE(ended);
    REQUIRE(engine.resume_machine("x"));
    runtime::sleep_for(60s);
    CHECK(ended);
  });
}

}  // namespace pawl::engine::testing
