#include "asl/path/value_path.h"

namespace pawl::asl {

namespace {

// A variable's name ends where its path begins. Which characters a name may have is the
// validator's business (Unicode identifiers); here it only must not be empty or look like syntax.
std::size_t name_length(std::string_view text) {
  const std::size_t end = text.find_first_of(".[ ()'\"@,:?*$");
  return end == std::string_view::npos ? text.size() : end;
}

}  // namespace

Result<ValuePath> ValuePath::parse(std::string_view text) {
  if (text.empty() || text[0] != '$') {
    return Error{ErrorCode::kInvalid, "A path must begin with '$'", "offset 0"};
  }
  ValuePath result;
  result.text_ = std::string(text);
  std::string_view rest = text.substr(1);
  if (rest.starts_with('$')) {
    result.root_ = Root::kContext;
    rest.remove_prefix(1);
  } else if (!rest.empty() && rest[0] != '.' && rest[0] != '[') {
    const std::size_t length = name_length(rest);
    if (length == 0) {
      return Error{ErrorCode::kInvalid, "Illegal character at position 1 expected '.' or '['",
                   "offset 1"};
    }
    result.root_ = Root::kVariable;
    result.variable_ = std::string(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  Result<Path> path = Path::parse("$" + std::string(rest));
  if (!path) return std::move(path).error();
  result.path_ = *std::move(path);
  return result;
}

const Value* ValuePath::document(const Value& input, const Environment& environment) const {
  switch (root_) {
    case Root::kInput:
      return &input;
    case Root::kContext:
      return &environment.context();
    case Root::kVariable:
      return environment.variable(variable_);
  }
  return nullptr;
}

Result<Value> ValuePath::evaluate(const Value& input, const Environment& environment) const {
  const Value* root = document(input, environment);
  if (root == nullptr) {
    return Error{ErrorCode::kNotFound, "The variable '" + variable_ + "' is not defined", ""};
  }
  Result<Value> value = path_.evaluate(*root);
  // Recorded: where Jayway misses a definite part before a wildcard or slice, the service gives the
  // empty list all the same.
  if (!value && value.error().code == ErrorCode::kNotFound && !path_.definite()) {
    return Value::array({});
  }
  return value;
}

bool ValuePath::past_end(const Value& input, const Environment& environment) const {
  const Value* root = document(input, environment);
  return root != nullptr && path_.past_end(*root);
}

}  // namespace pawl::asl
