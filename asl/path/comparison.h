// One comparison of a filter, once both sides have their values. Internal to asl/path.
#pragma once

#include "asl/path/compiled.h"
#include "asl/path/evaluation.h"

#include <string>

namespace pawl::asl::jsonpath {

// One side of a comparison with its value.
struct Term {
  OperandKind kind = OperandKind::kUndefined;
  Value value;
  // The literal it came from: the exact number, the regular expression. Null for values of the
  // document.
  const Operand* literal = nullptr;
  std::string text;  // kJson written as text and not yet parsed

  bool is_text_json() const { return kind == OperandKind::kJson && (literal || !text.empty()); }
};

// What kind of operand a value of the document is.
OperandKind kind_of(const Value& value);

// Applies `op`. False: a failure, noted in the state: kInvalid for sides of the wrong kind, kOther
// for what Java throws.
bool compare_terms(Operator op, const Term& left, const Term& right, EvaluationState& state,
                   bool& result);

}  // namespace pawl::asl::jsonpath
