// Workers of activities: long polls, the order of the queue, what survives.
#include "runtime/net/socket.h"
#include "tests/service/world.h"

namespace pawl::service::test {

namespace {

const std::string kActivityArn = "arn:aws:states:us-east-1:123456789012:activity:a";

std::string activity_machine(const std::string& rest = "") {
  return R"({"StartAt":"A","States":{"A":{"Type":"Task","Resource":")" + kActivityArn + "\"" +
         rest + R"(,"End":true}}})";
}

Reply poll(Client& client, const std::string& worker = "w") {
  return client("GetActivityTask", {{"activityArn", kActivityArn}, {"workerName", worker}});
}

std::string start(Client& client, const std::string& machine, const std::string& input) {
  return client("StartExecution", {{"stateMachineArn", machine}, {"input", input}})
      .member("executionArn");
}

std::string history(Client& client, const std::string& execution) {
  return client("GetExecutionHistory", {{"executionArn", execution}}).text;
}

}  // namespace

TEST_CASE("a worker gets a task whose start is in the history", "[service][activities]") {
  World().run([](Client& client) {
    client("CreateActivity", {{"name", "a"}});
    const std::string machine = client.create("m", activity_machine(R"(,"TimeoutSeconds":60)"));
    const std::string execution = start(client, machine, R"({"n":1})");
    const Reply task = poll(client, "worker-7");
    CHECK(task.member("input") == R"({"n":1})");
    const std::string events = history(client, execution);
    CHECK(events.find(R"("activityStartedEventDetails":{"workerName":"worker-7"})") !=
          std::string::npos);
    CHECK(events.find(R"("timeoutInSeconds":60)") != std::string::npos);
    CHECK(client("SendTaskHeartbeat", {{"taskToken", task.member("taskToken")}}).text == "{}");
    CHECK(client("SendTaskSuccess", {{"taskToken", task.member("taskToken")}, {"output", "[2]"}})
              .text == "{}");
    CHECK(client.ended(execution).member("output") == "[2]");
    CHECK(client("SendTaskSuccess", {{"taskToken", task.member("taskToken")}, {"output", "3"}})
              .error() == "TaskTimedOut");
  });
}

TEST_CASE("a waiting worker is called when a task comes, first come first served",
          "[service][activities]") {
  World().run([](Client& client, Service& service) {
    client("CreateActivity", {{"name", "a"}});
    const std::string machine = client.create("m", activity_machine());
    std::vector<std::string> got;
    int waiting = 0;
    runtime::Shard& shard = *runtime::Shard::current();
    for (int worker = 0; worker < 3; ++worker) {
      REQUIRE(shard.spawn([&, worker] {
        Client own(shard, service.port());
        ++waiting;
        const Reply task = poll(own, "w" + std::to_string(worker));
        got.push_back(std::to_string(worker) + task.member("input"));
      }));
      runtime::sleep_for(std::chrono::milliseconds(30));
    }
    REQUIRE(waiting == 3);
    CHECK(got.empty());
    for (int i = 0; i < 3; ++i) {
      start(client, machine, std::to_string(i));
      for (int left = 400; left > 0 && got.size() < static_cast<std::size_t>(i) + 1; --left) {
        runtime::sleep_for(std::chrono::milliseconds(5));
      }
    }
    CHECK(got == std::vector<std::string>{"00", "11", "22"});
  });
}

TEST_CASE("queued tasks survive a restart in their order", "[service][activities]") {
  World world;
  std::string machine;
  world.run([&](Client& client) {
    client("CreateActivity", {{"name", "a"}});
    machine = client.create("m", activity_machine());
    for (int i = 0; i < 5; ++i) {
      start(client, machine, std::to_string(i));
      runtime::sleep_for(std::chrono::milliseconds(2));  // another millisecond for each
    }
    CHECK(poll(client).member("input") == "0");
  });
  world.run([&](Client& client) {
    for (int i = 1; i < 5; ++i) CHECK(poll(client).member("input") == std::to_string(i));
  });
}

TEST_CASE("a worker that hung up gets no task", "[service][activities]") {
  World().run([](Client& client, Service& service) {
    client("CreateActivity", {{"name", "a"}});
    const std::string machine = client.create("m", activity_machine());
    {
      auto stream =
          runtime::connect("127.0.0.1", service.port(),
                           runtime::Shard::current()->clock().after(std::chrono::seconds(5)));
      REQUIRE(stream);
      const std::string body = R"({"activityArn":")" + kActivityArn + R"(","workerName":"gone"})";
      auto connection = std::move(*stream);
      REQUIRE(connection.write_all(
          "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.GetActivityTask\r\n"
          "Content-Type: application/x-amz-json-1.0\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body,
          runtime::Shard::current()->clock().after(std::chrono::seconds(5))));
      runtime::sleep_for(std::chrono::milliseconds(50));
      connection.close();
    }
    runtime::sleep_for(std::chrono::milliseconds(50));
    const std::string execution = start(client, machine, "1");
    CHECK(poll(client, "here").member("input") == "1");
    CHECK(history(client, execution).find("gone") == std::string::npos);
  });
}

TEST_CASE("a stopped execution takes its task out of the queue", "[service][activities]") {
  World().run([](Client& client) {
    client("CreateActivity", {{"name", "a"}});
    const std::string machine = client.create("m", activity_machine());
    const std::string first = start(client, machine, "1");
    start(client, machine, "2");
    client("StopExecution", {{"executionArn", first}});
    CHECK(poll(client).member("input") == "2");
  });
}

TEST_CASE("an activity has up to 1000 workers", "[service][activities]") {
  World().run([](Client& client, Service& service) {
    client("CreateActivity", {{"name", "a"}});
    runtime::Shard& shard = *runtime::Shard::current();
    int answered = 0;
    for (int worker = 0; worker < 1000; ++worker) {
      REQUIRE(shard.spawn([&] {
        const auto task = service.api().engine().activities().poll("a", "w", runtime::kNever,
                                                                   [] { return false; });
        CHECK(task);
        ++answered;
      }));
    }
    runtime::sleep_for(std::chrono::milliseconds(10));
    CHECK(poll(client).error() == "ActivityWorkerLimitExceeded");
    service.api().engine().activities().close();
    runtime::sleep_for(std::chrono::milliseconds(10));
    CHECK(answered == 1000);
  });
}

TEST_CASE("polling an activity that is not there is refused", "[service][activities]") {
  World().run([](Client& client) {
    CHECK(poll(client).message() == "Activity Does Not Exist: '" + kActivityArn + "'");
    CHECK(client("GetActivityTask", {{"activityArn", "x"}}).message() ==
          "Invalid Arn: 'Invalid ARN prefix: x'");
  });
}

}  // namespace pawl::service::test
