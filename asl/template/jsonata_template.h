// The dynamic parts of JSONata fields: JSON in which every string between {% and %} is an
// expression, at any depth. Compiled once with the definition, evaluated per state visit.
//
// Source: `asl-facts` section 4; texts and locations as the service writes them.
#pragma once

#include "asl/json/value.h"
#include "asl/path/environment.h"
#include "base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl {

// What the expressions of one state visit see, and what they may use up.
struct JsonataScope {
  const Environment& environment;  // $states.context, the variables, randomness
  const Value& input;              // $states.input
  Value result;                    // $states.result; undefined: there is none here
  Value error_output;              // $states.errorOutput; undefined: there is none here
  std::int64_t now_ms = 0;         // $now(), $millis()
  // Called now and then during a long evaluation: it may suspend the fiber. False ends the
  // evaluation with the service's time-out.
  const std::function<bool()>* go_on = nullptr;
};

// What stands between {% and %}, without the blanks around it; empty: `text` is no expression.
std::optional<std::string_view> jsonata_source(std::string_view text);

class JsonataTemplate {
 public:
  // Compiles `json`, of any kind. `field` is the name that texts give: "Output",
  // "Choices[1]/Assign". kInvalid with `where` = JSON pointer inside the template: an expression
  // does not parse.
  static Result<JsonataTemplate> compile(const Value& json, std::string_view field);

  bool is_static() const;
  const Value& source() const;  // the JSON it was made of
  const std::string& field() const;
  // Names of the variables that it reads, without `$`, in order of appearance.
  std::vector<std::string> variables() const;

  // Failures: `message` is the service's text after its "An error occurred ..." prefix, `where` the
  // location ("Output/a/b[0]").
  Result<Value> evaluate(const JsonataScope& scope) const;
  // The same for a template that is one expression; a result of another kind is a failure too:
  // "... returned an unexpected result type. Expected 'array', but was 'number' for value: 1".
  Result<Value> evaluate_array(const JsonataScope& scope) const;
  Result<bool> evaluate_boolean(const JsonataScope& scope) const;
  Result<std::string> evaluate_string(const JsonataScope& scope) const;
  Result<Value> evaluate_number(const JsonataScope& scope) const;

  struct Node;

 private:
  Error unexpected(std::string_view expected, const Value& value) const;

  std::shared_ptr<const Node> root_;
};

}  // namespace pawl::asl
