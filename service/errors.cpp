#include "service/errors.h"

#include "asl/json/writer.h"
#include "runtime/log/log.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace pawl::service {

Answer answer(const asl::Value& output) { return asl::to_json(output); }

namespace {

constexpr std::string_view kServiceSpace = "com.amazonaws.swf.service.v2.model";

// Errors that the service's framework raises have name spaces of its own.
constexpr std::pair<std::string_view, std::string_view> kSpaces[] = {
    {"ValidationException", "com.amazon.coral.validate"},
    {"SerializationException", "com.amazon.coral.service"},
    {"UnknownOperationException", "com.amazon.coral.service"},
    {"ThrottlingException", "com.amazon.coral.availability"},
    {"ServiceUnavailable", "com.amazon.coral.service"},
    {"InternalFailure", "com.amazon.coral.service"},
    // of signatures
    {"UnrecognizedClientException", "com.amazon.coral.service"},
    {"InvalidSignatureException", "com.amazon.coral.service"},
    {"IncompleteSignatureException", "com.amazon.coral.service"},
    {"MissingAuthenticationTokenException", "com.amazon.coral.service"},
    {"RequestExpired", "com.amazon.coral.service"},
};

std::string_view space_of(std::string_view code) {
  for (const auto& [known, space] : kSpaces) {
    if (known == code) return space;
  }
  return kServiceSpace;
}

ApiError quoted(std::string_view code, std::string_view what, std::string_view subject) {
  return {std::string(code), fmt::format("{}: '{}'", what, subject)};
}

}  // namespace

std::string error_body(const ApiError& error) {
  std::string body = "{\"__type\":";
  asl::write_json_string(fmt::format("{}#{}", space_of(error.code), error.code), body);
  const auto member = [&body](std::string_view name, std::string_view text) {
    body += ',';
    asl::write_json_string(name, body);
    body += ':';
    asl::write_json_string(text, body);
  };
  member("message", error.message);
  if (!error.reason.empty()) member("reason", error.reason);
  if (!error.resource_name.empty()) member("resourceName", error.resource_name);
  body += '}';
  return body;
}

ApiError invalid_arn(std::string_view detail) {
  return quoted("InvalidArn", "Invalid Arn", detail);
}

ApiError invalid_arn_prefix(std::string_view arn) {
  return invalid_arn(fmt::format("Invalid ARN prefix: {}", arn));
}

ApiError invalid_name(std::string_view name) { return quoted("InvalidName", "Invalid Name", name); }

ApiError invalid_token() { return quoted("InvalidToken", "Invalid Token", "Invalid token"); }

ApiError validation_error(std::string_view message) {
  return {"ValidationException", std::string(message)};
}

ApiError state_machine_does_not_exist(std::string_view arn) {
  return quoted("StateMachineDoesNotExist", "State Machine Does Not Exist", arn);
}

ApiError state_machine_deleting(std::string_view arn) {
  return quoted("StateMachineDeleting", "State Machine is being deleted", arn);
}

ApiError state_machine_already_exists(std::string_view arn) {
  return quoted("StateMachineAlreadyExists", "State Machine Already Exists", arn);
}

ApiError execution_does_not_exist(std::string_view arn) {
  return quoted("ExecutionDoesNotExist", "Execution Does Not Exist", arn);
}

ApiError activity_does_not_exist(std::string_view arn) {
  return quoted("ActivityDoesNotExist", "Activity Does Not Exist", arn);
}

ApiError resource_not_found(std::string_view arn) {
  ApiError error = quoted("ResourceNotFound", "Resource not found", arn);
  error.resource_name = arn;
  return error;
}

ApiError type_not_supported() {
  return {"StateMachineTypeNotSupported",
          "This operation is not supported by this type of state machine"};
}

ApiError engine_error(const Error& error) {
  switch (error.code) {
    case ErrorCode::kLimit:
      return {"ThrottlingException", "Rate exceeded"};
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return {"ServiceUnavailable", "The service is not available; try again.", 503};
    default:
      runtime::log().error("A request failed: {} ({})", error.message, error.where);
      return {"InternalFailure", "The request could not be processed; see the server's log.", 500};
  }
}

}  // namespace pawl::service
