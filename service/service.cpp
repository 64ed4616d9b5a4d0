#include "service/service.h"

#include "runtime/log/log.h"
#include "service/constraints.h"
#include "service/event_stream.h"
#include "service/routing.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pawl::service {

namespace {

constexpr std::string_view kTargetPrefix = "AWSStepFunctions.";
constexpr std::size_t kTraceHeaderMax = 256;  // as the model bounds StartExecution's traceHeader
constexpr std::string_view kJson10 = "application/x-amz-json-1.0";
constexpr std::string_view kLogsPrefix = "Logs_20140328.";
constexpr std::string_view kJson11 = "application/x-amz-json-1.1";

runtime::HttpResponse refused(const ApiError& error) {
  runtime::HttpResponse response;
  response.status = error.status;
  response.headers.add("Content-Type", kJson10);
  response.headers.add("x-amzn-ErrorType", error.code);
  response.body = error_body(error);
  return response;
}

runtime::HttpResponse answered(Answer answer, std::string_view type) {
  if (const auto* error = std::get_if<ApiError>(&answer)) return refused(*error);
  runtime::HttpResponse response;
  response.headers.add("Content-Type", type);
  response.body = std::get<std::string>(std::move(answer));
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

using BodySinkOf = decltype(runtime::HttpServerOptions::body_sink);

class UnderWay {
 public:
  UnderWay(std::size_t& operations, bool counts) : operations_(operations), counts_(counts) {
    if (counts_) ++operations_;
  }
  ~UnderWay() {
    if (counts_) --operations_;
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  std::size_t& operations_;
  const bool counts_;
};

// Payload and definition arrive escaped inside a JSON string, with the rest of the request around:
// a quote doubles, and two bytes of UTF-8 may be the six of \u00e9.
std::size_t body_bytes_max(const engine::Limits& limits) {
  constexpr std::size_t kRest = 64 * 1024;
  return std::max(3 * limits.payload_bytes, 2 * limits.definition_characters) + kRest;
}

runtime::HttpServerOptions http_options(ServiceOptions options, const engine::Limits& limits,
                                        BodySinkOf body_sink) {
  runtime::HttpServerOptions http;
  http.max_body_bytes = std::max(http.max_body_bytes, body_bytes_max(limits));
  http.address = std::move(options.address);
  http.second_address = std::move(options.second_address);
  http.port = options.port;
  http.tls = std::move(options.tls);
  http.max_connections = options.max_connections;
  http.body_sink = std::move(body_sink);
  return http;
}

}  // namespace

Service::Service(engine::Engine& engine, runtime::Shard& shard, ServiceOptions options)
    : endpoints_(options.endpoints),
      api_(engine),
      execution_log_(engine, *engine.options().shards[0], api_.logs()),
      events_(engine, *engine.options().shards[0]),
      pages_(engine, requests_),
      control_(api_),
      authentication_(std::move(options.credentials)),
      shard_(shard),
      max_operations_(options.max_operations),
      server_(shard,
              http_options(std::move(options), engine.options().limits,
                           [this](const runtime::HttpRequest& head) {
                             connectors::aws::Endpoint* endpoint = endpoint_of(head);
                             return endpoint == nullptr ? nullptr : endpoint->sink(head);
                           }),
              [this](const runtime::HttpRequest& request) { return handle(request); }) {
  engine.observe(execution_log_);
  engine.observe(events_);
}

Service::~Service() = default;

Status Service::start() { return server_.start(); }
Status Service::stop(runtime::SteadyTime deadline) {
  api_.engine().activities().close();  // long polls end with nothing
  events_.close();
  return server_.drain(deadline);
}
std::uint16_t Service::port() const { return server_.port(); }

// CloudWatch Logs, AWS JSON 1.1.
runtime::HttpResponse Service::handle_logs(std::string_view target,
                                           const runtime::HttpRequest& request) {
  target.remove_prefix(kLogsPrefix.size());
  Answer answered = runtime::call_on(*api_.engine().options().shards[0],
                                     [&] { return api_.logs().call(target, request.body); });
  runtime::HttpResponse response;
  response.headers.add("Content-Type", kJson11);
  if (const auto* error = std::get_if<ApiError>(&answered)) {
    response.status = error->status;
    response.headers.add("x-amzn-ErrorType", error->code);
    response.body = logs_error_body(*error);
  } else {
    response.body = std::get<std::string>(std::move(answered));
  }
  return response;
}

connectors::aws::Endpoint* Service::endpoint_of(const runtime::HttpRequest& request) {
  if (endpoints_ == nullptr) return nullptr;
  if (request.headers.get("X-Amz-Target").starts_with(kTargetPrefix)) return nullptr;
  std::string service = service_of(request);
  if (is_query(request)) {
    if (connectors::aws::Endpoint* query = endpoints_->find(service + " query")) return query;
  }
  return endpoints_->find(service);
}

runtime::HttpResponse Service::handle(const runtime::HttpRequest& request) {
  if (auto page = pages_.answer(request, server_)) return *std::move(page);
  const runtime::SteadyTime begun = shard_.now();
  runtime::HttpResponse response = call(request);
  std::string id(response.headers.get("x-amzn-RequestId"));
  if (id.empty()) {
    id = api_.new_id();
    response.headers.add("x-amzn-RequestId", id);
  }

  const auto time = shard_.now() - begun;
  std::string_view operation = request.headers.get("X-Amz-Target");
  operation.remove_prefix(std::min(operation.find('.') + 1, operation.size()));
  if (find_operation_shape(operation) == nullptr) operation = "unknown";
  std::string_view code = response.headers.get("x-amzn-ErrorType");
  if (code.empty()) code = "OK";
  requests_.count(operation, code, time);
  if (runtime::log().should_log(spdlog::level::debug)) {
    runtime::log_with(spdlog::level::debug, "request",
                      {{"operation", operation},
                       {"code", code},
                       {"ms", fmt::format("{:.3f}", static_cast<double>(time.count()) / 1e6)},
                       {"peer", request.peer.to_string()},
                       {"id", id}});
  }
  return response;
}

runtime::HttpResponse Service::call(const runtime::HttpRequest& request) {
  if (request.method == "POST" && request.path().starts_with(kControlPath)) {
    if (!is_accepted_type(request.headers.get("Content-Type")) ||
        !request.headers.has("Content-Type")) {
      return refused({"SerializationException", "The Content-Type must be application/json.", 415});
    }
    if (const auto error = authentication_.refuse(request, "states", api_.now())) {
      return refused(*error);
    }
    return answered(control_.call(request.path().substr(kControlPath.size()), request.body),
                    "application/json");
  }
  if (request.method == "GET" && request.path() == "/_pawl/events") {
    if (const auto error = authentication_.refuse(request, "states", api_.now())) {
      return refused(*error);
    }
    return stream_events(events_, request);
  }
  if (connectors::aws::Endpoint* endpoint = endpoint_of(request)) {
    if (!endpoint->needs_no_signature(request)) {
      if (const auto error = authentication_.refuse(request, service_of(request), api_.now())) {
        return endpoint->refuse(request, {error->code, error->message, 403, {}});
      }
    }
    return endpoint->handle(request);
  }
  if (request.method != "POST" || request.path() != "/") {
    return refused({"UnknownOperationException", "Requests are POST to /.", 404});
  }
  std::string_view target = request.headers.get("X-Amz-Target");
  if (target.starts_with(kLogsPrefix) && is_accepted_type(request.headers.get("Content-Type"))) {
    if (const auto error = authentication_.refuse(request, "logs", api_.now())) {
      return refused(*error);
    }
    return handle_logs(target, request);
  }
  if (!target.starts_with(kTargetPrefix)) {
    return refused({"UnknownOperationException",
                    "The header X-Amz-Target must be AWSStepFunctions.OPERATION."});
  }
  target.remove_prefix(kTargetPrefix.size());
  if (!is_accepted_type(request.headers.get("Content-Type"))) {
    return refused(
        {"SerializationException", "The Content-Type must be " + std::string(kJson10) + ".", 415});
  }
  const bool waits = target == "GetActivityTask" || target == "StartSyncExecution";
  if (!waits && operations_ >= max_operations_) {
    return refused({"ThrottlingException", "Rate exceeded"});
  }
  if (const auto error = authentication_.refuse(request, "states", api_.now())) {
    return refused(*error);
  }
  const UnderWay under_way(operations_, !waits);
  std::string_view trace = request.headers.get("X-Amzn-Trace-Id");
  if (trace.size() > kTraceHeaderMax) trace = {};
  connectors::StatesCaller caller;
  caller.gone = [&request] {
    return request.connection != nullptr && request.connection->peer_gone();
  };
  return answered(api_.call(target, request.body, trace, caller), kJson10);
}

}  // namespace pawl::service
