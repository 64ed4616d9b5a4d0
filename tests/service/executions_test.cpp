// Executions: starting and its idempotency, inputs, stopping, lists, history, tokens.
#include "tests/service/world.h"

namespace pawl::service::test {

TEST_CASE("an execution runs and is described", "[service][executions]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m");
    const Reply started = client("StartExecution", {{"stateMachineArn", arn},
                                                    {"name", "e"},
                                                    {"input", R"({ "a": 1 })"},
                                                    {"traceHeader", "Root=1"}});
    CHECK(started.member("executionArn") == "arn:aws:states:us-east-1:123456789012:execution:m:e");
    const Reply ended = client.ended(started.member("executionArn"));
    CHECK(ended.member("status") == "SUCCEEDED");
    CHECK(ended.member("input") == R"({ "a": 1 })");
    CHECK(ended.member("inputDetails") == R"({"included":true})");
    CHECK(ended.member("outputDetails") == R"({"included":true})");
    CHECK(ended.member("traceHeader") == "Root=1");
    CHECK(ended.member("redriveCount") == "0");
    CHECK(ended.member("redriveStatus") == "NOT_REDRIVABLE");
    CHECK(ended.member("redriveStatusReason") == "Execution is SUCCEEDED and cannot be redriven");
    CHECK(ended.body.find("stopDate") != nullptr);
    const Reply brief = client("DescribeExecution", {{"executionArn", ended.member("executionArn")},
                                                     {"includedData", "METADATA_ONLY"}});
    CHECK(brief.body.find("input") == nullptr);
    CHECK(brief.member("inputDetails") == R"({"included":false})");
  });
}

TEST_CASE("the same start of a running execution answers the same", "[service][executions]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m", kWait);
    const auto start = [&](const std::string& input) {
      return client("StartExecution", {{"stateMachineArn", arn}, {"name", "e"}, {"input", input}});
    };
    const Reply first = start("{}");
    REQUIRE(first.status == 200);
    CHECK(start("{}").text == first.text);
    const std::string taken = "Execution Already Exists: '" + first.member("executionArn") + "'";
    CHECK(start("{ }").message() == taken);  // compared as text
    client("StopExecution", {{"executionArn", first.member("executionArn")}});
    CHECK(start("{}").error() == "ExecutionAlreadyExists");  // it has ended
    CHECK(start("{}").message() == taken);
  });
}

TEST_CASE("an input that is not JSON is refused with the parser's text", "[service][executions]") {
  struct Case {
    std::string input;
    std::string_view text;
  };
  const Case cases[] = {
      {"not some json",
       "Unrecognized token 'not': was expecting (JSON String, Number, Array, "
       "Object or token 'null', 'true' or 'false')"},
      {"{'not': 'json'",
       "Unexpected character (''' (code 39)): was expecting double-quote to "
       "start field name"},
      {"", "Invalid execution input."},
      {R"({"a" 1})",
       "Unexpected character ('1' (code 49)): was expecting a colon to separate "
       "field name and value"},
      {R"({"a":1)", "Unexpected end-of-input: expected close marker for Object"},
      {"[1 2]",
       "Unexpected character ('2' (code 50)): was expecting comma to separate Array "
       "entries"},
      {R"({"a":1 "b":2})",
       "Unexpected character ('\"' (code 34)): was expecting comma to separate "
       "Object entries"},
      {"01", "Invalid numeric value: Leading zeroes not allowed"},
      {"\"\n\"",
       "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using "
       "backslash to be included in string value"},
      {R"("\q")", "Unrecognized character escape 'q' (code 113)"},
      {R"("abc)", "Unexpected end-of-input: was expecting closing quote for a string value"},
  };
  World().run([&](Client& client) {
    const std::string arn = client.create("m");
    for (const Case& one : cases) {
      const Reply reply =
          client("StartExecution", {{"stateMachineArn", arn}, {"input", one.input}});
      CHECK(reply.error() == "InvalidExecutionInput");
      CHECK(reply.message() ==
            "Invalid State Machine Execution Input: '" + std::string(one.text) + "'");
    }
    for (const std::string input : {"2", "\"text\"", "null", "[]"}) {
      CHECK(client("StartExecution", {{"stateMachineArn", arn}, {"input", input}}).status == 200);
    }
  });
}

TEST_CASE("an input is at most 262,144 bytes", "[service][executions]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m");
    const auto start = [&](const std::string& input) {
      return client("StartExecution", {{"stateMachineArn", arn}, {"input", input}});
    };
    CHECK(start("\"" + std::string(262'142, 'x') + "\"").status == 200);
    CHECK(start("\"" + std::string(262'143, 'x') + "\"").error() == "ValidationException");
    std::string wide;  // fewer characters than bytes
    for (int i = 0; i < 131'072; ++i) wide += "\xC3\xA9";
    CHECK(start("\"" + wide + "\"").error() == "ValidationException");
  });
}

TEST_CASE("what StartExecution refuses", "[service][executions]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m");
    CHECK(client("StartExecution", {{"stateMachineArn", arn}, {"name", "a b"}}).message() ==
          "Invalid Name: 'a b'");
    CHECK(client("StartExecution", {{"stateMachineArn", "m"}}).message() ==
          "Invalid Arn: 'Invalid ARN prefix: m'");
    CHECK(client("StartExecution", {{"stateMachineArn", arn + "x"}}).error() ==
          "StateMachineDoesNotExist");
    CHECK(client("StartExecution", {{"stateMachineArn", arn + ":9"}}).error() ==
          "StateMachineDoesNotExist");
    CHECK(client("StartExecution", {{"stateMachineArn", arn + "/label"}}).member("reason") ==
          "API_DOES_NOT_SUPPORT_LABELED_ARNS");
    // Another account's.
    std::string foreign = arn;
    foreign.replace(foreign.find("123456789012"), 12, "999999999999");
    CHECK(client("StartExecution", {{"stateMachineArn", foreign}}).error() ==
          "StateMachineDoesNotExist");
  });
}

TEST_CASE("an Express execution has an ARN that other operations refuse", "[service][executions]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m", kPass, "EXPRESS");
    const std::string first = client.start(arn, "e");
    const std::string second = client.start(arn, "e");  // never idempotent
    CHECK(first != second);
    CHECK(first.find(":express:m:e:") != std::string::npos);
    for (const std::string_view operation :
         {"DescribeExecution", "StopExecution", "GetExecutionHistory"}) {
      CHECK(client(operation, {{"executionArn", first}}).message() ==
            "Invalid Arn: 'Resource type not valid in this context: express'");
    }
    CHECK(client("ListExecutions", {{"stateMachineArn", arn}}).message() ==
          "This operation is not supported by this type of state machine");
  });
}

TEST_CASE("a stopped execution is aborted with what the caller said", "[service][executions]") {
  World().run([](Client& client) {
    const std::string execution = client.start(client.create("m", kWait));
    const Reply running = client("DescribeExecution", {{"executionArn", execution}});
    CHECK(running.member("redriveStatusReason") == "Execution is RUNNING and cannot be redriven");
    const Reply stopped = client(
        "StopExecution", {{"executionArn", execution}, {"error", "Why"}, {"cause", "Because"}});
    CHECK(stopped.body.find("stopDate") != nullptr);
    const Reply ended = client.ended(execution);
    CHECK(ended.member("status") == "ABORTED");
    CHECK(ended.member("error") == "Why");
    CHECK(ended.member("cause") == "Because");
    CHECK(ended.member("redriveStatus") == "REDRIVABLE");
    CHECK(client("StopExecution", {{"executionArn", execution}}).text == stopped.text);
    CHECK(client("StopExecution", {{"executionArn", execution + "x"}}).message() ==
          "Execution Does Not Exist: '" + execution + "x'");
  });
}

TEST_CASE("a failed execution is redriven, and says when and how often", "[service][redrive]") {
  World().run([](Client& client) {
    const std::string machine = client.create(
        "m", R"({"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"C"}}})");
    const std::string execution = client.start(machine);
    CHECK(client.ended(execution).body.find("redriveDate") == nullptr);
    const Reply first =
        client("RedriveExecution", {{"executionArn", execution}, {"clientToken", "one"}});
    INFO(first.text);
    REQUIRE(first.status == 200);
    const Reply ended = client.ended(execution);
    CHECK(ended.member("redriveCount") == "1");
    CHECK(ended.member("redriveDate") == first.member("redriveDate"));
    CHECK(ended.member("redriveStatus") == "REDRIVABLE");
    // The same token again is the same call.
    const Reply again =
        client("RedriveExecution", {{"executionArn", execution}, {"clientToken", "one"}});
    CHECK(again.text == first.text);
    CHECK(client.ended(execution).member("redriveCount") == "1");
    const Reply listed = client("ListExecutions", {{"stateMachineArn", machine}});
    REQUIRE(listed.count("executions") == 1);
    CHECK(listed.body.find("executions")->items()[0].find("redriveCount")->as_int() == 1);
    CHECK(listed.body.find("executions")->items()[0].find("redriveDate") != nullptr);
    const Reply history = client("GetExecutionHistory", {{"executionArn", execution}});
    REQUIRE(history.count("events") == 6);
    const asl::Value& redriven = history.body.find("events")->items()[3];
    CHECK(redriven.find("type")->as_string() == "ExecutionRedriven");
    CHECK(redriven.find("executionRedrivenEventDetails")->find("redriveCount")->as_int() == 1);

    client("DeleteStateMachine", {{"stateMachineArn", machine}});
    const Reply deleting = client("RedriveExecution", {{"executionArn", execution}});
    CHECK(deleting.error() == "ExecutionNotRedrivable");
    CHECK(deleting.message() == "State machine is in DELETING status");
    CHECK(client("RedriveExecution", {{"executionArn", execution + "x"}}).error() ==
          "ExecutionDoesNotExist");
    CHECK(client("RedriveExecution", {{"executionArn", machine}}).error() == "InvalidArn");
    CHECK(client("RedriveExecution", {{"executionArn", execution}, {"clientToken", ""}}).error() ==
          "ValidationException");
  });
}

TEST_CASE("a Map Run is described, listed and changed, and its children with it",
          "[service][map-run]") {
  World().run([](Client& client) {
    const std::string machine =
        client.create("m", R"json({"StartAt":"M","States":{"M":{"Type":"Map",
      "Label":"L","ToleratedFailurePercentage":50,"MaxConcurrency":2,"ItemProcessor":{
      "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"C","States":{
      "C":{"Type":"Choice","Choices":[{"Variable":"$.bad","IsPresent":true,"Next":"F"}],"Default":"S"},
      "F":{"Type":"Fail","Error":"E"},"S":{"Type":"Succeed"}}},"End":true}}})json");
    const Reply started = client("StartExecution", {{"stateMachineArn", machine},
                                                    {"input", R"([{"a":1},{"bad":1},{"a":2}])"}});
    const std::string execution = started.member("executionArn");
    CHECK(client.ended(execution).member("output") == R"([{"a":1},{"a":2}])");

    const Reply runs = client("ListMapRuns", {{"executionArn", execution}});
    REQUIRE(runs.count("mapRuns") == 1);
    const asl::Value& item = runs.body.find("mapRuns")->items()[0];
    const std::string run(item.find("mapRunArn")->as_string());
    CHECK(run.find(":mapRun:m/L:") != std::string::npos);
    CHECK(item.find("executionArn")->as_string() == execution);
    CHECK(item.find("stateMachineArn")->as_string() == machine + "/L");
    CHECK(item.find("stopDate") != nullptr);

    const Reply described = client("DescribeMapRun", {{"mapRunArn", run}});
    CHECK(described.member("status") == "SUCCEEDED");
    CHECK(described.member("maxConcurrency") == "2");
    CHECK(described.member("toleratedFailureCount") == "0");
    CHECK(described.member("redriveCount") == "0");
    for (const std::string_view counts : {"itemCounts", "executionCounts"}) {
      CHECK(asl::to_json(*described.body.find(counts)) ==
            R"({"pending":0,"running":0,"succeeded":2,"failed":1,"timedOut":0,"aborted":0,)"
            R"("total":3,"resultsWritten":2,"failuresNotRedrivable":0,"pendingRedrive":0})");
    }

    const auto list = [&](const std::string& more) {
      return client("ListExecutions", R"({"mapRunArn":")" + run + "\"" + more + "}");
    };
    REQUIRE(list("").count("executions") == 3);
    CHECK(list(R"(,"statusFilter":"SUCCEEDED")").count("executions") == 2);
    CHECK(list(R"(,"statusFilter":"PENDING_REDRIVE")").count("executions") == 0);
    CHECK(list(R"(,"redriveFilter":"REDRIVEN")").count("executions") == 0);
    CHECK(list(R"(,"redriveFilter":"NOT_REDRIVEN")").count("executions") == 3);
    const Reply page = list(R"(,"maxResults":2)");
    REQUIRE(page.count("executions") == 2);
    CHECK(list(R"(,"maxResults":2,"nextToken":")" + page.member("nextToken") + "\"")
              .count("executions") == 1);
    const Reply failed = list(R"(,"statusFilter":"FAILED")");
    REQUIRE(failed.count("executions") == 1);
    const asl::Value& child_item = failed.body.find("executions")->items()[0];
    CHECK(child_item.find("itemCount")->as_int() == 1);
    CHECK(child_item.find("mapRunArn")->as_string() == run);
    const std::string child(child_item.find("executionArn")->as_string());

    const Reply description = client("DescribeExecution", {{"executionArn", child}});
    CHECK(description.member("mapRunArn") == run);
    CHECK(description.member("stateMachineArn") == machine + "/L");
    CHECK(description.member("input") == R"({"bad":1})");
    CHECK(description.member("redriveStatus") == "REDRIVABLE_BY_MAP_RUN");
    CHECK(client("GetExecutionHistory", {{"executionArn", child}}).count("events") == 5);
    const Reply of_child = client("DescribeStateMachineForExecution", {{"executionArn", child}});
    CHECK(of_child.member("mapRunArn") == run);
    CHECK(of_child.member("label") == "L");
    CHECK(client("RedriveExecution", {{"executionArn", child}}).error() ==
          "ExecutionNotRedrivable");

    const Reply late =
        client("UpdateMapRun", R"({"mapRunArn":")" + run + R"(","maxConcurrency":9})");
    CHECK(late.error() == "ValidationException");
    CHECK(late.member("reason") == "CANNOT_UPDATE_COMPLETED_MAP_RUN");
    CHECK(client("DescribeMapRun", {{"mapRunArn", run + "x"}}).error() == "ResourceNotFound");
    CHECK(client("DescribeMapRun", {{"mapRunArn", execution}}).error() == "InvalidArn");
    CHECK(client("ListExecutions", {{"mapRunArn", run}, {"stateMachineArn", machine}}).error() ==
          "ValidationException");
  });
}

TEST_CASE("Express children are described and have no history", "[service][map-run]") {
  World().run([](Client& client) {
    const std::string machine =
        client.create("m", R"json({"StartAt":"M","States":{"M":{"Type":"Map",
      "Label":"L","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},
      "StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},"End":true}}})json");
    const Reply started =
        client("StartExecution", {{"stateMachineArn", machine}, {"input", "[7]"}});
    const std::string execution = started.member("executionArn");
    CHECK(client.ended(execution).member("output") == "[7]");
    const Reply runs = client("ListMapRuns", {{"executionArn", execution}});
    const std::string run(runs.body.find("mapRuns")->items()[0].find("mapRunArn")->as_string());
    const Reply children = client("ListExecutions", {{"mapRunArn", run}});
    REQUIRE(children.count("executions") == 1);
    const std::string child(
        children.body.find("executions")->items()[0].find("executionArn")->as_string());
    CHECK(child.find(":express:m/L:") != std::string::npos);
    const Reply described = client("DescribeExecution", {{"executionArn", child}});
    CHECK(described.member("input") == "7");
    CHECK(described.member("output") == "7");
    CHECK(client("GetExecutionHistory", {{"executionArn", child}}).message() ==
          "Invalid Arn: 'Resource type not valid in this context: express'");
  });
}

TEST_CASE("executions are listed newest first, by status and in pages", "[service][executions]") {
  World().run([](Client& client) {
    const std::string arn = client.create("m");
    for (int i = 0; i < 5; ++i) client.ended(client.start(arn, "e" + std::to_string(i)));
    const auto list = [&](const std::string& more) {
      return client("ListExecutions", R"({"stateMachineArn":")" + arn + "\"" + more + "}");
    };
    const Reply all = list("");
    REQUIRE(all.count("executions") == 5);
    CHECK(all.body.find("executions")->items()[0].find("name")->as_string() == "e4");
    CHECK(all.body.find("nextToken") == nullptr);
    CHECK(list(R"(,"statusFilter":"RUNNING")").count("executions") == 0);
    CHECK(list(R"(,"statusFilter":"SUCCEEDED")").count("executions") == 5);

    const Reply first = list(R"(,"maxResults":3)");
    CHECK(first.count("executions") == 3);
    const std::string token = R"(,"nextToken":")" + first.member("nextToken") + "\"";
    const Reply second = list(token);
    CHECK(second.count("executions") == 2);
    CHECK(second.body.find("nextToken") == nullptr);
    // A token belongs to its arguments.
    CHECK(list(token + R"(,"statusFilter":"FAILED")").error() == "InvalidToken");
    CHECK(list(R"(,"nextToken":"nonsense")").error() == "InvalidToken");
    CHECK(list(R"(,"maxResults":0)").count("executions") == 5);
    CHECK(client("ListExecutions", "{}").error() == "ValidationException");
  });
}

TEST_CASE("history comes in pages, in both directions", "[service][executions]") {
  World().run([](Client& client) {
    const std::string execution = client.start(client.create("m"));
    client.ended(execution);
    for (const bool reverse : {false, true}) {
      std::vector<std::int64_t> ids;
      std::string token;
      do {
        std::string body = R"({"executionArn":")" + execution + R"(","maxResults":1)";
        if (reverse) body += R"(,"reverseOrder":true)";
        if (!token.empty()) body += R"(,"nextToken":")" + token + "\"";
        const Reply page = client("GetExecutionHistory", body + "}");
        REQUIRE(page.status == 200);
        for (const asl::Value& event : page.body.find("events")->items()) {
          ids.push_back(event.find("id")->as_int());
        }
        token = page.member("nextToken");
      } while (!token.empty());
      CHECK(ids == (reverse ? std::vector<std::int64_t>{4, 3, 2, 1}
                            : std::vector<std::int64_t>{1, 2, 3, 4}));
    }
    const Reply without = client("GetExecutionHistory", R"({"executionArn":")" + execution +
                                                            R"(","includeExecutionData":false})");
    CHECK(without.text.find("\"input\":") == std::string::npos);
    CHECK(
        client("GetExecutionHistory", {{"executionArn", execution}, {"nextToken", "x"}}).error() ==
        "InvalidToken");
  });
}

TEST_CASE("a large page of history ends early", "[service][executions]") {
  World().run([](Client& client) {
    // 60 states that hand on 200,000 bytes each: far more than one answer may hold.
    std::string definition = R"({"StartAt":"S0","States":{)";
    for (int i = 0; i < 60; ++i) {
      definition += R"("S)" + std::to_string(i) + R"(":{"Type":"Pass",)" +
                    (i == 59 ? R"("End":true},)" : R"("Next":"S)" + std::to_string(i + 1) + "\"},");
    }
    definition.back() = '}';
    const std::string arn = client.create("m", definition + "}");
    const Reply started =
        client("StartExecution",
               {{"stateMachineArn", arn}, {"input", "\"" + std::string(200'000, 'x') + "\""}});
    REQUIRE(started.status == 200);
    const std::string execution = started.member("executionArn");
    client.ended(execution);
    std::size_t events = 0;
    std::string token;
    do {
      const Reply page =
          token.empty()
              ? client("GetExecutionHistory", {{"executionArn", execution}})
              : client("GetExecutionHistory", {{"executionArn", execution}, {"nextToken", token}});
      REQUIRE(page.status == 200);
      events += page.count("events");
      token = page.member("nextToken");
    } while (!token.empty());
    CHECK(events == 122);
  });
}

TEST_CASE("reports with a token that is none are refused", "[service][executions]") {
  World().run([](Client& client) {
    const std::string text = "Invalid Token: 'Invalid token'";
    CHECK(client("SendTaskSuccess", {{"taskToken", "x"}, {"output", "{}"}}).message() == text);
    CHECK(client("SendTaskFailure", {{"taskToken", "x"}}).message() == text);
    CHECK(client("SendTaskHeartbeat", {{"taskToken", "x"}}).message() == text);
    const Reply output = client("SendTaskSuccess", {{"taskToken", "x"}, {"output", "{"}});
    CHECK(output.error() == "InvalidOutput");
  });
}

TEST_CASE("an execution is there after a restart", "[service][executions]") {
  World world;
  std::string execution;
  world.run([&](Client& client) { execution = client.start(client.create("m", kWait), "e"); });
  world.run([&](Client& client) {
    const Reply described = client("DescribeExecution", {{"executionArn", execution}});
    CHECK(described.member("status") == "RUNNING");
    CHECK(client("StopExecution", {{"executionArn", execution}}).status == 200);
    CHECK(client.ended(execution).member("status") == "ABORTED");
  });
}

}  // namespace pawl::service::test
