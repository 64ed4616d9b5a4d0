#include "tests/catch.h"
#include "tests/cli/child.h"

namespace pawl::cli::testing {
namespace {

using Catch::Matchers::Contains;

const std::string kMachine = R"json({"StartAt": "Ask", "States": {
  "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
          "Parameters": {"FunctionName": "f", "Payload.$": "$.q"},
          "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "MaxAttempts": 2}],
          "Catch": [{"ErrorEquals": ["No"], "Next": "Rest"}], "Next": "Rest"},
  "Rest": {"Type": "Wait", "Seconds": 100, "Next": "End"},
  "End": {"Type": "Succeed"}}})json";

}  // namespace

TEST_CASE("test-state runs one state of a machine with a mock", "[cli][test_state]") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("m.asl.json", kMachine);
  const Ended shown = pawl({"test-state", file, "--state", "Ask", "--input", R"({"q": 1})",
                            "--mock", R"({"StatusCode": 200})"});
  CHECK(shown.code == 0);
  CHECK_THAT(shown.out, Contains("SUCCEEDED") && Contains("Rest") && Contains("afterParameters"));
  CHECK_THAT(shown.out, Contains("afterResultPath") && Contains("as result"));

  const Ended json = pawl({"test-state", file, "--state", "Ask", "--input", R"({"q": 1})",
                           "--mock-error", "Busy", "--retries", "1", "--json"});
  CHECK(json.code == 1);
  const asl::Value answer = json.json();
  CHECK(answer.find("status")->as_string() == "RETRIABLE");
  const asl::Value* inspection = answer.find("inspectionData");
  REQUIRE(inspection != nullptr);
  CHECK(inspection->find("input")->find("q")->as_int() == 1);
  CHECK(inspection->find("errorDetails")->find("retryBackoffIntervalSeconds")->as_int() == 4);

  CHECK(pawl({"test-state", file, "--state", "Ask", "--input", R"({"q": 1})", "--mock-error", "No"})
            .code == 0);
}

TEST_CASE("test-state says what it cannot test", "[cli][test_state]") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("m.asl.json", kMachine);
  const auto refused = [&](std::vector<std::string> arguments, const std::string& text) {
    arguments.insert(arguments.begin(), {"test-state", file});
    const Ended ended = pawl(arguments);
    CHECK(ended.code == 2);
    CHECK_THAT(ended.err, Contains(text));
  };
  refused({}, "Ask\n");
  refused({"--state", "Aks"}, "Did you mean 'Ask'?");
  refused({"--state", "End", "--mock", "{}"}, "State type 'Succeed' is not supported");
  refused({"--state", "Ask", "--mock", R"({"StatusCode": "200"})"}, "must be a number");
  refused({"--state", "Ask", "--mock", "{"}, "--mock");
}

TEST_CASE("test-state reads a state alone, and skips a Wait's time if told so",
          "[cli][test_state]") {
  const TemporaryDirectory directory;
  const std::string machine = directory.write("m.asl.json", kMachine);
  const std::string state =
      directory.write("state.json", R"({"Type": "Pass", "Result": 7, "Next": "Somewhere"})");
  const Ended ended = pawl({"test-state", state, "--json", "--inspection-level", "INFO"});
  CHECK(ended.out == R"({"output":7,"nextState":"Somewhere","status":"SUCCEEDED"})"
                     "\n");
  CHECK(pawl({"test-state", machine, "--state", "Rest", "--fast-forward"}).code == 0);
}

}  // namespace pawl::cli::testing
