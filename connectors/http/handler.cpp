#include "connectors/http/handler.h"

#include "connectors/http/cut_on_cancel.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pawl::connectors::http {
namespace {

using engine::Failure;
using engine::Outcome;
using engine::TaskFailed;
using engine::TaskRequest;
using runtime::HttpResponse;

// A token without a lifetime is asked for again after this; one with, this long before its end.
constexpr std::chrono::minutes kTokenLife{5};
constexpr std::chrono::seconds kTokenMargin{30};
constexpr std::size_t kTokensMax = 1'000;

// Doing it twice is doing it once.
bool is_repeatable(std::string_view method) { return method != "POST" && method != "PATCH"; }

Failure connection_failure(std::string_view name, std::string cause) {
  return {fmt::format("Events.ConnectionResource.{}", name), std::move(cause)};
}

void tell(const TaskRequest& request, const Call& call, const HttpResponse* response) {
  if (request.trace == nullptr) return;
  const bool reveal = request.trace->reveal_secrets;
  *request.trace = to_trace(call, response);
  request.trace->reveal_secrets = reveal;
}

}  // namespace

Outcome HttpHandler::run(const TaskRequest& request) {
  auto read = read_parameters(request, outside_.allows_private());
  if (auto* failure = std::get_if<Failure>(&read)) return TaskFailed{std::move(*failure)};
  const auto& parameters = std::get<Parameters>(read);
  auto found = connections_.find_connection(parameters.connection_arn);
  if (auto* failure = std::get_if<Failure>(&found)) return TaskFailed{std::move(*failure)};
  const auto& connection = std::get<Connection>(found);

  const runtime::SteadyTime deadline = std::min(clock_.after(kTimeoutMax), request.deadline);
  for (bool again = false;; again = true) {
    auto authorized = authorize(connection, request, deadline);
    if (auto* failure = std::get_if<Failure>(&authorized)) return TaskFailed{std::move(*failure)};
    const auto& authorization = std::get<Authorized>(authorized);
    auto made = make_call(parameters, &connection, authorization.header, request.region);
    if (auto* failure = std::get_if<Failure>(&made)) return TaskFailed{std::move(*failure)};
    const Call& call = std::get<Call>(made);
    // Without revealSecrets a test sees what the definition says alone.
    const bool reveal = request.trace != nullptr && request.trace->reveal_secrets;
    auto plain = make_call(parameters, nullptr, "", request.region);
    const Call& shown = reveal ? call : std::get<Call>(plain);

    tell(request, shown, nullptr);
    const Result<HttpResponse> response = send(call, request, deadline);
    if (!response) return TaskFailed{to_failure(response.error())};
    tell(request, shown, &*response);
    if (response->status == 401 && authorization.was_kept && !again) {
      forget_token(connection);
      continue;
    }
    return to_outcome(*response);
  }
}

Result<HttpResponse> HttpHandler::send(const Call& call, const TaskRequest& request,
                                       runtime::SteadyTime deadline) {
  CutOnCancel cut(request.cancellation.get());
  runtime::HttpCall http;
  http.method = call.method;
  http.url = call.url;
  for (const auto& [name, text] : call.headers) http.headers.add(name, text);
  http.body = call.body;
  http.deadline = deadline;
  http.max_response_bytes = kAnswerBytesMax;
  http.may_resend = is_repeatable(call.method);
  http.cut = cut.cut();
  return outside_.client().call(http);
}

std::optional<std::string> HttpHandler::kept_token(const Connection& connection) {
  const std::scoped_lock lock(mutex_);
  const auto found = tokens_.find(connection.arn);
  if (found == tokens_.end() || found->second.version != connection.version ||
      found->second.good_until <= clock_.wall_now()) {
    return std::nullopt;
  }
  return found->second.authorization;
}

void HttpHandler::forget_token(const Connection& connection) {
  const std::scoped_lock lock(mutex_);
  tokens_.erase(connection.arn);
}

std::variant<HttpHandler::Authorized, Failure> HttpHandler::authorize(
    const Connection& connection, const TaskRequest& request, runtime::SteadyTime deadline) {
  if (connection.authorization == Authorization::kApiKey) return Authorized{};
  if (connection.authorization == Authorization::kBasic) {
    return Authorized{basic_authorization(connection.user, connection.password), false};
  }
  if (auto kept = kept_token(connection)) return Authorized{*std::move(kept), true};
  if (!outside_.allows_private() && !connection.token_url.starts_with("https://")) {
    return connection_failure(
        "InvalidConnectionState",
        fmt::format("The authorization endpoint of the connection {} must be an HTTPS URL",
                    connection.arn));
  }
  const Result<HttpResponse> response = send(token_call(connection), request, deadline);
  if (!response) {
    return connection_failure(
        "InvalidConnectionState",
        fmt::format("The authorization endpoint of the connection {} cannot be reached: {}",
                    connection.arn, response.error().message));
  }
  const std::optional<Token> token = read_token(*response);
  if (!token) {
    return connection_failure(
        "InvalidConnectionState",
        fmt::format("The authorization endpoint of the connection {} gave no token (status {})",
                    connection.arn, response->status));
  }
  KeptToken kept;
  kept.version = connection.version;
  kept.authorization = token->type + " " + token->access_token;
  const std::chrono::seconds life =
      token->lifetime_s ? std::chrono::seconds(*token->lifetime_s) - kTokenMargin : kTokenLife;
  kept.good_until = clock_.wall_now() + life;
  Authorized authorized{kept.authorization, false};
  const std::scoped_lock lock(mutex_);
  if (tokens_.size() >= kTokensMax) tokens_.clear();
  tokens_[connection.arn] = std::move(kept);
  return authorized;
}

}  // namespace pawl::connectors::http
