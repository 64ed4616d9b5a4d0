// What a new process makes of the store: every execution goes on from its frames.
#include "runtime/fiber/shard.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

namespace pawl::engine::testing {

namespace {

ExecutionNumber start(FakeWorld& world, Engine& engine, const std::string& definition,
                      const std::string& input = "{}") {
  world.create(engine, "m", definition);
  StartRequest request;
  request.machine = "m";
  request.input = input;
  const auto started = engine.start(request);
  REQUIRE(started.has_value());
  return started->number;
}

}  // namespace

TEST_CASE("a Wait goes on in the next process and fires once, in time", "[engine][recovery]") {
  FakeWorld world;
  ExecutionNumber number = 0;
  world.run([&](Engine& engine) {
    number = start(world, engine,
                   R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":100,"End":true}}})");
    runtime::sleep_for(std::chrono::seconds(10));
  });
  world.run([&](Engine& engine) {
    const auto result = world.wait_until_ended(engine, number);
    CHECK(*result.record.stop_date - result.record.start_date >= std::chrono::seconds(100));
    CHECK(*result.record.stop_date - result.record.start_date < std::chrono::seconds(101));
    CHECK(world.history(engine, number).size() == 4);
  });
}

TEST_CASE("a Task whose answer was not durable is called again with the same key",
          "[engine][recovery]") {
  FakeWorld world;
  ExecutionNumber number = 0;
  world.tasks.answer = [&](const TaskRequest&) {
    runtime::sleep_for(std::chrono::seconds(5));
    return succeed_with("1");
  };
  world.run([&](Engine& engine) {
    number = start(world, engine, R"({"StartAt":"T","States":{"T":{"Type":"Task",
      "Resource":"arn:aws:states:::sqs:sendMessage","End":true}}})");
    runtime::sleep_for(std::chrono::seconds(1));
  });
  world.run([&](Engine& engine) {
    CHECK(world.wait_until_ended(engine, number).output == "1");
    CHECK(world.history(engine, number).size() == 7);
  });
  REQUIRE(world.tasks.keys.size() == 2);
  CHECK(world.tasks.keys[0] == world.tasks.keys[1]);
}

TEST_CASE("Parallel and Map go on with the branches that have not ended", "[engine][recovery]") {
  FakeWorld world;
  ExecutionNumber number = 0;
  const std::string definition = R"({"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[
    {"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":2,
      "ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":10,"Next":"O"},
        "O":{"Type":"Pass","Parameters":{"v.$":"$$.Map.Item.Value"},"End":true}}},"End":true}}},
    {"StartAt":"Q","States":{"Q":{"Type":"Pass","Result":"q","End":true}}}],"End":true}}})";
  world.run([&](Engine& engine) {
    number = start(world, engine, definition, "[1,2,3,4,5]");
    runtime::sleep_for(std::chrono::seconds(15));
  });
  world.run([&](Engine&) { runtime::sleep_for(std::chrono::seconds(7)); });
  world.run([&](Engine& engine) {
    const auto result = world.wait_until_ended(engine, number);
    CHECK(result.output == R"([[{"v":1},{"v":2},{"v":3},{"v":4},{"v":5}],"q"])");
    world.events(engine, number);
  });
}

TEST_CASE("a retry's backoff and its counters survive", "[engine][recovery]") {
  FakeWorld world;
  ExecutionNumber number = 0;
  world.tasks.answer = [&](const TaskRequest&) { return fail_with("E", "c"); };
  world.run([&](Engine& engine) {
    number = start(world, engine, R"({"StartAt":"T","States":{"T":{"Type":"Task",
      "Resource":"arn:aws:states:::sqs:sendMessage",
      "Retry":[{"ErrorEquals":["E"],"MaxAttempts":2,"IntervalSeconds":20}],"End":true}}})");
    runtime::sleep_for(std::chrono::seconds(5));
  });
  world.run([&](Engine&) { runtime::sleep_for(std::chrono::seconds(30)); });
  world.run([&](Engine& engine) {
    const auto result = world.wait_until_ended(engine, number);
    CHECK(result.record.failure.error == "E");
    CHECK(world.tasks.keys.size() == 3);
  });
}

TEST_CASE("variables, and a token's waiting, survive", "[engine][recovery]") {
  FakeWorld world;
  ExecutionNumber number = 0;
  std::string token;
  world.tasks.answer = [&](const TaskRequest& request) -> Outcome {
    token = request.task_token;
    return TaskSubmitted{asl::Payload::of_text("{}"), {}, {}};
  };
  world.run([&](Engine& engine) {
    number = start(world, engine, R"({"StartAt":"A","States":{
      "A":{"Type":"Pass","Assign":{"v":{"deep":[1,2]}},"Next":"T"},
      "T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters":{"t.$":"$$.Task.Token"},"Next":"B"},
      "B":{"Type":"Pass","Parameters":{"v.$":"$v.deep[1]","in.$":"$"},"End":true}}})");
    runtime::sleep_for(std::chrono::seconds(1));
  });
  world.run([&](Engine& engine) {
    REQUIRE(engine.task_success(token, "\"ok\"").has_value());
    CHECK(world.wait_until_ended(engine, number).output == R"({"v":2,"in":"ok"})");
  });
}

// Between two of a root's records that hold its frame, others have it as a row: while it has
// branches, and after a change without an event.
TEST_CASE("a root's frame is found wherever its last commit put it", "[engine][recovery]") {
  FakeWorld world;
  ExecutionNumber number = 0;
  std::string token;
  world.tasks.answer = [&](const TaskRequest& request) -> Outcome {
    token = request.task_token;
    return TaskSubmitted{asl::Payload::of_text("{}"), {}, {}};
  };
  const auto has_row = [&] {
    const auto row = world.store->get(keys::frame(number, kRootBranch));
    REQUIRE(row.has_value());
    return row->has_value();
  };
  world.run([&](Engine& engine) {
    number = start(world, engine, R"({"StartAt":"W","States":{
      "W":{"Type":"Wait","Seconds":10,"Next":"P"},
      "P":{"Type":"Parallel","Branches":[{"StartAt":"I","States":{
        "I":{"Type":"Wait","Seconds":10,"End":true}}}],"Next":"T"},
      "T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "HeartbeatSeconds":100,"Parameters":{"t.$":"$$.Task.Token"},"End":true}}})");
    runtime::sleep_for(std::chrono::seconds(5));
    CHECK(!has_row());
  });
  world.run([&](Engine&) {
    runtime::sleep_for(std::chrono::seconds(10));
    CHECK(has_row());
  });
  world.run([&](Engine& engine) {
    runtime::sleep_for(std::chrono::seconds(10));
    CHECK(!has_row());
    runtime::sleep_for(std::chrono::seconds(80));
    REQUIRE(engine.task_heartbeat(token).has_value());
    CHECK(has_row());
  });
  world.run([&](Engine& engine) {
    runtime::sleep_for(std::chrono::seconds(80));
    REQUIRE(engine.task_success(token, "\"ok\"").has_value());
    CHECK(world.wait_until_ended(engine, number).output == R"("ok")");
    CHECK(!has_row());
    world.events(engine, number);
  });
}

TEST_CASE("an execution of a store that has each frame as a row goes on", "[engine][recovery]") {
  FakeWorld world;
  ExecutionNumber number = 0;
  world.run([&](Engine& engine) {
    number = start(world, engine, R"({"StartAt":"W","States":{
      "W":{"Type":"Wait","Seconds":10,"Next":"V"},"V":{"Type":"Wait","Seconds":10,"Next":"E"},
      "E":{"Type":"Pass","Result":"done","End":true}}})");
  });
  runtime::Batch row;
  row.put(keys::frame(number, kRootBranch), take_frame_out(*world.store, number));
  REQUIRE(world.store->write(row));
  world.run([&](Engine&) { runtime::sleep_for(std::chrono::seconds(15)); });
  CHECK(world.store->get(keys::frame(number, kRootBranch))->has_value() == false);
  world.run([&](Engine& engine) {
    CHECK(world.wait_until_ended(engine, number).output == R"("done")");
    CHECK(world.history(engine, number).size() == 8);
  });
}

TEST_CASE("a machine's timeout survives", "[engine][recovery]") {
  FakeWorld world;
  ExecutionNumber number = 0;
  world.run([&](Engine& engine) {
    number = start(world, engine, R"({"StartAt":"W","TimeoutSeconds":50,"States":{
      "W":{"Type":"Wait","Seconds":1000,"End":true}}})");
  });
  world.run([&](Engine& engine) {
    CHECK(world.wait_until_ended(engine, number).record.status == ExecutionStatus::kTimedOut);
  });
}

TEST_CASE("executions that only wait leave memory and come back", "[engine][recovery]") {
  FakeWorld world;
  world.limits.resting_executions = 3;
  world.run([&](Engine& engine) {
    world.create(engine, "m",
                 R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":100,"End":true}}})");
    std::vector<ExecutionNumber> numbers;
    for (int i = 0; i < 50; ++i) {
      StartRequest request;
      request.machine = "m";
      numbers.push_back(engine.start(request)->number);
    }
    CHECK(engine.statistics().executions_in_memory <= 5);
    for (const ExecutionNumber number : numbers) {
      CHECK(world.wait_until_ended(engine, number).record.status == ExecutionStatus::kSucceeded);
    }
  });
}

}  // namespace pawl::engine::testing
