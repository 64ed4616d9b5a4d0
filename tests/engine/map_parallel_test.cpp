// Parallel and Map: order, concurrency, failures, chains of events.
#include "asl/json/reader.h"
#include "runtime/fiber/shard.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

namespace pawl::engine::testing {

using Lines = std::vector<std::string>;

TEST_CASE("Parallel gives its branches' outputs in branch order", "[engine][parallel]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"P","States":{"P":{"Type":"Parallel",
      "Branches":[{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":9,"Next":"A2"},
                     "A2":{"Type":"Pass","Result":"slow","End":true}}},
                  {"StartAt":"B","States":{"B":{"Type":"Pass","Result":"fast","End":true}}}],
      "End":true}}})");
    CHECK(result.output == R"(["slow","fast"])");
    const Lines history = world.history(engine, result.number);
    CHECK(history.front() == "1<-0 ExecutionStarted");
    CHECK(history[2] == "3<-2 ParallelStateStarted");
    CHECK(history.back() == "12<-11 ExecutionSucceeded");
  });
}

TEST_CASE("a failed branch stops the others and fails the Parallel", "[engine][parallel]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"P","States":{"P":{"Type":"Parallel",
      "Branches":[{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":999,"End":true}}},
                  {"StartAt":"B","States":{"B":{"Type":"Fail","Error":"Bad","Cause":"why"}}}],
      "Catch":[{"ErrorEquals":["Bad"],"ResultPath":"$.e","Next":"C"}],"End":true},
      "C":{"Type":"Pass","End":true}}})",
                                      R"({"a":1})");
    CHECK(result.output == R"({"a":1,"e":{"Error":"Bad","Cause":"why"}})");
    CHECK(world.history(engine, result.number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 ParallelStateEntered", "3<-2 ParallelStateStarted",
                "4<-3 WaitStateEntered", "5<-3 FailStateEntered", "6<-5 WaitStateAborted",
                "7<-5 ParallelStateFailed", "8<-7 ParallelStateExited", "9<-8 PassStateEntered",
                "10<-9 PassStateExited", "11<-10 ExecutionSucceeded"});
  });
}

TEST_CASE("Map runs at most MaxConcurrency iterations at once", "[engine][map]") {
  FakeWorld world;
  int running = 0;
  int most = 0;
  world.tasks.answer = [&](const TaskRequest& request) {
    most = std::max(most, ++running);
    runtime::sleep_for(std::chrono::seconds(1));
    --running;
    return succeed_with(request.parameters.text());
  };
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"M","States":{"M":{"Type":"Map",
      "MaxConcurrency":3,"ItemSelector":{"v.$":"$$.Map.Item.Value","i.$":"$$.Map.Item.Index"},
      "ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task",
        "Resource":"arn:aws:states:::sqs:sendMessage","End":true}}},"End":true}}})",
                                      "[10,20,30,40,50,60,70]");
    CHECK(
        result.output ==
        R"([{"v":10,"i":0},{"v":20,"i":1},{"v":30,"i":2},{"v":40,"i":3},{"v":50,"i":4},{"v":60,"i":5},{"v":70,"i":6}])");
    CHECK(most == 3);
  });
}

TEST_CASE("with MaxConcurrency 1 an iteration follows the states of the one before",
          "[engine][map]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"M","States":{"M":{"Type":"Map",
      "MaxConcurrency":1,"ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Pass","End":true}}},
      "End":true}}})",
                                      "[1,2]");
    CHECK(world.history(engine, result.number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 MapStateEntered", "3<-2 MapStateStarted",
                "4<-3 MapIterationStarted", "5<-4 PassStateEntered", "6<-5 PassStateExited",
                "7<-6 MapIterationSucceeded", "8<-6 MapIterationStarted", "9<-8 PassStateEntered",
                "10<-9 PassStateExited", "11<-10 MapIterationSucceeded", "12<-11 MapStateSucceeded",
                "13<-11 MapStateExited", "14<-13 ExecutionSucceeded"});
  });
}

TEST_CASE("a retried Map starts all over, and its failure shows only at the end", "[engine][map]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"M","States":{"M":{"Type":"Map",
      "Retry":[{"ErrorEquals":["X"],"MaxAttempts":1}],
      "ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Fail","Error":"X"}}},"End":true}}})",
                                      "[1]");
    CHECK(result.record.failure.error == "X");
    CHECK(world.history(engine, result.number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 MapStateEntered", "3<-2 MapStateStarted",
                "4<-3 MapIterationStarted", "5<-4 FailStateEntered", "6<-5 MapIterationFailed",
                "7<-5 MapStateStarted", "8<-7 MapIterationStarted", "9<-8 FailStateEntered",
                "10<-9 MapIterationFailed", "11<-9 MapStateFailed", "12<-11 ExecutionFailed"});
  });
}

TEST_CASE("a distributed Map shows its Map Run and hides its iterations", "[engine][map]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"M","States":{"M":{"Type":"Map",
      "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
      "StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage",
      "End":true}}},"End":true}}})",
                                      "[1,2,3]");
    CHECK(result.output == "[1,2,3]");
    CHECK(world.history(engine, result.number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 MapStateEntered", "3<-2 MapStateStarted",
                "4<-3 MapRunStarted", "5<-4 MapRunSucceeded", "6<-5 MapStateSucceeded",
                "7<-5 MapStateExited", "8<-7 ExecutionSucceeded"});
  });
}

TEST_CASE("failures beyond the tolerated number fail the Map Run", "[engine][map]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const char* definition = R"({"StartAt":"M","States":{"M":{"Type":"Map",
      "ToleratedFailureCount":1,
      "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
      "StartAt":"C","States":{"C":{"Type":"Choice","Choices":[
        {"Variable":"$","NumericGreaterThan":0,"Next":"F"}],"Default":"S"},
        "F":{"Type":"Fail","Error":"X"},"S":{"Type":"Succeed"}}},"End":true}}})";
    CHECK(world.execute(engine, definition, "[0,1,0]").output == "[0,0]");
    CHECK(world.execute(engine, definition, "[1,1,0]").record.failure.error ==
          "States.ExceedToleratedFailureThreshold");
  });
}

TEST_CASE("Map inside Parallel inside Map keeps every chain apart", "[engine][map]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"M","States":{"M":{"Type":"Map",
      "ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[
        {"StartAt":"N","States":{"N":{"Type":"Map","ItemProcessor":{"StartAt":"W","States":{
          "W":{"Type":"Wait","Seconds":1,"End":true}}},"End":true}}},
        {"StartAt":"X","States":{"X":{"Type":"Pass","Result":0,"End":true}}}],"End":true}}},
      "End":true}}})",
                                      "[[1,2],[3]]");
    CHECK(result.output == "[[[1,2],0],[[3],0]]");
    // Every event points to an earlier one.
    for (const asl::Value& event : world.events(engine, result.number)) {
      CHECK(event.find("previousEventId")->as_int() < event.find("id")->as_int());
    }
  });
}

}  // namespace pawl::engine::testing
