#include "asl/validate/scopes.h"

#include "asl/validate/references.h"

#include <string>

namespace pawl::asl {
namespace {

// "x.$" assigns x in JSONPath; in JSONata no such name is valid.
std::string_view variable_of(std::string_view key) {
  if (key.ends_with(".$")) key.remove_suffix(2);
  return key;
}

void add_assigned(const Value& holder, std::unordered_set<std::string_view>& names) {
  const Value* assign = holder.is_object() ? holder.find("Assign") : nullptr;
  if (assign == nullptr || !assign->is_object()) return;
  for (const Member& member : assign->members()) names.insert(variable_of(member.key.as_string()));
}

}  // namespace

std::unordered_set<std::string_view> variables_assigned(const Value& machine) {
  std::unordered_set<std::string_view> names;
  const Value* states = machine.find("States");
  if (states == nullptr || !states->is_object()) return names;
  for (const Member& member : states->members()) {
    add_assigned(member.value, names);
    for (const std::string_view field : {"Catch", "Choices"}) {
      const Value* entries = member.value.find(field);
      if (entries == nullptr || !entries->is_array()) continue;
      for (const Value& entry : entries->items()) add_assigned(entry, names);
    }
  }
  return names;
}

void check_assigned_name(const Context& context, std::string_view name, const Place& place) {
  const auto& machines = context.document.machines;
  for (std::size_t i = machines[context.machine].parent; i != kNoMachine; i = machines[i].parent) {
    if (machines[i].assigned.count(name) == 0) continue;
    context.report.schema_error(
        "The variable '" + std::string(name) + "' is already assigned in an outer scope", place);
    return;
  }
}

void check_references(const Context& context, const Value& state, const Place& place) {
  const auto& machines = context.document.machines;
  // The first machine around the nearest Distributed Map; without one there is nothing to look for.
  std::size_t border = context.machine;
  while (border != kNoMachine && !machines[border].distributed) border = machines[border].parent;
  if (border == kNoMachine) return;
  for (const std::string& name : variables_read(state, state_language(context, state))) {
    bool inside = false;
    bool outside = false;
    bool passed = false;
    for (std::size_t i = context.machine; i != kNoMachine; i = machines[i].parent) {
      (passed ? outside : inside) |= machines[i].assigned.count(name) != 0;
      passed = passed || i == border;
    }
    if (!outside || inside) continue;
    context.report.schema_error("The variable '" + name +
                                    "' is assigned outside of the Distributed Map, which cannot "
                                    "reference variables of outer scopes",
                                place);
  }
}

}  // namespace pawl::asl
