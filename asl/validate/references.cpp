#include "asl/validate/references.h"

#include "asl/jsonata/analysis.h"
#include "asl/template/template.h"
#include "asl/validate/context.h"
#include "asl/validate/expressions.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace pawl::asl {
namespace {

// Nested machines: their states read for themselves.
constexpr std::string_view kMachineFields[] = {"Branches", "ItemProcessor", "Iterator"};

// Fields whose content is a payload template of JSONPath, wherever they stand in a state.
constexpr std::string_view kTemplateFields[] = {
    "Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials", "BatchInput",
};

// Fields that hold other fields.
constexpr std::string_view kHolders[] = {
    "Catch",      "Choices",      "And",         "Or",           "Not",
    "ItemReader", "ReaderConfig", "ItemBatcher", "ResultWriter",
};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::string_view (&names)[N]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Calls `visit` with each string below `root` and the key it stands under, from a list: values
// nest deeper than a small stack allows.
template <typename Visit>
void each_string(const Value& root, const Visit& visit) {
  std::vector<std::pair<std::string_view, const Value*>> open = {{{}, &root}};
  while (!open.empty()) {
    const auto [key, value] = open.back();
    open.pop_back();
    if (value->is_string()) visit(key, value->as_string());
    if (value->is_object()) {
      for (const Member& member : value->members()) {
        open.emplace_back(member.key.as_string(), &member.value);
      }
    } else if (value->is_array()) {
      for (const Value& item : value->items()) open.emplace_back(std::string_view(), &item);
    }
  }
}

void add_path(const Value& value, VariableNames& names) {
  if (!value.is_string()) return;
  const Result<StringExpression> expression = StringExpression::parse(value.as_string());
  if (!expression) return;
  for (std::string& name : expression->variables()) names.insert(std::move(name));
}

void add_template(const Value& value, VariableNames& names) {
  each_string(value, [&names](std::string_view key, std::string_view text) {
    if (key.ends_with(".$")) add_path(Value::string(text), names);
  });
}

VariableNames read_by_json_path(const Value& state) {
  VariableNames names;
  std::vector<const Value*> open = {&state};
  while (!open.empty()) {
    const Value& holder = *open.back();
    open.pop_back();
    if (holder.is_array()) {
      for (const Value& item : holder.items()) open.push_back(&item);
    }
    if (!holder.is_object()) continue;
    for (const Member& field : holder.members()) {
      const std::string_view name = field.key.as_string();
      if (is_one_of(name, kHolders)) {
        open.push_back(&field.value);
      } else if (is_one_of(name, kTemplateFields)) {
        add_template(field.value, names);
      } else if (name.ends_with("Path") || name == "Variable") {
        add_path(field.value, names);
      }
    }
  }
  return names;
}

void add_free_variables(std::string_view text, VariableNames& names) {
  jsonata::Failure failure;
  const auto expression = jsonata::Expression::parse(text, jsonata::Dialect::kAws, failure);
  if (!expression) return;
  for (std::string& name : jsonata::analyse(*expression).variables) names.insert(std::move(name));
}

VariableNames read_by_jsonata(const Value& state) {
  VariableNames names;
  for (const Member& field : state.members()) {
    const std::string_view name = field.key.as_string();
    if (is_one_of(name, kMachineFields) || name == "Comment") continue;
    each_string(field.value, [&names](std::string_view, std::string_view text) {
      if (is_jsonata_string(text)) add_free_variables(jsonata_of(text), names);
    });
  }
  return names;
}

QueryLanguage language_of(const Value& object, QueryLanguage inherited) {
  const Value* language = object.find("QueryLanguage");
  if (language == nullptr || !language->is_string()) return inherited;
  return language->as_string() == "JSONata" ? QueryLanguage::kJsonata : QueryLanguage::kJsonPath;
}

}  // namespace

VariableNames variables_read(const Value& state, QueryLanguage language) {
  if (!state.is_object()) return {};
  return language == QueryLanguage::kJsonata ? read_by_jsonata(state) : read_by_json_path(state);
}

std::map<std::string, VariableNames> variable_references(const Value& definition) {
  std::map<std::string, VariableNames> out;
  const QueryLanguage root = language_of(definition, QueryLanguage::kJsonPath);
  std::vector<const Value*> machines = {&definition};
  while (!machines.empty()) {
    const Value* states = machines.back()->find("States");
    machines.pop_back();
    if (states == nullptr || !states->is_object()) continue;
    for (const Member& member : states->members()) {
      const Value& state = member.value;
      if (!state.is_object()) continue;
      VariableNames names = variables_read(state, language_of(state, root));
      if (!names.empty()) out[std::string(member.key.as_string())].merge(names);
      for (const std::string_view field : kMachineFields) {
        const Value* nested = state.find(field);
        if (nested == nullptr) continue;
        if (nested->is_array()) {
          for (const Value& branch : nested->items()) machines.push_back(&branch);
        } else {
          machines.push_back(nested);
        }
      }
    }
  }
  return out;
}

}  // namespace pawl::asl
