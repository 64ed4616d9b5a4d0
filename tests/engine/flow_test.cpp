// Plain flows: what runs, what history says, what a definition's errors become.
#include "asl/json/reader.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

namespace pawl::engine::testing {

using Lines = std::vector<std::string>;

TEST_CASE("a chain of Pass states is one commit with a gapless history", "[engine]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"A","States":{
      "A":{"Type":"Pass","Result":{"x":1},"ResultPath":"$.a","Next":"B"},
      "B":{"Type":"Pass","End":true}}})",
                                      R"({"in": true})");
    CHECK(result.record.status == ExecutionStatus::kSucceeded);
    CHECK(result.output == R"({"in":true,"a":{"x":1}})");
    CHECK(world.history(engine, result.number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 PassStateEntered", "3<-2 PassStateExited",
                "4<-3 PassStateEntered", "5<-4 PassStateExited", "6<-5 ExecutionSucceeded"});
    CHECK(engine.options().journal->statistics().commits == 2);  // the machine, the execution
  });
}

TEST_CASE("the input's text is kept as it was given", "[engine]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(
        engine, R"({"StartAt":"A","States":{"A":{"Type":"Succeed"}}})", R"({ "a" : 1 })");
    CHECK(result.input == R"({ "a" : 1 })");
    CHECK(result.output == R"({ "a" : 1 })");
  });
}

TEST_CASE("a Choice without a match and without Default fails with States.Runtime", "[engine]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"C","States":{
      "C":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericEquals":1,"Next":"S"}]},
      "S":{"Type":"Succeed"}}})",
                                      R"({"n":2})");
    CHECK(result.record.status == ExecutionStatus::kFailed);
    CHECK(result.record.failure.error == "States.Runtime");
    CHECK(result.record.failure.cause ==
          "An error occurred while executing the state 'C' (entered at the event id #2). Failed to "
          "transition out of the state. The state does not point to a next state.");
  });
}

TEST_CASE("a loop of Choice and MathAdd is cut into commits and ends", "[engine]") {
  FakeWorld world;
  world.limits.turn_events = 100;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"json({"StartAt":"C","States":{
      "C":{"Type":"Choice","Choices":[{"Variable":"$.i","NumericLessThan":200,"Next":"P"}],
           "Default":"S"},
      "P":{"Type":"Pass","Parameters":{"i.$":"States.MathAdd($.i, 1)"},"Next":"C"},
      "S":{"Type":"Succeed"}}})json",
                                      R"({"i":0})");
    CHECK(result.output == R"({"i":200})");
    const Lines history = world.history(engine, result.number);
    CHECK(history.size() == 1 + 200 * 4 + 2 + 2 + 1);
    CHECK(engine.options().journal->statistics().commits > 8);
  });
}

TEST_CASE("the history limit ends an endless loop", "[engine]") {
  FakeWorld world;
  world.limits.history_events = 500;
  world.run([&](Engine& engine) {
    const auto result =
        world.execute(engine, R"({"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},
          "B":{"Type":"Choice","Choices":[{"Variable":"$.never","IsPresent":true,"Next":"C"}],
               "Default":"A"},"C":{"Type":"Succeed"}}})");
    CHECK(result.record.status == ExecutionStatus::kFailed);
    CHECK(result.record.failure.error == "States.Runtime");
    CHECK(world.history(engine, result.number).size() == 500);
  });
}

TEST_CASE("Assign keeps variables that later states read", "[engine]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"A","States":{
      "A":{"Type":"Pass","Assign":{"n.$":"$.n","k":"v"},"Next":"B"},
      "B":{"Type":"Pass","Parameters":{"got.$":"$n","k.$":"$k"},"End":true}}})",
                                      R"({"n":[1,2]})");
    CHECK(result.output == R"({"got":[1,2],"k":"v"})");
  });
}

TEST_CASE("a Wait passes in virtual time, and its exit carries the later time", "[engine]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto before = world.clock.wall_now();
    const auto result = world.execute(engine, R"({"StartAt":"W","States":{
      "W":{"Type":"Wait","Seconds":3600,"End":true}}})");
    CHECK(result.record.status == ExecutionStatus::kSucceeded);
    CHECK(*result.record.stop_date - before >= std::chrono::hours(1));
    CHECK(*result.record.stop_date - before < std::chrono::hours(1) + std::chrono::seconds(1));
  });
}

TEST_CASE("a machine's TimeoutSeconds ends it with TIMED_OUT", "[engine]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"W","TimeoutSeconds":5,"States":{
      "W":{"Type":"Wait","Seconds":3600,"End":true}}})");
    CHECK(result.record.status == ExecutionStatus::kTimedOut);
    CHECK(world.history(engine, result.number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 WaitStateEntered", "3<-0 ExecutionTimedOut"});
  });
}

TEST_CASE("a repeated start with the same name and input answers the same", "[engine]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    world.create(engine, "m",
                 R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}})");
    StartRequest request;
    request.machine = "m";
    request.name = "one";
    const auto first = engine.start(request);
    const auto second = engine.start(request);
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(first->number == second->number);
    CHECK(first->start_date == second->start_date);
    request.input = R"({"other":1})";
    CHECK(engine.start(request).error().code == ErrorCode::kExists);
    world.wait_until_ended(engine, first->number);
    request.input = "{}";
    CHECK(engine.start(request).error().code == ErrorCode::kExists);
  });
}

TEST_CASE("a stopped execution is aborted and its timer finds nothing", "[engine]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    world.create(engine, "m",
                 R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}})");
    StartRequest request;
    request.machine = "m";
    const auto started = engine.start(request);
    REQUIRE(started.has_value());
    REQUIRE(engine.stop(started->number, {"E", "C"}).has_value());
    runtime::sleep_for(std::chrono::minutes(2));
    const auto result = engine.describe(started->number);
    REQUIRE(result.has_value());
    CHECK(result->record.status == ExecutionStatus::kAborted);
    CHECK(world.history(engine, started->number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 WaitStateEntered", "3<-0 ExecutionAborted"});
    const auto timers = world.store->scan("t", "u");
    CHECK_FALSE(timers->valid());
  });
}

TEST_CASE("an ended execution leaves its record, history and index rows, and nothing else",
          "[engine]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    world.execute(engine, R"({"StartAt":"M","States":{"M":{"Type":"Map","ItemProcessor":{
      "StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1,"End":true}}},"End":true}}})",
                  "[1,2,3]");
    for (const char* kind : {"f", "d", "t", "x"}) {
      const std::string from = kind;
      INFO(from);
      CHECK_FALSE(world.store->scan(from, runtime::prefix_end(from))->valid());
    }
  });
}

}  // namespace pawl::engine::testing
