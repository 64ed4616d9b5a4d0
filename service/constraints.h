// Constraints of the API model, as data, and the check of an input against them.
//
// The tables (model.cpp) have all 37 operations of the model. The check comes before any logic of
// an action, which then may rely on: required members are there, types are right, lengths, ranges
// and enums hold. A member that is null is absent.
//
// Source: stepfunctions-service-2.json; texts of api-facts section 1.2 [rec].
#pragma once

#include "asl/json/value.h"
#include "engine/limits.h"
#include "service/errors.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pawl::service {

enum class ShapeType : std::uint8_t { kString, kInteger, kFloat, kBoolean, kList, kStructure };

// What the maximum of a shape is, if it is a quota that an engine may have raised.
enum class Quota : std::uint8_t {
  kNone,  // the model's number
  kPayload,
  kName,
  kArn,
  kStateName,
  kDefinition,
  kError,
  kCause,
};

struct Shape;

struct MemberShape {
  std::string_view name;
  const Shape* shape = nullptr;
  bool required = false;
};

struct Shape {
  std::string_view name = {};  // of a structure: shown in messages
  ShapeType type = ShapeType::kString;
  std::int64_t min = 0;   // of a length or a number
  std::int64_t max = -1;  // -1: none; AWS's
  Quota quota = Quota::kNone;
  std::span<const std::string_view> values = {};  // of an enum, in the order of messages
  std::string_view pattern = {};
  bool (*matches)(std::string_view) = nullptr;  // what `pattern` says
  bool sensitive = false;                       // messages do not repeat the value
  std::span<const MemberShape> members = {};
  const Shape* element = nullptr;
};

struct OperationShape {
  std::string_view name;
  std::span<const MemberShape> members;
};

// All operations of the model, sorted by name.
std::span<const OperationShape> operation_shapes();
const OperationShape* find_operation_shape(std::string_view name);

// SerializationException for a wrong type; ValidationException that lists every violation. Members
// that the model does not know are ignored. `limits` says how much a Quota is.
std::optional<ApiError> check_input(const OperationShape& operation, const asl::Value& input,
                                    const engine::Limits& limits);

}  // namespace pawl::service
