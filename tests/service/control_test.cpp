// What operators can do beyond AWS's API.
#include "tests/service/world.h"

namespace pawl::service::test {
namespace {

using Catch::Matchers::Contains;

Reply control(Client& client, const std::string& action, const std::string& body) {
  runtime::HttpCall call;
  call.method = "POST";
  call.headers.add("Content-Type", "application/json");
  call.body = body;
  return client.send(std::move(call), "/_pawl/control/" + action);
}

const std::string kFail = R"({"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Broken"}}})";

}  // namespace

TEST_CASE("running executions are stopped by machine and time", "[service][control]") {
  World().run([](Client& client) {
    const std::string wait = client.create("wait", kWait);
    const std::string other = client.create("other", kWait);
    std::vector<std::string> executions;
    for (int i = 0; i < 100; ++i) executions.push_back(client.start(wait));
    const std::string kept = client.start(other);

    const std::string filter = R"({"filter":{"stateMachine":"wait"},"dryRun":true})";
    CHECK(control(client, "stop", filter).text ==
          R"({"matched":100,"done":0,"failed":[],"more":false})");
    const std::string old =
        R"({"filter":{"stateMachine":"*","startedBefore":"2020-01-01T00:00:00Z"}})";
    CHECK(control(client, "stop", old).text ==
          R"({"matched":0,"done":0,"failed":[],"more":false})");
    const std::string some = R"({"filter":{"stateMachine":")" + wait + R"(","max":60},)" +
                             R"("error":"Maintenance","cause":"tonight"})";
    CHECK(control(client, "stop", some).text ==
          R"({"matched":60,"done":60,"failed":[],"more":true})");
    CHECK(control(client, "stop", some).text ==
          R"({"matched":40,"done":40,"failed":[],"more":false})");
    const Reply stopped = client("DescribeExecution", {{"executionArn", executions.front()}});
    CHECK(stopped.member("status") == "ABORTED");
    CHECK(stopped.member("error") == "Maintenance");
    CHECK(stopped.member("cause") == "tonight");
    CHECK(client("DescribeExecution", {{"executionArn", kept}}).member("status") == "RUNNING");
  });
}

TEST_CASE("failed executions are redriven by machine, status and error", "[service][control]") {
  World().run([](Client& client) {
    const std::string machine = client.create("fails", kFail);
    const std::string execution = client.start(machine);
    client.ended(execution);
    const auto by = [&](const std::string& rest) {
      return control(client, "redrive", R"({"filter":{"stateMachine":"fails")" + rest + "}}");
    };
    CHECK_THAT(by(R"(,"error":"Other")").text, Contains(R"("matched":0)"));
    CHECK_THAT(by(R"(,"statuses":["ABORTED"])").text, Contains(R"("matched":0)"));
    CHECK_THAT(by(R"(,"error":"Broken","statuses":["FAILED"])").text, Contains(R"("done":1)"));
    CHECK(client.ended(execution).member("redriveCount") == "1");
    CHECK(by(R"(,"statuses":["RUNNING"])").status == 400);
  });
}

TEST_CASE("machines and executions are paused and resumed by name", "[service][control]") {
  World().run([](Client& client) {
    const std::string machine = client.create("m");
    CHECK(control(client, "pause", R"({"stateMachine":"m"})").text == "{}");
    const std::string execution = client.start(machine);
    CHECK(client("DescribeExecution", {{"executionArn", execution}}).member("status") == "RUNNING");
    CHECK(control(client, "pause", R"({"execution":")" + execution + R"("})").status == 200);
    CHECK(control(client, "pauses", "").text ==
          R"({"stateMachines":[")" + machine + R"("],"executions":[")" + execution + R"("]})");
    CHECK(control(client, "resume", R"({"stateMachine":")" + machine + R"("})").status == 200);
    CHECK(client("DescribeExecution", {{"executionArn", execution}}).member("status") == "RUNNING");
    CHECK(control(client, "resume", R"({"execution":")" + execution + R"("})").status == 200);
    CHECK(client.ended(execution).member("status") == "SUCCEEDED");
    CHECK(control(client, "pause", R"({"execution":")" + execution + R"("})").message() ==
          "The execution has ended.");
  });
}

TEST_CASE("what is unclear is refused and does nothing", "[service][control]") {
  World().run([](Client& client) {
    client.create("m", kWait);
    for (const char* body :
         {"[]", "{", "{}", R"({"filter":{}})", R"({"filter":{"stateMachine":5}})",
          R"({"filter":{"stateMachine":"m","machine":"m"}})",
          R"({"filter":{"stateMachine":"m","statuses":[]}})",
          R"({"filter":{"stateMachine":"m","statuses":"RUNNING"}})",
          R"({"filter":{"stateMachine":"m","startedBefore":"yesterday"}})",
          R"({"filter":{"stateMachine":"m","max":0}})",
          R"({"filter":{"stateMachine":"m","max":10001}})", R"({"filter":{"stateMachine":"none"}})",
          R"({"filter":{"stateMachine":"m"},"dryRun":1})",
          R"({"filter":{"stateMachine":"m"},"dryrun":true})"}) {
      INFO(body);
      CHECK(control(client, "stop", body).status == 400);
    }
    CHECK(control(client, "pause", R"({"stateMachine":"m","execution":"x"})").status == 400);
    CHECK(control(client, "pause", "{}").status == 400);
    CHECK(control(client, "redrive", R"({"execution":"nonsense"})").error() == "InvalidArn");
    CHECK(control(client, "nothing", "{}").status == 404);
    runtime::HttpCall page;
    page.method = "POST";
    page.body = "{}";
    const auto refused = client.send(std::move(page), "/_pawl/control/stop");
    CHECK(refused.status == 415);
  });
}

}  // namespace pawl::service::test
