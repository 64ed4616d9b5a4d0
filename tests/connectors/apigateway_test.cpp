#include "connectors/apigateway/call.h"
#include "tests/catch.h"
#include "tests/connectors/support.h"

namespace pawl::connectors::test {
namespace {

asl::Resource gateway_resource(bool token = false) {
  return {"arn:aws:states:::apigateway:invoke",
          asl::ResourceKind::kIntegration,
          token ? asl::IntegrationPattern::kWaitForTaskToken
                : asl::IntegrationPattern::kRequestResponse,
          "apigateway",
          "invoke",
          "invoke"};
}

std::variant<apigateway::Call, engine::Failure> read(const std::string& parameters) {
  const asl::Resource resource = gateway_resource();
  return apigateway::to_call(request_for(resource, parameters));
}

apigateway::Call call_of(const std::string& more) {
  auto mapped = read(R"({"ApiEndpoint":"a.example.com","Method":"POST")" + more + "}");
  if (auto* failure = std::get_if<engine::Failure>(&mapped)) FAIL(*failure->cause);
  return std::get<apigateway::Call>(mapped);
}

std::string cause_of(const std::string& parameters) {
  auto mapped = read(parameters);
  const auto* failure = std::get_if<engine::Failure>(&mapped);
  if (failure == nullptr) return "accepted";
  CHECK(failure->error == "States.Runtime");
  return *failure->cause;
}

}  // namespace

TEST_CASE("stage, path and query become one target", "[connectors][apigateway]") {
  CHECK(call_of("").target == "/");
  CHECK(call_of(R"(,"Stage":"prod")").target == "/prod");
  CHECK(call_of(R"(,"Stage":"prod","Path":"/pets/a b/%20/")").target == "/prod/pets/a%20b/%20/");
  CHECK(call_of(R"(,"Path":"x","QueryParameters":{"a":["1","2 3"],"b":"c","n":null})").target ==
        "/x?a=1&a=2%203&b=c");
}

TEST_CASE("members that are null are not sent unless they are allowed",
          "[connectors][apigateway]") {
  const std::string body = R"(,"RequestBody":{"a":null,"b":[{"c":null,"d":1}]})";
  CHECK(call_of(body).body == R"({"b":[{"d":1}]})");
  CHECK(call_of(body + R"(,"AllowNullValues":true)").body ==
        R"({"a":null,"b":[{"c":null,"d":1}]})");
  CHECK(call_of(R"(,"RequestBody":"as it is")").body == "as it is");
  CHECK(call_of(R"(,"RequestBody":null)").body.empty());
}

TEST_CASE("parameters of apigateway:invoke are checked", "[connectors][apigateway]") {
  CHECK(cause_of("{}") == "The field 'ApiEndpoint' is required but was missing");
  CHECK(cause_of(R"({"ApiEndpoint":"h"})") == "The field 'Method' is required but was missing");
  for (const char* host : {"https://h", "h/path", "h?q", "u@h", "", "h h"}) {
    CHECK(cause_of(std::string(R"({"ApiEndpoint":")") + host + R"(","Method":"GET"})")
              .find("'ApiEndpoint'") != std::string::npos);
  }
  CHECK(cause_of(R"({"ApiEndpoint":"h","Method":"GET","RequestBody":{}})") ==
        "The field 'RequestBody' cannot be used with the method GET");
  CHECK(cause_of(R"({"ApiEndpoint":"h","Method":"get"})").starts_with("The value for the field"));
  CHECK(cause_of(R"({"ApiEndpoint":"h","Method":"GET","AuthType":"X"})").ends_with("is 'X'"));
  CHECK(cause_of(R"({"ApiEndpoint":"h","Method":"GET","Other":1})") ==
        "The field \"Other\" is not supported by Step Functions");
  for (const char* header : {"Host", "X-Amz-Date", "x-forwarded-for", "www-authenticate"}) {
    CHECK(cause_of(std::string(R"({"ApiEndpoint":"h","Method":"GET","Headers":{")") + header +
                   R"(":["v"]}})") == "The header '" + std::string(header) + "' cannot be used");
  }
  CHECK(cause_of(R"({"ApiEndpoint":"h","Method":"GET","Headers":{"a":["b\nc"]}})") ==
        "The header 'a' is not valid");
}

TEST_CASE("an API's answer is the output, or the error of its status", "[connectors][apigateway]") {
  runtime::HttpResponse response;
  response.headers.add("Content-Type", "application/json");
  response.body = R"({"a":1})";
  const asl::Resource plain = gateway_resource();
  const auto done = apigateway::to_outcome(request_for(plain, "{}"), response);
  CHECK(std::get<engine::TaskSucceeded>(done).output.text() ==
        R"({"Headers":{"Content-Type":["application/json"]},"ResponseBody":{"a":1},)"
        R"("StatusCode":200,"StatusText":"OK"})");
  const asl::Resource token = gateway_resource(true);
  CHECK(std::holds_alternative<engine::TaskSubmitted>(
      apigateway::to_outcome(request_for(token, "{}"), response)));
  response.status = 429;
  const auto failed = apigateway::to_outcome(request_for(plain, "{}"), response);
  CHECK(std::get<engine::TaskFailed>(failed).failure.error == "ApiGateway.429");
  CHECK(std::get<engine::TaskFailed>(failed).failure.cause == R"({"a":1})");
  CHECK(apigateway::to_failure({ErrorCode::kTimeout, "", ""}).error ==
        "ApiGateway.SocketTimeoutException");
  CHECK(apigateway::to_failure({ErrorCode::kLimit, "", ""}).error == "States.DataLimitExceeded");
}

}  // namespace pawl::connectors::test
