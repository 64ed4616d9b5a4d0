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

Result<std::unique_ptr<Node>> compile_node(const Value& json, int depth);

Result<std::unique_ptr<Node>> compile_expression(std::string_view key, const Value& json) {
  const std::string message = "The value for the field '" + std::string(key) +
                              "' must be a valid JSONPath or a valid intrinsic function call";
  if (!json.is_string()) return Error{ErrorCode::kInvalid, message, ""};
  Result<StringExpression> expression = StringExpression::parse(json.as_string());
  if (!expression) {
    return Error{expression.error().code, message + ": " + expression.error().message, ""};
  }
  auto node = std::make_unique<Node>();
  node->source = json;
  node->is_static = false;
  node->field = std::string(key);
  node->expression = *std::move(expression);
  return node;
}

Error below(Error error, std::string_view step) {
  error.where = pointer_step(step) + error.where;
  return error;
}

Status compile_members(const Value& json, int depth, Node& node) {
  for (const Member& member : json.members()) {
    const std::string_view key = member.key.as_string();
    const bool dynamic = key.ends_with(kSuffix);
    Result<std::unique_ptr<Node>> part =
        dynamic ? compile_expression(key, member.value) : compile_node(member.value, depth + 1);
    if (!part) return below(std::move(part).error(), key);
    Value name = member.key;
    if (dynamic) {
      const std::string_view plain = key.substr(0, key.size() - kSuffix.size());
      if (json.find(plain) != nullptr) {
        return below({ErrorCode::kInvalid,
                      "The fields '" + std::string(plain) + "' and '" + std::string(key) +
                          "' are the same field",
                      ""},
                     key);
      }
      name = Value::string(plain);
    }
    node.is_static = node.is_static && (*part)->is_static;
    node.parts.emplace_back(std::move(name), *std::move(part));
  }
  return {};
}

Status compile_items(const Value& json, int depth, Node& node) {
  std::size_t index = 0;
  for (const Value& item : json.items()) {
    Result<std::unique_ptr<Node>> part = compile_node(item, depth + 1);
    if (!part) return below(std::move(part).error(), std::to_string(index));
    node.is_static = node.is_static && (*part)->is_static;
    node.parts.emplace_back(Value(), *std::move(part));
    ++index;
  }
  return {};
}

Result<std::unique_ptr<Node>> compile_node(const Value& json, int depth) {
  if (depth > kMaxTemplateDepth) {
    return Error{ErrorCode::kLimit,
                 "The template nests deeper than " + std::to_string(kMaxTemplateDepth) + " levels",
                 ""};
  }
  auto node = std::make_unique<Node>();
  node->source = json;
  Status status;
  if (json.is_object()) status = compile_members(json, depth, *node);
  if (json.is_array()) status = compile_items(json, depth, *node);
  if (!status) return status.error();
  if (node->is_static) node->parts.clear();
  return node;
}

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

Result<Value> evaluate_node(const Node& node, const Value& input, const Environment& environment) {
  if (node.is_static) return node.source;
  if (node.expression) return node.expression->evaluate(node.field, input, environment);
  if (node.source.is_array()) {
    std::vector<Value> items;
    items.reserve(node.parts.size());
    for (const auto& [key, part] : node.parts) {
      Result<Value> item = evaluate_node(*part, input, environment);
      if (!item) return item;
      items.push_back(*std::move(item));
    }
    return Value::array(std::move(items));
  }
  std::vector<Member> members;
  members.reserve(node.parts.size());
  for (const auto& [key, part] : node.parts) {
    Result<Value> value = evaluate_node(*part, input, environment);
    if (!value) return value;
    members.push_back({key, *std::move(value)});
  }
  return Value::object(std::move(members));
}

}  // namespace

Result<PayloadTemplate> PayloadTemplate::compile(const Value& json) {
  Result<std::unique_ptr<Node>> root = compile_node(json, 0);
  if (!root) return std::move(root).error();
  PayloadTemplate result;
  result.root_ = *std::move(root);
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
  Result<Value> result = evaluate_node(*root_, input, environment);
  if (result && result->depth() > kMaxDepth) {
    return Error{ErrorCode::kLimit,
                 "The result nests deeper than " + std::to_string(kMaxDepth) + " levels.", ""};
  }
  return result;
}

}  // namespace pawl::asl
