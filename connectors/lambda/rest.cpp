// Lambda's protocol: which operation a path names, and what travels in headers.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/aws/digest.h"
#include "connectors/aws/json_protocol.h"
#include "connectors/lambda/api.h"
#include "runtime/http/uri.h"

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
  std::string function;
};

// "/2015-03-31/functions[/NAME[/PART]]"
Route route_of(const HttpRequest& request) {
  std::string_view path = request.path();
  constexpr std::string_view kFunctions = "functions";
  const std::size_t at = path.find(kFunctions);
  if (at == std::string_view::npos) return {};
  path.remove_prefix(at + kFunctions.size());
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::string& method = request.method;
  if (path.empty()) {
    if (method == "POST") return {"CreateFunction", ""};
    return method == "GET" ? Route{"ListFunctions", ""} : Route();
  }
  const std::size_t slash = path.find('/');
  const std::string name = runtime::percent_decode(path.substr(0, slash));
  const std::string_view part =
      slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  if (part.empty() && method == "GET") return {"GetFunction", name};
  if (part.empty() && method == "DELETE") return {"DeleteFunction", name};
  if (part == "code" && method == "PUT") return {"UpdateFunctionCode", name};
  if (part == "configuration" && method == "GET") return {"GetFunctionConfiguration", name};
  if (part == "configuration" && method == "PUT") return {"UpdateFunctionConfiguration", name};
  if (part == "invocations" && method == "POST") return {"Invoke", name};
  return {};
}

HttpResponse error_response(const Error& error) {
  HttpResponse response;
  response.status = error.status;
  response.headers.add("Content-Type", "application/json");
  response.headers.add("x-amzn-ErrorType", error.code);
  ObjectBuilder body;
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
      return error_response({"UnknownOperationException", "", 404, {}});
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
    for (const auto& [name, value] : runtime::read_parameters(request.query())) {
      if (name == "Qualifier" || name == "Marker") members.set(name, Value::string(value));
    }
    call.input = std::move(members).build();
    const Answer answer = api_.call(call);
    if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
    const Value& value = std::get<Value>(answer);
    if (route.operation == "Invoke") return invoke_response(value);
    HttpResponse response;
    response.status = route.operation == "CreateFunction"   ? 201
                      : route.operation == "DeleteFunction" ? 204
                                                            : 200;
    response.headers.add("Content-Type", "application/json");
    if (response.status != 204) response.body = api_.body_of(call, value);
    return response;
  };
  HttpResponse response = respond();
  response.headers.add("x-amzn-RequestId", call.request_id);
  return response;
}

}  // namespace pawl::connectors
