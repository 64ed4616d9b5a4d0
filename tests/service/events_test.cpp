// Changes of status: to subscribers inside, and as a stream.
#include "runtime/net/socket.h"
#include "tests/service/world.h"

namespace pawl::service::test {

namespace {

// Reads a stream of GET /_pawl/events until `until` is in it.
std::string read_stream(Service& service, const std::string& query, const std::string& headers,
                        const std::string& until) {
  const auto deadline = runtime::Shard::current()->clock().after(std::chrono::seconds(5));
  auto stream = runtime::connect("127.0.0.1", service.port(), deadline);
  REQUIRE(stream);
  REQUIRE(stream->write_all(
      "GET /_pawl/events" + query + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n", deadline));
  std::string text;
  std::string buffer(4096, '\0');
  while (text.find(until) == std::string::npos) {
    const auto read = stream->read_some(buffer, deadline);
    if (!read || *read == 0) break;
    text.append(buffer, 0, *read);
  }
  return text;
}

}  // namespace

TEST_CASE("subscribers see the start and the end of executions", "[service][events]") {
  World().run([](Client& client, Service& service) {
    std::vector<asl::Value> seen;
    service.events().subscribe([&seen](const asl::Value& event) { seen.push_back(event); });
    const std::string arn = client.create("m");
    const std::string execution = client.start(arn, "e");
    client.ended(execution);
    for (int left = 200; left > 0 && seen.size() < 2; --left) {
      runtime::sleep_for(std::chrono::milliseconds(5));
    }
    REQUIRE(seen.size() == 2);
    const asl::Value& first = *seen[0].find("detail");
    const asl::Value& last = *seen[1].find("detail");
    CHECK(first.find("status")->as_string() == "RUNNING");
    CHECK(first.find("stopDate")->is_null());
    CHECK(last.find("status")->as_string() == "SUCCEEDED");
    CHECK(last.find("output")->as_string() == "{}");
    CHECK(last.find("stopDate")->is_int());
    CHECK(last.find("startDate")->as_int() > 1'600'000'000'000);
    CHECK(asl::to_json(*seen[1].find("resources")) == "[\"" + execution + "\"]");
    CHECK(seen[1].find("source")->as_string() == "aws.states");
    CHECK(seen[1].find("detail-type")->as_string() == "Step Functions Execution Status Change");
  });
}

TEST_CASE("the stream shows events, filtered, and goes on where a reader was",
          "[service][events]") {
  World().run([](Client& client, Service& service) {
    const std::string m = client.create("m");
    const std::string n = client.create("n");
    client.ended(client.start(m));
    client.ended(client.start(n));
    const std::string all = read_stream(service, "?after=0", "", "id: 4");
    CHECK(all.find("Content-Type: text/event-stream") != std::string::npos);
    CHECK(all.find("id: 1\nevent: execution-status-change\ndata: {") != std::string::npos);
    const std::string rest = read_stream(service, "", "Last-Event-ID: 3\r\n", "id: 4");
    CHECK(rest.find("id: 3\n") == std::string::npos);
    CHECK(rest.find("id: 4\n") != std::string::npos);
    const std::string some =
        read_stream(service,
                    "?after=0&status=SUCCEEDED&stateMachineArn=arn%3Aaws%3Astates%3Aus-east-1%3A"
                    "123456789012%3AstateMachine%3An",
                    "", "id: 4");
    CHECK(some.find("id: 2\n") == std::string::npos);
    CHECK(some.find("id: 3\n") == std::string::npos);
    CHECK(some.find("id: 4\n") != std::string::npos);
  });
}

TEST_CASE("the stream has so many readers, and room again when one leaves", "[service][events]") {
  World().run([](Client& client, Service& service) {
    std::vector<std::shared_ptr<ExecutionEvents::Reader>> readers;
    for (std::size_t i = 0; i < ExecutionEvents::kReadersMax; ++i) {
      readers.push_back(service.events().read({}, std::nullopt));
      REQUIRE(readers.back() != nullptr);
    }
    const Reply refused = client.send({}, "/_pawl/events");
    CHECK(refused.status == 503);
    CHECK(refused.headers.get("Retry-After") == "1");
    readers.pop_back();
    CHECK(service.events().read({}, std::nullopt) != nullptr);
    CHECK(client("ListStateMachines", "{}").status == 200);
  });
}

TEST_CASE("a reader that lags behind what is kept is told that it is over", "[service][events]") {
  World().run([](Client& client, Service& service) {
    const std::string machine = client.create("m");
    const std::shared_ptr<ExecutionEvents::Reader> slow = service.events().read({}, std::nullopt);
    // Two changes each: one execution more than is kept.
    for (std::size_t i = 0; i <= ExecutionEvents::kKeptMax / 2; ++i) client.start(machine);
    const auto soon = [] {
      return runtime::Shard::current()->clock().after(std::chrono::seconds(5));
    };
    const std::shared_ptr<ExecutionEvents::Reader> oldest = service.events().read({}, 0);
    const std::optional<SentEvent> first = oldest->next(soon());
    REQUIRE(first);
    CHECK(first->id >= 3);  // the first execution's two are gone
    CHECK_FALSE(slow->next(soon()));
    CHECK(slow->over());
    CHECK_FALSE(oldest->over());
  });
}

TEST_CASE("the stream ends when the service stops", "[service][events]") {
  World().run([](Client& client, Service& service) {
    bool ended = false;
    REQUIRE(runtime::Shard::current()->spawn([&] {
      read_stream(service, "", "", "never");
      ended = true;
    }));
    client.ended(client.start(client.create("m")));
    REQUIRE(service.stop(runtime::Shard::current()->clock().after(std::chrono::seconds(2))));
    for (int left = 200; left > 0 && !ended; --left) {
      runtime::sleep_for(std::chrono::milliseconds(5));
    }
    CHECK(ended);
  });
}

}  // namespace pawl::service::test
