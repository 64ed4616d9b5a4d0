// Activities: the queue, the clocks of a task that waits for its worker, what a restart finds.
#include "engine/activity_queue.h"
#include "runtime/fiber/shard.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

namespace pawl::engine::testing {

using Lines = std::vector<std::string>;

namespace {

std::string activity(const std::string& extra = "") {
  return R"({"StartAt":"A","States":{"A":{"Type":"Task",)"
         R"("Resource":"arn:aws:states:us-east-1:123456789012:activity:a")" +
         extra + R"(,"End":true}}})";
}

void register_activity(FakeWorld& world) {
  runtime::Batch batch;
  batch.put(keys::activity("a"), "registered");
  REQUIRE(world.store->write(batch));
}

ExecutionNumber start(Engine& engine, const std::string& name, const std::string& input = "{}") {
  StartRequest request;
  request.machine = "m";
  request.name = name;
  request.input = input;
  const auto started = engine.start(std::move(request));
  REQUIRE(started);
  return started->number;
}

std::optional<ActivityTask> poll(Engine& engine, std::chrono::seconds patience) {
  auto task = engine.activities().poll("a", "w", engine.options().clock->after(patience),
                                       [] { return false; });
  REQUIRE(task);
  return *std::move(task);
}

}  // namespace

TEST_CASE("a task's clocks begin when a worker takes it", "[engine][activity]") {
  FakeWorld world;
  register_activity(world);
  world.run([&](Engine& engine) {
    world.create(engine, "m", activity(R"(,"TimeoutSeconds":10,"HeartbeatSeconds":4)"));
    const ExecutionNumber started = start(engine, "e");
    runtime::sleep_for(std::chrono::seconds(100));
    const auto task = poll(engine, std::chrono::seconds(1));
    REQUIRE(task);
    runtime::sleep_for(std::chrono::seconds(3));
    CHECK(engine.task_heartbeat(task->token));
    runtime::sleep_for(std::chrono::seconds(3));
    CHECK(engine.task_heartbeat(task->token));
    CHECK(engine.describe(started)->record.status == ExecutionStatus::kRunning);
    const auto ended = world.wait_until_ended(engine, started);
    CHECK(ended.record.failure.error == "States.Timeout");
    CHECK(*ended.record.stop_date - ended.record.start_date == std::chrono::seconds(110));
    CHECK(world.history(engine, started) == Lines{"1<-0 ExecutionStarted", "2<-0 TaskStateEntered",
                                                  "3<-2 ActivityScheduled", "4<-3 ActivityStarted",
                                                  "5<-4 ActivityTimedOut", "6<-5 ExecutionFailed"});
  });
}

TEST_CASE("a poll ends without a task at its deadline", "[engine][activity]") {
  FakeWorld world;
  register_activity(world);
  world.run([&](Engine& engine) {
    const auto before = engine.options().clock->steady_now();
    CHECK_FALSE(poll(engine, std::chrono::seconds(60)));
    CHECK(engine.options().clock->steady_now() - before == std::chrono::seconds(60));
  });
}

TEST_CASE("what a worker has is not handed out again after a restart", "[engine][activity]") {
  FakeWorld world;
  register_activity(world);
  std::string token;
  ExecutionNumber first = 0;
  world.run([&](Engine& engine) {
    world.create(engine, "m", activity());
    first = start(engine, "1", "1");
    runtime::sleep_for(std::chrono::milliseconds(5));
    start(engine, "2", "2");
    const auto task = poll(engine, std::chrono::seconds(1));
    REQUIRE(task);
    CHECK(task->input == "1");
    token = task->token;
  });
  world.run([&](Engine& engine) {
    const auto task = poll(engine, std::chrono::seconds(1));
    REQUIRE(task);
    CHECK(task->input == "2");
    CHECK_FALSE(poll(engine, std::chrono::seconds(1)));
    CHECK(engine.task_success(token, "\"late\""));
    CHECK(world.wait_until_ended(engine, first).output == "\"late\"");
  });
}

TEST_CASE("more tasks than the window holds are handed out in order", "[engine][activity]") {
  FakeWorld world;
  register_activity(world);
  world.run([&](Engine& engine) {
    world.create(engine, "m", activity());
    constexpr int kTasks = static_cast<int>(ActivityQueue::kWindow) + 50;
    // The first poll makes the queue known, so that tasks are added to its window as they come.
    CHECK_FALSE(poll(engine, std::chrono::seconds(1)));
    for (int i = 0; i < kTasks; ++i) {
      start(engine, std::to_string(i), std::to_string(i));
      runtime::sleep_for(std::chrono::milliseconds(1));
    }
    for (int i = 0; i < kTasks; ++i) {
      const auto task = poll(engine, std::chrono::seconds(1));
      REQUIRE(task);
      REQUIRE(task->input == std::to_string(i));
    }
    CHECK_FALSE(poll(engine, std::chrono::seconds(1)));
  });
}

}  // namespace pawl::engine::testing
