#include "asl/validate/context.h"

#include <algorithm>
#include <utility>

namespace pawl::asl {
namespace {

const FieldRule* find_rule(FieldTable table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [name](const FieldRule& rule) { return rule.name == name; });
  return found != table.end() ? &*found : nullptr;
}

std::string_view language_name(bool jsonata) { return jsonata ? "JSONata" : "JSONPath"; }

bool of_language(const Context& context, const FieldRule& rule) {
  return (rule.languages & (context.jsonata() ? kJsonataOnly : kJsonPathOnly)) != 0;
}

void report_language(const Context& context, const Place& place, std::string_view field) {
  std::string text = "The QueryLanguage is set to '";
  text += language_name(context.jsonata());
  ((text += "', but field '") += field) += "' is only supported for the '";
  (text += language_name(!context.jsonata())) += "' QueryLanguage";
  context.report.schema_error(std::move(text), place);
}

// A field and its ...Path form exclude each other.
void check_path_twin(const Context& context, const Value& object, const Place& place,
                     FieldTable table, StateTypes type, std::string_view name) {
  const std::string_view suffix = "Path";
  if (!name.ends_with(suffix)) return;
  const std::string_view twin = name.substr(0, name.size() - suffix.size());
  const FieldRule* rule = find_rule(table, twin);
  if (rule == nullptr || (rule->types & type) == 0 || !of_language(context, *rule)) return;
  if (rule->form == Form::kAny) return;  // Result and ResultPath have only the name in common
  check_at_most_one(context, object, place, {twin, name});
}

}  // namespace

std::string list_text(std::span<const std::string_view> names) {
  std::string out = "[";
  for (const std::string_view name : names) {
    if (out.size() > 1) out += ", ";
    out += name;
  }
  return out += ']';
}

bool check_fields(const Context& context, const Value& object, const Place& place, FieldTable table,
                  StateTypes type) {
  if (!object.is_object()) {
    if (!is_placeholder(context, object)) report_type(context, place, "OBJECT");
    return false;
  }
  for (const Member& member : object.members()) {
    const std::string_view name = member.key.as_string();
    const FieldRule* rule = find_rule(table, name);
    if (rule == nullptr || (rule->types & type) == 0) {
      context.report.schema_error("Field '" + std::string(name) + "' is not supported", place);
    } else if (!of_language(context, *rule)) {
      report_language(context, place, name);
    } else {
      check_form(context, member.value, place / name, *rule);
      check_path_twin(context, object, place, table, type, name);
    }
    if (context.report.full()) break;
  }
  return true;
}

void check_required(const Context& context, const Value& object, const Place& place,
                    std::initializer_list<std::string_view> fields) {
  std::vector<std::string_view> missing;
  for (const std::string_view field : fields) {
    if (object.find(field) == nullptr) missing.push_back(field);
  }
  if (missing.empty()) return;
  context.report.schema_error("These fields are required: " + list_text(missing), place);
}

void check_at_most_one(const Context& context, const Value& object, const Place& place,
                       std::initializer_list<std::string_view> fields) {
  std::vector<std::string_view> present;
  for (const std::string_view field : fields) {
    if (object.find(field) != nullptr) present.push_back(field);
  }
  if (present.size() < 2) return;
  context.report.schema_error("Only one of these fields is allowed: " + list_text(present), place);
}

void check_exactly_one(const Context& context, const Value& object, const Place& place,
                       std::initializer_list<std::string_view> fields) {
  const bool none = std::none_of(fields.begin(), fields.end(), [&object](std::string_view field) {
    return object.find(field) != nullptr;
  });
  if (none) {
    context.report.schema_error("One of these fields is required: " + list_text(fields), place);
  } else {
    check_at_most_one(context, object, place, fields);
  }
}

}  // namespace pawl::asl
