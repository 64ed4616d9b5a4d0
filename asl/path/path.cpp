#include "asl/path/path.h"

#include "asl/json/writer.h"
#include "asl/path/compiled.h"
#include "asl/path/evaluation.h"
#include "asl/path/parser.h"

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
using jsonpath::StepKind;

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

Error too_deep() {
  return {ErrorCode::kLimit,
          "The result nests deeper than " + std::to_string(kMaxDepth) + " levels.", ""};
}

bool needs_escape_in_reference(char c) {
  return c == '@' || c == ',' || c == ':' || c == '?' || c == '*' || c == ' ' || c == '(' ||
         c == ')' || c == '\'' || c == '"' || c == ']' || c == '[' || c == '.';
}

// Reads `.name` and `[...]` of a Reference Path.
class ReferenceParser {
 public:
  explicit ReferenceParser(std::string_view text) : text_(text) {}

  Result<CompiledPath> parse() {
    CompiledPath path;
    if (text_.empty() || text_[0] != '$') return error("A Reference Path begins with '$'");
    at_ = 1;
    while (at_ < text_.size()) {
      if (path.steps.size() >= jsonpath::kMaxPathSteps) {
        return Error{ErrorCode::kLimit, "The path has too many steps.", ""};
      }
      const char c = text_[at_++];
      std::optional<Step> step;
      if (c == '.') {
        step = read_name();
      } else if (c == '[') {
        step = at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"') ? read_quoted()
                                                                               : read_index();
      }
      if (!step) return error("A Reference Path has only names and single indexes");
      path.steps.push_back(*std::move(step));
    }
    jsonpath::complete(path);
    return path;
  }

 private:
  Error error(const std::string& message) const {
    return {ErrorCode::kInvalid, message, "offset " + std::to_string(at_)};
  }

  std::optional<Step> read_name() {
    std::string name;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '.' || c == '[') break;
      if (c == '\\') {
        if (++at_ == text_.size()) return std::nullopt;
        c = text_[at_];
      } else if (needs_escape_in_reference(c)) {
        return std::nullopt;
      }
      name.push_back(c);
    }
    if (name.empty()) return std::nullopt;
    return Step{NameStep{std::move(name), '\''}};
  }

  std::optional<Step> read_quoted() {
    const char quote = text_[at_++];
    const std::size_t begin = at_;
    bool escaped = false;
    for (; at_ < text_.size() && (escaped || text_[at_] != quote); ++at_) {
      escaped = !escaped && text_[at_] == '\\';
    }
    if (text_.substr(at_, 2) != std::string({quote, ']'})) return std::nullopt;
    std::optional<std::string> name = jsonpath::unescape(text_.substr(begin, at_ - begin));
    if (!name) return std::nullopt;
    at_ += 2;
    return Step{NameStep{*std::move(name), quote}};
  }

  std::optional<Step> read_index() {
    const std::size_t end = text_.find(']', at_);
    if (end == std::string_view::npos || end == at_ || end - at_ > 10) return std::nullopt;
    const bool negative = text_[at_] == '-';
    std::int64_t index = 0;
    for (std::size_t i = at_ + (negative ? 1 : 0); i < end; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return std::nullopt;
      index = index * 10 + (text_[i] - '0');
    }
    if ((negative && end == at_ + 1) || index > 2147483647) return std::nullopt;
    at_ = end + 1;
    return Step{IndexStep{static_cast<std::int32_t>(negative ? -index : index)}};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

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

Result<Path> Path::parse(std::string_view text) {
  if (text.empty() || text[0] != '$') {
    return Error{ErrorCode::kInvalid, "A path must begin with '$'", "offset 0"};
  }
  return parse_lenient(text);
}

Result<Path> Path::parse_lenient(std::string_view text) {
  if (text.empty()) {
    return Error{ErrorCode::kInvalid, "json can not be null or empty", "offset 0"};
  }
  Result<CompiledPath> compiled = jsonpath::parse_path(text);
  if (!compiled) return std::move(compiled).error();
  return Path(std::make_shared<const Node>(Node{std::string(text), *std::move(compiled)}));
}

Result<Path> Path::parse_reference(std::string_view text) {
  Result<CompiledPath> compiled = ReferenceParser(text).parse();
  if (!compiled) return std::move(compiled).error();
  return Path(std::make_shared<const Node>(Node{std::string(text), *std::move(compiled)}));
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
