// An Environment made by hand.
#pragma once

#include "asl/json/reader.h"
#include "asl/path/environment.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace pawl::asl {

class FakeEnvironment final : public Environment {
 public:
  explicit FakeEnvironment(std::string_view context = "{}", std::string_view variables = "{}")
      : context_(read_json(context).value()), variables_(read_json(variables).value()) {}

  const Value& context() const override { return context_; }
  const Value* variable(std::string_view name) const override { return variables_.find(name); }
  std::uint64_t random() const override { return random_ += 0x9E3779B97F4A7C15U; }

 private:
  Value context_;
  Value variables_;
  mutable std::uint64_t random_ = 1;
};

}  // namespace pawl::asl
