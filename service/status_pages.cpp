#include "service/status_pages.h"

#include "runtime/metrics/metrics.h"

#include <fmt/format.h>

#include <string>

namespace pawl::service {
namespace {

using runtime::HttpResponse;
using runtime::MetricsText;

HttpResponse json_page(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.headers.add("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

void write_engine(MetricsText& text, const engine::EngineStatistics& engine) {
  text.counter("pawl_transitions_total", "States entered.", engine.transitions);
  text.counter("pawl_turns_total", "Turns of executions: runs of states between two waits.",
               engine.turns);
  text.counter("pawl_executions_started_total", "Executions started.", engine.executions_started);
  text.family("pawl_executions_ended_total", "counter", "Executions that ended, by status.");
  for (std::size_t i = 1; i < engine::kExecutionStatuses; ++i) {
    text.sample({{"status", engine::status_name(static_cast<engine::ExecutionStatus>(i))}},
                engine.executions_ended[i]);
  }
  text.counter("pawl_executions_erased_total", "Executions erased at the end of their retention.",
               engine.executions_erased);
  const auto gauge = [&text](std::string_view name, std::string_view help, std::size_t value) {
    text.gauge(name, help, static_cast<double>(value));
  };
  gauge("pawl_executions_in_memory", "Executions in memory; those that wait are in the store.",
        engine.executions_in_memory);
  gauge("pawl_executions_resting", "Executions in memory that only wait.",
        engine.executions_resting);
  gauge("pawl_handlers_running", "Calls of Tasks under way.", engine.handlers_running);
  gauge("pawl_effects_waiting", "Turns whose effects wait for their commit.",
        engine.effects_waiting);
  gauge("pawl_timers_near", "Timers in memory: those of the next minute.", engine.timers_near);

  text.family("pawl_connector_calls_total", "counter", "Calls of Tasks that returned.");
  for (const auto& [name, connector] : engine.connectors) {
    text.sample({{"connector", name}, {"outcome", "succeeded"}}, connector.succeeded);
    text.sample({{"connector", name}, {"outcome", "failed"}}, connector.failed);
    text.sample({{"connector", name}, {"outcome", "submitted"}}, connector.submitted);
  }
  text.family("pawl_connector_seconds", "histogram", "Time of a Task's call.");
  for (const auto& [name, connector] : engine.connectors) {
    text.histogram({{"connector", name}}, connector.seconds);
  }
}

void write_journal(MetricsText& text, const runtime::Journal& journal) {
  const runtime::Journal::Statistics statistics = journal.statistics();
  text.counter("pawl_commits_total", "Commits made durable.", statistics.commits);
  text.counter("pawl_commit_bytes_total", "Bytes of these commits.", statistics.bytes);
  text.counter("pawl_store_failures_total", "Times that the store failed and was reopened.",
               statistics.failures);
  text.family("pawl_commit_seconds", "histogram", "Time to write and sync one batch of commits.");
  text.histogram({}, statistics.seconds);
  text.family("pawl_commit_batch_commits", "histogram", "Commits that shared one sync.");
  text.histogram({}, statistics.batch_commits);
  text.gauge("pawl_commit_pending_bytes", "Bytes that wait for the disk.",
             static_cast<double>(statistics.pending_bytes));
  text.gauge("pawl_store_healthy", "1, or 0 while the store cannot be written.",
             journal.healthy() ? 1 : 0);
}

void write_requests(MetricsText& text, const RequestStatistics& requests,
                    const runtime::HttpServerStats& server) {
  text.family("pawl_api_requests_total", "counter", "Requests answered, by operation and code.");
  for (const auto& [name, operation] : requests.operations()) {
    for (const auto& [code, count] : operation.codes) {
      text.sample({{"operation", name}, {"code", code}}, count);
    }
  }
  text.family("pawl_api_seconds", "histogram", "Time from the request to its answer.");
  for (const auto& [name, operation] : requests.operations()) {
    text.histogram({{"operation", name}}, operation.seconds);
  }
  text.gauge("pawl_http_connections", "Connections open.", static_cast<double>(server.connections));
  text.gauge("pawl_http_connections_active", "Connections with a request under way.",
             static_cast<double>(server.active));
  text.gauge("pawl_http_buffered_bytes", "Bodies of requests and answers that are held.",
             static_cast<double>(server.buffered_bytes));
  text.counter("pawl_http_connections_refused_total", "Connections refused: too many.",
               server.refused);
}

void write_shards(MetricsText& text, const std::vector<runtime::Shard*>& shards) {
  std::vector<runtime::ShardStats> all;
  for (runtime::Shard* shard : shards) {
    all.push_back(runtime::call_on(*shard, [shard] { return shard->stats(); }));
  }
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help,
                        const auto& value) {
    text.family(name, type, help);
    for (std::size_t i = 0; i < all.size(); ++i) {
      text.sample({{"shard", std::to_string(i)}}, static_cast<double>(value(all[i])));
    }
  };
  using Stats = runtime::ShardStats;
  each("pawl_fibers", "gauge", "Fibers alive.", [](const Stats& s) { return s.fibers_alive; });
  each("pawl_fibers_max", "gauge", "Most fibers ever alive.",
       [](const Stats& s) { return s.fibers_alive_max; });
  each("pawl_fiber_stack_bytes_max", "gauge", "Deepest use of a fiber's stack seen in samples.",
       [](const Stats& s) { return s.stack_bytes_used_max; });
  each("pawl_shard_timers", "gauge", "Timers of the shard's own: sockets, deadlines.",
       [](const Stats& s) { return s.timers; });
  each("pawl_shard_sleeps_total", "counter", "Times that the shard had nothing to do.",
       [](const Stats& s) { return s.sleeps; });
}

}  // namespace

StatusPages::StatusPages(engine::Engine& engine, const RequestStatistics& requests)
    : engine_(engine), requests_(requests), started_(engine.options().clock->steady_now()) {}

std::optional<HttpResponse> StatusPages::answer(const runtime::HttpRequest& request,
                                                const runtime::HttpServer& server) const {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  const std::string_view path = request.path();
  if (path == "/_pawl/health") return json_page(200, R"({"status":"ok"})");
  if (path == "/_pawl/ready") return ready();
  if (path == "/_pawl/metrics") return metrics(server);
  return std::nullopt;
}

HttpResponse StatusPages::ready() const {
  const runtime::Journal& journal = *engine_.options().journal;
  if (!journal.healthy()) {
    return json_page(503, R"({"status":"unready","reason":"the store cannot be written"})");
  }
  if (!engine_.ready()) {
    return json_page(503, R"({"status":"unready","reason":"executions are being recovered"})");
  }
  if (journal.full()) {
    return json_page(503, R"({"status":"unready","reason":"too much waits for the disk"})");
  }
  return json_page(200, R"({"status":"ready"})");
}

HttpResponse StatusPages::metrics(const runtime::HttpServer& server) const {
  MetricsText text;
  write_engine(text, engine_.statistics());
  write_journal(text, *engine_.options().journal);
  write_requests(text, requests_, server.stats());
  write_shards(text, engine_.options().shards);
  text.gauge("pawl_store_bytes", "Size of the store on disk, roughly.",
             static_cast<double>(engine_.options().store->approximate_bytes()));
  const runtime::ProcessStatistics process = runtime::process_statistics();
  text.gauge("process_resident_memory_bytes", "Memory in use.",
             static_cast<double>(process.resident_bytes));
  text.gauge("process_open_fds", "Descriptors open.",
             static_cast<double>(process.open_descriptors));
  text.gauge("process_max_fds", "Descriptors that may be open.",
             static_cast<double>(process.descriptors_max));
  text.family("process_cpu_seconds_total", "counter", "Processor time used.");
  text.sample({}, process.cpu_seconds);
  const auto up = engine_.options().clock->steady_now() - started_;
  text.gauge("pawl_uptime_seconds", "Time since the service started.",
             std::chrono::duration<double>(up).count());
  HttpResponse response;
  response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = text.take();
  return response;
}

}  // namespace pawl::service
