#include "asl/choice/choice.h"

#include "asl/choice/operators.h"
#include "asl/path/value_path.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace pawl::asl {

struct ChoiceRule::Node {
  enum class Kind { kComparison, kAnd, kOr, kNot } kind = Kind::kComparison;
  std::vector<Node> terms;  // kAnd, kOr, kNot

  ValuePath variable;
  const choice::Operator* op = nullptr;
  Value operand;                  // the literal, or
  std::optional<ValuePath> path;  // the ...Path form
};

namespace {

using Node = ChoiceRule::Node;

// Members of a rule that say what follows a match, not what matches.
constexpr std::array<std::string_view, 5> kOtherMembers = {"Next", "Comment", "Assign", "Output",
                                                           "Variable"};

Error invalid(std::string message, std::string where = "") {
  return {ErrorCode::kInvalid, std::move(message), std::move(where)};
}

// The one member of the rule that is an operator or a combination.
Result<const Member*> find_test(const Value& rule) {
  const Member* found = nullptr;
  for (const Member& member : rule.members()) {
    const std::string_view key = member.key.as_string();
    if (std::find(kOtherMembers.begin(), kOtherMembers.end(), key) != kOtherMembers.end()) continue;
    if (found != nullptr) {
      return invalid("A Choice rule has one operator, not '" + std::string(found->key.as_string()) +
                         "' and '" + std::string(key) + "'",
                     "/" + std::string(key));
    }
    found = &member;
  }
  if (found == nullptr) return invalid("A Choice rule has an operator, or And, Or, Not");
  return found;
}

Result<Node> compile_node(const Value& rule, int depth);

Result<Node> compile_combination(const Member& test, int depth) {
  const std::string key(test.key.as_string());
  Node node;
  node.kind = key == "And" ? Node::Kind::kAnd : key == "Or" ? Node::Kind::kOr : Node::Kind::kNot;
  if (node.kind == Node::Kind::kNot) {
    Result<Node> term = compile_node(test.value, depth + 1);
    if (!term) return invalid(term.error().message, "/Not" + term.error().where);
    node.terms.push_back(*std::move(term));
    return node;
  }
  if (!test.value.is_array() || test.value.size() == 0) {
    return invalid("'" + key + "' is a list of rules", "/" + key);
  }
  for (std::size_t i = 0; i < test.value.size(); ++i) {
    Result<Node> term = compile_node(test.value.items()[i], depth + 1);
    if (!term) {
      return invalid(term.error().message,
                     "/" + key + "/" + std::to_string(i) + term.error().where);
    }
    node.terms.push_back(*std::move(term));
  }
  return node;
}

Result<Node> compile_comparison(const Value& rule, const Member& test) {
  const std::string key(test.key.as_string());
  Node node;
  bool is_path = false;
  node.op = choice::find_operator(key, is_path);
  if (node.op == nullptr) return invalid("There is no operator '" + key + "'", "/" + key);
  const Value* variable = rule.find("Variable");
  if (variable == nullptr || !variable->is_string()) {
    return invalid("A comparison has a 'Variable', which is a path");
  }
  Result<ValuePath> path = ValuePath::parse(variable->as_string());
  if (!path) return invalid(path.error().message, "/Variable");
  node.variable = *std::move(path);
  if (is_path) {
    Result<ValuePath> operand = test.value.is_string() ? ValuePath::parse(test.value.as_string())
                                                       : invalid("A path is expected here");
    if (!operand) return invalid(operand.error().message, "/" + key);
    node.path = *std::move(operand);
    return node;
  }
  if (!choice::accepts_operand(*node.op, test.value)) {
    return invalid("'" + key + "' does not compare with this value", "/" + key);
  }
  node.operand = test.value;
  return node;
}

Result<Node> compile_node(const Value& rule, int depth) {
  if (depth > kMaxChoiceDepth) {
    return invalid("Choice rules nest deeper than " + std::to_string(kMaxChoiceDepth) + " levels");
  }
  if (!rule.is_object()) return invalid("A Choice rule is an object");
  Result<const Member*> test = find_test(rule);
  if (!test) return std::move(test).error();
  const std::string_view key = (*test)->key.as_string();
  if (key == "And" || key == "Or" || key == "Not") return compile_combination(**test, depth);
  return compile_comparison(rule, **test);
}

Result<Value> value_of(const ValuePath& path, const Value& input, const Environment& environment) {
  Result<Value> value = path.evaluate(input, environment);
  if (value || value.error().code == ErrorCode::kLimit) return value;
  return Error{ErrorCode::kNotFound,
               "Invalid path '" + path.text() +
                   "': The choice state's condition path references an invalid value.",
               ""};
}

Result<bool> test_value(const Node& node, const Value& input, const Environment& environment) {
  const Result<Value> value = value_of(node.variable, input, environment);
  const bool expected = node.operand.as_bool();
  if (node.op->test == choice::Test::kPresent) {
    if (!value && value.error().code == ErrorCode::kLimit) return value.error();
    return value.has_value() == expected;
  }
  if (!value) return value.error();
  return choice::holds(node.op->test, *value) == expected;
}

// And and Or stop at the first term that decides.
Result<bool> matches_node(const Node& node, const Value& input, const Environment& environment) {
  switch (node.kind) {
    case Node::Kind::kNot: {
      const Result<bool> term = matches_node(node.terms.front(), input, environment);
      if (!term) return term;
      return !*term;
    }
    case Node::Kind::kAnd:
    case Node::Kind::kOr: {
      const bool decisive = node.kind == Node::Kind::kOr;
      for (const Node& each : node.terms) {
        const Result<bool> term = matches_node(each, input, environment);
        if (!term || *term == decisive) return term;
      }
      return !decisive;
    }
    case Node::Kind::kComparison:
      break;
  }
  if (node.op->domain == choice::Domain::kTest) return test_value(node, input, environment);
  const Result<Value> value = value_of(node.variable, input, environment);
  if (!value) return value.error();
  if (!node.path) return choice::compare(*node.op, *value, node.operand);
  const Result<Value> operand = value_of(*node.path, input, environment);
  if (!operand) return operand.error();
  return choice::compare(*node.op, *value, *operand);
}

void collect(const ValuePath& path, std::vector<std::string>& names) {
  if (path.root() != ValuePath::Root::kVariable) return;
  if (std::find(names.begin(), names.end(), path.variable()) != names.end()) return;
  names.push_back(path.variable());
}

void collect(const Node& node, std::vector<std::string>& names) {
  for (const Node& term : node.terms) collect(term, names);
  if (node.kind != Node::Kind::kComparison) return;
  collect(node.variable, names);
  if (node.path) collect(*node.path, names);
}

}  // namespace

Result<ChoiceRule> ChoiceRule::compile(const Value& rule) {
  Result<Node> root = compile_node(rule, 0);
  if (!root) return std::move(root).error();
  ChoiceRule result;
  result.root_ = std::make_shared<const Node>(*std::move(root));
  return result;
}

Result<bool> ChoiceRule::matches(const Value& input, const Environment& environment) const {
  PAWL_ASSERT(root_ != nullptr);
  return matches_node(*root_, input, environment);
}

std::vector<std::string> ChoiceRule::variables() const {
  PAWL_ASSERT(root_ != nullptr);
  std::vector<std::string> names;
  collect(*root_, names);
  return names;
}

}  // namespace pawl::asl
