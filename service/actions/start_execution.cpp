// StartExecution, through a machine or one of its versions.
//
// Source: api-facts section 5 [rec].
#include "service/actions/actions.h"
#include "service/json_text.h"
#include "service/names.h"

namespace pawl::service {

namespace {

Answer started(std::string_view arn, runtime::WallTime start_date) {
  asl::ObjectBuilder out;
  out.set("executionArn", asl::Value::string(arn));
  out.set("startDate", engine::epoch_seconds(start_date));
  return answer(std::move(out).build());
}

ApiError already_exists(std::string_view arn) {
  return {"ExecutionAlreadyExists", "Execution Already Exists: '" + std::string(arn) + "'"};
}

// The name is taken. A Task attempt that was dispatched again meets its own child here.
Answer exists(Api& api, const Request& request, const engine::StartRequest& start,
              const std::string& arn) {
  const auto& parent = request.caller().parent;
  if (!parent) return already_exists(arn);
  const Result<engine::ExecutionNumber> number = api.engine().find(start.machine, start.name);
  if (!number) return engine_error(number.error());
  const Result<engine::ExecutionDescription> known = api.engine().describe(*number);
  if (!known) return engine_error(known.error());
  const auto& link = known->record.parent;
  const bool own = link && link->execution == parent->execution && link->branch == parent->branch &&
                   link->scheduled_event == parent->scheduled_event;
  return own ? started(known->arn, known->record.start_date) : Answer(already_exists(arn));
}

}  // namespace

Answer start_execution(Api& api, const Request& request) {
  const std::string_view arn = request.text("stateMachineArn");
  const Checked<FoundMachine> checked = find_machine(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&checked)) return *refused;
  const auto& found = std::get<FoundMachine>(checked);
  if (!found.arn.label.empty()) {
    ApiError refused = validation_error("StartExecution does not support labeled ARNs");
    refused.reason = "API_DOES_NOT_SUPPORT_LABELED_ARNS";
    return refused;
  }
  if (request.caller().waits_for_end && found.record->express) return type_not_supported();

  engine::StartRequest start;
  start.machine = found.record->name;
  start.name = request.text("name");
  if (request.has("name") && !is_valid_name(start.name)) return invalid_name(start.name);
  if (const auto input = request.optional_text("input")) {
    if (input->size() > api.engine().options().limits.payload_bytes) {
      return validation_error(
          "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must "
          "have length less than or equal to " +
          std::to_string(api.engine().options().limits.payload_bytes));
    }
    if (const auto problem = json_problem(*input, "Invalid execution input.")) {
      return ApiError{"InvalidExecutionInput",
                      "Invalid State Machine Execution Input: '" + *problem + "'"};
    }
    start.input = *input;
  }
  start.trace_header =
      request.trace_header().empty() ? request.text("traceHeader") : request.trace_header();
  start.parent = request.caller().parent;
  if (!found.arn.qualifier.empty()) {
    const Configuration configuration = decode_configuration(found.record->configuration);
    const Version* version = find_version(configuration, found.arn.qualifier);
    if (version == nullptr) return state_machine_does_not_exist(arn);
    start.revision = version->revision;
    start.version_arn = arn;
  }

  const Result<engine::StartResult> result = api.engine().start(start);
  if (result) return started(result->arn, result->start_date);
  switch (result.error().code) {
    case ErrorCode::kNotFound:  // deleted meanwhile
      return state_machine_does_not_exist(arn);
    case ErrorCode::kExists:
      return exists(api, request, start, result.error().where);
    default:
      return engine_error(result.error());
  }
}

}  // namespace pawl::service
