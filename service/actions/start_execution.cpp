// StartExecution and StartSyncExecution, through a machine, one of its versions or an alias.
//
// Source: api-facts section 5 [rec].
#include "asl/json/writer.h"
#include "service/actions/actions.h"
#include "service/json_text.h"
#include "service/names.h"

#include <algorithm>

namespace pawl::service {

namespace {

Answer started(std::string_view arn, runtime::WallTime start_date) {
  // Written straight away: this is the answer that is given most.
  std::string out = R"({"executionArn":)";
  asl::write_json_string(arn, out);
  out += R"(,"startDate":)";
  asl::write_json(engine::epoch_seconds(start_date), out);
  out += '}';
  return out;
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

// The version that an alias sends this execution to: by weight, at random.
const Version* route(Api& api, const Configuration& configuration, const Alias& alias) {
  auto left = static_cast<std::int64_t>(api.engine().options().random->next_u64() % 100);
  for (const Route& one : alias.routes) {
    left -= one.weight;
    if (left < 0) return find_version(configuration, std::to_string(one.version));
  }
  return nullptr;
}

// The revision that the qualifier of `arn` stands for. False: it names nothing.
bool choose_revision(Api& api, const FoundMachine& found, std::string_view arn,
                     engine::StartRequest& start) {
  if (found.arn.qualifier.empty()) return true;
  const Configuration configuration = decode_configuration(found.record->configuration);
  const Version* version = nullptr;
  if (found.arn.names_alias()) {
    const Alias* alias = find_alias(configuration, found.arn.qualifier);
    if (alias == nullptr) return false;
    version = route(api, configuration, *alias);
    start.alias_arn = arn;
  } else {
    version = find_version(configuration, found.arn.qualifier);
  }
  if (version == nullptr) return false;
  start.revision = version->revision;
  start.version_arn = version_arn(api, found.record->name, version->number);
  return true;
}

// What both operations check and share.
Checked<engine::StartRequest> read_start(Api& api, const Request& request,
                                         const FoundMachine& found) {
  if (found.record->deleting) return state_machine_deleting(request.text("stateMachineArn"));
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
  const std::string_view arn = request.text("stateMachineArn");
  if (!choose_revision(api, found, arn, start)) return state_machine_does_not_exist(arn);
  return start;
}

// As the service bills: memory in steps of 64 MB, time in steps of 100 ms.
asl::Value billing(std::chrono::milliseconds duration) {
  constexpr std::int64_t kStep = 100;
  constexpr std::int64_t kMemory = 64;
  const std::int64_t steps = std::max<std::int64_t>(1, (duration.count() + kStep - 1) / kStep);
  asl::ObjectBuilder out;
  out.set("billedMemoryUsedInMB", asl::Value::integer(kMemory));
  out.set("billedDurationInMilliseconds", asl::Value::integer(steps * kStep));
  return std::move(out).build();
}

asl::Value included(bool yes) {
  return std::move(asl::ObjectBuilder().set("included", asl::Value::boolean(yes))).build();
}

}  // namespace

Answer start_execution(Api& api, const Request& request) {
  const std::string_view arn = request.text("stateMachineArn");
  const Checked<FoundMachine> checked = find_machine(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&checked)) return *refused;
  const auto& found = std::get<FoundMachine>(checked);
  if (auto refused = refuse_label(found.arn)) return *std::move(refused);
  if (request.caller().waits_for_end && found.record->express) return type_not_supported();
  Checked<engine::StartRequest> read = read_start(api, request, found);
  if (auto* refused = std::get_if<ApiError>(&read)) return std::move(*refused);
  auto& start = std::get<engine::StartRequest>(read);
  start.parent = request.caller().parent;

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

Answer start_sync_execution(Api& api, const Request& request) {
  const std::string_view arn = request.text("stateMachineArn");
  const Checked<FoundMachine> checked = find_machine(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&checked)) return *refused;
  const auto& found = std::get<FoundMachine>(checked);
  if (auto refused = refuse_label(found.arn)) return *std::move(refused);
  if (!found.record->express) return type_not_supported();
  Checked<engine::StartRequest> read = read_start(api, request, found);
  if (auto* refused = std::get_if<ApiError>(&read)) return std::move(*refused);
  const bool data = request.text("includedData") != "METADATA_ONLY";

  const Result<engine::ExecutionDescription> ended =
      api.engine().run_synchronously(std::get<engine::StartRequest>(std::move(read)));
  if (!ended) {
    return ended.error().code == ErrorCode::kNotFound ? state_machine_does_not_exist(arn)
                                                      : engine_error(ended.error());
  }
  const engine::ExecutionRecord& record = ended->record;
  const runtime::WallTime stop_date = record.stop_date.value_or(api.now());
  asl::ObjectBuilder out;
  out.set("executionArn", asl::Value::string(ended->arn));
  out.set("stateMachineArn", asl::Value::string(ended->state_machine_arn));
  out.set("name", asl::Value::string(record.name));
  out.set("startDate", engine::epoch_seconds(record.start_date));
  out.set("stopDate", engine::epoch_seconds(stop_date));
  out.set("status", asl::Value::string(engine::status_name(record.status)));
  if (record.failure.error) out.set("error", asl::Value::string(*record.failure.error));
  if (record.failure.cause) out.set("cause", asl::Value::string(*record.failure.cause));
  if (data) out.set("input", asl::Value::string(ended->input));
  out.set("inputDetails", included(data));
  if (ended->output) {
    if (data) out.set("output", asl::Value::string(*ended->output));
    out.set("outputDetails", included(data));
  }
  if (!record.trace_header.empty()) out.set("traceHeader", asl::Value::string(record.trace_header));
  out.set("billingDetails", billing(stop_date - record.start_date));
  return answer(std::move(out).build());
}

}  // namespace pawl::service
