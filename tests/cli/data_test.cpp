#include "tests/catch.h"
#include "tests/cli/child.h"

#include <csignal>
#include <fstream>
#include <iterator>
#include <set>

namespace pawl::cli::testing {
namespace {

using Catch::Matchers::Contains;

// Waits between two calls of a function that appends the key of each call to a file.
struct Orders {
  Orders() {
    file = directory.write("orders.asl.json", R"({"StartAt": "T", "States": {
        "T": {"Type": "Task", "ResultPath": null, "Next": "W",
              "Resource": "arn:aws:lambda:us-east-1:123456789012:function:job"},
        "W": {"Type": "Wait", "Seconds": 1, "Next": "U"},
        "U": {"Type": "Task", "End": true,
              "Resource": "arn:aws:lambda:us-east-1:123456789012:function:job"}}})");
    directory.write("functions/job/lambda_function.py",
                    "def lambda_handler(event, context):\n"
                    "    with open('" +
                        directory.path("calls") +
                        "', 'a') as calls:\n"
                        "        calls.write(context.aws_request_id + '\\n')\n"
                        "    return {'done': event}\n");
    data = directory.path("data");
  }
  std::set<std::string> calls() const {
    std::ifstream file_of_calls(directory.path("calls"));
    std::multiset<std::string> keys(std::istream_iterator<std::string>(file_of_calls), {});
    std::set<std::string> distinct(keys.begin(), keys.end());
    CHECK(keys.size() == distinct.size());
    return distinct;
  }

  TemporaryDirectory directory;
  std::string file;
  std::string data;
};

TEST_CASE("a killed run goes on with resume, functions and all", "[cli][data]") {
  const Orders orders;
  {
    Child child({"run", orders.file, "--data", orders.data, "--name", "first", "--input", "7"});
    child.wait_for("enter  W");
    child.signal(SIGKILL);
    child.wait();
  }
  const Ended list = pawl({"list", "--data", orders.data});
  CHECK_THAT(list.out, Contains("first  orders   RUNNING"));
  CHECK_THAT(pawl({"show", "first", "--data", orders.data}).out, Contains("is in     W"));

  const Ended resumed = pawl({"resume", "--data", orders.data});
  INFO(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(resumed.json().find("done")->as_int() == 7);
  CHECK(orders.calls().size() == 2);  // each Task once, with a key of its own
  CHECK(resumed.err.find("enter  T") == std::string::npos);  // that was before
  CHECK_THAT(resumed.err, Contains("enter  U"));

  const asl::Value history = pawl({"history", "first", "--data", orders.data, "--json"}).json();
  std::int64_t id = 0;
  for (const asl::Value& event : history.find("events")->items()) {
    CHECK(event.find("id")->as_int() == ++id);
  }
  CHECK(pawl({"resume", "--data", orders.data}).code == 0);  // nothing left
}

TEST_CASE("a failed run goes on with redrive", "[cli][data]") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("check.asl.json", R"({"StartAt": "T", "States": {
      "T": {"Type": "Pass", "Parameters": {"order.$": "$.order"}, "Next": "U"},
      "U": {"Type": "Succeed"}}})");
  const std::string data = directory.path("data");
  CHECK(pawl({"run", file, "--data", data, "--name", "first", "--input", "{}"}).code == 1);
  const Ended again = pawl({"redrive", "first", "--data", data});
  CHECK(again.code == 1);
  const Ended redriven =
      pawl({"redrive", "first", "--data", data, "--from", "T", "--input", R"({"order":7})"});
  INFO(redriven.err);
  CHECK(redriven.code == 0);
  CHECK(redriven.json().find("order")->as_int() == 7);
  const Ended refused = pawl({"redrive", "first", "--data", data});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Contains("Execution is SUCCEEDED and cannot be redriven"));
  CHECK(pawl({"redrive", "--data", data}).code == 2);
}

TEST_CASE("Map Runs and their children are shown and listed", "[cli][data]") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("spread.asl.json", R"({"StartAt": "M", "States": {
      "M": {"Type": "Map", "Label": "Each", "End": true, "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}}}})");
  const std::string data = directory.path("data");
  const Ended ran = pawl({"run", file, "--data", data, "--name", "first", "--input", "[1,2]"});
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  CHECK_THAT(pawl({"show", "first", "--data", data}).out,
             Contains("SUCCEEDED, 2 of 2 items succeeded"));
  const asl::Value shown = pawl({"show", "first", "--data", data, "--json"}).json();
  const std::string run(shown.find("mapRuns")->items()[0].as_string());
  const asl::Value children = pawl({"list", "--data", data, "--map-run", run, "--json"}).json();
  REQUIRE(children.find("executions")->size() == 2);
  const std::string child(
      children.find("executions")->items()[0].find("executionArn")->as_string());
  CHECK(pawl({"show", child, "--data", data, "--json"}).json().find("status")->as_string() ==
        "SUCCEEDED");
  CHECK(pawl({"list", "--data", data, "--map-run", run + "x"}).code == 2);
}

TEST_CASE("an interrupted run says how to go on", "[cli][data]") {
  const Orders orders;
  Child child({"run", orders.file, "--data", orders.data, "--name", "first"});
  child.wait_for("enter  W");
  child.signal(SIGINT);
  const Ended ended = child.wait();
  CHECK(ended.code == 130);
  CHECK_THAT(ended.err, Contains("pawl resume --data " + orders.data));
  const asl::Value resumed =
      pawl({"resume", "orders/first", "--data", orders.data, "--fast-forward", "--json"}).json();
  CHECK(resumed.find("status")->as_string() == "SUCCEEDED");
}

TEST_CASE("a directory in use is refused by name", "[cli][data]") {
  const Orders orders;
  Child child({"run", orders.file, "--data", orders.data});
  child.wait_for("enter  W");
  const std::string command = GENERATE("list", "resume");
  const Ended ended = pawl({command, "--data", orders.data});
  CHECK(ended.code == 3);
  CHECK_THAT(ended.err, Contains("in use by another pawl"));
}

TEST_CASE("a failed execution is shown with its place as long as the file is the same",
          "[cli][data]") {
  const TemporaryDirectory directory;
  const std::string file = directory.write(
      "m.asl.json",
      "{\"StartAt\": \"F\",\n \"States\": {\"F\": {\"Type\": \"Fail\", \"Error\": \"E\"}}}");
  const std::string data = directory.path("data");
  CHECK(pawl({"run", file, "--data", data, "--name", "x"}).code == 1);
  CHECK_THAT(pawl({"show", "x", "--data", data}).out, Contains("F at " + file + ":2:13"));
  directory.write("m.asl.json", R"({"StartAt": "G", "States": {"G": {"Type": "Succeed"}}})");
  CHECK_THAT(pawl({"show", "x", "--data", data}).out, !Contains(":2:13"));
}

TEST_CASE("names that are taken or unknown are answered with what to do", "[cli][data]") {
  const TemporaryDirectory directory;
  const std::string data = directory.path("data");
  CHECK(pawl({"run", example("hello"), "--data", data, "--name", "once"}).code == 0);
  const Ended again = pawl({"run", example("hello"), "--data", data, "--name", "once"});
  CHECK(again.code == 2);
  CHECK_THAT(again.err, Contains("pawl show once"));
  CHECK_THAT(pawl({"history", "onec", "--data", data}).err, Contains("Did you mean once?"));
  CHECK(pawl({"list", "--data", directory.path("none")}).code == 3);
  CHECK(pawl({"list"}).code == 2);
}

TEST_CASE("history names states and iterations", "[cli][data]") {
  const TemporaryDirectory directory;
  const std::string data = directory.path("data");
  REQUIRE(pawl({"run", example("order-fulfilment"), "--mock", "HappyPath", "--fast-forward",
                "--data", data, "--name", "x"})
              .code == 0);
  const Ended ended = pawl({"history", "x", "--data", data});
  CHECK_THAT(ended.out, Contains("CheckInventory [2]"));
  CHECK_THAT(ended.out, Contains("MapStateSucceeded        ReserveItems"));
  CHECK_THAT(ended.out, Contains("attempt 3, 2.00s after the failure"));
}

}  // namespace
}  // namespace pawl::cli::testing
