// Compiles a valid definition for running.
#pragma once

#include "asl/model/definition.h"
#include "base/result.h"

#include <memory>
#include <string_view>

namespace pawl::asl {

// Compiles `definition`, which validate() has found without errors. kInvalid with `where` = the
// place of the first problem ("/States/X/Next") if it has some all the same. Never asserts on
// input; needs no more stack for nested machines. Pure.
Result<std::shared_ptr<const Definition>> compile(const Value& definition);

// A machine around one state, as TestState runs it: it starts at `state`, which is called `name`,
// and each state that `state` leads to (Next, Default, Choices, Catch) is a Succeed. Valid exactly
// if the state is. What is no state (not even an object) is put in all the same.
Value machine_of_state(const Value& state, std::string_view name);

// Reads a definition written in YAML (a superset of JSON for our purpose) into a Value: plain
// scalars become null, booleans, numbers or strings by the core schema; anchors are followed,
// within bounds; unknown tags are refused. `where` is "line L, column C".
Result<Value> read_yaml(std::string_view text);

// Where a JSON pointer ("/States/X/Next") stands in the text of a definition, JSON or YAML, for
// messages that name the place. Takes the form of Diagnostic::location ("/States/X/Retry[0]") as
// well. kNotFound if the text has no such place. Reading YAML, here and in read_yaml(), recurses:
// not from a small fiber.
struct SourceLine {
  std::size_t line = 1;
  std::size_t column = 1;
};
Result<SourceLine> locate(std::string_view text, std::string_view pointer);

}  // namespace pawl::asl
