// The compiled form of an intrinsic function call, and its parser.
//
//   call     = "States." name "(" [ argument { "," argument } ] ")"
//   argument = 'string' | number | true | false | null | path | call
//
// In a string \' \{ \} \\ stand for the character; any other escape is refused, as the service
// does when a definition is made. Source: States Language, "Intrinsic Functions"; recorded answers.
#pragma once

#include "asl/json/value.h"
#include "asl/path/value_path.h"
#include "asl/template/template.h"
#include "base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl {

namespace intrinsics {

// Bounds (docs/limits.md).
inline constexpr int kMaxNesting = 10;                              // calls within calls
inline constexpr std::size_t kMaxArguments = 1000;                  // of one call
inline constexpr std::size_t kMaxTextBytes = std::size_t{8} << 20;  // of a text a call builds

enum class Function : std::uint8_t {
  kFormat,
  kStringToJson,
  kJsonToString,
  kArray,
  kArrayPartition,
  kArrayContains,
  kArrayRange,
  kArrayGetItem,
  kArrayLength,
  kArrayUnique,
  kBase64Encode,
  kBase64Decode,
  kHash,
  kJsonMerge,
  kMathRandom,
  kMathAdd,
  kStringSplit,
  kUuid,
};

// "States.Format"
std::string_view name_of(Function function);

}  // namespace intrinsics

struct StringExpression::Call {
  struct Argument {
    Value literal;  // undefined for the two others
    std::unique_ptr<ValuePath> path;
    std::unique_ptr<Call> call;
    // A literal as it was written between its quotes, escapes and all: States.Format must tell
    // `{}` from `\{\}`.
    std::string raw;
  };

  std::string text;  // of the whole expression, on the outermost call
  intrinsics::Function function = intrinsics::Function::kArray;
  std::vector<Argument> arguments;
};

namespace intrinsics {

// kInvalid with "offset N": no call, an unknown function, a wrong number of arguments, a bad escape
// or argument, or calls nested deeper than kMaxNesting.
Result<StringExpression::Call> parse_call(std::string_view text);

// Evaluates the call. kNotFound if the path of an argument finds nothing, kEvaluation if the
// function refuses its arguments, kLimit beyond kMaxTextBytes; with the service's text.
Result<Value> evaluate_call(const StringExpression::Call& call, const Value& input,
                            const Environment& environment);

}  // namespace intrinsics

}  // namespace pawl::asl
