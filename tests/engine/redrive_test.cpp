// A redrive goes on where the execution stood; what succeeded is kept.
#include "engine/redrive.h"

#include "runtime/fiber/shard.h"
#include "runtime/store/testing/faulty_store.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

#include <map>
#include <set>

namespace pawl::engine::testing {

namespace {

ExecutionNumber start(FakeWorld& world, Engine& engine, const std::string& definition,
                      const std::string& input = "{}") {
  world.create(engine, "m", definition);
  StartRequest request;
  request.machine = "m";
  request.name = "one";
  request.input = input;
  const auto started = engine.start(request);
  REQUIRE(started.has_value());
  return started->number;
}

ExecutionDescription redriven(FakeWorld& world, Engine& engine, ExecutionNumber number,
                              const RedriveRequest& request = {}) {
  const auto date = engine.redrive(number, request);
  INFO((date ? "" : date.error().message));
  REQUIRE(date.has_value());
  return world.wait_until_ended(engine, number);
}

// Fails until `healed`, then gives its parameters back.
void fail_until(FakeWorld& world, const bool& healed) {
  world.tasks.answer = [&healed](const TaskRequest& request) {
    const asl::Value* bad =
        request.parameters.value().is_object() ? request.parameters.value().find("bad") : nullptr;
    if (bad != nullptr && !healed) return fail_with("Bad", "not yet");
    return succeed_with(request.parameters.text());
  };
}

const char* const kTask = R"({"StartAt":"A","States":{
  "A":{"Type":"Pass","Assign":{"v":7},"Next":"T"},
  "T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","Parameters":{"bad.$":"$$.Execution.RedriveCount"},
    "Retry":[{"ErrorEquals":["Bad"],"MaxAttempts":1}],"Next":"Z"},
  "Z":{"Type":"Pass","Parameters":{"v.$":"$v","count.$":"$$.Execution.RedriveCount",
    "time.$":"$$.Execution.RedriveTime"},"End":true}}})";

}  // namespace

TEST_CASE("a failed Task is scheduled again, its retries begin anew", "[engine][redrive]") {
  FakeWorld world;
  bool healed = false;
  fail_until(world, healed);
  ExecutionNumber number = 0;
  world.run([&](Engine& engine) {
    number = start(world, engine, kTask);
    CHECK(world.wait_until_ended(engine, number).record.status == ExecutionStatus::kFailed);
  });
  // In the next process, from what the store has.
  world.run([&](Engine& engine) {
    const auto again = redriven(world, engine, number);
    CHECK(again.record.status == ExecutionStatus::kFailed);
    CHECK(again.record.redrive_count == 1);
    healed = true;
    const auto result = redriven(world, engine, number);
    CHECK(result.record.status == ExecutionStatus::kSucceeded);
    CHECK(result.record.redrive_count == 2);
    CHECK(result.output->starts_with(R"({"v":7,"count":2,"time":"2026-01-01T)"));
    CHECK(world.history(engine, number) ==
          std::vector<std::string>{
              "1<-0 ExecutionStarted",   "2<-0 PassStateEntered",    "3<-2 PassStateExited",
              "4<-3 TaskStateEntered",   "5<-4 TaskScheduled",       "6<-5 TaskStarted",
              "7<-6 TaskFailed",         "8<-7 TaskScheduled",       "9<-8 TaskStarted",
              "10<-9 TaskFailed",        "11<-10 ExecutionFailed",   "12<-11 ExecutionRedriven",
              "13<-12 TaskScheduled",    "14<-13 TaskStarted",       "15<-14 TaskFailed",
              "16<-15 TaskScheduled",    "17<-16 TaskStarted",       "18<-17 TaskFailed",
              "19<-18 ExecutionFailed",  "20<-19 ExecutionRedriven", "21<-20 TaskScheduled",
              "22<-21 TaskStarted",      "23<-22 TaskSucceeded",     "24<-23 TaskStateExited",
              "25<-24 PassStateEntered", "26<-25 PassStateExited",   "27<-26 ExecutionSucceeded"});
    // It is listed under its status alone, and once.
    CHECK(engine.list("m", ExecutionStatus::kFailed, {}, 10)->empty());
    CHECK(engine.list("m", ExecutionStatus::kSucceeded, {}, 10)->size() == 1);
    CHECK(engine.list("m", {}, {}, 10)->size() == 1);
    const auto refused = engine.redrive(number, {});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message == "Execution is SUCCEEDED and cannot be redriven");
  });
}

TEST_CASE("branches and iterations that succeeded are not run again", "[engine][redrive]") {
  FakeWorld world;
  bool healed = false;
  fail_until(world, healed);
  world.run([&](Engine& engine) {
    const auto number = start(world, engine, R"({"StartAt":"P","States":{"P":{"Type":"Parallel",
      "Branches":[
       {"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":1,"ItemProcessor":{"StartAt":"T",
         "States":{"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","End":true}}},
         "End":true}}},
       {"StartAt":"Q","States":{"Q":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage",
         "Parameters":{"q":1},"End":true}}},
       {"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":50,"Next":"X"},
         "X":{"Type":"Pass","Result":"x","End":true}}}],"End":true}}})",
                              R"([{"i":0},{"i":1,"bad":1},{"i":2}])");
    CHECK(world.wait_until_ended(engine, number).record.status == ExecutionStatus::kFailed);
    CHECK(world.tasks.keys.size() == 3);  // items 0 and 1, and Q
    healed = true;
    const auto result = redriven(world, engine, number);
    CHECK(result.output == R"([[{"i":0},{"i":1,"bad":1},{"i":2}],{"q":1},"x"])");
    CHECK(world.tasks.keys.size() == 5);  // items 1 and 2
    std::map<std::string, int> types;
    for (const asl::Value& event : world.events(engine, number)) {
      ++types[std::string(event.find("type")->as_string())];
    }
    CHECK(types["ParallelStateEntered"] == 1);
    CHECK(types["ParallelStateStarted"] == 1);
    CHECK(types["MapIterationStarted"] == 3);
    CHECK(types["ExecutionRedriven"] == 1);
    CHECK(types["WaitStateExited"] == 1);
  });
}

TEST_CASE("a result that was too large is made again from the beginning", "[engine][redrive]") {
  FakeWorld world;
  bool healed = false;
  world.tasks.answer = [&](const TaskRequest&) {
    return succeed_with("\"" + std::string(healed ? 10 : 200'000, 'x') + "\"");
  };
  world.run([&](Engine& engine) {
    const auto number = start(world, engine, R"({"StartAt":"M","States":{"M":{"Type":"Map",
      "ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task",
        "Resource":"arn:aws:states:::sqs:sendMessage","End":true}}},"End":true}}})",
                              "[1,2]");
    CHECK(world.wait_until_ended(engine, number).record.failure.error ==
          "States.DataLimitExceeded");
    healed = true;
    CHECK(redriven(world, engine, number).output == R"(["xxxxxxxxxx","xxxxxxxxxx"])");
    CHECK(world.tasks.keys.size() == 4);
  });
}

TEST_CASE("a stopped execution goes on, its machine's time begins anew", "[engine][redrive]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto number = start(world, engine, R"({"TimeoutSeconds":100,"StartAt":"W","States":{
      "W":{"Type":"Wait","Seconds":90,"Next":"T"},
      "T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters":{"t.$":"$$.Task.Token"},"End":true}}})");
    std::vector<std::string> tokens;
    world.tasks.answer = [&](const TaskRequest& request) -> Outcome {
      tokens.push_back(request.task_token);
      return TaskSubmitted{};
    };
    runtime::sleep_for(std::chrono::seconds(80));
    REQUIRE(engine.stop(number, {"Stop", "it"}).has_value());
    CHECK(world.wait_until_ended(engine, number).record.status == ExecutionStatus::kAborted);
    REQUIRE(engine.redrive(number, {}).has_value());
    CHECK_FALSE(engine.describe(number)->record.failure.error.has_value());
    CHECK_FALSE(engine.describe(number)->record.stop_date.has_value());
    runtime::sleep_for(std::chrono::seconds(95));
    CHECK(engine.describe(number)->record.status == ExecutionStatus::kRunning);
    const auto timed_out = world.wait_until_ended(engine, number);
    CHECK(timed_out.record.status == ExecutionStatus::kTimedOut);
    REQUIRE(engine.redrive(number, {}).has_value());
    runtime::sleep_for(std::chrono::seconds(1));
    REQUIRE(tokens.size() == 2);
    CHECK_FALSE(engine.task_success(tokens[0], "1").has_value());  // of the attempt that is over
    REQUIRE(engine.task_success(tokens[1], "2").has_value());
    CHECK(world.wait_until_ended(engine, number).output == "2");
  });
}

TEST_CASE("a Fail state is entered again, a Choice is evaluated again", "[engine][redrive]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto number = start(world, engine, R"({"StartAt":"C","States":{
      "C":{"Type":"Choice","Choices":[{"Variable":"$.x","IsPresent":true,"Next":"F"}]},
      "F":{"Type":"Fail","Error":"E"}}})");
    world.wait_until_ended(engine, number);
    CHECK(redriven(world, engine, number).record.failure.error == "States.Runtime");
    // Beyond AWS: with another input, from any state.
    CHECK(redriven(world, engine, number,
                   {.client_token = "", .target = RedriveTarget{{}, "", R"({"x":1})"}})
              .record.failure.error == "E");
    CHECK(redriven(world, engine, number).record.failure.error == "E");
    CHECK(world.history(engine, number) ==
          std::vector<std::string>{
              "1<-0 ExecutionStarted", "2<-0 ChoiceStateEntered", "3<-2 ExecutionFailed",
              "4<-3 ExecutionRedriven", "5<-4 ExecutionFailed", "6<-5 ExecutionRedriven",
              "7<-6 ChoiceStateEntered", "8<-7 ChoiceStateExited", "9<-8 FailStateEntered",
              "10<-9 ExecutionFailed", "11<-10 ExecutionRedriven", "12<-11 FailStateEntered",
              "13<-12 ExecutionFailed"});
    const auto nowhere = engine.redrive(
        number, {.client_token = "", .target = RedriveTarget{{}, "Nowhere", std::nullopt}});
    REQUIRE_FALSE(nowhere.has_value());
    CHECK(nowhere.error().code == ErrorCode::kInvalid);
    CHECK(world.history(engine, number).size() == 13);
    const auto deeper = engine.redrive(
        number, {.client_token = "", .target = RedriveTarget{{0}, "C", std::nullopt}});
    CHECK_FALSE(deeper.has_value());
  });
}

TEST_CASE("a client token makes a redrive happen once", "[engine][redrive]") {
  FakeWorld world;
  bool healed = false;
  fail_until(world, healed);
  world.run([&](Engine& engine) {
    const auto number = start(world, engine, kTask);
    world.wait_until_ended(engine, number);
    const auto first = engine.redrive(number, {.client_token = "abc", .target = std::nullopt});
    REQUIRE(first.has_value());
    world.wait_until_ended(engine, number);
    const auto second = engine.redrive(number, {.client_token = "abc", .target = std::nullopt});
    REQUIRE(second.has_value());
    CHECK(*first == *second);
    CHECK(engine.describe(number)->record.redrive_count == 1);
    runtime::sleep_for(kRedriveTokenLife);
    CHECK(*engine.redrive(number, {.client_token = "abc", .target = std::nullopt}) != *first);
    for (int i = 0; i < 12; ++i) {
      world.wait_until_ended(engine, number);
      REQUIRE(engine.redrive(number, {.client_token = std::to_string(i), .target = std::nullopt})
                  .has_value());
    }
    CHECK(world.wait_until_ended(engine, number).record.redrive_tokens.size() == kRedriveTokens);
  });
}

TEST_CASE("what cannot be redriven says why", "[engine][redrive]") {
  ExecutionRecord record;
  record.status = ExecutionStatus::kFailed;
  const runtime::WallTime end{std::chrono::hours(1'000)};
  record.start_date = end - std::chrono::hours(1);
  record.stop_date = end;
  const Limits limits;
  CHECK(redrive_refusal(record, 10, true, end, limits).empty());
  CHECK(redrive_refusal(record, 24'998, true, end, limits).empty());
  CHECK(redrive_refusal(record, 24'999, true, end, limits) ==
        "Execution history event limit exceeded");
  CHECK(redrive_refusal(record, 10, false, end, limits) == "State machine is in DELETING status");
  CHECK(redrive_refusal(record, 10, true, end + kRedrivablePeriod, limits) ==
        "Execution redrivable period exceeded");
  CHECK(redrive_refusal(record, 10, true, end + std::chrono::hours(24 * 365), limits) ==
        "Execution has exceeded the max execution time");
  record.status = ExecutionStatus::kRunning;
  CHECK(redrive_refusal(record, 10, true, end, limits) ==
        "Execution is RUNNING and cannot be redriven");
}

TEST_CASE("a success leaves no frames behind", "[engine][redrive]") {
  FakeWorld world;
  bool healed = false;
  fail_until(world, healed);
  world.run([&](Engine& engine) {
    // The root and its branch: a root that is alone has no row.
    const auto number = start(world, engine,
                              R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,
                                "Branches":[)" +
                                  std::string(kTask) + "]}}}");
    world.wait_until_ended(engine, number);
    const auto count = [&](std::string_view kind) {
      int rows = 0;
      for (auto it = world.store->scan(kind, keys::prefix_end(kind)); it->valid(); it->next())
        ++rows;
      return rows;
    };
    CHECK(count("f") == 2);
    CHECK(count("d") == 0);
    CHECK(count("t") == 0);
    healed = true;
    redriven(world, engine, number);
    CHECK(count("f") == 0);
    CHECK(count("d") == 0);
    CHECK(count("t") == 0);
  });
}

TEST_CASE("a crash at any write of a redrive changes nothing but the time",
          "[engine][redrive][crash]") {
  for (std::uint64_t nth = 1; nth < 10; ++nth) {
    INFO("crash at write " << nth);
    FakeWorld world;
    bool healed = false;
    world.tasks.answer = [&healed](const TaskRequest& request) {
      runtime::sleep_for(std::chrono::seconds(1));
      if (request.parameters.value().as_int() > 1 && !healed) return fail_with("Bad", "not yet");
      return succeed_with(request.parameters.text());
    };
    const std::unique_ptr<runtime::Store> kept = std::move(world.store);
    auto faulty = std::make_unique<runtime::FaultyStore>(*kept);
    runtime::FaultyStore& store = *faulty;
    world.store = std::move(faulty);
    ExecutionNumber number = 0;
    world.run([&](Engine& engine) {
      number = start(world, engine, R"({"StartAt":"M","States":{"M":{"Type":"Map",
        "ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task",
          "Resource":"arn:aws:states:::sqs:sendMessage","End":true}}},"End":true}}})",
                     "[1,2,3]");
      world.wait_until_ended(engine, number);
      healed = true;
      store.fail_write(nth, runtime::WriteFault::kBefore);
      static_cast<void>(engine.redrive(number, {.client_token = "t", .target = std::nullopt}));
      runtime::sleep_for(std::chrono::seconds(60));
    });
    store.heal();
    REQUIRE(store.reopen().has_value());
    world.run([&](Engine& engine) {
      static_cast<void>(engine.redrive(number, {.client_token = "t", .target = std::nullopt}));
      const auto result = world.wait_until_ended(engine, number);
      CHECK(result.output == "[1,2,3]");
      CHECK(result.record.redrive_count == 1);
      world.events(engine, number);
    });
  }
}

}  // namespace pawl::engine::testing
