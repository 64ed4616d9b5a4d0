#include "asl/intrinsics/call.h"
#include "asl/json/writer.h"
#include "asl/template/template.h"

#include <algorithm>
#include <utility>

namespace pawl::asl {

namespace {

void add_name(const std::string& name, std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

void collect(const ValuePath& path, std::vector<std::string>& names) {
  if (path.root() == ValuePath::Root::kVariable) add_name(path.variable(), names);
}

void collect(const StringExpression::Call& call, std::vector<std::string>& names) {
  for (const StringExpression::Call::Argument& argument : call.arguments) {
    if (argument.path != nullptr) collect(*argument.path, names);
    if (argument.call != nullptr) collect(*argument.call, names);
  }
}

}  // namespace

Result<StringExpression> StringExpression::parse(std::string_view text) {
  StringExpression expression;
  if (text.starts_with('$')) {
    Result<ValuePath> path = ValuePath::parse(text);
    if (!path) return std::move(path).error();
    expression.path_ = std::make_shared<const ValuePath>(*std::move(path));
    return expression;
  }
  Result<Call> call = intrinsics::parse_call(text);
  if (!call) return std::move(call).error();
  expression.call_ = std::make_shared<const Call>(*std::move(call));
  return expression;
}

const std::string& StringExpression::text() const {
  if (path_ != nullptr) return path_->text();
  PAWL_ASSERT(call_ != nullptr);
  return call_->text;  // NOLINT(clang-analyzer-core.uninitialized.UndefReturn): parse() sets one
}

bool StringExpression::is_intrinsic() const { return call_ != nullptr; }

const ValuePath* StringExpression::path() const { return path_.get(); }

std::vector<std::string> StringExpression::variables() const {
  std::vector<std::string> names;
  if (path_ != nullptr) collect(*path_, names);
  if (call_ != nullptr) collect(*call_, names);
  return names;
}

Result<Value> StringExpression::evaluate(std::string_view field, const Value& input,
                                         const Environment& environment) const {
  if (call_ != nullptr) return intrinsics::evaluate_call(*call_, input, environment);
  PAWL_ASSERT(path_ != nullptr);
  Result<Value> value = path_->evaluate(input, environment);
  if (value) return value;
  if (value.error().code != ErrorCode::kNotFound) {
    return Error{value.error().code,
                 "Invalid path '" + path_->text() + "' : " + value.error().message, ""};
  }
  // Measured: an index past the end of an array gives null here, and only here.
  if (path_->past_end(input, environment)) return Value::null();
  return Error{ErrorCode::kNotFound,
               "The JSONPath '" + path_->text() + "' specified for the field '" +
                   std::string(field) + "' could not be found in the input '" + to_json(input) +
                   "'",
               ""};
}

}  // namespace pawl::asl
