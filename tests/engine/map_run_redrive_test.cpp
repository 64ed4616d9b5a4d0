// Redrives of a distributed Map and its children.
#include "tests/engine/map_run_world.h"

#include <map>
#include <set>

namespace pawl::engine::testing {

TEST_CASE("a redrive runs the children again that did not succeed", "[engine][map-run][redrive]") {
  for (const std::string type : {"STANDARD", "EXPRESS"}) {
    INFO(type);
    FakeWorld world;
    bool healed = false;
    fail_bad(world, healed);
    ExecutionNumber number = 0;
    world.run([&](Engine& engine) {
      number = start(world, engine, machine(kTask, R"(,"MaxConcurrency":2)", type),
                     R"(["a","bad","b","c"])");
      CHECK(world.wait_until_ended(engine, number).record.status == ExecutionStatus::kFailed);
    });
    world.run([&](Engine& engine) {
      healed = true;
      const auto before = run_of(engine, number);
      world.tasks.keys.clear();
      REQUIRE(engine.redrive(number, {}).has_value());
      const auto result = world.wait_until_ended(engine, number);
      CHECK(result.output == R"(["a","bad","b","c"])");
      const auto [run, record] = run_of(engine, number);
      CHECK(run == before.first);
      CHECK(record.status == MapRunStatus::kSucceeded);
      CHECK(record.redrive_count == 1);
      CHECK(record.items.succeeded == 4);
      CHECK(record.items.failed == 0);
      CHECK(record.items.pending_redrive == 0);
      CHECK(record.items.running() == 0);
      // Those that had succeeded are not run again.
      CHECK(world.tasks.keys.size() == 4 - before.second.items.succeeded);
      std::map<std::string, int> types;
      for (const asl::Value& event : world.events(engine, number)) {
        ++types[std::string(event.find("type")->as_string())];
      }
      CHECK(types["MapRunStarted"] == 1);
      CHECK(types["MapRunRedriven"] == 1);
      CHECK(types["MapRunSucceeded"] == 1);
      int redriven = 0;
      for (const auto& child : children_of(engine, run)) {
        if (child.record.redrive_count > 0) ++redriven;
      }
      CHECK((redriven > 0) == (type == "STANDARD"));
      CHECK(rows(*world.store, "d") == 0);
    });
  }
}

TEST_CASE("a stopped run is redriven where it stood", "[engine][map-run][redrive]") {
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest& request) {
    runtime::sleep_for(std::chrono::seconds(10));
    return succeed_with(request.parameters.text());
  };
  world.run([&](Engine& engine) {
    const auto number =
        start(world, engine, machine(kTask, R"(,"MaxConcurrency":2)"), "[1,2,3,4,5]");
    runtime::sleep_for(std::chrono::seconds(15));  // 1 and 2 are through
    REQUIRE(engine.stop(number, {}).has_value());
    REQUIRE(engine.redrive(number, {}).has_value());  // while its children are being stopped
    CHECK(world.wait_until_ended(engine, number).output == "[1,2,3,4,5]");
    const auto [run, record] = run_of(engine, number);
    CHECK(record.executions.succeeded == 5);
    CHECK(record.executions.started == 5);
  });
}

TEST_CASE("a child cannot be redriven by itself", "[engine][map-run][redrive]") {
  FakeWorld world;
  const bool healed = false;
  fail_bad(world, healed);
  world.run([&](Engine& engine) {
    const auto number =
        start(world, engine, machine(kTask, R"(,"ToleratedFailureCount":1)"), R"(["bad"])");
    world.wait_until_ended(engine, number);
    const auto children = children_of(engine, run_of(engine, number).first);
    CHECK_FALSE(engine.redrive(children[0].number, {}).has_value());
  });
}

}  // namespace pawl::engine::testing
