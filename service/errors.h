// Errors as the API answers them, and the answer of an action.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pawl::service {

// A refusal: `code` is the shape's name ("InvalidArn"), which stands behind the '#' of __type.
struct ApiError {
  std::string code;
  std::string message;
  int status = 400;
  std::string reason = {};         // of a ValidationException that has one
  std::string resource_name = {};  // of ResourceNotFound and TooManyTags
};

// What an action answers: the output's JSON text, or a refusal.
using Answer = std::variant<std::string, ApiError>;
Answer answer(const asl::Value& output);
inline Answer empty_answer() { return std::string("{}"); }

// A value, or the refusal that takes its place.
template <typename T>
using Checked = std::variant<T, ApiError>;

// The body of a refusal: {"__type":"...#CODE","message":"..."}.
std::string error_body(const ApiError& error);

// --- texts: api-facts section 1.3 [rec] ---
ApiError invalid_arn(std::string_view detail);
ApiError invalid_arn_prefix(std::string_view arn);
ApiError invalid_name(std::string_view name);
ApiError invalid_token();
ApiError validation_error(std::string_view message);
ApiError state_machine_does_not_exist(std::string_view arn);
ApiError state_machine_already_exists(std::string_view arn);
ApiError state_machine_deleting(std::string_view arn);
ApiError execution_does_not_exist(std::string_view arn);
ApiError activity_does_not_exist(std::string_view arn);
ApiError resource_not_found(std::string_view arn);
ApiError type_not_supported();

// An error of the engine that no action has a text of its own for: capacity is a
// ThrottlingException, a store that is away ServiceUnavailable (503), all else InternalFailure
// (500).
ApiError engine_error(const Error& error);

}  // namespace pawl::service
