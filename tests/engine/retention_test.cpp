// Executions are erased when their retention is over: whole, with all that is theirs, and nothing
// else.
#include "runtime/fiber/shard.h"
#include "runtime/store/testing/faulty_store.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

#include <set>

namespace pawl::engine::testing {

namespace {

using std::chrono::hours;

constexpr const char* kPass = R"({"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}})";
constexpr const char* kFail = R"({"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E"}}})";
constexpr const char* kWaitTenHours =
    R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":36000,"End":true}}})";
constexpr const char* kMapOfWaits = R"({"StartAt":"M","States":{"M":{"Type":"Map","Label":"L",
  "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
  "StartAt":"W","States":{"W":{"Type":"Wait","SecondsPath":"$","End":true}}},"End":true}}})";

Result<StartResult> start(Engine& engine, const std::string& machine, const std::string& name,
                          const std::string& input = "{}") {
  StartRequest request;
  request.machine = machine;
  request.name = name;
  request.input = input;
  return engine.start(request);
}

ExecutionNumber number_of(const Result<StartResult>& started) {
  INFO((started ? "" : started.error().message));
  REQUIRE(started.has_value());
  return started->number;
}

// The kinds of rows that a store has, apart from those of machines and of the store itself.
std::string kinds(const runtime::Store& store) {
  std::set<char> found;
  for (auto it = store.scan({}, {}); it->valid(); it->next()) found.insert(it->key().front());
  for (const char machine : {'!', 'L', 'M', 'R'}) found.erase(machine);
  return {found.begin(), found.end()};
}

std::uint64_t erase(Engine& engine) {
  const Result<std::uint64_t> erased = engine.erase_expired();
  INFO((erased ? "" : erased.error().message));
  REQUIRE(erased.has_value());
  return *erased;
}

}  // namespace

TEST_CASE("an execution is erased so long after its end, and its name is free",
          "[engine][retention]") {
  FakeWorld world;
  world.retention = hours(48);
  world.run([&](Engine& engine) {
    world.create(engine, "pass", kPass);
    world.create(engine, "fail", kFail);
    const ExecutionNumber first = number_of(start(engine, "pass", "a"));
    const ExecutionNumber failed = number_of(start(engine, "fail", "b"));
    world.wait_until_ended(engine, first);
    world.wait_until_ended(engine, failed);
    runtime::sleep_for(hours(47));
    CHECK(erase(engine) == 0);
    CHECK(start(engine, "pass", "a").error().code == ErrorCode::kExists);
    const ExecutionNumber late = number_of(start(engine, "pass", "late"));
    world.wait_until_ended(engine, late);

    runtime::sleep_for(hours(2));
    CHECK(erase(engine) == 2);
    CHECK(engine.describe(first).error().code == ErrorCode::kNotFound);
    CHECK(engine.describe(failed).error().code == ErrorCode::kNotFound);
    CHECK(engine.history(first, {}, 10, false, true)->events.empty());
    CHECK(engine.list("fail", {}, {}, 10)->empty());
    CHECK(engine.redrive(failed, {}).error().code == ErrorCode::kNotFound);
    CHECK(engine.describe(late).has_value());
    CHECK(engine.statistics().executions_erased == 2);

    // The new one of that name stays when its turn is not yet.
    const ExecutionNumber second = number_of(start(engine, "pass", "a"));
    world.wait_until_ended(engine, second);
    runtime::sleep_for(hours(47));
    CHECK(erase(engine) == 1);
    CHECK(*engine.find("pass", "a") == second);
    runtime::sleep_for(hours(2));
    CHECK(erase(engine) == 1);
  });
  CHECK(kinds(*world.store).empty());
}

TEST_CASE("what runs is kept however old it is; the time counts from the end",
          "[engine][retention]") {
  FakeWorld world;
  world.retention = hours(2);
  ExecutionNumber waits = 0;
  world.run([&](Engine& engine) {
    world.create(engine, "wait", kWaitTenHours);
    waits = number_of(start(engine, "wait", "w"));
    runtime::sleep_for(hours(9));
    CHECK(erase(engine) == 0);
  });
  world.run([&](Engine& engine) {
    CHECK(world.wait_until_ended(engine, waits).record.status == ExecutionStatus::kSucceeded);
    runtime::sleep_for(hours(1));
    CHECK(erase(engine) == 0);
    runtime::sleep_for(hours(1));
    CHECK(erase(engine) == 1);
  });
  CHECK(kinds(*world.store).empty());
}

TEST_CASE("without a retention nothing is erased", "[engine][retention]") {
  FakeWorld world;
  world.run([&](Engine& engine) {
    world.execute(engine, kPass);
    runtime::sleep_for(hours(24 * 365));
    CHECK(erase(engine) == 0);
  });
  CHECK_FALSE(kinds(*world.store).empty());
}

TEST_CASE("the children of a Map Run stay with its parent, and go with it", "[engine][retention]") {
  FakeWorld world;
  world.retention = hours(1);
  ExecutionNumber parent = 0;
  world.run([&](Engine& engine) {
    world.create(engine, "map", kMapOfWaits);
    parent = number_of(start(engine, "map", "m", "[1, 36000]"));
    runtime::sleep_for(hours(5));
    CHECK(erase(engine) == 0);
    CHECK(world.wait_until_ended(engine, parent).output == "[1,36000]");
    runtime::sleep_for(hours(2));
    CHECK(erase(engine) == 1);
  });
  CHECK(kinds(*world.store).empty());
}

TEST_CASE(
    "an execution with more rows than a commit takes is gone at once, and its rows even if "
    "the store fails in between",
    "[engine][retention]") {
  std::string items = "[0";
  for (int i = 0; i < 700; ++i) items += ",0";
  items += "]";
  for (const auto fault : {runtime::WriteFault::kBefore, runtime::WriteFault::kAfter}) {
    for (std::uint64_t nth = 1; nth <= 3; ++nth) {
      INFO("fault " << static_cast<int>(fault) << " at write " << nth);
      FakeWorld world;
      world.retention = hours(1);
      const std::unique_ptr<runtime::Store> kept = std::move(world.store);
      auto faulty = std::make_unique<runtime::FaultyStore>(*kept);
      runtime::FaultyStore& store = *faulty;
      world.store = std::move(faulty);
      ExecutionNumber parent = 0;
      world.run([&](Engine& engine) {
        world.create(engine, "map", kMapOfWaits);
        parent = number_of(start(engine, "map", "m", items));
        world.wait_until_ended(engine, parent);
        runtime::sleep_for(hours(2));
        store.fail_write(nth, fault);
        CHECK_FALSE(engine.erase_expired().has_value());
        store.heal();
        while (store.closed()) runtime::sleep_for(std::chrono::milliseconds(1));
      });
      world.run([&](Engine& engine) {
        const bool gone = !engine.describe(parent).has_value();
        CHECK(gone == (nth > 1 || fault == runtime::WriteFault::kAfter));
        CHECK(erase(engine) == (gone ? 0 : 1));
      });
      CHECK(kinds(*world.store).empty());
    }
  }
}

TEST_CASE("a long history between two that are erased stays whole", "[engine][retention]") {
  FakeWorld world;
  world.retention = hours(1);
  world.run([&](Engine& engine) {
    world.create(engine, "pass", kPass);
    world.create(engine, "loop",
                 R"({"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":30,"Next":"C"},
      "C":{"Type":"Choice","Choices":[{"Variable":"$.end","IsPresent":true,"Next":"E"}],
      "Default":"W"},"E":{"Type":"Succeed"}}})");
    const ExecutionNumber before = number_of(start(engine, "pass", "a"));
    const ExecutionNumber loops = number_of(start(engine, "loop", "l"));
    const ExecutionNumber behind = number_of(start(engine, "pass", "b"));
    world.wait_until_ended(engine, before);
    world.wait_until_ended(engine, behind);
    runtime::sleep_for(hours(3));
    const std::size_t events = world.history(engine, loops).size();
    CHECK(events > 600);
    CHECK(erase(engine) == 2);
    const std::vector<asl::Value> left = world.events(engine, loops);
    CHECK(left.size() >= events);
    CHECK(engine.history(behind, {}, 10, false, true)->events.empty());
  });
}

TEST_CASE("an execution that is redriven while others are erased is kept", "[engine][retention]") {
  FakeWorld world;
  world.retention = hours(1);
  constexpr int kExecutions = 400;  // more rows than a commit takes
  world.run([&](Engine& engine) {
    world.create(engine, "fail", kFail);
    ExecutionNumber last = 0;
    for (int i = 0; i < kExecutions; ++i) last = number_of(start(engine, "fail", ""));
    world.wait_until_ended(engine, last);
    runtime::sleep_for(hours(2));
    bool redriven = false;
    REQUIRE(
        runtime::Shard::current()->spawn([&] { redriven = engine.redrive(last, {}).has_value(); }));
    CHECK(erase(engine) == kExecutions - 1);
    CHECK(redriven);
    CHECK(world.wait_until_ended(engine, last).record.redrive_count == 1);
    CHECK(engine.list("fail", {}, {}, 10)->size() == 1);
  });
}

TEST_CASE("many executions are erased in bounded commits", "[engine][retention]") {
  FakeWorld world;
  world.retention = hours(1);
  constexpr int kExecutions = 1'500;
  world.run([&](Engine& engine) {
    world.create(engine, "pass", kPass);
    ExecutionNumber last = 0;
    for (int i = 0; i < kExecutions; ++i) last = number_of(start(engine, "pass", ""));
    world.wait_until_ended(engine, last);
    runtime::sleep_for(hours(2));
    const ExecutionNumber young = number_of(start(engine, "pass", "young"));
    world.wait_until_ended(engine, young);
    CHECK(erase(engine) == kExecutions);
    CHECK(engine.list("pass", {}, {}, 10)->size() == 1);
    CHECK(erase(engine) == 0);
  });
}

}  // namespace pawl::engine::testing
