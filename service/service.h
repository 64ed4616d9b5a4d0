// Service: the AWS Step Functions API over HTTP. Read this header first.
//
//   service.h             the HTTP server: AWS JSON 1.0, errors, request ids
//   control.h             POST /_pawl/control/...: pause, resume, stop and redrive many
//   status_pages.h        GET /_pawl/health, /_pawl/ready, /_pawl/metrics
//   api.h                 the operations without the wire; nested workflows use it too
//   routing.h             which service a request is for: others share the port
//   operations.h          the table: operation -> action; actions/ has one file per action
//   constraints.h         the model's constraints as data (model.cpp), and their check
//   errors.h              error texts and their form
//   test_state/           TestState: its request, mocks and answer
//   authentication.h      SigV4, once there are credentials
//   configuration.h       what the API keeps with a machine; activities.h, tags.h
//   logs/                 what executions log, and the CloudWatch Logs API that reads it
//   execution_events.h    changes of status, for subscribers and GET /_pawl/events
//
// Source: api-facts sections 1-7, 10; the recorded cases outrank it.
#pragma once

#include "base/result.h"
#include "connectors/aws/endpoint.h"
#include "engine/engine.h"
#include "runtime/fiber/shard.h"
#include "runtime/http/server.h"
#include "service/api.h"
#include "service/authentication.h"
#include "service/control.h"
#include "service/execution_events.h"
#include "service/logs/execution_log.h"
#include "service/request_statistics.h"
#include "service/status_pages.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::service {

struct ServiceOptions {
  std::string address = "127.0.0.1";
  std::string second_address{};  // HttpServerOptions::second_address
  std::uint16_t port = 8083;     // 0: any free port, see port()
  // Whose signatures count. Empty: nobody is asked for one.
  std::optional<runtime::aws::CredentialSet> credentials{};
  std::shared_ptr<runtime::TlsContext> tls{};  // null: plain HTTP
  // Each costs a descriptor, of which shards, store and functions need some as well.
  std::size_t max_connections = 20'000;
  // Operations under way at once, apart from those that wait by design (GetActivityTask,
  // StartSyncExecution). More than enough to keep disk and processor busy; past it the answer is
  // ThrottlingException at once, so that what is admitted stays quick.
  std::size_t max_operations = 1'024;
  // Other AWS services on the same port (routing.h); null: none. Must outlive the service.
  connectors::aws::Endpoints* endpoints = nullptr;
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
  ExecutionLog& execution_log() { return execution_log_; }
  ExecutionEvents& events() { return events_; }

  // One HTTP request; what the server calls. For tests that need no socket.
  runtime::HttpResponse handle(const runtime::HttpRequest& request);

 private:
  runtime::HttpResponse call(const runtime::HttpRequest& request);  // an operation
  runtime::HttpResponse handle_logs(std::string_view target, const runtime::HttpRequest& request);

  // The endpoint that serves `request`; nullptr: Step Functions.
  connectors::aws::Endpoint* endpoint_of(const runtime::HttpRequest& request);

  connectors::aws::Endpoints* endpoints_;
  Api api_;
  ExecutionLog execution_log_;
  ExecutionEvents events_;
  RequestStatistics requests_;
  StatusPages pages_;
  Control control_;
  Authentication authentication_;
  runtime::Shard& shard_;
  const std::size_t max_operations_;
  std::size_t operations_ = 0;  // under way
  runtime::HttpServer server_;
};

}  // namespace pawl::service
