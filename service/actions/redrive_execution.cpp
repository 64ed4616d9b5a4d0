// RedriveExecution. An execution that cannot be redriven is refused with the reason that
// DescribeExecution gives.
#include "service/actions/actions.h"

namespace pawl::service {

Answer redrive_execution(Api& api, const Request& request) {
  const std::string_view arn = request.text("executionArn");
  const Checked<engine::ExecutionNumber> found = find_execution(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&found)) return *refused;
  const Result<runtime::WallTime> redriven = api.engine().redrive(
      std::get<engine::ExecutionNumber>(found),
      {.client_token = std::string(request.text("clientToken")), .target = std::nullopt});
  if (!redriven) {
    // The reasons are those of the API model; how the message wraps them is not recorded.
    if (redriven.error().code == ErrorCode::kInvalid) {
      return ApiError{"ExecutionNotRedrivable", redriven.error().message};
    }
    if (redriven.error().code == ErrorCode::kNotFound) return execution_does_not_exist(arn);
    return engine_error(redriven.error());
  }
  asl::ObjectBuilder out;
  out.set("redriveDate", engine::epoch_seconds(*redriven));
  return answer(std::move(out).build());
}

}  // namespace pawl::service
