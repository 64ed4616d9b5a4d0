#include "connectors/aws/json_protocol.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "runtime/http/uri.h"

#include <algorithm>
#include <utility>

namespace pawl::connectors::aws {
namespace {

using runtime::HttpRequest;
using runtime::HttpResponse;

// The shape of an error in the model, where its code is that of the query protocol.
std::string_view shape_of(const Profile& profile, std::string_view code) {
  constexpr std::string_view kSuffix = "Exception";
  for (const auto& [known, exception] : profile.exceptions) {
    if (known != code || known == exception) continue;
    std::string_view shape = exception;
    if (shape.ends_with(kSuffix)) shape.remove_suffix(kSuffix.size());
    return shape;
  }
  return code;
}

}  // namespace

bool has_credentials(const HttpRequest& request) {
  if (request.headers.get("Authorization").starts_with("AWS4-HMAC-SHA256 ")) return true;
  const runtime::QueryParameters query = runtime::read_parameters(request.query());
  return std::any_of(query.begin(), query.end(),
                     [](const auto& one) { return one.first == "X-Amz-Signature"; });
}

std::function<bool()> gone_of(const HttpRequest& request) {
  return [connection = request.connection] {
    return connection != nullptr && connection->peer_gone();
  };
}

Answer JsonEndpoint::perform(const HttpRequest& request, Call& call) {
  std::string_view target = request.headers.get("X-Amz-Target");
  const std::string_view second = dialect_.second_target;
  const bool is_second = !second.empty() && target.starts_with(second);
  if (request.method != "POST" || (!is_second && !target.starts_with(dialect_.target))) {
    return Error{"UnknownOperationException", "", 404, {}};
  }
  call.operation = target.substr((is_second ? second : dialect_.target).size());
  // Not what a form or a plain text of a web page could say.
  std::string_view type = request.headers.get("Content-Type");
  type = type.substr(0, type.find(';'));
  if (!type.empty() && type != "application/x-amz-json-1.0" &&
      type != "application/x-amz-json-1.1" && type != "application/json") {
    return Error{
        "SerializationException", "The Content-Type must be application/x-amz-json.", 415, {}};
  }
  Result<asl::Value> input =
      request.body.empty() ? asl::Value::object({}) : asl::read_json(request.body);
  if (!input || !input->is_object()) {
    return Error{"SerializationException", input ? "" : input.error().message, 400, {}};
  }
  // Members that are null count as absent.
  asl::ObjectBuilder members;
  for (const asl::Member& member : input->members()) {
    if (!member.value.is_null()) members.set(member.key, member.value);
  }
  call.input = std::move(members).build();
  return service_.call(call);
}

HttpResponse JsonEndpoint::handle(const HttpRequest& request) {
  Call call;
  call.request_id = new_id_();
  call.host = request.headers.get("Host");
  call.caller_gone = gone_of(request);
  const Answer answer = perform(request, call);
  if (const auto* error = std::get_if<Error>(&answer)) return refuse(request, *error);
  HttpResponse response;
  response.headers.add("Content-Type", dialect_.content_type);
  response.headers.add("x-amzn-RequestId", call.request_id);
  response.body = service_.body_of(call, std::get<asl::Value>(answer));
  return response;
}

HttpResponse JsonEndpoint::refuse(const HttpRequest& /*request*/, const Error& error) {
  HttpResponse response;
  response.status = error.status;
  response.headers.add("Content-Type", dialect_.content_type);
  response.headers.add("x-amzn-RequestId", new_id_());
  const std::string_view shape =
      dialect_.query_compatible ? shape_of(service_.profile(), error.code) : error.code;
  if (dialect_.query_compatible) {
    response.headers.add("x-amzn-query-error",
                         error.code + (error.status < 500 ? ";Sender" : ";Receiver"));
  }
  asl::ObjectBuilder body;
  body.set("__type",
           asl::Value::string(std::string(dialect_.name_space).append("#").append(shape)));
  body.set("message", asl::Value::string(error.message));
  if (error.details.is_object()) {
    for (const asl::Member& member : error.details.members()) body.set(member.key, member.value);
  }
  response.body = asl::to_json(std::move(body).build());
  return response;
}

}  // namespace pawl::connectors::aws
