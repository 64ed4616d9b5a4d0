// DescribeExecution.
//
// Source: recorded cases sfn_api::test_describe_execution, timeouts::test_global_timeout.
#include "service/actions/actions.h"

namespace pawl::service {

namespace {

asl::Value included(bool yes) {
  return std::move(asl::ObjectBuilder().set("included", asl::Value::boolean(yes))).build();
}

}  // namespace

Answer describe_execution(Api& api, const Request& request) {
  const auto checked = describe_found(api, request.text("executionArn"));
  if (const auto* refused = std::get_if<ApiError>(&checked)) return *refused;
  const auto& found = std::get<engine::ExecutionDescription>(checked);
  const engine::ExecutionRecord& record = found.record;
  const bool data = request.text("includedData") != "METADATA_ONLY";

  asl::ObjectBuilder out;
  out.set("executionArn", asl::Value::string(found.arn));
  out.set("stateMachineArn", asl::Value::string(found.state_machine_arn));
  out.set("name", asl::Value::string(record.name));
  std::string_view status = engine::status_name(record.status);
  if (record.map_run) {
    const auto run = api.engine().map_run(record.map_run->run);
    if (!run) return engine_error(run.error());
    out.set("mapRunArn", asl::Value::string(api.engine().map_run_arn(*run)));
    if (engine::pending_redrive(*run, record)) status = kPendingRedrive;
  }
  out.set("status", asl::Value::string(status));
  out.set("startDate", engine::epoch_seconds(record.start_date));
  if (record.stop_date) out.set("stopDate", engine::epoch_seconds(*record.stop_date));
  if (data) out.set("input", asl::Value::string(found.input));
  out.set("inputDetails", included(data));
  if (found.output) {
    if (data) out.set("output", asl::Value::string(*found.output));
    out.set("outputDetails", included(data));
  }
  if (!record.trace_header.empty()) out.set("traceHeader", asl::Value::string(record.trace_header));
  if (record.failure.error) out.set("error", asl::Value::string(*record.failure.error));
  if (record.failure.cause) out.set("cause", asl::Value::string(*record.failure.cause));
  if (!record.version_arn.empty()) {
    out.set("stateMachineVersionArn", asl::Value::string(record.version_arn));
  }
  if (!record.alias_arn.empty()) {
    out.set("stateMachineAliasArn", asl::Value::string(record.alias_arn));
  }
  out.set("redriveCount", asl::Value::integer(record.redrive_count));
  if (record.redrive_date) out.set("redriveDate", engine::epoch_seconds(*record.redrive_date));
  const Result<std::string> refusal = api.engine().redrive_refusal(found.number, record);
  if (!refusal) return engine_error(refusal.error());
  const std::string_view redrivable = record.map_run ? "REDRIVABLE_BY_MAP_RUN" : "REDRIVABLE";
  out.set("redriveStatus", asl::Value::string(refusal->empty() ? redrivable : "NOT_REDRIVABLE"));
  if (!refusal->empty()) out.set("redriveStatusReason", asl::Value::string(*refusal));
  return answer(std::move(out).build());
}

}  // namespace pawl::service
