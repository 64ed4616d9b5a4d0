// Choice rules of the JSONPath language: compiled comparisons and their And/Or/Not combinations.
//
// A value of the wrong type does not match and is no error; a Variable that finds nothing is one,
// for every operator but IsPresent. Source: States Language, "Choice State"; recorded answers.
#pragma once

#include "asl/json/value.h"
#include "asl/path/environment.h"
#include "base/result.h"

#include <memory>
#include <string>
#include <vector>

namespace pawl::asl {

// Nesting of And, Or and Not (docs/limits.md): compiling and matching recurse.
inline constexpr int kMaxChoiceDepth = 50;

class ChoiceRule {
 public:
  // Compiles the comparison part of one rule (`Next`, `Assign`, `Comment` are ignored here).
  // kInvalid with `where` = JSON pointer inside the rule.
  static Result<ChoiceRule> compile(const Value& rule);

  // True if the rule matches. And and Or stop at the first term that decides. Failures carry the
  // service's text: "Invalid path '$.value': The choice state's condition path references an
  // invalid value."
  Result<bool> matches(const Value& input, const Environment& environment) const;
  std::vector<std::string> variables() const;

  struct Node;

 private:
  std::shared_ptr<const Node> root_;
};

}  // namespace pawl::asl
