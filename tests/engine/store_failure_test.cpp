// A store that fails under the engine: nothing acknowledged is lost, and it goes on by itself.
#include "runtime/fiber/shard.h"
#include "runtime/store/testing/faulty_store.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

namespace pawl::engine::testing {

TEST_CASE("executions go on after each single write of a run has failed", "[engine][store]") {
  // Two faults for every write that the scenario makes: lost before it, and done but reported lost.
  for (const auto fault : {runtime::WriteFault::kBefore, runtime::WriteFault::kAfter}) {
    for (std::uint64_t nth = 2; nth < 14; ++nth) {
      FakeWorld world;
      const std::unique_ptr<runtime::Store> kept = std::move(world.store);
      auto faulty = std::make_unique<runtime::FaultyStore>(*kept);
      runtime::FaultyStore& store = *faulty;
      world.store = std::move(faulty);
      world.tasks.answer = [](const TaskRequest& request) {
        runtime::sleep_for(std::chrono::seconds(1));
        return succeed_with(request.parameters.text());
      };
      INFO("fault " << static_cast<int>(fault) << " at write " << nth);
      world.run([&](Engine& engine) {
        world.create(engine, "m", R"({"StartAt":"M","States":{"M":{"Type":"Map","ItemProcessor":{
          "StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage",
          "Next":"W"},"W":{"Type":"Wait","Seconds":2,"End":true}}},"End":true}}})");
        store.fail_write(nth, fault);
        StartRequest request;
        request.machine = "m";
        request.name = "one";
        request.input = "[1,2,3]";
        Result<StartResult> started = engine.start(request);
        // The caller does what a client does: the same call again.
        for (int i = 0; i < 100 && !started; ++i) {
          CHECK(started.error().code == ErrorCode::kUnavailable);
          store.heal();
          runtime::sleep_for(std::chrono::milliseconds(200));
          started = engine.start(request);
        }
        REQUIRE(started.has_value());
        for (int i = 0; i < 200; ++i) {
          runtime::sleep_for(std::chrono::milliseconds(100));
          if (store.closed()) {
            runtime::sleep_for(std::chrono::milliseconds(300));
            store.heal();
          }
        }
        store.heal();
        const auto result = world.wait_until_ended(engine, started->number);
        CHECK(result.output == "[1,2,3]");
        world.events(engine, started->number);
      });
    }
  }
}

}  // namespace pawl::engine::testing
