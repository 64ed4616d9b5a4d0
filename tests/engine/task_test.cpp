// Tasks: dispatch after the commit, outcomes, retries, timeouts.
#include "engine/records.h"
#include "runtime/fiber/shard.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

namespace pawl::engine::testing {

using Lines = std::vector<std::string>;

namespace {

std::string task(const std::string& extra) {
  return R"({"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage")" +
         extra + R"(,"End":true}}})";
}

}  // namespace

TEST_CASE("a Task shows Scheduled, Started and Succeeded, and gives its output", "[engine][task]") {
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest&) { return succeed_with(R"({"ok":1})"); };
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, task(R"(,"ResultPath":"$.r")"), R"({"a":1})");
    CHECK(result.output == R"({"a":1,"r":{"ok":1}})");
    CHECK(world.history(engine, result.number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 TaskStateEntered", "3<-2 TaskScheduled",
                "4<-3 TaskStarted", "5<-4 TaskSucceeded", "6<-5 TaskStateExited",
                "7<-6 ExecutionSucceeded"});
  });
}

TEST_CASE("a Lambda function ARN has events of its own", "[engine][task]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"T","States":{"T":{"Type":"Task",
      "Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","End":true}}})");
    CHECK(world.history(engine, result.number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 TaskStateEntered", "3<-2 LambdaFunctionScheduled",
                "4<-3 LambdaFunctionStarted", "5<-4 LambdaFunctionSucceeded",
                "6<-5 TaskStateExited", "7<-6 ExecutionSucceeded"});
  });
}

TEST_CASE("a retried Task is scheduled again after its backoff, with another key",
          "[engine][task]") {
  FakeWorld world;
  std::vector<std::int64_t> attempts;
  world.tasks.answer = [&](const TaskRequest& request) -> Outcome {
    attempts.push_back(request.attempt);
    return attempts.size() < 3 ? fail_with("Flaky", "again") : succeed_with("7");
  };
  world.run([&](Engine& engine) {
    const auto before = world.clock.wall_now();
    const auto result =
        world.execute(engine, task(R"(,"Retry":[{"ErrorEquals":["Flaky"],"IntervalSeconds":10}])"));
    CHECK(result.output == "7");
    CHECK(attempts == std::vector<std::int64_t>{0, 1, 2});
    CHECK(*result.record.stop_date - before >= std::chrono::seconds(30));
    REQUIRE(world.tasks.keys.size() == 3);
    CHECK(world.tasks.keys[0] != world.tasks.keys[1]);
    CHECK(world.history(engine, result.number)[4] == "5<-4 TaskFailed");
    CHECK(world.history(engine, result.number)[5] == "6<-5 TaskScheduled");
  });
}

TEST_CASE("a Task over its TimeoutSeconds fails, and its late answer is ignored",
          "[engine][task]") {
  FakeWorld world;
  bool cancelled = false;
  world.tasks.answer = [&](const TaskRequest& request) {
    request.cancellation->on_cancel([&] { cancelled = true; });
    runtime::sleep_for(std::chrono::seconds(60));
    return succeed_with("1");
  };
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, task(R"(,"TimeoutSeconds":5)"));
    CHECK(result.record.status == ExecutionStatus::kFailed);
    CHECK(result.record.failure.error == "States.Timeout");
    CHECK_FALSE(result.record.failure.cause.has_value());
    CHECK(cancelled);
    runtime::sleep_for(std::chrono::minutes(2));
    CHECK(world.history(engine, result.number).size() == 6);
  });
}

TEST_CASE("a result over 256 KiB is States.DataLimitExceeded", "[engine][task]") {
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest&) {
    return succeed_with('"' + std::string(262'143, 'x') + '"');
  };
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, task(""));
    CHECK(result.record.failure.error == "States.DataLimitExceeded");
    CHECK(result.record.failure.cause ==
          "The state/task 'sqs' returned a result with a size exceeding the maximum number of "
          "bytes service limit.");
  });
}

TEST_CASE("a submitted Task is asked again after its poll interval", "[engine][task]") {
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest&) -> Outcome {
    return TaskSubmitted{asl::Payload::of_text(R"({"Id":1})"), asl::Payload::of_text("1"),
                         std::chrono::seconds(10)};
  };
  int polls = 0;
  world.tasks.answer_resume = [&](const TaskRequest&, const asl::Payload& continuation) -> Outcome {
    CHECK(continuation.text() == "1");
    if (++polls < 3) return TaskSubmitted{{}, {}, std::chrono::seconds(10)};
    return succeed_with("\"done\"");
  };
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, task(""));
    CHECK(result.output == "\"done\"");
    CHECK(polls == 3);
    CHECK(world.history(engine, result.number)[4] == "5<-4 TaskSubmitted");
  });
}

TEST_CASE("an activity that does not exist fails before it is scheduled", "[engine][task]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"T","States":{"T":{"Type":"Task",
      "Resource":"arn:aws:states:us-east-1:123456789012:activity:a","End":true}}})");
    CHECK(result.record.failure.error == "States.Runtime");
    CHECK(world.history(engine, result.number).size() == 3);
  });
}

TEST_CASE("a Task whose handler decides is one commit with what led to it and what follows",
          "[engine][task]") {
  FakeWorld world;
  world.tasks.deciding_action = "sendMessage";
  world.tasks.answer = [](const TaskRequest& request) {
    JoinedWrites writes;
    writes.batch.put("decided", "1");
    return TaskSucceeded{request.parameters, std::move(writes)};
  };
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, task(""), R"({"a":1})");
    CHECK(result.output == R"({"a":1})");
    CHECK(world.store->get("decided")->value_or("(none)") == "1");
    CHECK(world.store->get(keys::history(result.number, 1))->has_value());
    CHECK_FALSE(world.store->get(keys::history(result.number, 2))->has_value());
    CHECK(world.history(engine, result.number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 TaskStateEntered", "3<-2 TaskScheduled",
                "4<-3 TaskStarted", "5<-4 TaskSucceeded", "6<-5 TaskStateExited",
                "7<-6 ExecutionSucceeded"});
  });
}

TEST_CASE("decisions that follow each other have a commit each, since each holds its rows",
          "[engine][task]") {
  struct Fate final : WritesFate {
    explicit Fate(int& all) : held(all) { ++held; }
    ~Fate() override {
      if (holds) --held;
    }
    void appended() override {
      holds = false;
      --held;
    }
    void durable(const Status& /*status*/) override {}
    int& held;
    bool holds = true;
  };
  FakeWorld world;
  int held = 0;
  world.tasks.deciding_action = "sendMessage";
  world.tasks.answer = [&](const TaskRequest& request) {
    // Whoever decides holds nothing yet, nor does anybody who waits for it.
    if (request.resource->action == "sendMessage") CHECK(held == 0);
    JoinedWrites writes;
    writes.batch.put("decided/" + request.idempotency_key, "1");
    writes.fate = std::make_shared<Fate>(held);
    return TaskSucceeded{request.parameters, std::move(writes)};
  };
  const std::string send = R"({"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage",)";
  world.run([&](Engine& engine) {
    const auto result =
        world.execute(engine,
                      R"({"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[
          {"StartAt":"A","States":{"A":)" +
                          send + R"("Next":"B"},"B":)" + send + R"("End":true}}},
          {"StartAt":"C","States":{"C":)" +
                          send + R"("Next":"D"},
            "D":{"Type":"Task","Resource":"arn:aws:states:::sns:publish","End":true}}}],"End":true}}})",
                      R"({"a":1})");
    CHECK(result.output == R"([{"a":1},{"a":1}])");
    CHECK(held == 0);
    int decided = 0;
    for (auto row = world.store->scan("decided/", "decided0"); row->valid(); row->next()) {
      ++decided;
    }
    CHECK(decided == 4);  // D's handler takes its time, and still has writes
  });
}

TEST_CASE("a thousand executions at once all end, in two commits each", "[engine][task]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    world.create(engine, "m", task(""));
    std::vector<ExecutionNumber> numbers;
    for (int i = 0; i < 1000; ++i) {
      runtime::Shard::current()->spawn_when_possible([&] {
        StartRequest request;
        request.machine = "m";
        const auto started = engine.start(request);
        REQUIRE(started.has_value());
        numbers.push_back(started->number);
      });
    }
    while (numbers.size() < 1000) runtime::sleep_for(std::chrono::milliseconds(1));
    for (const ExecutionNumber number : numbers) {
      CHECK(world.wait_until_ended(engine, number).record.status == ExecutionStatus::kSucceeded);
    }
    const auto statistics = engine.options().journal->statistics();
    CHECK(statistics.commits == 2001);  // and one of the machine
  });
}

}  // namespace pawl::engine::testing
