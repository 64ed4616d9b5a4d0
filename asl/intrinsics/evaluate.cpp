#include "asl/intrinsics/call.h"
#include "asl/intrinsics/functions.h"
#include "asl/json/writer.h"

#include <utility>

namespace pawl::asl::intrinsics {

namespace {

using Call = StringExpression::Call;

Result<Value> evaluate_argument(const Call::Argument& argument, const Value& input,
                                const Environment& environment) {
  if (argument.call != nullptr) return evaluate_call(*argument.call, input, environment);
  if (argument.path == nullptr) return argument.literal;
  Result<Value> value = argument.path->evaluate(input, environment);
  if (value) return value;
  if (value.error().code != ErrorCode::kNotFound) {
    return Error{value.error().code,
                 "Invalid path '" + argument.path->text() + "' : " + value.error().message, ""};
  }
  return Error{ErrorCode::kNotFound,
               "The JsonPath argument for the field '" + argument.path->text() +
                   "' could not be found in the input '" + to_json(input) + "'",
               ""};
}

Outcome apply_format(const Call& call, Arguments arguments) {
  const Call::Argument& pattern = call.arguments.front();
  if (!arguments[0].is_string()) return std::nullopt;
  const bool written = pattern.path == nullptr && pattern.call == nullptr;
  return format(written ? std::string_view(pattern.raw) : arguments[0].as_string(),
                arguments.subspan(1));
}

Outcome apply(const Call& call, Arguments arguments, const Environment& environment) {
  switch (call.function) {
    case Function::kFormat:
      return apply_format(call, arguments);
    case Function::kStringToJson:
      return string_to_json(arguments);
    case Function::kJsonToString:
      return json_to_string(arguments);
    case Function::kArray:
      return array(arguments);
    case Function::kArrayPartition:
      return array_partition(arguments);
    case Function::kArrayContains:
      return array_contains(arguments);
    case Function::kArrayRange:
      return array_range(arguments);
    case Function::kArrayGetItem:
      return array_get_item(arguments);
    case Function::kArrayLength:
      return array_length(arguments);
    case Function::kArrayUnique:
      return array_unique(arguments);
    case Function::kBase64Encode:
      return base64_encode(arguments);
    case Function::kBase64Decode:
      return base64_decode(arguments);
    case Function::kHash:
      return hash(arguments);
    case Function::kJsonMerge:
      return json_merge(arguments);
    case Function::kMathRandom:
      return math_random(arguments, environment);
    case Function::kMathAdd:
      return math_add(arguments);
    case Function::kStringSplit:
      return string_split(arguments);
    case Function::kUuid:
      return uuid(environment);
  }
  return std::nullopt;
}

}  // namespace

// Recursion: kMaxNesting.
Result<Value> evaluate_call(const Call& call, const Value& input, const Environment& environment) {
  std::vector<Value> arguments;
  arguments.reserve(call.arguments.size());
  for (const Call::Argument& argument : call.arguments) {
    Result<Value> value = evaluate_argument(argument, input, environment);
    if (!value) return value;
    arguments.push_back(*std::move(value));
  }
  if (Outcome result = apply(call, arguments, environment)) return *std::move(result);
  return Error{ErrorCode::kEvaluation,
               "Invalid arguments in " + std::string(name_of(call.function)), ""};
}

}  // namespace pawl::asl::intrinsics
