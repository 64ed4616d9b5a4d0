// The public face: parse, evaluate, and the result as it leaves the language.
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/library.h"

#include <cmath>

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

// A result as it leaves the language. Functions inside are nothing that can be written: they become
// empty strings. Numbers beyond JSON become strings in AWS's dialect.
Value without_functions(const Evaluator& evaluator, const Value& value) {
  if (evaluator.is_function(value)) return Value::string("");
  if (value.is_double() && !std::isfinite(value.as_double()) &&
      evaluator.dialect() == Dialect::kAws) {
    return Value::string(number_to_string(value.as_double()));
  }
  if (value.is_array()) {
    std::vector<Value> items;
    bool same = true;
    for (const Value& each : value.items()) {
      items.push_back(without_functions(evaluator, each));
      same = same && items.back().same_as(each);
    }
    return same ? value : Value::array(std::move(items));
  }
  if (value.is_object()) {
    std::vector<Member> members;
    bool same = true;
    for (const Member& each : value.members()) {
      members.push_back({each.key, without_functions(evaluator, each.value)});
      same = same && members.back().value.same_as(each.value);
    }
    return same ? value : Value::object(std::move(members));
  }
  return value;
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
      evaluation.value = without_functions(evaluator, result.value);
    }
  } catch (const Fault& fault) {
    evaluation.failure = to_failure(fault);
  }
  return evaluation;
}

}  // namespace pawl::asl::jsonata
