// What operators and their tools read.
#include "tests/service/world.h"

namespace pawl::service::test {

using Catch::Matchers::Contains;

TEST_CASE("a service that takes work says so", "[service][status]") {
  World().run([](Client& client) {
    CHECK(client.send({}, "/_pawl/health").text == R"({"status":"ok"})");
    const Reply ready = client.send({}, "/_pawl/ready");
    CHECK(ready.status == 200);
    CHECK(ready.text == R"({"status":"ready"})");
    CHECK(client.send({}, "/_pawl/other").status == 404);
  });
}

TEST_CASE("metrics count what happened", "[service][status]") {
  World().run([](Client& client) {
    const std::string machine = client.create("m");
    client.ended(client.start(machine));
    const std::string failing =
        client.create("f", R"({"StartAt":"F","States":{"F":{"Type":"Fail"}}})");
    client.ended(client.start(failing));
    CHECK(client("StartExecution", {{"stateMachineArn", "nonsense"}}).status == 400);
    CHECK(client("Nonsense\"", "{}").status == 400);

    const Reply page = client.send({}, "/_pawl/metrics");
    CHECK(page.status == 200);
    CHECK(page.headers.get("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
    const std::string& text = page.text;
    CHECK_THAT(text, Contains("\npawl_transitions_total 2\n"));
    CHECK_THAT(text, Contains("\npawl_executions_started_total 2\n"));
    CHECK_THAT(text, Contains("\npawl_executions_ended_total{status=\"SUCCEEDED\"} 1\n"));
    CHECK_THAT(text, Contains("\npawl_executions_ended_total{status=\"FAILED\"} 1\n"));
    CHECK_THAT(text, Contains("\npawl_api_requests_total{operation=\"StartExecution\","
                              "code=\"InvalidArn\"} 1\n"));
    CHECK_THAT(text,
               Contains("\npawl_api_requests_total{operation=\"StartExecution\",code=\"OK\"} 2\n"));
    CHECK_THAT(text, Contains("{operation=\"unknown\",code=\"UnknownOperationException\"} 1\n"));
    CHECK_THAT(text, Contains("\npawl_api_seconds_count{operation=\"StartExecution\"} 3\n"));
    CHECK_THAT(text, Contains("\npawl_commit_seconds_bucket{le=\"+Inf\"} "));
    CHECK_THAT(text, Contains("\npawl_commit_batch_commits_bucket{le=\"1\"} "));
    CHECK_THAT(text, Contains("\npawl_fibers{shard=\"0\"} "));
    CHECK_THAT(text, Contains("\nprocess_resident_memory_bytes "));
    CHECK_THAT(text, Contains("\npawl_store_healthy 1\n"));
  });
}

TEST_CASE("past the bound on operations the answer is Throttling, at once", "[service][status]") {
  ServiceOptions options{.port = 0};
  options.max_operations = 0;
  World().run(
      [](Client& client, Service& /*service*/) {
        const Reply reply = client("ListStateMachines", "{}");
        CHECK(reply.status == 400);
        CHECK(reply.error() == "ThrottlingException");
        CHECK(reply.message() == "Rate exceeded");
        CHECK(client.send({}, "/_pawl/health").status == 200);
      },
      options);
}

}  // namespace pawl::service::test
