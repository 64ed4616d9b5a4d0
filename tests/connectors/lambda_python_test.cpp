// Python functions, and what becomes of a task that calls one.
#include "tests/connectors/functions.h"

namespace pawl::connectors {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture
using engine::TaskFailed;
using engine::TaskSucceeded;

TEST_CASE("recorded Lambda tasks come out as AWS recorded them", "[connectors][lambda][process]") {
  if (!installed("python3")) return;
  Functions functions;
  functions.python("echo", "def handler(event, context):\n    return event\n");
  functions.python("constant",
                   "def handler(event, context):\n    return {'Return': 'HelloWorld'}\n");
  functions.python("bytes", "def handler(event, context):\n    return b'\"HelloWorld!\"'\n");
  functions.python(
      "raise",
      "def handler(event, context):\n    raise Exception(\"Some exception was raised.\")\n");
  functions.python("large", "def handler(event, context):\n    return b'a' * 263168\n");
  functions.run([&](LocalLambda& lambda) {
    const auto output = [&](const asl::Resource& resource, std::string parameters) {
      const auto outcome = functions.task(lambda, resource, std::move(parameters));
      REQUIRE(std::holds_alternative<TaskSucceeded>(outcome));
      return std::get<TaskSucceeded>(outcome).output;
    };
    // services/lambda_task: test_invoke_json_values, test_invoke_pipe
    for (const char* value : {"0.0", "0", "\"HelloWorld\"", "true", "{\"loop\": {\"count\": 0}}"}) {
      CHECK(output(direct_resource("echo"), value).text() == value);
    }
    CHECK(output(direct_resource("constant"), "{}").text() == R"({"Return": "HelloWorld"})");

    // services/lambda_task_service: payload and Content-Length
    struct Row {
      const char* payload;
      const char* result;
      const char* length;
    };
    for (const Row& row :
         {Row{R"("\"HelloWorld\"")", "\"HelloWorld\"", "12"}, Row{R"("{}")", "{}", "2"},
          Row{R"("[]")", "[]", "2"}, Row{"null", "{}", "2"},
          Row{R"({"body":"string body"})", R"({"body":"string body"})", "23"},
          Row{R"({"input_value":"string literal","input_values":[1,2,3]})",
              R"({"input_value":"string literal","input_values":[1,2,3]})", "60"}}) {
      const asl::Value value =
          output(invoke_resource(),
                 fmt::format(R"({{"FunctionName":"echo","Payload":{}}})", row.payload))
              .value();
      CHECK(asl::equal(*value.find("Payload"), json(row.result)));
      CHECK(
          value.find("SdkHttpMetadata")->find("HttpHeaders")->find("Content-Length")->as_string() ==
          row.length);
    }
    CHECK(output(invoke_resource(), R"({"FunctionName":"bytes"})")
              .value()
              .find("Payload")
              ->as_string() == "HelloWorld!");

    // error_handling/task_lambda and task_service_lambda
    const auto failure = [&](const asl::Resource& resource, std::string parameters) {
      const auto outcome = functions.task(lambda, resource, std::move(parameters));
      REQUIRE(std::holds_alternative<TaskFailed>(outcome));
      return std::get<TaskFailed>(outcome).failure;
    };
    const std::string id = request_id_of(request_for(invoke_resource(), "{}").idempotency_key);
    const std::string frame =
        R"(["  File \"/var/task/handler.py\", line 2, in handler\n    raise Exception(\"Some exception was raised.\")\n"])";
    const auto direct = failure(direct_resource("raise"), "{}");
    CHECK(direct.error == "Exception");
    CHECK(
        direct.cause ==
        R"({"errorMessage": "Some exception was raised.", "errorType": "Exception", "requestId": ")" +
            id + R"(", "stackTrace": )" + frame + "}");
    CHECK(failure(invoke_resource(), R"({"FunctionName":"raise"})").cause ==
          R"({"errorMessage":"Some exception was raised.","errorType":"Exception","requestId":")" +
              id + R"(","stackTrace":)" + frame + "}");
    for (const auto& missing : {failure(direct_resource("no_such"), "{}"),
                                failure(invoke_resource(), R"({"FunctionName":"no_such"})")}) {
      CHECK(missing.error == "Lambda.ResourceNotFoundException");
      CHECK(missing.cause ==
            "Function not found: arn:aws:lambda:us-east-1:123456789012:function:no_such:$LATEST "
            "(Service: "
            "AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: " +
                id + "; Proxy: null)");
    }
    // error_handling/states_errors: the engine refuses it for its size, text or not
    CHECK(output(direct_resource("large"), "{}").exceeds(256 * 1024));
    CHECK(output(invoke_resource(), R"({"FunctionName":"large"})").exceeds(256 * 1024));
  });
}

TEST_CASE("a Python process is kept and knows its context", "[connectors][lambda][process]") {
  if (!installed("python3")) return;
  Functions functions;
  functions.python("f", R"py(
import os
count = 0
def handler(event, context):
    global count
    count += 1
    print('line \u00e4', count)
    return {'count': count, 'pid': os.getpid(), 'cwd': os.getcwd(), 'id': context.aws_request_id,
            'arn': context.invoked_function_arn, 'name': context.function_name,
            'memory': context.memory_limit_in_mb, 'left': context.get_remaining_time_in_millis(),
            'group': context.log_group_name, 'key': context.pawl_idempotency_key,
            'home': os.environ.get('HOME'), 'stage': os.environ['STAGE'], 'text': '\u00e4'}
)py",
                   R"("environment": {"STAGE": "test"}, "timeout": 5)");
  functions.run([&](LocalLambda& lambda) {
    const asl::Value first = json(functions.call(lambda, "f", "{}", "key-1").payload);
    const InvocationAnswer second_answer = functions.call(lambda, "f", "{}", "key-2", true);
    const asl::Value second = json(second_answer.payload);
    CHECK(first.find("count")->as_int() == 1);
    CHECK(second.find("count")->as_int() == 2);
    CHECK(first.find("pid")->as_int() == second.find("pid")->as_int());
    CHECK(first.find("cwd")->as_string() == functions.directory().path() + "/f");
    CHECK(first.find("id")->as_string() == request_id_of("key-1"));
    CHECK(first.find("key")->as_string() == "key-1");
    CHECK(first.find("arn")->as_string() == "arn:aws:lambda:us-east-1:123456789012:function:f");
    CHECK(first.find("name")->as_string() == "f");
    CHECK(first.find("memory")->as_string() == "128");
    CHECK(first.find("left")->as_int() > 3000);
    CHECK(first.find("left")->as_int() <= 5000);
    CHECK(first.find("group")->as_string() == "/aws/lambda/f");
    CHECK(first.find("home")->is_null());
    CHECK(first.find("stage")->as_string() == "test");
    CHECK(lambda.stats("f").started == 1);
    // "START RequestId: " and the line in between, whatever their place in the base64.
    CHECK(second_answer.log_result.starts_with("U1RBUlQgUmVxdWVzdElk"));
    CHECK(second_answer.log_result.size() > 200);
  });
  // What was printed may still be on its way when the answer comes; it is there when the shard
  // ended.
  CHECK(functions.log().find("function f: line \u00e4 1") != std::string::npos);
  CHECK(functions.log().find("function f: line \u00e4 2") != std::string::npos);
  // Nothing is written into the function's folder.
  CHECK_FALSE(std::filesystem::exists(functions.directory().path() + "/f/__pycache__"));
}

TEST_CASE("a Python function that cannot be loaded says why", "[connectors][lambda][process]") {
  if (!installed("python3")) return;
  Functions functions;
  functions.python("syntax", "def handler(:\n");
  functions.python("import", "import no_such_module\n");
  functions.python("missing", "def other(event, context): pass\n");
  functions.python("raises", "raise KeyError('x')\n");
  functions.python("exits", "import sys\nsys.exit(4)\n");
  functions.python("unwritable", "def handler(event, context): return {1, 2}\n");
  functions.run([&](LocalLambda& lambda) {
    struct Row {
      const char* name;
      const char* type;
      const char* message;
    };
    for (const Row& row :
         {Row{"syntax", "Runtime.UserCodeSyntaxError", "Syntax error in module 'handler': "},
          Row{"import", "Runtime.ImportModuleError",
              "Unable to import module 'handler': No module named 'no_such_module'"},
          Row{"missing", "Runtime.HandlerNotFound",
              "Handler 'handler' missing on module 'handler'"},
          Row{"raises", "KeyError", "'x'"}, Row{"exits", "SystemExit", "4"},
          Row{"unwritable", "Runtime.MarshalError",
              "Unable to marshal response: Object of type set is not JSON serializable"}}) {
      CAPTURE(row.name);
      const InvocationAnswer answer = functions.call(lambda, row.name, "{}");
      CHECK(answer.function_error);
      CHECK(member(answer.payload, "errorType") == row.type);
      CHECK(member(answer.payload, "errorMessage").starts_with(row.message));
      CHECK(json(answer.payload).find("stackTrace") != nullptr);
    }
    // A failed start is not kept: the next call tries again.
    CHECK(functions.call(lambda, "import", "{}").function_error);
    CHECK(lambda.stats("import").started == 2);
    CHECK(lambda.stats("import").idle == 0);
  });
}

TEST_CASE("big payloads go through, too big ones are an error", "[connectors][lambda][process]") {
  if (!installed("python3")) return;
  Functions functions;
  functions.python("f", R"py(
def handler(event, context):
    return event if isinstance(event, str) else b'1' * event
)py",
                   R"("timeout": 20, "memory": 1024)");
  functions.run([&](LocalLambda& lambda) {
    const std::string big = "\"" + std::string(4'000'000, 'x') + "\"";
    CHECK(functions.call(lambda, "f", big).payload == big);
    const InvocationAnswer most = functions.call(lambda, "f", std::to_string(kResponseBytesMax));
    CHECK_FALSE(most.function_error);
    CHECK(most.payload.size() == kResponseBytesMax);
    const InvocationAnswer more =
        functions.call(lambda, "f", std::to_string(kResponseBytesMax + 1));
    CHECK(more.function_error);
    CHECK(member(more.payload, "errorType") == "Function.ResponseSizeTooLarge");
    CHECK(lambda.stats("f").started == 1);
  });
}

TEST_CASE("a function that takes more than its memory is killed", "[connectors][lambda][process]") {
  if (!installed("python3")) return;
  Functions functions;
  functions.python("f",
                   "def handler(event, context):\n    x = b'x' * (400 << 20)\n    import time\n    "
                   "time.sleep(5)\n",
                   R"("timeout": 10)");
  functions.run([&](LocalLambda& lambda) {
    const InvocationAnswer answer = functions.call(lambda, "f", "{}", "k");
    CHECK(answer.function_error);
    CHECK(answer.payload == exit_document(request_id_of("k"), 0, SIGKILL));
  });
}

}  // namespace
}  // namespace pawl::connectors
