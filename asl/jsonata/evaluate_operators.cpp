// Operators, ranges and array constructors.
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/text.h"

#include <algorithm>
#include <cmath>

namespace pawl::asl::jsonata {
namespace {

void locate(Fault& fault, const Node* node) {
  fault.position = node->position;
  fault.token = node->value;
  fault.has_token = true;
}

}  // namespace

Datum Evaluator::evaluate_binary(const Node* node, const Datum& input, const FramePtr& frame) {
  if (node->op == 'a' || node->op == 'o') return evaluate_logic(node, input, frame);
  const Datum left = evaluate(node->lhs, input, frame);
  const Datum right = evaluate(node->rhs, input, frame);
  return operate(node, left, right);
}

Datum Evaluator::evaluate_logic(const Node* node, const Datum& input, const FramePtr& frame) {
  const bool first = truthy(evaluate(node->lhs, input, frame).value);
  if (first == (node->op == 'o')) return Value::boolean(first);
  try {
    return Value::boolean(truthy(evaluate(node->rhs, input, frame).value));
  } catch (Fault& fault) {
    locate(fault, node);
    throw;
  }
}

Datum Evaluator::operate(const Node* node, const Datum& left, const Datum& right) {
  try {
    switch (node->op) {
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
        if (!left.is_undefined() && !is_numeric(left.value)) fail_value("T2001", left.value);
        if (!right.is_undefined() && !is_numeric(right.value)) fail_value("T2002", right.value);
        if (left.is_undefined() || right.is_undefined()) return {};
        return arithmetic(node->op, left.value, right.value);
      case '=':
      case 'N':
        if (left.is_undefined() || right.is_undefined()) return Value::boolean(false);
        return Value::boolean(equal(left.value, right.value) == (node->op == '='));
      case '<':
      case '>':
      case 'L':
      case 'G':
        return compare(node->op, left.value, right.value);
      case '&': {
        std::string text;
        append_string(left, false, text);
        append_string(right, false, text);
        return make_string(text);
      }
      case 'R':
        return make_range(left.value, right.value);
      case 'i': {
        if (left.is_undefined() || right.is_undefined()) return Value::boolean(false);
        const std::span<const Value> items = items_of(right);
        const bool scalar = !left.value.is_object() && !left.is_array();
        return Value::boolean(std::any_of(items.begin(), items.end(), [&](const Value& each) {
          return scalar ? equal(each, left.value) : each.same_as(left.value);
        }));
      }
      default:
        return {};
    }
  } catch (Fault& fault) {
    locate(fault, node);
    throw;
  }
}

// Integers stay integers as long as 64 bits hold them (AWS), or 53 (reference: IEEE doubles).
Value Evaluator::arithmetic(char op, const Value& left, const Value& right) const {
  if (left.is_int() && right.is_int() && op != '/' && op != '%') {
    const std::int64_t a = left.as_int();
    const std::int64_t b = right.as_int();
    std::int64_t exact = 0;
    bool overflow = false;
    if (op == '+') overflow = __builtin_add_overflow(a, b, &exact);
    if (op == '-') overflow = __builtin_sub_overflow(a, b, &exact);
    if (op == '*') overflow = __builtin_mul_overflow(a, b, &exact);
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    if (!overflow && (dialect() == Dialect::kAws || (exact <= kExact && exact >= -kExact))) {
      return Value::integer(exact);
    }
  }
  const double a = left.as_double();
  const double b = right.as_double();
  switch (op) {
    case '+':
      return number(a + b);
    case '-':
      return number(a - b);
    case '*':
      return number(a * b);
    case '/':
      return number(a / b);
    default:
      return number(std::fmod(a, b));
  }
}

Value Evaluator::compare(char op, const Value& left, const Value& right) const {
  const auto comparable = [](const Value& value) {
    return value.is_undefined() || value.is_string() || value.is_number();
  };
  if (!comparable(left) || !comparable(right)) {
    fail_value("T2010", left.is_string() || left.is_number() ? right : left);
  }
  if (left.is_undefined() || right.is_undefined()) return {};
  if (left.is_string() != right.is_string()) fail_values("T2009", left, right);
  int order = 0;
  if (left.is_string()) {
    order = compare_utf16(left.as_string(), right.as_string());
  } else if (left.is_int() && right.is_int()) {
    order = left.as_int() < right.as_int() ? -1 : left.as_int() > right.as_int();
  } else {
    const double a = left.as_double();
    const double b = right.as_double();
    if (std::isnan(a) || std::isnan(b)) return Value::boolean(false);
    order = a < b ? -1 : a > b;
  }
  switch (op) {
    case '<':
      return Value::boolean(order < 0);
    case '>':
      return Value::boolean(order > 0);
    case 'L':
      return Value::boolean(order <= 0);
    default:
      return Value::boolean(order >= 0);
  }
}

Datum Evaluator::make_range(const Value& left, const Value& right) {
  const auto integral = [](const Value& value) {
    return value.is_int() || (value.is_double() && std::isfinite(value.as_double()) &&
                              value.as_double() == std::floor(value.as_double()));
  };
  if (!left.is_undefined() && !integral(left)) fail_value("T2003", left);
  if (!right.is_undefined() && !integral(right)) fail_value("T2004", right);
  if (left.is_undefined() || right.is_undefined()) return {};
  const double from = left.as_double();
  const double to = right.as_double();
  if (from > to) return {};
  const double size = to - from + 1;
  if (size > 1e7) fail_value("D2014", number(size));
  const auto count = static_cast<std::uint64_t>(size);
  check_weight(count * weight_of(Value::integer(0)));
  Items out(*this);
  out.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i % 64 == 0) count_step();
    out.add(number(from + static_cast<double>(i)));
  }
  return {out.finish(), kSequence};
}

Datum Evaluator::evaluate_array(const Node* node, const Datum& input, const FramePtr& frame) {
  Items out(*this);
  for (const Node* item : node->list) {
    Datum value = evaluate(item, input, frame);
    if (value.is_undefined()) continue;
    if (item->type == NodeType::kArray || !value.is_array()) {
      out.add(std::move(value.value));
    } else if (node->list.size() == 1 && !value.has(kTupleStream)) {
      // [1..n]: the items as they are.
      return {std::move(value.value), static_cast<std::uint8_t>(node->cons_array ? kCons : 0)};
    } else {
      out.add_all(value.value.items());
    }
  }
  return {out.finish(), static_cast<std::uint8_t>(node->cons_array ? kCons : 0)};
}

}  // namespace pawl::asl::jsonata
