// A server over a memory store, and a client that speaks to it over loopback.
#pragma once

#include "asl/json/reader.h"
#include "asl/json/value.h"
#include "asl/json/writer.h"
#include "connectors/registry.h"
#include "connectors/states/handler.h"
#include "runtime/http/client.h"
#include "runtime/store/memory_store.h"
#include "service/service.h"
#include "tests/catch.h"
#include "tests/runtime/shard_fixture.h"

#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace pawl::service::test {

inline const std::string kPass = R"({"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}})";
inline const std::string kWait =
    R"({"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":600,"End":true}}})";
inline const std::string kRole = "arn:aws:iam::123456789012:role/test";

struct Reply {
  int status = 0;
  std::string text;
  asl::Value body;
  runtime::HttpHeaders headers;

  // Of a refusal: the name behind the '#', and the message.
  std::string error() const {
    const std::string type = member("__type");
    return type.substr(type.find('#') + 1);
  }
  std::string message() const { return member("message"); }
  // Text members as they are, others as JSON; empty if absent.
  std::string member(std::string_view name) const {
    const asl::Value* value = body.find(name);
    if (value == nullptr) return {};
    return value->is_string() ? std::string(value->as_string()) : asl::to_json(*value);
  }
  std::size_t count(std::string_view list) const {
    const asl::Value* value = body.find(list);
    return value == nullptr ? 0 : value->size();
  }
};

class Client {
 public:
  Client(runtime::Shard& shard, std::uint16_t port) : port_(port), http_(shard) {}

  Reply send(runtime::HttpCall call, const std::string& path = "/") {
    call.url = "http://127.0.0.1:" + std::to_string(port_) + path;
    call.max_response_bytes = std::size_t{64} << 20;
    const auto answer = http_.call(call);
    REQUIRE(answer.has_value());
    Reply reply{answer->status, answer->body, {}, answer->headers};
    if (const auto json = asl::read_json(reply.text)) reply.body = *json;
    return reply;
  }

  Reply operator()(std::string_view operation, const std::string& body) {
    runtime::HttpCall call;
    call.method = "POST";
    call.headers.add("Content-Type", "application/x-amz-json-1.0");
    call.headers.add("X-Amz-Target", "AWSStepFunctions." + std::string(operation));
    call.body = body;
    return send(std::move(call));
  }

  // Members whose values are strings: {"name", "x", "definition", "{...}"}.
  Reply operator()(std::string_view operation,
                   std::initializer_list<std::pair<std::string_view, std::string>> members) {
    asl::ObjectBuilder body;
    for (const auto& [name, text] : members) body.set(name, asl::Value::string(text));
    return (*this)(operation, asl::to_json(std::move(body).build()));
  }

  std::string create(const std::string& name, const std::string& definition = kPass,
                     const std::string& type = "STANDARD") {
    const Reply made =
        (*this)("CreateStateMachine",
                {{"name", name}, {"definition", definition}, {"roleArn", kRole}, {"type", type}});
    INFO(made.text);
    REQUIRE(made.status == 200);
    return made.member("stateMachineArn");
  }

  std::string start(const std::string& machine, const std::string& name = "") {
    const Reply started =
        name.empty() ? (*this)("StartExecution", {{"stateMachineArn", machine}})
                     : (*this)("StartExecution", {{"stateMachineArn", machine}, {"name", name}});
    INFO(started.text);
    REQUIRE(started.status == 200);
    return started.member("executionArn");
  }

  // DescribeExecution once it has ended.
  Reply ended(const std::string& execution) {
    for (int i = 0; i < 2000; ++i) {
      Reply described = (*this)("DescribeExecution", {{"executionArn", execution}});
      REQUIRE(described.status == 200);
      if (described.member("status") != "RUNNING") return described;
      runtime::sleep_for(std::chrono::milliseconds(5));
    }
    FAIL("it does not end: " << execution);
    return {};
  }

 private:
  std::uint16_t port_;
  runtime::HttpClient http_;
};

class World {
 public:
  World() : store_(runtime::make_memory_store()) {}

  // Runs `body` against a server of its own. What it left in the store is there for the next one.
  void run(const std::function<void(Client&)>& body) {
    run([&](Client& client, Service& /*service*/) { body(client); });
  }
  void run(const std::function<void(Client&, Service&)>& body,
           const ServiceOptions& service_options = {.port = 0}) {
    const runtime::Watchdog watchdog(std::chrono::seconds(30));
    runtime::Journal journal(*store_);
    runtime::SystemRandom random;
    runtime::Shard shard({.clock = runtime::real_clock()});
    connectors::Registry registry;
    auto states = std::make_shared<connectors::StatesHandler>(shard.clock());
    registry.add("states", states);
    registry.add("aws-sdk:sfn", states);
    engine::EngineOptions options;
    options.store = store_.get();
    options.journal = &journal;
    options.clock = &shard.clock();
    options.random = &random;
    options.handlers = &registry;
    options.shards = {&shard};
    options.limits = limits;
    engine::Engine engine(std::move(options));
    Service service(engine, shard, service_options);
    states->connect(service.api());
    std::exception_ptr failure;
    shard.run([&] {
      // A failed REQUIRE is an exception, which must not leave the fiber.
      try {
        REQUIRE(engine.open(0));
        REQUIRE(service.start());
        {
          Client client(shard, service.port());
          body(client, service);
        }
        REQUIRE(service.stop(shard.clock().after(std::chrono::seconds(5))));
      } catch (...) {
        failure = std::current_exception();
      }
      engine.close(0);
      shard.stop();
    });
    if (failure) std::rethrow_exception(failure);
  }

  engine::Limits limits;  // of the servers that run() makes

 private:
  std::unique_ptr<runtime::Store> store_;
};

}  // namespace pawl::service::test
