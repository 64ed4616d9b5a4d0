// DescribeMapRun, ListMapRuns, UpdateMapRun.
//
// Source: API reference; api-facts section 6.
#include "runtime/store/encoding.h"
#include "service/actions/actions.h"
#include "service/page_token.h"

#include <algorithm>

namespace pawl::service {

namespace {

asl::Value counts_of(const engine::MapRunCounts& counts, std::uint64_t pending) {
  asl::ObjectBuilder out;
  const auto set = [&](std::string_view name, std::uint64_t count) {
    out.set(name, asl::Value::integer(static_cast<std::int64_t>(count)));
  };
  set("pending", pending);
  set("running", counts.running());
  set("succeeded", counts.succeeded);
  set("failed", counts.failed);
  set("timedOut", counts.timed_out);
  set("aborted", counts.aborted);
  set("total", counts.started + pending);
  // Recorded: also without a ResultWriter.
  set("resultsWritten", counts.succeeded);
  set("failuresNotRedrivable", counts.not_redrivable);
  set("pendingRedrive", counts.pending_redrive);
  return std::move(out).build();
}

std::string parent_arn(Api& api, const engine::MapRunRecord& record) {
  const Result<engine::ExecutionDescription> parent = api.engine().describe(record.parent);
  return parent ? parent->arn : api.engine().execution_arn(record.machine, record.parent_name);
}

}  // namespace

Answer describe_map_run(Api& api, const Request& request) {
  const auto found = find_map_run(api, request.text("mapRunArn"));
  if (const auto* refused = std::get_if<ApiError>(&found)) return *refused;
  const engine::MapRunRecord& record = std::get<FoundMapRun>(found).record;
  asl::ObjectBuilder out;
  out.set("mapRunArn", asl::Value::string(api.engine().map_run_arn(record)));
  out.set("executionArn", asl::Value::string(parent_arn(api, record)));
  out.set("status", asl::Value::string(engine::status_name(record.status)));
  out.set("startDate", engine::epoch_seconds(record.start_date));
  if (record.stop_date) out.set("stopDate", engine::epoch_seconds(*record.stop_date));
  out.set("maxConcurrency", asl::Value::integer(record.max_concurrency));
  out.set("toleratedFailurePercentage",
          asl::Value::number(record.tolerated_percentage.value_or(0.0)));
  out.set("toleratedFailureCount", asl::Value::integer(record.tolerated_count.value_or(0)));
  const std::uint64_t pending =
      record.total_items > record.items.started ? record.total_items - record.items.started : 0;
  const auto batch = static_cast<std::uint64_t>(std::max<std::int64_t>(record.batch_items, 1));
  out.set("itemCounts", counts_of(record.items, pending));
  out.set("executionCounts", counts_of(record.executions, (pending + batch - 1) / batch));
  out.set("redriveCount", asl::Value::integer(record.redrive_count));
  if (record.redrive_date) out.set("redriveDate", engine::epoch_seconds(*record.redrive_date));
  return answer(std::move(out).build());
}

Answer list_map_runs(Api& api, const Request& request) {
  const std::string_view arn = request.text("executionArn");
  const Checked<engine::ExecutionNumber> found = find_execution(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&found)) return *refused;
  std::string list = "ListMapRuns\n";
  list.append(arn);
  std::optional<engine::ExecutionNumber> last;
  if (request.has("nextToken")) {
    const auto cursor = read_page_token(request.text("nextToken"), list, api.now());
    if (!cursor) return invalid_token();
    runtime::Decoder in(*cursor);
    last = in.u64();
    if (!in.ok() || !in.at_end()) return invalid_token();
  }
  const std::size_t max = request.page_size(kPageSizeDefault);
  const auto runs = api.engine().map_runs(std::get<engine::ExecutionNumber>(found), last, max + 1);
  if (!runs) return engine_error(runs.error());
  std::vector<asl::Value> items;
  for (const auto& [number, record] : *runs) {
    if (items.size() == max) break;
    last = number;
    asl::ObjectBuilder item;
    item.set("executionArn", asl::Value::string(arn));
    item.set("mapRunArn", asl::Value::string(api.engine().map_run_arn(record)));
    item.set("stateMachineArn",
             asl::Value::string(api.engine().machine_arn(engine::labelled_machine(record))));
    item.set("startDate", engine::epoch_seconds(record.start_date));
    if (record.stop_date) item.set("stopDate", engine::epoch_seconds(*record.stop_date));
    items.push_back(std::move(item).build());
  }
  asl::ObjectBuilder out;
  out.set("mapRuns", asl::Value::array(std::move(items)));
  if (runs->size() > max && last) {
    const std::string cursor = runtime::Encoder().u64(*last).take();
    out.set("nextToken", asl::Value::string(make_page_token(list, cursor, api.now())));
  }
  return answer(std::move(out).build());
}

Answer update_map_run(Api& api, const Request& request) {
  const std::string_view arn = request.text("mapRunArn");
  const auto found = find_map_run(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&found)) return *refused;
  engine::MapRunUpdate update;
  if (const asl::Value* given = request.member("maxConcurrency"))
    update.max_concurrency = given->as_int();
  if (const asl::Value* given = request.member("toleratedFailureCount")) {
    update.tolerated_count = given->as_int();
  }
  if (const asl::Value* given = request.member("toleratedFailurePercentage")) {
    update.tolerated_percentage = given->as_double();
  }
  const Status updated = api.engine().update_map_run(std::get<FoundMapRun>(found).number, update);
  if (updated) return empty_answer();
  if (updated.error().code != ErrorCode::kInvalid) return engine_error(updated.error());
  ApiError refused =
      validation_error("Map Run is not running and cannot be updated: " + std::string(arn));
  refused.reason = "CANNOT_UPDATE_COMPLETED_MAP_RUN";
  return refused;
}

}  // namespace pawl::service
