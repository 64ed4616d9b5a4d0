// Every write of a scenario is taken as the moment of a crash once: what the next process makes of
// the store must be what would have been without the crash.
#include "runtime/fiber/shard.h"
#include "runtime/store/testing/faulty_store.h"
#include "tests/catch.h"
#include "tests/engine/fake_world.h"

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace pawl::engine::testing {

namespace {

struct Scenario {
  const char* name;
  const char* definition;
  const char* input;
  const char* output;
};

const Scenario kScenarios[] = {
    {"Parallel with a wait and a retried task",
     R"({"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[
       {"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3,"Next":"A"},
         "A":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","End":true}}},
       {"StartAt":"B","States":{"B":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage",
         "Parameters":{"flaky.$":"$$.State.RetryCount"},
         "Retry":[{"ErrorEquals":["Flaky"]}],"End":true}}}],"End":true}}})",
     R"({"a":1})", R"([{"a":1},{"flaky":1}])"},
    {"Map of tasks, two at a time",
     R"({"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":2,"ItemProcessor":{"StartAt":"T",
       "States":{"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","Next":"O"},
       "O":{"Type":"Pass","Parameters":{"i.$":"$$.Map.Item.Index","v.$":"$"},"End":true}}},
       "ResultPath":"$.r","ItemsPath":"$.items","Next":"S"},"S":{"Type":"Succeed"}}})",
     R"({"items":[7,8,9]})",
     R"({"items":[7,8,9],"r":[{"i":0,"v":7},{"i":1,"v":8},{"i":2,"v":9}]})"},
    {"a caught failure and a variable",
     R"({"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"v":[1,2]},"Next":"T"},
       "T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","Parameters":{"fail":true},
         "Catch":[{"ErrorEquals":["Bad"],"ResultPath":"$.e","Next":"W"}],"End":true},
       "W":{"Type":"Wait","Seconds":1,"Next":"Z"},
       "Z":{"Type":"Pass","Parameters":{"v.$":"$v","e.$":"$.e.Error"},"End":true}}})",
     "{}", R"({"v":[1,2],"e":"Bad"})"},
};

Outcome answer(const TaskRequest& request) {
  runtime::sleep_for(std::chrono::seconds(1));
  const asl::Value& parameters = request.parameters.value();
  if (const asl::Value* flaky = parameters.find("flaky");
      flaky != nullptr && flaky->as_int() == 0) {
    return fail_with("Flaky", "once");
  }
  if (parameters.find("fail") != nullptr) return fail_with("Bad", "always");
  return succeed_with(request.parameters.text());
}

EventId scheduled_event(std::string_view key) {
  return std::stoll(std::string(key.substr(key.rfind('.') + 1)));
}

std::set<EventId> called(const FakeWorld& world) {
  std::set<EventId> events;
  for (const std::string& key : world.tasks.keys) events.insert(scheduled_event(key));
  return events;
}

// What an embedded connector does: its row joins the outcome's commit.
Outcome decide(const TaskRequest& request) {
  JoinedWrites writes;
  writes.batch.put("decided/" + request.idempotency_key, "1");
  const asl::Value& parameters = request.parameters.value();
  if (const asl::Value* flaky = parameters.find("flaky");
      flaky != nullptr && flaky->as_int() == 0) {
    return TaskFailed{{"Flaky", "once"}, std::move(writes)};
  }
  if (parameters.find("fail") != nullptr) return TaskFailed{{"Bad", "always"}, std::move(writes)};
  return TaskSucceeded{request.parameters, std::move(writes)};
}

// Runs the scenario with a crash at the nth write, and looks at what the next process makes of it.
void crash_at(FakeWorld& world, const Scenario& scenario, std::uint64_t nth,
              const std::function<void(const std::set<EventId>& scheduled)>& look) {
  INFO(scenario.name << ", crash at write " << nth);
  const std::unique_ptr<runtime::Store> kept = std::move(world.store);
  auto faulty = std::make_unique<runtime::FaultyStore>(*kept);
  runtime::FaultyStore& store = *faulty;
  world.store = std::move(faulty);
  StartRequest request;
  request.machine = "m";
  request.name = "one";
  request.input = scenario.input;
  world.run([&](Engine& engine) {
    world.create(engine, "m", scenario.definition);
    store.fail_write(nth, runtime::WriteFault::kBefore);
    static_cast<void>(engine.start(request));
    runtime::sleep_for(std::chrono::seconds(60));
  });
  store.heal();
  REQUIRE(store.reopen().has_value());
  world.run([&](Engine& engine) {
    // Asked again, as a client that got no answer does: the same execution, or its end.
    Result<StartResult> started = engine.start(request);
    const ExecutionNumber number = started ? started->number : engine.find("m", "one").value_or(0);
    REQUIRE(number != 0);
    const auto result = world.wait_until_ended(engine, number);
    CHECK(result.output == scenario.output);
    std::set<EventId> scheduled;
    for (const asl::Value& event : world.events(engine, number)) {
      if (event.find("type")->as_string() == "TaskScheduled") {
        scheduled.insert(event.find("id")->as_int());
      }
    }
    look(scheduled);
  });
  world.store.reset();  // before `kept`
}

}  // namespace

TEST_CASE("a crash at any write of a scenario changes nothing but the time", "[engine][crash]") {
  for (const Scenario& scenario : kScenarios) {
    for (std::uint64_t nth = 1; nth < 16; ++nth) {
      FakeWorld world;
      world.tasks.answer = answer;
      crash_at(world, scenario, nth, [&](const std::set<EventId>& scheduled) {
        // Every call was for an attempt that history shows, and every attempt was called.
        CHECK(called(world) == scheduled);
      });
    }
  }
}

TEST_CASE("what a Task decides is there exactly if its history says so", "[engine][crash]") {
  for (const Scenario& scenario : kScenarios) {
    for (std::uint64_t nth = 1; nth < 10; ++nth) {
      FakeWorld world;
      world.tasks.deciding_action = "sendMessage";
      world.tasks.answer = decide;
      crash_at(world, scenario, nth, [&](const std::set<EventId>& scheduled) {
        std::set<EventId> decided;
        for (auto row = world.store->scan("decided/", "decided0"); row->valid(); row->next()) {
          CHECK(row->value() == "1");
          decided.insert(scheduled_event(row->key()));
        }
        CHECK(decided == scheduled);
      });
    }
  }
}

}  // namespace pawl::engine::testing
