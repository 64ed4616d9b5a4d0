#include "connectors/dynamodb/legacy.h"

#include "connectors/dynamodb/value.h"

#include <string_view>
#include <utility>

namespace pawl::connectors::dynamodb {

using asl::Value;

namespace {

Error invalid(std::string message) {
  return {ErrorCode::kInvalid, "One or more parameter values were invalid: " + std::move(message),
          ""};
}

Operand attribute(std::string_view name) { return {Path{{std::string(name), std::nullopt}}}; }

Condition compare(std::string_view name, std::string_view op, const Value& value) {
  Condition out;
  out.kind = Condition::Kind::kCompare;
  out.name = op;
  out.operands = {attribute(name), Operand{value}};
  return out;
}

Condition function(std::string_view function, std::string_view name, const Value* value = nullptr) {
  Condition out;
  out.kind = Condition::Kind::kFunction;
  out.name = function;
  out.operands.push_back(attribute(name));
  if (value != nullptr) out.operands.push_back(Operand{*value});
  return out;
}

Condition negated(Condition inner) {
  Condition out;
  out.kind = Condition::Kind::kNot;
  out.conditions.push_back(std::move(inner));
  return out;
}

Result<Condition> one_condition(std::string_view name, const Value& rule) {
  const Value* value = rule.find("Value");
  const Value* exists = rule.find("Exists");
  const Value* op_member = rule.find("ComparisonOperator");
  if (op_member == nullptr) {
    if (exists != nullptr && exists->is_bool() && !exists->as_bool()) {
      return function("attribute_not_exists", name);
    }
    if (value == nullptr) return invalid("Value must be provided when Exists is true");
    Result<Value> checked = checked_value(*value);
    if (!checked) return std::move(checked).error();
    return compare(name, "=", *checked);
  }
  const std::string_view op = op_member->is_string() ? op_member->as_string() : std::string_view();
  std::vector<Value> values;
  if (const Value* list = rule.find("AttributeValueList"); list != nullptr && list->is_array()) {
    for (const Value& one : list->items()) {
      Result<Value> checked = checked_value(one);
      if (!checked) return std::move(checked).error();
      values.push_back(*std::move(checked));
    }
  } else if (value != nullptr) {
    Result<Value> checked = checked_value(*value);
    if (!checked) return std::move(checked).error();
    values.push_back(*std::move(checked));
  }
  const auto needs = [&](std::size_t count) { return values.size() == count; };
  const Error wrong_count =
      invalid("Invalid number of argument(s) for the " + std::string(op) + " ComparisonOperator");
  if (op == "NULL") return function("attribute_not_exists", name);
  if (op == "NOT_NULL") return function("attribute_exists", name);
  constexpr std::pair<std::string_view, std::string_view> kComparators[] = {
      {"EQ", "="}, {"NE", "<>"}, {"LT", "<"}, {"LE", "<="}, {"GT", ">"}, {"GE", ">="}};
  for (const auto& [legacy, symbol] : kComparators) {
    if (op != legacy) continue;
    if (!needs(1)) return wrong_count;
    return compare(name, symbol, values[0]);
  }
  if (op == "BETWEEN") {
    if (!needs(2)) return wrong_count;
    Condition out;
    out.kind = Condition::Kind::kBetween;
    out.operands = {attribute(name), Operand{values[0]}, Operand{values[1]}};
    return out;
  }
  if (op == "IN") {
    if (values.empty()) return wrong_count;
    Condition out;
    out.kind = Condition::Kind::kIn;
    out.operands.push_back(attribute(name));
    for (const Value& one : values) out.operands.push_back(Operand{one});
    return out;
  }
  if (op == "BEGINS_WITH" || op == "CONTAINS" || op == "NOT_CONTAINS") {
    if (!needs(1)) return wrong_count;
    if (op == "BEGINS_WITH") return function("begins_with", name, values.data());
    Condition contains = function("contains", name, values.data());
    return op == "CONTAINS" ? contains : negated(std::move(contains));
  }
  return invalid("Unknown ComparisonOperator " + std::string(op));
}

}  // namespace

Result<Condition> legacy_condition(const Value& given, bool any) {
  Condition all;
  all.kind = any ? Condition::Kind::kOr : Condition::Kind::kAnd;
  if (!given.is_object() || given.size() == 0) return invalid("The conditions are empty");
  for (const asl::Member& member : given.members()) {
    Result<Condition> one = one_condition(member.key.as_string(), member.value);
    if (!one) return one;
    all.conditions.push_back(*std::move(one));
  }
  return all;
}

Result<std::vector<UpdateAction>> legacy_update(const Value& given) {
  std::vector<UpdateAction> actions;
  if (!given.is_object()) return invalid("AttributeUpdates is no map");
  for (const asl::Member& member : given.members()) {
    UpdateAction action;
    action.path = {{std::string(member.key.as_string()), std::nullopt}};
    const Value* named = member.value.find("Action");
    const std::string_view kind =
        named != nullptr && named->is_string() ? named->as_string() : "PUT";
    const Value* value = member.value.find("Value");
    if (value != nullptr) {
      Result<Value> checked = checked_value(*value);
      if (!checked) return std::move(checked).error();
      action.left = Operand{*std::move(checked)};
    }
    if (kind == "PUT") {
      action.kind = UpdateAction::Kind::kSet;
    } else if (kind == "ADD") {
      action.kind = UpdateAction::Kind::kAdd;
    } else if (kind == "DELETE") {
      action.kind = action.left ? UpdateAction::Kind::kDelete : UpdateAction::Kind::kRemove;
    } else {
      return invalid("Unknown Action " + std::string(kind));
    }
    if (!action.left && action.kind != UpdateAction::Kind::kRemove) {
      return invalid("Only DELETE action is allowed when no attribute value is specified");
    }
    actions.push_back(std::move(action));
  }
  return actions;
}

}  // namespace pawl::connectors::dynamodb
