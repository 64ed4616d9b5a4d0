// States in JSONata: how expressions reach every field, and what becomes of those that fail.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

namespace pawl::engine::testing {

using Lines = std::vector<std::string>;

namespace {

// The details of the first event of `type`.
asl::Value details_of(const std::vector<asl::Value>& events, std::string_view type,
                      std::string_view details) {
  for (const asl::Value& event : events) {
    if (event.find("type")->as_string() != type) continue;
    const asl::Value* found = event.find(details);
    return found != nullptr ? *found : asl::Value();
  }
  return {};
}

std::string text(const asl::Value& value, std::string_view member) {
  const asl::Value* found = value.find(member);
  return found == nullptr ? "(absent)" : std::string(found->as_string());
}

}  // namespace

TEST_CASE("Output and Assign are computed from the values on entry", "[engine][jsonata]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result =
        world.execute(engine, R"json({"QueryLanguage":"JSONata","StartAt":"A","States":{
      "A":{"Type":"Pass","Assign":{"x":1},"Next":"B"},
      "B":{"Type":"Pass","Assign":{"x":"{% $x + 1 %}"},"Output":{"old":"{% $x %}"},"Next":"C"},
      "C":{"Type":"Pass","Output":{"new":"{% $x %}","before":"{% $states.input.old %}"},
           "End":true}}})json");
    CHECK(result.output == R"({"new":2,"before":1})");
  });
}

TEST_CASE("a failed expression is written as EvaluationFailed with its location",
          "[engine][jsonata]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result =
        world.execute(engine, R"json({"QueryLanguage":"JSONata","StartAt":"A","States":{
      "A":{"Type":"Pass","Output":{"a":["{% 1 %}",{"b":"{% $nothing %}"}]},"End":true}}})json");
    CHECK(result.record.status == ExecutionStatus::kFailed);
    CHECK(result.record.failure.error == "States.QueryEvaluationError");
    CHECK(world.history(engine, result.number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 PassStateEntered", "3<-0 EvaluationFailed",
                "4<-3 ExecutionFailed"});
    const asl::Value details = details_of(world.events(engine, result.number), "EvaluationFailed",
                                          "evaluationFailedEventDetails");
    CHECK(text(details, "location") == "Output/a[1]/b");
    CHECK(text(details, "state") == "A");
    CHECK(text(details, "cause") ==
          "An error occurred while executing the state 'A' (entered at the event id #2). The "
          "JSONata expression '$nothing' specified for the field 'Output/a[1]/b' returned nothing "
          "(undefined).");
  });
}

TEST_CASE("a Task retries and catches States.QueryEvaluationError", "[engine][jsonata]") {
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest&) { return succeed_with(R"({"n":"no number"})"); };
  world.run([&](Engine& engine) {
    const auto result =
        world.execute(engine, R"json({"QueryLanguage":"JSONata","StartAt":"T","States":{
      "T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
           "Arguments":{"FunctionName":"f"},"Output":"{% $states.result.n + 1 %}",
           "Retry":[{"ErrorEquals":["States.QueryEvaluationError"],"MaxAttempts":1}],
           "Catch":[{"ErrorEquals":["States.ALL"],"Next":"S",
                     "Assign":{"error":"{% $states.errorOutput.Error %}"},
                     "Output":{"was":"{% $states.input %}"}}],"Next":"S"},
      "S":{"Type":"Succeed","Output":{"e":"{% $error %}","in":"{% $states.input.was %}"}}}})json",
                      R"({"q":1})");
    CHECK(result.output == R"({"e":"States.QueryEvaluationError","in":{"q":1}})");
    CHECK(world.tasks.keys.size() == 2);
  });
}

TEST_CASE("what fails in a catcher is not caught again", "[engine][jsonata]") {
  FakeWorld world;
  world.tasks.answer = [](const TaskRequest&) { return fail_with("Boom", "why"); };
  world.run([&](Engine& engine) {
    const auto jsonata =
        world.execute(engine, R"json({"QueryLanguage":"JSONata","StartAt":"T","States":{
      "T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
           "Catch":[{"ErrorEquals":["States.ALL"],"Next":"S","Output":"{% $missing %}"}],"Next":"S"},
      "S":{"Type":"Succeed"}}})json");
    CHECK(jsonata.record.failure.error == "States.QueryEvaluationError");
    // A ResultPath that cannot be applied to the input, whatever the catcher would catch.
    const auto jsonpath = world.execute(engine, R"json({"StartAt":"T","States":{
      "T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
           "Catch":[{"ErrorEquals":["States.ALL"],"Next":"S","ResultPath":"$.error"}],"Next":"S"},
      "S":{"Type":"Succeed"}}})json",
                                        R"("no object")");
    CHECK(jsonpath.record.failure.error == "States.ResultPathMatchFailure");
  });
}

TEST_CASE("the fields of a Task see input, context and token", "[engine][jsonata]") {
  FakeWorld world;
  std::string parameters;
  world.tasks.answer = [&](const TaskRequest& request) {
    parameters = request.parameters.text();
    CHECK(request.credentials_role_arn == "arn:aws:iam::1:role/r");
    return succeed_with("{}");
  };
  world.run([&](Engine& engine) {
    const auto result =
        world.execute(engine, R"json({"QueryLanguage":"JSONata","StartAt":"T","States":{
      "T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke",
           "Arguments":{"Payload":{"v":"{% $states.input.v %}",
             "retry":"{% $states.context.State.RetryCount %}"}},
           "Credentials":{"RoleArn":"{% 'arn:aws:iam::1:role/' & $states.input.role %}"},
           "TimeoutSeconds":"{% $states.input.v * 10 %}","HeartbeatSeconds":"{% 5 %}",
           "End":true}}})json",
                      R"({"v":2,"role":"r"})");
    CHECK(parameters == R"({"Payload":{"v":2,"retry":0}})");
    const asl::Value scheduled = details_of(world.events(engine, result.number), "TaskScheduled",
                                            "taskScheduledEventDetails");
    CHECK(scheduled.find("timeoutInSeconds")->as_int() == 20);
    CHECK(scheduled.find("heartbeatInSeconds")->as_int() == 5);
  });
}

TEST_CASE("numbers of fields are checked when they are computed", "[engine][jsonata]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto wait = [&](const std::string& seconds) {
      return world.execute(engine, R"json({"QueryLanguage":"JSONata","StartAt":"W","States":{
        "W":{"Type":"Wait","Seconds":"{% )json" +
                                       seconds + R"json( %}","End":true}}})json");
    };
    CHECK(wait("2").record.status == ExecutionStatus::kSucceeded);
    const auto cause = [&](const std::string& seconds) {
      return wait(seconds).record.failure.cause.value_or("").substr(78);
    };
    CHECK(cause("1.5") == "The Seconds field cannot be parsed as an integer: 1.5");
    CHECK(cause("-1") == "Seconds must be between 0 and 99999999 but was: -1");
    CHECK(cause("'a'") ==
          "The JSONata expression ''a'' specified for the field 'Seconds' returned an unexpected "
          "result type. Expected 'number', but was 'string' for value: \"a\"");
  });
}

TEST_CASE("a Map in JSONata takes Items, ItemSelector and MaxConcurrency from expressions",
          "[engine][jsonata]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result =
        world.execute(engine, R"json({"QueryLanguage":"JSONata","StartAt":"M","States":{
      "M":{"Type":"Map","Items":"{% $states.input.list %}","MaxConcurrency":"{% 1 %}",
           "ItemSelector":{"i":"{% $states.context.Map.Item.Index %}",
                           "v":"{% $states.context.Map.Item.Value %}"},
           "ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass",
             "Output":"{% $states.input.v * 10 + $states.input.i %}","End":true}}},
           "Output":"{% $sum($states.result) %}","End":true}}})json",
                      R"({"list":[1,2,3]})");
    CHECK(result.output == "63");
    const auto failed =
        world.execute(engine, R"json({"QueryLanguage":"JSONata","StartAt":"M","States":{
      "M":{"Type":"Map","ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},
           "End":true}}})json",
                      "7");
    CHECK(world.history(engine, failed.number) ==
          Lines{"1<-0 ExecutionStarted", "2<-0 MapStateEntered", "3<-0 EvaluationFailed",
                "4<-3 MapStateFailed", "5<-4 ExecutionFailed"});
    CHECK(failed.record.failure.cause->substr(78) == "Map state input must be an array but was: 7");
  });
}

TEST_CASE("a Choice in JSONata takes Output and Assign of the rule that matches",
          "[engine][jsonata]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const std::string definition = R"json({"QueryLanguage":"JSONata","StartAt":"C","States":{
      "C":{"Type":"Choice","Choices":[
        {"Condition":"{% $states.input.n > 10 %}","Next":"S","Output":"big","Assign":{"w":"rule"}},
        {"Condition":"{% $states.input.n = 'x' ? 1 : false %}","Next":"S"}],
        "Default":"S","Output":"small","Assign":{"w":"state"}},
      "S":{"Type":"Succeed","Output":"{% $states.input & ' ' & $w %}"}}})json";
    CHECK(world.execute(engine, definition, R"({"n":11})").output == R"("big rule")");
    CHECK(world.execute(engine, definition, R"({"n":1})").output == R"("small state")");
    const auto failed = world.execute(engine, definition, R"({"n":"x"})");
    CHECK(failed.record.failure.error == "States.QueryEvaluationError");
    const auto wrong =
        world.execute(engine, R"json({"QueryLanguage":"JSONata","StartAt":"C","States":{
      "C":{"Type":"Choice","Choices":[{"Condition":"{% 1 %}","Next":"S"}],"Default":"S"},
      "S":{"Type":"Succeed"}}})json");
    CHECK(wrong.record.failure.cause->substr(78) ==
          "The JSONata expression '1' specified for the field 'Choices[0]/Condition' returned an "
          "unexpected result type. Expected 'boolean', but was 'number' for value: 1");
  });
}

TEST_CASE("a Parallel in JSONata gives Arguments to its branches", "[engine][jsonata]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result =
        world.execute(engine, R"json({"QueryLanguage":"JSONata","StartAt":"P","States":{
      "P":{"Type":"Parallel","Arguments":{"n":"{% $states.input.n + 1 %}"},
           "Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},
                       {"StartAt":"B","States":{"B":{"Type":"Pass","Output":"{% $states.input.n %}",
                        "End":true}}}],
           "Output":"{% $states.result[1] %}","End":true}}})json",
                      R"({"n":1})");
    CHECK(result.output == "2");
  });
}

TEST_CASE("both query languages live in one machine", "[engine][jsonata]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"json({"StartAt":"A","States":{
      "A":{"Type":"Pass","Assign":{"v.$":"$.n"},"Next":"B"},
      "B":{"Type":"Pass","QueryLanguage":"JSONata","Assign":{"v":"{% $v + 1 %}"},
           "Output":{"seen":"{% $v %}"},"Next":"C"},
      "C":{"Type":"Pass","Parameters":{"seen.$":"$.seen","v.$":"$v"},"End":true}}})json",
                                      R"({"n":5})");
    CHECK(result.output == R"({"seen":5,"v":6})");
  });
}

TEST_CASE("an expression that does not end is ended", "[engine][jsonata]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result =
        world.execute(engine, R"json({"QueryLanguage":"JSONata","StartAt":"A","States":{
      "A":{"Type":"Pass","Output":"{% ($f := function($n){ $f($n + 1) }; $f(0)) %}",
           "End":true}}})json");
    CHECK(result.record.failure.error == "States.QueryEvaluationError");
  });
}

}  // namespace pawl::engine::testing
