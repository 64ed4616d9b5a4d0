// What executions log, and the API that reads it.
#include "service/logs/execution_log.h"
#include "tests/service/world.h"

#include <fmt/format.h>

namespace pawl::service::test {

namespace {

const std::string kGroup = "/aws/vendedlogs/states/g";
const std::string kGroupArn =
    "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/g";
const std::string kFail =
    R"({"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"C"}}})";

Reply logs(Client& client, std::string_view operation, const std::string& body) {
  runtime::HttpCall call;
  call.method = "POST";
  call.headers.add("Content-Type", "application/x-amz-json-1.1");
  call.headers.add("X-Amz-Target", "Logs_20140328." + std::string(operation));
  call.body = body;
  return client.send(std::move(call));
}

std::string create_logging(Client& client, const std::string& name, const std::string& definition,
                           const std::string& level, bool data,
                           const std::string& type = "STANDARD") {
  asl::ObjectBuilder body;
  body.set("name", asl::Value::string(name));
  body.set("definition", asl::Value::string(definition));
  body.set("roleArn", asl::Value::string(kRole));
  body.set("type", asl::Value::string(type));
  const auto logging =
      asl::read_json(fmt::format(R"({{"level":"{}","includeExecutionData":{},"destinations":)"
                                 R"([{{"cloudWatchLogsLogGroup":{{"logGroupArn":"{}:*"}}}}]}})",
                                 level, data, kGroupArn));
  body.set("loggingConfiguration", *logging);
  const Reply made = client("CreateStateMachine", asl::to_json(std::move(body).build()));
  INFO(made.text);
  REQUIRE(made.status == 200);
  return made.member("stateMachineArn");
}

// The messages of all streams of the group, once there are `count`.
std::vector<asl::Value> messages(Client& client, std::size_t count) {
  std::vector<asl::Value> found;
  for (int tries = 0; tries < 400; ++tries) {
    found.clear();
    const Reply events = logs(client, "FilterLogEvents", R"({"logGroupName":")" + kGroup + "\"}");
    for (const asl::Value& event : events.body.find("events")->items()) {
      found.push_back(*asl::read_json(event.find("message")->as_string()));
    }
    if (found.size() >= count) break;
    runtime::sleep_for(std::chrono::milliseconds(5));
  }
  return found;
}

std::vector<std::string> types(const std::vector<asl::Value>& messages) {
  std::vector<std::string> types;
  for (const asl::Value& one : messages) types.emplace_back(one.find("type")->as_string());
  return types;
}

}  // namespace

TEST_CASE("every event is logged at ALL, with its data if asked for", "[service][logs]") {
  World().run([](Client& client) {
    logs(client, "CreateLogGroup", R"({"logGroupName":")" + kGroup + "\"}");
    const std::string arn = create_logging(client, "m", kPass, "ALL", true);
    const Reply started = client("StartExecution", {{"stateMachineArn", arn}, {"input", "[1]"}});
    const auto logged = messages(client, 4);
    CHECK(types(logged) == std::vector<std::string>{"ExecutionStarted", "PassStateEntered",
                                                    "PassStateExited", "ExecutionSucceeded"});
    REQUIRE(logged.size() == 4);
    const asl::Value& last = logged[3];
    CHECK(last.find("id")->as_string() == "4");
    CHECK(last.find("previous_event_id")->as_string() == "3");
    CHECK(last.find("redrive_count")->as_string() == "0");
    CHECK(last.find("execution_arn")->as_string() == started.member("executionArn"));
    CHECK(asl::to_json(*last.find("details")) ==
          R"({"output":"[1]","outputDetails":{"truncated":false}})");
  });
}

TEST_CASE("levels and includeExecutionData leave out what they say", "[service][logs]") {
  World().run([](Client& client) {
    logs(client, "CreateLogGroup", R"({"logGroupName":")" + kGroup + "\"}");
    const auto run = [&](const std::string& name, const std::string& level) {
      client.ended(client.start(create_logging(client, name, kFail, level, false)));
      runtime::sleep_for(std::chrono::milliseconds(2));  // another millisecond for each
    };
    run("off", "OFF");
    run("fatal", "FATAL");
    run("error", "ERROR");
    const auto logged = messages(client, 3);
    CHECK(types(logged) ==
          std::vector<std::string>{"ExecutionFailed", "FailStateEntered", "ExecutionFailed"});
    CHECK(asl::to_json(*logged[1].find("details")) == R"({"name":"F"})");
    CHECK(asl::to_json(*logged[2].find("details")) == R"({"error":"E","cause":"C"})");
  });
}

TEST_CASE("Express executions log their history when they end", "[service][logs]") {
  World().run([](Client& client) {
    logs(client, "CreateLogGroup", R"({"logGroupName":")" + kGroup + "\"}");
    const std::string arn = create_logging(client, "m", kPass, "ALL", true, "EXPRESS");
    client.start(arn);
    client("StartSyncExecution", {{"stateMachineArn", arn}});
    CHECK(types(messages(client, 8)).size() == 8);
  });
}

TEST_CASE("large payloads are cut in the log, and marked", "[service][logs]") {
  const auto event =
      asl::read_json(R"({"id":1,"previousEventId":0,"timestamp":1.5,"type":"ExecutionStarted",)"
                     R"("executionStartedEventDetails":{"input":")" +
                     std::string(250'000, 'x') + R"(","inputDetails":{"truncated":false}}})");
  REQUIRE(event);
  const asl::Value record = log_record(*event, "arn", 0, true);
  CHECK(record.find("details")->find("input")->as_string().size() == 248'000);
  CHECK(asl::to_json(*record.find("details")->find("inputDetails")) == R"({"truncated":true})");
  CHECK(record.find("event_timestamp")->as_string() == "1500");
}

TEST_CASE("a log destination must be there", "[service][logs]") {
  World().run([](Client& client) {
    const Reply refused = client(
        "CreateStateMachine",
        fmt::format(R"({{"name":"m","definition":"{{}}","roleArn":"{}","loggingConfiguration":)"
                    R"({{"level":"ALL","destinations":[{{"cloudWatchLogsLogGroup":)"
                    R"({{"logGroupArn":"{}:*"}}}}]}}}})",
                    kRole, kGroupArn));
    CHECK(refused.message() == "Invalid Logging Configuration: Log Destination not found.");
  });
}

TEST_CASE("log groups, streams and events can be made and read by clients", "[service][logs]") {
  World world;
  world.run([](Client& client) {
    const std::string group = R"({"logGroupName":"g")";
    CHECK(logs(client, "CreateLogGroup", group + "}").text == "{}");
    CHECK(logs(client, "CreateLogGroup", group + "}").error() == "ResourceAlreadyExistsException");
    CHECK(logs(client, "CreateLogGroup", R"({"logGroupName":"a b"})").error() ==
          "InvalidParameterException");
    const std::string stream = group + R"(,"logStreamName":"s")";
    CHECK(logs(client, "CreateLogStream", stream + "}").text == "{}");
    CHECK(logs(client, "PutLogEvents",
               stream + R"(,"logEvents":[{"timestamp":1,"message":"one"},)"
                        R"({"timestamp":2,"message":"two"}]})")
              .status == 200);
  });
  world.run([](Client& client) {
    const std::string stream = R"({"logGroupName":"g","logStreamName":"s")";
    const Reply head = logs(client, "GetLogEvents", stream + R"(,"startFromHead":true,"limit":1})");
    CHECK(head.count("events") == 1);
    const Reply rest = logs(client, "GetLogEvents",
                            stream + R"(,"startFromHead":true,"nextToken":")" +
                                head.member("nextForwardToken") + "\"}");
    CHECK(rest.text.find("two") != std::string::npos);
    const Reply end = logs(client, "GetLogEvents",
                           stream + R"(,"startFromHead":true,"nextToken":")" +
                               rest.member("nextForwardToken") + "\"}");
    CHECK(end.count("events") == 0);
    CHECK(end.member("nextForwardToken") == rest.member("nextForwardToken"));
    CHECK(logs(client, "FilterLogEvents", R"({"logGroupName":"g","filterPattern":"tw"})")
              .count("events") == 1);
    CHECK(logs(client, "DescribeLogStreams", R"({"logGroupName":"g"})").count("logStreams") == 1);
    const Reply groups = logs(client, "DescribeLogGroups", R"({"logGroupNamePrefix":"g"})");
    CHECK(groups.text.find("arn:aws:logs:us-east-1:123456789012:log-group:g:*") !=
          std::string::npos);
    CHECK(logs(client, "DeleteLogGroup", R"({"logGroupName":"g"})").text == "{}");
    CHECK(logs(client, "DescribeLogStreams", R"({"logGroupName":"g"})").error() ==
          "ResourceNotFoundException");
    CHECK(logs(client, "Nonsense", "{}").error() == "UnknownOperationException");
  });
}

}  // namespace pawl::service::test
