// From the parameters of an HTTP Task and its connection to the request that is sent. Pure.
//
// Source: developer guide, "Call HTTPS APIs in Step Functions workflows"; `integrations` section 3
// (HTTP endpoints).
#pragma once

#include "asl/json/value.h"
#include "connectors/http/connection.h"
#include "connectors/http/form.h"
#include "engine/task.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pawl::connectors::http {

// AWS. An answer that is larger fails the Task with States.DataLimitExceeded.
inline constexpr std::size_t kAnswerBytesMax = 262'144;
inline constexpr std::chrono::seconds kTimeoutMax{60};

// The Task's parameters, checked.
struct Parameters {
  std::string url;  // without the query parameters
  std::string method;
  std::string connection_arn;
  Fields headers;
  Fields query;
  asl::Value body;    // undefined: none
  bool form = false;  // URL_ENCODED
  ArrayFormat array_format = ArrayFormat::kIndices;
};

// Refuses with States.Runtime; the cause names the field. `allow_plain`: http:// too.
std::variant<Parameters, engine::Failure> read_parameters(const engine::TaskRequest& request,
                                                          bool allow_plain);

// A request as it goes out, without what every client adds (Host, Content-Length).
struct Call {
  std::string method;
  std::string url;  // with its query, percent-encoded
  Fields headers;
  std::string body;
  // Content-Type stands for the body's sake alone: TestState does not show it.
  bool added_content_type = false;
};

// Merges what the task says with what the connection adds: its values win. `authorization`: of the
// Authorization header; empty: none. `connection` null: what the definition says alone (that is
// what TestState shows without revealSecrets). States.Runtime: a text as RequestBody cannot be
// merged with the connection's body parameters.
std::variant<Call, engine::Failure> make_call(const Parameters& parameters,
                                              const Connection* connection,
                                              const std::string& authorization,
                                              std::string_view region);

// "Basic dXNlcjpwYXNz".
std::string basic_authorization(std::string_view user, std::string_view password);

// The call that asks for an OAuth token: the client's credentials as Basic authorization, the
// connection's parameters, and grant_type=client_credentials unless they have one.
Call token_call(const Connection& connection);

// `url` with `fields` behind its query, percent-encoded; what the url has already stays as it is.
std::string with_query(std::string url, const Fields& fields);

}  // namespace pawl::connectors::http
