#include "connectors/lambda/mapping.h"

#include "asl/json/value.h"
#include "tests/catch.h"
#include "tests/connectors/support.h"

namespace pawl::connectors {
namespace {

using engine::Failure;
using engine::TaskFailed;
using engine::TaskSubmitted;
using engine::TaskSucceeded;
using test::direct_resource;
using test::invoke_resource;
using test::request_for;

constexpr runtime::WallTime kNow{std::chrono::milliseconds(1588207173000)};  // 2020-04-30T00:39:33Z

InvocationAnswer answer_of(std::string payload, bool failed = false) {
  InvocationAnswer answer;
  answer.request_id = "dc8e5c92-28b4-41fd-a7bf-90970b93f51a";
  answer.trace_id = "Root=1-5eaa1e45-f6d040f0e5b2480a56f2dba4";
  answer.payload = std::move(payload);
  answer.function_error = failed;
  answer.executed_version = "$LATEST";
  return answer;
}

TEST_CASE("the parameters of lambda:invoke become an invocation", "[connectors][lambda]") {
  struct Row {
    const char* payload;  // the parameter, JSON text; nullptr: absent
    const char* event;
  };
  // The strings are recorded: test_invoke_json_values, test_invoke_bytes_payload,
  // test_invoke_unsupported_param (null).
  const Row row = GENERATE(values<Row>({{nullptr, "{}"},
                                        {"null", "{}"},
                                        {R"({"a": [1, 2.0]})", R"({"a":[1,2.0]})"},
                                        {R"("\"HelloWorld\"")", R"("HelloWorld")"},
                                        {R"("{}")", "{}"},
                                        {R"("[]")", "[]"},
                                        {R"("plain text")", R"("plain text")"},
                                        {R"("")", R"("")"},
                                        {"0", "0"},
                                        {"0.0", "0.0"},
                                        {"true", "true"},
                                        {"[]", "[]"}}));
  std::string parameters = R"({"FunctionName":"pay")";
  if (row.payload != nullptr) parameters += std::string(",\"Payload\":") + row.payload;
  const auto planned = to_invocation(request_for(invoke_resource(), parameters + "}"));
  REQUIRE(std::holds_alternative<Invocation>(planned));
  const auto& invocation = std::get<Invocation>(planned);
  CHECK(invocation.payload == row.event);
  CHECK(invocation.function.arn() == "arn:aws:lambda:us-east-1:123456789012:function:pay");
  CHECK(invocation.type == InvocationType::kRequestResponse);
  CHECK(invocation.idempotency_key == "arn:aws:states:us-east-1:123456789012:execution:m:e/3");
}

TEST_CASE("the other parameters of lambda:invoke are passed on", "[connectors][lambda]") {
  const auto planned = to_invocation(request_for(
      invoke_resource(),
      R"({"FunctionName":"arn:aws:lambda:eu-west-1:210987654321:function:pay","Qualifier":"live",
          "InvocationType":"Event","LogType":"Tail","ClientContext":"{\"custom\":{\"a\":1}}"})"));
  REQUIRE(std::holds_alternative<Invocation>(planned));
  const auto& invocation = std::get<Invocation>(planned);
  CHECK(invocation.function.arn() == "arn:aws:lambda:eu-west-1:210987654321:function:pay:live");
  CHECK(invocation.type == InvocationType::kEvent);
  CHECK(invocation.tail_log);
  CHECK(invocation.client_context == R"({"custom":{"a":1}})");
}

TEST_CASE("a direct function gets its parameters as they are", "[connectors][lambda]") {
  const asl::Resource resource = direct_resource("pay:live");
  const std::string text = R"({ "FunctionName" : "no_such",  "Payload": null })";
  const auto planned = to_invocation(request_for(resource, text));
  REQUIRE(std::holds_alternative<Invocation>(planned));
  CHECK(std::get<Invocation>(planned).payload == text);
  CHECK(std::get<Invocation>(planned).function.name == "pay");
  CHECK(std::get<Invocation>(planned).function.qualifier == "live");
}

TEST_CASE("parameters that cannot be are a failure", "[connectors][lambda]") {
  struct Row {
    const char* parameters;
    const char* error;
    const char* cause_part;
  };
  const Row row = GENERATE(values<Row>(
      {{R"({"FunctionName":"a b"})", "Lambda.AWSLambdaException",
        "1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint"},
       {R"({"FunctionName":"a:1","Qualifier":"2"})", "Lambda.InvalidParameterValueException",
        "The derived qualifier from the function name does not match the specified qualifier. "
        "(Service: "
        "AWSLambda; Status Code: 400; Error Code: InvalidParameterValueException; Request ID: "},
       {R"({"FunctionName":"a","InvocationType":"Maybe"})", "Lambda.AWSLambdaException",
        "Value 'Maybe' at 'invocationType'"},
       {R"({"FunctionName":"a","LogType":"All"})", "Lambda.AWSLambdaException",
        "Value 'All' at 'logType'"},
       {R"({"FunctionName":1})", "States.Runtime",
        "The Parameters '{\"FunctionName\":1}' could not be used to start the Task: [The value for "
        "the "
        "field 'FunctionName' must be a STRING]"},
       {R"({"FunctionName":null})", "States.Runtime", "'FunctionName' must be a STRING"},
       {R"({"Payload":{}})", "States.Runtime", "'FunctionName' is required"},
       {R"({"FunctionName":"a","Tenant":"b"})", "States.Runtime", "\"Tenant\" is not supported"},
       {R"([])", "States.Runtime", "must be an object"}}));
  CAPTURE(row.parameters);
  const auto planned = to_invocation(request_for(invoke_resource(), row.parameters));
  REQUIRE(std::holds_alternative<Failure>(planned));
  const auto& failure = std::get<Failure>(planned);
  CHECK(failure.error == row.error);
  CAPTURE(*failure.cause);
  CHECK(failure.cause->find(row.cause_part) != std::string::npos);
}

TEST_CASE("lambda:invoke answers what the API answers", "[connectors][lambda]") {
  const auto outcome = to_outcome(request_for(invoke_resource(), "{}"),
                                  answer_of(R"({"Payload": {"a": [1, 0.0]}})"), kNow);
  REQUIRE(std::holds_alternative<TaskSucceeded>(outcome));
  // Order of members and headers: recorded in services/lambda_task_service.
  CHECK(
      std::get<TaskSucceeded>(outcome).output.text() ==
      R"({"ExecutedVersion":"$LATEST","Payload":{"Payload":{"a":[1,0.0]}},"SdkHttpMetadata":)"
      R"({"AllHttpHeaders":{"X-Amz-Executed-Version":["$LATEST"],"x-amzn-Remapped-Content-Length":["0"],)"
      R"("Connection":["keep-alive"],"x-amzn-RequestId":["dc8e5c92-28b4-41fd-a7bf-90970b93f51a"],)"
      R"("Content-Length":["28"],"Date":["Thu, 30 Apr 2020 00:39:33 GMT"],)"
      R"("X-Amzn-Trace-Id":["Root=1-5eaa1e45-f6d040f0e5b2480a56f2dba4"],"Content-Type":["application/json"]},)"
      R"("HttpHeaders":{"Connection":"keep-alive","Content-Length":"28","Content-Type":"application/json",)"
      R"("Date":"Thu, 30 Apr 2020 00:39:33 GMT","X-Amz-Executed-Version":"$LATEST",)"
      R"("x-amzn-Remapped-Content-Length":"0","x-amzn-RequestId":"dc8e5c92-28b4-41fd-a7bf-90970b93f51a",)"
      R"("X-Amzn-Trace-Id":"Root=1-5eaa1e45-f6d040f0e5b2480a56f2dba4"},"HttpStatusCode":200},)"
      R"("SdkResponseMetadata":{"RequestId":"dc8e5c92-28b4-41fd-a7bf-90970b93f51a"},"StatusCode":200})");
}

TEST_CASE("LogType Tail adds the log in its three places", "[connectors][lambda]") {
  InvocationAnswer answer = answer_of("{}");
  answer.log_result = "U1RBUlQ=";
  const auto outcome = to_outcome(request_for(invoke_resource(), "{}"), answer, kNow);
  const std::string text = std::get<TaskSucceeded>(outcome).output.text();
  CHECK(
      text.starts_with(R"({"ExecutedVersion":"$LATEST","LogResult":"U1RBUlQ=","Payload":{},)"
                       R"("SdkHttpMetadata":{"AllHttpHeaders":{"X-Amz-Log-Result":["U1RBUlQ="],)"));
  CHECK(text.find(R"("X-Amz-Executed-Version":"$LATEST","X-Amz-Log-Result":"U1RBUlQ=",)") !=
        std::string::npos);
}

TEST_CASE("Event and DryRun answer without a payload", "[connectors][lambda]") {
  InvocationAnswer answer = answer_of("");
  answer.status = GENERATE(202, 204);
  const auto outcome = to_outcome(request_for(invoke_resource(), "{}"), answer, kNow);
  const asl::Value value = std::get<TaskSucceeded>(outcome).output.value();
  CHECK(value.find("Payload") == nullptr);
  CHECK(value.find("ExecutedVersion") == nullptr);
  CHECK(value.find("StatusCode")->as_int() == answer.status);
}

TEST_CASE("lambda:invoke.waitForTaskToken is submitted with the answer", "[connectors][lambda]") {
  asl::Resource resource = invoke_resource();
  resource.pattern = asl::IntegrationPattern::kWaitForTaskToken;
  const auto outcome = to_outcome(request_for(resource, "{}"), answer_of("1"), kNow);
  REQUIRE(std::holds_alternative<TaskSubmitted>(outcome));
  const auto& submitted = std::get<TaskSubmitted>(outcome);
  CHECK(submitted.output.value().find("Payload")->as_int() == 1);
  CHECK_FALSE(submitted.poll_after);
  CHECK(std::holds_alternative<TaskFailed>(
      to_outcome(request_for(resource, "{}"), answer_of(R"({"errorType":"E"})", true), kNow)));
}

TEST_CASE("a direct function's output is its text", "[connectors][lambda]") {
  const asl::Resource resource = direct_resource("pay");
  struct Row {
    const char* payload;
    const char* output;
  };
  const Row row = GENERATE(values<Row>({{R"({"a": 1,  "b": [0.0]})", R"({"a": 1,  "b": [0.0]})"},
                                        {"0.0", "0.0"},
                                        {R"("HelloWorld")", R"("HelloWorld")"},
                                        {"true", "true"},
                                        {"null", "null"},
                                        // no JSON: as a string
                                        {"plain", R"("plain")"},
                                        {"", R"("")"},
                                        {"a\xff\xc3\xa4", "\"a\xEF\xBF\xBD\xc3\xa4\""}}));
  const auto outcome = to_outcome(request_for(resource, "{}"), answer_of(row.payload), kNow);
  REQUIRE(std::holds_alternative<TaskSucceeded>(outcome));
  CHECK(std::get<TaskSucceeded>(outcome).output.text() == row.output);
}

TEST_CASE("a function's error is its type, and its document the cause", "[connectors][lambda]") {
  // Recorded in error_handling/task_lambda and task_service_lambda.
  const std::string document =
      R"({"errorMessage": "Some exception was raised.", "errorType": "Exception", "requestId": "r", )"
      R"("stackTrace": ["  File \"/var/task/handler.py\", line 2, in handler\n    raise Exception(\"Some exception was raised.\")\n"]})";
  const Failure direct = function_failure(document, true);
  CHECK(direct.error == "Exception");
  CHECK(direct.cause == document);
  const Failure invoked = function_failure(document, false);
  CHECK(invoked.error == "Exception");
  CHECK(
      invoked.cause ==
      R"({"errorMessage":"Some exception was raised.","errorType":"Exception","requestId":"r",)"
      R"("stackTrace":["  File \"/var/task/handler.py\", line 2, in handler\n    raise Exception(\"Some exception was raised.\")\n"]})");
}

TEST_CASE("an error without a type is Lambda.Unknown", "[connectors][lambda]") {
  const std::string document =
      GENERATE(as<std::string>(), R"({"errorMessage": "no type"})", R"({"errorType": 7})",
               R"({"errorType": ""})", "not JSON", "");
  const Failure failure = function_failure(document, true);
  CHECK(failure.error == "Lambda.Unknown");
  CHECK(failure.cause ==
        "The cause could not be determined because Lambda did not return an error type. Returned "
        "payload: " +
            document);
}

TEST_CASE("errors of the service have the SDK's form", "[connectors][lambda]") {
  // Recorded: test_no_such_function.
  const ServiceError missing = {
      "ResourceNotFoundException",
      "Function not found: arn:aws:lambda:us-east-1:123456789012:function:no:$LATEST", 404, "r-1",
      true};
  const std::string cause =
      "Function not found: arn:aws:lambda:us-east-1:123456789012:function:no:$LATEST (Service: "
      "AWSLambda; "
      "Status Code: 404; Error Code: ResourceNotFoundException; Request ID: r-1; Proxy: null)";
  const asl::Resource direct = direct_resource("no");
  for (const asl::Resource* resource : {&invoke_resource(), &direct}) {
    const auto outcome = to_outcome(request_for(*resource, "{}"), missing, kNow);
    REQUIRE(std::holds_alternative<TaskFailed>(outcome));
    CHECK(std::get<TaskFailed>(outcome).failure.error == "Lambda.ResourceNotFoundException");
    CHECK(std::get<TaskFailed>(outcome).failure.cause == cause);
  }
  CHECK(service_failure({"ValidationException", "m", 400, "r", false}).error ==
        "Lambda.AWSLambdaException");
}

TEST_CASE("one attempt has one request id", "[connectors][lambda]") {
  const std::string id = request_id_of("arn:x/3");
  CHECK(id == request_id_of("arn:x/3"));
  CHECK(id != request_id_of("arn:x/4"));
  REQUIRE(id.size() == 36);
  CHECK((id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' && id[14] == '4'));
}

}  // namespace
}  // namespace pawl::connectors
