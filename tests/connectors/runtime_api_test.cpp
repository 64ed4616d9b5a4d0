#include "connectors/lambda/runtime_api.h"

#include "connectors/lambda/function_log.h"
#include "tests/catch.h"

#include <algorithm>

namespace pawl::connectors {
namespace {

TEST_CASE("the Runtime API has four routes", "[connectors][lambda]") {
  using Kind = RuntimeRoute::Kind;
  struct Row {
    const char* method;
    const char* path;
    Kind kind;
    const char* id;
  };
  const Row row = GENERATE(values<Row>({
      {"GET", "/2018-06-01/runtime/invocation/next", Kind::kNext, ""},
      {"POST", "/2018-06-01/runtime/invocation/next", Kind::kUnknown, ""},
      {"POST", "/2018-06-01/runtime/invocation/abc/response", Kind::kResponse, "abc"},
      {"POST", "/2018-06-01/runtime/invocation/abc/error", Kind::kError, "abc"},
      {"GET", "/2018-06-01/runtime/invocation/abc/response", Kind::kUnknown, ""},
      {"POST", "/2018-06-01/runtime/invocation//response", Kind::kUnknown, ""},
      {"POST", "/2018-06-01/runtime/invocation/abc/other", Kind::kUnknown, ""},
      {"POST", "/2018-06-01/runtime/invocation/abc", Kind::kUnknown, ""},
      {"POST", "/2018-06-01/runtime/init/error", Kind::kInitError, ""},
      {"GET", "/2018-06-01/ping", Kind::kUnknown, ""},
      {"GET", "/", Kind::kUnknown, ""},
  }));
  CAPTURE(row.method, row.path);
  const RuntimeRoute route = parse_runtime_route(row.method, row.path);
  CHECK(route.kind == row.kind);
  CHECK(route.request_id == row.id);
}

TEST_CASE("an event carries Lambda's headers", "[connectors][lambda]") {
  RuntimeEvent event{"id-1", "{}", "arn:f", "Root=1", "", "key", 1700000000123};
  auto response = next_response(event);
  CHECK(response.status == 200);
  CHECK(response.headers.get("Lambda-Runtime-Aws-Request-Id") == "id-1");
  CHECK(response.headers.get("Lambda-Runtime-Deadline-Ms") == "1700000000123");
  CHECK(response.headers.get("Lambda-Runtime-Invoked-Function-Arn") == "arn:f");
  CHECK(response.headers.get("Lambda-Runtime-Trace-Id") == "Root=1");
  CHECK(response.headers.get("Pawl-Idempotency-Key") == "key");
  CHECK_FALSE(response.headers.has("Lambda-Runtime-Client-Context"));
  CHECK(response.body == "{}");
  event.client_context = "{\"a\":1}\r\nEvil: 1";
  CHECK_FALSE(next_response(event).headers.has("Lambda-Runtime-Client-Context"));
}

TEST_CASE("Lambda's own error documents", "[connectors][lambda]") {
  CHECK(
      timeout_document("r", std::chrono::seconds(3)) ==
      R"({"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r Error: Task timed out after 3.00 seconds"})");
  CHECK(
      exit_document("r", 1, 0) ==
      R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited with error: exit status 1"})");
  CHECK(
      exit_document("r", 0, 9) ==
      R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited with error: signal: killed"})");
  CHECK(
      exit_document("r", 0, 0) ==
      R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited without providing a reason"})");
}

TEST_CASE("a function sees Lambda's variables, its own, and no others", "[connectors][lambda]") {
  FunctionConfig config;
  config.name = "pay";
  config.directory = "/srv/pay";
  config.runtime = RuntimeKind::kNode;
  config.runtime_name = "nodejs20.x";
  config.handler = "index.handler";
  config.memory_mb = 256;
  config.environment = {{"STAGE", "test"}, {"AWS_REGION", "eu-central-1"}};
  const auto environment =
      function_environment(config, {"127.0.0.1:1", "us-east-1", "stream", "/bin"});
  CHECK(environment == std::vector<std::string>{"AWS_ACCESS_KEY_ID=pawl",
                                                "AWS_DEFAULT_REGION=us-east-1",
                                                "AWS_EXECUTION_ENV=AWS_Lambda_nodejs20.x",
                                                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
                                                "AWS_LAMBDA_FUNCTION_NAME=pay",
                                                "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
                                                "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
                                                "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/pay",
                                                "AWS_LAMBDA_LOG_STREAM_NAME=stream",
                                                "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1",
                                                "AWS_REGION=eu-central-1",
                                                "AWS_SECRET_ACCESS_KEY=pawl",
                                                "AWS_SESSION_TOKEN=pawl",
                                                "LAMBDA_RUNTIME_DIR=/srv/pay",
                                                "LAMBDA_TASK_ROOT=/srv/pay",
                                                "LANG=en_US.UTF-8",
                                                "PATH=/bin",
                                                "STAGE=test",
                                                "TZ=:UTC",
                                                "_HANDLER=index.handler"});
}

TEST_CASE("output is cut into lines of bounded length", "[connectors][lambda]") {
  std::vector<std::string> lines;
  LineCutter cutter([&](std::string_view line) { lines.emplace_back(line); });
  cutter.write("one\ntw");
  cutter.write("o\r\n\n");
  CHECK(lines == std::vector<std::string>{"one", "two", ""});
  lines.clear();
  const std::string longer(LineCutter::kLineBytesMax + 5, 'x');
  cutter.write(longer);
  cutter.write("\nlast");
  cutter.finish();
  cutter.finish();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].size() == LineCutter::kLineBytesMax);
  CHECK(lines[1] == "xxxxx");
  CHECK(lines[2] == "last");
  lines.clear();
  cutter.write(std::string(LineCutter::kLineBytesMax, 'y') + "\nz\n");
  REQUIRE(lines.size() == 2);
  CHECK(lines[1] == "z");
}

TEST_CASE("a log's tail is its last 4 KiB in base64", "[connectors][lambda]") {
  LogTail tail;
  CHECK(tail.base64().empty());
  tail.add_line("ab");
  CHECK(tail.base64() == "YWIK");
  tail.add_line(std::string(2 * LogTail::kBytesMax, 'x'));
  CHECK(tail.base64().size() == (LogTail::kBytesMax + 2) / 3 * 4);
}

}  // namespace
}  // namespace pawl::connectors
