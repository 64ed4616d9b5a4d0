// Functions as real processes, for the tests of connectors/lambda. What is not installed is skipped
// with a warning.
#pragma once

#include "asl/json/reader.h"
#include "asl/json/value.h"
#include "connectors/lambda/function_directory.h"
#include "connectors/lambda/handler.h"
#include "connectors/lambda/local_backend.h"
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

namespace pawl::connectors::test {

inline std::string path_variable() {
  const char* path = std::getenv("PATH");
  return path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
}

inline bool installed(const std::string& program) {
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
    run_on(shard_, [&] { body(lambda); });
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

inline asl::Value json(const std::string& text) {
  auto value = asl::read_json(text);
  REQUIRE(value);
  return *std::move(value);
}

inline std::string member(const std::string& document, std::string_view name) {
  const asl::Value value = json(document);
  const asl::Value* found = value.find(name);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : "";
}

// A runtime in bash: `handle ID BODY` answers by itself through respond and fail.
inline constexpr const char* kBashRuntime = R"bash(#!/usr/bin/env bash
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

}  // namespace pawl::connectors::test
