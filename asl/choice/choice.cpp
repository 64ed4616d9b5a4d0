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

// Compiles one rule. What recurses hands nodes over by reference and keeps the error in one place:
// rules may nest deep, and a fiber's stack is small.
class Compiler {
 public:
  bool compile(const Value& rule, int depth, Node& node) {
    if (depth > kMaxChoiceDepth) return too_deep();
    const Member* test = find_test(rule);
    if (test == nullptr) return false;
    const std::string_view key = test->key.as_string();
    if (key == "And") return compile_list(Node::Kind::kAnd, *test, depth, node);
    if (key == "Or") return compile_list(Node::Kind::kOr, *test, depth, node);
    if (key != "Not") return compile_comparison(rule, *test, node);
    node.kind = Node::Kind::kNot;
    return compile(test->value, depth + 1, node.terms.emplace_back()) || below("/Not");
  }

  Error take_error() { return std::move(error_); }

 private:
  [[gnu::noinline]] bool fail(std::string message, std::string where = "") {
    error_ = {ErrorCode::kInvalid, std::move(message), std::move(where)};
    return false;
  }
  [[gnu::noinline]] bool too_deep() {
    fail("Choice rules nest deeper than " + std::to_string(kMaxChoiceDepth) + " levels");
    error_.code = ErrorCode::kLimit;
    return false;
  }
  // Prepends a step to the error's place.
  [[gnu::noinline]] bool below(std::string_view step) {
    error_.where = std::string(step) + error_.where;
    return false;
  }
  [[gnu::noinline]] bool below(const Member& list, std::size_t index) {
    return below("/" + std::string(list.key.as_string()) + "/" + std::to_string(index));
  }

  // The one member of the rule that is an operator or a combination; null after a failure.
  [[gnu::noinline]] const Member* find_test(const Value& rule) {
    const Member* found = nullptr;
    if (!rule.is_object()) {
      fail("A Choice rule is an object");
      return nullptr;
    }
    for (const Member& member : rule.members()) {
      const std::string_view key = member.key.as_string();
      if (std::find(kOtherMembers.begin(), kOtherMembers.end(), key) != kOtherMembers.end()) {
        continue;
      }
      if (found != nullptr) {
        fail("A Choice rule has one operator, not '" + std::string(found->key.as_string()) +
                 "' and '" + std::string(key) + "'",
             "/" + std::string(key));
        return nullptr;
      }
      found = &member;
    }
    if (found == nullptr) fail("A Choice rule has an operator, or And, Or, Not");
    return found;
  }

  bool compile_list(Node::Kind kind, const Member& list, int depth, Node& node) {
    node.kind = kind;
    if (!list.value.is_array() || list.value.size() == 0) return no_list(list);
    node.terms.resize(list.value.size());
    for (std::size_t i = 0; i < node.terms.size(); ++i) {
      if (!compile(list.value.items()[i], depth + 1, node.terms[i])) return below(list, i);
    }
    return true;
  }
  [[gnu::noinline]] bool no_list(const Member& member) {
    const std::string key(member.key.as_string());
    return fail("'" + key + "' is a list of rules", "/" + key);
  }

  [[gnu::noinline]] bool compile_comparison(const Value& rule, const Member& test, Node& node) {
    const std::string key(test.key.as_string());
    bool is_path = false;
    node.op = choice::find_operator(key, is_path);
    if (node.op == nullptr) return fail("There is no operator '" + key + "'", "/" + key);
    const Value* variable = rule.find("Variable");
    if (variable == nullptr || !variable->is_string()) {
      return fail("A comparison has a 'Variable', which is a path");
    }
    Result<ValuePath> path = ValuePath::parse(variable->as_string());
    if (!path) return fail(path.error().message, "/Variable");
    node.variable = *std::move(path);
    if (is_path) {
      if (!test.value.is_string()) return fail("A path is expected here", "/" + key);
      Result<ValuePath> operand = ValuePath::parse(test.value.as_string());
      if (!operand) return fail(operand.error().message, "/" + key);
      node.path = *std::move(operand);
      return true;
    }
    if (!choice::accepts_operand(*node.op, test.value)) {
      return fail("'" + key + "' does not compare with this value", "/" + key);
    }
    node.operand = test.value;
    return true;
  }

  Error error_;
};

Result<Value> value_of(const ValuePath& path, const Value& input, const Environment& environment) {
  Result<Value> value = path.evaluate(input, environment);
  if (value || value.error().code == ErrorCode::kLimit) return value;
  return Error{ErrorCode::kNotFound,
               "Invalid path '" + path.text() +
                   "': The choice state's condition path references an invalid value.",
               ""};
}

Result<bool> matches_test(const Node& node, const Value& input, const Environment& environment) {
  const Result<Value> value = value_of(node.variable, input, environment);
  const bool expected = node.operand.as_bool();
  if (node.op->test == choice::Test::kPresent) {
    if (!value && value.error().code == ErrorCode::kLimit) return value.error();
    return value.has_value() == expected;
  }
  if (!value) return value.error();
  return choice::holds(node.op->test, *value) == expected;
}

Result<bool> matches_comparison(const Node& node, const Value& input,
                                const Environment& environment) {
  if (node.op->domain == choice::Domain::kTest) return matches_test(node, input, environment);
  const Result<Value> value = value_of(node.variable, input, environment);
  if (!value) return value.error();
  if (!node.path) return choice::compare(*node.op, *value, node.operand);
  const Result<Value> operand = value_of(*node.path, input, environment);
  if (!operand) return operand.error();
  return choice::compare(*node.op, *value, *operand);
}

class Matcher {
 public:
  Matcher(const Value& input, const Environment& environment)
      : input_(input), environment_(environment) {}

  // False: a failure. And and Or stop at the first term that decides.
  bool matches(const Node& node, bool& result) {
    if (node.kind == Node::Kind::kComparison) return compare(node, result);
    const bool decisive = node.kind == Node::Kind::kOr;
    for (const Node& term : node.terms) {
      if (!matches(term, result)) return false;
      if (node.kind != Node::Kind::kNot && result == decisive) return true;
    }
    if (node.kind == Node::Kind::kNot) result = !result;
    return true;
  }

  Error take_error() { return std::move(error_); }

 private:
  [[gnu::noinline]] bool compare(const Node& node, bool& result) {
    Result<bool> outcome = matches_comparison(node, input_, environment_);
    if (!outcome) {
      error_ = std::move(outcome).error();
      return false;
    }
    result = *outcome;
    return true;
  }

  const Value& input_;
  const Environment& environment_;
  Error error_;
};

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
  auto root = std::make_shared<Node>();
  Compiler compiler;
  if (!compiler.compile(rule, 0, *root)) return compiler.take_error();
  ChoiceRule result;
  result.root_ = std::move(root);
  return result;
}

Result<bool> ChoiceRule::matches(const Value& input, const Environment& environment) const {
  PAWL_ASSERT(root_ != nullptr);
  Matcher matcher(input, environment);
  bool result = false;
  if (!matcher.matches(*root_, result)) return matcher.take_error();
  return result;
}

std::vector<std::string> ChoiceRule::variables() const {
  PAWL_ASSERT(root_ != nullptr);
  std::vector<std::string> names;
  collect(*root_, names);
  return names;
}

}  // namespace pawl::asl
