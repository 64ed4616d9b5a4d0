// An engine over a memory store whose Tasks reach the embedded services, and direct calls of them.
#pragma once

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "connectors/embedded/services.h"
#include "connectors/registry.h"
#include "engine/engine.h"
#include "runtime/clock/clock.h"
#include "runtime/journal/journal.h"
#include "runtime/store/memory_store.h"
#include "tests/catch.h"
#include "tests/connectors/support.h"

#include <exception>
#include <functional>
#include <memory>
#include <string>

namespace pawl::connectors::test {

class EmbeddedWorld {
 public:
  EmbeddedWorld() : store(runtime::make_memory_store()) {}

  // Runs `body` on a fiber of the engine's shard, then takes everything down. Again: what a new
  // process makes of the store.
  void run(const std::function<void(EmbeddedWorld&)>& body) {
    runtime::Journal journal(*store);
    runtime::Shard shard({.clock = clock});
    Registry registry;
    engine::EngineOptions options;
    options.store = store.get();
    options.journal = &journal;
    options.clock = &clock;
    options.random = &random;
    options.handlers = handlers != nullptr ? handlers : &registry;
    options.shards = {&shard};
    engine::Engine made(options);
    EmbeddedServices services(made, {directory});
    services.register_handlers(registry);
    engine_ = &made;
    services_ = &services;
    registry_ = &registry;
    std::exception_ptr failure;
    shard.run([&] {
      CHECK(services.open().has_value());
      CHECK(made.open(0).has_value());
      // A failed REQUIRE is an exception, which must not leave the fiber.
      try {
        body(*this);
      } catch (...) {
        failure = std::current_exception();
      }
      made.close(0);
      shard.stop();
    });
    if (failure) std::rethrow_exception(failure);
  }

  engine::Engine& engine() { return *engine_; }
  EmbeddedServices& services() { return *services_; }
  Registry& registry() { return *registry_; }

  // Starts a machine of one Task and waits until it ends.
  engine::ExecutionDescription task(const std::string& resource, const std::string& parameters) {
    return execute(R"({"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::)" +
                   resource + R"(","Parameters":)" + parameters + R"(,"End":true}}})");
  }
  engine::ExecutionDescription execute(const std::string& definition) {
    return wait(start(definition));
  }
  engine::ExecutionNumber start(const std::string& definition) {
    const std::string machine = "machine-" + runtime::uuid4(random);
    REQUIRE(engine()
                .create_machine({.name = machine,
                                 .definition = definition,
                                 .role_arn = "arn:aws:iam::123456789012:role/r",
                                 .express = false,
                                 .configuration = "{}"})
                .has_value());
    engine::StartRequest request;
    request.machine = machine;
    const auto started = engine().start(request);
    REQUIRE(started.has_value());
    return started->number;
  }
  engine::ExecutionDescription wait(engine::ExecutionNumber number) {
    for (int i = 0; i < 100'000; ++i) {
      const auto described = engine().describe(number);
      REQUIRE(described.has_value());
      if (described->record.status != engine::ExecutionStatus::kRunning) return *described;
      runtime::sleep_for(std::chrono::milliseconds(i < 100 ? 1 : 100));
    }
    FAIL("the execution does not end");
    return {};
  }

  // A client's call.
  aws::Answer call(aws::Service& service, const std::string& operation, const std::string& input) {
    aws::Call call;
    call.operation = operation;
    call.input = *asl::read_json(input);
    call.request_id = "00000000-0000-4000-8000-000000000000";
    call.host = "127.0.0.1:8083";
    return service.call(call);
  }
  // Its answer as JSON text, or "CODE: MESSAGE".
  std::string ask(aws::Service& service, const std::string& operation, const std::string& input) {
    const aws::Answer answer = call(service, operation, input);
    if (const auto* error = std::get_if<aws::Error>(&answer)) {
      return error->code + ": " + error->message;
    }
    return asl::to_json(std::get<asl::Value>(answer));
  }

  runtime::VirtualClock clock{runtime::WallTime(std::chrono::milliseconds(1'767'225'600'000))};
  runtime::SeededRandom random{42};
  std::unique_ptr<runtime::Store> store;
  std::string directory;
  engine::TaskHandlers* handlers = nullptr;  // instead of the embedded services' own

 private:
  engine::Engine* engine_ = nullptr;
  EmbeddedServices* services_ = nullptr;
  Registry* registry_ = nullptr;
};

}  // namespace pawl::connectors::test
