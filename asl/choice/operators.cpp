#include "asl/choice/operators.h"

#include "asl/path/java_text.h"
#include "asl/time/timestamp.h"

#include <algorithm>
#include <array>
#include <compare>

namespace pawl::asl::choice {

namespace {

constexpr Operator comparison(std::string_view name, Domain domain, Relation relation) {
  return {name, domain, relation, Test::kPresent, true};
}
constexpr Operator test(std::string_view name, Test what) {
  return {name, Domain::kTest, Relation::kEqual, what, false};
}

constexpr std::array kOperators = {
    comparison("StringEquals", Domain::kString, Relation::kEqual),
    comparison("StringLessThan", Domain::kString, Relation::kLess),
    comparison("StringGreaterThan", Domain::kString, Relation::kGreater),
    comparison("StringLessThanEquals", Domain::kString, Relation::kLessEqual),
    comparison("StringGreaterThanEquals", Domain::kString, Relation::kGreaterEqual),
    Operator{"StringMatches", Domain::kPattern, Relation::kEqual, Test::kPresent, false},
    comparison("NumericEquals", Domain::kNumber, Relation::kEqual),
    comparison("NumericLessThan", Domain::kNumber, Relation::kLess),
    comparison("NumericGreaterThan", Domain::kNumber, Relation::kGreater),
    comparison("NumericLessThanEquals", Domain::kNumber, Relation::kLessEqual),
    comparison("NumericGreaterThanEquals", Domain::kNumber, Relation::kGreaterEqual),
    comparison("BooleanEquals", Domain::kBoolean, Relation::kEqual),
    comparison("TimestampEquals", Domain::kTimestamp, Relation::kEqual),
    comparison("TimestampLessThan", Domain::kTimestamp, Relation::kLess),
    comparison("TimestampGreaterThan", Domain::kTimestamp, Relation::kGreater),
    comparison("TimestampLessThanEquals", Domain::kTimestamp, Relation::kLessEqual),
    comparison("TimestampGreaterThanEquals", Domain::kTimestamp, Relation::kGreaterEqual),
    test("IsNull", Test::kNull),
    test("IsPresent", Test::kPresent),
    test("IsNumeric", Test::kNumeric),
    test("IsString", Test::kString),
    test("IsBoolean", Test::kBoolean),
    test("IsTimestamp", Test::kTimestamp),
};

bool satisfies(Relation relation, std::partial_ordering order) {
  switch (relation) {
    case Relation::kEqual:
      return order == 0;
    case Relation::kLess:
      return order < 0;
    case Relation::kGreater:
      return order > 0;
    case Relation::kLessEqual:
      return order <= 0;
    case Relation::kGreaterEqual:
      return order >= 0;
  }
  return false;
}

bool is_timestamp(const Value& value) {
  return value.is_string() && parse_instant(value.as_string()).has_value();
}

std::partial_ordering number_order(const Value& a, const Value& b) {
  if (a.is_int() && b.is_int()) return a.as_int() <=> b.as_int();
  return a.as_double() <=> b.as_double();
}

}  // namespace

const Operator* find_operator(std::string_view name, bool& is_path) {
  constexpr std::string_view kPath = "Path";
  is_path = name.ends_with(kPath);
  if (is_path) name.remove_suffix(kPath.size());
  const auto* const found = std::find_if(kOperators.begin(), kOperators.end(),
                                         [name](const Operator& op) { return op.name == name; });
  if (found == kOperators.end() || (is_path && !found->has_path_form)) return nullptr;
  return found;
}

bool accepts_operand(const Operator& op, const Value& literal) {
  switch (op.domain) {
    case Domain::kString:
    case Domain::kPattern:
      return literal.is_string();
    case Domain::kNumber:
      return literal.is_number();
    case Domain::kBoolean:
    case Domain::kTest:
      return literal.is_bool();
    case Domain::kTimestamp:
      return is_timestamp(literal);
  }
  return false;
}

bool compare(const Operator& op, const Value& value, const Value& operand) {
  switch (op.domain) {
    case Domain::kString:
      return value.is_string() && operand.is_string() &&
             satisfies(op.relation, compare_utf16(value.as_string(), operand.as_string()) <=> 0);
    case Domain::kPattern:
      return value.is_string() && operand.is_string() &&
             matches_pattern(value.as_string(), operand.as_string());
    case Domain::kNumber:
      return value.is_number() && operand.is_number() &&
             satisfies(op.relation, number_order(value, operand));
    case Domain::kBoolean:
      return value.is_bool() && operand.is_bool() && value.as_bool() == operand.as_bool();
    case Domain::kTimestamp: {
      if (!value.is_string() || !operand.is_string()) return false;
      const Result<Instant> left = parse_instant(value.as_string());
      const Result<Instant> right = parse_instant(operand.as_string());
      return left && right && satisfies(op.relation, *left <=> *right);
    }
    case Domain::kTest:
      return false;
  }
  return false;
}

bool holds(Test test, const Value& value) {
  switch (test) {
    case Test::kPresent:
      return true;
    case Test::kNull:
      return value.is_null();
    case Test::kNumeric:
      return value.is_number();
    case Test::kString:
      return value.is_string();
    case Test::kBoolean:
      return value.is_bool();
    case Test::kTimestamp:
      return is_timestamp(value);
  }
  return false;
}

// Only the last star is ever taken back, so the time is at most the product of the two lengths.
bool matches_pattern(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;  // position behind the last star
  std::size_t star_text = 0;                  // text it has not swallowed yet
  while (true) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    const bool escape = p + 1 < pattern.size() && pattern[p] == '\\' &&
                        (pattern[p + 1] == '*' || pattern[p + 1] == '\\');
    const std::size_t at = escape ? p + 1 : p;
    if (at < pattern.size() && t < text.size() && pattern[at] == text[t]) {
      p = at + 1;
      ++t;
      continue;
    }
    if (p == pattern.size() && t == text.size()) return true;
    if (star == std::string_view::npos || star_text == text.size()) return false;
    p = star;
    t = ++star_text;
  }
}

}  // namespace pawl::asl::choice
