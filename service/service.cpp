#include "service/service.h"

#include <utility>

namespace pawl::service {

namespace {

constexpr std::string_view kTargetPrefix = "AWSStepFunctions.";
constexpr std::size_t kTraceHeaderMax = 256;  // as the model bounds StartExecution's traceHeader
constexpr std::string_view kJson10 = "application/x-amz-json-1.0";

runtime::HttpResponse refused(const ApiError& error) {
  runtime::HttpResponse response;
  response.status = error.status;
  response.headers.add("Content-Type", kJson10);
  response.headers.add("x-amzn-ErrorType", error.code);
  response.body = error_body(error);
  return response;
}

// Without parameters such as "; charset=utf-8".
std::string_view media_type(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  const std::size_t end = content_type.find_last_not_of(" \t");
  return end == std::string_view::npos ? std::string_view() : content_type.substr(0, end + 1);
}

bool is_accepted_type(std::string_view content_type) {
  // 1.1 and plain JSON for hand-made requests; a form or text/plain would let any web page that a
  // browser shows call a server on this machine.
  const std::string_view type = media_type(content_type);
  return type.empty() || runtime::equal_ignoring_case(type, kJson10) ||
         runtime::equal_ignoring_case(type, "application/x-amz-json-1.1") ||
         runtime::equal_ignoring_case(type, "application/json");
}

runtime::HttpResponse health() {
  runtime::HttpResponse response;
  response.headers.add("Content-Type", "application/json");
  response.body = "{\"status\":\"ok\"}";
  return response;
}

}  // namespace

Service::Service(engine::Engine& engine, runtime::Shard& shard, ServiceOptions options)
    : api_(engine),
      server_(shard, {.address = std::move(options.address), .port = options.port},
              [this](const runtime::HttpRequest& request) { return handle(request); }) {}

Service::~Service() = default;

Status Service::start() { return server_.start(); }
Status Service::stop(runtime::SteadyTime deadline) { return server_.drain(deadline); }
std::uint16_t Service::port() const { return server_.port(); }

runtime::HttpResponse Service::handle(const runtime::HttpRequest& request) {
  if (request.path() == "/_pawl/health" && (request.method == "GET" || request.method == "HEAD")) {
    return health();
  }
  const auto respond = [&]() -> runtime::HttpResponse {
    if (request.method != "POST" || request.path() != "/") {
      return refused({"UnknownOperationException", "Requests are POST to /.", 404});
    }
    std::string_view target = request.headers.get("X-Amz-Target");
    if (!target.starts_with(kTargetPrefix)) {
      return refused({"UnknownOperationException",
                      "The header X-Amz-Target must be AWSStepFunctions.OPERATION."});
    }
    target.remove_prefix(kTargetPrefix.size());
    if (!is_accepted_type(request.headers.get("Content-Type"))) {
      return refused({"SerializationException",
                      "The Content-Type must be " + std::string(kJson10) + ".", 415});
    }
    std::string_view trace = request.headers.get("X-Amzn-Trace-Id");
    if (trace.size() > kTraceHeaderMax) trace = {};
    Answer answered = api_.call(target, request.body, trace);
    if (const auto* error = std::get_if<ApiError>(&answered)) return refused(*error);
    runtime::HttpResponse response;
    response.headers.add("Content-Type", kJson10);
    response.body = std::get<std::string>(std::move(answered));
    return response;
  };
  runtime::HttpResponse response = respond();
  response.headers.add("x-amzn-RequestId", api_.new_id());
  return response;
}

}  // namespace pawl::service
