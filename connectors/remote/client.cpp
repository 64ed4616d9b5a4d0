#include "connectors/remote/client.h"

#include "connectors/http/cut_on_cancel.h"
#include "runtime/aws/sigv4.h"
#include "runtime/log/log.h"
#include "runtime/net/tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pawl::connectors::remote {
namespace {

using asl::Value;
using runtime::HttpCall;
using runtime::HttpResponse;
using runtime::SteadyTime;

constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::string_view kSts = "sts";

// Invocations of functions and synchronous executions last as long as these do.
bool takes_long(const ApiModel& model, const ApiOperation& operation) {
  return (model.endpoint_prefix == "lambda" && operation.name.starts_with("Invoke")) ||
         operation.name == "StartSyncExecution";
}

bool begins_with_any(std::string_view name, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [name](std::string_view word) { return name.starts_with(word); });
}

std::string request_id_of(const HttpResponse& response) {
  for (const std::string_view name : {"x-amzn-RequestId", "x-amz-request-id", "x-amz-requestid"}) {
    if (response.headers.has(name)) return std::string(response.headers.get(name));
  }
  return {};
}

bool was_cancelled(const Client::Caller& caller) {
  return caller.cancellation != nullptr && caller.cancellation->cancelled();
}

}  // namespace

std::optional<Role> task_role(const std::string& role_arn, std::string_view state_machine_arn) {
  if (role_arn.empty()) return std::nullopt;
  constexpr std::size_t kSessionNameMax = 64;
  Role role;
  role.arn = role_arn;
  role.external_id = state_machine_arn;
  role.session_name = state_machine_arn.substr(state_machine_arn.rfind(':') + 1);
  role.session_name.resize(std::min(role.session_name.size(), kSessionNameMax));
  for (char& c : role.session_name) {
    const bool allowed = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                         (c >= 'A' && c <= 'Z') ||
                         std::string_view("_+=,.@-").find(c) != std::string_view::npos;
    if (!allowed) c = '-';
  }
  return role;
}

std::optional<Role> task_role(const engine::TaskRequest& request) {
  return task_role(request.credentials_role_arn.value_or(""), request.state_machine_arn);
}

bool is_repeatable(const ApiModel& model, const ApiOperation& operation, const Value& input) {
  const bool rest =
      model.protocol == ApiProtocol::kRestJson || model.protocol == ApiProtocol::kRestXml;
  if (rest && operation.method != "POST" && operation.method != "PATCH") return true;
  if (begins_with_any(operation.name, {"Describe", "List", "Head", "BatchGet", "Scan", "Query",
                                       "TransactGet", "Lookup", "Search"})) {
    return true;
  }
  // A poll hands out work: it is no mere look.
  if (operation.name.starts_with("Get") && operation.name != "GetActivityTask") return true;
  if (!operation.input) return false;
  const ApiShape& shape = model.shape(*operation.input);
  return std::any_of(shape.members.begin(), shape.members.end(), [&](const ApiMember& member) {
    return member.idempotency_token && input.find(member.name) != nullptr;
  });
}

bool is_throttling(const aws::Error& error) {
  constexpr std::string_view kCodes[] = {"BandwidthLimitExceeded",
                                         "EC2ThrottledException",
                                         "LimitExceededException",
                                         "PriorRequestNotComplete",
                                         "ProvisionedThroughputExceededException",
                                         "RequestLimitExceeded",
                                         "RequestThrottled",
                                         "RequestThrottledException",
                                         "SlowDown",
                                         "ThrottledException",
                                         "Throttling",
                                         "ThrottlingException",
                                         "TooManyRequestsException",
                                         "TransactionInProgressException"};
  if (error.code == "LimitExceededException") return error.status == 429;
  return error.status == 429 ||
         std::find(std::begin(kCodes), std::end(kCodes), error.code) != std::end(kCodes);
}

Client::Client(RemoteOptions options, Environment environment, runtime::HttpClientOptions http)
    : options_(std::move(options)),
      environment_(std::move(environment)),
      models_(options_.models),
      clients_(std::move(http)) {}

Result<std::unique_ptr<Client>> Client::make(RemoteOptions options, Environment environment) {
  runtime::HttpClientOptions http;
  auto tls = runtime::TlsContext::client(options.authorities);
  if (!tls) return std::move(tls).error();
  http.wrap_tls = runtime::tls_with(*std::move(tls));
  return std::unique_ptr<Client>(
      new Client(std::move(options), std::move(environment), std::move(http)));
}

CredentialChain& Client::credentials_here() {
  runtime::HttpClient& client = clients_.here();
  const std::scoped_lock lock(mutex_);
  std::unique_ptr<CredentialChain>& chain = credentials_[runtime::Shard::current()];
  if (chain == nullptr) {
    StsEndpoint sts{std::string(options_.endpoint(kSts, kSts)), options_.region};
    if (sts.url.empty()) sts.url = "https://" + aws_host(kSts, "", sts.region);
    chain = std::make_unique<CredentialChain>(client, environment_, std::move(sts));
  }
  return *chain;
}

Result<runtime::aws::Credentials> Client::credentials_for(const std::optional<Role>& role,
                                                          SteadyTime deadline) {
  CredentialChain& chain = credentials_here();
  if (!role) return chain.get(deadline);
  // Who named endpoints and not STS did not ask for anything to be sent to AWS.
  if (!options_.is_remote(kSts, kSts)) {
    return Error{
        ErrorCode::kUnsupported,
        fmt::format("The role '{}' cannot be assumed: no endpoint is given for the service "
                    "'sts': see --endpoint and --remote",
                    role->arn),
        ""};
  }
  Result<runtime::aws::Credentials> credentials = chain.get_for(*role, deadline);
  if (credentials || credentials.error().code != ErrorCode::kUnsupported) return credentials;
  return Error{
      ErrorCode::kUnsupported,
      fmt::format("The role '{}' cannot be assumed: {}", role->arn, credentials.error().message),
      ""};
}

Status Client::sign(HttpCall& call, std::string_view service, const std::optional<Role>& role) {
  const Result<runtime::Url> url = runtime::Url::parse(call.url);
  if (!url) return url.error();
  if (!call.headers.has("Host")) call.headers.add("Host", url->authority());
  Result<runtime::aws::Credentials> credentials = credentials_for(role, call.deadline);
  if (!credentials) return std::move(credentials).error();
  runtime::aws::SigningOptions signing;
  signing.region = options_.region;
  signing.service = service;
  signing.at = runtime::RealClock().wall_now();  // servers live in real time
  runtime::aws::sign(call.method, url->target, call.headers, call.body, *credentials, signing);
  return {};
}

Result<std::variant<Answered, NotAnswered>> Client::call(const ApiModel& model,
                                                         const ApiOperation& operation,
                                                         const Value& input, const Caller& caller) {
  Result<WireRequest> written = write_request(model, operation, input);
  if (!written) return std::move(written).error();
  const std::string sdk_id = sdk_service_id(model.service_id);
  std::string region = options_.region;
  std::string base(options_.endpoint(sdk_id, model.endpoint_prefix));
  if (base.empty()) {
    base = "https://" + written->host_prefix +
           aws_host(model.endpoint_prefix, model.global_endpoint, region);
  }
  const bool repeatable = is_repeatable(model, operation, input);

  HttpCall http;
  http.method = written->method;
  http.url = base + written->target;
  for (const auto& [name, text] : written->headers) http.headers.add(name, text);
  http.headers.add("User-Agent", "pawl");
  http.body = std::move(written->body);
  http.max_response_bytes = kAnswerBytesMax;
  http.may_resend = repeatable;
  const Result<runtime::Url> url = runtime::Url::parse(http.url);
  if (!url) return url.error();
  http.headers.add("Host", url->authority());

  const std::chrono::seconds patience = takes_long(model, operation) ? kLongPatience : kPatience;
  std::chrono::milliseconds pause = kFirstPause;
  for (int attempt = 1;; ++attempt, pause *= 2) {
    if (was_cancelled(caller)) return {NotAnswered{true, false, ""}};
    const bool last = attempt == kAttempts;
    http.deadline = std::min(runtime::Shard::current()->clock().after(patience), caller.deadline);
    HttpCall signed_call = http;
    if (!operation.without_signature) {
      Result<runtime::aws::Credentials> credentials = credentials_for(caller.role, http.deadline);
      if (!credentials) {
        return {NotAnswered{false, credentials.error().code == ErrorCode::kUnsupported,
                            credentials.error().message}};
      }
      runtime::aws::SigningOptions signing;
      signing.region = region;
      signing.service = model.signing_name;
      signing.at = runtime::RealClock().wall_now();  // servers live in real time
      signing.unsigned_payload = operation.unsigned_payload;
      runtime::aws::sign(signed_call.method, url->target, signed_call.headers, signed_call.body,
                         *credentials, signing);
    }
    Result<HttpResponse> response = Error{};
    {
      http::CutOnCancel cut(caller.cancellation);
      signed_call.cut = cut.cut();
      response = clients_.here().call(signed_call);
    }
    if (!response) {
      const Error& error = response.error();
      if (error.code == ErrorCode::kCancelled) return {NotAnswered{true, false, error.message}};
      // A name that is not known was not called.
      const bool again = error.code == ErrorCode::kNotFound ||
                         (repeatable && error.code == ErrorCode::kUnavailable);
      if (last || !again) {
        return {NotAnswered{false, false, "Unable to execute HTTP request: " + error.message}};
      }
      runtime::sleep_for(pause);
      continue;
    }
    decode_headers(response->headers);
    Answered answered;
    answered.answer = read_answer(model, operation, *response);
    if (const auto* error = std::get_if<aws::Error>(&answered.answer); error != nullptr && !last) {
      const bool expired = error->code.find("ExpiredToken") != std::string::npos;
      if (expired) credentials_here().forget();
      const bool busy = error->status >= 500 && repeatable;
      if (expired || busy || is_throttling(*error)) {
        runtime::sleep_for(pause);
        continue;
      }
    }
    answered.request_id = request_id_of(*response);
    answered.body_bytes = response->body.size();
    response->body.clear();
    answered.response = *std::move(response);
    return {std::move(answered)};
  }
}

}  // namespace pawl::connectors::remote
