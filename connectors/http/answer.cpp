#include "connectors/http/answer.h"

#include "asl/json/reader.h"
#include "asl/json/utf8.h"
#include "asl/json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace pawl::connectors::http {
namespace {

using asl::ObjectBuilder;
using asl::Value;
using engine::Failure;
using runtime::HttpResponse;

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "text/html" of "Text/HTML; charset=utf-8".
std::string media_type(const HttpResponse& response) {
  std::string_view type = response.headers.get("Content-Type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return lower_case(type);
}

bool is_binary(std::string_view media) {
  return media == "application/octet-stream" || media.starts_with("image/") ||
         media.starts_with("video/") || media.starts_with("audio/");
}

bool is_json(std::string_view media) {
  return media == "application/json" || media.ends_with("+json");
}

Value headers_of(const HttpResponse& response) {
  std::vector<std::pair<std::string, std::vector<Value>>> by_name;
  for (std::size_t i = 0; i < response.headers.size(); ++i) {
    const auto field = response.headers[i];
    const auto found = std::find_if(by_name.begin(), by_name.end(), [&](const auto& one) {
      return runtime::equal_ignoring_case(one.first, field.name);
    });
    const std::string text(asl::is_utf8(field.value) ? field.value : "");
    if (found == by_name.end()) {
      by_name.emplace_back(field.name, std::vector{Value::string(text)});
    } else {
      found->second.push_back(Value::string(text));
    }
  }
  ObjectBuilder out;
  for (auto& [name, values] : by_name) out.set(name, Value::array(std::move(values)));
  return std::move(out).build();
}

std::string header_list(const Fields& fields) {
  std::string out = "[";
  for (const auto& [name, text] : fields) {
    if (out.size() > 1) out += ", ";
    out.append(name).append(": ").append(text);
  }
  return out + "]";
}

}  // namespace

std::optional<Value> shown_answer(const HttpResponse& response) {
  if (!asl::is_utf8(response.body)) return std::nullopt;
  Value body = Value::string(response.body);
  if (is_json(media_type(response))) {
    if (Result<Value> parsed = asl::read_json(response.body)) body = *std::move(parsed);
  }
  ObjectBuilder out;
  out.set("Headers", headers_of(response));
  out.set("ResponseBody", std::move(body));
  out.set("StatusCode", Value::integer(response.status));
  out.set("StatusText", Value::string(runtime::reason_phrase(response.status)));
  return std::move(out).build();
}

engine::Outcome to_outcome(const HttpResponse& response) {
  const std::string media = media_type(response);
  if (is_binary(media)) {
    return engine::TaskFailed{
        {"States.Runtime",
         fmt::format("The response of the HTTP Task has the unsupported content type '{}'",
                     media)}};
  }
  const std::optional<Value> shown = shown_answer(response);
  if (!shown) {
    return engine::TaskFailed{
        {"States.Runtime", "The response of the HTTP Task cannot be read as a string"}};
  }
  if (response.status / 100 == 2) return engine::TaskSucceeded{asl::Payload::of(*shown), {}};
  return engine::TaskFailed{{fmt::format("States.Http.StatusCode.{}", response.status),
                             response.body.empty()
                                 ? std::string(runtime::reason_phrase(response.status))
                                 : response.body}};
}

Failure to_failure(const Error& error) {
  switch (error.code) {
    case ErrorCode::kTimeout:
      return {"States.Http.Socket", "The HTTP Task took too long: " + error.message};
    case ErrorCode::kLimit:
      return {"States.DataLimitExceeded",
              "The HTTP Task returned a response with a size exceeding the maximum number of bytes "
              "service limit."};
    default:
      return {"States.TaskFailed", error.message};
  }
}

std::optional<Token> read_token(const HttpResponse& response) {
  if (response.status / 100 != 2) return std::nullopt;
  const Result<Value> read = asl::read_json(response.body);
  if (!read) return std::nullopt;
  Token token;
  token.access_token = asl::text_of(*read, "access_token");
  token.type = asl::text_of(*read, "token_type");
  if (token.type.empty() || lower_case(token.type) == "bearer") token.type = "Bearer";
  if (const Value* lifetime = read->find("expires_in")) {
    constexpr double kLongest = 1e9;
    if (lifetime->is_number()) {
      token.lifetime_s = std::llround(std::clamp(lifetime->as_double(), 0.0, kLongest));
    }
  }
  if (!runtime::is_sendable_field("Authorization", token.type + " " + token.access_token)) {
    return std::nullopt;
  }
  return token.access_token.empty() ? std::nullopt : std::optional(std::move(token));
}

engine::HttpTrace to_trace(const Call& call, const HttpResponse* response) {
  engine::HttpTrace trace;
  trace.protocol = call.url.substr(0, call.url.find(':'));
  trace.method = call.method;
  trace.url = call.url;
  Fields shown = call.headers;
  if (call.added_content_type) {
    std::erase_if(shown, [](const auto& field) { return field.first == "Content-Type"; });
  }
  trace.headers = header_list(shown);
  trace.body = call.body;
  if (response == nullptr) return trace;
  engine::HttpTrace::Response& answer = trace.response.emplace();
  answer.status_code = std::to_string(response->status);
  answer.status_message = runtime::reason_phrase(response->status);
  Fields fields;
  for (std::size_t i = 0; i < response->headers.size(); ++i) {
    fields.emplace_back(response->headers[i].name, response->headers[i].value);
  }
  answer.headers = header_list(fields);
  answer.body = response->body;
  return trace;
}

}  // namespace pawl::connectors::http
