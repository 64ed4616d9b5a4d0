#include "asl/json/writer.h"
#include "asl/parse/fields.h"
#include "asl/parse/resource.h"
#include "asl/path/path.h"
#include "asl/path/value_path.h"
#include "asl/template/template.h"
#include "asl/time/timestamp.h"
#include "asl/validate/context.h"
#include "asl/validate/expressions.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

namespace pawl::asl {
namespace {

std::string number_text(double number) {
  if (std::trunc(number) == number) return std::to_string(static_cast<std::int64_t>(number));
  return java_double(number);
}

void check_range(const Context& context, double number, const Place& place, const FieldRule& rule) {
  const double max =
      rule.max == kPayloadBytes ? static_cast<double>(context.options.payload_bytes) : rule.max;
  if (number < rule.min) {
    context.report.schema_error("Minimum value is " + number_text(rule.min), place);
  } else if (number > max) {
    context.report.schema_error("Maximum value is " + number_text(max), place);
  }
}

void check_integer(const Context& context, const Value& value, const Place& place,
                   const FieldRule& rule) {
  if (const std::optional<std::int64_t> number = whole_number(value)) {
    check_range(context, static_cast<double>(*number), place, rule);
  } else if (value.is_number() && std::trunc(value.as_double()) == value.as_double()) {
    check_range(context, value.as_double(), place, rule);  // beyond 64 bits
  } else {
    report_type(context, place, "INTEGER");
  }
}

void check_enum(const Context& context, const Value& value, const Place& place,
                const FieldRule& rule) {
  if (!value.is_string()) return report_type(context, place, "STRING");
  if (std::find(rule.values.begin(), rule.values.end(), value.as_string()) == rule.values.end()) {
    context.report.schema_error("Value should be one of the following: " + list_text(rule.values),
                                place);
  }
}

// A path on the input, the context object or a variable; no intrinsic call.
std::optional<ValuePath> parse_path(const Value& value) {
  if (!value.is_string()) return std::nullopt;
  Result<ValuePath> path = ValuePath::parse(value.as_string());
  if (!path) return std::nullopt;
  return std::move(path).value();
}

void check_path(const Context& context, const Value& value, const Place& place) {
  if (value.is_null() || parse_path(value)) return;
  context.report.schema_error("Value must be a valid JSONPath.", place);
}

bool is_input_reference(const Value& value) {
  return value.is_string() && Path::parse_reference(value.as_string()).has_value();
}

// Reports what keeps `value` from being a Reference Path.
void report_no_reference(const Context& context, const Value& value, const Place& place) {
  context.report.schema_error(
      parse_path(value) ? "Value is not a Reference Path" : "Value must be a valid JSONPath.",
      place);
}

// The context object and variables may be referred to as well as the input.
void check_reference_path(const Context& context, const Value& value, const Place& place) {
  if (is_input_reference(value)) return;
  const std::optional<ValuePath> path = parse_path(value);
  if (!path || !path->path().is_reference()) report_no_reference(context, value, place);
}

void check_result_path(const Context& context, const Value& value, const Place& place) {
  if (!value.is_null() && !is_input_reference(value)) report_no_reference(context, value, place);
}

// Intrinsic functions whose result is a string: the ones ErrorPath and CausePath may call.
constexpr std::string_view kTextIntrinsics[] = {
    "States.ArrayGetItem", "States.Base64Encode", "States.Base64Decode", "States.Format",
    "States.JsonToString", "States.Hash",         "States.UUID",
};

bool returns_text(std::string_view call) {
  return std::any_of(
      std::begin(kTextIntrinsics), std::end(kTextIntrinsics), [call](std::string_view name) {
        return call.starts_with(name) &&
               call.substr(name.size()).find_first_not_of(' ') != std::string_view::npos &&
               call[call.find_first_not_of(' ', name.size())] == '(';
      });
}

void check_path_or_intrinsic(const Context& context, const Value& value, const Place& place) {
  if (value.is_string()) {
    const Result<StringExpression> parsed = StringExpression::parse(value.as_string());
    if (parsed && (!parsed->is_intrinsic() || returns_text(value.as_string()))) return;
  }
  context.report.schema_error(
      "Value must be a valid JSONPath or a valid intrinsic function call that returns a string",
      place);
}

void check_timestamp(const Context& context, const Value& value, const Place& place) {
  if (!value.is_string()) return report_type(context, place, "STRING");
  if (!parse_timestamp(value.as_string())) {
    context.report.schema_error("String does not match RFC3339 timestamp", place);
  }
}

// A literal that was surely meant as a path: "$.a", "$$.a", "$['a']".
bool looks_like_path(const Value& value) {
  if (!value.is_string()) return false;
  const std::string_view text = value.as_string();
  return text == "$" || text.starts_with("$.") || text.starts_with("$[") || text.starts_with("$$.");
}

void check_text(const Context& context, const Value& value, const Place& place) {
  if (!value.is_string()) return report_type(context, place, "STRING");
  if (!context.jsonata() && looks_like_path(value)) {
    context.report.warning(
        code::kNoPath, "Field value looks like a path, but field name does not end with 'Path'.",
        place);
  }
}

}  // namespace

bool is_placeholder(const Context& context, const Value& value) {
  return context.options.placeholders && value.is_string() && has_placeholder(value.as_string());
}

void report_type(const Context& context, const Place& place, std::string_view type) {
  context.report.schema_error("Expected value of type [" + std::string(type) + "]", place);
}

void check_form(const Context& state_context, const Value& value, const Place& place,
                const FieldRule& rule) {
  Context context = state_context;
  context.moment = rule.moment;
  if (rule.form != Form::kTemplate && is_placeholder(context, value)) return;
  if (rule.expression && context.jsonata() && value.is_string() &&
      has_jsonata_marker(value.as_string())) {
    return check_jsonata_string(context, value.as_string(), place);
  }
  switch (rule.form) {
    case Form::kAny:
    case Form::kCustom:
      break;
    case Form::kString:
      if (!value.is_string()) report_type(context, place, "STRING");
      break;
    case Form::kBoolean:
      if (!value.is_bool()) report_type(context, place, "BOOLEAN");
      break;
    case Form::kInteger:
      check_integer(context, value, place, rule);
      break;
    case Form::kNumber:
      if (value.is_number()) {
        check_range(context, value.as_double(), place, rule);
      } else {
        report_type(context, place, "NUMBER");
      }
      break;
    case Form::kEnum:
      check_enum(context, value, place, rule);
      break;
    case Form::kPath:
      check_path(context, value, place);
      break;
    case Form::kReferencePath:
      check_reference_path(context, value, place);
      break;
    case Form::kResultPath:
      check_result_path(context, value, place);
      break;
    case Form::kPathOrIntrinsic:
      check_path_or_intrinsic(context, value, place);
      break;
    case Form::kTemplate:
      check_template(context, value, place);
      break;
    case Form::kText:
      check_text(context, value, place);
      break;
    case Form::kTimestamp:
      check_timestamp(context, value, place);
      break;
    case Form::kObject:
      if (!value.is_object()) report_type(context, place, "OBJECT");
      break;
  }
  if (rule.check != nullptr) rule.check(context, value, place);
}

}  // namespace pawl::asl
