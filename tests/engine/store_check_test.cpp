// check_store() finds nothing in what the engine wrote, and every row that is missing or damaged.
#include "engine/store_check.h"

#include "runtime/fiber/shard.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

namespace pawl::engine::testing {

namespace {

using Catch::Matchers::Contains;

StoreCheck check(const runtime::Store& store) {
  const Result<StoreCheck> checked = check_store(store);
  REQUIRE(checked.has_value());
  return *checked;
}

std::string problems(const runtime::Store& store) {
  std::string all;
  for (const Error& problem : check(store).problems) all += problem.message + "; ";
  return all;
}

// A world with executions of all kinds: ended, failed, waiting, with children, Express.
std::unique_ptr<FakeWorld> lived_in() {
  auto world = std::make_unique<FakeWorld>();
  world->tasks.answer = [](const TaskRequest&) { return succeed_with("1"); };
  world->run([&](Engine& engine) {
    world->execute(engine, R"({"StartAt":"P","States":{"P":{"Type":"Pass","Next":"Q"},
      "Q":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","End":true}}})");
    world->execute(engine, R"({"StartAt":"F","States":{"F":{"Type":"Fail"}}})");
    for (const char* type : {"STANDARD", "EXPRESS"}) {
      world->execute(engine,
                     std::string(R"({"StartAt":"M","States":{"M":{"Type":"Map","Label":"L",
        "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":")") +
                         type + R"("},"StartAt":"T","States":{"T":{"Type":"Pass",
        "End":true}}},"End":true}}})",
                     "[1,2,3]");
    }
    // A machine that is made again: its first execution has lost its name to the second.
    for (int i = 0; i < 2; ++i) {
      world->create(engine, "again",
                    R"({"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}})");
      StartRequest again;
      again.machine = "again";
      again.name = "same";
      const Result<StartResult> started = engine.start(again);
      REQUIRE(started.has_value());
      world->wait_until_ended(engine, started->number);
      REQUIRE(engine.delete_machine("again"));
    }
    world->create(engine, "waits", R"({"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,
      "Branches":[{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":9999,"End":true}}}]}}})");
    world->create(engine, "waits alone",
                  R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":999,"End":true}}})");
    for (const char* machine : {"waits", "waits alone"}) {
      StartRequest request;
      request.machine = machine;
      request.name = "w";
      REQUIRE(engine.start(request).has_value());
    }
  });
  return world;
}

// The first key of a kind.
std::string first(const runtime::Store& store, std::string_view kind) {
  const auto rows = store.scan(kind, keys::prefix_end(kind));
  REQUIRE(rows->valid());
  return std::string(rows->key());
}

}  // namespace

TEST_CASE("what the engine wrote is sound", "[engine][check]") {
  const auto world = lived_in();
  const StoreCheck checked = check(*world->store);
  INFO(problems(*world->store));
  CHECK(checked.problems.empty());
  CHECK(checked.executions == 14);
  CHECK(checked.events > 30);
  CHECK(checked.records > checked.executions);
}

TEST_CASE("a row that is missing is told by what it was for", "[engine][check]") {
  const auto world = lived_in();
  const auto lose = [&](const std::string& key) {
    runtime::Batch batch;
    batch.erase(key);
    REQUIRE(world->store->write(batch));
  };
  SECTION("a record of a history") {
    const ExecutionNumber number = runtime::Decoder(first(*world->store, "h").substr(1)).u64();
    lose(keys::history(number, 1));
    CHECK_THAT(problems(*world->store), Contains("the history goes on with event"));
  }
  SECTION("the frames of an execution that runs") {
    const ExecutionNumber waits = runtime::Decoder(first(*world->store, "f").substr(1)).u64();
    lose(keys::frame(waits, 0));
    lose(keys::frame(waits, 1));
    CHECK_THAT(problems(*world->store), Contains("is RUNNING and has no frame"));
  }
  SECTION("the frame in the last record of an execution that runs") {
    const ExecutionNumber waits = runtime::Decoder(first(*world->store, "t").substr(9)).u64();
    (void)take_frame_out(*world->store, waits);
    CHECK_THAT(problems(*world->store), Contains("is RUNNING and has no frame"));
  }
  SECTION("a name") {
    lose(first(*world->store, "n"));
    CHECK_THAT(problems(*world->store), Contains("is not found by its name"));
  }
  SECTION("an execution") {
    lose(first(*world->store, "e"));
    CHECK_THAT(problems(*world->store), Contains("an execution that is not there"));
  }
  SECTION("an entry of a list") {
    lose(first(*world->store, "l"));
    CHECK_THAT(problems(*world->store), Contains("is missing in the list"));
  }
}

TEST_CASE("a byte that changed is found in every kind of record", "[engine][check]") {
  const auto world = lived_in();
  for (const std::string_view kind : {"e", "h", "f", "M", "R", "m", "c"}) {
    INFO(kind);
    const std::string key = first(*world->store, kind);
    const std::string before = **world->store->get(key);
    std::string after = before;
    after[after.size() / 2] = static_cast<char>(after[after.size() / 2] ^ 0x10);
    runtime::Batch batch;
    batch.put(key, after);
    REQUIRE(world->store->write(batch));
    CHECK_FALSE(check(*world->store).problems.empty());
    batch.clear();
    batch.put(key, before);
    REQUIRE(world->store->write(batch));
    CHECK(check(*world->store).problems.empty());
  }
}

TEST_CASE("problems without number are counted, not gathered", "[engine][check]") {
  FakeWorld world;
  runtime::Batch batch;
  for (std::size_t i = 0; i < kStoreProblemsMax + 10; ++i) {
    batch.put(keys::history(1, static_cast<std::uint32_t>(i)), "not a record");
  }
  REQUIRE(world.store->write(batch));
  const StoreCheck checked = check(*world.store);
  CHECK(checked.problems.size() == kStoreProblemsMax);
  CHECK(checked.more_problems);
}

}  // namespace pawl::engine::testing
