#include "connectors/apigateway/handler.h"

#include "connectors/http/cut_on_cancel.h"

#include <algorithm>
#include <utility>

namespace pawl::connectors::apigateway {

namespace {
constexpr std::string_view kService = "execute-api";
}

engine::Outcome ApiGatewayHandler::run(const engine::TaskRequest& request) {
  auto mapped = to_call(request);
  if (auto* failure = std::get_if<engine::Failure>(&mapped)) {
    return engine::TaskFailed{std::move(*failure)};
  }
  const auto& call = std::get<Call>(mapped);
  runtime::HttpCall http;
  http.method = call.method;
  http.headers.add("Host", call.host);
  for (const auto& [name, text] : call.headers) http.headers.add(name, text);
  http.body = call.body;
  http.deadline = std::min(clock_.after(kTimeoutMax), request.deadline);
  http.max_response_bytes = kAnswerBytesMax;
  http.may_resend = call.method != "POST" && call.method != "PATCH";
  // The operator names an endpoint, a definition the host: only the latter must be public.
  const std::string_view endpoint = client_.options().endpoint(kService, "apigateway");
  http.url = (endpoint.empty() ? "https://" + call.host : std::string(endpoint)) + call.target;
  if (call.auth != AuthType::kNone) {
    const Status is_signed = client_.sign(http, kService, remote::task_role(request));
    if (!is_signed && is_signed.error().code == ErrorCode::kUnsupported) {
      return engine::TaskFailed{{"States.Permissions", is_signed.error().message}};
    }
    if (!is_signed) {
      return engine::TaskFailed{{"ApiGateway.SdkClientException", is_signed.error().message}};
    }
  }
  http::CutOnCancel cut(request.cancellation.get());
  http.cut = cut.cut();
  const Result<runtime::HttpResponse> response =
      (endpoint.empty() ? outside_.client() : client_.http()).call(http);
  if (!response) return engine::TaskFailed{to_failure(response.error())};
  return to_outcome(request, *response);
}

}  // namespace pawl::connectors::apigateway
