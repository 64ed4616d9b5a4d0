// Lambda's protocol: which operation a path names, and what travels in headers.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/digest.h"
#include "connectors/aws/json_protocol.h"
#include "connectors/lambda/api.h"
#include "runtime/http/uri.h"

#include <charconv>
#include <vector>

namespace pawl::connectors {

using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;
using runtime::HttpRequest;
using runtime::HttpResponse;

namespace {

// An archive of 50 MB in base64, with what is around it.
constexpr std::size_t kBodyBytesMax = 72 * 1024 * 1024;

class CollectingSink final : public runtime::BodySink {
 public:
  Status write(std::string_view bytes) override {
    if (body.size() + bytes.size() > kBodyBytesMax) {
      too_large = true;
      return pawl::Error{ErrorCode::kLimit, "too large", ""};
    }
    body.append(bytes);
    return {};
  }
  std::string sha256() override {
    return aws::to_hex(aws::checksum_of(aws::Checksum::kSha256, body));
  }
  std::string body;
  bool too_large = false;
};

struct Route {
  std::string operation;
  std::string function;  // or the ARN of a tagged resource
  std::string part;      // Name of an alias, StatementId
  int status = 200;      // of an answer without an error
};

// "/2015-03-31/functions/NAME/aliases/ALIAS": what follows the date, in parts.
std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  constexpr std::size_t kDateBytes = sizeof("/2015-03-31/") - 1;
  if (path.size() < kDateBytes) return parts;
  path.remove_prefix(kDateBytes);
  while (path.ends_with('/')) path.remove_suffix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    parts.push_back(runtime::percent_decode(path.substr(0, slash)));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

struct Known {
  std::string_view method;
  std::size_t parts;       // of the path
  std::string_view first;  // "functions"
  std::string_view third;  // empty: there is none
  std::string_view operation;
  int status = 200;
};
constexpr Known kRoutes[] = {
    {"DELETE", 2, "functions", "", "DeleteFunction", 204},
    {"DELETE", 2, "tags", "", "UntagResource", 204},
    {"DELETE", 3, "functions", "concurrency", "DeleteFunctionConcurrency", 204},
    {"DELETE", 3, "functions", "event-invoke-config", "DeleteFunctionEventInvokeConfig", 204},
    {"DELETE", 4, "functions", "aliases", "DeleteAlias", 204},
    {"DELETE", 4, "functions", "policy", "RemovePermission", 204},
    {"GET", 1, "account-settings", "", "GetAccountSettings"},
    {"GET", 1, "functions", "", "ListFunctions"},
    {"GET", 2, "functions", "", "GetFunction"},
    {"GET", 2, "tags", "", "ListTags"},
    {"GET", 3, "functions", "aliases", "ListAliases"},
    {"GET", 3, "functions", "concurrency", "GetFunctionConcurrency"},
    {"GET", 3, "functions", "configuration", "GetFunctionConfiguration"},
    {"GET", 3, "functions", "event-invoke-config", "GetFunctionEventInvokeConfig"},
    {"GET", 3, "functions", "policy", "GetPolicy"},
    {"GET", 3, "functions", "versions", "ListVersionsByFunction"},
    {"GET", 4, "functions", "aliases", "GetAlias"},
    {"GET", 4, "functions", "event-invoke-config", "ListFunctionEventInvokeConfigs"},
    {"POST", 1, "functions", "", "CreateFunction", 201},
    {"POST", 2, "tags", "", "TagResource", 204},
    {"POST", 3, "functions", "aliases", "CreateAlias", 201},
    {"POST", 3, "functions", "event-invoke-config", "UpdateFunctionEventInvokeConfig"},
    {"POST", 3, "functions", "invocations", "Invoke"},
    {"POST", 3, "functions", "policy", "AddPermission", 201},
    {"POST", 3, "functions", "versions", "PublishVersion", 201},
    {"PUT", 3, "functions", "code", "UpdateFunctionCode"},
    {"PUT", 3, "functions", "concurrency", "PutFunctionConcurrency"},
    {"PUT", 3, "functions", "configuration", "UpdateFunctionConfiguration"},
    {"PUT", 3, "functions", "event-invoke-config", "PutFunctionEventInvokeConfig"},
    {"PUT", 4, "functions", "aliases", "UpdateAlias"},
};

Route route_of(const HttpRequest& request) {
  const std::vector<std::string> parts = parts_of(request.path());
  for (const Known& known : kRoutes) {
    if (parts.size() != known.parts || request.method != known.method || parts[0] != known.first ||
        (known.parts > 2 && parts[2] != known.third)) {
      continue;
    }
    return {std::string(known.operation), parts.size() > 1 ? parts[1] : "",
            parts.size() > 3 ? parts[3] : "", known.status};
  }
  return {};
}

// Of the query, what is a member of the input.
void add_parameters(const HttpRequest& request, ObjectBuilder& members) {
  std::vector<Value> tag_keys;
  for (const auto& [name, value] : runtime::read_parameters(request.query())) {
    if (name == "Qualifier" || name == "Marker" || name == "FunctionVersion" ||
        name == "RevisionId") {
      members.set(name, Value::string(value));
    } else if (name == "MaxItems") {
      std::int64_t number = 0;
      const auto [rest, failed] =
          std::from_chars(value.data(), value.data() + value.size(), number);
      if (failed == std::errc() && rest == value.data() + value.size()) {
        members.set(name, Value::integer(number));
      }
    } else if (name == "tagKeys") {
      tag_keys.push_back(Value::string(value));
    }
  }
  if (!tag_keys.empty()) members.set("TagKeys", Value::array(std::move(tag_keys)));
}

HttpResponse error_response(const Error& error) {
  HttpResponse response;
  response.status = error.status;
  response.headers.add("Content-Type", "application/json");
  response.headers.add("x-amzn-ErrorType", error.code);
  ObjectBuilder body(error.details.is_object() ? error.details : Value::object({}));
  body.set("Type", Value::string(error.status < 500 ? "User" : "Service"));
  body.set("Message", Value::string(error.message));
  body.set("message", Value::string(error.message));
  response.body = asl::to_json(std::move(body).build());
  return response;
}

// The input of Invoke is its body, and headers.
Value invoke_input(const HttpRequest& request, std::string_view body) {
  ObjectBuilder input;
  input.set("Payload", Value::string(body));
  constexpr std::pair<std::string_view, std::string_view> kHeaders[] = {
      {"X-Amz-Client-Context", "ClientContext"},
      {"X-Amz-Invocation-Type", "InvocationType"},
      {"X-Amz-Log-Type", "LogType"}};
  for (const auto& [header, member] : kHeaders) {
    if (request.headers.has(header)) input.set(member, Value::string(request.headers.get(header)));
  }
  return std::move(input).build();
}

HttpResponse invoke_response(const Value& answer) {
  HttpResponse response;
  const auto text = [&](std::string_view member) {
    const Value* value = answer.find(member);
    return value == nullptr ? std::string_view() : value->as_string();
  };
  response.status = static_cast<int>(answer.find("StatusCode")->as_int());
  response.headers.add("Content-Type", "application/json");
  if (!text("FunctionError").empty()) {
    response.headers.add("X-Amz-Function-Error", text("FunctionError"));
  }
  if (!text("ExecutedVersion").empty()) {
    response.headers.add("X-Amz-Executed-Version", text("ExecutedVersion"));
  }
  if (!text("LogResult").empty()) response.headers.add("X-Amz-Log-Result", text("LogResult"));
  response.body = text("Payload");
  return response;
}

}  // namespace

std::shared_ptr<runtime::BodySink> LambdaRest::sink(const HttpRequest& head) {
  if (!aws::has_credentials(head) || route_of(head).operation.empty()) return nullptr;
  return std::make_shared<CollectingSink>();
}

HttpResponse LambdaRest::refuse(const HttpRequest& /*request*/, const Error& error) {
  return error_response(error);
}

HttpResponse LambdaRest::handle(const HttpRequest& request) {
  const Route route = route_of(request);
  aws::Call call;
  call.operation = route.operation;
  call.request_id = new_id_();
  call.host = request.headers.get("Host");
  const auto respond = [&]() -> HttpResponse {
    if (!aws::has_credentials(request)) {
      return error_response(
          {"MissingAuthenticationTokenException", "Missing Authentication Token", 403, {}});
    }
    if (route.operation.empty()) {
      return error_response(
          {"UnknownOperationException", "The operation is not offered.", 404, {}});
    }
    const auto* collected = dynamic_cast<const CollectingSink*>(request.sink.get());
    if (collected != nullptr && collected->too_large) {
      return error_response({"RequestTooLargeException", "Request body is too large", 413, {}});
    }
    const std::string& body = collected != nullptr ? collected->body : request.body;
    Value input;
    if (route.operation == "Invoke") {
      input = invoke_input(request, body);
    } else {
      Result<Value> read =
          body.empty() ? Value::object({}) : asl::read_json(body, {.max_bytes = kBodyBytesMax});
      if (!read || !read->is_object()) {
        return error_response(
            {"InvalidRequestContentException", "Could not parse request body into json", 400, {}});
      }
      input = *std::move(read);
    }
    ObjectBuilder members(input);
    if (!route.function.empty()) members.set("FunctionName", Value::string(route.function));
    if (!route.part.empty()) {
      members.set(route.operation == "RemovePermission" ? "StatementId" : "Name",
                  Value::string(route.part));
    }
    add_parameters(request, members);
    call.input = std::move(members).build();
    const Answer answer = api_.call(call);
    if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
    const auto& value = std::get<Value>(answer);
    if (route.operation == "Invoke") return invoke_response(value);
    HttpResponse response;
    response.status = route.status;
    response.headers.add("Content-Type", "application/json");
    if (response.status != 204) response.body = api_.body_of(call, value);
    return response;
  };
  HttpResponse response = respond();
  response.headers.add("x-amzn-RequestId", call.request_id);
  return response;
}

}  // namespace pawl::connectors
