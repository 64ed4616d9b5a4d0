#include "asl/template/jsonata_template.h"

#include "asl/json/writer.h"
#include "asl/jsonata/analysis.h"
#include "asl/jsonata/jsonata.h"
#include "asl/template/template.h"

#include <algorithm>
#include <utility>

namespace pawl::asl {

struct JsonataTemplate::Node {
  Value source;
  bool is_static = true;
  std::string field;  // where it stands: "Output/a/b[0]"
  std::string text;   // of the expression, as error texts show it
  std::optional<jsonata::Expression> expression;
  std::vector<std::string> names;  // variables that the expression reads, `states` apart
  bool reads_context = false;      // $states.context: costly, so only for those who look at it
  // Of an object or array, in order: the key (undefined in an array), the value.
  std::vector<std::pair<Value, std::unique_ptr<Node>>> parts;
};

namespace {

using Node = JsonataTemplate::Node;

constexpr std::string_view kOpen = "{%";
constexpr std::string_view kClose = "%}";
constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

class Compiler {
 public:
  bool compile(const Value& json, int depth, Node& node) {
    node.source = json;
    if (json.is_string()) return compile_string(node);
    if (!json.is_object() && !json.is_array()) return true;
    if (depth > kMaxTemplateDepth) {
      error_ = {ErrorCode::kLimit,
                "The template nests deeper than " + std::to_string(kMaxTemplateDepth) + " levels",
                ""};
      return false;
    }
    const bool object = json.is_object();
    for (std::size_t i = 0; i < json.size(); ++i) {
      const Value key = object ? json.members()[i].key : Value();
      Node& part = *node.parts.emplace_back(key, std::make_unique<Node>()).second;
      step(node, key, i, part);
      if (!compile(object ? json.members()[i].value : json.items()[i], depth + 1, part)) {
        return false;
      }
      node.is_static = node.is_static && part.is_static;
    }
    if (node.is_static) node.parts.clear();
    return true;
  }

  Error take_error() { return std::move(error_); }

 private:
  [[gnu::noinline]] static void step(const Node& node, const Value& key, std::size_t index,
                                     Node& part) {
    part.field = key.is_undefined() ? node.field + "[" + std::to_string(index) + "]"
                                    : node.field + "/" + std::string(key.as_string());
  }

  [[gnu::noinline]] bool compile_string(Node& node) {
    const std::optional<std::string_view> source = jsonata_source(node.source.as_string());
    if (!source) return true;
    jsonata::Failure failure;
    node.expression = jsonata::Expression::parse(*source, jsonata::Dialect::kAws, failure);
    if (!node.expression) {
      error_ = {ErrorCode::kInvalid, failure.code + ": " + failure.message, node.field};
      return false;
    }
    node.is_static = false;
    node.text = std::string(*source);
    jsonata::Analysis analysis = jsonata::analyse(*node.expression);
    node.names = std::move(analysis.variables);
    node.reads_context = analysis.reads_states("context");
    return true;
  }

  Error error_;
};

void collect(const Node& node, std::vector<std::string>& names) {
  for (const std::string& name : node.names) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  for (const auto& [key, part] : node.parts) collect(*part, names);
}

// Random numbers and variables of the state, for one field; $states is made when it is read, and
// its context object only for expressions that look at it.
class StateSource final : public jsonata::RandomSource, public jsonata::VariableSource {
 public:
  explicit StateSource(const JsonataScope& scope) : scope_(scope) {}

  void with_context(bool with) { with_context_ = with; }

  std::uint64_t next() override { return scope_.environment.random(); }
  Value variable(std::string_view name) override {
    if (name == "states") return states();
    const Value* value = scope_.environment.variable(name);
    return value != nullptr ? *value : Value();
  }

 private:
  const Value& states() {
    Value& made = with_context_ ? whole_ : states_;
    if (!made.is_undefined()) return made;
    ObjectBuilder object;
    object.set("input", scope_.input);
    if (with_context_) object.set("context", scope_.environment.context());
    if (!scope_.result.is_undefined()) object.set("result", scope_.result);
    if (!scope_.error_output.is_undefined()) object.set("errorOutput", scope_.error_output);
    made = std::move(object).build();
    return made;
  }

  const JsonataScope& scope_;
  bool with_context_ = false;
  Value states_;
  Value whole_;
};

// "The JSONata expression '$x' specified for the field 'Output/a'"
std::string named(const Node& node) {
  return "The JSONata expression '" + node.text + "' specified for the field '" + node.field + "'";
}

class Evaluator {
 public:
  explicit Evaluator(const JsonataScope& scope) : scope_(scope), source_(scope) {}

  bool evaluate(const Node& node, Value& out) {
    if (node.is_static) {
      out = node.source;
      return true;
    }
    if (node.expression) return evaluate_expression(node, out);
    if (node.source.is_array()) {
      std::vector<Value> items(node.parts.size());
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (!evaluate(*node.parts[i].second, items[i])) return false;
      }
      out = Value::array(std::move(items));
      return true;
    }
    std::vector<Member> members;
    members.reserve(node.parts.size());
    for (const auto& [key, part] : node.parts) {
      if (!evaluate(*part, members.emplace_back(Member{key, Value()}).value)) return false;
    }
    out = Value::object(std::move(members));
    return true;
  }

  Error take_error() { return std::move(error_); }

 private:
  [[gnu::noinline]] bool evaluate_expression(const Node& node, Value& out) {
    source_.with_context(node.reads_context);
    jsonata::EvaluateOptions options;
    options.variables = &source_;
    options.random = &source_;
    options.stack_bytes = jsonata::kEvaluateStackBytes;
    options.now_ms = scope_.now_ms;
    if (scope_.go_on != nullptr) options.tick = *scope_.go_on;
    jsonata::Evaluation evaluation = node.expression->evaluate(options);
    if (evaluation.failure) {
      return fail(node, " threw an error during evaluation. " + evaluation.failure->code + ": " +
                            evaluation.failure->message);
    }
    if (evaluation.is_function) return fail(node, " returned an unsupported result type.");
    if (evaluation.value.is_undefined()) return fail(node, " returned nothing (undefined).");
    out = std::move(evaluation.value);
    return true;
  }

  bool fail(const Node& node, const std::string& what) {
    error_ = {ErrorCode::kInvalid, named(node) + what, node.field};
    return false;
  }

  const JsonataScope& scope_;
  StateSource source_;
  Error error_;
};

}  // namespace

std::optional<std::string_view> jsonata_source(std::string_view text) {
  if (text.size() < kOpen.size() + kClose.size() || !text.starts_with(kOpen) ||
      !text.ends_with(kClose)) {
    return std::nullopt;
  }
  text.remove_prefix(kOpen.size());
  text.remove_suffix(kClose.size());
  return trim(text);
}

Result<JsonataTemplate> JsonataTemplate::compile(const Value& json, std::string_view field) {
  auto root = std::make_shared<Node>();
  root->field = std::string(field);
  Compiler compiler;
  if (!compiler.compile(json, 0, *root)) return compiler.take_error();
  JsonataTemplate result;
  result.root_ = std::move(root);
  return result;
}

bool JsonataTemplate::is_static() const { return root_->is_static; }
const Value& JsonataTemplate::source() const { return root_->source; }
const std::string& JsonataTemplate::field() const { return root_->field; }

std::vector<std::string> JsonataTemplate::variables() const {
  std::vector<std::string> names;
  collect(*root_, names);
  return names;
}

Result<Value> JsonataTemplate::evaluate(const JsonataScope& scope) const {
  Evaluator evaluator(scope);
  Value value;
  if (!evaluator.evaluate(*root_, value)) return evaluator.take_error();
  if (value.depth() > kMaxDepth) {
    return Error{ErrorCode::kLimit,
                 "The result nests deeper than " + std::to_string(kMaxDepth) + " levels.",
                 root_->field};
  }
  return value;
}

Error JsonataTemplate::unexpected(std::string_view expected, const Value& value) const {
  return {ErrorCode::kInvalid,
          named(*root_) + " returned an unexpected result type. Expected '" +
              std::string(expected) + "', but was '" + std::string(kind_name(value.kind())) +
              "' for value: " + to_json(value),
          root_->field};
}

Result<Value> JsonataTemplate::evaluate_array(const JsonataScope& scope) const {
  Result<Value> value = evaluate(scope);
  if (value && !value->is_array()) return unexpected("array", *value);
  return value;
}

Result<bool> JsonataTemplate::evaluate_boolean(const JsonataScope& scope) const {
  const Result<Value> value = evaluate(scope);
  if (!value) return value.error();
  if (!value->is_bool()) return unexpected("boolean", *value);
  return value->as_bool();
}

Result<std::string> JsonataTemplate::evaluate_string(const JsonataScope& scope) const {
  const Result<Value> value = evaluate(scope);
  if (!value) return value.error();
  if (!value->is_string()) return unexpected("string", *value);
  return std::string(value->as_string());
}

Result<Value> JsonataTemplate::evaluate_number(const JsonataScope& scope) const {
  Result<Value> value = evaluate(scope);
  if (value && !value->is_number()) return unexpected("number", *value);
  return value;
}

}  // namespace pawl::asl
