// Environment: what an expression of a state can see besides its input.
#pragma once

#include "asl/json/value.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace pawl::asl {

class Environment {
 public:
  virtual ~Environment() = default;

  // The context object ($$, $states.context). Built on first use.
  virtual const Value& context() const = 0;
  // A variable of the innermost scope that has it, or nullptr.
  virtual const Value* variable(std::string_view name) const = 0;
  // Randomness for States.UUID and States.MathRandom (no hidden inputs in `asl`).
  virtual std::uint64_t random() const = 0;
};

}  // namespace pawl::asl
