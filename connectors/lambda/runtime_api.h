// The Lambda Runtime API, version 2018-06-01: its routes, its answers and the error documents that
// Lambda itself makes. Pure.
//
// Source: Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
#pragma once

#include "connectors/lambda/function_config.h"
#include "runtime/http/message.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pawl::connectors {

// What a function may answer (6 MiB and what Lambda allows for its own envelope).
inline constexpr std::size_t kResponseBytesMax = 6 * 1024 * 1024 + 100;

struct RuntimeRoute {
  enum class Kind { kNext, kResponse, kError, kInitError, kUnknown } kind = Kind::kUnknown;
  std::string_view request_id;  // of kResponse and kError; points into `path`
};
RuntimeRoute parse_runtime_route(std::string_view method, std::string_view path);

// One event on its way to a process.
struct RuntimeEvent {
  std::string request_id;
  std::string payload;
  std::string function_arn;
  std::string trace_id;
  std::string client_context;
  std::string idempotency_key;
  std::int64_t deadline_ms = 0;  // since the epoch
};
runtime::HttpResponse next_response(const RuntimeEvent& event);
runtime::HttpResponse accepted_response();  // 202 {"status":"OK"}
runtime::HttpResponse error_response(int status, std::string_view type, std::string_view message);

// {"errorType":...,"errorMessage":...}: what Invoke answers when no runtime could.
std::string error_document(std::string_view type, std::string_view message);
std::string timeout_document(std::string_view request_id, std::chrono::seconds timeout);
// `code` and `signal` as runtime::ExitStatus has them.
std::string exit_document(std::string_view request_id, int code, int signal);
std::string too_large_document();

// The environment of a function's process, "NAME=value" each: Lambda's own variables and those of
// its function.json, nothing else.
struct RuntimeIdentity {
  std::string api;  // host:port
  std::string region;
  std::string log_stream;
  std::string path;  // PATH
};
std::vector<std::string> function_environment(const FunctionConfig& config,
                                              const RuntimeIdentity& identity);

}  // namespace pawl::connectors
