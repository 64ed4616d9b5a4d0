#include "engine/state_test.h"

#include "asl/json/reader.h"
#include "asl/parse/parse.h"
#include "runtime/fiber/shard.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

#include <chrono>
#include <string>

namespace pawl::engine::testing {

namespace {

using Status = StateTestReport::Status;

StateTest test_of(const std::string& state, const std::string& input = "{}") {
  const auto json = asl::read_json(state);
  REQUIRE(json);
  auto compiled = asl::compile(asl::machine_of_state(*json, "S"));
  REQUIRE(compiled);
  StateTest test;
  test.definition = *std::move(compiled);
  test.input = asl::Payload::of_text(input);
  return test;
}

StateTestReport run_in(FakeWorld& world, StateTest test) {
  StateTestReport report;
  world.run([&](Engine& engine) { report = test_state(engine, std::move(test)); });
  return report;
}

const std::string kTask = R"({"Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
  "Parameters":{"Payload.$":"$.x"},"ResultPath":"$.r","Next":"Done")";

}  // namespace

TEST_CASE("a tested Task calls its handler and shows the way of its data", "[engine][state_test]") {
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest& request) {
    CHECK(request.parameters.text() == R"({"Payload":7})");
    return succeed_with(R"({"a": 1})");
  };
  const StateTestReport report = run_in(world, test_of(kTask + "}", R"({"x": 7})"));
  CHECK(report.status == Status::kSucceeded);
  CHECK(report.output.text() == R"({"x":7,"r":{"a":1}})");
  CHECK(report.next_state == "Done");
  CHECK(report.step(FlowStep::kInputPath).text() == R"({"x": 7})");
  CHECK(report.step(FlowStep::kResult).text() == R"({"a": 1})");
  CHECK(world.tasks.keys.size() == 1);
}

TEST_CASE("a tested Wait waits, and a test ends after its longest time", "[engine][state_test]") {
  FakeWorld world;
  const auto started = world.clock.wall_now();
  const StateTestReport short_one =
      run_in(world, test_of(R"({"Type":"Wait","Seconds":60,"Next":"Done"})"));
  CHECK(short_one.status == Status::kSucceeded);
  CHECK(short_one.next_state == "Done");
  CHECK(world.clock.wall_now() - started >= std::chrono::seconds(60));
  CHECK(world.clock.wall_now() - started < std::chrono::seconds(61));

  const StateTestReport long_one =
      run_in(world, test_of(R"({"Type":"Wait","Seconds":301,"Next":"Done"})"));
  CHECK(long_one.status == Status::kFailed);
  CHECK(long_one.failure.error == "States.Timeout");
  CHECK(world.clock.wall_now() - started < std::chrono::seconds(362));
}

TEST_CASE("a tested Task that is too slow times out, and nobody waits for its handler",
          "[engine][state_test]") {
  FakeWorld world;
  bool cancelled = false;
  world.tasks.answer = [&](const TaskRequest& request) {
    request.cancellation->on_cancel([&] { cancelled = true; });
    runtime::sleep_for(std::chrono::seconds(30));
    return succeed_with("{}");
  };
  const StateTestReport report = run_in(
      world, test_of(kTask + R"(,"TimeoutSeconds":5,"Catch":[{"ErrorEquals":["States.Timeout"],
                                 "Next":"Late"}]})",
                     R"({"x": 1})"));
  CHECK(report.status == Status::kCaughtError);
  CHECK(report.failure.error == "States.Timeout");
  CHECK(report.next_state == "Late");
  CHECK(report.catch_index == 0U);
  CHECK(cancelled);
}

TEST_CASE("a retry is the end of a test", "[engine][state_test]") {
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest&) { return fail_with("E", "c"); };
  StateTest test = test_of(kTask + R"(,"Retry":[{"ErrorEquals":["F"]},
      {"ErrorEquals":["E"],"IntervalSeconds":3,"MaxAttempts":2,"MaxDelaySeconds":5}],
      "Catch":[{"ErrorEquals":["F"],"Next":"A"},{"ErrorEquals":["E"],"Next":"B"}]})",
                           R"({"x": 1})");
  const StateTestReport first = run_in(world, test);
  CHECK(first.status == Status::kRetriable);
  CHECK(first.failure.cause == "c");
  CHECK(first.retry_index == 1U);
  CHECK(first.retry_delay == std::chrono::seconds(3));
  CHECK_FALSE(first.catch_index);
  CHECK_FALSE(first.output.present());

  test.retries = 1;
  const StateTestReport second = run_in(world, test);
  CHECK(second.status == Status::kRetriable);
  CHECK(second.retry_delay == std::chrono::seconds(5));

  test.retries = 2;
  const StateTestReport third = run_in(world, test);
  CHECK(third.status == Status::kCaughtError);
  CHECK(third.retry_index == 1U);
  CHECK_FALSE(third.retry_delay);
  CHECK(third.catch_index == 1U);
  CHECK(third.next_state == "B");
  CHECK(world.tasks.keys.size() == 3);
}

TEST_CASE("the branches of a tested Parallel never run", "[engine][state_test]") {
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest&) { return fail_with("E", "must not be called"); };
  const std::string parallel = R"({"Type":"Parallel","End":true,"Branches":[{"StartAt":"T",
      "States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","End":true}}}],
      "Catch":[{"ErrorEquals":["States.BranchFailed"],"Next":"Caught"}]})";
  StateTest test = test_of(parallel);
  CHECK(run_in(world, test).status == Status::kFailed);
  test.mock = asl::Payload::of_text("[3]");
  const StateTestReport mocked = run_in(world, test);
  CHECK(mocked.status == Status::kSucceeded);
  CHECK(mocked.output.text() == "[3]");
  test.mock = Failure{"E", std::nullopt};
  const StateTestReport caught = run_in(world, test);
  CHECK(caught.status == Status::kCaughtError);
  CHECK(caught.next_state == "Caught");
  CHECK(world.tasks.keys.empty());
}

TEST_CASE("a tested Map counts failures against what it tolerates", "[engine][state_test]") {
  FakeWorld world;
  const auto failed = [&](const std::string& tolerance, std::int64_t failures) {
    StateTest test = test_of(R"({"Type":"Map","End":true,"ItemProcessor":{"ProcessorConfig":
        {"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"A",
        "States":{"A":{"Type":"Pass","End":true}}})" +
                                 tolerance + "}",
                             "[1,2,3,4]");
    test.mock = asl::Payload::of_text("[]");
    test.failed_children = failures;
    return run_in(world, test).status == Status::kFailed;
  };
  CHECK_FALSE(failed("", 4));
  CHECK_FALSE(failed(R"(,"ToleratedFailureCount":2)", 2));
  CHECK(failed(R"(,"ToleratedFailureCount":2)", 3));
  CHECK_FALSE(failed(R"(,"ToleratedFailurePercentage":50)", 2));
  CHECK(failed(R"(,"ToleratedFailurePercentage":50)", 3));
}

TEST_CASE("an ItemSelector's inputs past the size of a document are not shown",
          "[engine][state_test]") {
  FakeWorld world;
  const std::string map = R"({"Type":"Map","End":true,"ItemSelector":{"pad":"PAD","item.$":
      "$$.Map.Item.Value"},"ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass",
      "End":true}}}})";
  const auto shown = [&](std::size_t pad) {
    std::string state = map;
    state.replace(state.find("PAD"), 3, pad, 'x');
    StateTest test = test_of(state, "[1,2,3]");
    test.mock = asl::Payload::of_text("[]");
    const StateTestReport report = run_in(world, test);
    CHECK(report.status == Status::kSucceeded);
    return report.step(FlowStep::kItemSelector).present();
  };
  CHECK(shown(80'000));
  CHECK_FALSE(shown(90'000));
}

}  // namespace pawl::engine::testing
