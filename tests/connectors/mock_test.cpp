#include "connectors/mock/mock_config.h"
#include "connectors/mock/mock_handlers.h"
#include "connectors/registry.h"
#include "tests/catch.h"
#include "tests/connectors/support.h"

namespace pawl::connectors {
namespace {

// The example of the Developer Guide.
constexpr const char* kExample = R"({
  "StateMachines": {
    "LambdaSQSIntegration": {
      "TestCases": {
        "HappyPath": {"LambdaState": "MockedLambdaSuccess", "SQSState": "MockedSQSSuccess"},
        "RetryPath": {"LambdaState": "MockedLambdaRetry", "SQSState": "MockedSQSSuccess"},
        "HybridPath": {"LambdaState": "MockedLambdaSuccess"}
      }
    }
  },
  "MockedResponses": {
    "MockedLambdaSuccess": {"0": {"Return": {"StatusCode": 200, "Payload": {"body": "Hello from Lambda!"}}}},
    "MockedSQSSuccess": {"0": {"Return": {"MessageId": "3bcb6e8e-8b51-4375-b0bc-1a59812c6e51"}}},
    "MockedLambdaRetry": {
      "0": {"Throw": {"Error": "Lambda.ResourceNotReadyException", "Cause": "Lambda resource is not ready."}},
      "1-2": {"Throw": {"Error": "Lambda.TimeoutException", "Cause": "Lambda timed out."}},
      "3": {"Return": {"StatusCode": 200, "Payload": 1.0}}
    }
  }
})";

std::string show(const std::optional<MockAnswer>& answer) {
  if (!answer) return "real";
  if (const auto* output = std::get_if<MockReturn>(&*answer)) return output->output;
  const auto& failure = std::get<engine::Failure>(*answer);
  return failure.error.value_or("-") + "/" + failure.cause.value_or("-");
}

TEST_CASE("a mocked state answers by its attempt", "[connectors][mock]") {
  const auto config = MockConfig::parse(kExample, "mocks.json");
  REQUIRE(config);
  struct Row {
    const char* machine;
    const char* test_case;
    const char* state;
    int attempt;
    const char* answer;
  };
  const Row row = GENERATE(values<Row>({
      {"LambdaSQSIntegration", "HappyPath", "LambdaState", 0,
       R"({"StatusCode":200,"Payload":{"body":"Hello from Lambda!"}})"},
      {"LambdaSQSIntegration", "RetryPath", "LambdaState", 0,
       "Lambda.ResourceNotReadyException/Lambda resource is not ready."},
      {"LambdaSQSIntegration", "RetryPath", "LambdaState", 1,
       "Lambda.TimeoutException/Lambda timed out."},
      {"LambdaSQSIntegration", "RetryPath", "LambdaState", 2,
       "Lambda.TimeoutException/Lambda timed out."},
      {"LambdaSQSIntegration", "RetryPath", "LambdaState", 3,
       R"({"StatusCode":200,"Payload":1.0})"},
      {"LambdaSQSIntegration", "RetryPath", "LambdaState", 4,
       "States.Runtime/No mocked response definition for state 'LambdaState' and retry number '4'"},
      {"LambdaSQSIntegration", "HybridPath", "SQSState", 0, "real"},
      {"LambdaSQSIntegration", "Other", "LambdaState", 0, "real"},
      {"Other", "HappyPath", "LambdaState", 0, "real"},
  }));
  CHECK(show(config->respond(row.machine, row.test_case, row.state, row.attempt)) == row.answer);
}

TEST_CASE("all problems of a mock file are told, each with its place", "[connectors][mock]") {
  struct Row {
    const char* text;
    std::vector<const char*> messages;
  };
  const Row row = GENERATE(values<Row>({
      {"{", {"m.json: line 1, column 2"}},
      {"[]", {"m.json: /: must be an object"}},
      {"{}", {"m.json: /: has no \"MockedResponses\"", "m.json: /: has no \"StateMachines\""}},
      {R"({"StateMachines": {"M": {}, "N": {"TestCases": {"C": {"S": "Gone", "T": 1}, "D": []}}},
           "MockedResponses": {}})",
       {"m.json: /StateMachines/M: has no \"TestCases\"",
        "m.json: /StateMachines/N/TestCases/C/S: there is no mocked response \"Gone\" in "
        "MockedResponses",
        "m.json: /StateMachines/N/TestCases/C/T: must be the name of a mocked response",
        "m.json: /StateMachines/N/TestCases/D: must be an object"}},
      {R"({"StateMachines": {}, "MockedResponses": {"A": {}, "B": {"x": {"Return": 1}, "2-1": {"Return": 1}},
           "C": {"0": {}, "1": {"Return": 1, "Throw": {}}, "2": {"Throw": {"Cause": 1, "Code": 2}}},
           "D/~": {"0-2": {"Return": 1}, "2": {"Return": 2}}}})",
       {"m.json: /MockedResponses/A: must be an object of attempts",
        "m.json: /MockedResponses/B/x: must be named by an attempt",
        "m.json: /MockedResponses/B/2-1: must be",
        "m.json: /MockedResponses/C/0: must have either \"Return\" or \"Throw\"",
        "m.json: /MockedResponses/C/1: must have either",
        "/MockedResponses/C/2/Throw/Cause: must be a text",
        "/MockedResponses/C/2/Throw/Code: is no member",
        "/MockedResponses/C/2/Throw: has no \"Error\"",
        "/MockedResponses/D~1~0: attempt 2 is answered twice"}},
  }));
  const auto config = MockConfig::parse(row.text, "m.json");
  REQUIRE_FALSE(config);
  CAPTURE(config.error().message);
  for (const char* message : row.messages) {
    CAPTURE(message);
    CHECK(config.error().message.find(message) != std::string::npos);
  }
}

TEST_CASE("a mocked state of any resource completes at once, the others run",
          "[connectors][mock]") {
  class Real final : public engine::TaskHandler {
   public:
    engine::Outcome run(const engine::TaskRequest&) override { return engine::TaskFailed{}; }
  };
  Registry real;
  const auto handler = std::make_shared<Real>();
  real.add("lambda", handler);
  auto config = MockConfig::parse(kExample, "mocks.json");
  REQUIRE(config);
  auto mocks = MockHandlers::make(*config, "HybridPath", real);
  REQUIRE(mocks);

  asl::Resource resource = test::invoke_resource();
  resource.kind = GENERATE(asl::ResourceKind::kIntegration, asl::ResourceKind::kActivity);
  resource.pattern =
      GENERATE(asl::IntegrationPattern::kRequestResponse, asl::IntegrationPattern::kSync,
               asl::IntegrationPattern::kWaitForTaskToken);
  const std::string machine = GENERATE("LambdaSQSIntegration", "LambdaSQSIntegration/label");
  engine::TaskHandler* mocked = (*mocks)->find(resource, machine, "LambdaState");
  REQUIRE(mocked != nullptr);
  const auto outcome = mocked->run(test::request_for(resource, "{}"));
  REQUIRE(std::holds_alternative<engine::TaskSucceeded>(outcome));
  CHECK(std::get<engine::TaskSucceeded>(outcome).output.text() ==
        R"({"StatusCode":200,"Payload":{"body":"Hello from Lambda!"}})");

  CHECK((*mocks)->find(test::invoke_resource(), "LambdaSQSIntegration", "SQSState") ==
        handler.get());
  CHECK((*mocks)->find(test::invoke_resource(), "Other", "LambdaState") == handler.get());
  CHECK((*mocks)->knows_machine("LambdaSQSIntegration"));
  CHECK_FALSE((*mocks)->knows_machine("Other"));
}

TEST_CASE("--mock names a file and a test case", "[connectors][mock]") {
  const test::TempDirectory directory;
  directory.write("mocks.json", kExample);
  Registry real;
  const std::string file = directory.path() + "/mocks.json";
  CHECK(MockHandlers::open(file + "#HappyPath", real));
  CHECK(MockHandlers::open(file, real).error().code == ErrorCode::kInvalid);
  CHECK(MockHandlers::open(file + "#", real).error().code == ErrorCode::kInvalid);
  CHECK(MockHandlers::open(file + "x#HappyPath", real).error().code == ErrorCode::kNotFound);
  const auto unknown = MockHandlers::open(file + "#Sad", real);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message == file +
                                       ": no state machine has the test case \"Sad\"; there are: "
                                       "HappyPath, HybridPath, RetryPath");
}

}  // namespace
}  // namespace pawl::connectors
