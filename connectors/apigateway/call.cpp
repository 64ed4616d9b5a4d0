#include "connectors/apigateway/call.h"

#include "asl/json/writer.h"
#include "connectors/http/answer.h"
#include "runtime/http/client.h"
#include "runtime/http/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pawl::connectors::apigateway {
namespace {

using asl::Member;
using asl::Value;
using engine::Failure;
using engine::TaskRequest;
using runtime::equal_ignoring_case;

constexpr std::string_view kMethods[] = {"GET",   "POST", "PUT",    "DELETE",
                                         "PATCH", "HEAD", "OPTIONS"};
constexpr std::string_view kForbiddenHeaders[] = {
    "Authorization", "Connection", "Content-Length",    "Content-md5",
    "Expect",        "Host",       "Max-Forwards",      "Proxy-Authenticate",
    "Server",        "TE",         "Transfer-Encoding", "Trailer",
    "Upgrade",       "Via",        "Www-Authenticate"};
constexpr std::string_view kForbiddenPrefixes[] = {"X-Forwarded", "X-Amz", "X-Amzn"};

bool is_forbidden(std::string_view name) {
  return std::any_of(std::begin(kForbiddenHeaders), std::end(kForbiddenHeaders),
                     [&](std::string_view one) { return equal_ignoring_case(one, name); }) ||
         std::any_of(std::begin(kForbiddenPrefixes), std::end(kForbiddenPrefixes),
                     [&](std::string_view one) {
                       return equal_ignoring_case(one, name.substr(0, one.size()));
                     });
}

// Members that are null are not sent, unless they are allowed.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which is bounded
Value without_nulls(const Value& value) {
  if (value.is_array()) {
    std::vector<Value> items;
    for (const Value& item : value.items()) items.push_back(without_nulls(item));
    return Value::array(std::move(items));
  }
  if (!value.is_object()) return value;
  asl::ObjectBuilder out;
  for (const Member& member : value.members()) {
    if (!member.value.is_null()) out.set(member.key, without_nulls(member.value));
  }
  return std::move(out).build();
}

class Reader {
 public:
  explicit Reader(const Value& parameters) : parameters_(parameters) {}

  std::variant<Call, Failure> read() {
    for (const Member& member : parameters_.members()) take(member.key.as_string(), member.value);
    for (const auto& [name, text] :
         {std::pair{"ApiEndpoint", &call_.host}, {"Method", &call_.method}}) {
      if (text->empty()) refuse(fmt::format("The field '{}' is required but was missing", name));
    }
    const bool takes_body =
        call_.method == "POST" || call_.method == "PUT" || call_.method == "PATCH";
    if (!body_.is_undefined() && !takes_body) {
      refuse(
          fmt::format("The field 'RequestBody' cannot be used with the method {}", call_.method));
    }
    if (!problem_.empty()) return Failure{"States.Runtime", std::move(problem_)};
    finish();
    return std::move(call_);
  }

 private:
  void refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  std::string text(std::string_view name, const Value& value) {
    if (value.is_string()) return std::string(value.as_string());
    refuse(fmt::format("The value for the field '{}' must be a STRING", name));
    return {};
  }

  void take(std::string_view name, const Value& value) {
    if (name == "RequestBody") {
      body_ = value;
      return;
    }
    if (value.is_null()) return;  // as if it were absent
    if (name == "ApiEndpoint") return take_host(text(name, value));
    if (name == "Method") return take_method(text(name, value));
    if (name == "Stage") {
      stage_ = text(name, value);
    } else if (name == "Path") {
      path_ = text(name, value);
    } else if (name == "Headers") {
      lists(name, value, call_.headers);
      check_headers();
    } else if (name == "QueryParameters") {
      lists(name, value, query_);
    } else if (name == "AllowNullValues") {
      if (!value.is_bool()) refuse("The value for the field 'AllowNullValues' must be a BOOLEAN");
      allow_nulls_ = value.is_bool() && value.as_bool();
    } else if (name == "AuthType") {
      take_auth(text(name, value));
    } else {
      refuse(fmt::format("The field \"{}\" is not supported by Step Functions", name));
    }
  }

  // A host, with a port for other servers than AWS's; no scheme, no path.
  void take_host(std::string host) {
    const Result<runtime::Url> url = runtime::Url::parse("https://" + host);
    if (!url || url->target != "/" || host.ends_with('/')) {
      return refuse(
          fmt::format("The value for the field 'ApiEndpoint' must be a host name, and is "
                      "'{}'",
                      host));
    }
    call_.host = std::move(host);
  }

  void take_method(std::string method) {
    if (std::find(std::begin(kMethods), std::end(kMethods), method) == std::end(kMethods)) {
      return refuse(fmt::format("The value for the field 'Method' must be one of [{}], and is '{}'",
                                fmt::join(kMethods, ", "), method));
    }
    call_.method = std::move(method);
  }

  void take_auth(const std::string& type) {
    if (type == "IAM_ROLE") {
      call_.auth = AuthType::kIamRole;
    } else if (type == "RESOURCE_POLICY") {
      call_.auth = AuthType::kResourcePolicy;
    } else if (type != "NO_AUTH") {
      refuse(
          fmt::format("The value for the field 'AuthType' must be one of [NO_AUTH, IAM_ROLE, "
                      "RESOURCE_POLICY], and is '{}'",
                      type));
    }
  }

  // Lists of texts by name; a text alone is a list of one.
  void lists(std::string_view name, const Value& value, http::Fields& out) {
    if (!value.is_object()) {
      return refuse(fmt::format("The value for the field '{}' must be a JSON object", name));
    }
    for (const Member& member : value.members()) {
      const std::string key(member.key.as_string());
      if (!member.value.is_array()) {
        if (!member.value.is_null()) out.emplace_back(key, asl::to_text(member.value));
        continue;
      }
      for (const Value& item : member.value.items()) out.emplace_back(key, asl::to_text(item));
    }
  }

  void check_headers() {
    for (const auto& [name, value] : call_.headers) {
      if (is_forbidden(name)) {
        refuse(fmt::format("The header '{}' cannot be used", name));
      } else if (!runtime::is_sendable_field(name, value)) {
        refuse(fmt::format("The header '{}' is not valid", name));
      }
    }
  }

  void finish() {
    for (const std::string* part : {&stage_, &path_}) {
      std::string_view trimmed = *part;
      while (trimmed.starts_with('/')) trimmed.remove_prefix(1);
      if (part == &stage_) {
        while (trimmed.ends_with('/')) trimmed.remove_suffix(1);
      }
      // A path may have its escapes already.
      if (!trimmed.empty()) {
        call_.target += "/" + runtime::percent_encode(trimmed, "/%:@!$&'()*+,;=");
      }
    }
    if (call_.target.empty()) call_.target = "/";
    char separator = '?';
    for (const auto& [name, value] : query_) {
      call_.target += separator;
      call_.target += runtime::percent_encode(name) + "=" + runtime::percent_encode(value);
      separator = '&';
    }
    if (body_.is_undefined() || (body_.is_null() && !allow_nulls_)) return;
    if (!allow_nulls_) body_ = without_nulls(body_);
    call_.body = asl::to_text(body_);
    const bool typed = std::any_of(
        call_.headers.begin(), call_.headers.end(),
        [](const auto& header) { return equal_ignoring_case(header.first, "Content-Type"); });
    if (!typed) call_.headers.emplace_back("Content-Type", "application/json");
  }

  const Value& parameters_;
  Call call_;
  std::string stage_;
  std::string path_;
  http::Fields query_;
  Value body_;
  bool allow_nulls_ = false;
  std::string problem_;
};

}  // namespace

std::variant<Call, Failure> to_call(const TaskRequest& request) {
  const Value& parameters = request.parameters.value();
  if (!parameters.is_object()) {
    return Failure{"States.Runtime", "The parameters must be an object"};
  }
  auto read = Reader(parameters).read();
  if (auto* call = std::get_if<Call>(&read)) {
    const bool agent = std::any_of(
        call->headers.begin(), call->headers.end(),
        [](const auto& header) { return equal_ignoring_case(header.first, "User-Agent"); });
    if (!agent) {
      call->headers.emplace_back(
          "User-Agent", fmt::format("Amazon|StepFunctions|ApiGatewayInvoke|{}", request.region));
    }
  }
  return read;
}

engine::Outcome to_outcome(const TaskRequest& request, const runtime::HttpResponse& response) {
  if (response.status / 100 != 2) {
    const bool text = http::shown_answer(response).has_value();
    return engine::TaskFailed{{fmt::format("ApiGateway.{}", response.status),
                               text && !response.body.empty()
                                   ? response.body
                                   : std::string(runtime::reason_phrase(response.status))}};
  }
  const auto shown = http::shown_answer(response);
  if (!shown) {
    return engine::TaskFailed{{"States.Runtime", "The response cannot be read as a string"}};
  }
  if (request.resource->pattern == asl::IntegrationPattern::kWaitForTaskToken) {
    return engine::TaskSubmitted{asl::Payload::of(*shown), {}, std::nullopt};
  }
  return engine::TaskSucceeded{asl::Payload::of(*shown), {}};
}

Failure to_failure(const Error& error) {
  switch (error.code) {
    case ErrorCode::kTimeout:
      return {"ApiGateway.SocketTimeoutException", error.message};
    case ErrorCode::kLimit:
      return http::to_failure(error);
    default:
      return {"ApiGateway.SdkClientException", "Unable to execute HTTP request: " + error.message};
  }
}

}  // namespace pawl::connectors::apigateway
