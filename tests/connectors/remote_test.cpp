#include "asl/json/reader.h"
#include "connectors/aws/mapping.h"
#include "connectors/registry.h"
#include "connectors/remote/client.h"
#include "connectors/remote/credential_chain.h"
#include "connectors/remote/handler.h"
#include "connectors/remote/options.h"
#include "connectors/remote/profile_plan.h"
#include "connectors/remote/sts.h"
#include "runtime/aws/ini.h"
#include "runtime/aws/profile_file.h"
#include "runtime/aws/sigv4.h"
#include "runtime/http/server.h"
#include "runtime/http/shard_clients.h"
#include "tests/catch.h"
#include "tests/connectors/support.h"

#include <deque>
#include <map>

namespace pawl::connectors::test {

using namespace std::chrono_literals;

namespace {

remote::RemoteOptions options_with(std::initializer_list<std::string> endpoints) {
  remote::RemoteOptions options;
  for (const std::string& one : endpoints) REQUIRE(remote::add_endpoint(one, options).has_value());
  options.region = "eu-west-1";
  return options;
}

std::string problem_of(const std::string& endpoint) {
  remote::RemoteOptions options;
  const Status added = remote::add_endpoint(endpoint, options);
  return added ? "accepted" : added.error().message;
}

remote::Environment environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char* name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  };
}

asl::Resource resource(const std::string& service, const std::string& action) {
  return {"arn:aws:states:::" + service + ":" + action,
          asl::ResourceKind::kIntegration,
          asl::IntegrationPattern::kRequestResponse,
          service,
          action,
          action};
}

// A server that gives prepared answers, one after the other, and a handler that calls it.
class RemoteWorld {
 public:
  // `service` is there; "*": any.
  explicit RemoteWorld(runtime::Shard& shard, const std::string& service = "*")
      : server_(shard, {}, [this](const runtime::HttpRequest& request) {
          requests.push_back(request);
          if (answers.empty()) return runtime::HttpResponse{500, {}, "", nullptr};
          runtime::HttpResponse answer = answers.front();
          answers.pop_front();
          return answer;
        }) {
    REQUIRE(server_.start());
    client_ = *remote::Client::make(options_with({service + "=" + url()}),
                                    environment({{"AWS_ACCESS_KEY_ID", "AKID"},
                                                 {"AWS_SECRET_ACCESS_KEY", "secret"},
                                                 {"AWS_SESSION_TOKEN", "token"}}));
    handler_ = std::make_unique<remote::RemoteHandler>(*client_);
  }
  ~RemoteWorld() { static_cast<void>(server_.drain(runtime::Shard::current()->clock().after(1s))); }

  engine::Outcome run(const std::string& service, const std::string& action,
                      const std::string& parameters) {
    const asl::Resource target = resource("aws-sdk:" + service, action);
    engine::TaskRequest request = request_for(target, parameters);
    if (!role.empty()) request.credentials_role_arn = role;
    return handler_->run(request);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  std::string error(const std::string& service, const std::string& action,
                    const std::string& parameters) {
    engine::Outcome outcome = run(service, action, parameters);
    const auto* failed = std::get_if<engine::TaskFailed>(&outcome);
    return failed == nullptr ? "none" : *failed->failure.error;
  }
  void answer(int status, std::string body) {
    answers.push_back({status, {{"x-amzn-RequestId", "R"}}, std::move(body), nullptr});
  }

  std::vector<runtime::HttpRequest> requests;
  std::deque<runtime::HttpResponse> answers;
  std::string role;  // of the state's Credentials

 private:
  runtime::HttpServer server_;
  std::unique_ptr<remote::Client> client_;
  std::unique_ptr<remote::RemoteHandler> handler_;
};

// What STS answers, with credentials that are good for this long.
std::string sts_answer(const std::string& key, std::chrono::seconds life,
                       const std::string& operation = "AssumeRole") {
  const auto ends = runtime::RealClock().wall_now() + life;
  const double seconds = static_cast<double>(ends.time_since_epoch().count()) / 1000;
  return "<" + operation + R"(Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><)" +
         operation + "Result><Credentials><AccessKeyId>" + key +
         "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>T" + key +
         "</SessionToken><Expiration>" + aws::iso_date(seconds) + "</Expiration></Credentials></" +
         operation + "Result></" + operation + "Response>";
}
constexpr const char* kStsRefusal =
    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not you</Message>"
    "</Error><RequestId>R</RequestId></ErrorResponse>";

bool is_signed_by(const runtime::HttpRequest& request, const std::string& key) {
  return request.headers.get("Authorization").find("Credential=" + key + "/") !=
         std::string_view::npos;
}

// The roles of a plan from the first to the last and where they begin, or why there is none.
std::string plan_of(const std::string& file, const std::string& profile = "p") {
  const auto plan = remote::plan_of_profile(runtime::aws::parse_profiles(file), profile);
  if (!plan) return plan.error().message;
  std::string text = plan->source == remote::ProfilePlan::Source::kKeys ? plan->keys.access_key_id
                     : plan->source == remote::ProfilePlan::Source::kWebIdentity
                         ? plan->token_file
                         : "source " + std::to_string(static_cast<int>(plan->source));
  for (const remote::Role& role : plan->roles) text += " > " + role.arn;
  return text;
}

}  // namespace

TEST_CASE("endpoints are named by service, however it is called", "[connectors][remote]") {
  const auto options = options_with(
      {"sqs=http://a:1/", "states=https://b", "events=http://c/base", "monitoring=http://d"});
  CHECK(options.endpoint("sqs", "sqs") == "http://a:1");
  CHECK(options.endpoint("sfn", "states") == "https://b");
  CHECK(options.endpoint("eventbridge", "events") == "http://c/base");
  CHECK(options.endpoint("cloudwatch", "monitoring") == "http://d");
  CHECK_FALSE(options.is_remote("dynamodb", "dynamodb"));
  CHECK(options_with({"*=http://e"}).endpoint("dynamodb", "dynamodb") == "http://e");
  CHECK(problem_of("sqs").starts_with("expected SERVICE=URL"));
  CHECK(problem_of("=http://a").starts_with("expected SERVICE=URL"));
  CHECK(problem_of("SQS=http://a").starts_with("'SQS' is no name of a service"));
  CHECK(problem_of("sqs=a").starts_with("bad URL 'a'"));
  CHECK(problem_of("sqs=ftp://a").find("must be http:// or https://") != std::string::npos);
  CHECK(problem_of("sqs=http://a?x").find("cannot have a query") != std::string::npos);
}

TEST_CASE("services at AWS have a host per region, or one for all", "[connectors][remote]") {
  const auto host = [](std::string_view prefix, std::string_view global, std::string region) {
    const std::string name = remote::aws_host(prefix, global, region);
    return name + " " + region;
  };
  CHECK(host("sqs", "", "eu-west-1") == "sqs.eu-west-1.amazonaws.com eu-west-1");
  CHECK(host("sqs", "", "cn-north-1") == "sqs.cn-north-1.amazonaws.com.cn cn-north-1");
  CHECK(host("iam", "iam.amazonaws.com", "eu-west-1") == "iam.amazonaws.com us-east-1");
  CHECK(host("s3", "s3.amazonaws.com", "eu-west-1") == "s3.eu-west-1.amazonaws.com eu-west-1");
  CHECK(host("ce", "", "eu-west-1") == "ce.us-east-1.amazonaws.com us-east-1");
}

TEST_CASE("profiles are read leniently", "[connectors][remote]") {
  const auto file = runtime::aws::parse_profiles(
      "; comment\nlost = 1\n[default]\nregion=us-east-1\r\n[profile mine]\naws_access_key_id = A\n"
      "s3 =\n  nested = 1\naws_access_key_id = B\n[broken\nx = 1\n[]\ny = 1\n");
  REQUIRE(file.size() == 2);
  CHECK(file.at("default").at("region") == "us-east-1");
  CHECK(file.at("mine").at("aws_access_key_id") == "B");
  CHECK_FALSE(file.at("mine").contains("nested"));

  const TempDirectory directory;
  directory.write("config", "[profile p]\nregion = eu-central-1\n");
  const std::string path = directory.path() + "/config";
  CHECK(remote::configured_region(environment({{"AWS_CONFIG_FILE", path}, {"AWS_PROFILE", "p"}})) ==
        "eu-central-1");
  CHECK(remote::configured_region(environment({{"AWS_CONFIG_FILE", path}})).empty());
  CHECK(remote::configured_region(environment({{"AWS_REGION", "r"}, {"AWS_CONFIG_FILE", path}})) ==
        "r");
}

TEST_CASE("a file of profiles is at most 1 MiB", "[connectors][remote]") {
  const TempDirectory directory;
  const std::string line = "[p]\nregion = r\n";
  directory.write("config", line + std::string(runtime::aws::kIniBytesMax, '#'));
  const auto read = runtime::aws::load_profiles(directory.path() + "/config");
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == ErrorCode::kLimit);
  directory.write("config", line + std::string(runtime::aws::kIniBytesMax - line.size(), '#'));
  CHECK(runtime::aws::load_profiles(directory.path() + "/config").has_value());
  CHECK(runtime::aws::load_profiles(directory.path() + "/none").error().code ==
        ErrorCode::kNotFound);
}

TEST_CASE("temporary credentials are read, or refused", "[connectors][remote]") {
  const auto read = remote::read_credentials_document(
      R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-26T12:00:00Z"})");
  REQUIRE(read.has_value());
  CHECK(read->credentials.session_token == "t");
  CHECK(read->expiration.has_value());
  for (const char* bad : {"", "[]", "{}", R"({"AccessKeyId":"A"})",
                          R"({"AccessKeyId":"A\r\nB","SecretAccessKey":"s"})",
                          R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"a\nb"})"}) {
    INFO(bad);
    CHECK_FALSE(remote::read_credentials_document(bad));
  }
}

TEST_CASE("what STS is asked, and what it answers", "[connectors][remote]") {
  CHECK(remote::assume_role_form({"arn:aws:iam::1:role/r", "", "", ""}) ==
        "Version=2011-06-15&Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"
        "&RoleSessionName=pawl");
  CHECK(remote::assume_role_form({"r", "s", "e", "900"}) ==
        "Version=2011-06-15&Action=AssumeRole&RoleArn=r&RoleSessionName=s&ExternalId=e"
        "&DurationSeconds=900");
  CHECK(remote::assume_role_form({"r", "s", "", ""}, "a.b") ==
        "Version=2011-06-15&Action=AssumeRoleWithWebIdentity&RoleArn=r&RoleSessionName=s"
        "&WebIdentityToken=a.b");
  const auto read = remote::read_sts_answer(200, sts_answer("K", 1h));
  REQUIRE(read.has_value());
  CHECK(read->credentials.session_token == "TK");
  CHECK(read->expiration.has_value());
  const auto refused = remote::read_sts_answer(403, kStsRefusal);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::kUnsupported);
  CHECK(refused.error().message == "not you (Service: Sts, Status Code: 403, Error: AccessDenied)");
  CHECK(remote::read_sts_answer(503, kStsRefusal).error().code == ErrorCode::kUnavailable);
  for (const char* bad : {"", "<a/>", "<a><b/></a>", "<a><b><Credentials/></b></a>"}) {
    INFO(bad);
    CHECK(remote::read_sts_answer(200, bad).error().code == ErrorCode::kUnavailable);
    CHECK(remote::read_sts_answer(403, bad).error().code == ErrorCode::kUnavailable);
  }
}

TEST_CASE("a profile leads to keys over the roles that it names", "[connectors][remote]") {
  const std::string base = "[base]\naws_access_key_id = K\naws_secret_access_key = s\n";
  CHECK(plan_of(base, "base") == "K");
  CHECK(plan_of(base + "[p]\nrole_arn = R\nsource_profile = base\n") == "K > R");
  CHECK(plan_of(base +
                "[p]\nrole_arn = R2\nsource_profile = q\n[q]\nrole_arn = R1\nsource_profile = "
                "base\n") == "K > R1 > R2");
  CHECK(plan_of("[p]\nrole_arn = R\nsource_profile = p\naws_access_key_id = "
                "K\naws_secret_access_key = s\n") == "K > R");
  CHECK(plan_of("[p]\nrole_arn = R\ncredential_source = EcsContainer\n") == "source 2 > R");
  CHECK(plan_of("[p]\nrole_arn = R\nweb_identity_token_file = /t\n") == "/t > R");
  CHECK(plan_of(base) == "there is no profile 'p'");
  CHECK(plan_of("[p]\nregion = x\n") == "the profile 'p' has no credentials");
  CHECK(plan_of("[p]\nrole_arn = R\n").find("neither source_profile nor") != std::string::npos);
  CHECK(plan_of("[p]\nrole_arn = R\nsource_profile = q\n[q]\nrole_arn = S\nsource_profile = p\n") ==
        "the source_profile of 'p' leads back to it");
  CHECK(plan_of("[p]\nsso_session = s\n").find("signs in by SSO") != std::string::npos);
  CHECK(plan_of("[p]\ncredential_process = x\n").find("credential_process") != std::string::npos);
  CHECK(plan_of("[p]\nrole_arn = R\nmfa_serial = m\nsource_profile = base\n" + base)
            .find("mfa_serial") != std::string::npos);

  const auto chain = [&](std::size_t roles) {
    std::string file = base;
    for (std::size_t i = 0; i < roles; ++i) {
      file += "[p" + std::to_string(i) + "]\nrole_arn = R\nsource_profile = " +
              (i + 1 < roles ? "p" + std::to_string(i + 1) : "base") + "\n";
    }
    return plan_of(file, "p0");
  };
  CHECK(chain(remote::kRoleChainMax).starts_with("K > R"));
  CHECK(chain(remote::kRoleChainMax + 1) == "the profile 'p0' leads to more than 8 roles");
}

TEST_CASE("a Task with Credentials calls in the name of its role", "[connectors][remote]") {
  runtime::RealClock clock;
  runtime::Shard shard({.clock = clock});
  run_on(shard, [&] {
    RemoteWorld world(shard);
    world.role = "arn:aws:iam::222222222222:role/other";

    SECTION("which is assumed once, for as long as it is good") {
      world.answer(200, sts_answer("ASIA1", 1h));
      world.answer(200, "{}");
      world.answer(200, "{}");
      CHECK(world.error("sqs", "listQueues", "{}") == "none");
      CHECK(world.error("sqs", "listQueues", "{}") == "none");
      REQUIRE(world.requests.size() == 3);
      CHECK(is_signed_by(world.requests[0], "AKID"));
      CHECK(world.requests[0].headers.get("Authorization").find("/eu-west-1/sts/aws4_request") !=
            std::string_view::npos);
      CHECK(world.requests[0].body ==
            remote::assume_role_form(
                {world.role, "m", "arn:aws:states:us-east-1:123456789012:stateMachine:m", ""}));
      CHECK(is_signed_by(world.requests[1], "ASIA1"));
      CHECK(world.requests[1].headers.get("X-Amz-Security-Token") == "TASIA1");
      CHECK(is_signed_by(world.requests[2], "ASIA1"));
    }
    SECTION("and again before it ends") {
      world.answer(200, sts_answer("ASIA1", 1min));
      world.answer(200, "{}");
      world.answer(200, sts_answer("ASIA2", 1h));
      world.answer(200, "{}");
      CHECK(world.error("sqs", "listQueues", "{}") == "none");
      CHECK(world.error("sqs", "listQueues", "{}") == "none");
      REQUIRE(world.requests.size() == 4);
      CHECK(is_signed_by(world.requests[3], "ASIA2"));
    }
    SECTION("and without it in the program's own") {
      world.answer(200, sts_answer("ASIA1", 1h));
      world.answer(200, "{}");
      world.answer(200, "{}");
      CHECK(world.error("sqs", "listQueues", "{}") == "none");
      world.role.clear();
      CHECK(world.error("sqs", "listQueues", "{}") == "none");
      REQUIRE(world.requests.size() == 3);
      CHECK(is_signed_by(world.requests[2], "AKID"));
    }
    SECTION("or fails when STS refuses, or cannot be reached") {
      world.answer(403, kStsRefusal);
      CHECK(world.error("sqs", "listQueues", "{}") == "States.Permissions");
      world.role += "2";
      world.answer(503, "");
      CHECK(world.error("sqs", "listQueues", "{}") == "Sqs.SdkClientException");
      CHECK(world.requests.size() == 2);
    }
  });
}

TEST_CASE("roles past the bound are assumed again", "[connectors][remote]") {
  runtime::RealClock clock;
  runtime::Shard shard({.clock = clock});
  run_on(shard, [&] {
    RemoteWorld world(shard);
    runtime::ShardHttpClients clients({});
    remote::CredentialChain chain(
        clients.here(), environment({{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "s"}}),
        {world.url(), "r"});
    const auto assume = [&](std::size_t number) {
      world.answer(200, sts_answer("K", 1h));
      CHECK(chain.get_for({"role-" + std::to_string(number), "", "", ""}, runtime::kNever)
                .has_value());
      const std::size_t asked = world.requests.size();
      world.requests.clear();
      world.answers.clear();
      return asked;
    };
    for (std::size_t i = 0; i < remote::CredentialChain::kRolesMax; ++i) REQUIRE(assume(i) == 1);
    CHECK(assume(0) == 0);
    CHECK(assume(remote::CredentialChain::kRolesMax) == 1);
    CHECK(assume(0) == 1);
  });
}

TEST_CASE("no role is assumed at AWS when only other services are elsewhere",
          "[connectors][remote]") {
  runtime::RealClock clock;
  runtime::Shard shard({.clock = clock});
  run_on(shard, [&] {
    RemoteWorld world(shard, "sqs");
    world.role = "arn:aws:iam::222222222222:role/other";
    CHECK(world.error("sqs", "listQueues", "{}") == "States.Permissions");
    CHECK(world.requests.empty());
  });
}

TEST_CASE("credentials of a profile's role and of a web identity", "[connectors][remote]") {
  const TempDirectory directory;
  directory.write("credentials", "[base]\naws_access_key_id = AKBASE\naws_secret_access_key = s\n");
  directory.write("config",
                  "[profile p]\nrole_arn = R\nsource_profile = base\nexternal_id = x\n"
                  "[profile q]\nrole_arn = Q\nsource_profile = p\n"
                  "[profile sso]\nsso_session = s\n");
  directory.write("token", "jwt\n");
  const std::string& place = directory.path();
  runtime::RealClock clock;
  runtime::Shard shard({.clock = clock});
  run_on(shard, [&] {
    RemoteWorld world(shard);
    runtime::ShardHttpClients clients({});
    const auto get = [&](std::map<std::string, std::string> variables) {
      variables.emplace("AWS_CONFIG_FILE", place + "/config");
      variables.emplace("AWS_SHARED_CREDENTIALS_FILE", place + "/credentials");
      variables.emplace("AWS_EC2_METADATA_DISABLED", "true");
      remote::CredentialChain chain(clients.here(), environment(std::move(variables)),
                                    {world.url(), "r"});
      const auto found = chain.get(runtime::kNever);
      return found ? found->access_key_id : found.error().message;
    };
    SECTION("one role") {
      world.answer(200, sts_answer("ASIA1", 1h));
      CHECK(get({{"AWS_PROFILE", "p"}}) == "ASIA1");
      REQUIRE(world.requests.size() == 1);
      CHECK(is_signed_by(world.requests[0], "AKBASE"));
      CHECK(world.requests[0].body == remote::assume_role_form({"R", "", "x", ""}));
    }
    SECTION("one role by the other") {
      world.answer(200, sts_answer("ASIA1", 1h));
      world.answer(200, sts_answer("ASIA2", 1h));
      CHECK(get({{"AWS_PROFILE", "q"}}) == "ASIA2");
      REQUIRE(world.requests.size() == 2);
      CHECK(is_signed_by(world.requests[1], "ASIA1"));
      CHECK(world.requests[1].headers.get("X-Amz-Security-Token") == "TASIA1");
    }
    SECTION("a web identity, which is not signed") {
      world.answer(200, sts_answer("ASIA3", 1h, "AssumeRoleWithWebIdentity"));
      CHECK(get({{"AWS_WEB_IDENTITY_TOKEN_FILE", place + "/token"}, {"AWS_ROLE_ARN", "W"}}) ==
            "ASIA3");
      REQUIRE(world.requests.size() == 1);
      CHECK_FALSE(world.requests[0].headers.has("Authorization"));
      CHECK(world.requests[0].body == remote::assume_role_form({"W", "", "", ""}, "jwt"));
    }
    SECTION("a profile that cannot be followed says why, and nothing else is asked") {
      CHECK(get({{"AWS_PROFILE", "sso"}}).find("signs in by SSO") != std::string::npos);
      world.answer(403, kStsRefusal);
      CHECK(get({{"AWS_PROFILE", "p"}}).find("not you") != std::string::npos);
    }
  });
}

// It becomes part of an event, which is JSON.
TEST_CASE("bytes that are no text in an answer's headers are read as ISO-8859-1",
          "[connectors][remote]") {
  runtime::HttpHeaders headers{{"x-a", "plain"}, {"x-b", "caf\xE9"}, {"x-b", "\xC3\xA9"}};
  remote::decode_headers(headers);
  REQUIRE(headers.size() == 3);
  CHECK(headers[0].value == "plain");
  CHECK(headers[1].value == "caf\xC3\xA9");
  CHECK(headers[2].value == "\xC3\x83\xC2\xA9");

  runtime::VirtualClock clock{runtime::WallTime(std::chrono::milliseconds(1'767'225'600'000))};
  runtime::Shard shard({.clock = clock});
  run_on(shard, [&] {
    RemoteWorld world(shard);
    world.answers.push_back({400,
                             {{"x-amzn-RequestId", "R\xE9"}, {"x-amzn-errortype", "Caf\xE9"}},
                             R"({"message":"no"})",
                             nullptr});
    engine::Outcome outcome = world.run("lambda", "getFunction", R"({"FunctionName":"f"})");
    const auto* failed = std::get_if<engine::TaskFailed>(&outcome);
    REQUIRE(failed != nullptr);
    CHECK(failed->failure.cause == "no (Service: Lambda, Status Code: 400, Request ID: R\xC3\xA9)");
  });
}

TEST_CASE("what may be repeated is, what may not is not", "[connectors][remote]") {
  runtime::VirtualClock clock{runtime::WallTime(std::chrono::milliseconds(1'767'225'600'000))};
  runtime::Shard shard({.clock = clock});
  run_on(shard, [&] {
    RemoteWorld world(shard);
    // Throttled twice, then served.
    world.answer(400, R"({"__type":"ThrottlingException","message":"slow"})");
    world.answer(400, R"({"__type":"ThrottlingException","message":"slow"})");
    world.answer(200, R"({"MessageId":"m"})");
    CHECK(world.error("sqs", "sendMessage", R"({"QueueUrl":"q","MessageBody":"b"})") == "none");
    CHECK(world.requests.size() == 3);
    world.requests.clear();
    // A send that broke may have been done: once.
    world.answer(500, "{}");
    CHECK(world.error("sqs", "sendMessage", R"({"QueueUrl":"q","MessageBody":"b"})") ==
          "Sqs.SqsException");
    CHECK(world.requests.size() == 1);
    world.requests.clear();
    // A look may be repeated, three times at most.
    for (int i = 0; i < 3; ++i) world.answer(503, "{}");
    CHECK(world.error("sqs", "listQueues", "{}") == "Sqs.SqsException");
    CHECK(world.requests.size() == 3);
    world.requests.clear();
    // What carries a token of its own too; the token is the same.
    world.answer(500, "{}");
    world.answer(200, "{}");
    CHECK(world.error("dynamodb", "transactWriteItems", R"({"TransactItems":[]})") == "none");
    REQUIRE(world.requests.size() == 2);
    const auto token = [&](std::size_t index) {
      return std::string(
          text_of(*asl::read_json(world.requests[index].body), "ClientRequestToken"));
    };
    CHECK(token(0).size() == 36);
    CHECK(token(0) == token(1));
  });
}

TEST_CASE("a call is signed for its service and region, with the session's token",
          "[connectors][remote]") {
  runtime::RealClock clock;
  runtime::Shard shard({.clock = clock});
  run_on(shard, [&] {
    RemoteWorld world(shard);
    world.answer(200, R"({"QueueUrls":["u"]})");
    engine::Outcome outcome = world.run("sqs", "listQueues", "{}");
    REQUIRE(std::holds_alternative<engine::TaskSucceeded>(outcome));
    CHECK(std::get<engine::TaskSucceeded>(outcome).output.text() == R"({"QueueUrls":["u"]})");
    REQUIRE(world.requests.size() == 1);
    const runtime::HttpRequest& request = world.requests[0];
    CHECK(request.headers.get("X-Amz-Security-Token") == "token");
    CHECK(request.headers.get("Authorization").find("/eu-west-1/sqs/aws4_request") !=
          std::string_view::npos);
    runtime::aws::CredentialSet known;
    REQUIRE(known.add("p", {"AKID", "secret", "token"}).has_value());
    const auto verified =
        runtime::aws::SignatureVerifier(std::move(known)).verify(request, clock.wall_now());
    CHECK(std::holds_alternative<runtime::aws::VerifiedCaller>(verified));
  });
}

TEST_CASE("an answer over the limit is lost, and says so", "[connectors][remote]") {
  runtime::RealClock clock;
  runtime::Shard shard({.clock = clock});
  run_on(shard, [&] {
    RemoteWorld world(shard);
    const std::string frame = R"({"NextToken":""})";
    world.answer(200, R"({"NextToken":")" + std::string(remote::kAnswerBytesMax, 'x') + "\"}");
    CHECK(world.error("sqs", "listQueues", "{}") == "Sqs.SdkClientException");
    world.answer(200, R"({"NextToken":")" +
                          std::string(remote::kAnswerBytesMax - frame.size(), 'x') + "\"}");
    CHECK(world.error("sqs", "listQueues", "{}") == "none");
  });
}

TEST_CASE("a service without a model, and an action that it does not have",
          "[connectors][remote]") {
  runtime::RealClock clock;
  runtime::Shard shard({.clock = clock});
  run_on(shard, [&] {
    RemoteWorld world(shard);
    CHECK(world.error("glue", "getJobs", "{}") == "States.Runtime");
    CHECK(world.error("sqs", "getJobs", "{}") == "States.Runtime");
    CHECK(world.error("sqs", "sendMessage", "[]") == "States.Runtime");
    CHECK(world.requests.empty());
  });
}

TEST_CASE("models of a directory count before the shipped ones", "[connectors][remote]") {
  const TempDirectory directory;
  const auto model = [](const std::string& id, const std::string& operation) {
    return R"({"metadata":{"protocol":"json","endpointPrefix":"x","serviceId":")" + id +
           R"("},"operations":{")" + operation + R"(":{}},"shapes":{}})";
  };
  directory.write("whatever/2019-01-01/service-2.json", model("New Thing", "Old"));
  directory.write("whatever/2020-01-01/service-2.json", model("New Thing", "New"));
  directory.write("whatever/2020-01-01/paginators-1.json", "{}");
  directory.write("queue.json", model("SQS", "Other"));
  directory.write("broken/2020-01-01/service-2.json", R"({"metadata":{"serviceId":"Broken"}})");
  directory.write("notes.txt", "no model");
  runtime::RealClock clock;
  runtime::Shard shard({.clock = clock});
  run_on(shard, [&] {
    ModelStore store(directory.path());
    const auto found = store.find("newthing");
    REQUIRE(found.has_value());
    CHECK((*found)->operation("new") != nullptr);
    CHECK((*store.find("sqs"))->operation("other") != nullptr);
    CHECK((*store.find("sns"))->operation("publish") != nullptr);
    CHECK(store.find("none").error().code == ErrorCode::kNotFound);
    CHECK(store.find("broken").error().message.find("service-2.json: not a model") !=
          std::string::npos);
  });
}

TEST_CASE("an aws-sdk resource that nobody serves goes to the handler of all", "[connectors]") {
  Registry registry;
  const asl::Resource glue = resource("aws-sdk:glue", "getJobs");
  CHECK(registry.find(glue, "m", "s") == nullptr);
  auto client = *remote::Client::make({}, environment({}));
  const auto any = std::make_shared<remote::RemoteHandler>(*client);
  registry.add_sdk(any);
  CHECK(registry.find(glue, "m", "s") == any.get());
  CHECK(registry.find(resource("glue", "startJobRun"), "m", "s") == nullptr);
}

}  // namespace pawl::connectors::test
