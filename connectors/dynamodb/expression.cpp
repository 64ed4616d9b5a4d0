// Evaluating expressions.
#include "connectors/dynamodb/expression.h"

#include "connectors/aws/base64.h"
#include "connectors/dynamodb/number.h"
#include "connectors/dynamodb/value.h"

#include <algorithm>
#include <functional>

namespace pawl::connectors::dynamodb {

using asl::ObjectBuilder;
using asl::Value;

namespace {

Error invalid(std::string message) { return {ErrorCode::kInvalid, std::move(message), ""}; }

Value typed(std::string_view type, Value content) {
  return std::move(ObjectBuilder().set(type, std::move(content))).build();
}

Error missing_attribute() {
  return invalid("The provided expression refers to an attribute that does not exist in the item");
}
Error wrong_operand() {
  return invalid("An operand in the update expression has an incorrect data type");
}
Error wrong_path() {
  return invalid("The document path provided in the update expression is invalid for update");
}

// An operand of a condition: undefined where there is nothing.
Value operand_value(const Operand& operand, const Value& item) {
  if (const auto* path = std::get_if<Path>(&operand.what)) return at_path(item, *path);
  if (const auto* value = std::get_if<Value>(&operand.what)) return *value;
  const auto& call = std::get<Call>(operand.what);
  if (call.function != "size") return {};
  const Value of = operand_value(call.arguments[0], item);
  const auto size = of.is_undefined() ? std::nullopt : size_of_value(of);
  return size ? typed("N", Value::string(std::to_string(*size))) : Value();
}

bool compares(std::string_view op, const Value& a, const Value& b) {
  if (a.is_undefined() || b.is_undefined()) return false;
  if (op == "=") return equal_values(a, b);
  if (op == "<>") return !equal_values(a, b);
  const std::optional<int> order = compare_values(a, b);
  if (!order) return false;
  return op == "<" ? *order < 0 : op == "<=" ? *order <= 0 : op == ">" ? *order > 0 : *order >= 0;
}

bool contains(const Value& container, const Value& element) {
  const std::string_view type = type_of(container);
  const Value& content = content_of(container);
  const std::string_view element_type = type_of(element);
  if (type == "S" && element_type == "S") {
    return content.as_string().find(content_of(element).as_string()) != std::string_view::npos;
  }
  if (type == "B" && element_type == "B") {
    const auto whole = aws::from_base64(content.as_string());
    const auto part = aws::from_base64(content_of(element).as_string());
    return whole && part && whole->find(*part) != std::string::npos;
  }
  if (type == "L") {
    return std::any_of(content.items().begin(), content.items().end(),
                       [&](const Value& item) { return equal_values(item, element); });
  }
  if (type.size() == 2 && type[1] == 'S' && element_type == type.substr(0, 1)) {
    return std::any_of(content.items().begin(), content.items().end(), [&](const Value& item) {
      return item.as_string() == content_of(element).as_string();
    });
  }
  return false;
}

bool begins_with(const Value& value, const Value& prefix) {
  if (type_of(value) != type_of(prefix)) return false;
  if (type_of(value) == "S") {
    return content_of(value).as_string().starts_with(content_of(prefix).as_string());
  }
  if (type_of(value) != "B") return false;
  const auto whole = aws::from_base64(content_of(value).as_string());
  const auto part = aws::from_base64(content_of(prefix).as_string());
  return whole && part && whole->starts_with(*part);
}

bool function_holds(const Condition& condition, const Value& item) {
  const Value first = operand_value(condition.operands[0], item);
  if (condition.name == "attribute_exists") return !first.is_undefined();
  if (condition.name == "attribute_not_exists") return first.is_undefined();
  const Value second = operand_value(condition.operands[1], item);
  if (first.is_undefined() || second.is_undefined()) return false;
  if (condition.name == "attribute_type") {
    return type_of(second) == "S" && type_of(first) == content_of(second).as_string();
  }
  return condition.name == "contains" ? contains(first, second) : begins_with(first, second);
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): the parser bounds the depth
bool matches(const Condition& condition, const Value& item) {
  const auto holds = [&item](const Condition& one) { return matches(one, item); };
  switch (condition.kind) {
    case Condition::Kind::kAnd:
      return std::all_of(condition.conditions.begin(), condition.conditions.end(), holds);
    case Condition::Kind::kOr:
      return std::any_of(condition.conditions.begin(), condition.conditions.end(), holds);
    case Condition::Kind::kNot:
      return !holds(condition.conditions[0]);
    case Condition::Kind::kCompare:
      return compares(condition.name, operand_value(condition.operands[0], item),
                      operand_value(condition.operands[1], item));
    case Condition::Kind::kBetween: {
      const Value value = operand_value(condition.operands[0], item);
      return compares(">=", value, operand_value(condition.operands[1], item)) &&
             compares("<=", value, operand_value(condition.operands[2], item));
    }
    case Condition::Kind::kIn: {
      const Value value = operand_value(condition.operands[0], item);
      return std::any_of(
          condition.operands.begin() + 1, condition.operands.end(),
          [&](const Operand& one) { return compares("=", value, operand_value(one, item)); });
    }
    case Condition::Kind::kFunction:
      return function_holds(condition, item);
  }
  return false;
}

Value at_path(const Value& item, const Path& path) {
  const Value* found = item.find(path[0].name);
  for (std::size_t i = 1; found != nullptr && i < path.size(); ++i) {
    const std::string_view type = type_of(*found);
    if (path[i].index) {
      if (type != "L" || *path[i].index >= content_of(*found).size()) return {};
      found = &content_of(*found).items()[*path[i].index];
    } else {
      if (type != "M") return {};
      found = content_of(*found).find(path[i].name);
    }
  }
  return found == nullptr ? Value() : *found;
}

namespace {

// `value` with what lies at path[at...] replaced by change(what is there). An undefined answer
// removes it.
using ChangePart = std::function<Result<Value>(const Value& before)>;

// NOLINTNEXTLINE(misc-no-recursion): as deep as a path is long
Result<Value> changed_at(const Value& container, const Path& path, std::size_t at,
                         const ChangePart& change) {
  const bool top = at == 0;
  const bool last = at + 1 == path.size();
  const std::string_view type = top ? "M" : type_of(container);
  const Value& content = top ? container : content_of(container);
  const auto wrapped = [&](Value changed) {
    return top ? std::move(changed) : typed(type, std::move(changed));
  };
  const auto part = [&](const Value& before) -> Result<Value> {
    if (last) return change(before);
    if (before.is_undefined()) return wrong_path();
    return changed_at(before, path, at + 1, change);
  };
  if (path[at].index) {
    if (type != "L") return wrong_path();
    std::vector<Value> items(content.items().begin(), content.items().end());
    const std::size_t index = *path[at].index;
    Result<Value> changed = part(index < items.size() ? items[index] : Value());
    if (!changed) return changed;
    if (changed->is_undefined()) {
      if (index < items.size()) items.erase(items.begin() + static_cast<std::ptrdiff_t>(index));
    } else if (index < items.size()) {
      items[index] = *std::move(changed);
    } else {
      items.push_back(*std::move(changed));  // past the end: at the end
    }
    return wrapped(Value::array(std::move(items)));
  }
  if (type != "M") return wrong_path();
  const Value* before = content.find(path[at].name);
  Result<Value> changed = part(before == nullptr ? Value() : *before);
  if (!changed) return changed;
  ObjectBuilder members(content);
  if (changed->is_undefined()) {
    members.erase(path[at].name);
  } else {
    members.set(path[at].name, *std::move(changed));
  }
  return wrapped(std::move(members).build());
}

// NOLINTNEXTLINE(misc-no-recursion): the parser bounds the depth
Result<Value> set_operand(const Operand& operand, const Value& item) {
  if (const auto* value = std::get_if<Value>(&operand.what)) return *value;
  if (const auto* path = std::get_if<Path>(&operand.what)) {
    Value found = at_path(item, *path);
    if (found.is_undefined()) return missing_attribute();
    return found;
  }
  const auto& call = std::get<Call>(operand.what);
  if (call.function == "if_not_exists") {
    const auto* path = std::get_if<Path>(&call.arguments[0].what);
    if (path == nullptr) {
      return invalid(
          "Invalid UpdateExpression: Operator or function requires a document path; "
          "operator or function: if_not_exists");
    }
    Value found = at_path(item, *path);
    return found.is_undefined() ? set_operand(call.arguments[1], item) : found;
  }
  if (call.function != "list_append") {
    return invalid(
        "Invalid UpdateExpression: The function is not allowed in an update expression; "
        "function: " +
        call.function);
  }
  Result<Value> first = set_operand(call.arguments[0], item);
  if (!first) return first;
  Result<Value> second = set_operand(call.arguments[1], item);
  if (!second) return second;
  if (type_of(*first) != "L" || type_of(*second) != "L") return wrong_operand();
  std::vector<Value> items(content_of(*first).items().begin(), content_of(*first).items().end());
  const auto more = content_of(*second).items();
  items.insert(items.end(), more.begin(), more.end());
  return typed("L", Value::array(std::move(items)));
}

Result<Value> sum(const Value& a, const Value& b, bool minus) {
  if (type_of(a) != "N" || type_of(b) != "N") return wrong_operand();
  const Result<Number> x = Number::parse(content_of(a).as_string());
  const Result<Number> y = Number::parse(content_of(b).as_string());
  if (!x || !y) return wrong_operand();
  const Result<Number> result = Number::add(*x, minus ? y->negated() : *y);
  if (!result) return result.error();
  return typed("N", Value::string(result->text()));
}

Result<Value> added(const Value& before, const Value& value) {
  if (before.is_undefined()) return value;
  if (type_of(value) == "N") return sum(before, value, false);
  if (type_of(before) != type_of(value)) return wrong_operand();
  std::vector<Value> items(content_of(before).items().begin(), content_of(before).items().end());
  for (const Value& item : content_of(value).items()) {
    const bool there = std::any_of(items.begin(), items.end(), [&](const Value& one) {
      return one.as_string() == item.as_string();
    });
    if (!there) items.push_back(item);
  }
  return typed(type_of(value), Value::array(std::move(items)));
}

// An empty set is no attribute.
Result<Value> without(const Value& before, const Value& value) {
  if (before.is_undefined()) return Value();
  if (type_of(before) != type_of(value)) return wrong_operand();
  std::vector<Value> items;
  for (const Value& item : content_of(before).items()) {
    const auto removed = content_of(value).items();
    const bool gone = std::any_of(removed.begin(), removed.end(), [&](const Value& one) {
      return one.as_string() == item.as_string();
    });
    if (!gone) items.push_back(item);
  }
  if (items.empty()) return Value();
  return typed(type_of(value), Value::array(std::move(items)));
}

bool is_set_type(std::string_view type) { return type.size() == 2 && type[1] == 'S'; }

}  // namespace

Result<Value> apply_update(const std::vector<UpdateAction>& actions, const Value& item,
                           std::set<std::string>& changed) {
  Value result = item;
  // Removals of list elements from the back, so that indexes keep their meaning.
  std::vector<const UpdateAction*> ordered;
  for (const UpdateAction& action : actions) ordered.push_back(&action);
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) {
    const bool removes =
        a->kind == UpdateAction::Kind::kRemove && b->kind == UpdateAction::Kind::kRemove;
    return removes && a->path.back().index && b->path.back().index &&
           *a->path.back().index > *b->path.back().index;
  });
  for (const UpdateAction* action : ordered) {
    changed.insert(action->path[0].name);
    Result<Value> value = Value();
    if (action->left) {
      // All operands see the item as it was.
      value = set_operand(*action->left, item);
      if (!value) return value;
    }
    if (action->right) {
      Result<Value> right = set_operand(*action->right, item);
      if (!right) return right;
      value = sum(*value, *right, action->op == '-');
      if (!value) return value;
    }
    const std::string_view type = value->is_undefined() ? std::string_view() : type_of(*value);
    if (action->kind == UpdateAction::Kind::kAdd && type != "N" && !is_set_type(type)) {
      return invalid(
          "Invalid UpdateExpression: Incorrect operand type for operator or function; "
          "operator: ADD, operand type: " +
          std::string(type));
    }
    if (action->kind == UpdateAction::Kind::kDelete && !is_set_type(type)) {
      return invalid(
          "Invalid UpdateExpression: Incorrect operand type for operator or function; "
          "operator: DELETE, operand type: " +
          std::string(type));
    }
    // Removing what is not there, also below what is not there, is no error.
    if (action->kind == UpdateAction::Kind::kRemove &&
        at_path(result, action->path).is_undefined()) {
      continue;
    }
    Result<Value> next =
        changed_at(result, action->path, 0, [&](const Value& before) -> Result<Value> {
          switch (action->kind) {
            case UpdateAction::Kind::kSet:
              return *value;
            case UpdateAction::Kind::kRemove:
              return Value();
            case UpdateAction::Kind::kAdd:
              return added(before, *value);
            case UpdateAction::Kind::kDelete:
              return without(before, *value);
          }
          return Value();
        });
    if (!next) return next;
    result = *std::move(next);
  }
  return result;
}

namespace {

// Puts what lies at `path` of `from` into `into`, making the maps and lists around it.
// NOLINTNEXTLINE(misc-no-recursion): as deep as a path is long
Value merged(const Value& into, const Value& from, const Path& path, std::size_t at) {
  const Value* found = nullptr;
  const bool top = at == 0;
  const Value& content = top ? from : content_of(from);
  if (path[at].index) {
    found = &content.items()[*path[at].index];
    std::vector<Value> items;
    if (!into.is_undefined()) {
      items.assign(content_of(into).items().begin(), content_of(into).items().end());
    }
    items.push_back(at + 1 == path.size() ? *found : merged(Value(), *found, path, at + 1));
    return typed("L", Value::array(std::move(items)));
  }
  found = content.find(path[at].name);
  ObjectBuilder members;
  if (!into.is_undefined()) members = ObjectBuilder(top ? into : content_of(into));
  const Value* there = nullptr;
  if (!into.is_undefined()) there = (top ? into : content_of(into)).find(path[at].name);
  members.set(path[at].name, at + 1 == path.size() ? *found
                                                   : merged(there == nullptr ? Value() : *there,
                                                            *found, path, at + 1));
  Value built = std::move(members).build();
  return top ? built : typed("M", std::move(built));
}

}  // namespace

Value project(const Value& item, const std::vector<Path>& paths) {
  Value result = Value::object({});
  for (const Path& path : paths) {
    if (!at_path(item, path).is_undefined()) result = merged(result, item, path, 0);
  }
  return result;
}

}  // namespace pawl::connectors::dynamodb
