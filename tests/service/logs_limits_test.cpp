// The bounds of what executions log: groups, streams, events, messages, Express histories.
#include "service/logs/log_store.h"
#include "tests/service/world.h"

#include <fmt/format.h>

namespace pawl::service::test {

namespace {

const std::string kGroup = "/aws/vendedlogs/states/g";

Reply logs(Client& client, std::string_view operation, const std::string& body) {
  runtime::HttpCall call;
  call.method = "POST";
  call.headers.add("Content-Type", "application/x-amz-json-1.1");
  call.headers.add("X-Amz-Target", "Logs_20140328." + std::string(operation));
  call.body = body;
  return client.send(std::move(call));
}

std::vector<LogEvent> events_of(std::size_t count, const std::string& message) {
  std::vector<LogEvent> events(count);
  for (LogEvent& event : events) event.message = message;
  return events;
}

}  // namespace

TEST_CASE("there are no more than so many log groups, and those that are there can be changed",
          "[service][logs][limits]") {
  World().run([](Client& client, Service& service) {
    LogStore& store = service.api().logs().store();
    const auto put = [&](std::size_t number) {
      return store.put_group({.name = fmt::format("g{:05}", number), .creation = {}});
    };
    // What the check reads grows with the groups: all but a few at once.
    runtime::Batch batch;
    REQUIRE(put(0));
    const auto row = service.api().engine().options().store->get("Slgg00000");
    REQUIRE((row && *row));
    for (std::size_t i = 1; i < LogStore::kGroupsMax - 1; ++i) {
      batch.put(fmt::format("Slgg{:05}", i), **row);
    }
    REQUIRE(service.api().engine().commit(batch));
    CHECK(put(LogStore::kGroupsMax - 1));
    CHECK(put(LogStore::kGroupsMax).error().code == ErrorCode::kLimit);
    CHECK(logs(client, "CreateLogGroup", R"({"logGroupName":"more"})").error() ==
          "LimitExceededException");
    CHECK(store.put_group({.name = "g00007", .creation = {}, .retention_days = 3}));
    CHECK((*store.group("g00007"))->retention_days == 3);
    REQUIRE(store.erase_group("g00000"));
    CHECK(put(LogStore::kGroupsMax));
  });
}

TEST_CASE("a group's oldest stream makes room for a new one", "[service][logs][limits]") {
  World().run([](Client& /*client*/, Service& service) {
    LogStore& store = service.api().logs().store();
    REQUIRE(store.put_group({.name = kGroup, .creation = {}}));
    REQUIRE(store.append(kGroup, "first", events_of(1, "x")));
    runtime::sleep_for(std::chrono::milliseconds(3));  // it is the oldest by the clock
    for (std::size_t i = 1; i < LogStore::kStreamsMax; ++i) {
      REQUIRE(store.create_stream(kGroup, fmt::format("s{:04}", i)));
    }
    CHECK(*store.has_stream(kGroup, "first"));
    REQUIRE(store.append(kGroup, "last", events_of(1, "y")));
    CHECK_FALSE(*store.has_stream(kGroup, "first"));
    CHECK(store.events(kGroup, "first", 0, 10)->empty());
    CHECK(store.streams(kGroup, "", "", 10'000)->size() == LogStore::kStreamsMax);
  });
}

TEST_CASE("a stream keeps its newest events", "[service][logs][limits]") {
  World().run([](Client& /*client*/, Service& service) {
    LogStore& store = service.api().logs().store();
    REQUIRE(store.put_group({.name = kGroup, .creation = {}}));
    for (int i = 0; i < 10; ++i) {
      REQUIRE(store.append(kGroup, "s", events_of(LogStore::kEventsMax / 10, "old")));
    }
    REQUIRE(store.append(kGroup, "s", events_of(7, "new")));
    runtime::Batch nothing;
    nothing.put("Slx", "");
    REQUIRE(service.api().engine().commit(nothing));  // what was appended before is there now
    const auto oldest = store.events(kGroup, "s", 0, 1);
    REQUIRE(oldest->size() == 1);
    CHECK(oldest->front().number == 8);
    const auto newest = store.events_before(kGroup, "s", UINT64_MAX, 8);
    CHECK(newest->back().number == LogStore::kEventsMax + 7);
    CHECK(newest->front().message == "old");
  });
}

TEST_CASE("a message is cut at a character, and pages by their size", "[service][logs][limits]") {
  World().run([](Client& client, Service& service) {
    LogStore& store = service.api().logs().store();
    REQUIRE(store.put_group({.name = kGroup, .creation = {}}));
    std::string message = "x";
    while (message.size() <= LogStore::kMessageMax) message += "\xC3\xA9";  // one byte over
    REQUIRE(store.append(kGroup, "s", events_of(3, message)));
    runtime::Batch nothing;
    nothing.put("Slx", "");
    REQUIRE(service.api().engine().commit(nothing));
    const Reply read = logs(client, "GetLogEvents",
                            fmt::format(R"({{"logGroupName":"{}","logStreamName":"s"}})", kGroup));
    REQUIRE(read.status == 200);
    REQUIRE(read.count("events") == 2);  // a page ends when it has a megabyte
    const std::string shown(read.body.find("events")->items()[0].find("message")->as_string());
    CHECK(shown.size() == LogStore::kMessageMax - 1);
    CHECK(shown == message.substr(0, shown.size()));
  });
}

TEST_CASE("an Express history that outgrows its bound is not logged, others are",
          "[service][logs][limits]") {
  World world;
  world.limits.express_history_bytes = 2'000;
  world.run([](Client& client, Service& service) {
    logs(client, "CreateLogGroup", R"({"logGroupName":")" + kGroup + "\"}");
    const Reply made =
        client("CreateStateMachine",
               fmt::format(R"({{"name":"m","definition":{},"roleArn":"{}","type":"EXPRESS",)"
                           R"("loggingConfiguration":{{"level":"ALL","includeExecutionData":true,)"
                           R"("destinations":[{{"cloudWatchLogsLogGroup":{{"logGroupArn":)"
                           R"("arn:aws:logs:us-east-1:123456789012:log-group:{}:*"}}}}]}}}})",
                           asl::to_json(asl::Value::string(kPass)), kRole, kGroup));
    REQUIRE(made.status == 200);
    const std::string machine = made.member("stateMachineArn");
    const auto run = [&](std::size_t bytes) {
      const std::string input = '"' + std::string(bytes, 'x') + '"';
      const Reply ended =
          client("StartSyncExecution", {{"stateMachineArn", machine}, {"input", input}});
      CHECK(ended.member("output") == input);
    };
    run(5'000);
    run(100);
    std::size_t logged = 0;
    for (int tries = 0; tries < 400 && logged < 4; ++tries) {
      runtime::sleep_for(std::chrono::milliseconds(5));
      logged =
          logs(client, "FilterLogEvents", R"({"logGroupName":")" + kGroup + "\"}").count("events");
    }
    CHECK(logged == 4);
    CHECK(service.execution_log().dropped() == 0);
  });
}

}  // namespace pawl::service::test
