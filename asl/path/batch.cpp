#include "asl/path/batch.h"

#include "asl/choice/choice.h"
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/path/path.h"
#include "asl/template/template.h"
#include "asl/time/timestamp.h"

#include <utility>

namespace pawl::asl {

namespace {

// What a question brings with it.
class QuestionEnvironment final : public Environment {
 public:
  explicit QuestionEnvironment(const Value& question) {
    if (const Value* context = question.find("context")) context_ = *context;
    if (const Value* variables = question.find("variables")) variables_ = *variables;
    if (const Value* seed = question.find("random"); seed != nullptr && seed->is_int()) {
      state_ = static_cast<std::uint64_t>(seed->as_int());
    }
  }

  const Value& context() const override { return context_; }
  const Value* variable(std::string_view name) const override { return variables_.find(name); }
  // SplitMix64: the same numbers for the same question.
  std::uint64_t random() const override {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

 private:
  Value context_ = Value::object({});
  Value variables_ = Value::object({});
  mutable std::uint64_t state_ = 0;
};

Value member(std::string_view key, Value value) {
  return std::move(ObjectBuilder().set(key, std::move(value))).build();
}

Value answer_error(std::string_view code, std::string_view message) {
  ObjectBuilder error;
  error.set("code", Value::string(code)).set("message", Value::string(message));
  return member("error", std::move(error).build());
}

// `compiling`: where the definition is at fault.
Value answer_error(const Error& error, bool compiling) {
  const bool invalid = compiling || error.code == ErrorCode::kInvalid;
  return answer_error(invalid                              ? "INVALID_PATH"
                      : error.code == ErrorCode::kNotFound ? "NOT_FOUND"
                                                           : "OTHER",
                      error.message);
}

Value answer_result(const Result<Value>& result) {
  return result ? member("result", *result) : answer_error(result.error(), false);
}

Value value_of(const Value& question, std::string_view key) {
  const Value* value = question.find(key);
  return value != nullptr ? *value : Value::null();
}

Value answer_write(const Value& question) {
  const Value document = value_of(question, "document");
  if (value_of(question, "selector").is_null()) return member("result", document);
  const Result<Path> path = Path::parse_reference(text_of(question, "selector"));
  if (!path) return answer_error(path.error(), true);
  return answer_result(path->put(document, value_of(question, "value")));
}

Value answer_jsonpath(const Value& question) {
  const std::string_view op = text_of(question, "op");
  std::string_view selector = text_of(question, "selector");
  if (op == "classify") {
    return member("reference_path", Value::boolean(Path::parse_reference(selector).has_value()));
  }
  if (op == "write") return answer_write(question);
  if (selector.empty()) {
    return answer_error("OTHER", "IllegalArgumentException: json can not be null or empty");
  }
  // The context object stands in for the document: `$$.a` is its `$.a`.
  if (text_of(question, "root") == "context" && selector.starts_with("$$")) {
    selector.remove_prefix(1);
  }
  const Result<Path> path = Path::parse_lenient(selector);
  if (!path) return answer_error(path.error(), true);
  return answer_result(path->evaluate(value_of(question, "document")));
}

Value answer_intrinsic(const Value& question) {
  const std::string_view call = text_of(question, "call");
  const Result<StringExpression> expression = StringExpression::parse(call);
  if (!expression) return answer_error(expression.error(), true);
  return answer_result(
      expression->evaluate("call.$", value_of(question, "input"), QuestionEnvironment(question)));
}

Value answer_template(const Value& question) {
  const Result<PayloadTemplate> compiled = PayloadTemplate::compile(value_of(question, "template"));
  if (!compiled) return answer_error(compiled.error(), true);
  return answer_result(
      compiled->evaluate(value_of(question, "input"), QuestionEnvironment(question)));
}

Value answer_choice(const Value& question) {
  const Result<ChoiceRule> rule = ChoiceRule::compile(value_of(question, "rule"));
  if (!rule) return answer_error(rule.error(), true);
  const Result<bool> matches =
      rule->matches(value_of(question, "input"), QuestionEnvironment(question));
  if (!matches) return answer_error(matches.error(), false);
  return member("result", Value::boolean(*matches));
}

Value answer_timestamp(const Value& question) {
  const Result<Instant> instant = parse_instant(text_of(question, "text"));
  if (!instant) return answer_error(instant.error(), false);
  ObjectBuilder result;
  result.set("seconds", Value::integer(instant->seconds.time_since_epoch().count()));
  result.set("nanoseconds", Value::integer(instant->fraction.count()));
  return member("result", std::move(result).build());
}

}  // namespace

Value answer_path_question(const Value& question) {
  const std::string_view kind = text_of(question, "kind");
  if (kind == "jsonpath") return answer_jsonpath(question);
  if (kind == "intrinsic") return answer_intrinsic(question);
  if (kind == "template") return answer_template(question);
  if (kind == "choice") return answer_choice(question);
  if (kind == "timestamp") return answer_timestamp(question);
  return {};
}

std::string answer_path_line(std::string_view line) {
  const Result<Value> question = read_json(line);
  if (!question) {
    return to_json(answer_error("OTHER", "The line is not JSON: " + question.error().message));
  }
  const Value answer = answer_path_question(*question);
  if (answer.is_undefined()) return to_json(answer_error("OTHER", "The line has no known 'kind'"));
  return to_json(answer);
}

}  // namespace pawl::asl
