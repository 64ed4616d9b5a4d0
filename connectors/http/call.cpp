#include "connectors/http/call.h"

#include "asl/json/writer.h"
#include "connectors/aws/base64.h"
#include "runtime/http/client.h"
#include "runtime/http/uri.h"

#include <fmt/format.h>

#include <algorithm>

namespace pawl::connectors::http {
namespace {

using asl::Member;
using asl::Value;
using engine::Failure;
using engine::TaskRequest;
using runtime::equal_ignoring_case;

constexpr std::string_view kMethods[] = {"GET",   "POST",    "PUT", "DELETE",
                                         "PATCH", "OPTIONS", "HEAD"};

// Step Functions' own, or a connection's. Source: developer guide, Headers.
constexpr std::string_view kForbiddenHeaders[] = {"A-IM",
                                                  "Accept-Charset",
                                                  "Accept-Datetime",
                                                  "Accept-Encoding",
                                                  "Authorization",
                                                  "Cache-Control",
                                                  "Connection",
                                                  "Content-Encoding",
                                                  "Content-Length",
                                                  "Content-MD5",
                                                  "Date",
                                                  "Expect",
                                                  "Forwarded",
                                                  "From",
                                                  "Host",
                                                  "HTTP2-Settings",
                                                  "If-Match",
                                                  "If-Modified-Since",
                                                  "If-None-Match",
                                                  "If-Range",
                                                  "If-Unmodified-Since",
                                                  "Max-Forwards",
                                                  "Origin",
                                                  "Pragma",
                                                  "Proxy-Authorization",
                                                  "Referer",
                                                  "Server",
                                                  "TE",
                                                  "Trailer",
                                                  "Transfer-Encoding",
                                                  "Upgrade",
                                                  "Via",
                                                  "Warning"};
constexpr std::string_view kForbiddenPrefixes[] = {"x-forwarded", "x-amz-", "x-amzn-"};

bool is_forbidden(std::string_view name) {
  return std::any_of(std::begin(kForbiddenHeaders), std::end(kForbiddenHeaders),
                     [&](std::string_view one) { return equal_ignoring_case(one, name); }) ||
         std::any_of(std::begin(kForbiddenPrefixes), std::end(kForbiddenPrefixes),
                     [&](std::string_view one) {
                       return equal_ignoring_case(one, name.substr(0, one.size()));
                     });
}

Failure runtime_failure(std::string problem) {
  return Failure{"States.Runtime", std::move(problem)};
}

std::string field_text(const Value& value) {
  return value.is_null() ? std::string() : asl::to_text(value);
}

// A value, or each of a list.
void add_values(const Member& member, Fields& out) {
  const std::string name(member.key.as_string());
  if (!member.value.is_array()) {
    out.emplace_back(name, field_text(member.value));
    return;
  }
  for (const Value& item : member.value.items()) out.emplace_back(name, field_text(item));
}

class ParameterReader {
 public:
  ParameterReader(const Value& value, bool allow_plain)
      : value_(value), allow_plain_(allow_plain) {}

  std::variant<Parameters, Failure> read() {
    for (const Member& member : value_.members()) {
      if (problem_.empty() && !take(member.key.as_string(), member.value)) {
        refuse(fmt::format("The field '{}' is not supported by the HTTP Task",
                           member.key.as_string()));
      }
    }
    for (const auto& [name, text] :
         {std::pair{"ApiEndpoint", &parameters_.url},
          {"Method", &parameters_.method},
          {"InvocationConfig.ConnectionArn", &parameters_.connection_arn}}) {
      if (text->empty()) refuse(fmt::format("The field '{}' is required but was missing", name));
    }
    if (parameters_.form && !parameters_.body.is_undefined() && !parameters_.body.is_object() &&
        !parameters_.body.is_string()) {
      refuse("The field 'RequestBody' must be a JSON object to be URL_ENCODED");
    }
    if (!problem_.empty()) return runtime_failure(std::move(problem_));
    return std::move(parameters_);
  }

 private:
  void refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  bool text(std::string_view name, const Value& value, std::string& out) {
    if (value.is_string()) {
      out = value.as_string();
    } else {
      refuse(fmt::format("The value for the field '{}' must be a STRING", name));
    }
    return true;
  }

  bool take(std::string_view name, const Value& value) {
    if (name == "RequestBody") {
      if (!value.is_null()) parameters_.body = value;
      return true;
    }
    if (value.is_null()) return is_known(name);  // as if it were absent
    if (name == "ApiEndpoint") return take_url(value);
    if (name == "Method") return take_method(value);
    if (name == "Authentication" || name == "InvocationConfig") return take_connection(name, value);
    if (name == "Headers") return take_headers(value);
    if (name == "QueryParameters") return take_query(value);
    if (name == "Transform") return take_transform(value);
    return false;
  }

  static bool is_known(std::string_view name) {
    constexpr std::string_view kKnown[] = {"ApiEndpoint", "Method",          "Authentication",
                                           "Headers",     "QueryParameters", "InvocationConfig",
                                           "Transform"};
    return std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown);
  }

  bool take_url(const Value& value) {
    text("ApiEndpoint", value, parameters_.url);
    if (!problem_.empty()) return true;
    const Result<runtime::Url> url = runtime::Url::parse(parameters_.url);
    if (!url) {
      refuse(fmt::format("The value for the field 'ApiEndpoint' is not valid: {}",
                         url.error().message));
    } else if (url->scheme != "https" && !(allow_plain_ && url->scheme == "http")) {
      refuse(fmt::format("The value for the field 'ApiEndpoint' must be an HTTPS URL: '{}'",
                         parameters_.url));
    }
    return true;
  }

  bool take_method(const Value& value) {
    text("Method", value, parameters_.method);
    if (problem_.empty() && std::find(std::begin(kMethods), std::end(kMethods),
                                      parameters_.method) == std::end(kMethods)) {
      refuse(fmt::format("The value for the field 'Method' must be one of [{}], and is '{}'",
                         fmt::join(kMethods, ", "), parameters_.method));
    }
    return true;
  }

  bool take_connection(std::string_view name, const Value& value) {
    const Value* arn = value.find("ConnectionArn");
    if (arn == nullptr) {
      refuse(fmt::format("The field '{}.ConnectionArn' is required but was missing", name));
      return true;
    }
    return text(fmt::format("{}.ConnectionArn", name), *arn, parameters_.connection_arn);
  }

  bool take_headers(const Value& value) {
    if (!value.is_object()) {
      refuse("The value for the field 'Headers' must be a JSON object");
      return true;
    }
    for (const Member& member : value.members()) {
      const std::string_view header = member.key.as_string();
      if (is_forbidden(header)) {
        refuse(fmt::format("The header '{}' cannot be used in an HTTP Task", header));
      }
      const std::size_t before = parameters_.headers.size();
      add_values(member, parameters_.headers);
      for (std::size_t i = before; i < parameters_.headers.size(); ++i) {
        if (!runtime::is_sendable_field(header, parameters_.headers[i].second)) {
          refuse(fmt::format("The header '{}' is not valid", header));
        }
      }
    }
    return true;
  }

  // A text is a query as it stands; a list has texts or objects.
  bool take_query(const Value& value) {
    if (value.is_string()) {
      for (auto& pair : runtime::read_parameters(value.as_string())) {
        parameters_.query.push_back(std::move(pair));
      }
    } else if (value.is_object()) {
      for (const Member& member : value.members()) add_values(member, parameters_.query);
    } else if (value.is_array()) {
      for (const Value& item : value.items()) {
        if (item.is_array()) refuse("The items of 'QueryParameters' must be texts or objects");
        if (!item.is_array()) take_query(item);
      }
    } else {
      refuse("The value for the field 'QueryParameters' must be a text, a list or an object");
    }
    return true;
  }

  bool take_transform(const Value& value) {
    std::string encoding = "NONE";
    if (const Value* given = value.find("RequestBodyEncoding")) {
      text("Transform.RequestBodyEncoding", *given, encoding);
    }
    if (encoding != "NONE" && encoding != "URL_ENCODED") {
      refuse(
          fmt::format("The value for the field 'Transform.RequestBodyEncoding' must be NONE or "
                      "URL_ENCODED, and is '{}'",
                      encoding));
    }
    parameters_.form = encoding == "URL_ENCODED";
    const Value* options = value.find("RequestEncodingOptions");
    const Value* given = options == nullptr ? nullptr : options->find("ArrayFormat");
    if (given == nullptr) return true;
    std::string name;
    text("Transform.RequestEncodingOptions.ArrayFormat", *given, name);
    if (const auto format = array_format_of(name)) {
      parameters_.array_format = *format;
    } else {
      refuse(
          fmt::format("The value for the field 'ArrayFormat' must be one of [INDICES, REPEAT, "
                      "COMMAS, BRACKETS, NONE], and is '{}'",
                      name));
    }
    return true;
  }

  const Value& value_;
  bool allow_plain_;
  Parameters parameters_;
  std::string problem_;
};

// Later fields take the place of earlier ones of that name, where these stand.
void merge(Fields& fields, const Fields& added, bool ignoring_case) {
  for (const auto& [name, text] : added) {
    const auto same = [&, &wanted = name](const auto& field) {
      return ignoring_case ? equal_ignoring_case(field.first, wanted) : field.first == wanted;
    };
    const auto found = std::find_if(fields.begin(), fields.end(), same);
    if (found == fields.end()) {
      fields.emplace_back(name, text);
      continue;
    }
    *found = {name, text};
    fields.erase(std::remove_if(found + 1, fields.end(), same), fields.end());
  }
}

bool has(const Fields& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(),
                     [name](const auto& field) { return equal_ignoring_case(field.first, name); });
}

std::variant<Value, Failure> merged_body(const Value& body, const Fields& added) {
  if (added.empty()) return body;
  if (body.is_string()) {
    return runtime_failure(
        "The RequestBody is a string and cannot be merged with the body parameters of the "
        "connection");
  }
  if (!body.is_undefined() && !body.is_object()) {
    return runtime_failure(
        "The RequestBody is no JSON object and cannot be merged with the body parameters of the "
        "connection");
  }
  asl::ObjectBuilder merged;
  if (body.is_object()) merged = asl::ObjectBuilder(body);
  for (const auto& [name, text] : added) merged.set(name, Value::string(text));
  return std::move(merged).build();
}

}  // namespace

std::variant<Parameters, Failure> read_parameters(const TaskRequest& request, bool allow_plain) {
  const Value& value = request.parameters.value();
  if (!value.is_object())
    return runtime_failure("The parameters of an HTTP Task must be an object");
  return ParameterReader(value, allow_plain).read();
}

std::string with_query(std::string url, const Fields& fields) {
  url.erase(std::min(url.find('#'), url.size()));
  for (const auto& [name, text] : fields) {
    url += url.find('?') == std::string::npos ? '?' : '&';
    url += runtime::percent_encode(name);
    url += '=';
    url += runtime::percent_encode(text);
  }
  return url;
}

std::string basic_authorization(std::string_view user, std::string_view password) {
  return "Basic " + aws::to_base64(std::string(user) + ":" + std::string(password));
}

std::variant<Call, Failure> make_call(const Parameters& parameters, const Connection* connection,
                                      const std::string& authorization, std::string_view region) {
  Call call;
  call.method = parameters.method;
  call.headers = parameters.headers;
  Fields query = parameters.query;
  Value body = parameters.body;
  if (!authorization.empty()) call.headers.emplace_back("Authorization", authorization);
  if (connection != nullptr) {
    if (connection->authorization == Authorization::kApiKey) {
      merge(call.headers, {{connection->key_name, connection->key_value}}, true);
    }
    merge(call.headers, connection->invocation.headers, true);
    merge(query, connection->invocation.query, false);
    auto merged = merged_body(body, connection->invocation.body);
    if (auto* failure = std::get_if<Failure>(&merged)) return std::move(*failure);
    body = std::get<Value>(std::move(merged));
  }
  call.url = with_query(parameters.url, query);
  if (body.is_string()) {
    call.body = body.as_string();
  } else if (!body.is_undefined()) {
    call.body = parameters.form ? write_form(body, parameters.array_format) : asl::to_json(body);
  }
  if (!body.is_undefined() && !has(call.headers, "Content-Type")) {
    call.headers.emplace_back("Content-Type", parameters.form ? "application/x-www-form-urlencoded"
                                                              : "application/json; charset=UTF-8");
    call.added_content_type = true;
  }
  merge(call.headers,
        {{"User-Agent", fmt::format("Amazon|StepFunctions|HttpInvoke|{}", region)},
         {"Range", fmt::format("bytes=0-{}", kAnswerBytesMax)}},
        true);
  return call;
}

Call token_call(const Connection& connection) {
  Call call;
  call.method = connection.token_method;
  call.headers.emplace_back("Authorization",
                            basic_authorization(connection.client_id, connection.client_secret));
  const HttpParameters& parameters = connection.token_parameters;
  merge(call.headers, parameters.headers, true);
  Fields form = {{"grant_type", "client_credentials"}};
  merge(form, parameters.body, false);
  Fields query = parameters.query;
  if (call.method == "GET") {
    merge(query, form, false);
  } else {
    if (!has(call.headers, "Content-Type")) {
      call.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    }
    for (const auto& [name, text] : form) {
      if (!call.body.empty()) call.body += '&';
      call.body += runtime::percent_encode(name) + "=" + runtime::percent_encode(text);
    }
  }
  call.url = with_query(connection.token_url, query);
  return call;
}

}  // namespace pawl::connectors::http
