// The public face: parse, evaluate, and the result as it leaves the language.
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/library.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace pawl::asl::jsonata {

std::optional<Expression> Expression::parse(std::string_view text, Dialect dialect,
                                            Failure& failure) {
  try {
    return Expression(parse_program(text, dialect));
  } catch (const Fault& fault) {
    failure = to_failure(fault);
    return std::nullopt;
  }
}

Result<Expression> Expression::parse(std::string_view text, Dialect dialect) {
  Failure failure;
  if (std::optional<Expression> expression = parse(text, dialect, failure)) return *expression;
  return Error{ErrorCode::kInvalid, failure.message, failure.code};
}

Dialect Expression::dialect() const { return program_->dialect; }
const Node& Expression::root() const { return *program_->root; }

namespace {

bool leaves_as_it_is(const Evaluator& evaluator, const Value& value) {
  switch (value.kind()) {
    case Kind::kDouble:
      return evaluator.dialect() != Dialect::kAws || std::isfinite(value.as_double());
    case Kind::kArray: {
      const std::span<const Value> items = value.items();
      return std::all_of(items.begin(), items.end(),
                         [&](const Value& each) { return leaves_as_it_is(evaluator, each); });
    }
    case Kind::kObject: {
      if (evaluator.is_function(value)) return false;
      const std::span<const Member> members = value.members();
      return std::all_of(members.begin(), members.end(), [&](const Member& each) {
        return leaves_as_it_is(evaluator, each.value);
      });
    }
    default:
      return true;
  }
}

// A result as it leaves the language. Functions inside are nothing that can be written: they become
// empty strings. Numbers beyond JSON become strings in AWS's dialect.
Value outside_value(const Evaluator& evaluator, const Value& value) {
  if (leaves_as_it_is(evaluator, value)) return value;
  if (evaluator.is_function(value)) return Value::string("");
  if (value.is_double()) return Value::string(number_to_string(value.as_double()));
  if (value.is_array()) {
    std::vector<Value> items;
    items.reserve(value.size());
    for (const Value& each : value.items()) items.push_back(outside_value(evaluator, each));
    return Value::array(std::move(items));
  }
  std::vector<Member> members;
  members.reserve(value.size());
  for (const Member& each : value.members()) {
    members.push_back({each.key, outside_value(evaluator, each.value)});
  }
  return Value::object(std::move(members));
}

}  // namespace

Evaluation Expression::evaluate(const EvaluateOptions& options) const {
  Evaluation evaluation;
  try {
    Evaluator evaluator(*program_, options);
    Datum result = evaluator.run();
    if (evaluator.is_function(result.value)) {
      evaluation.is_function = true;
    } else {
      evaluation.value = outside_value(evaluator, result.value);
    }
  } catch (const Fault& fault) {
    evaluation.failure = to_failure(fault);
  }
  return evaluation;
}

}  // namespace pawl::asl::jsonata
