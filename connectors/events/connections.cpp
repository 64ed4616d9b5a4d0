// Connections: how HTTP Tasks authorize themselves. Create, update, describe, list, delete, and the
// secret parts of each in Secrets Manager.
//
// A connection is AUTHORIZED from the start: the token of an OAuth connection is asked for when it
// is first used (http/handler.h), not here.
//
// Source: the API model (events.json); EventBridge user guide, "Connections for API targets".
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/embedded/json_rows.h"
#include "connectors/events/service.h"
#include "runtime/store/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace pawl::connectors::events {

using asl::Member;
using asl::ObjectBuilder;
using asl::Value;
using aws::Answer;
using aws::Error;
using engine::Failure;

namespace {

constexpr std::string_view kRows = "Sec";
constexpr std::size_t kNameMax = 64;
constexpr std::size_t kTextMax = 512;  // of every name and value in them
constexpr std::size_t kUrlMax = 2'048;

std::string row_key(std::string_view name) { return std::string(kRows).append(name); }

Error validation(std::string message) {
  return {"ValidationException", std::move(message), 400, {}};
}
Error no_connection(std::string_view name) {
  return {
      "ResourceNotFoundException", fmt::format("Connection '{}' does not exist.", name), 400, {}};
}

std::optional<Error> problem_of_name(std::string_view name) {
  const bool good = !name.empty() && name.size() <= kNameMax &&
                    std::all_of(name.begin(), name.end(), [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
                    });
  if (good) return std::nullopt;
  return validation(
      fmt::format("1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: "
                  "Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
                  name));
}

// --- the parameters of an authorization ---

// What each type needs in AuthParameters.
struct Kind {
  std::string_view type;
  std::string_view member;
  std::string_view identity;  // what is shown
  std::string_view secret;    // what is not
};
constexpr Kind kKinds[] = {
    {"API_KEY", "ApiKeyAuthParameters", "ApiKeyName", "ApiKeyValue"},
    {"BASIC", "BasicAuthParameters", "Username", "Password"},
    {"OAUTH_CLIENT_CREDENTIALS", "OAuthParameters", "ClientID", "ClientSecret"},
};

const Kind* kind_of(std::string_view type) {
  const auto* const found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                         [type](const Kind& one) { return one.type == type; });
  return found == std::end(kKinds) ? nullptr : found;
}

constexpr std::string_view kLists[] = {"BodyParameters", "HeaderParameters",
                                       "QueryStringParameters"};

class Checker {
 public:
  // `parameters` whole, as a connection of this kind keeps them.
  std::optional<Error> check(const Kind& kind, const Value& parameters) {
    const Value* own = parameters.find(kind.member);
    if (own == nullptr || !own->is_object()) {
      return validation(fmt::format("The authorization type {} requires AuthParameters.{}.",
                                    kind.type, kind.member));
    }
    const std::string place = fmt::format("AuthParameters.{}", kind.member);
    if (kind.member == "OAuthParameters") {
      const Value* client = own->find("ClientParameters");
      text(place + ".ClientParameters", client, kind.identity, kTextMax);
      text(place + ".ClientParameters", client, kind.secret, kTextMax);
      text(place, own, "AuthorizationEndpoint", kUrlMax);
      const std::string_view method = text_of(*own, "HttpMethod");
      if (method != "GET" && method != "POST" && method != "PUT") {
        refuse(fmt::format("{}.HttpMethod must be one of [GET, POST, PUT].", place));
      }
      lists(place + ".OAuthHttpParameters", own->find("OAuthHttpParameters"));
    } else {
      text(place, own, kind.identity, kTextMax);
      text(place, own, kind.secret, kTextMax);
    }
    lists("AuthParameters.InvocationHttpParameters", parameters.find("InvocationHttpParameters"));
    return std::move(problem_);
  }

 private:
  void refuse(std::string message) {
    if (!problem_) problem_ = validation(std::move(message));
  }

  void text(std::string_view place, const Value* object, std::string_view name, std::size_t max) {
    const Value* value = object == nullptr ? nullptr : object->find(name);
    if (value == nullptr || !value->is_string() || value->as_string().empty() ||
        value->as_string().size() > max) {
      refuse(fmt::format("{}.{} must be a text of 1 to {} characters.", place, name, max));
    }
  }

  void lists(const std::string& place, const Value* parameters) {
    if (parameters == nullptr) return;
    for (const std::string_view list : kLists) {
      const Value* items = parameters->find(list);
      if (items == nullptr) continue;
      if (!items->is_array() || items->size() > kConnectionParametersMax) {
        refuse(fmt::format("{}.{} must be a list of at most {}.", place, list,
                           kConnectionParametersMax));
        continue;
      }
      for (const Value& item : items->items()) {
        const Value* value = item.find("Value");
        if (text_of(item, "Key").empty() || text_of(item, "Key").size() > kTextMax ||
            (value != nullptr && (!value->is_string() || value->as_string().size() > kTextMax))) {
          refuse(fmt::format("{}.{} must have keys and values of at most {} characters.", place,
                             list, kTextMax));
        }
      }
    }
  }

  std::optional<Error> problem_;
};

// Members of `added` replace those of `base`, structure by structure: an update need not name all.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the document, which is bounded
Value overlaid(const Value& base, const Value& added) {
  if (!base.is_object() || !added.is_object()) return added;
  ObjectBuilder out(base);
  for (const Member& member : added.members()) {
    const Value* before = base.find(member.key.as_string());
    out.set(member.key, before == nullptr ? member.value : overlaid(*before, member.value));
  }
  return std::move(out).build();
}

// Without what belongs to another kind of authorization.
Value only_own(const Kind& kind, const Value& parameters) {
  ObjectBuilder out;
  for (const std::string_view name : {kind.member, std::string_view("InvocationHttpParameters")}) {
    if (const Value* value = parameters.find(name)) out.set(name, *value);
  }
  return std::move(out).build();
}

// What DescribeConnection may show: neither passwords nor values that are marked as secret.
// NOLINTNEXTLINE(misc-no-recursion)
Value shown_parameters(const Value& value) {
  if (value.is_array()) {
    std::vector<Value> items;
    for (const Value& item : value.items()) items.push_back(shown_parameters(item));
    return Value::array(std::move(items));
  }
  if (!value.is_object()) return value;
  const Value* marked = value.find("IsValueSecret");
  const bool secret = marked != nullptr && marked->is_bool() && marked->as_bool();
  ObjectBuilder out;
  for (const Member& member : value.members()) {
    const std::string_view name = member.key.as_string();
    const bool hidden = std::any_of(std::begin(kKinds), std::end(kKinds),
                                    [name](const Kind& kind) { return kind.secret == name; });
    if (!hidden && !(secret && name == "Value")) out.set(name, shown_parameters(member.value));
  }
  return std::move(out).build();
}

http::Fields fields_of(const Value* parameters, std::string_view list) {
  http::Fields fields;
  const Value* items = parameters == nullptr ? nullptr : parameters->find(list);
  if (items == nullptr || !items->is_array()) return fields;
  for (const Value& item : items->items()) {
    fields.emplace_back(text_of(item, "Key"), text_of(item, "Value"));
  }
  return fields;
}

http::HttpParameters http_parameters(const Value* parameters) {
  return {fields_of(parameters, "HeaderParameters"), fields_of(parameters, "QueryStringParameters"),
          fields_of(parameters, "BodyParameters")};
}

http::Connection read_connection(const Kind& kind, const Value& parameters) {
  http::Connection out;
  const Value none = Value::object({});
  const auto member = [&none](const Value& object, std::string_view name) -> const Value& {
    const Value* found = object.find(name);
    return found == nullptr ? none : *found;
  };
  const Value& own = member(parameters, kind.member);
  if (kind.type == "BASIC") {
    out.authorization = http::Authorization::kBasic;
    out.user = text_of(own, "Username");
    out.password = text_of(own, "Password");
  } else if (kind.type == "API_KEY") {
    out.authorization = http::Authorization::kApiKey;
    out.key_name = text_of(own, "ApiKeyName");
    out.key_value = text_of(own, "ApiKeyValue");
  } else {
    out.authorization = http::Authorization::kOAuthClientCredentials;
    const Value& client = member(own, "ClientParameters");
    out.client_id = text_of(client, "ClientID");
    out.client_secret = text_of(client, "ClientSecret");
    out.token_url = text_of(own, "AuthorizationEndpoint");
    out.token_method = text_of(own, "HttpMethod");
    out.token_parameters = http_parameters(own.find("OAuthHttpParameters"));
  }
  out.invocation = http_parameters(parameters.find("InvocationHttpParameters"));
  return out;
}

// --- rows ---

std::string secret_name(const Value& row) {
  const std::string_view arn = text_of(row, "ConnectionArn");
  return "events!connection" + std::string(arn.substr(arn.find('/')));
}

// Of the answer to everything that changes a connection.
Value brief(const Value& row) {
  ObjectBuilder out;
  for (const std::string_view name : {"ConnectionArn", "ConnectionState", "CreationTime",
                                      "LastAuthorizedTime", "LastModifiedTime"}) {
    if (const Value* value = row.find(name)) out.set(name, *value);
  }
  return std::move(out).build();
}

Value with_state(const Value& row, std::string_view state) {
  return std::move(ObjectBuilder(row).set("ConnectionState", Value::string(state))).build();
}

constexpr std::size_t kSecretsBytesMax = secretsmanager::kSecretBytesMax;

}  // namespace

double EventBridge::now() const {
  return static_cast<double>(ledger_.now().time_since_epoch().count()) / 1000;
}

Answer EventBridge::create_connection(const aws::Call& call) {
  const std::string name(text_of(call.input, "Name"));
  if (auto problem = problem_of_name(name)) return *std::move(problem);
  const std::string_view type = text_of(call.input, "AuthorizationType");
  const Kind* kind = kind_of(type);
  if (kind == nullptr) {
    return validation(fmt::format(
        "1 validation error detected: Value '{}' at 'authorizationType' failed to satisfy "
        "constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, "
        "API_KEY]",
        type));
  }
  const Value* given = call.input.find("AuthParameters");
  const Value parameters = only_own(*kind, given == nullptr ? Value::object({}) : *given);
  if (auto problem = Checker().check(*kind, parameters)) return *std::move(problem);
  const std::string secrets = asl::to_json(parameters);
  if (secrets.size() > kSecretsBytesMax) return validation("AuthParameters are too large.");

  Answer answer = Value::object({});
  Status applied = ledger_.apply(
      [&](Change& change) {
        if (change.get(row_key(name))) {
          answer = Error{"ResourceAlreadyExistsException",
                         fmt::format("Connection {} already exists.", name),
                         400,
                         {}};
          return;
        }
        std::size_t there = 0;
        change.scan(kRows, runtime::prefix_end(kRows),
                    [&](std::string_view, std::string_view) { return ++there < kConnectionsMax; });
        if (there >= kConnectionsMax) {
          answer = Error{"LimitExceededException",
                         "The requested resource exceeds the maximum number allowed.",
                         400,
                         {}};
          return;
        }
        const engine::EngineOptions& options = ledger_.engine().options();
        ObjectBuilder row;
        row.set("Name", Value::string(name));
        row.set("ConnectionArn", Value::string(fmt::format(
                                     "arn:{}:events:{}:{}:connection/{}/{}", options.partition,
                                     options.region, options.account, name, ledger_.new_id())));
        row.set("ConnectionState", Value::string("AUTHORIZED"));
        row.set("AuthorizationType", Value::string(type));
        row.set("AuthParameters", shown_parameters(parameters));
        for (const std::string_view member : {"Description", "KmsKeyIdentifier"}) {
          if (const Value* value = call.input.find(member)) row.set(member, *value);
        }
        for (const std::string_view time :
             {"CreationTime", "LastAuthorizedTime", "LastModifiedTime"}) {
          row.set(time, Value::number(now()));
        }
        Value whole = std::move(row).build();
        whole = std::move(ObjectBuilder(whole).set(
                              "SecretArn",
                              Value::string(secrets_.keep(change, secret_name(whole), secrets))))
                    .build();
        put_json(change, row_key(name), whole);
        answer = brief(whole);
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
}

Answer EventBridge::update_connection(const aws::Call& call) {
  const std::string name(text_of(call.input, "Name"));
  if (auto problem = problem_of_name(name)) return *std::move(problem);
  Answer answer = Value::object({});
  Status applied = ledger_.apply(
      [&](Change& change) {
        const std::optional<Value> before = get_json(change, row_key(name));
        if (!before) {
          answer = no_connection(name);
          return;
        }
        std::string_view type = text_of(call.input, "AuthorizationType");
        if (type.empty()) type = text_of(*before, "AuthorizationType");
        const Kind* kind = kind_of(type);
        if (kind == nullptr) {
          answer = validation("AuthorizationType is not valid.");
          return;
        }
        Value parameters = Value::object({});
        const auto kept = secretsmanager::SecretsManager::reveal(change, secret_name(*before));
        if (kept) parameters = asl::read_json(*kept).value_or(parameters);
        if (const Value* given = call.input.find("AuthParameters")) {
          parameters = overlaid(parameters, *given);
        }
        parameters = only_own(*kind, parameters);
        if (auto problem = Checker().check(*kind, parameters)) {
          answer = *std::move(problem);
          return;
        }
        const std::string secrets = asl::to_json(parameters);
        if (secrets.size() > kSecretsBytesMax) {
          answer = validation("AuthParameters are too large.");
          return;
        }
        ObjectBuilder row(*before);
        row.set("ConnectionState", Value::string("AUTHORIZED"));
        row.set("AuthorizationType", Value::string(type));
        row.set("AuthParameters", shown_parameters(parameters));
        for (const std::string_view member : {"Description", "KmsKeyIdentifier"}) {
          if (const Value* value = call.input.find(member)) row.set(member, *value);
        }
        row.set("LastAuthorizedTime", Value::number(now()));
        row.set("LastModifiedTime", Value::number(now()));
        row.set("SecretArn", Value::string(secrets_.keep(change, secret_name(*before), secrets)));
        const Value whole = std::move(row).build();
        put_json(change, row_key(name), whole);
        answer = brief(whole);
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
}

Answer EventBridge::end_connection(const aws::Call& call) {
  const std::string name(text_of(call.input, "Name"));
  const bool remove = call.operation == "DeleteConnection";
  Answer answer = Value::object({});
  Status applied = ledger_.apply(
      [&](Change& change) {
        const std::optional<Value> row = get_json(change, row_key(name));
        if (!row) {
          answer = no_connection(name);
          return;
        }
        secretsmanager::SecretsManager::forget(change, secret_name(*row));
        if (remove) {
          change.erase(row_key(name));
          answer = brief(with_state(*row, "DELETING"));
          return;
        }
        ObjectBuilder changed(with_state(*row, "DEAUTHORIZED"));
        changed.set("LastModifiedTime", Value::number(now()));
        const Value whole = std::move(changed).build();
        put_json(change, row_key(name), whole);
        answer = brief(with_state(whole, "DEAUTHORIZING"));
      },
      call.joined);
  if (!applied) return aws::store_error(applied.error());
  return answer;
}

Answer EventBridge::describe_connection(const aws::Call& call) {
  const std::string name(text_of(call.input, "Name"));
  std::optional<Value> row;
  Status read = ledger_.read([&](Change& change) { row = get_json(change, row_key(name)); });
  if (!read) return aws::store_error(read.error());
  if (!row) return no_connection(name);
  return *std::move(row);
}

Answer EventBridge::list_connections(const aws::Call& call) {
  constexpr std::int64_t kPage = 100;
  const Value* limit = call.input.find("Limit");
  const auto max = static_cast<std::size_t>(
      limit != nullptr && limit->is_int() ? std::clamp(limit->as_int(), std::int64_t{1}, kPage)
                                          : kPage);
  const std::string_view state = text_of(call.input, "ConnectionState");
  const std::string range = row_key(text_of(call.input, "NamePrefix"));
  const std::string_view token = text_of(call.input, "NextToken");
  const std::string from = std::max(range, token.empty() ? range : row_key(token) + '\0');
  std::vector<Value> connections;
  std::string next;
  Status read = ledger_.read([&](Change& change) {
    change.scan(from, runtime::prefix_end(range), [&](std::string_view key, std::string_view row) {
      const std::optional<Value> connection = read_json_row(change, key, row);
      if (!connection) return false;
      if (!state.empty() && text_of(*connection, "ConnectionState") != state) return true;
      if (connections.size() == max) {
        next = text_of(connections.back(), "Name");
        return false;
      }
      ObjectBuilder shown(*connection);
      for (const std::string_view hidden :
           {"AuthParameters", "SecretArn", "Description", "KmsKeyIdentifier"}) {
        shown.erase(hidden);
      }
      connections.push_back(std::move(shown).build());
      return true;
    });
  });
  if (!read) return aws::store_error(read.error());
  ObjectBuilder out;
  out.set("Connections", Value::array(std::move(connections)));
  if (!next.empty()) out.set("NextToken", Value::string(next));
  return std::move(out).build();
}

std::variant<http::Connection, Failure> EventBridge::find_connection(std::string_view arn) {
  using Found = std::variant<http::Connection, Failure>;
  const auto refused = [](std::string_view name, std::string cause) {
    return Failure{fmt::format("Events.ConnectionResource.{}", name), std::move(cause)};
  };
  // arn:aws:events:REGION:ACCOUNT:connection/NAME/ID
  constexpr std::string_view kType = ":connection/";
  const std::size_t at = arn.find(kType);
  const std::string_view path =
      at == std::string_view::npos ? std::string_view() : arn.substr(at + kType.size());
  const std::string name(path.substr(0, path.find('/')));
  return runtime::call_on(ledger_.shard(), [&, arn = std::string(arn)]() -> Found {
    std::optional<Value> row;
    std::optional<std::string> secrets;
    Status read = ledger_.read([&](Change& change) {
      row = get_json(change, row_key(name));
      if (row) secrets = secretsmanager::SecretsManager::reveal(change, secret_name(*row));
    });
    if (!read) return refused("InternalError", read.error().message);
    if (!row || text_of(*row, "ConnectionArn") != arn) {
      return refused("ResourceNotFound", fmt::format("The connection {} does not exist.", arn));
    }
    const std::string_view state = text_of(*row, "ConnectionState");
    const Kind* kind = kind_of(text_of(*row, "AuthorizationType"));
    if (state != "AUTHORIZED" || !secrets || kind == nullptr) {
      return refused("InvalidConnectionState",
                     fmt::format("The connection {} is not AUTHORIZED ({}).", arn,
                                 secrets ? state : std::string_view("its secret is gone")));
    }
    const Result<Value> parameters = asl::read_json(*secrets);
    if (!parameters) return refused("InternalError", "The connection's secret is not JSON.");
    if (auto problem = Checker().check(*kind, *parameters)) {
      return refused("InvalidConnectionState", problem->message);
    }
    http::Connection connection = read_connection(*kind, *parameters);
    connection.arn = arn;
    connection.version = asl::to_json(*row->find("LastModifiedTime")) + *secrets;
    return connection;
  });
}

}  // namespace pawl::connectors::events
