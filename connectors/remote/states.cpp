#include "connectors/remote/states.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"

namespace pawl::connectors::remote {
namespace {

// Shown as the SDK's own class: the API did not say it.
StatesError client_error(std::string message) {
  return {"SdkClientException", std::move(message), 400};
}

}  // namespace

std::variant<std::string, StatesError> RemoteStates::call_states(std::string_view operation,
                                                                 const std::string& input,
                                                                 const StatesCaller& caller) {
  const auto model = client_.models().find("sfn");
  if (!model) return client_error(model.error().message);
  const ApiOperation* found = (*model)->operation(operation);
  if (found == nullptr) {
    return StatesError{"UnknownOperationException", "The operation is not offered.", 400};
  }
  const Result<asl::Value> read = asl::read_json(input);
  if (!read) return client_error(read.error().message);
  auto called = client_.call(
      **model, *found, *read,
      {runtime::kNever, nullptr, task_role(caller.role_arn, caller.state_machine_arn)});
  if (!called) return client_error(called.error().message);
  if (const auto* lost = std::get_if<NotAnswered>(&*called)) {
    StatesError error = client_error(lost->message);
    error.role_refused = lost->refused;
    return error;
  }
  const auto& answered = std::get<Answered>(*called);
  if (const auto* error = std::get_if<aws::Error>(&answered.answer)) {
    const ApiShape* shape = (*model)->error(error->code);
    return StatesError{shape == nullptr ? error->code : shape->name, error->message, error->status};
  }
  const auto& answer = std::get<asl::Value>(answered.answer);
  if (!found->output) return std::string("{}");
  return asl::to_json(write_json_members(**model, (*model)->shape(*found->output), answer));
}

}  // namespace pawl::connectors::remote
