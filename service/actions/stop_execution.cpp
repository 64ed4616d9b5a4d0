// StopExecution. An execution that has ended answers when it did.
#include "service/actions/actions.h"

namespace pawl::service {

Answer stop_execution(Api& api, const Request& request) {
  const std::string_view arn = request.text("executionArn");
  const Checked<engine::ExecutionNumber> found = find_execution(api, arn);
  if (const auto* refused = std::get_if<ApiError>(&found)) return *refused;
  const auto number = std::get<engine::ExecutionNumber>(found);
  const Status stopped =
      api.engine().stop(number, {request.optional_text("error"), request.optional_text("cause")});
  if (!stopped && stopped.error().code != ErrorCode::kNotFound)
    return engine_error(stopped.error());
  const Result<engine::ExecutionDescription> ended = api.engine().describe(number);
  if (!ended) return engine_error(ended.error());
  asl::ObjectBuilder out;
  out.set("stopDate", engine::epoch_seconds(ended->record.stop_date.value_or(api.now())));
  return answer(std::move(out).build());
}

}  // namespace pawl::service
