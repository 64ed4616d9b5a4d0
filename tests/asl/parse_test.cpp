#include "asl/parse/parse.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/model/place.h"
#include "asl/parse/resource.h"
#include "asl/validate/validate.h"
#include "tests/catch.h"

#include <string>
#include <utility>
#include <variant>

namespace pawl::asl {
namespace {

Value json(const std::string& text) {
  Result<Value> value = read_json(text);
  REQUIRE(value);
  return std::move(value).value();
}

std::shared_ptr<const Definition> compiled(const std::string& text) {
  auto definition = compile(json(text));
  INFO((definition ? "" : definition.error().message + " at " + definition.error().where));
  REQUIRE(definition);
  return std::move(definition).value();
}

Error compile_error(const std::string& text) {
  const auto definition = compile(json(text));
  REQUIRE_FALSE(definition);
  return definition.error();
}

std::string one_state(const std::string& state) {
  return R"({"StartAt": "A", "States": {"A": )" + state + R"(, "B": {"Type": "Succeed"}}})";
}

}  // namespace

TEST_CASE("names of states become indexes in the order of the definition", "[asl][parse]") {
  const auto definition = compiled(R"({"StartAt": "B", "Comment": "c", "TimeoutSeconds": 9,
    "States": {"A": {"Type": "Pass", "End": true}, "B": {"Type": "Pass", "Next": "A"}}})");
  const Machine& root = definition->machines.at(0);
  CHECK(root.start_at == 1);
  CHECK(root.states.at(0).name == "A");
  CHECK(root.states.at(0).next == kNoState);
  CHECK(root.states.at(1).next == 0);
  CHECK(root.parent == -1);
  CHECK(root.find("B") == 1);
  CHECK(root.find("C") == kNoState);
  CHECK(definition->comment == "c");
  CHECK(definition->timeout_seconds == 9);
}

TEST_CASE("nested machines are flattened and know their place", "[asl][parse]") {
  const auto definition = compiled(R"({"StartAt": "P", "States": {"P": {"Type": "Parallel",
    "End": true, "Branches": [
      {"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "Iterator": {
         "StartAt": "X", "States": {"X": {"Type": "Succeed"}}}}}},
      {"StartAt": "Y", "States": {"Y": {"Type": "Succeed"}}}]}}})");
  REQUIRE(definition->machines.size() == 4);
  const auto& parallel = std::get<ParallelState>(definition->machines[0].states[0].body);
  CHECK(parallel.branches == std::vector<MachineIndex>{1, 2});
  const auto& map = std::get<MapState>(definition->machines[1].states[0].body);
  CHECK(map.processor == 3);
  CHECK(definition->machines[3].states[0].name == "X");
  CHECK(definition->machines[3].parent == 1);
  CHECK(definition->machines[3].parent_state == 0);
}

TEST_CASE("paths are absent, null or compiled", "[asl][parse]") {
  const auto definition = compiled(
      one_state(R"({"Type": "Pass", "InputPath": "$.a", "ResultPath": null, "Next": "B"})"));
  const State& state = definition->machines[0].states[0];
  CHECK(state.input_path.kind == PathField::Kind::kPath);
  CHECK(state.input_path.expression.text() == "$.a");
  CHECK(state.output_path.kind == PathField::Kind::kDefault);
  CHECK(state.result_path.kind == PathField::Kind::kNull);
}

TEST_CASE("the result of a Pass is kept as it stands", "[asl][parse]") {
  const auto definition =
      compiled(one_state(R"({"Type": "Pass", "Result": {"x.$": "$.y"}, "Next": "B"})"));
  const auto& pass = std::get<PassState>(definition->machines[0].states[0].body);
  REQUIRE(pass.result);
  CHECK(to_json(*pass.result) == R"({"x.$":"$.y"})");
}

TEST_CASE("a Task has its resource, timeouts, retriers and catchers", "[asl][parse]") {
  const auto definition = compiled(one_state(R"({"Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "TimeoutSeconds": 60, "HeartbeatSecondsPath": "$.h", "Next": "B",
    "Retry": [{"ErrorEquals": ["A", "B"]},
              {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 0,
               "BackoffRate": 1.5, "MaxDelaySeconds": 9, "JitterStrategy": "FULL"}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B", "ResultPath": "$.error",
               "Assign": {"e.$": "$.Error"}}]})"));
  const State& state = definition->machines[0].states[0];
  const auto& task = std::get<TaskState>(state.body);
  CHECK(task.timeout_seconds.literal == 60);
  CHECK_FALSE(task.timeout_seconds.path);
  REQUIRE(task.heartbeat_seconds.path);
  CHECK(task.heartbeat_seconds.path->text() == "$.h");
  REQUIRE(state.retry.size() == 2);
  CHECK(state.retry[0].error_equals == std::vector<std::string>{"A", "B"});
  CHECK(state.retry[0].interval_seconds == 1);
  CHECK(state.retry[0].max_attempts == 3);
  CHECK(state.retry[0].backoff_rate == 2.0);
  CHECK_FALSE(state.retry[0].full_jitter);
  CHECK(state.retry[1].max_attempts == 0);
  CHECK(state.retry[1].max_delay_seconds == 9);
  CHECK(state.retry[1].full_jitter);
  REQUIRE(state.catchers.size() == 1);
  CHECK(state.catchers[0].next == 1);
  CHECK(state.catchers[0].result_path.reference.text() == "$.error");
  REQUIRE(state.catchers[0].assign.jsonpath);
  CHECK(to_json(state.catchers[0].assign.jsonpath->source()) == R"({"e.$":"$.Error"})");
}

TEST_CASE("the rules of a Choice keep their order, targets and assignments", "[asl][parse]") {
  const auto definition = compiled(one_state(R"({"Type": "Choice", "Default": "B", "Choices": [
    {"Variable": "$.a", "IsNull": true, "Next": "A"},
    {"Not": {"Variable": "$x", "NumericEquals": 1}, "Next": "B", "Assign": {"y": 1}}]})"));
  const auto& choice = std::get<ChoiceState>(definition->machines[0].states[0].body);
  REQUIRE(choice.choices.size() == 2);
  CHECK(choice.choices[0].next == 0);
  CHECK_FALSE(choice.choices[0].assign.present());
  CHECK(choice.choices[1].next == 1);
  CHECK(choice.choices[1].assign.present());
  CHECK(choice.default_next == 1);
}

TEST_CASE("Wait and Fail hold a literal or a path", "[asl][parse]") {
  const auto wait = compiled(one_state(R"({"Type": "Wait", "SecondsPath": "$.s", "Next": "B"})"));
  const auto& wait_state = std::get<WaitState>(wait->machines[0].states[0].body);
  CHECK(wait_state.seconds.path->text() == "$.s");
  CHECK_FALSE(wait_state.timestamp.present());
  const auto fail =
      compiled(one_state(R"({"Type": "Fail", "Error": "E", "CausePath": "$$.Task.Token"})"));
  const auto& fail_state = std::get<FailState>(fail->machines[0].states[0].body);
  CHECK(fail_state.error.literal == "E");
  CHECK(fail_state.cause.path->text() == "$$.Task.Token");
}

TEST_CASE("Parameters of a Map are its ItemSelector", "[asl][parse]") {
  const auto definition = compiled(one_state(R"({"Type": "Map", "Next": "B",
    "Parameters": {"x.$": "$$.Map.Item.Value"}, "ItemsPath": "$.items", "MaxConcurrency": 3,
    "Iterator": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}})"));
  const State& state = definition->machines[0].states[0];
  const auto& map = std::get<MapState>(state.body);
  CHECK_FALSE(state.parameters.present());
  REQUIRE(map.item_selector.present());
  CHECK(map.items_path.expression.text() == "$.items");
  CHECK(map.max_concurrency.literal == 3);
  CHECK_FALSE(map.distributed);
}

TEST_CASE("a Distributed Map keeps reader, batcher and writer as they stand", "[asl][parse]") {
  const auto definition = compiled(one_state(R"({"Type": "Map", "Next": "B", "Label": "L",
    "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                      "StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
    "ItemReader": {"Resource": "arn:aws:states:::s3:getObject"},
    "ItemBatcher": {"MaxItemsPerBatch": 2}, "ToleratedFailurePercentagePath": "$.p"})"));
  const auto& map = std::get<MapState>(definition->machines[0].states[0].body);
  REQUIRE(map.distributed);
  CHECK(map.distributed->express);
  CHECK(map.distributed->label == "L");
  CHECK(map.distributed->item_batcher->max_items_per_batch.literal == 2);
  CHECK(map.distributed->item_reader);
  CHECK_FALSE(map.distributed->result_writer);
  CHECK(map.distributed->tolerated_failure_percentage.path);
}

TEST_CASE("what validation would refuse is refused with its place, never asserted",
          "[asl][parse]") {
  struct Case {
    const char* definition;
    const char* where;
  };
  const Case cases[] = {
      {R"([])", "/States"},
      {R"({"StartAt": "X", "States": {"A": {"Type": "Pass"}}})", "/StartAt"},
      {R"({"StartAt": "A", "States": {"A": 1}})", "/States/A/Type"},
      {R"({"StartAt": "A", "States": {"A": {"Type": "Tusk"}}})", "/States/A/Type"},
      {R"({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": ""}}})",
       "/States/A/Resource"},
      {R"({"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": 1}}})",
       "/States/A/InputPath"},
      {R"({"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"a": {"b.$": 1}}}}})",
       "/States/A/Parameters/a/b.$"},
      {R"({"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{"Next": "A"}]}}})",
       "/States/A/Choices[0]"},
      {R"({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "x", "Retry": {"a": 1}}}})",
       "/States/A/Retry"},
      {R"({"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [1]}}})",
       "/States/A/Branches[0]/States"},
      {R"({"StartAt": "A", "States": {"A": {"Type": "Map"}}})", "/States/A/Iterator"},
  };
  for (const Case& c : cases) {
    INFO(c.definition);
    const Error error = compile_error(c.definition);
    CHECK(error.code == ErrorCode::kInvalid);
    CHECK(error.where == c.where);
  }
}

TEST_CASE("a Resource is taken apart", "[asl][parse]") {
  const auto callback = parse_resource("arn:aws:states:::sqs:sendMessage.waitForTaskToken");
  REQUIRE(callback);
  CHECK(callback->kind == ResourceKind::kIntegration);
  CHECK(callback->service == "sqs");
  CHECK(callback->action == "sendMessage.waitForTaskToken");
  CHECK(callback->api_action == "sendMessage");
  CHECK(callback->pattern == IntegrationPattern::kWaitForTaskToken);
  const auto job = parse_resource("arn:aws-cn:states:::states:startExecution.sync:2");
  REQUIRE(job);
  CHECK(job->action == "startExecution.sync:2");
  CHECK(job->api_action == "startExecution");
  CHECK(job->pattern == IntegrationPattern::kSync);
  const auto sdk = parse_resource("arn:aws:states:::aws-sdk:dynamodb:query");
  REQUIRE(sdk);
  CHECK(sdk->service == "aws-sdk:dynamodb");
  CHECK(sdk->api_action == "query");
  CHECK(sdk->pattern == IntegrationPattern::kRequestResponse);
}

TEST_CASE("a Resource is a function, an activity, an integration or something else",
          "[asl][parse]") {
  const auto kind = [](const char* text) { return parse_resource(text).value().kind; };
  CHECK(kind("arn:aws:lambda:us-east-1:123456789012:function:f") == ResourceKind::kLambdaFunction);
  CHECK(kind("arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST") ==
        ResourceKind::kLambdaFunction);
  CHECK(kind("arn:aws:lambda:${Region}:${Account}:function:${Name}") ==
        ResourceKind::kLambdaFunction);
  CHECK(kind("arn:aws:states:us-east-1:123456789012:activity:a") == ResourceKind::kActivity);
  CHECK(kind("arn:aws:states:us-east-1:123456789012:aws-sdk:s3:getObject") ==
        ResourceKind::kIntegration);
  CHECK(kind("${FunctionArn}") == ResourceKind::kOther);
  CHECK(kind("arn:aws:swf:us-east-1:123456789012:task:X") == ResourceKind::kOther);
  CHECK(kind("https://example.com/") == ResourceKind::kOther);
  for (const char* text :
       {"", "arn:aws:lambda:us-east-1:123456789012:function:", "arn:aws:lambda:r:1:layer:x",
        "arn:aws:lambda:r:1:function:f:", "arn:aws:states:::sqs",
        "arn:aws:states:::sqs:", "arn:aws:states:::sqs:.sync", "arn:aws:states:::aws-sdk:s3",
        "arn:aws:states:us-east-1:123456789012:stateMachine:m"}) {
    INFO(text);
    CHECK_FALSE(parse_resource(text));
  }
}

TEST_CASE("one state becomes a machine whose targets exist", "[asl][parse]") {
  const Value machine = machine_of_state(json(R"({"Type": "Choice", "Default": "D", "Choices": [
        {"Variable": "$.a", "IsNull": true, "Next": "S"},
        {"Variable": "$.a", "IsNull": false, "Next": "C"}]})"),
                                         "S");
  CHECK(machine.find("States")->size() == 3);
  CHECK(machine.find("States")->find("S")->find("Type")->as_string() == "Choice");
  CHECK(validate(machine).empty());
  const auto problems = validate(machine_of_state(json(R"({"Type": "Parallel", "Branches": [],
    "End": true})"),
                                                  "StateName"));
  CHECK(describe(problems) ==
        "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/StateName/Branches");
  CHECK_FALSE(validate(machine_of_state(Value::null(), "S")).empty());
}

TEST_CASE("a place is written as the service writes it", "[asl][parse]") {
  const Place root;
  CHECK(root.text() == "/");
  CHECK(root.prefix().empty());
  const Place states = root / "States";
  const Place state = states / "a/b";
  const Place rules = state / "Choices";
  CHECK((rules[2] / "Next").text() == "/States/a/b/Choices[2]/Next");
  CHECK((Place("/States/X") / "Type").text() == "/States/X/Type");
}

}  // namespace pawl::asl
