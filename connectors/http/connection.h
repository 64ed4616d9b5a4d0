// Connection: what an EventBridge connection adds to the calls of an HTTP Task, and who knows it.
#pragma once

#include "engine/task.h"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pawl::connectors::http {

// Header fields, query parameters, or members of a body, in order.
using Fields = std::vector<std::pair<std::string, std::string>>;

struct HttpParameters {
  Fields headers;
  Fields query;
  Fields body;
};

enum class Authorization { kBasic, kApiKey, kOAuthClientCredentials };

// Text only: it may come from another shard's thread. All of it is secret.
struct Connection {
  std::string arn;
  std::string version;  // changes whenever the connection does
  Authorization authorization = Authorization::kBasic;

  std::string user;  // BASIC
  std::string password;
  std::string key_name;  // API_KEY: a header
  std::string key_value;
  std::string client_id;  // OAUTH_CLIENT_CREDENTIALS
  std::string client_secret;
  std::string token_url;
  std::string token_method;         // GET, POST, PUT
  HttpParameters token_parameters;  // of the call for the token

  HttpParameters invocation;  // added to every call
};

class ConnectionSource {
 public:
  virtual ~ConnectionSource() = default;
  // On a fiber of any shard; suspends. A failure is what the Task fails with:
  // Events.ConnectionResource.ResourceNotFound, .InvalidConnectionState, .InternalError.
  virtual std::variant<Connection, engine::Failure> find_connection(std::string_view arn) = 0;
};

}  // namespace pawl::connectors::http
