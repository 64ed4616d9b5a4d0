#include "asl/path/functions.h"

#include "asl/path/java_text.h"

#include <array>
#include <cmath>
#include <limits>

namespace pawl::asl::jsonpath {

namespace {

struct FunctionName {
  std::string_view name;
  Function function;
};
constexpr std::array<FunctionName, 13> kFunctions = {{
    {"avg", Function::kAvg},
    {"stddev", Function::kStddev},
    {"sum", Function::kSum},
    {"min", Function::kMin},
    {"max", Function::kMax},
    {"concat", Function::kConcat},
    {"length", Function::kLength},
    {"size", Function::kLength},
    {"append", Function::kAppend},
    {"keys", Function::kKeys},
    {"first", Function::kFirst},
    {"last", Function::kLast},
    {"index", Function::kIndex},
}};

bool no_numbers(EvaluationState& state) {
  return state.fail(Failure::kOther, [] {
    return "JsonPathException: Aggregation function attempted to calculate value using empty "
           "array";
  });
}

bool parameter_value(const Parameter& parameter, EvaluationState& state, Value& value) {
  if (parameter.path != nullptr) {
    return Evaluation(*parameter.path, state).evaluate(*state.root, value);
  }
  if (!parameter.json) {
    return state.fail(Failure::kOther, [] { return "InvalidJsonException"; });
  }
  value = *parameter.json;
  return true;
}

bool parameter_values(const FunctionCall& call, EvaluationState& state,
                      std::vector<Value>& values) {
  for (const Parameter& parameter : call.parameters) {
    if (!parameter_value(parameter, state, values.emplace_back())) return false;
  }
  return true;
}

// Calls `use` with each parameter, and with the elements of those that are arrays.
template <typename Use>
void each_element(const std::vector<Value>& parameters, Use use) {
  for (const Value& parameter : parameters) {
    if (!parameter.is_array()) {
      use(parameter);
      continue;
    }
    for (const Value& item : parameter.items()) use(item);
  }
}

bool aggregate(Function function, const Value& node, const std::vector<Value>& parameters,
               EvaluationState& state, Value& result) {
  double sum = 0;
  double squares = 0;
  double count = 0;
  double smallest = std::numeric_limits<double>::max();
  // Where Jayway starts: of negative numbers alone this is the maximum.
  double largest = std::numeric_limits<double>::denorm_min();
  const auto add = [&](const Value& value) {
    if (!value.is_number()) return;
    const double number = value.as_double();
    sum += number;
    squares += number * number;
    smallest = number < smallest ? number : smallest;
    largest = number > largest ? number : largest;
    ++count;
  };
  if (node.is_array()) {
    for (const Value& item : node.items()) add(item);
  }
  each_element(parameters, add);
  if (count == 0) return no_numbers(state);
  switch (function) {
    case Function::kSum:
      result = Value::number(sum);
      break;
    case Function::kAvg:
      result = Value::number(sum / count);
      break;
    case Function::kMin:
      result = Value::number(smallest);
      break;
    case Function::kMax:
      result = Value::number(largest);
      break;
    default:
      result = Value::number(std::sqrt(squares / count - sum * sum / count / count));
      break;
  }
  return true;
}

// The strings of an array, then the parameters, of whatever kind but null.
Value concatenate(const Value& node, const std::vector<Value>& parameters) {
  std::string text;
  if (node.is_array()) {
    for (const Value& item : node.items()) {
      if (item.is_string()) text += item.as_string();
    }
  }
  each_element(parameters, [&](const Value& value) {
    if (value.is_string()) {
      text += value.as_string();
    } else if (!value.is_null()) {
      text += java_to_string(value);
    }
  });
  return Value::string(text);
}

Value append(const Value& node, const std::vector<Value>& parameters) {
  if (!node.is_array() || parameters.empty()) return node;
  std::vector<Value> items(node.items().begin(), node.items().end());
  items.insert(items.end(), parameters.begin(), parameters.end());
  return Value::array(std::move(items));
}

// How many children the node has. With a parameter the children of what that path selects are
// counted, and if they are not a list, those of the node after all. Strings have no length here.
bool length(const FunctionCall& call, const Value& node, EvaluationState& state, Value& result) {
  if (!call.parameters.empty()) {
    const Parameter& counted = call.parameters.front();
    if (counted.path == nullptr) {
      return state.fail(Failure::kOther, [] { return "NullPointerException"; });
    }
    const CompiledPath& path = counted.children != nullptr ? *counted.children : *counted.path;
    Value children;
    if (!Evaluation(path, state).evaluate(node, children)) return false;
    if (children.is_array()) {
      result = Value::integer(static_cast<std::int64_t>(children.size()));
      return true;
    }
  }
  result = node.is_array() || node.is_object()
               ? Value::integer(static_cast<std::int64_t>(node.size()))
               : Value::null();
  return true;
}

Value keys(const Value& node) {
  if (!node.is_object()) return Value::null();
  std::vector<Value> names;
  names.reserve(node.size());
  for (const Member& member : node.members()) names.push_back(member.key);
  return Value::array(std::move(names));
}

// `index` counts from the end if negative; the element it finds there may not be the first one.
bool element(const Value& node, std::int64_t index, EvaluationState& state, Value& result) {
  const auto size = static_cast<std::int64_t>(node.size());
  if (index >= size) {
    return state.fail(Failure::kOutOfRange, [&] {
      return "IndexOutOfBoundsException: Index " + std::to_string(index) +
             " out of bounds for length " + std::to_string(size);
    });
  }
  const std::int64_t real = index < 0 ? size + index : index;
  if (index < 0 && real <= 0) {
    return state.fail(Failure::kOther, [&] {
      return "JsonPathException: Target index:" + std::to_string(index) +
             " larger than object count:" + std::to_string(size);
    });
  }
  result = node.items()[static_cast<std::size_t>(real)];
  return true;
}

bool element_of(const FunctionCall& call, const Value& node, const std::vector<Value>& parameters,
                EvaluationState& state, Value& result) {
  if (!node.is_array()) return no_numbers(state);
  if (call.function == Function::kFirst) return element(node, 0, state, result);
  if (call.function == Function::kLast) return element(node, -1, state, result);
  const Value* index = nullptr;
  each_element(parameters, [&](const Value& value) {
    if (index == nullptr && value.is_number()) index = &value;
  });
  if (index == nullptr) {
    return state.fail(Failure::kOutOfRange, [] {
      return "IndexOutOfBoundsException: Index 0 out of bounds for length 0";
    });
  }
  const double number = std::trunc(index->as_double());
  constexpr double kFar = 2147483647.0;
  return element(node, static_cast<std::int64_t>(std::fmin(std::fmax(number, -kFar), kFar)), state,
                 result);
}

}  // namespace

Function function_of(std::string_view name) {
  for (const FunctionName& entry : kFunctions) {
    if (entry.name == name) return entry.function;
  }
  return Function::kUnknown;
}

bool call_function(const FunctionCall& call, const Value& node, EvaluationState& state,
                   Value& result) {
  if (call.function == Function::kUnknown) {
    return state.fail(Failure::kInvalid,
                      [&] { return "Function with name: " + call.name + " does not exist."; });
  }
  std::vector<Value> parameters;
  // Parameters are evaluated whether the function looks at them or not.
  if (!parameter_values(call, state, parameters)) return false;
  switch (call.function) {
    case Function::kAvg:
    case Function::kStddev:
    case Function::kSum:
    case Function::kMin:
    case Function::kMax:
      return aggregate(call.function, node, parameters, state, result);
    case Function::kConcat:
      result = concatenate(node, parameters);
      return true;
    case Function::kLength:
      return length(call, node, state, result);
    case Function::kAppend:
      result = append(node, parameters);
      return true;
    case Function::kKeys:
      result = keys(node);
      return true;
    default:
      return element_of(call, node, parameters, state, result);
  }
}

}  // namespace pawl::asl::jsonpath
