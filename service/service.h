// Service: the AWS Step Functions API over HTTP. Read this header first.
//
//   service.h             the HTTP server: AWS JSON 1.0, errors, request ids, GET /_pawl/health
//   api.h                 the operations without the wire; nested workflows use it too
//   operations.h          the table: operation -> action; actions/ has one file per action
//   constraints.h         the model's constraints as data (model.cpp), and their check
//   errors.h              error texts and their form
//   test_state/           TestState: its request, mocks and answer
//   configuration.h       what the API keeps with a machine; activities.h, tags.h
//
// Source: api-facts sections 1-7, 10; the recorded cases outrank it.
#pragma once

#include "base/result.h"
#include "engine/engine.h"
#include "runtime/fiber/shard.h"
#include "runtime/http/server.h"
#include "service/api.h"

#include <cstdint>
#include <memory>
#include <string>

namespace pawl::service {

struct ServiceOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8083;  // 0: any free port, see port()
};

// Usage, on a fiber of `shard` (one of the engine's), after Engine::open() of all its shards:
//
//   Service service(engine, shard, {.port = 8083});
//   states_handler->connect(service.api());       // if nested workflows are wired
//   if (Status started = service.start(); !started) ...
//   ...
//   service.stop(shard.clock().after(std::chrono::seconds(10)));  // before Engine::close()
class Service {
 public:
  // `engine` and `shard` must outlive it. Everything here belongs to the shard's thread.
  Service(engine::Engine& engine, runtime::Shard& shard, ServiceOptions options);
  ~Service();  // after stop()
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Binds the port and begins to serve. kUnavailable when the address is taken.
  Status start();
  // No new connections and requests; suspends until those under way are answered, at most until
  // `deadline` (kTimeout).
  Status stop(runtime::SteadyTime deadline);

  std::uint16_t port() const;
  Api& api() { return api_; }

  // One HTTP request; what the server calls. For tests that need no socket.
  runtime::HttpResponse handle(const runtime::HttpRequest& request);

 private:
  Api api_;
  runtime::HttpServer server_;
};

}  // namespace pawl::service
