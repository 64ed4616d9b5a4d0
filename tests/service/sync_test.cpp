// StartSyncExecution: Express executions whose end is the answer.
#include "tests/service/world.h"

namespace pawl::service::test {

TEST_CASE("a synchronous execution answers with its output", "[service][sync]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m", kPass, "EXPRESS");
    const Reply ended = client("StartSyncExecution",
                               {{"stateMachineArn", arn}, {"name", "e"}, {"input", R"({"a":1})"}});
    REQUIRE(ended.status == 200);
    CHECK(ended.member("executionArn")
              .starts_with("arn:aws:states:us-east-1:123456789012:express:m:e:"));
    CHECK(ended.member("stateMachineArn") == arn);
    CHECK(ended.member("status") == "SUCCEEDED");
    CHECK(ended.member("output") == R"({"a":1})");
    CHECK(ended.member("outputDetails") == R"({"included":true})");
    CHECK(ended.member("billingDetails") ==
          R"({"billedMemoryUsedInMB":64,"billedDurationInMilliseconds":100})");
    const Reply brief =
        client("StartSyncExecution", {{"stateMachineArn", arn}, {"includedData", "METADATA_ONLY"}});
    CHECK(brief.body.find("output") == nullptr);
    CHECK(brief.member("inputDetails") == R"({"included":false})");
  });
}

TEST_CASE("a synchronous execution that fails answers 200 with the failure", "[service][sync]") {
  World().run([](Client& client) {
    const std::string arn = client.create(
        "m", R"({"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"C"}}})",
        "EXPRESS");
    const Reply ended = client("StartSyncExecution", {{"stateMachineArn", arn}});
    CHECK(ended.status == 200);
    CHECK(ended.member("status") == "FAILED");
    CHECK(ended.member("error") == "E");
    CHECK(ended.member("cause") == "C");
    CHECK(ended.body.find("output") == nullptr);
  });
}

TEST_CASE("a synchronous execution ends with its machine's timeout", "[service][sync]") {
  World().run([](Client& client) {
    const std::string arn = client.create(
        "m",
        R"({"TimeoutSeconds":1,"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":9,"End":true}}})",
        "EXPRESS");
    const Reply ended = client("StartSyncExecution", {{"stateMachineArn", arn}});
    CHECK(ended.member("status") == "TIMED_OUT");
  });
}

TEST_CASE("only Express machines run synchronously", "[service][sync]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m");
    CHECK(client("StartSyncExecution", {{"stateMachineArn", arn}}).error() ==
          "StateMachineTypeNotSupported");
    CHECK(client("StartSyncExecution", {{"stateMachineArn", arn + "x"}}).error() ==
          "StateMachineDoesNotExist");
  });
}

}  // namespace pawl::service::test
