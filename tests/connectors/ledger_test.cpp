#include "connectors/embedded/ledger.h"

#include "tests/connectors/embedded_world.h"

#include <vector>

namespace pawl::connectors::test {

namespace {

// Adds one to the number in `key`.
Ledger::Decide increment(const std::string& key) {
  return [key](Change& change) {
    const std::optional<std::string> row = change.get(key);
    change.put(key, std::to_string((row ? std::stoi(*row) : 0) + 1));
  };
}

std::string row_of(Ledger& ledger, const std::string& key) {
  std::optional<std::string> row;
  CHECK(ledger.read([&](Change& change) { row = change.get(key); }).has_value());
  return row.value_or("(none)");
}

// A Task that increments the row "Sx" as part of its commit, and answers what `answer` says.
class Incrementing final : public engine::TaskHandlers, public engine::TaskHandler {
 public:
  engine::TaskHandler* find(const asl::Resource&, std::string_view, std::string_view) override {
    return this;
  }
  engine::Outcome run(const engine::TaskRequest&) override {
    engine::JoinedWrites writes;
    REQUIRE(ledger->apply(increment("Sx"), &writes).has_value());
    if (between) between();
    return engine::TaskSucceeded{asl::Payload::of_text("{}"), std::move(writes)};
  }
  bool decides(const asl::Resource& resource) const override {
    return at_once && resource.service == "sqs";
  }
  Ledger* ledger = nullptr;
  std::function<void()> between;
  bool at_once = false;  // those of sqs, within the turn that schedules them
};

constexpr const char* kTask =
    R"({"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage",)"
    R"("TimeoutSeconds":2,"End":true}}})";

}  // namespace

TEST_CASE("decisions that overlap see each other, durable or not", "[connectors][ledger]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    Ledger& ledger = world.services().ledger();
    int left = 20;
    runtime::WaitPoint all;
    for (int i = 0; i < 20; ++i) {
      REQUIRE(ledger.shard()
                  .spawn([&] {
                    CHECK(ledger.commit(increment("Sx")).has_value());
                    if (--left == 0) all.wake();
                  })
                  .has_value());
    }
    all.wait();
    CHECK(row_of(ledger, "Sx") == "20");
  });
}

TEST_CASE("a scan merges what is decided with what is stored", "[connectors][ledger]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    Ledger& ledger = world.services().ledger();
    REQUIRE(ledger
                .commit([](Change& change) {
                  for (const char* key : {"Sa", "Sb", "Sd"}) change.put(key, "stored");
                })
                .has_value());
    std::string forward;
    std::string back;
    REQUIRE(ledger
                .commit([&](Change& change) {
                  forward.clear();
                  back.clear();
                  change.put("Sc", "new");
                  change.erase("Sb");
                  change.scan("S", "T", [&](std::string_view key, std::string_view) {
                    forward.append(key);
                    return true;
                  });
                  change.scan_back("S", "T", [&](std::string_view key, std::string_view) {
                    back.append(key);
                    return true;
                  });
                })
                .has_value());
    CHECK(forward == "SaScSd");
    CHECK(back == "SdScSa");
  });
}

TEST_CASE("the writes of a Task happen with its commit", "[connectors][ledger]") {
  EmbeddedWorld world;
  Incrementing tasks;
  world.handlers = &tasks;
  world.run([&](EmbeddedWorld& w) {
    Ledger& ledger = w.services().ledger();
    tasks.ledger = &ledger;
    bool other_done = false;
    tasks.between = [&] {
      // Held: another decision about the row waits for this Task's commit.
      REQUIRE(ledger.shard()
                  .spawn([&] {
                    CHECK(ledger.commit(increment("Sx")).has_value());
                    other_done = true;
                  })
                  .has_value());
      runtime::yield();
      CHECK(row_of(ledger, "Sx") == "(none)");
      CHECK_FALSE(other_done);
    };
    CHECK(w.execute(kTask).record.status == engine::ExecutionStatus::kSucceeded);
    while (!other_done) runtime::sleep_for(std::chrono::milliseconds(1));
    CHECK(row_of(ledger, "Sx") == "2");
  });
}

TEST_CASE(
    "Tasks that decide about one row within their turns wait for each other, and none forever",
    "[connectors][ledger]") {
  EmbeddedWorld world;
  Incrementing tasks;
  tasks.at_once = true;
  world.handlers = &tasks;
  world.run([&](EmbeddedWorld& w) {
    tasks.ledger = &w.services().ledger();
    constexpr int kExecutions = 50;
    const std::string task = R"({"Type":"Task","Resource":"arn:aws:states:::)";
    const std::string two = task + R"(sqs:sendMessage","Next":"B"},"B":)" + task;
    const std::string branch = R"({"StartAt":"A","States":{"A":)" + two;
    const std::string definition =
        R"({"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[)" + branch +
        R"(sqs:sendMessage","End":true}}},)" + branch + R"(sns:publish","End":true}}},)" +
        R"({"StartAt":"C","States":{"C":)" + task + R"(sns:publish","End":true}}}],"End":true}}})";
    // A client decides about it between any two of them.
    bool over = false;
    int clients = 0;
    runtime::WaitPoint ended;
    REQUIRE(tasks.ledger->shard()
                .spawn([&] {
                  while (!over) {
                    CHECK(tasks.ledger->commit(increment("Sx")).has_value());
                    ++clients;
                    runtime::sleep_for(std::chrono::microseconds(100));
                  }
                  ended.wake();
                })
                .has_value());
    std::vector<engine::ExecutionNumber> started;
    for (int i = 0; i < kExecutions; ++i) started.push_back(w.start(definition));
    for (const engine::ExecutionNumber number : started) {
      CHECK(w.wait(number).record.status == engine::ExecutionStatus::kSucceeded);
    }
    over = true;
    ended.wait();
    CHECK(row_of(*tasks.ledger, "Sx") == std::to_string(5 * kExecutions + clients));
  });
}

TEST_CASE("the writes of a Task that nobody waits for never happen", "[connectors][ledger]") {
  EmbeddedWorld world;
  Incrementing tasks;
  world.handlers = &tasks;
  world.run([&](EmbeddedWorld& w) {
    tasks.ledger = &w.services().ledger();
    tasks.between = [] { runtime::sleep_for(std::chrono::seconds(5)); };
    CHECK(w.execute(kTask).record.status == engine::ExecutionStatus::kFailed);
    runtime::sleep_for(std::chrono::seconds(10));
    CHECK(row_of(*tasks.ledger, "Sx") == "(none)");
    CHECK(tasks.ledger->commit(increment("Sx")).has_value());  // nothing is held any more
    CHECK(row_of(*tasks.ledger, "Sx") == "1");
  });
}

TEST_CASE("what a Task learns of a row that is not durable yet, it learns when that is",
          "[connectors][ledger]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    Ledger& ledger = world.services().ledger();
    for (int i = 1; i <= 50; ++i) {
      REQUIRE(ledger.shard()
                  .spawn([&] { CHECK(ledger.commit(increment("Sx")).has_value()); })
                  .has_value());
      runtime::yield();  // it is decided
      std::string seen;
      engine::JoinedWrites writes;
      CHECK(
          ledger.apply([&](Change& change) { seen = change.get("Sx").value_or("(none)"); }, &writes)
              .has_value());
      CHECK(seen == std::to_string(i));
      CHECK(row_of(ledger, "Sx") == seen);
      CHECK(writes.fate == nullptr);
    }
  });
}

// Counts how often a row is decoded.
int decoded = 0;
Result<int> decode_number(std::string_view row, std::string_view key) {
  ++decoded;
  if (row == "damaged") return Error{ErrorCode::kCorrupt, "damaged", std::string(key)};
  return std::stoi(std::string(row));
}

// What a decision reads, that only reads.
std::string remembered_of(Ledger& ledger, const std::string& key) {
  std::string seen;
  CHECK(ledger
            .read([&](Change& change) {
              const auto number = change.get_remembered(key, decode_number);
              seen = number == nullptr ? "(none)" : std::to_string(*number);
            })
            .has_value());
  return seen;
}

TEST_CASE("what is remembered of a row is what it says, at every moment", "[connectors][ledger]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    Ledger& ledger = world.services().ledger();
    decoded = 0;
    CHECK(remembered_of(ledger, "Sx") == "(none)");
    CHECK(decoded == 0);
    REQUIRE(ledger.commit(increment("Sx")).has_value());
    for (int i = 0; i < 3; ++i) CHECK(remembered_of(ledger, "Sx") == "1");
    CHECK(decoded == 1);

    // Decided and perhaps not durable yet: others that decide see it, what only reads may not.
    for (int i = 2; i <= 100; i += 2) {
      REQUIRE(ledger.shard()
                  .spawn([&] { CHECK(ledger.commit(increment("Sx")).has_value()); })
                  .has_value());
      runtime::yield();
      const std::string read = remembered_of(ledger, "Sx");
      CHECK((read == std::to_string(i - 1) || read == std::to_string(i)));
      int seen = 0;
      REQUIRE(ledger
                  .commit([&](Change& change) {
                    seen = *change.get_remembered("Sx", decode_number);
                    change.put("Sx", std::to_string(seen + 1));
                    CHECK(*change.get_remembered("Sx", decode_number) == seen + 1);
                  })
                  .has_value());
      CHECK(seen == i);
      CHECK(remembered_of(ledger, "Sx") == std::to_string(i + 1));
    }
    REQUIRE(ledger.commit([](Change& change) { change.erase("Sx"); }).has_value());
    CHECK(remembered_of(ledger, "Sx") == "(none)");
  });
}

TEST_CASE("nothing is remembered of a row that a Task holds, and whoever depends on it waits",
          "[connectors][ledger]") {
  EmbeddedWorld world;
  Incrementing tasks;
  world.handlers = &tasks;
  world.run([&](EmbeddedWorld& w) {
    Ledger& ledger = w.services().ledger();
    tasks.ledger = &ledger;
    REQUIRE(ledger.commit(increment("Sx")).has_value());
    CHECK(remembered_of(ledger, "Sx") == "1");
    int seen = 0;
    tasks.between = [&] {
      REQUIRE(ledger.shard()
                  .spawn([&] {
                    CHECK(ledger
                              .commit([&](Change& change) {
                                seen = *change.get_remembered("Sx", decode_number);
                                change.put("Sy", std::to_string(seen));
                              })
                              .has_value());
                  })
                  .has_value());
      runtime::yield();
      decoded = 0;
      for (int i = 0; i < 2; ++i) CHECK(remembered_of(ledger, "Sx") == "1");
      CHECK(decoded == 2);
      CHECK(row_of(ledger, "Sy") == "(none)");
    };
    CHECK(w.execute(kTask).record.status == engine::ExecutionStatus::kSucceeded);
    CHECK(remembered_of(ledger, "Sx") == "2");
    while (row_of(ledger, "Sy") == "(none)") runtime::sleep_for(std::chrono::milliseconds(1));
    CHECK(seen == 2);
  });
}

TEST_CASE("a row that does not decode fails the decision, each time", "[connectors][ledger]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    Ledger& ledger = world.services().ledger();
    REQUIRE(ledger.commit([](Change& change) { change.put("Sx", "damaged"); }).has_value());
    for (int i = 0; i < 2; ++i) {
      const Status status = ledger.commit([](Change& change) {
        CHECK(change.get_remembered("Sx", decode_number) == nullptr);
        change.put("Sy", "1");
      });
      REQUIRE_FALSE(status.has_value());
      CHECK(status.error().where == "Sx");
    }
    CHECK(row_of(ledger, "Sy") == "(none)");
  });
}

TEST_CASE("a decision that fails writes nothing", "[connectors][ledger]") {
  EmbeddedWorld().run([](EmbeddedWorld& world) {
    Ledger& ledger = world.services().ledger();
    const Status status = ledger.commit([](Change& change) {
      change.put("Sx", "1");
      change.fail({ErrorCode::kCorrupt, "damaged", "Sx"});
    });
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code == ErrorCode::kCorrupt);
    CHECK(row_of(ledger, "Sx") == "(none)");
  });
}

}  // namespace pawl::connectors::test
