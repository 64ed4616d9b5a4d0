// ValuePath: a path with the document it applies to: `$.a` the input, `$$.a` the context object,
// `$name.a` a variable.
//
// Source: States Language, "Paths", "The Context Object", "Variables".
#pragma once

#include "asl/json/value.h"
#include "asl/path/environment.h"
#include "asl/path/path.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace pawl::asl {

class ValuePath {
 public:
  enum class Root { kInput, kContext, kVariable };

  // kInvalid as Path::parse, or if the variable's name is none.
  static Result<ValuePath> parse(std::string_view text);

  Root root() const { return root_; }
  const std::string& variable() const { return variable_; }  // without `$`; kVariable only
  const Path& path() const { return path_; }  // relative to the document: always starts with `$`
  const std::string& text() const { return text_; }

  // As Path::evaluate, but an indefinite path that finds nothing gives [] in any case. kNotFound
  // too if the variable does not exist.
  Result<Value> evaluate(const Value& input, const Environment& environment) const;

  // As Path::past_end, of this path's document.
  bool past_end(const Value& input, const Environment& environment) const;

 private:
  const Value* document(const Value& input, const Environment& environment) const;

  Root root_ = Root::kInput;
  std::string variable_;
  Path path_;
  std::string text_;
};

}  // namespace pawl::asl
