#include "asl/parse/parse.h"
#include "connectors/http/answer.h"
#include "connectors/http/call.h"
#include "connectors/http/handler.h"
#include "engine/state_test.h"
#include "runtime/http/server.h"
#include "runtime/http/uri.h"
#include "tests/connectors/embedded_world.h"

#include <algorithm>
#include <vector>

namespace pawl::connectors::test {

using namespace std::chrono_literals;

namespace {

using http::ArrayFormat;

asl::Resource http_resource() {
  return {"arn:aws:states:::http:invoke",
          asl::ResourceKind::kIntegration,
          asl::IntegrationPattern::kRequestResponse,
          "http",
          "invoke",
          "invoke"};
}

std::string form(const std::string& json, ArrayFormat format) {
  return http::write_form(*asl::read_json(json), format);
}

constexpr const char* kArn = "arn:aws:events:us-east-1:123456789012:connection/c/1";

std::variant<http::Parameters, engine::Failure> read(const std::string& parameters) {
  const asl::Resource resource = http_resource();
  return http::read_parameters(request_for(resource, parameters), false);
}

std::string cause_of(const std::string& parameters) {
  auto parsed = read(parameters);
  const auto* failure = std::get_if<engine::Failure>(&parsed);
  if (failure == nullptr) return "accepted";
  CHECK(failure->error == "States.Runtime");
  return failure->cause.value_or("");
}

// `more`: further members.
std::string parameters_with(const std::string& more) {
  return std::string(R"({"ApiEndpoint":"https://example.com/path","Method":"POST",)") +
         R"("InvocationConfig":{"ConnectionArn":")" + kArn + "\"}" + more + "}";
}

std::string text_of_call(const http::Call& call) {
  std::string out = call.method + " " + call.url + "\n";
  for (const auto& [name, text] : call.headers) out.append(name).append(": ").append(text) += '\n';
  return out + "\n" + call.body;
}

http::Call call_of(const std::string& parameters, const http::Connection* connection,
                   const std::string& authorization = "") {
  auto parsed = read(parameters);
  REQUIRE(std::holds_alternative<http::Parameters>(parsed));
  auto made =
      http::make_call(std::get<http::Parameters>(parsed), connection, authorization, "us-east-1");
  REQUIRE(std::holds_alternative<http::Call>(made));
  return std::get<http::Call>(made);
}

runtime::HttpResponse response(int status, const std::string& type, std::string body) {
  runtime::HttpResponse out;
  out.status = status;
  out.headers.add("Content-Type", type);
  out.body = std::move(body);
  return out;
}

engine::Failure failure_of(const runtime::HttpResponse& answer) {
  const engine::Outcome outcome = http::to_outcome(answer);
  REQUIRE(std::holds_alternative<engine::TaskFailed>(outcome));
  return std::get<engine::TaskFailed>(outcome).failure;
}

}  // namespace

TEST_CASE("a body becomes a form in each of the array formats", "[connectors][http]") {
  const std::string array = R"({"array":["a","b","c","d"]})";
  CHECK(form(array, ArrayFormat::kIndices) ==
        "array%5B0%5D=a&array%5B1%5D=b&array%5B2%5D=c&array%5B3%5D=d");
  CHECK(form(array, ArrayFormat::kRepeat) == "array=a&array=b&array=c&array=d");
  CHECK(form(array, ArrayFormat::kCommas) == "array=a,b,c,d");
  CHECK(form(array, ArrayFormat::kBrackets) ==
        "array%5B%5D=a&array%5B%5D=b&array%5B%5D=c&array%5B%5D=d");
  CHECK(form(array, ArrayFormat::kNone) == "array=%5B%22a%22%2C%22b%22%2C%22c%22%2C%22d%22%5D");
  // The guide's example.
  CHECK(form(R"({"description":"Monthly subscription","metadata":{"order_details":)"
             R"("monthly report data"},"customer":"1234567890"})",
             ArrayFormat::kIndices) ==
        "description=Monthly%20subscription&metadata%5Border_details%5D=monthly%20report%20data&"
        "customer=1234567890");
  CHECK(form(R"({"items":[{"price":"p","n":2}],"on":true,"none":null,"x":1.5})",
             ArrayFormat::kIndices) ==
        "items%5B0%5D%5Bprice%5D=p&items%5B0%5D%5Bn%5D=2&on=true&none=&x=1.5");
  CHECK(form(R"({"a":[{"b":1}]})", ArrayFormat::kCommas) == "a=%7B%22b%22%3A1%7D");
  CHECK(form("{}", ArrayFormat::kIndices).empty());
}

TEST_CASE("a connection's values win over the definition's", "[connectors][http]") {
  http::Connection connection;
  connection.authorization = http::Authorization::kApiKey;
  connection.key_name = "ApiKey";
  connection.key_value = "key_value";
  connection.invocation = {{{"Header-Param", "connection_header_param"}},
                           {{"QueryParam", "connection_query_param"}},
                           {{"BodyParam", "connection_body_param"}}};
  const std::string parameters = parameters_with(
      R"(,"Headers":{"Request-Id":"my_request_id","header-param":"state_machine_header_param"},)"
      R"("RequestBody":{"Job":"Software Engineer","Company":"AnyCompany","BodyParam":)"
      R"("state_machine_body_param"},"QueryParameters":{"QueryParam":"state_machine_query_param"})");
  CHECK(
      text_of_call(call_of(parameters, &connection)) ==
      "POST https://example.com/path?QueryParam=connection_query_param\n"
      "Request-Id: my_request_id\n"
      "Header-Param: connection_header_param\n"
      "ApiKey: key_value\n"
      "Content-Type: application/json; charset=UTF-8\n"
      "User-Agent: Amazon|StepFunctions|HttpInvoke|us-east-1\n"
      "Range: bytes=0-262144\n"
      "\n"
      R"({"Job":"Software Engineer","Company":"AnyCompany","BodyParam":"connection_body_param"})");
  // A text cannot be merged.
  auto parsed = read(parameters_with(R"(,"RequestBody":"text")"));
  auto refused = http::make_call(std::get<http::Parameters>(parsed), &connection, "", "us-east-1");
  CHECK(std::get<engine::Failure>(refused).error == "States.Runtime");
  // Without one it goes as it is.
  CHECK(
      call_of(parameters_with(R"(,"RequestBody":"text","Headers":{"content-type":"a/b"})"), nullptr)
          .body == "text");
}

TEST_CASE("query parameters are text, lists or objects, and what the URL has stays",
          "[connectors][http]") {
  const auto url = [](const std::string& query) {
    return call_of(R"({"ApiEndpoint":"https://h/p?x=%20","Method":"GET","Authentication":)"
                   R"({"ConnectionArn":"a"},"QueryParameters":)" +
                       query + "}",
                   nullptr)
        .url;
  };
  CHECK(url(R"({"a":"b c","n":1,"l":["x","y"]})") == "https://h/p?x=%20&a=b%20c&n=1&l=x&l=y");
  CHECK(url(R"("a=b%20c&d")") == "https://h/p?x=%20&a=b%20c&d=");
  CHECK(url(R"([{"a":1},"b=2"])") == "https://h/p?x=%20&a=1&b=2");
  CHECK(http::with_query("https://h/p#f", {{"a", "b"}}) == "https://h/p?a=b");
}

TEST_CASE("parameters that cannot be sent are refused by the name of the field",
          "[connectors][http]") {
  CHECK(cause_of("[]") == "The parameters of an HTTP Task must be an object");
  CHECK(cause_of("{}") == "The field 'ApiEndpoint' is required but was missing");
  CHECK(cause_of(R"({"ApiEndpoint":"https://h/"})") ==
        "The field 'Method' is required but was missing");
  CHECK(cause_of(R"({"ApiEndpoint":"https://h/","Method":"GET"})") ==
        "The field 'InvocationConfig.ConnectionArn' is required but was missing");
  CHECK(cause_of(R"({"ApiEndpoint":"http://h/"})") ==
        "The value for the field 'ApiEndpoint' must be an HTTPS URL: 'http://h/'");
  CHECK(cause_of(R"({"ApiEndpoint":"https://u:p@h/"})").find("user information") !=
        std::string::npos);
  CHECK(cause_of(R"({"ApiEndpoint":1})") ==
        "The value for the field 'ApiEndpoint' must be a STRING");
  CHECK(cause_of(R"({"Method":"TRACE"})").starts_with("The value for the field 'Method' must be"));
  CHECK(cause_of(parameters_with(R"(,"Extra":1)")) ==
        "The field 'Extra' is not supported by the HTTP Task");
  for (const char* header : {"Host", "authorization", "X-Amz-Date", "x-forwarded-for", "TE",
                             "Content-Length", "x-amzn-trace-id"}) {
    CHECK(cause_of(parameters_with(std::string(R"(,"Headers":{")") + header + "\":\"v\"}")) ==
          "The header '" + std::string(header) + "' cannot be used in an HTTP Task");
  }
  CHECK(cause_of(parameters_with(R"(,"Headers":{"a":"b\r\nc: d"})")) ==
        "The header 'a' is not valid");
  CHECK(cause_of(parameters_with(R"(,"Headers":{"":"b"})")) == "The header '' is not valid");
  CHECK(cause_of(parameters_with(R"(,"Headers":[])")) ==
        "The value for the field 'Headers' must be a JSON object");
  CHECK(cause_of(parameters_with(R"(,"QueryParameters":1)")) ==
        "The value for the field 'QueryParameters' must be a text, a list or an object");
  CHECK(cause_of(parameters_with(R"(,"Transform":{"RequestBodyEncoding":"X"})"))
            .ends_with("must be NONE or URL_ENCODED, and is 'X'"));
  CHECK(cause_of(parameters_with(R"(,"Transform":{"RequestEncodingOptions":{"ArrayFormat":"X"}})"))
            .ends_with("and is 'X'"));
  CHECK(cause_of(parameters_with(
            R"(,"RequestBody":[1],"Transform":{"RequestBodyEncoding":"URL_ENCODED"})")) ==
        "The field 'RequestBody' must be a JSON object to be URL_ENCODED");
  CHECK(cause_of(parameters_with(R"(,"Headers":null,"RequestBody":null)")) == "accepted");
}

TEST_CASE("an answer is parsed where it says that it is JSON", "[connectors][http]") {
  const auto output = [](const runtime::HttpResponse& answer) {
    const engine::Outcome outcome = http::to_outcome(answer);
    REQUIRE(std::holds_alternative<engine::TaskSucceeded>(outcome));
    return std::get<engine::TaskSucceeded>(outcome).output.text();
  };
  runtime::HttpResponse two = response(201, "application/problem+json; charset=utf-8", "[1]");
  two.headers.add("set-cookie", "a");
  two.headers.add("Set-Cookie", "b");
  CHECK(output(two) ==
        R"({"Headers":{"Content-Type":["application/problem+json; charset=utf-8"],)"
        R"("set-cookie":["a","b"]},"ResponseBody":[1],"StatusCode":201,"StatusText":"Created"})");
  CHECK(output(response(200, "text/plain", "[1]")).find(R"("ResponseBody":"[1]")") !=
        std::string::npos);
  CHECK(output(response(200, "application/json", "{")).find(R"("ResponseBody":"{")") !=
        std::string::npos);

  const engine::Failure missing = failure_of(response(404, "text/plain", "nothing here"));
  CHECK(missing.error == "States.Http.StatusCode.404");
  CHECK(missing.cause == "nothing here");
  CHECK(failure_of(response(302, "text/plain", "")).error == "States.Http.StatusCode.302");
  for (const char* type : {"image/png", "Video/x", "audio/mp3", "application/octet-stream"}) {
    CHECK(failure_of(response(200, type, "x")).error == "States.Runtime");
  }
  CHECK(failure_of(response(200, "text/plain", "\xff\xfe")).error == "States.Runtime");
  CHECK(http::to_failure({ErrorCode::kTimeout, "t", ""}).error == "States.Http.Socket");
  CHECK(http::to_failure({ErrorCode::kLimit, "t", ""}).error == "States.DataLimitExceeded");
  CHECK(http::to_failure({ErrorCode::kUnavailable, "t", ""}).error == "States.TaskFailed");
}

TEST_CASE("a token is read of what an authorization endpoint answers", "[connectors][http]") {
  const auto token = http::read_token(response(
      200, "application/json", R"({"access_token":"T","token_type":"bearer","expires_in":3600})"));
  REQUIRE(token.has_value());
  CHECK(token->access_token == "T");
  CHECK(token->type == "Bearer");
  CHECK(token->lifetime_s == 3600);
  for (const char* bad :
       {"", "[]", "{}", R"({"access_token":1})", R"({"access_token":"a\r\nb"})"}) {
    CHECK_FALSE(http::read_token(response(200, "application/json", bad)));
  }
  CHECK_FALSE(http::read_token(response(400, "application/json", R"({"access_token":"T"})")));

  http::Connection connection;
  connection.client_id = "id";
  connection.client_secret = "secret";
  connection.token_url = "https://auth/token";
  connection.token_method = "POST";
  connection.token_parameters = {{{"X", "y"}}, {{"q", "1"}}, {{"scope", "a b"}}};
  CHECK(text_of_call(http::token_call(connection)) ==
        "POST https://auth/token?q=1\nAuthorization: Basic aWQ6c2VjcmV0\nX: y\n"
        "Content-Type: application/x-www-form-urlencoded\n\n"
        "grant_type=client_credentials&scope=a%20b");
  connection.token_method = "GET";
  CHECK(http::token_call(connection).url ==
        "https://auth/token?q=1&grant_type=client_credentials&scope=a%20b");
}

// --- against a server ---

namespace {

std::string events(EmbeddedWorld& world, const std::string& operation, const std::string& input) {
  return world.ask(world.services().events(), operation, input);
}

std::string create(EmbeddedWorld& world, const std::string& type, const std::string& parameters) {
  const std::string answer = events(
      world, "CreateConnection",
      R"({"Name":"c","AuthorizationType":")" + type + R"(","AuthParameters":)" + parameters + "}");
  const auto made = asl::read_json(answer);
  INFO(answer);
  REQUIRE(made.has_value());
  REQUIRE(made->find("ConnectionArn") != nullptr);
  return std::string(made->find("ConnectionArn")->as_string());
}

// A server on this shard and HTTP Tasks that may call it.
class HttpWorld {
 public:
  using Answer = std::function<runtime::HttpResponse(const runtime::HttpRequest&)>;

  HttpWorld(EmbeddedWorld& world, Answer answer, bool allow_private = true)
      : world_(world),
        server_(*runtime::Shard::current(), {},
                [this, answer = std::move(answer)](const runtime::HttpRequest& request) {
                  requests.push_back(request);
                  return answer(request);
                }),
        outside_(*http::Outside::make({.allow_private = allow_private, .authorities = {}})),
        handler_(std::make_shared<http::HttpHandler>(*outside_, world.services().events(),
                                                     world.clock)) {
    REQUIRE(server_.start());
    world.registry().add("http", handler_);
  }
  ~HttpWorld() { static_cast<void>(server_.drain(world_.clock.after(1s))); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }

  engine::ExecutionDescription invoke(const std::string& arn, const std::string& more = "",
                                      const std::string& method = "POST") {
    return world_.task("http:invoke", R"({"ApiEndpoint":")" + url() + R"(/p","Method":")" + method +
                                          R"(","Authentication":{"ConnectionArn":")" + arn + "\"}" +
                                          more + "}");
  }

  std::vector<runtime::HttpRequest> requests;

 private:
  EmbeddedWorld& world_;
  runtime::HttpServer server_;
  std::unique_ptr<http::Outside> outside_;
  std::shared_ptr<http::HttpHandler> handler_;
};

constexpr const char* kBasic = R"({"BasicAuthParameters":{"Username":"u","Password":"p"},)"
                               R"("InvocationHttpParameters":{"HeaderParameters":[{"Key":"X-C",)"
                               R"("Value":"secret","IsValueSecret":true}]}})";

}  // namespace

TEST_CASE("an HTTP Task calls with the connection's authorization", "[connectors][http]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    HttpWorld server(world, [](const runtime::HttpRequest& request) {
      return response(request.headers.get("Authorization") == "Basic dTpw" ? 200 : 403,
                      "application/json", R"({"seen":")" + std::string(request.method) + "\"}");
    });
    const std::string arn = create(world, "BASIC", kBasic);
    const auto done = server.invoke(arn, R"(,"RequestBody":{"a":1})");
    INFO(done.record.failure.cause.value_or(""));
    REQUIRE(done.output.has_value());
    CHECK(done.output->find(R"("ResponseBody":{"seen":"POST"})") != std::string::npos);
    REQUIRE(server.requests.size() == 1);
    CHECK(server.requests[0].headers.get("X-C") == "secret");
    CHECK(server.requests[0].headers.get("User-Agent") ==
          "Amazon|StepFunctions|HttpInvoke|us-east-1");
    CHECK(server.requests[0].body == R"({"a":1})");

    // Changed: the next call has it.
    events(world, "UpdateConnection",
           R"({"Name":"c","AuthParameters":{"BasicAuthParameters":{"Password":"q"}}})");
    CHECK(server.invoke(arn).record.failure.error == "States.Http.StatusCode.403");
    CHECK(server.requests[1].headers.get("Authorization") == "Basic dTpx");

    events(world, "DeauthorizeConnection", R"({"Name":"c"})");
    CHECK(server.invoke(arn).record.failure.error ==
          "Events.ConnectionResource.InvalidConnectionState");
    events(world, "DeleteConnection", R"({"Name":"c"})");
    CHECK(server.invoke(arn).record.failure.error == "Events.ConnectionResource.ResourceNotFound");
    CHECK(server.requests.size() == 2);
  });
}

TEST_CASE("an OAuth token is kept until it ends or is refused", "[connectors][http]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    int tokens = 0;
    int good = 1;  // the token that is accepted
    HttpWorld server(world, [&](const runtime::HttpRequest& request) {
      if (request.path() == "/token") {
        return response(200, "application/json",
                        R"({"access_token":"T)" + std::to_string(++tokens) +
                            R"(","token_type":"Bearer","expires_in":600})");
      }
      const bool accepted =
          request.headers.get("Authorization") == "Bearer T" + std::to_string(good);
      return response(accepted ? 200 : 401, "text/plain", "");
    });
    const std::string arn =
        create(world, "OAUTH_CLIENT_CREDENTIALS",
               R"({"OAuthParameters":{"ClientParameters":{"ClientID":"i","ClientSecret":"s"},)"
               R"("AuthorizationEndpoint":")" +
                   server.url() + R"(/token","HttpMethod":"POST"}})");
    CHECK(server.invoke(arn).output.has_value());
    CHECK(server.invoke(arn).output.has_value());
    CHECK(tokens == 1);
    good = 2;  // the first is withdrawn
    CHECK(server.invoke(arn).output.has_value());
    CHECK(tokens == 2);
    world.clock.advance(std::chrono::minutes(10));
    good = 3;
    CHECK(server.invoke(arn).output.has_value());
    CHECK(tokens == 3);
    // A new one that is refused too is the Task's failure, not a loop.
    good = 0;
    CHECK(server.invoke(arn).record.failure.error == "States.Http.StatusCode.401");
    CHECK(tokens == 4);
  });
}

TEST_CASE("private addresses are refused unless they are allowed", "[connectors][http]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    HttpWorld server(
        world, [](const runtime::HttpRequest&) { return response(200, "text/plain", "inside"); },
        false);
    const std::string arn = create(world, "BASIC", kBasic);
    const auto task = [&](const std::string& endpoint) {
      return world.task("http:invoke", R"({"ApiEndpoint":")" + endpoint +
                                           R"(","Method":"GET","Authentication":)"
                                           R"({"ConnectionArn":")" +
                                           arn + "\"}}");
    };
    CHECK(task(server.url()).record.failure.error == "States.Runtime");  // no HTTPS
    const std::string port = server.url().substr(server.url().rfind(':'));
    for (const std::string host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"}) {
      const auto refused = task("https://" + host + port + "/");
      INFO(host << " " << refused.record.failure.cause.value_or(""));
      CHECK(refused.record.failure.error == "States.TaskFailed");
      CHECK(refused.record.failure.cause->find("--allow-private-endpoints") != std::string::npos);
    }
    CHECK(server.requests.empty());
  });
}

TEST_CASE("an answer over the limit fails the Task", "[connectors][http]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    HttpWorld server(world, [](const runtime::HttpRequest& request) {
      const std::size_t bytes = request.body == R"("one more")" || request.body == "one more"
                                    ? http::kAnswerBytesMax + 1
                                    : 100;
      return response(200, "text/plain", std::string(bytes, 'x'));
    });
    const std::string arn = create(world, "BASIC", kBasic);
    CHECK(server.invoke(arn, R"(,"RequestBody":"few")").output.has_value());
    CHECK(server.invoke(arn, R"(,"RequestBody":"one more")").record.failure.error ==
          "States.DataLimitExceeded");
  });
}

TEST_CASE("an HTTP Task that is given up ends its call", "[connectors][http]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    runtime::WaitPoint arrived;
    runtime::WaitPoint released;
    HttpWorld server(world, [&](const runtime::HttpRequest&) {
      arrived.wake();
      released.wait();
      return response(200, "text/plain", "");
    });
    const std::string arn = create(world, "BASIC", kBasic);
    const auto number = world.start(
        R"({"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::http:invoke",)"
        R"("Parameters":{"ApiEndpoint":")" +
        server.url() + R"(","Method":"GET","Authentication":{"ConnectionArn":")" + arn +
        R"("}},"End":true}}})");
    arrived.wait();
    REQUIRE(world.engine().stop(number, {}).has_value());
    const auto ended = world.wait(number);
    INFO(ended.record.failure.error.value_or("")
         << ": " << ended.record.failure.cause.value_or(""));
    CHECK(ended.record.status == engine::ExecutionStatus::kAborted);
    released.wake();
  });
}

TEST_CASE("connections show no secrets, and these are one secret of Secrets Manager",
          "[connectors][events][http]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    const std::string arn = create(world, "BASIC", kBasic);
    CHECK(arn.starts_with("arn:aws:events:us-east-1:123456789012:connection/c/"));
    const std::string shown = events(world, "DescribeConnection", R"({"Name":"c"})");
    CHECK(shown.find(R"("AuthParameters":{"BasicAuthParameters":{"Username":"u"},)"
                     R"("InvocationHttpParameters":{"HeaderParameters":[{"Key":"X-C",)"
                     R"("IsValueSecret":true}]}})") != std::string::npos);
    CHECK(shown.find("\"p\"") == std::string::npos);
    CHECK(shown.find(R"("SecretArn":"arn:aws:secretsmanager:us-east-1:123456789012:secret:)"
                     R"(events!connection/c/)") != std::string::npos);
    const std::string secret_id = "events!connection" + arn.substr(arn.find('/'));
    const std::string secret = world.ask(world.services().secrets(), "GetSecretValue",
                                         R"({"SecretId":")" + secret_id + "\"}");
    CHECK(secret.find(R"(\"Password\":\"p\")") != std::string::npos);

    CHECK(events(world, "CreateConnection",
                 R"({"Name":"c","AuthorizationType":"BASIC","AuthParameters":)" +
                     std::string(kBasic) + "}") ==
          "ResourceAlreadyExistsException: Connection c already exists.");
    CHECK(events(world, "CreateConnection",
                 R"({"Name":"d","AuthorizationType":"BASIC","AuthParameters":{}})") ==
          "ValidationException: The authorization type BASIC requires "
          "AuthParameters.BasicAuthParameters.");
    CHECK(events(world, "CreateConnection",
                 R"({"Name":"d","AuthorizationType":"API_KEY","AuthParameters":)"
                 R"({"ApiKeyAuthParameters":{"ApiKeyName":"n"}}})") ==
          "ValidationException: AuthParameters.ApiKeyAuthParameters.ApiKeyValue must be a text of "
          "1 to 512 characters.");
    CHECK(events(world, "CreateConnection", R"({"Name":"a/b","AuthorizationType":"BASIC"})")
              .starts_with("ValidationException: 1 validation error detected: Value 'a/b'"));
    CHECK(events(world, "DescribeConnection", R"({"Name":"none"})") ==
          "ResourceNotFoundException: Connection 'none' does not exist.");

    // Another type: the old one's parameters go.
    events(world, "UpdateConnection",
           R"({"Name":"c","AuthorizationType":"API_KEY","AuthParameters":)"
           R"({"ApiKeyAuthParameters":{"ApiKeyName":"n","ApiKeyValue":"v"}}})");
    const std::string changed = events(world, "DescribeConnection", R"({"Name":"c"})");
    CHECK(changed.find("BasicAuthParameters") == std::string::npos);
    CHECK(changed.find(R"("ApiKeyAuthParameters":{"ApiKeyName":"n"})") != std::string::npos);

    const std::string listed = events(world, "ListConnections", R"({"NamePrefix":"c","Limit":1})");
    CHECK(listed.find(R"("Connections":[{"Name":"c")") != std::string::npos);
    CHECK(listed.find("AuthParameters") == std::string::npos);
    CHECK(events(world, "DeleteConnection", R"({"Name":"c"})").find(R"("DELETING")") !=
          std::string::npos);
    CHECK(world
              .ask(world.services().secrets(), "GetSecretValue",
                   R"({"SecretId":")" + secret_id + "\"}")
              .starts_with("ResourceNotFoundException"));
  });
}

TEST_CASE("connections are at most 3,000, and 100 parameters of a kind each",
          "[connectors][events][http]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    const auto make = [&](const std::string& name, std::size_t parameters) {
      std::string list;
      for (std::size_t i = 0; i < parameters; ++i) {
        list += (i == 0 ? "" : ",") + std::string(R"({"Key":"k","Value":"v"})");
      }
      return events(world, "CreateConnection",
                    R"({"Name":")" + name +
                        R"(","AuthorizationType":"BASIC","AuthParameters":{"BasicAuthParameters":)"
                        R"({"Username":"u","Password":"p"},"InvocationHttpParameters":)"
                        R"({"HeaderParameters":[)" +
                        list + "]}}}");
    };
    CHECK(make("many", events::kConnectionParametersMax + 1) ==
          "ValidationException: AuthParameters.InvocationHttpParameters.HeaderParameters must be a "
          "list of at most 100.");
    CHECK(make("many", events::kConnectionParametersMax).find("AUTHORIZED") != std::string::npos);
    for (std::size_t i = 1; i < events::kConnectionsMax; ++i) make(std::to_string(i), 0);
    CHECK(make("last", 0).starts_with("LimitExceededException"));
    events(world, "DeleteConnection", R"({"Name":"many"})");
    CHECK(make("last", 0).find("AUTHORIZED") != std::string::npos);
  });
}

TEST_CASE("a test of a state sees its exchange, and secrets only when it asks",
          "[connectors][http]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    HttpWorld server(
        world, [](const runtime::HttpRequest&) { return response(200, "text/plain", "hello"); });
    const std::string arn = create(world, "BASIC", kBasic);
    const auto definition = asl::compile(*asl::read_json(
        R"({"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::http:invoke",)"
        R"("Parameters":{"ApiEndpoint":")" +
        server.url() + R"(/p","Method":"GET","QueryParameters":{"q":1},"Headers":{"d":"h"},)" +
        R"("Authentication":{"ConnectionArn":")" + arn + R"("}},"End":true}}})"));
    REQUIRE(definition.has_value());
    const auto traced = [&](bool reveal) {
      engine::StateTest test;
      test.definition = *definition;
      test.input = asl::Payload::of_text("{}");
      test.trace.emplace().reveal_secrets = reveal;
      return engine::test_state(world.engine(), test).trace;
    };
    const auto plain = traced(false);
    REQUIRE(plain.has_value());
    CHECK(plain->protocol == "http");
    CHECK(plain->method == "GET");
    CHECK(plain->url == server.url() + "/p?q=1");
    CHECK(plain->headers ==
          "[d: h, User-Agent: Amazon|StepFunctions|HttpInvoke|us-east-1, Range: bytes=0-262144]");
    REQUIRE(plain->response.has_value());
    CHECK(plain->response->status_code == "200");
    CHECK(plain->response->status_message == "OK");
    CHECK(plain->response->body == "hello");
    CHECK(plain->response->headers.find("Content-Type: text/plain") != std::string::npos);
    const auto revealed = traced(true);
    REQUIRE(revealed.has_value());
    CHECK(revealed->headers.starts_with("[d: h, Authorization: Basic dTpw, X-C: secret, "));
  });
}

}  // namespace pawl::connectors::test
