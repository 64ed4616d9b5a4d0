#include "asl/validate/context.h"
#include "asl/validate/expressions.h"
#include "asl/validate/states.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace pawl::asl {
namespace {

// The comparison operators. Those with a type of operand other than kIs also have a ...Path form.
enum class Operand { kString, kPattern, kNumber, kBoolean, kTimestamp, kIs };
struct Operator {
  std::string_view name;
  Operand operand;
};
constexpr Operator kOperators[] = {
    {"StringEquals", Operand::kString},
    {"StringLessThan", Operand::kString},
    {"StringGreaterThan", Operand::kString},
    {"StringLessThanEquals", Operand::kString},
    {"StringGreaterThanEquals", Operand::kString},
    {"StringMatches", Operand::kPattern},
    {"NumericEquals", Operand::kNumber},
    {"NumericLessThan", Operand::kNumber},
    {"NumericGreaterThan", Operand::kNumber},
    {"NumericLessThanEquals", Operand::kNumber},
    {"NumericGreaterThanEquals", Operand::kNumber},
    {"BooleanEquals", Operand::kBoolean},
    {"TimestampEquals", Operand::kTimestamp},
    {"TimestampLessThan", Operand::kTimestamp},
    {"TimestampGreaterThan", Operand::kTimestamp},
    {"TimestampLessThanEquals", Operand::kTimestamp},
    {"TimestampGreaterThanEquals", Operand::kTimestamp},
    {"IsNull", Operand::kIs},
    {"IsPresent", Operand::kIs},
    {"IsNumeric", Operand::kIs},
    {"IsString", Operand::kIs},
    {"IsBoolean", Operand::kIs},
    {"IsTimestamp", Operand::kIs},
};

Form form_of(Operand operand) {
  switch (operand) {
    case Operand::kString:
    case Operand::kPattern:
      return Form::kText;
    case Operand::kNumber:
      return Form::kNumber;
    case Operand::kTimestamp:
      return Form::kTimestamp;
    case Operand::kBoolean:
    case Operand::kIs:
      return Form::kBoolean;
  }
  return Form::kAny;
}

constexpr std::string_view kPathSuffix = "Path";

// The rule for an operator's operand; form kAny and no name if `field` is no operator.
FieldRule operand_rule(std::string_view field) {
  for (const Operator& known : kOperators) {
    if (!field.starts_with(known.name)) continue;
    const std::string_view rest = field.substr(known.name.size());
    if (rest.empty()) {
      return {.name = field, .form = form_of(known.operand), .min = -1e308, .max = 1e308};
    }
    const bool has_path = known.operand != Operand::kIs && known.operand != Operand::kPattern;
    if (rest == kPathSuffix && has_path) return {.name = field, .form = Form::kReferencePath};
  }
  return {.name = {}};
}

bool is_combination(std::string_view field) {
  return field == "And" || field == "Or" || field == "Not";
}

const FieldRule kVariable = {.name = "Variable", .form = Form::kReferencePath};

// One rule to check: nested ones wait in a list, since rules nest as deep as JSON may.
struct Pending {
  const Value* rule;
  std::string place;
  bool top_level;
};

// The fields of a rule besides its comparison. Those of top-level rules only go with a transition.
const FieldRule kTopFields[] = {
    {.name = "Next", .form = Form::kString},
    {.name = "Comment", .form = Form::kString},
    {.name = "Assign", .form = Form::kObject, .check = check_assign},
    {.name = "Condition", .form = Form::kCustom, .languages = kJsonataOnly},
    {.name = "Output", .form = Form::kTemplate, .languages = kJsonataOnly},
};
const FieldRule kNestedFields[] = {{.name = "Comment", .form = Form::kString}};

// And, Or: a non-empty array of rules; Not: one rule. Appended in reverse, for a stack.
void push_nested(const Context& context, std::string_view field, const Value& value,
                 const Place& place, std::vector<Pending>& pending) {
  if (field == "Not") {
    pending.push_back({&value, place.prefix(), false});
    return;
  }
  if (!value.is_array()) return report_type(context, place, "ARRAY");
  if (value.size() == 0) return context.report.schema_error("Value cannot be empty", place);
  for (std::size_t i = 0; i < value.size(); ++i) {
    pending.push_back({&value.items()[i], place[i].prefix(), false});
  }
}

// Exactly one operator; a comparison has a Variable, a combination has none.
void check_operator_count(const Context& context, const Value& rule, const Place& place,
                          const std::vector<std::string_view>& operators) {
  if (operators.empty()) {
    context.report.schema_error("A comparison operator is required in a Choice Rule", place);
  } else if (operators.size() > 1) {
    context.report.schema_error(
        "Each Choice Rule can only have one comparison operator: " + list_text(operators), place);
  } else if (is_combination(operators.front())) {
    if (rule.find("Variable") != nullptr) {
      context.report.schema_error("Field 'Variable' is not supported", place);
    }
  } else {
    check_required(context, rule, place, {"Variable"});
  }
}

void check_rule(const Context& context, const Pending& current, std::vector<Pending>& pending) {
  const Value& rule = *current.rule;
  const Place place(current.place);
  if (!rule.is_object()) return report_type(context, place, "OBJECT");
  std::vector<std::string_view> operators;
  std::vector<Member> others;
  const std::size_t first_nested = pending.size();
  for (const Member& member : rule.members()) {
    const std::string_view field = member.key.as_string();
    if (is_combination(field)) {
      operators.push_back(field);
      push_nested(context, field, member.value, place / field, pending);
    } else if (const FieldRule operand = operand_rule(field); !operand.name.empty()) {
      operators.push_back(field);
      check_form(context, member.value, place / field, operand);
    } else if (field == kVariable.name) {
      check_form(context, member.value, place / field, kVariable);
    } else {
      others.push_back(member);
    }
  }
  std::reverse(pending.begin() + static_cast<std::ptrdiff_t>(first_nested), pending.end());
  check_fields(context, Value::object(std::move(others)), place,
               current.top_level ? FieldTable(kTopFields) : FieldTable(kNestedFields));
  check_operator_count(context, rule, place, operators);
}

void check_json_path_rule(const Context& context, const Value& rule, const Place& place) {
  std::vector<Pending> pending = {{&rule, place.prefix(), true}};
  while (!pending.empty() && !context.report.full()) {
    const Pending current = std::move(pending.back());
    pending.pop_back();
    check_rule(context, current, pending);
  }
}

// JSONata: a Condition, which is an expression or a literal boolean.
void check_jsonata_rule(const Context& context, const Value& rule, const Place& place) {
  if (!rule.is_object()) return report_type(context, place, "OBJECT");
  std::vector<Member> others;
  for (const Member& member : rule.members()) {
    const std::string_view field = member.key.as_string();
    const bool json_path_field =
        field == kVariable.name || is_combination(field) || !operand_rule(field).name.empty();
    if (json_path_field) {
      context.report.schema_error("The QueryLanguage is set to 'JSONata', but field '" +
                                      std::string(field) +
                                      "' is only supported for the 'JSONPath' QueryLanguage",
                                  place);
    } else {
      others.push_back(member);
    }
  }
  check_fields(context, Value::object(std::move(others)), place, kTopFields);
  check_required(context, rule, place, {"Condition"});
  const Value* condition = rule.find("Condition");
  if (condition == nullptr || condition->is_bool() || is_placeholder(context, *condition)) return;
  if (condition->is_string() && has_jsonata_marker(condition->as_string())) {
    check_jsonata_string(context, condition->as_string(), place / "Condition");
  } else {
    report_type(context, place / "Condition", "BOOLEAN");
  }
}

}  // namespace

void check_choices(const Context& context, const Value& choices, const Place& place) {
  if (is_placeholder(context, choices)) return;
  if (!choices.is_array()) return report_type(context, place, "ARRAY");
  if (choices.size() == 0) return context.report.schema_error("Value cannot be empty", place);
  for (std::size_t i = 0; i < choices.size() && !context.report.full(); ++i) {
    const Value& rule = choices.items()[i];
    const Place rule_place = place[i];
    if (context.jsonata()) {
      check_jsonata_rule(context, rule, rule_place);
    } else {
      check_json_path_rule(context, rule, rule_place);
    }
    if (rule.is_object()) check_required(context, rule, rule_place, {"Next"});
  }
}

}  // namespace pawl::asl
