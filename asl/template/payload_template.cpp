#include "asl/template/template.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace pawl::asl {

struct PayloadTemplate::Node {
  Value source;
  bool is_static = true;
  std::string field;  // with the suffix, for error texts; only with `expression`
  std::optional<StringExpression> expression;
  // Of an object or array, in order: the key without the suffix (undefined in an array), the value.
  std::vector<std::pair<Value, std::unique_ptr<Node>>> parts;
};

namespace {

using Node = PayloadTemplate::Node;

constexpr std::string_view kSuffix = ".$";

std::string pointer_step(std::string_view key) {
  std::string out = "/";
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// Compiles one template. The functions that recurse hand nodes over by reference and keep errors in
// one place: a template may nest deep, and a fiber's stack is small.
class Compiler {
 public:
  bool compile(const Value& json, int depth, Node& node) {
    node.source = json;
    if (!json.is_object() && !json.is_array()) return true;
    if (depth > kMaxTemplateDepth) return too_deep();
    if (!(json.is_object() ? compile_members(json, depth, node)
                           : compile_items(json, depth, node))) {
      return false;
    }
    if (node.is_static) node.parts.clear();
    return true;
  }

  Error take_error() { return std::move(error_); }

 private:
  bool compile_members(const Value& json, int depth, Node& node) {
    for (const Member& member : json.members()) {
      const std::string_view key = member.key.as_string();
      Node& part = add_part(node, member.key);
      if (!(key.ends_with(kSuffix) ? compile_expression(json, member, node)
                                   : compile(member.value, depth + 1, part))) {
        return below(key);
      }
      node.is_static = node.is_static && part.is_static;
    }
    return true;
  }

  bool compile_items(const Value& json, int depth, Node& node) {
    for (std::size_t i = 0; i < json.size(); ++i) {
      Node& part = add_part(node, Value());
      if (!compile(json.items()[i], depth + 1, part)) return below(i);
      node.is_static = node.is_static && part.is_static;
    }
    return true;
  }

  static Node& add_part(Node& node, const Value& key) {
    return *node.parts.emplace_back(key, std::make_unique<Node>()).second;
  }

  // The last part of `node`, whose key ends in `.$`.
  [[gnu::noinline]] bool compile_expression(const Value& json, const Member& member, Node& node) {
    const std::string_view key = member.key.as_string();
    const std::string_view plain = key.substr(0, key.size() - kSuffix.size());
    if (json.find(plain) != nullptr) {
      return fail(ErrorCode::kInvalid, "The fields '" + std::string(plain) + "' and '" +
                                           std::string(key) + "' are the same field");
    }
    const std::string message = "The value for the field '" + std::string(key) +
                                "' must be a valid JSONPath or a valid intrinsic function call";
    if (!member.value.is_string()) return fail(ErrorCode::kInvalid, message);
    Result<StringExpression> expression = StringExpression::parse(member.value.as_string());
    if (!expression) {
      return fail(expression.error().code, message + ": " + expression.error().message);
    }
    auto& [name, part] = node.parts.back();
    name = Value::string(plain);
    part->source = member.value;
    part->is_static = false;
    part->field = std::string(key);
    part->expression = *std::move(expression);
    return true;
  }

  [[gnu::noinline]] bool fail(ErrorCode code, std::string message) {
    error_ = {code, std::move(message), ""};
    return false;
  }
  [[gnu::noinline]] bool too_deep() {
    return fail(ErrorCode::kLimit,
                "The template nests deeper than " + std::to_string(kMaxTemplateDepth) + " levels");
  }
  // Prepends a step to the error's place.
  [[gnu::noinline]] bool below(std::string_view key) {
    error_.where = pointer_step(key) + error_.where;
    return false;
  }
  [[gnu::noinline]] bool below(std::size_t index) { return below(std::to_string(index)); }

  Error error_;
};

void collect(const Node& node, std::vector<std::string>& names) {
  if (node.expression) {
    for (std::string& name : node.expression->variables()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(std::move(name));
      }
    }
  }
  for (const auto& [key, part] : node.parts) collect(*part, names);
}

// One evaluation; see Compiler for its shape.
class Evaluator {
 public:
  Evaluator(const Value& input, const Environment& environment)
      : input_(input), environment_(environment) {}

  bool evaluate(const Node& node, Value& out) {
    if (node.is_static) {
      out = node.source;
      return true;
    }
    if (node.expression) return evaluate_expression(node, out);
    return node.source.is_array() ? evaluate_items(node, out) : evaluate_members(node, out);
  }

  Error take_error() { return std::move(error_); }

 private:
  bool evaluate_members(const Node& node, Value& out) {
    std::vector<Member> members;
    members.reserve(node.parts.size());
    for (const auto& [key, part] : node.parts) {
      if (!evaluate(*part, members.emplace_back(Member{key, Value()}).value)) return false;
    }
    out = Value::object(std::move(members));
    return true;
  }

  bool evaluate_items(const Node& node, Value& out) {
    std::vector<Value> items(node.parts.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!evaluate(*node.parts[i].second, items[i])) return false;
    }
    out = Value::array(std::move(items));
    return true;
  }

  [[gnu::noinline]] bool evaluate_expression(const Node& node, Value& out) {
    Result<Value> value = node.expression->evaluate(node.field, input_, environment_);
    if (!value) {
      error_ = std::move(value).error();
      return false;
    }
    out = *std::move(value);
    return true;
  }

  const Value& input_;
  const Environment& environment_;
  Error error_;
};

}  // namespace

Result<PayloadTemplate> PayloadTemplate::compile(const Value& json) {
  auto root = std::make_shared<Node>();
  Compiler compiler;
  if (!compiler.compile(json, 0, *root)) return compiler.take_error();
  PayloadTemplate result;
  result.root_ = std::move(root);
  return result;
}

bool PayloadTemplate::is_static() const {
  PAWL_ASSERT(root_ != nullptr);
  return root_->is_static;
}

const Value& PayloadTemplate::source() const {
  PAWL_ASSERT(root_ != nullptr);
  return root_->source;
}

std::vector<std::string> PayloadTemplate::variables() const {
  PAWL_ASSERT(root_ != nullptr);
  std::vector<std::string> names;
  collect(*root_, names);
  return names;
}

Result<Value> PayloadTemplate::evaluate(const Value& input, const Environment& environment) const {
  PAWL_ASSERT(root_ != nullptr);
  Evaluator evaluator(input, environment);
  Value result;
  if (!evaluator.evaluate(*root_, result)) return evaluator.take_error();
  if (result.depth() > kMaxDepth) {
    return Error{ErrorCode::kLimit,
                 "The result nests deeper than " + std::to_string(kMaxDepth) + " levels.", ""};
  }
  return result;
}

}  // namespace pawl::asl
