// The wire: headers, error form, constraint texts.
#include "tests/service/world.h"

namespace pawl::service::test {

TEST_CASE("health is a plain GET", "[service][wire]") {
  World().run([](Client& client) {
    const Reply reply = client.send({}, "/_pawl/health");
    CHECK(reply.status == 200);
    CHECK(reply.text == R"({"status":"ok"})");
  });
}

TEST_CASE("an answer has the protocol's content type and a request id", "[service][wire]") {
  World().run([](Client& client) {
    const Reply reply = client("ListStateMachines", "{}");
    CHECK(reply.status == 200);
    CHECK(reply.text == R"({"stateMachines":[]})");
    CHECK(reply.headers.get("Content-Type") == "application/x-amz-json-1.0");
    CHECK(reply.headers.get("x-amzn-RequestId").size() == 36);
    const Reply other = client("ListStateMachines", "{}");
    CHECK(other.headers.get("x-amzn-RequestId") != reply.headers.get("x-amzn-RequestId"));
  });
}

TEST_CASE("an error has its type in the body and in a header", "[service][wire]") {
  World().run([](Client& client) {
    const Reply reply = client("DescribeExecution", R"({"executionArn":"nonsense"})");
    CHECK(reply.status == 400);
    CHECK(reply.text == R"({"__type":"com.amazonaws.swf.service.v2.model#InvalidArn",)"
                        R"("message":"Invalid Arn: 'Invalid ARN prefix: nonsense'"})");
    CHECK(reply.headers.get("x-amzn-ErrorType") == "InvalidArn");
    CHECK(reply.headers.get("x-amzn-RequestId").size() == 36);
  });
}

TEST_CASE("what is no request of the protocol is refused", "[service][wire]") {
  World().run([](Client& client) {
    CHECK(client("Nonsense", "{}").error() == "UnknownOperationException");
    CHECK(client("ListStateMachines", "{").error() == "SerializationException");
    CHECK(client("ListStateMachines", "[]").error() == "SerializationException");

    runtime::HttpCall no_target{.method = "POST", .url = {}, .headers = {}, .body = "{}"};
    CHECK(client.send(no_target).error() == "UnknownOperationException");
    CHECK(client.send({}).status == 404);  // GET
    runtime::HttpCall form{.method = "POST", .url = {}, .headers = {}, .body = "{}"};
    form.headers.add("Content-Type", "text/plain");
    form.headers.add("X-Amz-Target", "AWSStepFunctions.ListStateMachines");
    CHECK(client.send(form).status == 415);
  });
}

TEST_CASE("a member of another type is a SerializationException", "[service][wire]") {
  World().run([](Client& client) {
    const Reply number = client("DescribeExecution", R"({"executionArn":5})");
    CHECK(number.error() == "SerializationException");
    CHECK(number.message() == "NUMBER_VALUE can not be converted to String");
    CHECK(client("ListStateMachines", R"({"maxResults":"5"})").error() == "SerializationException");
    CHECK(client("ListStateMachines", R"({"maxResults":1.5})").error() == "SerializationException");
    CHECK(client("TagResource", R"({"resourceArn":"a","tags":{}})").error() ==
          "SerializationException");
  });
}

TEST_CASE("constraints of the model are checked with the service's texts", "[service][wire]") {
  struct Case {
    std::string_view operation;
    std::string input;
    std::string_view text;
  };
  const Case cases[] = {
      {"ListExecutions", R"({"stateMachineArn":"a","maxResults":1001})",
       "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: "
       "Member must have value less than or equal to 1000"},
      {"ListExecutions", R"({"stateMachineArn":"a","maxResults":-1})",
       "1 validation error detected: Value '-1' at 'maxResults' failed to satisfy constraint: "
       "Member must have value greater than or equal to 0"},
      {"ListExecutions", R"({"stateMachineArn":"a","statusFilter":"succeeded"})",
       "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy "
       "constraint: Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, "
       "ABORTED, FAILED, RUNNING]"},
      {"ListExecutions", R"({"stateMachineArn":"a","nextToken":""})",
       "1 validation error detected: Value '' at 'nextToken' failed to satisfy constraint: Member "
       "must have length greater than or equal to 1"},
      {"DescribeExecution", R"({"executionArn":null})",
       "1 validation error detected: Value null at 'executionArn' failed to satisfy constraint: "
       "Member must not be null"},
      {"SendTaskSuccess", "{}",
       "2 validation errors detected: Value null at 'taskToken' failed to satisfy constraint: "
       "Member must not be null; Value null at 'output' failed to satisfy constraint: Member must "
       "not be null"},
      {"TagResource", R"({"resourceArn":"a","tags":[{"key":"k"},{"key":""}]})",
       "1 validation error detected: Value '' at 'tags.2.member.key' failed to satisfy constraint: "
       "Member must have length greater than or equal to 1"},
      // Data of the user is not repeated in messages.
      {"StopExecution", R"({"executionArn":"a","error":")" + std::string(257, 'x') + R"("})",
       "1 validation error detected: Value at 'error' failed to satisfy constraint: Member must "
       "have length less than or equal to 256"},
  };
  World().run([&](Client& client) {
    for (const Case& one : cases) {
      const Reply reply = client(one.operation, one.input);
      INFO(one.operation << " " << reply.text);
      CHECK(reply.status == 400);
      CHECK(reply.error() == "ValidationException");
      CHECK(reply.message() == one.text);
    }
  });
}

TEST_CASE("lengths count as Java does: a character beyond the BMP is two", "[service][wire]") {
  World().run([](Client& client) {
    std::string name;
    for (int i = 0; i < 41; ++i) name += "\xF0\x9F\x98\x80";
    CHECK(client("CreateActivity", {{"name", name}}).error() == "ValidationException");
    CHECK(client("CreateActivity", {{"name", name.substr(4)}}).status == 200);
  });
}

TEST_CASE("what the engine cannot do now is throttling or a 503", "[service][wire]") {
  const ApiError full = engine_error({ErrorCode::kLimit, "full", ""});
  CHECK(full.code == "ThrottlingException");
  CHECK(full.status == 400);
  const ApiError away = engine_error({ErrorCode::kUnavailable, "closed", ""});
  CHECK(away.code == "ServiceUnavailable");
  CHECK(away.status == 503);
  const ApiError broken = engine_error({ErrorCode::kCorrupt, "a key", "x"});
  CHECK(broken.code == "InternalFailure");
  CHECK(broken.status == 500);
  CHECK(broken.message.find("a key") == std::string::npos);  // for the log, not for callers
}

TEST_CASE("a connection serves many requests", "[service][wire]") {
  World().run([](Client& client) {
    for (int i = 0; i < 20; ++i) CHECK(client("ListStateMachines", "{}").status == 200);
  });
}

}  // namespace pawl::service::test
