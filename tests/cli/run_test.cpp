#include "tests/catch.h"
#include "tests/cli/child.h"

#include <csignal>

namespace pawl::cli::testing {
namespace {

using Catch::Matchers::Contains;

constexpr const char* kFails =
    "{\n \"StartAt\": \"A\",\n \"States\": {\n  \"A\": {\"Type\": \"Pass\", \"Next\": \"B\"},\n"
    "  \"B\": {\"Type\": \"Fail\", \"Error\": \"Bad\", \"Cause\": \"because\"}}}";

constexpr const char* kWaits =
    R"({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": true}}})";

TEST_CASE("the output alone is on standard output", "[cli][run]") {
  const Ended ended = pawl({"run", example("hello"), "--input", R"({"name": "Ada"})"});
  CHECK(ended.code == 0);
  CHECK(ended.out == "{\"greeting\":\"Hello, Ada!\"}\n");
  CHECK_THAT(ended.err, Contains("enter  Greet"));
  CHECK_THAT(ended.err, Contains("SUCCEEDED"));
}

TEST_CASE("input comes from the directory, a file or standard input", "[cli][run]") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("in.json", R"({"name": "file"})");
  CHECK_THAT(pawl({"run", example("hello")}).out, Contains("world"));
  CHECK_THAT(pawl({"run", example("hello"), "--input", "@" + file}).out, Contains("file"));
  CHECK_THAT(pawl({"run", example("hello"), "--input", "-"}, R"({"name": "pipe"})").out,
             Contains("pipe"));
}

TEST_CASE("input that is not JSON is shown with its position", "[cli][run]") {
  const Ended ended = pawl({"run", example("hello"), "--input", R"({"name" "Ada"})"});
  CHECK(ended.code == 2);
  CHECK(ended.out.empty());
  CHECK_THAT(ended.err, Contains("--input: line 1, column 9"));
}

TEST_CASE("a failure shows error, cause, state and its place in the file", "[cli][run]") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("m.asl.json", kFails);
  const Ended ended = pawl({"run", file});
  CHECK(ended.code == 1);
  CHECK(ended.out.empty());
  CHECK_THAT(ended.err, Contains("Bad"));
  CHECK_THAT(ended.err, Contains("cause: because"));
  CHECK_THAT(ended.err, Contains("state: B at " + file + ":5:3"));
}

TEST_CASE("an expression that fails is shown with its state, too", "[cli][run]") {
  const TemporaryDirectory directory;
  const std::string file =
      directory.write("w.asl.json", R"({"QueryLanguage": "JSONata", "StartAt": "A",
"States": {"A": {"Type": "Pass", "End": true,
  "Output": "{% $states.input.nothing %}"}}})");
  const Ended ended = pawl({"run", file});
  CHECK(ended.code == 1);
  CHECK_THAT(ended.err, Contains("fail   A"));
  CHECK_THAT(ended.err, Contains("state: A at " + file + ":2:12"));
}

TEST_CASE("an invalid definition shows all problems with their lines", "[cli][run]") {
  const TemporaryDirectory directory;
  const std::string file = directory.write(
      "m.asl.yaml",
      "StartAt: A\nStates:\n  A:\n    Type: Pass\n    Next: No\n  B:\n    Type: Tsk\n");
  const Ended ended = pawl({"run", file});
  CHECK(ended.code == 2);
  CHECK_THAT(ended.err, Contains(file + ":5:5: error MISSING_TRANSITION_TARGET"));
  CHECK_THAT(ended.err, Contains(file + ":7:5: error SCHEMA_VALIDATION_FAILED"));
}

TEST_CASE("--json has the whole result as one object", "[cli][run]") {
  const asl::Value object =
      pawl({"run", example("hello"), "--json", "--name", "one", "--history"}).json();
  CHECK(object.find("name")->as_string() == "one");
  CHECK(object.find("status")->as_string() == "SUCCEEDED");
  CHECK(object.find("output")->find("greeting")->as_string() == "Hello, world!");
  CHECK(object.find("events")->size() == 4);
}

TEST_CASE("--history prints the events as the API does", "[cli][run]") {
  const std::string type = GENERATE("standard", "express");
  const asl::Value object = pawl({"run", example("hello"), "--history", "--type", type}).json();
  REQUIRE(object.find("events")->size() == 4);
  const asl::Value& last = object.find("events")->items()[3];
  CHECK(last.find("type")->as_string() == "ExecutionSucceeded");
  CHECK(last.find("previousEventId")->as_int() == 3);
}

TEST_CASE("--fast-forward lets an hour pass at once", "[cli][run]") {
  const TemporaryDirectory directory;
  const Ended ended = pawl({"run", directory.write("m.asl.json", kWaits), "--fast-forward"});
  CHECK(ended.code == 0);
  CHECK_THAT(ended.err, Contains("SUCCEEDED after 1h 00m"));
}

TEST_CASE("--mock answers Tasks from the file beside the definition", "[cli][run]") {
  const std::string form = GENERATE("", "#", "FILE#");
  std::string mock = form + "PaymentDeclined";
  if (form == "FILE#") mock = example("order-fulfilment/mocks.json") + "#PaymentDeclined";
  const Ended ended = pawl({"run", example("order-fulfilment"), "--fast-forward", "--mock", mock});
  CHECK(ended.code == 1);
  CHECK_THAT(ended.err, Contains("CardDeclined"));
  CHECK_THAT(ended.err, Contains("state: PaymentFailed"));
}

TEST_CASE("a test case that does not exist names those that do", "[cli][run]") {
  const Ended ended = pawl({"run", example("order-fulfilment"), "--mock", "None"});
  CHECK(ended.code == 2);
  CHECK_THAT(ended.err, Contains("HappyPath, PaymentDeclined"));
}

TEST_CASE("functions that are nowhere are asked for before anything runs", "[cli][run]") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("m.asl.json", R"({"StartAt": "T", "States": {"T": {
      "Type": "Task", "End": true,
      "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work"}}})");
  const Ended ended = pawl({"run", file});
  CHECK(ended.code == 2);
  CHECK_THAT(ended.err, Contains("no directory of functions is known: work"));
  CHECK_THAT(ended.err, Contains("--functions DIR"));
}

TEST_CASE("the example runs end to end with its functions", "[cli][run]") {
  const Ended ended = pawl({"run", example("order-fulfilment"), "--fast-forward"});
  INFO(ended.err);
  CHECK(ended.code == 0);
  const asl::Value output = ended.json();
  CHECK(output.find("paid")->as_string() == "42 EUR");
  CHECK(output.find("payment_attempts")->as_int() == 2);
  CHECK_THAT(ended.err, Contains("retry  ChargePayment"));
}

TEST_CASE("a signal stops a run without --data, and says that nothing is kept", "[cli][run]") {
  const TemporaryDirectory directory;
  Child child({"run", directory.write("m.asl.json", kWaits)});
  child.wait_for("enter  W");
  child.signal(GENERATE(SIGINT, SIGTERM));
  const Ended ended = child.wait();
  CHECK(ended.code == 130);
  CHECK_THAT(ended.err, Contains("Nothing was kept"));
}

TEST_CASE("run --batch answers case by case and survives bad ones", "[cli][run]") {
  const std::string lines =
      R"({"name": "a", "definition": {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": true}}}, "input": 1})"
      "\n[]\n"
      R"({"name": "c", "definition": {"StartAt": "X", "States": {}}})"
      "\n";
  const Ended ended = pawl({"run", "--batch"}, lines);
  CHECK(ended.code == 0);
  CHECK_THAT(ended.out, Contains(R"({"name":"a","status":"SUCCEEDED","output":1,"seconds":9.0,)"));
  CHECK_THAT(ended.out, Contains(R"("status":"ERROR")"));
  CHECK_THAT(ended.out, Contains(R"({"name":"c","status":"INVALID")"));
}

constexpr const char* kPasses =
    R"({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}})";

TEST_CASE("resources beside a definition are made before it runs", "[cli][run][resources]") {
  const TemporaryDirectory directory;
  const std::string file = directory.write(
      "m.asl.json", R"({"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
      "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
      "Parameters": {"Bucket": "b-1", "Key": "k"}, "ResultSelector": {"body.$": "$.Body"}}}})");
  directory.write("text.txt", "from a file");
  directory.write("resources.json", R"({"Buckets": [{"Bucket": "b-1", "Objects": [
      {"Key": "k", "File": "text.txt"}]}]})");
  const Ended ended = pawl({"run", file});
  CHECK(ended.code == 0);
  CHECK(ended.out == "{\"body\":\"from a file\"}\n");
}

TEST_CASE("mistakes in resources are named with their place", "[cli][run][resources]") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("m.asl.json", kPasses);
  const auto said = [&](const std::string& text) {
    directory.write("resources.json", text);
    const Ended ended = pawl({"run", file});
    CHECK(ended.code == 2);
    CHECK(ended.out.empty());
    return ended.err;
  };
  CHECK_THAT(said("{"), Contains("resources.json: "));
  CHECK_THAT(said("[]"), Contains("resources.json: /: must be an object"));
  CHECK_THAT(said(R"({"Pipes": []})"), Contains("/Pipes: there is no such kind"));
  CHECK_THAT(said(R"({"Tables": [{}], "Queues": [1]})"),
             Contains("/Tables/0: TableName is required") && Contains("/Queues/0: must be an"));
  CHECK_THAT(said(R"({"Buckets": [{"Bucket": "b-1", "Objects": [{"Key": "k"}]}]})"),
             Contains("/Buckets/0/Objects/0: one of Body"));
  CHECK_THAT(said(R"({"Buckets": [{"Bucket": "b-1", "Objects": [{"Key": "k", "File": "../x"}]}]})"),
             Contains("/Buckets/0/Objects/0/File: must lie below"));
  CHECK_THAT(said(R"({"Buckets": [{"Bucket": "b-1", "Objects": [{"Key": "k", "File": "x"}]}]})"),
             Contains("/Buckets/0/Objects/0") && Contains("No such file"));
  CHECK_THAT(said(R"({"Queues": [{"QueueName": "a b"}]})"),
             Contains("/Queues/0: InvalidParameterValue"));
}

TEST_CASE("a Task that nothing here can serve is named before the run", "[cli][run]") {
  const TemporaryDirectory directory;
  const auto warned = [&](const std::string& resource) {
    const std::string file = directory.write(
        "m.asl.json", R"({"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
        "Resource": "arn:aws:states:::)" +
                          resource + R"(", "Parameters": {}}}})");
    return pawl({"run", file}).err.find("does not reach") != std::string::npos;
  };
  CHECK_FALSE(warned("aws-sdk:sqs:listQueues"));
  CHECK(warned("glue:startJobRun"));
}

}  // namespace
}  // namespace pawl::cli::testing
