#include "connectors/lambda/runtime_api.h"

#include "asl/json/writer.h"

#include <fmt/format.h>

#include <map>

namespace pawl::connectors {
namespace {

constexpr std::string_view kPrefix = "/2018-06-01/runtime/";

// Names of signals as Go's runtime, which Lambda's supervisor is written in, prints them.
std::string_view signal_text(int signal) {
  switch (signal) {
    case 4:
      return "illegal instruction";
    case 6:
      return "aborted";
    case 7:
      return "bus error";
    case 8:
      return "floating point exception";
    case 9:
      return "killed";
    case 11:
      return "segmentation fault";
    case 13:
      return "broken pipe";
    case 15:
      return "terminated";
    default:
      return "";
  }
}

}  // namespace

RuntimeRoute parse_runtime_route(std::string_view method, std::string_view path) {
  using Kind = RuntimeRoute::Kind;
  if (!path.starts_with(kPrefix)) return {};
  path.remove_prefix(kPrefix.size());
  if (path == "invocation/next") return {method == "GET" ? Kind::kNext : Kind::kUnknown, {}};
  if (method != "POST") return {};
  if (path == "init/error") return {Kind::kInitError, {}};
  constexpr std::string_view kInvocation = "invocation/";
  if (!path.starts_with(kInvocation)) return {};
  path.remove_prefix(kInvocation.size());
  const auto slash = path.find('/');
  if (slash == std::string_view::npos || slash == 0) return {};
  const std::string_view verb = path.substr(slash + 1);
  if (verb == "response") return {Kind::kResponse, path.substr(0, slash)};
  if (verb == "error") return {Kind::kError, path.substr(0, slash)};
  return {};
}

runtime::HttpResponse next_response(const RuntimeEvent& event) {
  runtime::HttpResponse response;
  response.headers.add("Content-Type", "application/json");
  response.headers.add("Lambda-Runtime-Aws-Request-Id", event.request_id);
  response.headers.add("Lambda-Runtime-Deadline-Ms", std::to_string(event.deadline_ms));
  response.headers.add("Lambda-Runtime-Invoked-Function-Arn", event.function_arn);
  response.headers.add("Lambda-Runtime-Trace-Id", event.trace_id);
  // Text of the caller's: left out where it could not be sent as a header.
  const auto add_optional = [&](std::string_view name, const std::string& value) {
    if (!value.empty() && runtime::is_sendable_field(name, value))
      response.headers.add(name, value);
  };
  add_optional("Lambda-Runtime-Client-Context", event.client_context);
  add_optional("Pawl-Idempotency-Key", event.idempotency_key);
  response.body = event.payload;
  return response;
}

runtime::HttpResponse accepted_response() {
  return {202, {{"Content-Type", "application/json"}}, "{\"status\":\"OK\"}\n"};
}

runtime::HttpResponse error_response(int status, std::string_view type, std::string_view message) {
  std::string body = "{\"errorMessage\":";
  asl::write_json_string(message, body);
  body += ",\"errorType\":";
  asl::write_json_string(type, body);
  body += "}";
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

std::string error_document(std::string_view type, std::string_view message) {
  std::string document = "{\"errorType\":";
  asl::write_json_string(type, document);
  document += ",\"errorMessage\":";
  asl::write_json_string(message, document);
  document += "}";
  return document;
}

std::string timeout_document(std::string_view request_id, std::chrono::seconds timeout) {
  return error_document("Sandbox.Timedout",
                        fmt::format("RequestId: {} Error: Task timed out after {}.00 seconds",
                                    request_id, timeout.count()));
}

std::string exit_document(std::string_view request_id, int code, int signal) {
  std::string what = "Runtime exited without providing a reason";
  if (signal != 0) {
    const std::string_view name = signal_text(signal);
    what = name.empty() ? fmt::format("Runtime exited with error: signal: {}", signal)
                        : fmt::format("Runtime exited with error: signal: {}", name);
  } else if (code != 0) {
    what = fmt::format("Runtime exited with error: exit status {}", code);
  }
  return error_document("Runtime.ExitError",
                        fmt::format("RequestId: {} Error: {}", request_id, what));
}

std::string too_large_document() {
  return error_document(
      "Function.ResponseSizeTooLarge",
      fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).",
                  kResponseBytesMax));
}

std::vector<std::string> function_environment(const FunctionConfig& config,
                                              const RuntimeIdentity& identity) {
  std::map<std::string, std::string> variables = {
      {"AWS_ACCESS_KEY_ID", "pawl"},
      {"AWS_SECRET_ACCESS_KEY", "pawl"},
      {"AWS_SESSION_TOKEN", "pawl"},
      {"AWS_REGION", identity.region},
      {"AWS_DEFAULT_REGION", identity.region},
      {"LANG", "en_US.UTF-8"},
      {"PATH", identity.path},
      {"TZ", ":UTC"},
  };
  if (config.runtime == RuntimeKind::kPython) {
    // A function's folder is source: AWS mounts it read-only, we keep compiled files out of it.
    variables["PYTHONDONTWRITEBYTECODE"] = "1";
  }
  for (const auto& [name, value] : config.environment) variables[name] = value;

  variables["_HANDLER"] = config.handler;
  variables["LAMBDA_TASK_ROOT"] = config.directory;
  variables["LAMBDA_RUNTIME_DIR"] = config.directory;
  variables["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + config.runtime_name;
  variables["AWS_LAMBDA_FUNCTION_NAME"] = config.name;
  variables["AWS_LAMBDA_FUNCTION_VERSION"] = config.version;
  variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = std::to_string(config.memory_mb);
  variables["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand";
  variables["AWS_LAMBDA_LOG_GROUP_NAME"] = "/aws/lambda/" + config.name;
  variables["AWS_LAMBDA_LOG_STREAM_NAME"] = identity.log_stream;
  variables["AWS_LAMBDA_RUNTIME_API"] = identity.api;

  std::vector<std::string> environment;
  environment.reserve(variables.size());
  for (const auto& [name, value] : variables) {
    environment.push_back(name);
    environment.back().append("=").append(value);
  }
  return environment;
}

}  // namespace pawl::connectors
