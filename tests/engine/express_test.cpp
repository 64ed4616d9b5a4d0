// Express executions: in memory, no record of their steps, started again after a crash.
#include "runtime/fiber/shard.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

namespace pawl::engine::testing {

TEST_CASE("a synchronous Express execution ends without a trace in the store",
          "[engine][express]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    world.create(engine, "m",
                 R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"End":true}}})", true);
    StartRequest request;
    request.machine = "m";
    request.synchronous = true;
    request.keep_history = true;
    std::string output;
    std::vector<asl::Value> events;
    request.on_end = [&](const Execution& execution) {
      output = execution.output.text();
      const auto rendered = render_history(execution.memory_history, true);
      REQUIRE(rendered.has_value());
      events = *rendered;
    };
    REQUIRE(engine.start(request).has_value());
    while (output.empty()) runtime::sleep_for(std::chrono::seconds(1));
    CHECK(output == "{}");
    CHECK(events.size() == 4);
    for (const char* kind : {"e", "f", "h", "d", "t", "x"}) {
      const std::string from = kind;
      INFO(from);
      CHECK_FALSE(world.store->scan(from, runtime::prefix_end(from))->valid());
    }
  });
}

TEST_CASE("an Express execution ends after five minutes", "[engine][express]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    world.create(engine, "m",
                 R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":900,"End":true}}})",
                 true);
    StartRequest request;
    request.machine = "m";
    bool ended = false;
    request.on_end = [&](const Execution& execution) {
      ended = true;
      CHECK(execution.record.status == ExecutionStatus::kTimedOut);
    };
    REQUIRE(engine.start(request).has_value());
    runtime::sleep_for(std::chrono::minutes(6));
    CHECK(ended);
  });
}

TEST_CASE("an accepted Express execution starts again in the next process", "[engine][express]") {
  FakeWorld world;
  int calls = 0;
  world.tasks.answer = [&](const TaskRequest&) {
    ++calls;
    runtime::sleep_for(std::chrono::seconds(10));
    return succeed_with("1");
  };
  world.run([&](Engine& engine) {
    world.create(engine, "m", R"({"StartAt":"T","States":{"T":{"Type":"Task",
      "Resource":"arn:aws:states:::sqs:sendMessage","End":true}}})",
                 true);
    StartRequest request;
    request.machine = "m";
    REQUIRE(engine.start(request).has_value());
    runtime::sleep_for(std::chrono::seconds(1));
  });
  world.run([&](Engine&) { runtime::sleep_for(std::chrono::seconds(30)); });
  CHECK(calls == 2);
  CHECK_FALSE(world.store->scan("x", "y")->valid());
}

}  // namespace pawl::engine::testing
