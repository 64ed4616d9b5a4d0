// Every write of a Map Run is taken as the moment of a crash once (crash_point_test.cpp).
#include "runtime/store/testing/faulty_store.h"
#include "tests/engine/map_run_world.h"

#include <memory>

namespace pawl::engine::testing {

TEST_CASE("a crash at any write of a Map Run changes nothing but the time",
          "[engine][map-run][crash]") {
  struct Scenario {
    std::string name;
    std::string type;
    std::string more;
    std::string input;
    std::string output;
  };
  const Scenario scenarios[] = {
      {"standard children", "STANDARD", R"(,"MaxConcurrency":2)", R"(["a","b","c"])",
       R"(["a","b","c"])"},
      {"express children", "EXPRESS", R"(,"MaxConcurrency":2)", R"(["a","b","c"])",
       R"(["a","b","c"])"},
      {"items from S3, in batches", "STANDARD",
       reader(R"("InputType":"JSON")") + R"(,"ItemBatcher":{"MaxItemsPerBatch":2})", "{}",
       R"([{"Items":["x","y"]},{"Items":["z"]}])"},
  };
  for (const Scenario& scenario : scenarios) {
    for (std::uint64_t nth = 1; nth < 14; ++nth) {
      INFO(scenario.name << ", crash at write " << nth);
      FakeWorld world;
      FakeBucket bucket;
      bucket.objects["k"] = R"(["x","y","z"])";
      world.tasks.answer = [&](const TaskRequest& request) -> Outcome {
        runtime::sleep_for(std::chrono::seconds(1));
        if (request.resource->service == "s3") return bucket.call(request);
        return succeed_with(request.parameters.text());
      };
      const std::unique_ptr<runtime::Store> kept = std::move(world.store);
      auto faulty = std::make_unique<runtime::FaultyStore>(*kept);
      runtime::FaultyStore& store = *faulty;
      world.store = std::move(faulty);
      StartRequest request;
      request.machine = "m";
      request.name = "one";
      request.input = scenario.input;
      world.run([&](Engine& engine) {
        world.create(engine, "m", machine(kTask, scenario.more, scenario.type));
        store.fail_write(nth, runtime::WriteFault::kBefore);
        static_cast<void>(engine.start(request));
        runtime::sleep_for(std::chrono::seconds(60));
      });
      store.heal();
      REQUIRE(store.reopen().has_value());
      world.run([&](Engine& engine) {
        const Result<StartResult> started = engine.start(request);
        const ExecutionNumber number =
            started ? started->number : engine.find("m", "one").value_or(0);
        REQUIRE(number != 0);
        CHECK(world.wait_until_ended(engine, number).output == scenario.output);
        const auto [run, record] = run_of(engine, number);
        CHECK(record.items.succeeded == 3);
        CHECK(record.items.running() == 0);
        CHECK(record.executions.started == record.executions.succeeded);
        CHECK(children_of(engine, run).size() == record.executions.started);
        world.events(engine, number);
        runtime::sleep_for(std::chrono::seconds(1));
        CHECK(rows(*world.store, "d") == 0);
      });
    }
  }
}

}  // namespace pawl::engine::testing
