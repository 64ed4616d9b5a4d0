// Evaluates the conditions of filters.
#include "asl/path/comparison.h"
#include "asl/path/evaluation.h"

namespace pawl::asl::jsonpath {

namespace {

// The keys of one object are a set, and no list that could be compared with anything.
bool is_key_set(const CompiledPath& path) {
  return path.definite && path.ends_in_function() &&
         std::get<FunctionStep>(path.steps.back().data).call->function == Function::kKeys;
}

class Condition {
 public:
  Condition(const Value& item, EvaluationState& state) : item_(item), state_(state) {}

  bool holds(const Expression& expression, bool& result) {
    switch (expression.kind) {
      case Expression::Kind::kNot:
        if (!holds(expression.terms.front(), result)) return false;
        result = !result;
        return true;
      case Expression::Kind::kAnd:
      case Expression::Kind::kOr: {
        const bool decisive = expression.kind == Expression::Kind::kOr;
        for (const Expression& term : expression.terms) {
          if (!holds(term, result)) return false;
          if (result == decisive) return true;
        }
        return true;
      }
      case Expression::Kind::kRelation:
        break;
    }
    return relation(expression, result);
  }

 private:
  bool relation(const Expression& expression, bool& result) {
    if (expression.lone) {
      bool found = false;
      if (!exists(*expression.left.path, found)) return false;
      result = found == expression.left.should_exist;
      return true;
    }
    Term left;
    Term right;
    if (!term_of(expression.left, left) || !term_of(expression.right, right)) return false;
    return compare_terms(expression.op, left, right, state_, result);
  }

  // Asked of the element itself, even if the path begins with `$`.
  bool exists(const CompiledPath& path, bool& found) {
    Value value;
    found = Evaluation(path, state_, true).evaluate(item_, value);
    return found || state_.failure == Failure::kNotFound;
  }

  bool term_of(const Operand& operand, Term& term) {
    if (operand.kind != OperandKind::kPath) {
      term.kind = operand.kind;
      term.value = operand.value;
      term.literal = &operand;
      return true;
    }
    if (!value_of(*operand.path, term.value)) {
      if (state_.failure != Failure::kNotFound) return false;
      term.value = Value();
    }
    if (term.value.is_array() && is_key_set(*operand.path)) {
      return state_.fail(Failure::kOther, [] {
        return "JsonPathException: Could not convert class java.util.LinkedHashMap$LinkedKeySet "
               "to a ValueNode";
      });
    }
    term.kind = kind_of(term.value);
    return true;
  }

  bool value_of(const CompiledPath& path, Value& value) {
    if (path.root != '$') return Evaluation(path, state_).evaluate(item_, value);
    for (const auto& [known, cached] : state_.cache) {
      if (known == &path) {
        value = cached;
        return true;
      }
    }
    if (!Evaluation(path, state_).evaluate(*state_.root, value)) return false;
    state_.cache.emplace_back(&path, value);
    return true;
  }

  const Value& item_;
  EvaluationState& state_;
};

}  // namespace

bool filter_accepts(const Expression& condition, const Value& item, EvaluationState& state,
                    bool& accepts) {
  ++state.quiet;
  const bool done = state.visit() && Condition(item, state).holds(condition, accepts);
  --state.quiet;
  if (done) return true;
  accepts = false;
  return state.failure == Failure::kNotFound || state.failure == Failure::kInvalid;
}

}  // namespace pawl::asl::jsonpath
