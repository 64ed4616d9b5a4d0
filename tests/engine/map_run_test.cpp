// A distributed Map: its children are executions, its parent shows the run.
#include "engine/map_run/child_name.h"
#include "tests/engine/map_run_world.h"

#include <map>
#include <set>

namespace pawl::engine::testing {

TEST_CASE("children are executions with histories of their own", "[engine][map-run]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto number =
        start(world, engine,
              machine(R"({"T":{"Type":"Pass","Parameters":{"v.$":"$.v","id.$":"$$.Execution.Id",
          "name.$":"$$.StateMachine.Name"},"End":true}})",
                      R"(,"ItemSelector":{"v.$":"$$.Map.Item.Value","i.$":"$$.Map.Item.Index",
          "s.$":"$$.Map.Item.Source"})"),
              "[7,8,9]");
    const auto result = world.wait_until_ended(engine, number);
    REQUIRE(result.record.status == ExecutionStatus::kSucceeded);
    const auto [run, record] = run_of(engine, number);
    CHECK(record.status == MapRunStatus::kSucceeded);
    CHECK(record.stage == MapRunStage::kOver);
    CHECK(record.items.succeeded == 3);
    CHECK(record.executions.started == 3);
    CHECK(engine.find_map_run("m", "L", record.name).value_or(0) == run);
    CHECK(world.history(engine, number) ==
          std::vector<std::string>{"1<-0 ExecutionStarted", "2<-0 MapStateEntered",
                                   "3<-2 MapStateStarted", "4<-3 MapRunStarted",
                                   "5<-4 MapRunSucceeded", "6<-5 MapStateSucceeded",
                                   "7<-5 MapStateExited", "8<-7 ExecutionSucceeded"});
    const auto children = children_of(engine, run);
    REQUIRE(children.size() == 3);
    const auto output = asl::read_json(*result.output);
    REQUIRE(output.has_value());
    for (std::size_t i = 0; i < 3; ++i) {
      const auto child = engine.describe(children[2 - i].number);  // newest first
      REQUIRE(child.has_value());
      CHECK(child->arn ==
            "arn:aws:states:us-east-1:123456789012:execution:m/L:" + child->record.name);
      CHECK(child->state_machine_arn == "arn:aws:states:us-east-1:123456789012:stateMachine:m/L");
      CHECK(child->input == R"({"v":)" + std::to_string(7 + i) + R"(,"i":)" + std::to_string(i) +
                                R"(,"s":"STATE_DATA"})");
      CHECK(output->items()[i].find("id")->as_string() == child->arn);
      CHECK(output->items()[i].find("name")->as_string() == "m/L");
      CHECK(engine.find_child("m", "L", child->record.name).value_or(0) == child->number);
      CHECK(world.history(engine, child->number) ==
            std::vector<std::string>{"1<-0 ExecutionStarted", "2<-0 PassStateEntered",
                                     "3<-2 PassStateExited", "4<-3 ExecutionSucceeded"});
    }
    CHECK(engine.list("m", {}, {}, 10)->size() == 1);  // children are not the machine's
    CHECK_FALSE(engine.find_child("m", "X", children[0].record.name).has_value());
    CHECK(rows(*world.store, "d") == 0);
    CHECK(rows(*world.store, "f") == 0);
  });
}

TEST_CASE("where variables are used the run's end advances no chain", "[engine][map-run]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto number = start(world, engine, R"({"StartAt":"A","States":{
      "A":{"Type":"Pass","Assign":{"v":1},"Next":"M"},
      "M":{"Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
        "StartAt":"T","States":{"T":{"Type":"Pass","End":true}}},"End":true}}})",
                              "[7]");
    CHECK(world.wait_until_ended(engine, number).output == "[7]");
    const std::vector<std::string> history = world.history(engine, number);
    REQUIRE(history.size() == 10);
    CHECK(history[5] == "6<-5 MapRunStarted");
    CHECK(history[6] == "7<-6 MapRunSucceeded");
    CHECK(history[8] == "9<-6 MapStateExited");
  });
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"A","States":{
      "A":{"Type":"Pass","Assign":{"v":1},"Next":"P"},
      "P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"M","States":{"M":{"Type":"Map","End":true,
        "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
          "StartAt":"T","States":{"T":{"Type":"Pass","End":true}}}}}}]}}})",
                                      "[7]");
    CHECK(world.history(engine, result.number)[10] == "11<-8 MapStateExited");
  });
}

TEST_CASE("names carry their number", "[engine][map-run]") {
  runtime::SeededRandom random(1);
  for (const ExecutionNumber number :
       {ExecutionNumber{1}, ~ExecutionNumber{0}, ExecutionNumber{0x0123456789ABCDEF}}) {
    const std::string name = name_with_number(number, random);
    CHECK(name.size() == 36);
    CHECK(name[14] == '4');
    CHECK(number_in_name(name) == number);
  }
  CHECK_FALSE(number_in_name("no"));
  CHECK_FALSE(number_in_name(std::string(36, 'a')));
}

TEST_CASE("no items, objects as items, nested distributed Maps", "[engine][map-run]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    CHECK(world.execute(engine, machine(kPass), "[]").output == "[]");
    CHECK(world
              .execute(engine, machine(kPass, R"(,"ItemSelector":{"k.$":"$$.Map.Item.Key",
                         "v.$":"$$.Map.Item.Value"})"),
                       R"({"a":1,"b":2})")
              .output == R"([{"k":"a","v":1},{"k":"b","v":2}])");
    CHECK(world
              .execute(engine, machine(R"({"T":{"Type":"Map","ItemProcessor":{"ProcessorConfig":{
                         "Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"U",
                         "States":{"U":{"Type":"Pass","End":true}}},"End":true}})"),
                       "[[1,2],[],[3]]")
              .output == "[[1,2],[],[3]]");
  });
}

TEST_CASE("no more children at once than the Map allows", "[engine][map-run]") {
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
    std::string items = "[0";
    for (int i = 1; i < 40; ++i) items += "," + std::to_string(i);
    const auto result =
        world.execute(engine, machine(kTask, R"(,"MaxConcurrency":7)"), items + "]");
    CHECK(result.output == items + "]");
    CHECK(most == 7);
    world.limits.distributed_concurrency = 3;
  });
  world.run([&](Engine& engine) {
    most = 0;
    CHECK(world.execute(engine, machine(kTask), "[1,2,3,4,5]").output == "[1,2,3,4,5]");
    CHECK(most == 3);
  });
}

TEST_CASE("failures are counted against what is tolerated", "[engine][map-run]") {
  FakeWorld world;
  const bool healed = false;
  fail_bad(world, healed);
  world.run([&](Engine& engine) {
    const std::string items = R"(["bad","a","bad2","b"])";
    CHECK(world.execute(engine, machine(kTask, R"(,"ToleratedFailureCount":2)"), items).output ==
          R"(["a","b"])");
    CHECK(world.execute(engine, machine(kTask, R"(,"ToleratedFailurePercentage":50)"), items)
              .output == R"(["a","b"])");
    const auto failed =
        world.execute(engine, machine(kTask, R"(,"ToleratedFailureCount":1)"), items);
    CHECK(failed.record.failure.error == "States.ExceedToleratedFailureThreshold");
    const auto history = world.history(engine, failed.number);
    CHECK(std::vector<std::string>(history.end() - 3, history.end()) ==
          std::vector<std::string>{"5<-4 MapRunFailed", "6<-5 MapStateFailed",
                                   "7<-6 ExecutionFailed"});
  });
}

TEST_CASE("when too many fail the others are stopped", "[engine][map-run]") {
  FakeWorld world;
  world.tasks.answer = [&](const TaskRequest& request) {
    const bool bad = request.parameters.text() == "0";
    runtime::sleep_for(std::chrono::seconds(bad ? 1 : 500));
    return bad ? fail_with("Bad", "at once") : succeed_with("1");
  };
  world.run([&](Engine& engine) {
    const auto number =
        start(world, engine, machine(kTask, R"(,"MaxConcurrency":3)"), "[0,1,2,3,4]");
    const auto result = world.wait_until_ended(engine, number);
    CHECK(result.record.failure.error == "States.ExceedToleratedFailureThreshold");
    const auto [run, record] = run_of(engine, number);
    CHECK(record.status == MapRunStatus::kFailed);
    CHECK(record.executions.failed == 1);
    CHECK(record.executions.aborted == 2);
    CHECK(record.executions.started == 3);
    CHECK(engine.list(list_of_map_run(run), ExecutionStatus::kAborted, {}, 10)->size() == 2);
  });
}

TEST_CASE("a stopped parent stops its children, also after a crash", "[engine][map-run]") {
  for (const bool crash : {false, true}) {
    FakeWorld world;
    ExecutionNumber number = 0;
    world.run([&](Engine& engine) {
      number = start(world, engine, machine(R"({"T":{"Type":"Wait","Seconds":5000,"End":true}})"),
                     "[1,2,3]");
      runtime::sleep_for(std::chrono::seconds(5));
      REQUIRE(engine.stop(number, {"Stop", "it"}).has_value());
      if (!crash) runtime::sleep_for(std::chrono::seconds(1));
    });
    world.run([&](Engine& engine) {
      runtime::sleep_for(std::chrono::seconds(1));
      const auto [run, record] = run_of(engine, number);
      CHECK(record.status == MapRunStatus::kAborted);
      CHECK(record.stage == MapRunStage::kOver);
      CHECK(record.executions.aborted == 3);
      CHECK(rows(*world.store, "d") == 0);
      CHECK(rows(*world.store, "t") == 0);
    });
  }
}

TEST_CASE("items go to children in batches", "[engine][map-run]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    CHECK(world
              .execute(engine,
                       machine(kPass, R"(,"ItemsPath":"$.items","ItemBatcher":{"MaxItemsPerBatch":2,
                         "BatchInput":{"f.$":"$.factor"}})"),
                       R"({"items":[1,2,3],"factor":5})")
              .output ==
          R"([{"BatchInput":{"f":5},"Items":[1,2]},{"BatchInput":{"f":5},"Items":[3]}])");
    // {"Items":["aaaa","bbbb"]} has 25 bytes.
    const auto by_bytes = [&](int bytes) {
      return *world
                  .execute(engine,
                           machine(kPass, R"(,"ItemBatcher":{"MaxInputBytesPerBatch":)" +
                                              std::to_string(bytes) + "}"),
                           R"(["aaaa","bbbb","cccc"])")
                  .output;
    };
    CHECK(by_bytes(25) == R"([{"Items":["aaaa","bbbb"]},{"Items":["cccc"]}])");
    CHECK(by_bytes(24) == R"([{"Items":["aaaa"]},{"Items":["bbbb"]},{"Items":["cccc"]}])");
    CHECK(by_bytes(1) == R"([{"Items":["aaaa"]},{"Items":["bbbb"]},{"Items":["cccc"]}])");
  });
}

TEST_CASE("results that are too large fail the run", "[engine][map-run]") {
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest&) {
    return succeed_with("\"" + std::string(100'000, 'x') + "\"");
  };
  world.run([&](Engine& engine) {
    CHECK(world.execute(engine, machine(kTask), "[1,2]").record.status ==
          ExecutionStatus::kSucceeded);
    const auto result = world.execute(engine, machine(kTask), "[1,2,3]");
    CHECK(result.record.failure.error == "States.DataLimitExceeded");
    CHECK(run_of(engine, result.number).second.status == MapRunStatus::kFailed);
  });
}

TEST_CASE("a running run can be changed", "[engine][map-run]") {
  FakeWorld world;
  const bool healed = false;
  fail_bad(world, healed);
  world.run([&](Engine& engine) {
    const auto number = start(world, engine, machine(kTask, R"(,"MaxConcurrency":1)"),
                              R"(["a","b","bad","c","d","e"])");
    runtime::sleep_for(std::chrono::milliseconds(1'500));
    const auto run = run_of(engine, number).first;
    REQUIRE(engine
                .update_map_run(run, {.max_concurrency = 4,
                                      .tolerated_count = 1,
                                      .tolerated_percentage = std::nullopt})
                .has_value());
    CHECK(world.wait_until_ended(engine, number).output == R"(["a","b","c","d","e"])");
    CHECK(engine.update_map_run(run, {}).error().code == ErrorCode::kInvalid);
    CHECK(engine.update_map_run(12345, {}).error().code == ErrorCode::kNotFound);
  });
}

TEST_CASE("many children, few in memory", "[engine][map-run]") {
  FakeWorld world;
  world.limits.resting_executions = 8;
  world.limits.distributed_concurrency = 64;
  world.run([&](Engine& engine) {
    std::string items = "[0";
    for (int i = 1; i < 3'000; ++i) items += "," + std::to_string(i);
    items += "]";
    const auto result =
        world.execute(engine, machine(R"({"T":{"Type":"Wait","Seconds":1,"End":true}})"), items);
    CHECK(result.output == items);
  });
}

}  // namespace pawl::engine::testing
