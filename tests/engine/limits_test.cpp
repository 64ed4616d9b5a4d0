// The limits of executions, as AWS has them and raised; what depends on their size still holds.
#include "asl/json/reader.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

namespace pawl::engine::testing {

namespace {

// Counts $.i up to its bound; four events a round.
constexpr const char* kLoop = R"json({"StartAt":"C","States":{
  "C":{"Type":"Choice","Choices":[{"Variable":"$.i","NumericLessThan":15000,"Next":"P"}],
       "Default":"S"},
  "P":{"Type":"Pass","Parameters":{"i.$":"States.MathAdd($.i, 1)"},"Next":"C"},
  "S":{"Type":"Fail","Error":"Done"}}})json";

// Each state assigns its input to another variable.
std::string assigns(int states) {
  std::string definition = R"({"StartAt":"A0","States":{)";
  for (int i = 0; i < states; ++i) {
    const std::string n = std::to_string(i);
    definition += "\"A" + n + R"(":{"Type":"Pass","Assign":{"v)" + n + R"(.$":"$"},"Next":"A)" +
                  std::to_string(i + 1) + "\"},";
  }
  return definition + "\"A" + std::to_string(states) +
         R"(":{"Type":"Pass","Result":1,"End":true}}})";
}

}  // namespace

TEST_CASE("AWS's limit ends a history at 25,000 events", "[engine][limits]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, kLoop, R"({"i":0})");
    CHECK(result.record.failure.error == "States.Runtime");
    CHECK(world.history(engine, result.number).size() == 25'000);
    CHECK_FALSE(engine.redrive(result.number, {}));
  });
}

TEST_CASE("a relaxed history of 60,000 events is read whole, page by page, and redriven",
          "[engine][limits]") {
  FakeWorld world;
  world.limits = relaxed_limits();
  ExecutionNumber number = 0;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, kLoop, R"({"i":0})");
    CHECK(result.record.failure.error == "Done");
    number = result.number;
  });
  world.run([&](Engine& engine) {  // as a new process sees it
    EventId expected = 0;
    HistoryCursor from;
    for (;;) {
      const auto page = engine.history(number, from, 1'000, false, true);
      REQUIRE(page.has_value());
      for (const asl::Value& event : page->events) {
        REQUIRE(event.find("id")->as_int() == ++expected);
      }
      if (!page->next) break;
      from = *page->next;
    }
    CHECK(expected > 60'000);
    REQUIRE(engine.redrive(number, {}));
    const auto again = world.wait_until_ended(engine, number);
    CHECK(again.record.redrive_count == 1);
    const auto last = engine.history(number, {}, 1, true, false);
    REQUIRE(last.has_value());
    CHECK(last->events.at(0).find("id")->as_int() > expected);
  });
}

TEST_CASE("a page of history ends when its documents are large", "[engine][limits]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"A","States":{
      "A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","End":true}}})",
                                      '"' + std::string(100'000, 'x') + '"');
    const auto events_of = [&](const HistoryCursor& from, std::size_t bytes_max, bool data) {
      std::string out = "[";
      const auto next = engine.write_history(result.number, from, 100, bytes_max, false, data, out);
      REQUIRE(next.has_value());
      const auto events = asl::read_json(out + "]");
      REQUIRE(events.has_value());
      return std::pair(events->size(), *next);
    };
    const auto [events, next] = events_of({}, 150'000, true);
    CHECK(events == 2);
    REQUIRE(next);
    CHECK(events_of(*next, SIZE_MAX, true).first == 4);
    // At least one, whatever its size; and without data nothing is large.
    CHECK(events_of({}, 1, true).first == 1);
    CHECK(events_of({}, 150'000, false).first == 6);
  });
}

TEST_CASE("payloads end at the limit, and relaxed ones live through a restart",
          "[engine][limits]") {
  const std::string wait = R"json({"StartAt":"A","States":{
    "A":{"Type":"Pass","Parameters":{"v.$":"States.Array($, $)"},"Next":"W"},
    "W":{"Type":"Wait","Seconds":1000,"Next":"B"},"B":{"Type":"Pass","End":true}}})json";
  const std::string input = '"' + std::string(200'000, 'x') + '"';
  FakeWorld aws;
  aws.run([&](Engine& engine) {
    const auto result = aws.execute(engine, wait, input);
    CHECK(result.record.failure.error == "States.DataLimitExceeded");
  });
  FakeWorld world;
  world.limits = relaxed_limits();
  ExecutionNumber number = 0;
  const std::string large = '"' + std::string(7'000'000, 'x') + '"';
  world.run([&](Engine& engine) {
    world.create(engine, "m", wait);
    StartRequest request;
    request.machine = "m";
    request.name = "e";
    request.input = large;
    const auto started = engine.start(std::move(request));
    REQUIRE(started.has_value());
    number = started->number;
  });
  world.run([&](Engine& engine) {
    const auto ended = world.wait_until_ended(engine, number);
    CHECK(ended.record.status == ExecutionStatus::kSucceeded);
    CHECK(ended.output->size() == 2 * large.size() + std::string(R"({"v":[,]})").size());
  });
}

TEST_CASE("the variables of an execution have no more than their limit together",
          "[engine][limits]") {
  const std::string input = '"' + std::string(200'000, 'v') + '"';
  FakeWorld world;
  world.run([&](Engine& engine) {
    CHECK(world.execute(engine, assigns(52), input).record.status == ExecutionStatus::kSucceeded);
    const auto over = world.execute(engine, assigns(53), input);
    CHECK(over.record.failure.error == "States.DataLimitExceeded");
  });
  FakeWorld relaxed;
  relaxed.limits = relaxed_limits();
  relaxed.run([&](Engine& engine) {
    CHECK(relaxed.execute(engine, assigns(53), input).record.status == ExecutionStatus::kSucceeded);
  });
}

TEST_CASE("assigning a variable again counts its new value alone", "[engine][limits]") {
  FakeWorld world;
  world.limits.variables_bytes = 1'000;
  world.run([&](Engine& engine) {
    const auto result = world.execute(engine, R"({"StartAt":"A","States":{
      "A":{"Type":"Pass","Assign":{"v.$":"$"},"Next":"B"},
      "B":{"Type":"Pass","Assign":{"v.$":"$"},"End":true}}})",
                                      '"' + std::string(700, 'x') + '"');
    CHECK(result.record.status == ExecutionStatus::kSucceeded);
  });
}

}  // namespace pawl::engine::testing
