// TestState: one state, run by itself, with its data on the way.
//
// Source: api-facts section 8; service/test_state/.
#include "service/actions/actions.h"
#include "service/test_state/inspection.h"
#include "service/test_state/request.h"

namespace pawl::service {

namespace {

std::string_view status_name(engine::StateTestReport::Status status) {
  using Status = engine::StateTestReport::Status;
  switch (status) {
    case Status::kSucceeded:
      return "SUCCEEDED";
    case Status::kFailed:
      return "FAILED";
    case Status::kRetriable:
      return "RETRIABLE";
    case Status::kCaughtError:
      return "CAUGHT_ERROR";
  }
  return {};
}

}  // namespace

Answer test_state(Api& api, const Request& request) {
  Checked<StateTestRequest> checked = read_state_test(request, api.limits());
  if (auto* refused = std::get_if<ApiError>(&checked)) return std::move(*refused);
  const auto& read = std::get<StateTestRequest>(checked);
  const asl::Machine& machine = read.test.definition->machines[0];
  const asl::State& state = machine.states[static_cast<std::size_t>(machine.start_at)];

  const engine::StateTestReport report = engine::test_state(api.engine(), read.test);
  const auto& failed = read.test.failed_children;
  if (failed && report.map && *failed > static_cast<std::int64_t>(report.map->iterations)) {
    return validation_error(
        "Map iteration failure count must be less than or equal to the number of Map iterations");
  }
  asl::ObjectBuilder out;
  if (report.output.present()) out.set("output", asl::Value::string(report.output.text()));
  if (report.failure.error) out.set("error", asl::Value::string(*report.failure.error));
  if (report.failure.cause) out.set("cause", asl::Value::string(*report.failure.cause));
  if (read.inspected) {
    out.set("inspectionData", inspection_data(state, read.test.input, report));
  }
  if (!report.next_state.empty()) out.set("nextState", asl::Value::string(report.next_state));
  out.set("status", asl::Value::string(status_name(report.status)));
  return answer(std::move(out).build());
}

}  // namespace pawl::service
