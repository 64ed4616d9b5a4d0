// The comparison operators of Choice rules. Internal to asl/choice.
//
// Source: States Language, "Choice State", "Data-Test Expressions"; `asl-facts` section 7.
#pragma once

#include "asl/json/value.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace pawl::asl::choice {

// What both sides of a comparison must be; a value that is none of these does not match.
enum class Domain : std::uint8_t { kString, kNumber, kBoolean, kTimestamp, kPattern, kTest };

enum class Relation : std::uint8_t {
  kEqual,
  kLess,
  kGreater,
  kLessEqual,
  kGreaterEqual,
};

// What the Is... operators ask of a value.
enum class Test : std::uint8_t { kPresent, kNull, kNumeric, kString, kBoolean, kTimestamp };

struct Operator {
  std::string_view name;  // without "Path"
  Domain domain = Domain::kTest;
  Relation relation = Relation::kEqual;
  Test test = Test::kPresent;
  bool has_path_form = false;
};

// The operator of that name, or nullptr. `is_path` is set if the name ends in "Path" and the
// operator has that form.
const Operator* find_operator(std::string_view name, bool& is_path);

// Is `literal` an operand that the operator can have? ("StringEquals" a string, "IsNull" a
// boolean.)
bool accepts_operand(const Operator& op, const Value& literal);

// Compares; false if either side is not of the operator's domain. Not for Domain::kTest.
bool compare(const Operator& op, const Value& value, const Value& operand);

// Domain::kTest of a value that is there.
bool holds(Test test, const Value& value);

// StringMatches: `*` stands for any text, `\*` for a star, `\\` for a backslash.
bool matches_pattern(std::string_view text, std::string_view pattern);

}  // namespace pawl::asl::choice
