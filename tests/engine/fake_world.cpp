#include "tests/engine/fake_world.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/validate/validate.h"
#include "runtime/fiber/shard.h"
#include "tests/catch.h"

#include <exception>

namespace pawl::engine::testing {

TaskHandler* FakeTasks::find(const asl::Resource& resource, std::string_view /*machine*/,
                             std::string_view /*state*/) {
  return resource.kind == asl::ResourceKind::kActivity ? nullptr : this;
}

Outcome FakeTasks::run(const TaskRequest& request) {
  keys.push_back(request.idempotency_key);
  return answer ? answer(request) : succeed_with(request.parameters.text());
}

bool FakeTasks::decides(const asl::Resource& resource) const {
  return !deciding_action.empty() && resource.action == deciding_action;
}

Outcome FakeTasks::resume(const TaskRequest& request, const asl::Payload& continuation) {
  return answer_resume ? answer_resume(request, continuation)
                       : TaskHandler::resume(request, continuation);
}

std::string take_frame_out(runtime::Store& store, ExecutionNumber number) {
  std::string key;
  std::string bytes;
  {
    const auto last = store.scan_back(keys::history(number, 0), keys::history(number, 0xFFFFFFFF));
    REQUIRE(last->valid());
    key = last->key();
    bytes = last->value();
  }
  const Result<HistoryRecord> record = open_history(bytes, key);
  REQUIRE(record.has_value());
  REQUIRE(!record->frame.empty());
  runtime::Encoder older(kHistoryVersion);
  older.varint(static_cast<std::uint64_t>(record->first_event)).varint(record->events);
  older.varint(static_cast<std::uint64_t>(record->base_time.time_since_epoch().count()));
  older.varint(record->payloads.size());
  for (const StoredDocument& document : record->payloads) older.string(document.bytes);
  older.raw(record->event_bytes);
  runtime::Batch batch;
  batch.put(key, older.seal());
  REQUIRE(store.write(batch));
  return runtime::seal_record(1, record->frame);
}

Outcome succeed_with(std::string json) {
  TaskSucceeded succeeded;
  succeeded.output = asl::Payload::of_text(std::move(json));
  return succeeded;
}

Outcome fail_with(std::string error, std::string cause) {
  return TaskFailed{{std::move(error), std::move(cause)}};
}

FakeWorld::FakeWorld()
    : clock(runtime::WallTime(std::chrono::milliseconds(1'767'225'600'000))),  // 2026-01-01
      random(42),
      store(runtime::make_memory_store()) {}

FakeWorld::~FakeWorld() = default;

void FakeWorld::run(const std::function<void(Engine&)>& body) {
  runtime::Journal journal(*store);
  runtime::Shard shard({.clock = clock});
  EngineOptions options;
  options.store = store.get();
  options.journal = &journal;
  options.clock = &clock;
  options.random = &random;
  options.handlers = &tasks;
  options.shards = {&shard};
  options.limits = limits;
  options.retention = retention;
  Engine engine(options);
  std::exception_ptr failure;
  shard.run([&] {
    const Status opened = engine.open(0);
    INFO((opened ? "" : opened.error().message));
    CHECK(opened.has_value());
    // A failed REQUIRE is an exception, which must not leave the fiber.
    try {
      if (opened) body(engine);
    } catch (...) {
      failure = std::current_exception();
    }
    engine.close(0);
    shard.stop();
  });
  if (failure) std::rethrow_exception(failure);
}

void FakeWorld::create(Engine& engine, const std::string& name, const std::string& definition,
                       bool express) {
  const auto problems = asl::validate_text(definition, {.express = express, .warnings = false});
  INFO(asl::describe(problems));
  REQUIRE(problems.empty());
  const auto created = engine.create_machine({.name = name,
                                              .definition = definition,
                                              .role_arn = "arn:aws:iam::123456789012:role/r",
                                              .express = express,
                                              .configuration = "{}"});
  INFO((created ? "" : created.error().message));
  REQUIRE(created.has_value());
}

ExecutionDescription FakeWorld::wait_until_ended(Engine& engine, ExecutionNumber number) {
  for (int i = 0; i < 200'000; ++i) {
    Result<ExecutionDescription> description = engine.describe(number);
    // While a store is closed it cannot be read; everything else is a defect.
    if (description) {
      if (description->record.status != ExecutionStatus::kRunning) return *std::move(description);
    } else {
      INFO(description.error().message);
      REQUIRE(description.error().code == ErrorCode::kUnavailable);
    }
    runtime::sleep_for(std::chrono::milliseconds(i < 100 ? 1 : 500));
  }
  FAIL("the execution does not end");
  return {};
}

ExecutionDescription FakeWorld::execute(Engine& engine, const std::string& definition,
                                        const std::string& input) {
  const std::string name = "machine-" + std::to_string(++machines_);
  create(engine, name, definition);
  StartRequest request;
  request.machine = name;
  request.input = input;
  const Result<StartResult> started = engine.start(request);
  INFO((started ? "" : started.error().message));
  REQUIRE(started.has_value());
  return wait_until_ended(engine, started->number);
}

std::vector<asl::Value> FakeWorld::events(Engine& engine, ExecutionNumber number) {
  Result<HistoryPage> page = engine.history(number, {}, 100'000, false, true);
  INFO((page ? "" : page.error().message));
  REQUIRE(page.has_value());
  EventId expected = 1;
  for (const asl::Value& event : page->events) {
    CHECK(event.find("id")->as_int() == expected++);
  }
  return page->events;
}

std::vector<std::string> FakeWorld::history(Engine& engine, ExecutionNumber number) {
  std::vector<std::string> lines;
  for (const asl::Value& event : events(engine, number)) {
    lines.push_back(std::to_string(event.find("id")->as_int()) + "<-" +
                    std::to_string(event.find("previousEventId")->as_int()) + " " +
                    std::string(event.find("type")->as_string()));
  }
  return lines;
}

}  // namespace pawl::engine::testing
