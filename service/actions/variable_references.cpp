// variableReferences: which variables each state of a definition reads.
//
// State name -> sorted names; states that read none are left out, and so is the member when no
// state reads any. Values that are expressions are looked at: members that end in ".$", and those
// whose name ends in "Path" (JSONPath); strings in {% %} (JSONata).
//
// Source: recorded cases sfn_api_variable_references.
#include "asl/json/reader.h"
#include "service/actions/actions.h"

#include <map>
#include <set>

namespace pawl::service {

namespace {

using Names = std::set<std::string, std::less<>>;

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_name_part(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

// $name, where $ does not itself follow a $ or a name.
void collect_from_path(std::string_view text, Names& names) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\'') {  // a literal of an intrinsic
      for (++i; i < text.size() && text[i] != '\''; ++i) {
        if (text[i] == '\\') ++i;
      }
      continue;
    }
    if (text[i] != '$' || !is_name_start(text[i + 1])) continue;
    if (i > 0 && (text[i - 1] == '$' || is_name_part(text[i - 1]))) continue;
    const std::size_t start = ++i;
    while (i < text.size() && is_name_part(text[i])) ++i;
    names.emplace(text.substr(start, i - start));
    --i;
  }
}

bool holds_states(std::string_view field) {
  return field == "States" || field == "Branches" || field == "ItemProcessor" ||
         field == "Iterator";
}

void collect_from_field(std::string_view field, const asl::Value& value, Names& names) {
  if (value.is_string()) {
    const std::string_view text = value.as_string();
    if (field.ends_with(".$") || field.ends_with("Path") || field == "Variable") {
      collect_from_path(text, names);
    }
    return;
  }
  if (value.is_array()) {
    for (const asl::Value& item : value.items()) collect_from_field(field, item, names);
    return;
  }
  if (!value.is_object()) return;
  for (const asl::Member& member : value.members()) {
    collect_from_field(member.key.as_string(), member.value, names);
  }
}

void collect_from_machine(const asl::Value& machine, std::map<std::string, Names>& states) {
  const asl::Value* list = machine.find("States");
  if (list == nullptr || !list->is_object()) return;
  for (const asl::Member& state : list->members()) {
    if (!state.value.is_object()) continue;
    Names names;
    for (const asl::Member& field : state.value.members()) {
      const std::string_view name = field.key.as_string();
      if (!holds_states(name)) {
        collect_from_field(name, field.value, names);
      } else if (field.value.is_array()) {
        for (const asl::Value& branch : field.value.items()) collect_from_machine(branch, states);
      } else {
        collect_from_machine(field.value, states);
      }
    }
    if (!names.empty()) states[std::string(state.key.as_string())].merge(names);
  }
}

}  // namespace

void put_variable_references(std::string_view definition, asl::ObjectBuilder& out) {
  // Most definitions have no variables; then there is nothing to parse for.
  if (definition.find("\"Assign\"") == std::string_view::npos) return;
  const Result<asl::Value> root = asl::read_json(definition);
  if (!root) return;
  std::map<std::string, Names> states;
  collect_from_machine(*root, states);
  if (states.empty()) return;
  asl::ObjectBuilder references;
  for (const auto& [state, names] : states) {
    std::vector<asl::Value> list;
    list.reserve(names.size());
    for (const std::string& name : names) list.push_back(asl::Value::string(name));
    references.set(state, asl::Value::array(std::move(list)));
  }
  out.set("variableReferences", std::move(references).build());
}

}  // namespace pawl::service
