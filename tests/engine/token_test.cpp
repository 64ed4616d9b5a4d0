// Task tokens: who has one may answer once, with heartbeats in between.
#include "engine/token.h"

#include "runtime/fiber/shard.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

namespace pawl::engine::testing {

using Lines = std::vector<std::string>;

namespace {

constexpr const char* kCallback = R"({"StartAt":"T","States":{"T":{"Type":"Task",
  "Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",
  "Parameters":{"t.$":"$$.Task.Token"},"HeartbeatSeconds":10,"End":true}}})";

}  // namespace

TEST_CASE("a token survives its encoding, and nothing else is one", "[engine][token]") {
  const TaskToken token{0x0123456789ABCDEF, 7, 42, std::string(kNonceBytes, 'n')};
  const std::string text = encode_token(token);
  const auto back = decode_token(text);
  REQUIRE(back.has_value());
  CHECK(back->execution == token.execution);
  CHECK(back->branch == token.branch);
  CHECK(back->scheduled_event == token.scheduled_event);
  CHECK(back->nonce == token.nonce);
  CHECK_FALSE(decode_token("").has_value());
  CHECK_FALSE(decode_token("abcd").has_value());
  CHECK_FALSE(decode_token(text.substr(4)).has_value());
  CHECK_FALSE(decode_token(text + "AAAA").has_value());
  CHECK_FALSE(decode_token(std::string(text.size(), '*')).has_value());
}

TEST_CASE("a callback waits for its token, lives by heartbeats, and ends once", "[engine][token]") {
  FakeWorld world;
  std::string token;
  world.tasks.answer = [&](const TaskRequest& request) -> Outcome {
    token = request.task_token;
    CHECK(std::string(request.parameters.value().find("t")->as_string()) == token);
    return TaskSubmitted{asl::Payload::of_text("{}"), {}, {}};
  };
  world.run([&](Engine& engine) {
    world.create(engine, "m", kCallback);
    StartRequest request;
    request.machine = "m";
    const auto started = engine.start(request);
    REQUIRE(started.has_value());
    for (int i = 0; i < 5; ++i) {
      runtime::sleep_for(std::chrono::seconds(8));
      CHECK(engine.task_heartbeat(token).has_value());
    }
    CHECK(engine.task_success(token, R"({"r":1})").has_value());
    CHECK(engine.task_success(token, R"({"r":2})").error().code == ErrorCode::kTimeout);
    CHECK(engine.task_success("nonsense", "1").error().code == ErrorCode::kInvalid);
    const auto result = world.wait_until_ended(engine, started->number);
    CHECK(result.output == R"({"r":1})");
    CHECK(world.history(engine, started->number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 TaskStateEntered", "3<-2 TaskScheduled",
                "4<-3 TaskStarted", "5<-4 TaskSubmitted", "6<-5 TaskSucceeded",
                "7<-6 TaskStateExited", "8<-7 ExecutionSucceeded"});
  });
}

TEST_CASE("a missed heartbeat times the task out", "[engine][token]") {
  FakeWorld world;
  world.tasks.answer = [&](const TaskRequest&) -> Outcome {
    return TaskSubmitted{asl::Payload::of_text("{}"), {}, {}};
  };
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, kCallback);
    CHECK(result.record.failure.error == "States.Timeout");
    CHECK(world.history(engine, result.number)[5] == "6<-5 TaskTimedOut");
  });
}

TEST_CASE("a flood of answers to one execution is refused past its bound", "[engine][token]") {
  FakeWorld world;
  world.limits.mailbox_messages = 3;
  std::string token;
  world.tasks.answer = [&](const TaskRequest& request) -> Outcome {
    token = request.task_token;
    return TaskSubmitted{asl::Payload::of_text("{}"), {}, {}};
  };
  world.run([&](Engine& engine) {
    world.create(engine, "m", kCallback);
    StartRequest request;
    request.machine = "m";
    REQUIRE(engine.start(request).has_value());
    while (token.empty()) runtime::sleep_for(std::chrono::milliseconds(1));
    int refused = 0;
    int ended = 0;
    for (int i = 0; i < 20; ++i) {
      runtime::Shard::current()->spawn_when_possible([&] {
        const Status answered = engine.task_heartbeat(token);
        if (!answered && answered.error().code == ErrorCode::kLimit) ++refused;
        ++ended;
      });
    }
    while (ended < 20) runtime::sleep_for(std::chrono::milliseconds(1));
    CHECK(refused > 0);
    CHECK(engine.task_success(token, "1").has_value());  // and it is not stuck
  });
}

TEST_CASE("a worker's failure without names shows null to the catcher", "[engine][token]") {
  FakeWorld world;
  std::string token;
  world.tasks.answer = [&](const TaskRequest& request) -> Outcome {
    token = request.task_token;
    return TaskSubmitted{asl::Payload::of_text("{}"), {}, {}};
  };
  world.run([&](Engine& engine) {
    world.create(engine, "m", R"({"StartAt":"T","States":{"T":{"Type":"Task",
      "Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      "Parameters":{"t.$":"$$.Task.Token"},
      "Catch":[{"ErrorEquals":["States.ALL"],"Next":"S"}],"End":true},"S":{"Type":"Succeed"}}})");
    StartRequest request;
    request.machine = "m";
    const auto started = engine.start(request);
    REQUIRE(started.has_value());
    while (token.empty()) runtime::sleep_for(std::chrono::milliseconds(1));
    runtime::sleep_for(std::chrono::milliseconds(10));
    CHECK(engine.task_failure(token, {}).has_value());
    CHECK(world.wait_until_ended(engine, started->number).output ==
          R"({"Error":null,"Cause":null})");
  });
}

}  // namespace pawl::engine::testing
