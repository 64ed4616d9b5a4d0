#include "tests/catch.h"
#include "tests/cli/child.h"

#include <csignal>

namespace pawl::cli::testing {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("serve says where it listens and what it does not keep", "[cli][serve]") {
  Child child({"serve", "--port", "0"});
  const std::string said = child.wait_for("nothing is kept");
  CHECK_THAT(said, Contains("--endpoint-url http://127.0.0.1:"));
  child.signal(GENERATE(SIGTERM, SIGINT));
  CHECK(child.wait().code == 0);
}

TEST_CASE("serve with several shards starts and stops, and its store is resumed with them",
          "[cli][serve]") {
  const TemporaryDirectory directory;
  const std::string data = directory.path("data");
  Child child({"serve", "--port", "0", "--shards", "3", "--data", data});
  child.wait_for("listens on");
  child.signal(SIGTERM);
  CHECK(child.wait().code == 0);
  CHECK(pawl({"list", "--data", data}).code == 0);
  CHECK(pawl({"resume", "--data", data}).code == 0);
}

TEST_CASE("a port that is taken is an error, not a wait", "[cli][serve]") {
  Child first({"serve", "--port", "0"});
  std::string said = first.wait_for("http://127.0.0.1:");
  const std::string marker = "http://127.0.0.1:";
  const std::size_t at = said.find(marker) + marker.size();
  const std::string port = said.substr(at, said.find('\n', at) - at);
  const Ended second = pawl({"serve", "--port", port});
  CHECK(second.code == 3);
  CHECK_THAT(second.err, Contains("error"));
}

TEST_CASE("other machines are let in only with credentials, or knowingly", "[cli][serve]") {
  const Ended refused = pawl({"serve", "--port", "0", "--address", "0.0.0.0"});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Contains("--credentials FILE, or say --insecure"));

  Child insecure({"serve", "--port", "0", "--address", "0.0.0.0", "--insecure"});
  insecure.wait_for("listens on");

  const TemporaryDirectory directory;
  const std::string file =
      directory.write("credentials", "[a]\naws_access_key_id = A\naws_secret_access_key = s\n");
  Child signed_only({"serve", "--port", "0", "--address", "::", "--credentials", file});
  signed_only.wait_for("listens on");

  const std::string bad = directory.write("bad", "[a]\naws_access_key_id = A\n");
  const Ended wrong = pawl({"serve", "--port", "0", "--credentials", bad});
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.err, Contains("bad, line 1: [a] has no aws_secret_access_key"));
}

TEST_CASE("options come from the flag, the environment, the file, in this order", "[cli][serve]") {
  const TemporaryDirectory directory;
  const std::string taken = directory.path("from-file");
  const std::string file =
      directory.write("pawl.yaml", "port: 0\ndata: " + taken + "\nlog-format: json\n");
  {
    Child child({"serve", "--config", file});
    const std::string said = child.wait_for("listening");
    CHECK_THAT(said, Contains("\"data\":\"" + taken + "\""));
    CHECK_THAT(said, Contains("\"level\":\"info\""));
  }
  const std::string other = directory.path("from-environment");
  {
    Child child({"serve", "--config", file}, "", {{"PAWL_DATA", other}});
    CHECK_THAT(child.wait_for("listening"), Contains("\"data\":\"" + other + "\""));
  }
  const std::string third = directory.path("from-flag");
  {
    Child child({"serve", "--config", file, "--data", third}, "", {{"PAWL_DATA", other}});
    CHECK_THAT(child.wait_for("listening"), Contains("\"data\":\"" + third + "\""));
  }
  {
    const std::string json = directory.write("pawl.json", R"({"port": 0, "log-format": "json"})");
    Child child({"serve"}, "", {{"PAWL_CONFIG", json}});
    child.wait_for("listening");
  }
}

TEST_CASE("limits are AWS's unless flag, environment or file relax them", "[cli][serve]") {
  CHECK(pawl({"serve", "--port", "0", "--limits", "none"}).code == 2);
  const TemporaryDirectory directory;
  const std::string name(100, 'n');
  const std::string definition = directory.write("w.json", R"({"StartAt":"A","States":{"A":{
      "Type":"Pass","End":true}}})");
  const auto run = [&](std::vector<std::string> more, const Child::Environment& environment) {
    std::vector<std::string> arguments = {"run", definition, "--name", name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Child(arguments, "", environment).wait().code;
  };
  CHECK(run({}, {}) == 2);
  CHECK(run({"--limits", "relaxed"}, {}) == 0);
  CHECK(run({}, {{"PAWL_LIMITS", "relaxed"}}) == 0);
  CHECK(run({"--limits", "aws"}, {{"PAWL_LIMITS", "relaxed"}}) == 2);

  const std::string file = directory.write("pawl.yaml", "port: 0\nlimits: relaxed\n");
  Child served({"serve", "--config", file});
  served.wait_for("payloads of 16777216 bytes");
  Child aws({"serve", "--config", file, "--limits", "aws"});
  CHECK_THAT(aws.wait_for("nothing is kept"), !Contains("16777216"));
}

TEST_CASE("a configuration file that is wrong says where", "[cli][serve]") {
  const TemporaryDirectory directory;
  const auto refused = [&directory](const std::string& text) {
    const Ended ended = pawl({"serve", "--config", directory.write("c.yaml", text)});
    CHECK(ended.code == 2);
    return ended.err;
  };
  CHECK_THAT(refused("prot: 0\n"), Contains("there is no option 'prot'. Did you mean 'port'?"));
  CHECK_THAT(refused("port: [1]\n"), Contains("'port' must be text, a number, true or false"));
  CHECK_THAT(refused("port: many\n"), Contains("port"));
  CHECK_THAT(refused("shards: 65\n"), Contains("shards"));
  CHECK_THAT(refused("- port\n"), Contains("expected a mapping"));
  CHECK(pawl({"serve", "--config", directory.path("none")}).code == 2);
}

TEST_CASE("endpoints of services elsewhere are checked before anything starts", "[cli][serve]") {
  const Ended wrong = pawl({"serve", "--port", "0", "--endpoint", "sqs"});
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.err, Contains("expected SERVICE=URL"));
  CHECK(pawl({"serve", "--port", "0", "--endpoint", "sqs=ftp://h"}).code == 2);
  CHECK(pawl({"serve", "--port", "0", "--remote", "elsewhere"}).code == 2);
  CHECK(pawl({"serve", "--port", "0", "--region", "EU/1"}).code == 2);
  CHECK(pawl({"run", "x.json", "--models", "/nonexistent"}).code == 2);

  const TemporaryDirectory directory;
  const std::string list =
      directory.write("list.yaml",
                      "endpoint: [sqs=http://127.0.0.1:1, dynamodb=http://127.0.0.1:2]\n"
                      "remote: aws\nregion: eu-west-1\n");
  Child child({"serve", "--port", "0", "--config", list});
  child.wait_for("listens on");
  const std::string bad = directory.write("bad.yaml", "endpoint: [sqs=http://127.0.0.1:1, sns]\n");
  const Ended refused = pawl({"serve", "--port", "0", "--config", bad});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Contains("bad.yaml") && Contains("expected SERVICE=URL"));
  const std::string odd = directory.write("odd.yaml", "endpoint: [1]\n");
  CHECK_THAT(pawl({"serve", "--port", "0", "--config", odd}).err, Contains("or a list of texts"));
  // The environment has commas between several.
  Child by_environment({"serve", "--port", "0"}, "",
                       {{"PAWL_ENDPOINTS", "sqs=http://127.0.0.1:1,sns=http://127.0.0.1:2"}});
  by_environment.wait_for("listens on");
}

}  // namespace
}  // namespace pawl::cli::testing
