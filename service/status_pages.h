// The pages for whoever looks after the program:
//
//   GET /_pawl/health    it lives: 200 as long as anything is answered at all
//   GET /_pawl/ready     it takes work: 200, or 503 with the reason
//   GET /_pawl/metrics   Prometheus text
//
// They carry no names of machines or executions and no payloads, and ask for no signature: probes
// and scrapers have none.
#pragma once

#include "engine/engine.h"
#include "runtime/http/message.h"
#include "runtime/http/server.h"
#include "service/request_statistics.h"

#include <optional>

namespace pawl::service {

class StatusPages {
 public:
  // All must outlive it.
  StatusPages(engine::Engine& engine, const RequestStatistics& requests);

  // The page of a request; empty if it is none of these. On a fiber of a shard of the engine's;
  // may suspend. `server` is what it came through.
  std::optional<runtime::HttpResponse> answer(const runtime::HttpRequest& request,
                                              const runtime::HttpServer& server) const;

 private:
  runtime::HttpResponse ready() const;
  runtime::HttpResponse metrics(const runtime::HttpServer& server) const;

  engine::Engine& engine_;
  const RequestStatistics& requests_;
  runtime::SteadyTime started_;
};

}  // namespace pawl::service
