#include "asl/json/reader.h"
#include "connectors/registry.h"
#include "connectors/remote/client.h"
#include "connectors/remote/credential_chain.h"
#include "connectors/remote/handler.h"
#include "connectors/remote/options.h"
#include "runtime/aws/ini.h"
#include "runtime/aws/profile_file.h"
#include "runtime/aws/sigv4.h"
#include "runtime/http/server.h"
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
  explicit RemoteWorld(runtime::Shard& shard)
      : server_(shard, {}, [this](const runtime::HttpRequest& request) {
          requests.push_back(request);
          if (answers.empty()) return runtime::HttpResponse{500, {}, "", nullptr};
          runtime::HttpResponse answer = answers.front();
          answers.pop_front();
          return answer;
        }) {
    REQUIRE(server_.start());
    client_ = *remote::Client::make(
        options_with({"*=http://127.0.0.1:" + std::to_string(server_.port())}),
        environment({{"AWS_ACCESS_KEY_ID", "AKID"},
                     {"AWS_SECRET_ACCESS_KEY", "secret"},
                     {"AWS_SESSION_TOKEN", "token"}}));
    handler_ = std::make_unique<remote::RemoteHandler>(*client_);
  }
  ~RemoteWorld() { static_cast<void>(server_.drain(runtime::Shard::current()->clock().after(1s))); }

  engine::Outcome run(const std::string& service, const std::string& action,
                      const std::string& parameters) {
    const asl::Resource target = resource("aws-sdk:" + service, action);
    return handler_->run(request_for(target, parameters));
  }
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

 private:
  runtime::HttpServer server_;
  std::unique_ptr<remote::Client> client_;
  std::unique_ptr<remote::RemoteHandler> handler_;
};

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
    remote::ModelStore store(directory.path());
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
