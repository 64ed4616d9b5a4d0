// SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat: what holders of task tokens report.
//
// Source: api-facts section 7 [rec].
#include "service/actions/actions.h"
#include "service/json_text.h"

namespace pawl::service {

namespace {

Answer reported(const Status& status) {
  if (status) return empty_answer();
  switch (status.error().code) {
    case ErrorCode::kInvalid:
      return invalid_token();
    case ErrorCode::kNotFound:
      return ApiError{"TaskDoesNotExist",
                      "Task Does Not Exist: 'Provided task does not exist anymore'"};
    case ErrorCode::kTimeout:
      return ApiError{"TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'"};
    default:
      return engine_error(status.error());
  }
}

}  // namespace

Answer send_task_success(Api& api, const Request& request) {
  std::string output(request.text("output"));
  if (const auto problem = json_problem(output, "Output must not be empty.")) {
    return ApiError{"InvalidOutput", "Invalid Output: '" + *problem + "'"};
  }
  return reported(api.engine().task_success(request.text("taskToken"), std::move(output)));
}

Answer send_task_failure(Api& api, const Request& request) {
  return reported(api.engine().task_failure(
      request.text("taskToken"), {request.optional_text("error"), request.optional_text("cause")}));
}

Answer send_task_heartbeat(Api& api, const Request& request) {
  return reported(api.engine().task_heartbeat(request.text("taskToken")));
}

}  // namespace pawl::service
