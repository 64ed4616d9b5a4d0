#include "service/test_state/mock_schema.h"

#include "asl/json/reader.h"
#include "asl/parse/resource.h"
#include "tests/catch.h"

#include <string>

namespace pawl::service {

namespace {

std::optional<MockedApi> api_of(const std::string& action) {
  const auto resource = asl::parse_resource("arn:aws:states:::" + action);
  REQUIRE(resource);
  return mocked_api(*resource);
}

// What is wrong with `result` as the answer of `action`; empty: nothing.
std::string problem(const std::string& action, const std::string& result, bool strict = true) {
  INFO(action);
  const auto api = api_of(action);
  REQUIRE(api);
  return schema_problem(*api, *asl::read_json(result), strict).value_or("");
}

}  // namespace

TEST_CASE("a mocked result has the types of the API's answer", "[service][test_state]") {
  CHECK(problem("events:putEvents", R"({"Entries": [{"EventId": "1"}]})").empty());
  CHECK(problem("events:putEvents", R"({"Entries": [{"EventId": 1}]})") ==
        "Field 'EventId' must be a string");
  CHECK(problem("events:putEvents", R"({"Entries": {}})") == "Field 'Entries' must be an array");
  CHECK(problem("events:putEvents", R"({"FailedEntryCount": true})") ==
        "Field 'FailedEntryCount' must be a number");
  CHECK(problem("lambda:invoke", R"({"Payload": {"a": 1}})") == "Field 'Payload' must be a string");
  CHECK(problem("dynamodb:getItem", R"({"Item": {"id": {"S": 1}}})") ==
        "Field 'S' must be a string");
  CHECK(problem("dynamodb:getItem", R"({"Item": {"id": "x"}})") == "Field 'id' must be an object");
  CHECK(problem("aws-sdk:s3:getObject", R"({"DeleteMarker": "yes"})") ==
        "Field 'DeleteMarker' must be a boolean");
  CHECK(problem("aws-sdk:s3:getObject", R"({"LastModified": 1700000000})") ==
        "Field 'LastModified' must be a string");
}

TEST_CASE("a mocked result keeps the API's bounds and enums", "[service][test_state]") {
  const std::string get = "aws-sdk:lambda:getFunction";
  CHECK(problem(get, R"({"Configuration": {"MemorySize": 128}})").empty());
  CHECK(problem(get, R"({"Configuration": {"MemorySize": 127}})") ==
        "Field 'MemorySize' is less than the minimum value");
  CHECK(problem(get, R"({"Configuration": {"MemorySize": 10241}})") ==
        "Field 'MemorySize' exceeds the maximum value");
  CHECK(problem(get, R"({"Configuration": {"State": "Sleepy"}})") ==
        "Field 'State' is not an expected value");
  CHECK(problem("aws-sdk:kms:encrypt", R"({"CiphertextBlob": ""})") ==
        "Field 'CiphertextBlob' is smaller than the minimum length");
  CHECK(problem("aws-sdk:kms:encrypt", R"({"KeyId": ")" + std::string(2049, 'x') + R"("})") ==
        "Field 'KeyId' exceeds the maximum length");
}

TEST_CASE("required members must be there in STRICT mode alone", "[service][test_state]") {
  CHECK(problem("states:startExecution", R"({"executionArn": "a", "startDate": "b"})") ==
        "Required field 'ExecutionArn' is missing");
  CHECK(problem("states:startExecution", R"({"ExecutionArn": "a"})") ==
        "Required field 'StartDate' is missing");
  CHECK(problem("states:startExecution", R"({"ExecutionArn": "a"})", false).empty());
  CHECK(problem("states:startExecution", R"({"ExecutionArn": 1})", false) ==
        "Field 'ExecutionArn' must be a string");
}

TEST_CASE("a job is mocked by the answer that is polled for", "[service][test_state]") {
  CHECK(problem("states:startExecution.sync:2", R"({"ExecutionArn": "a", "StartDate": "b"})") ==
        "Required field 'StateMachineArn' is missing");
  CHECK(problem("glue:startJobRun.sync", R"({"JobRun": {"JobRunState": "DONE"}})") ==
        "Field 'JobRunState' is not an expected value");
}

TEST_CASE("members go by their names in the Java SDK too", "[service][test_state]") {
  const std::string describe = "aws-sdk:rds:describeDBInstances";
  CHECK(problem(describe, R"({"DBInstances": 1})") == "Field 'DBInstances' must be an array");
  CHECK(problem(describe, R"({"DbInstances": 1})") == "Field 'DbInstances' must be an array");
  CHECK(problem(describe, R"({"DbInstances": [{"KmsKeyId": 1}]})") ==
        "Field 'KmsKeyId' must be a string");
}

TEST_CASE("what has no model is not checked", "[service][test_state]") {
  CHECK_FALSE(api_of("http:invoke"));
  CHECK_FALSE(api_of("apigateway:invoke"));
  CHECK_FALSE(api_of("eks:runJob.sync"));
  CHECK_FALSE(api_of("sqs:sendMessage.waitForTaskToken"));
  CHECK_FALSE(api_of("aws-sdk:nosuch:thing"));
  CHECK_FALSE(api_of("aws-sdk:s3:noSuchThing"));
  CHECK_FALSE(mocked_api(*asl::parse_resource("arn:aws:lambda:us-east-1:1:function:f")));
}

TEST_CASE("a mock as deep as JSON may be needs no deep stack", "[service][test_state]") {
  std::string value = R"({"S": 1})";
  for (int i = 0; i < 120; ++i) value = R"({"L": [)" + value + "]}";
  CHECK(problem("dynamodb:getItem", R"({"Item": {"a": )" + value + "}}") ==
        "Field 'S' must be a string");
}

}  // namespace pawl::service
