// The dynamic parts of JSONPath fields: paths on input, context object and variables, intrinsic
// calls, and payload templates made of them. Compiled once with the definition, evaluated per
// state visit.
//
// Source: States Language, "Payload Template", "Intrinsic Functions", "Variables"; error texts as
// the service writes them.
#pragma once

#include "asl/json/value.h"
#include "asl/path/environment.h"
#include "asl/path/path.h"
#include "asl/path/value_path.h"
#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl {

// Nesting of a template (docs/limits.md): compiling and evaluating recurse.
inline constexpr int kMaxTemplateDepth = 100;

// What a string under a `.$` key (or a ...Path field that allows it) holds: a ValuePath or an
// intrinsic function call.
class StringExpression {
 public:
  static Result<StringExpression> parse(std::string_view text);

  const std::string& text() const;
  bool is_intrinsic() const;
  const ValuePath* path() const;  // nullptr for an intrinsic call
  // Names of the variables it reads, without `$`, in order of appearance.
  std::vector<std::string> variables() const;

  // `field` is the name that error texts give ("value.$", "ErrorPath"). Failures carry the
  // service's text after its "An error occurred while executing ..." prefix, for example
  // "The JSONPath '$.p' specified for the field 'value.$' could not be found in the input '{}'"
  // (input: compact JSON of `input`), or "Invalid arguments in States.Format". An index past the
  // end of an array is no failure here but null. Fields whose texts differ (InputPath, ...) use
  // path()->evaluate() and write their own.
  Result<Value> evaluate(std::string_view field, const Value& input,
                         const Environment& environment) const;

  struct Call;

 private:
  std::shared_ptr<const Call> call_;
  std::shared_ptr<const ValuePath> path_;
};

// A payload template (Parameters, ResultSelector, ItemSelector, Assign, ...): JSON in which each
// key ending `.$` holds a StringExpression. Parts without expressions are shared, not copied.
class PayloadTemplate {
 public:
  // Compiles `json`, of any kind. kInvalid with `where` = JSON pointer inside the template: the
  // value under a `.$` key is not a string or not a valid expression, or two keys collide after
  // dropping the suffix.
  static Result<PayloadTemplate> compile(const Value& json);

  bool is_static() const;
  const Value& source() const;  // the JSON it was made of
  std::vector<std::string> variables() const;
  Result<Value> evaluate(const Value& input, const Environment& environment) const;

  struct Node;

 private:
  std::shared_ptr<const Node> root_;
};

}  // namespace pawl::asl
