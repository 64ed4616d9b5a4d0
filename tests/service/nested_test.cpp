// Nested workflows and the API as SDK integrations (connectors/states), end to end.
#include "tests/service/world.h"

namespace pawl::service::test {

namespace {

std::string task(const std::string& resource, const std::string& parameters) {
  return R"({"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::)" + resource +
         R"(","Parameters":)" + parameters + R"(,"End":true}}})";
}

asl::Value output_of(const Reply& ended) {
  INFO(ended.text);
  REQUIRE(ended.member("status") == "SUCCEEDED");
  const auto read = asl::read_json(ended.member("output"));
  REQUIRE(read.has_value());
  return *read;
}

std::string text_member(const asl::Value& object, std::string_view name) {
  const asl::Value* value = object.find(name);
  if (value == nullptr) return {};
  return value->is_string() ? std::string(value->as_string()) : asl::to_json(*value);
}

const std::string kFail =
    R"({"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Broken","Cause":"because"}}})";

}  // namespace

TEST_CASE("startExecution answers the call with the SDK's metadata", "[service][nested]") {
  World().run([](Client& client) {
    const std::string child = client.create("child");
    const std::string parent = client.create(
        "parent", task("states:startExecution",
                       R"({"StateMachineArn":")" + child + R"(","Input":{"a":1},"Name":"c"})"));
    const asl::Value output = output_of(client.ended(client.start(parent)));
    const std::string arn = text_member(output, "ExecutionArn");
    CHECK(arn == "arn:aws:states:us-east-1:123456789012:execution:child:c");
    CHECK(output.find("StartDate")->is_int());
    CHECK(text_member(*output.find("SdkHttpMetadata"), "HttpStatusCode") == "200");
    CHECK(text_member(*output.find("SdkResponseMetadata"), "RequestId").size() == 36);
    CHECK(client.ended(arn).member("input") == R"({"a":1})");
  });
}

TEST_CASE("a .sync task waits for its child and shows it", "[service][nested]") {
  World().run([](Client& client) {
    // The child ends later than its parent's TaskSubmitted.
    const std::string child = client.create(
        "child", R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1,"Next":"P"},)"
                 R"("P":{"Type":"Pass","Result":{"x":1},"End":true}}})");
    const std::string parameters = R"({"StateMachineArn":")" + child + R"(","Input":{"a":1}})";
    const std::string text = client.create("text", task("states:startExecution.sync", parameters));
    const std::string parsed =
        client.create("parsed", task("states:startExecution.sync:2", parameters));
    const std::string first = client.start(text);
    const std::string second = client.start(parsed);
    const asl::Value as_text = output_of(client.ended(first));
    CHECK(as_text.find("Output")->is_string());
    CHECK(text_member(as_text, "Output") == R"({"x":1})");
    CHECK(text_member(as_text, "Input") == R"({"a":1})");
    CHECK(text_member(as_text, "Status") == "SUCCEEDED");
    CHECK(text_member(as_text, "Name").size() == 36);
    const asl::Value as_json = output_of(client.ended(second));
    CHECK(as_json.find("Output")->is_object());
    CHECK(text_member(as_json, "Output") == R"({"x":1})");
  });
}

TEST_CASE("a child that ends at once does not lose its parent", "[service][nested]") {
  World().run([](Client& client) {
    const std::string child = client.create("child");
    const std::string parent = client.create(
        "parent",
        task("states:startExecution.sync:2", R"({"StateMachineArn":")" + child + R"("})"));
    std::vector<std::string> executions;
    for (int i = 0; i < 20; ++i) executions.push_back(client.start(parent));
    for (const std::string& execution : executions) output_of(client.ended(execution));
  });
}

TEST_CASE("a .sync task fails with its child", "[service][nested]") {
  World().run([](Client& client) {
    const std::string child = client.create("child", kFail);
    const std::string parent = client.create(
        "parent", task("states:startExecution.sync", R"({"StateMachineArn":")" + child + R"("})"));
    const Reply ended = client.ended(client.start(parent));
    CHECK(ended.member("status") == "FAILED");
    CHECK(ended.member("error") == "States.TaskFailed");
    const auto cause = asl::read_json(ended.member("cause"));
    REQUIRE(cause.has_value());
    CHECK(text_member(*cause, "Error") == "Broken");
    CHECK(text_member(*cause, "Cause") == "because");
    CHECK(text_member(*cause, "Status") == "FAILED");
  });
}

TEST_CASE("a parent that is stopped stops its child", "[service][nested]") {
  World().run([](Client& client) {
    const std::string child = client.create("child", kWait);
    const std::string parent = client.create(
        "parent",
        task("states:startExecution.sync", R"({"StateMachineArn":")" + child + R"(","Name":"c"})"));
    const std::string execution = client.start(parent);
    const std::string child_execution = "arn:aws:states:us-east-1:123456789012:execution:child:c";
    const auto submitted = [&] {
      return client("GetExecutionHistory", {{"executionArn", execution}})
                 .text.find("TaskSubmitted") != std::string::npos;
    };
    while (!submitted()) runtime::sleep_for(std::chrono::milliseconds(5));
    client("StopExecution", {{"executionArn", execution}});
    CHECK(client.ended(child_execution).member("status") == "ABORTED");
  });
}

TEST_CASE("errors of the API become errors of the task", "[service][nested]") {
  World().run([](Client& client) {
    const std::string missing = "arn:aws:states:us-east-1:123456789012:stateMachine:none";
    const std::string optimized = client.create(
        "optimized", task("states:startExecution", R"({"StateMachineArn":")" + missing + R"("})"));
    const Reply first = client.ended(client.start(optimized));
    CHECK(first.member("error") == "StepFunctions.StateMachineDoesNotExistException");
    CHECK(first.member("cause").rfind("State Machine Does Not Exist: '" + missing +
                                          "' (Service: AWSStepFunctions; Status Code: 400; Error "
                                          "Code: StateMachineDoesNotExist; Request ID: ",
                                      0) == 0);
    const std::string sdk =
        client.create("sdk", task("aws-sdk:sfn:sendTaskFailure", R"({"TaskToken":"none"})"));
    const Reply second = client.ended(client.start(sdk));
    CHECK(second.member("error") == "Sfn.InvalidTokenException");
    CHECK(second.member("cause").rfind("Invalid Token: 'Invalid token' (Service: Sfn, Status Code: "
                                       "400, Request ID: ",
                                       0) == 0);
    const std::string express = client.create("express", kPass, "EXPRESS");
    const std::string waits = client.create(
        "waits", task("states:startExecution.sync", R"({"StateMachineArn":")" + express + R"("})"));
    CHECK(client.ended(client.start(waits)).member("error") ==
          "StepFunctions.StateMachineTypeNotSupportedException");
  });
}

TEST_CASE("an attempt that is dispatched again finds the child it started", "[service][nested]") {
  World().run([](Client& client, Service& service) {
    const std::string child = client.create("child");
    const std::string input = R"({"stateMachineArn":")" + child + R"(","name":"c"})";
    const auto start = [&](engine::EventId scheduled) {
      connectors::StatesCaller caller;
      caller.parent =
          engine::ParentLink{.execution = 64, .branch = 0, .scheduled_event = scheduled};
      return service.api().call_states("StartExecution", input, caller);
    };
    const auto first = start(3);
    REQUIRE(std::holds_alternative<std::string>(first));
    client.ended("arn:aws:states:us-east-1:123456789012:execution:child:c");
    CHECK(std::get<std::string>(start(3)) == std::get<std::string>(first));
    // Another attempt of the same task has no claim on it.
    const auto other = start(9);
    REQUIRE(std::holds_alternative<connectors::StatesError>(other));
    CHECK(std::get<connectors::StatesError>(other).code == "ExecutionAlreadyExists");
  });
}

TEST_CASE("any operation is an SDK integration", "[service][nested]") {
  World().run([](Client& client) {
    const std::string child = client.create("child");
    const std::string describe = client.create(
        "describe",
        task("aws-sdk:sfn:describeStateMachine", R"({"StateMachineArn":")" + child + R"("})"));
    const asl::Value output = output_of(client.ended(client.start(describe)));
    CHECK(text_member(output, "Name") == "child");
    const std::string date = text_member(output, "CreationDate");
    CHECK(date.size() == 24);
    CHECK(date.back() == 'Z');
    CHECK(text_member(*output.find("LoggingConfiguration"), "Level") == "OFF");
  });
}

}  // namespace pawl::service::test
