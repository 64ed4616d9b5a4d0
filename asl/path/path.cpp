#include "asl/path/path.h"

#include "asl/json/writer.h"
#include "asl/path/compiled.h"
#include "asl/path/evaluation.h"
#include "asl/path/parser.h"
#include "asl/path/reference_path.h"

#include <optional>
#include <span>
#include <vector>

namespace pawl::asl {

namespace {

using jsonpath::CompiledPath;
using jsonpath::Failure;
using jsonpath::IndexStep;
using jsonpath::NameStep;
using jsonpath::Step;

// The node that names and indexes lead to, or nullptr. The hot case of every state machine: no
// allocation, no copy.
const Value* find_plain(std::span<const Step> steps, const Value& root) {
  const Value* node = &root;
  for (const Step& step : steps) {
    if (const auto* name = std::get_if<NameStep>(&step.data)) {
      node = node->find(name->name);
      if (node == nullptr) return nullptr;
      continue;
    }
    if (!node->is_array()) return nullptr;
    const auto items = node->items();
    std::int64_t index = std::get_if<IndexStep>(&step.data)->index;
    if (index < 0) index += static_cast<std::int64_t>(items.size());
    if (index < 0 || index >= static_cast<std::int64_t>(items.size())) return nullptr;
    node = &items[static_cast<std::size_t>(index)];
  }
  return node;
}

ErrorCode code_of(Failure failure) {
  switch (failure) {
    case Failure::kNotFound:
      return ErrorCode::kNotFound;
    case Failure::kInvalid:
      return ErrorCode::kInvalid;
    case Failure::kLimit:
      return ErrorCode::kLimit;
    default:
      return ErrorCode::kEvaluation;
  }
}

Result<std::shared_ptr<const Path::Node>> node_of(std::string_view text,
                                                  Result<CompiledPath> compiled) {
  if (!compiled) return std::move(compiled).error();
  return std::make_shared<const Path::Node>(Path::Node{std::string(text), *std::move(compiled)});
}

Error too_deep() {
  return {ErrorCode::kLimit,
          "The result nests deeper than " + std::to_string(kMaxDepth) + " levels.", ""};
}

// The node before each step; undefined where an object is to be made. Empty if the path cannot be
// applied.
std::vector<Value> spine_of(const CompiledPath& path, const Value& document) {
  std::vector<Value> spine;
  spine.reserve(path.steps.size() + 1);
  spine.push_back(document);
  for (const Step& step : path.steps) {
    const Value& node = spine.back();
    if (const auto* name = std::get_if<NameStep>(&step.data)) {
      if (!node.is_object() && !node.is_undefined()) return {};
      const Value* member = node.find(name->name);
      spine.push_back(member != nullptr ? *member : Value());
      continue;
    }
    const auto size = static_cast<std::int64_t>(node.size());
    std::int64_t index = std::get_if<IndexStep>(&step.data)->index;
    if (index < 0) index += size;
    if (!node.is_array() || index < 0 || index >= size) return {};
    spine.push_back(node.items()[static_cast<std::size_t>(index)]);
  }
  return spine;
}

Value with_member(const Value& object, const std::string& name, Value value) {
  ObjectBuilder builder = object.is_object() ? ObjectBuilder(object) : ObjectBuilder();
  builder.set(name, std::move(value));
  return std::move(builder).build();
}

Value with_item(const Value& array, std::int64_t index, Value value) {
  std::vector<Value> items(array.items().begin(), array.items().end());
  if (index < 0) index += static_cast<std::int64_t>(items.size());
  items[static_cast<std::size_t>(index)] = std::move(value);
  return Value::array(std::move(items));
}

}  // namespace

Result<Path> Path::of(Result<std::shared_ptr<const Node>> node) {
  if (!node) return std::move(node).error();
  return Path(*std::move(node));
}

Result<Path> Path::parse(std::string_view text) {
  if (text.empty() || text[0] != '$') {
    return Error{ErrorCode::kInvalid, "A path must begin with '$'", "offset 0"};
  }
  jsonpath::ParseContext context;
  context.service = true;
  return of(node_of(text, jsonpath::parse_path(text, context)));
}

Result<Path> Path::parse_lenient(std::string_view text) {
  if (text.empty()) {
    return Error{ErrorCode::kInvalid, "json can not be null or empty", "offset 0"};
  }
  return of(node_of(text, jsonpath::parse_path(text)));
}

Result<Path> Path::parse_reference(std::string_view text) {
  return of(node_of(text, jsonpath::parse_reference_path(text)));
}

const std::string& Path::text() const {
  PAWL_ASSERT(root_ != nullptr);
  return root_->text;
}

std::string Path::canonical() const {
  PAWL_ASSERT(root_ != nullptr);
  return jsonpath::describe(root_->compiled);
}

bool Path::definite() const {
  PAWL_ASSERT(root_ != nullptr);
  return root_->compiled.definite;
}

bool Path::is_reference() const {
  PAWL_ASSERT(root_ != nullptr);
  return root_->compiled.plain;
}

bool Path::is_root() const {
  PAWL_ASSERT(root_ != nullptr);
  return root_->compiled.steps.empty();
}

Result<Value> Path::evaluate(const Value& root) const {
  PAWL_ASSERT(root_ != nullptr);
  const CompiledPath& path = root_->compiled;
  if (path.plain) {
    if (const Value* node = find_plain(path.steps, root)) return *node;
  }
  jsonpath::EvaluationState state(root);
  Value result;
  if (!jsonpath::Evaluation(path, state).evaluate(root, result)) {
    return Error{code_of(state.failure), std::move(state.message), ""};
  }
  // The list of matches may hold the root itself.
  if (result.depth() > kMaxDepth) return too_deep();
  return result;
}

bool Path::past_end(const Value& root) const {
  PAWL_ASSERT(root_ != nullptr);
  const CompiledPath& path = root_->compiled;
  if (!path.plain || path.steps.empty()) return false;
  const auto* last = std::get_if<IndexStep>(&path.steps.back().data);
  if (last == nullptr) return false;
  const Value* array = find_plain(std::span(path.steps).first(path.steps.size() - 1), root);
  if (array == nullptr || !array->is_array()) return false;
  const auto size = static_cast<std::int64_t>(array->size());
  return last->index >= size || last->index < -size;
}

Result<Value> Path::put(const Value& document, Value value) const {
  PAWL_ASSERT(root_ != nullptr && root_->compiled.plain);
  const auto& steps = root_->compiled.steps;
  if (value.depth() + static_cast<int>(steps.size()) > kMaxDepth) {
    return too_deep();
  }
  const std::vector<Value> spine = spine_of(root_->compiled, document);
  if (spine.empty()) {
    return Error{ErrorCode::kEvaluation,
                 "Unable to apply ReferencePath " + root_->text + " to input " + to_json(document),
                 ""};
  }
  for (std::size_t i = steps.size(); i-- > 0;) {
    const Value& node = spine[i];
    if (const auto* name = std::get_if<NameStep>(&steps[i].data)) {
      value = with_member(node, name->name, std::move(value));
    } else {
      value = with_item(node, std::get_if<IndexStep>(&steps[i].data)->index, std::move(value));
    }
  }
  return value;
}

}  // namespace pawl::asl
