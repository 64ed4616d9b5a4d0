#include "service/routing.h"

#include "tests/catch.h"

namespace pawl::service::test {

namespace {

runtime::HttpRequest request(std::string method, std::string target,
                             runtime::HttpHeaders headers = {}, std::string body = "") {
  runtime::HttpRequest out;
  out.method = std::move(method);
  out.target = std::move(target);
  out.headers = std::move(headers);
  out.body = std::move(body);
  return out;
}

const std::string kSqsScope =
    "AWS4-HMAC-SHA256 Credential=KEY/20261126/us-east-1/sqs/aws4_request, SignedHeaders=host, "
    "Signature=0";

}  // namespace

TEST_CASE("the target names the service, whatever the scope says", "[service][routing]") {
  CHECK(service_of(request("POST", "/", {{"X-Amz-Target", "AmazonSQS.SendMessage"}})) == "sqs");
  CHECK(service_of(request("POST", "/", {{"X-Amz-Target", "DynamoDB_20120810.GetItem"}})) ==
        "dynamodb");
  CHECK(service_of(
            request("POST", "/", {{"X-Amz-Target", "Unknown.X"}, {"Authorization", kSqsScope}})) ==
        "states");
}

TEST_CASE("the scope of a signature names the service, in head or query", "[service][routing]") {
  CHECK(service_of(request("POST", "/", {{"Authorization", kSqsScope}})) == "sqs");
  CHECK(service_of(request(
            "GET", "/b/k?X-Amz-Credential=KEY%2F20261126%2Fus-east-1%2Fs3%2Faws4_request&x=1")) ==
        "s3");
}

TEST_CASE("unsigned requests are recognised by what they look like", "[service][routing]") {
  CHECK(service_of(request("POST", "/", {}, "Action=Publish&Version=2010-03-31")) == "sns");
  CHECK(service_of(request("GET", "/2015-03-31/functions/")) == "lambda");
  CHECK(service_of(request("POST", "/")) == "states");
  CHECK(service_of(request("GET", "/bucket/key")) == "s3");
  CHECK(is_query(request("POST", "/", {}, "Version=1&Action=X")));
  CHECK_FALSE(is_query(request("POST", "/", {}, "MyAction=X")));
}

}  // namespace pawl::service::test
