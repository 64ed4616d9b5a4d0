// Functions as real processes: Python, Node and bash. What is not installed is skipped with a
// warning.
#include "connectors/lambda/local_backend.h"

#include "asl/json/reader.h"
#include "asl/json/value.h"
#include "connectors/lambda/function_directory.h"
#include "connectors/lambda/handler.h"
#include "runtime/log/log.h"
#include "tests/catch.h"
#include "tests/connectors/support.h"

#include <fmt/format.h>
#include <spdlog/sinks/ostream_sink.h>

#include <chrono>
#include <cstdlib>
#include <set>
#include <signal.h>
#include <sstream>
#include <thread>

namespace pawl::connectors {
namespace {

using engine::TaskFailed;
using engine::TaskSucceeded;
using test::direct_resource;
using test::invoke_resource;
using test::request_for;
using test::TempDirectory;

std::string path_variable() {
  const char* path = std::getenv("PATH");
  return path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
}

bool installed(const std::string& program) {
  std::stringstream directories(path_variable());
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (access((directory + "/" + program).c_str(), X_OK) == 0) return true;
  }
  WARN("skipped: " << program << " is not installed");
  return false;
}

// Everything logged while it lives.
class LogCapture {
 public:
  LogCapture() : sink_(std::make_shared<spdlog::sinks::ostream_sink_mt>(stream_)) {
    sinks_ = runtime::log().sinks();
    runtime::log().sinks() = {sink_};
  }
  ~LogCapture() { runtime::log().sinks() = sinks_; }
  std::string text() {
    runtime::log().flush();
    return stream_.str();
  }

 private:
  std::ostringstream stream_;
  std::shared_ptr<spdlog::sinks::ostream_sink_mt> sink_;
  std::vector<spdlog::sink_ptr> sinks_;
};

// Functions in a directory, served on a shard of their own while a test runs on it.
class Functions {
 public:
  explicit Functions(runtime::Clock* clock = nullptr)
      : shard_({.clock = clock != nullptr ? *clock : real_, .name = "test"}) {}

  void python(const std::string& name, std::string_view code, std::string_view more = "") {
    directory_.write(name + "/handler.py", code);
    config(name, R"("runtime": "python3.11", "handler": "handler.handler")", more);
  }
  void node(const std::string& name, const std::string& file, std::string_view code,
            std::string_view more = "") {
    directory_.write(name + "/" + file, code);
    config(name, R"("runtime": "nodejs20.x", "handler": "index.handler")", more);
  }
  void bash(const std::string& name, std::string_view code, std::string_view more = "") {
    directory_.write(name + "/bootstrap", code);
    config(name, R"("runtime": "provided.al2023")", more);
  }

  // Runs `body` on the shard. The capture keeps functions' lines off the test's output.
  void run(const std::function<void(LocalLambda&)>& body, PoolLimits limits = {}) {
    auto functions = load_functions(directory_.path());
    REQUIRE(functions);
    limits.settle_patience = std::chrono::seconds(5);  // a busy machine changes no result
    LocalLambda lambda(shard_, {*std::move(functions), path_variable(), limits});
    test::run_on(shard_, [&] { body(lambda); });
  }

  InvocationAnswer call(LocalLambda& lambda, const std::string& function,
                        const std::string& payload, const std::string& key = "",
                        bool tail = false) {
    Invocation invocation;
    invocation.function = {"aws", "us-east-1", "123456789012", "", function};
    invocation.payload = payload;
    invocation.tail_log = tail;
    invocation.idempotency_key = key.empty() ? std::to_string(++calls_) : key;
    const InvocationOutcome outcome = lambda.invoke(invocation, nullptr);
    REQUIRE(std::holds_alternative<InvocationAnswer>(outcome));
    return std::get<InvocationAnswer>(outcome);
  }

  // A task as the engine runs it.
  engine::Outcome task(LocalLambda& lambda, const asl::Resource& resource, std::string parameters) {
    LambdaHandler handler(lambda, shard_.clock());
    return handler.run(request_for(resource, std::move(parameters)));
  }

  runtime::Shard& shard() { return shard_; }
  std::string log() { return capture_.text(); }
  const TempDirectory& directory() const { return directory_; }

 private:
  void config(const std::string& name, std::string_view fields, std::string_view more) {
    directory_.write(name + "/function.json",
                     fmt::format("{{{}{}{}}}", fields, more.empty() ? "" : ", ", more));
  }

  LogCapture capture_;
  TempDirectory directory_;
  runtime::RealClock real_;
  runtime::Shard shard_;
  int calls_ = 0;
};

asl::Value json(const std::string& text) {
  auto value = asl::read_json(text);
  REQUIRE(value);
  return *std::move(value);
}

std::string member(const std::string& document, std::string_view name) {
  const asl::Value value = json(document);
  const asl::Value* found = value.find(name);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : "";
}

// A runtime in bash: `handle ID BODY` answers by itself through respond and fail.
constexpr const char* kBashRuntime = R"bash(#!/usr/bin/env bash
set -u
export LC_ALL=C
host=${AWS_LAMBDA_RUNTIME_API%:*} port=${AWS_LAMBDA_RUNTIME_API##*:}
api=/2018-06-01/runtime
request() {
  local name value length=0
  request_id='' body=''
  exec 3<>"/dev/tcp/$host/$port" || exit 9
  printf '%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' "$1" "$2" "${#3}" "$3" >&3
  read -r _ status _ <&3
  while IFS=$': \t\r' read -r name value <&3 && [[ -n $name ]]; do
    case ${name,,} in
      lambda-runtime-aws-request-id) request_id=${value%$'\r'} ;;
      content-length) length=${value%$'\r'} ;;
    esac
  done
  if ((length > 0)); then IFS= read -r -N "$length" body <&3; fi
  exec 3>&-
}
respond() { request POST "$api/invocation/$1/response" "$2"; }
fail() { request POST "$api/invocation/$1/error" "$2"; }
loop() {
  while true; do
    request GET "$api/invocation/next" ''
    [[ $status == 200 ]] || exit 0
    handle "$request_id" "$body"
  done
}
)bash";

// ---- Python ----

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

// ---- Node ----

TEST_CASE("Node functions answer in each of their ways", "[connectors][lambda][process]") {
  if (!installed("node")) return;
  Functions functions;
  const char* common = R"js(
exports.handler = (event, context, callback) => {
  switch (event.way) {
    case 'promise': return Promise.resolve({ way: event.way, left: context.getRemainingTimeInMillis() > 1000 });
    case 'callback': callback(null, event.way); return undefined;
    case 'later': setTimeout(() => callback(null, event.way), 20); return undefined;
    case 'now': context.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 60000).unref();
      callback(null, event.way); return undefined;
    case 'done': context.succeed(context.functionName); return undefined;
    case 'nothing': return undefined;
    case 'undefined': return Promise.resolve(undefined);
    case 'throw': throw new TypeError('thrown');
    case 'reject': return Promise.reject(new RangeError('rejected'));
    case 'error': callback(new Error('called back')); return undefined;
    case 'text': callback('only text'); return undefined;
    case 'cycle': { const o = {}; o.o = o; return Promise.resolve(o); }
  }
};
)js";
  functions.node("common", "index.js", common);
  functions.node("module", "index.mjs",
                 "import path from 'path';\nexport const handler = async (e) => ({ base: "
                 "path.basename('a/b') });\n");
  functions.node("typed", "index.js",
                 "export const handler = async (e, context) => context.awsRequestId;\n");
  functions.directory().write("typed/package.json", R"({"type": "module"})");
  functions.run([&](LocalLambda& lambda) {
    const auto answer = [&](const std::string& way) {
      const InvocationAnswer result = functions.call(lambda, "common", "{\"way\":\"" + way + "\"}");
      return (result.function_error ? "error " : "") + result.payload;
    };
    CHECK(answer("promise") == R"({"way":"promise","left":true})");
    CHECK(answer("callback") == R"("callback")");
    CHECK(answer("later") == R"("later")");
    CHECK(answer("now") == R"("now")");
    CHECK(answer("done") == R"("common")");
    CHECK(answer("nothing") == "null");
    CHECK(answer("undefined") == "null");
    CHECK(answer("throw").starts_with(
        R"(error {"errorType":"TypeError","errorMessage":"thrown","trace":["TypeError: thrown","    at exports.handler (/var/task/index.js:)"));
    CHECK(answer("reject").starts_with(
        R"(error {"errorType":"RangeError","errorMessage":"rejected","trace":[)"));
    CHECK(
        answer("error").starts_with(R"(error {"errorType":"Error","errorMessage":"called back",)"));
    CHECK(answer("text") ==
          R"(error {"errorType":"string","errorMessage":"only text","trace":[]})");
    CHECK(answer("cycle").starts_with(
        R"(error {"errorType":"Error","errorMessage":"Unable to stringify response body")"));
    CHECK(lambda.stats("common").started == 1);

    CHECK(functions.call(lambda, "module", "{}").payload == R"({"base":"b"})");
    CHECK(functions.call(lambda, "typed", "{}", "key").payload ==
          "\"" + request_id_of("key") + "\"");
  });
}

TEST_CASE("Node functions that cannot be loaded or break say why",
          "[connectors][lambda][process]") {
  if (!installed("node")) return;
  Functions functions;
  functions.node("missing", "index.js", "exports.other = async () => 1;\n");
  functions.node("import", "index.js", "require('no-such-package');\n");
  functions.node("syntax", "index.js", "exports.handler = async ( => 1;\n");
  functions.node("nowhere", "other.js", "");
  functions.node("loose", "index.js",
                 "exports.handler = () => { Promise.reject(new Error('dropped')); };\n");
  functions.node("uncaught", "index.js",
                 "exports.handler = (e, c, callback) => { setTimeout(() => { throw new "
                 "Error('late'); }, 5); };\n");
  functions.run([&](LocalLambda& lambda) {
    struct Row {
      const char* name;
      const char* type;
      const char* message;
    };
    for (const Row& row :
         {Row{"missing", "Runtime.HandlerNotFound", "index.handler is undefined or not exported"},
          Row{"import", "Runtime.ImportModuleError", "Error: Cannot find module 'no-such-package'"},
          Row{"syntax", "Runtime.UserCodeSyntaxError", ""},
          Row{"nowhere", "Runtime.ImportModuleError", "Error: Cannot find module"},
          Row{"loose", "Runtime.UnhandledPromiseRejection", "Error: dropped"},
          Row{"uncaught", "Error", "late"}}) {
      CAPTURE(row.name);
      const InvocationAnswer answer = functions.call(lambda, row.name, "{}");
      CAPTURE(answer.payload);
      CHECK(answer.function_error);
      CHECK(member(answer.payload, "errorType") == row.type);
      CHECK(member(answer.payload, "errorMessage").starts_with(row.message));
    }
  });
}

// ---- any process ----

TEST_CASE("a provided function is any program", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) + R"bash(
handle() {
  echo "to stdout of $AWS_LAMBDA_FUNCTION_NAME"; echo "to stderr" >&2
  case $2 in
    *fail*) fail "$1" '{"errorMessage":"told","errorType":"Told"}' ;;
    *) respond "$1" "{\"pid\":$$,\"event\":$2}" ;;
  esac
}
loop
)bash");
  functions.run([&](LocalLambda& lambda) {
    const asl::Value first = json(functions.call(lambda, "f", R"({"a":1})").payload);
    CHECK(first.find("event")->find("a")->as_int() == 1);
    const InvocationAnswer failed = functions.call(lambda, "f", R"("fail")");
    CHECK(failed.function_error);
    CHECK(failed.payload == R"({"errorMessage":"told","errorType":"Told"})");
    const asl::Value third = json(functions.call(lambda, "f", "3").payload);
    CHECK(first.find("pid")->as_int() == third.find("pid")->as_int());
  });
  CHECK(functions.log().find("function f: to stdout of f") != std::string::npos);
  CHECK(functions.log().find("function f: to stderr") != std::string::npos);
}

TEST_CASE("a function that takes too long is killed with all its children",
          "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) + R"bash(
handle() {
  if [[ $2 == '"quick"' ]]; then respond "$1" "$$"; return; fi
  sleep 600 & echo "$!" > child; wait
}
loop
)bash",
                 R"("timeout": 1)");
  functions.run([&](LocalLambda& lambda) {
    const auto before = std::chrono::steady_clock::now();
    const InvocationAnswer answer = functions.call(lambda, "f", "{}", "slow");
    const auto spent = std::chrono::steady_clock::now() - before;
    CHECK(answer.function_error);
    CHECK(answer.payload == timeout_document(request_id_of("slow"), std::chrono::seconds(1)));
    CHECK(spent >= std::chrono::seconds(1));
    CHECK(spent < std::chrono::seconds(4));
    // A new process serves the next call.
    CHECK_FALSE(functions.call(lambda, "f", "\"quick\"").function_error);
    CHECK(lambda.stats("f").started == 2);
    pid_t child = 0;
    std::ifstream(functions.directory().path() + "/f/child") >> child;
    REQUIRE(child > 0);
    bool gone = false;
    for (int i = 0; i < 50 && !gone; ++i) {
      gone = kill(child, 0) != 0 || [&] {
        std::ifstream stat(fmt::format("/proc/{}/stat", child));
        std::string pid, name, state;
        stat >> pid >> name >> state;
        return state.empty() || state == "Z";
      }();
      if (!gone) runtime::sleep_for(std::chrono::milliseconds(20));
    }
    CHECK(gone);
  });
}

TEST_CASE("a process that ends by itself is an exit error", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) + R"bash(
handle() {
  case $2 in
    1) exit 1 ;;
    0) exit 0 ;;
    9) kill -9 $$ ;;
    2) respond "$1" '"last words"'; exit 3 ;;
  esac
  respond "$1" "$2"
}
loop
)bash");
  functions.bash("early", "#!/usr/bin/env bash\nexit 7\n");
  functions.run([&](LocalLambda& lambda) {
    const auto payload = [&](const std::string& name, const std::string& event) {
      return functions.call(lambda, name, event, "k").payload;
    };
    const std::string id = request_id_of("k");
    CHECK(payload("f", "1") == exit_document(id, 1, 0));
    CHECK(payload("f", "0") == exit_document(id, 0, 0));
    CHECK(payload("f", "9") == exit_document(id, 0, 9));
    CHECK(payload("f", "2") == "\"last words\"");
    CHECK(payload("f", "5") == "5");
    CHECK(payload("early", "5") == exit_document(id, 7, 0));
    CHECK(payload("f", "6") == "6");
    while (lambda.stats("f").running > 0) runtime::sleep_for(std::chrono::milliseconds(1));
    CHECK(lambda.stats("f").idle == 1);
  });
}

TEST_CASE("a process that died idle is replaced without a trace", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) + "handle() { respond \"$1\" \"$$\"; }\nloop\n");
  functions.run([&](LocalLambda& lambda) {
    const std::string first = functions.call(lambda, "f", "{}").payload;
    REQUIRE(kill(std::stoi(first), SIGKILL) == 0);
    while (kill(std::stoi(first), 0) == 0) runtime::sleep_for(std::chrono::milliseconds(1));
    const InvocationAnswer second = functions.call(lambda, "f", "{}");
    CHECK_FALSE(second.function_error);
    CHECK(second.payload != first);
  });
}

TEST_CASE("a process that never asks for an event fails its start",
          "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", "#!/usr/bin/env bash\nsleep 600\n");
  PoolLimits limits;
  limits.init_timeout = std::chrono::seconds(1);
  functions.run(
      [&](LocalLambda& lambda) {
        const InvocationAnswer answer = functions.call(lambda, "f", "{}", "k");
        CHECK(answer.function_error);
        CHECK(answer.payload == timeout_document(request_id_of("k"), std::chrono::seconds(1)));
      },
      limits);
}

TEST_CASE("a function without a program says so", "[connectors][lambda][process]") {
  Functions functions;
  functions.directory().write("none/function.json", R"({"runtime": "provided.al2023"})");
  functions.directory().write("command/function.json", R"({"command": ["no-such-program", "x"]})");
  functions.run([&](LocalLambda& lambda) {
    const InvocationAnswer none = functions.call(lambda, "none", "{}", "k");
    CHECK(none.function_error);
    CHECK(member(none.payload, "errorType") == "Runtime.InvalidEntrypoint");
    CHECK(member(none.payload, "errorMessage") ==
          fmt::format("RequestId: {} Error: Couldn't find valid bootstrap(s): [{}/none/bootstrap]",
                      request_id_of("k"), functions.directory().path()));
    CHECK(member(functions.call(lambda, "command", "{}").payload, "errorType") ==
          "Runtime.InvalidEntrypoint");
  });
}

TEST_CASE("calls beyond the concurrency wait in order, and are refused beyond that",
          "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash(
      "f",
      std::string(kBashRuntime) + "handle() { sleep 0.2; respond \"$1\" \"[$$,$2]\"; }\nloop\n",
      R"("concurrency": 2)");
  functions.bash("closed", "#!/bin/sh\n", R"("concurrency": 0)");
  PoolLimits limits;
  limits.waiting_max = 3;
  functions.run(
      [&](LocalLambda& lambda) {
        std::vector<int> order;
        std::set<std::int64_t> pids;
        int refused = 0, done = 0;
        runtime::WaitPoint finished;
        for (int i = 0; i < 6; ++i) {
          REQUIRE(functions.shard().spawn([&, i] {
            Invocation invocation;
            invocation.function = {"aws", "us-east-1", "123456789012", "", "f"};
            invocation.payload = std::to_string(i);
            invocation.idempotency_key = std::to_string(i);
            const InvocationOutcome outcome = lambda.invoke(invocation, nullptr);
            if (const auto* answer = std::get_if<InvocationAnswer>(&outcome)) {
              const asl::Value value = json(answer->payload);
              pids.insert(value.items()[0].as_int());
              order.push_back(static_cast<int>(value.items()[1].as_int()));
            } else {
              const auto& error = std::get<ServiceError>(outcome);
              CHECK(error.name == "TooManyRequestsException");
              CHECK(error.status == 429);
              ++refused;
            }
            ++done;
            finished.wake();
          }));
        }
        runtime::yield();
        while (lambda.stats("f").waiting < 3 && done == 0)
          runtime::sleep_for(std::chrono::milliseconds(5));
        CHECK(lambda.stats("f").running == 2);
        while (done < 6) finished.wait();
        CHECK(refused == 1);
        CHECK(pids.size() == 2);
        REQUIRE(order.size() == 5);
        CHECK(std::set<int>(order.begin(), order.begin() + 2) == std::set<int>{0, 1});
        CHECK(std::set<int>(order.begin() + 2, order.begin() + 4) == std::set<int>{2, 3});
        CHECK(order[4] == 4);

        const auto outcome = functions.task(lambda, direct_resource("closed"), "{}");
        CHECK(std::get<TaskFailed>(outcome).failure.error == "Lambda.TooManyRequestsException");
      },
      limits);
}

TEST_CASE("a cancelled call ends at once, its function does not", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f",
                 std::string(kBashRuntime) +
                     "handle() { sleep 0.4; echo done >> done; respond \"$1\" $$; }\nloop\n",
                 R"("concurrency": 1)");
  functions.run([&](LocalLambda& lambda) {
    const std::string pid = functions.call(lambda, "f", "{}").payload;
    const auto cancelled_after = [&](std::chrono::milliseconds delay) {
      engine::Cancellation cancellation;
      REQUIRE(functions.shard().spawn([&] {
        runtime::sleep_for(delay);
        cancellation.cancel();
      }));
      Invocation invocation;
      invocation.function = {"aws", "us-east-1", "123456789012", "", "f"};
      invocation.payload = "{}";
      const auto before = std::chrono::steady_clock::now();
      const InvocationOutcome outcome = lambda.invoke(invocation, &cancellation);
      CHECK(std::holds_alternative<InvocationCancelled>(outcome));
      CHECK(std::chrono::steady_clock::now() - before < std::chrono::milliseconds(300));
    };
    cancelled_after(std::chrono::milliseconds(50));  // while it runs
    CHECK(lambda.stats("f").running == 1);
    cancelled_after(std::chrono::milliseconds(50));  // while it waits for the first
    CHECK(lambda.stats("f").waiting == 0);
    // The process of the first is used again, after it has finished.
    CHECK(functions.call(lambda, "f", "{}").payload == pid);
    CHECK(lambda.stats("f").started == 1);
  });
  std::ifstream done(functions.directory().path() + "/f/done");
  const std::string text((std::istreambuf_iterator<char>(done)), std::istreambuf_iterator<char>());
  CHECK(text == "done\ndone\ndone\n");
}

TEST_CASE("Event answers at once, DryRun runs nothing", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) +
                          "handle() { echo \"$2\" > seen; respond \"$1\" 1; }\nloop\n");
  functions.run([&](LocalLambda& lambda) {
    Invocation invocation;
    invocation.function = {"aws", "us-east-1", "123456789012", "", "f"};
    invocation.payload = "\"hello\"";
    invocation.type = InvocationType::kDryRun;
    CHECK(std::get<InvocationAnswer>(lambda.invoke(invocation, nullptr)).status == 204);
    CHECK(lambda.stats("f").started == 0);
    invocation.type = InvocationType::kEvent;
    CHECK(std::get<InvocationAnswer>(lambda.invoke(invocation, nullptr)).status == 202);
    while (lambda.stats("f").running > 0) runtime::sleep_for(std::chrono::milliseconds(5));
    CHECK(std::filesystem::exists(functions.directory().path() + "/f/seen"));
  });
}

TEST_CASE("idle processes are ended after a while", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) + "handle() { respond \"$1\" $$; }\nloop\n");
  PoolLimits limits;
  limits.idle_timeout = std::chrono::milliseconds(200);
  functions.run(
      [&](LocalLambda& lambda) {
        const int pid = std::stoi(functions.call(lambda, "f", "{}").payload);
        runtime::sleep_for(std::chrono::milliseconds(100));
        CHECK(functions.call(lambda, "f", "{}").payload == std::to_string(pid));
        while (lambda.stats("f").running > 0) runtime::sleep_for(std::chrono::milliseconds(1));
        CHECK(lambda.stats("f").idle == 1);
        for (int i = 0; i < 100 && kill(pid, 0) == 0; ++i)
          runtime::sleep_for(std::chrono::milliseconds(10));
        CHECK(lambda.stats("f").idle == 0);
        CHECK(kill(pid, 0) != 0);
      },
      limits);
}

TEST_CASE("virtual time stands still while a function runs", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  runtime::VirtualClock clock(runtime::WallTime(std::chrono::milliseconds(1'700'000'000'000)));
  Functions functions(&clock);
  functions.bash("f", std::string(kBashRuntime) + R"bash(
handle() { [[ $2 == 1 ]] && sleep 600; sleep 0.1; respond "$1" $$; }
loop
)bash",
                 R"("timeout": 1)");
  functions.run([&](LocalLambda& lambda) {
    bool fired = false;
    const auto start = clock.steady_now();
    functions.shard().at(clock.after(std::chrono::seconds(5)), [&] { fired = true; });
    const std::string pid = functions.call(lambda, "f", "0").payload;
    CHECK_FALSE(fired);
    CHECK(clock.steady_now() == start);
    // Its own timeout is of real time.
    CHECK(functions.call(lambda, "f", "1", "k").payload ==
          timeout_document(request_id_of("k"), std::chrono::seconds(1)));
    CHECK_FALSE(fired);
    const std::string next = functions.call(lambda, "f", "0").payload;
    CHECK(next != pid);
    // An hour passes at once, and the process is still there after it.
    runtime::sleep_for(std::chrono::hours(1));
    CHECK(fired);
    CHECK(functions.call(lambda, "f", "0").payload == next);
  });
}

TEST_CASE("another shard's tasks run on the functions' shard", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f", std::string(kBashRuntime) +
                          "handle() { [[ $2 == 1 ]] && sleep 2; respond \"$1\" \"$2\"; }\nloop\n");
  functions.run([&](LocalLambda& lambda) {
    runtime::WaitPoint done;
    bool ended = false;
    std::string payload;
    bool cancelled = false;
    std::thread thread([&, box = functions.shard().mailbox()] {
      runtime::RealClock clock;
      runtime::Shard shard({.clock = clock, .name = "other"});
      test::run_on(shard, [&] {
        Invocation invocation;
        invocation.function = {"aws", "us-east-1", "123456789012", "", "f"};
        invocation.payload = "7";
        const InvocationOutcome outcome = lambda.invoke(invocation, nullptr);
        if (const auto* answer = std::get_if<InvocationAnswer>(&outcome)) payload = answer->payload;

        engine::Cancellation cancellation;
        static_cast<void>(shard.spawn([&] {
          runtime::sleep_for(std::chrono::milliseconds(50));
          cancellation.cancel();
        }));
        invocation.payload = "1";
        cancelled =
            std::holds_alternative<InvocationCancelled>(lambda.invoke(invocation, &cancellation));
      });
      box->post([&] {
        ended = true;
        done.wake();
      });
    });
    while (!ended) done.wait();
    thread.join();
    CHECK(payload == "7");
    CHECK(cancelled);
  });
}

TEST_CASE("the functions' processes end with the shard", "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f",
                 std::string(kBashRuntime) +
                     "handle() { [[ $2 == 1 ]] && sleep 600; respond \"$1\" $$; }\nloop\n",
                 R"("timeout": 600)");
  int idle_pid = 0;
  bool unanswered = false;
  const auto before = std::chrono::steady_clock::now();
  functions.run([&](LocalLambda& lambda) {
    idle_pid = std::stoi(functions.call(lambda, "f", "0").payload);
    REQUIRE(functions.shard().spawn([&] {
      Invocation invocation;
      invocation.function = {"aws", "us-east-1", "123456789012", "", "f"};
      invocation.payload = "1";
      unanswered = std::holds_alternative<InvocationCancelled>(lambda.invoke(invocation, nullptr));
    }));
    runtime::sleep_for(std::chrono::milliseconds(100));
  });
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
  CHECK(unanswered);
  CHECK(kill(idle_pid, 0) != 0);
}

TEST_CASE("the functions of the example answer", "[connectors][lambda][process]") {
  if (!installed("python3") || !installed("node") || !installed("bash")) return;
  Functions functions;
  auto loaded =
      load_functions(std::string(PAWL_SOURCE_DIR) + "/examples/order-fulfilment/functions");
  REQUIRE(loaded);
  LocalLambda lambda(functions.shard(), {*std::move(loaded), path_variable(), {}});
  test::run_on(functions.shard(), [&] {
    const auto answer = [&](const char* name, const char* event) {
      return functions.call(lambda, name, event).payload;
    };
    CHECK(answer("check-inventory", R"({"sku":"BOOK-01","quantity":1,"line":0})") ==
          R"({"status": "reserved", "warehouse": "Manchester"})");
    CHECK(member(answer("check-inventory", R"({"sku":"LAMP-99","quantity":1,"line":1})"),
                 "errorType") == "OutOfStock");
    CHECK(
        answer(
            "price-order",
            R"({"country":"GB","items":[{"sku":"MUG-07","quantity":2,"stock":{"status":"reserved"}}]})") ==
        R"({"net":15.5,"tax":3.1,"total":18.6,"currency":"EUR"})");
    CHECK(answer("print-label", R"({"order_id":"A-1","name":"Ada","country":"GB"})") ==
          R"({"tracking": "PW-GB-A-1", "carrier": "Pigeon Post"})");
    CHECK(member(answer("print-label", "{}"), "errorType") == "Runtime.ExitError");
    CHECK(
        member(answer("send-confirmation",
                      R"({"order_id":"A-1","items":[],"customer":{"name":"Ada","email":"a@b.c"}})"),
               "to") == "a@b.c");
  });
}

TEST_CASE("a function declared anew is used from the next call on",
          "[connectors][lambda][process]") {
  if (!installed("bash")) return;
  Functions functions;
  functions.bash("f",
                 std::string(kBashRuntime) + "handle() { respond \"$1\" \"\\\"$V\\\"\"; }\nloop\n",
                 R"("environment": {"V": "one"})");
  functions.run([&](LocalLambda& lambda) {
    CHECK(functions.call(lambda, "f", "0").payload == "\"one\"");
    auto config = load_function(functions.directory().path() + "/f");
    REQUIRE(config);
    config->environment = {{"V", "two"}};
    lambda.add(*std::move(config));
    CHECK(functions.call(lambda, "f", "0").payload == "\"two\"");
  });
}

}  // namespace
}  // namespace pawl::connectors
