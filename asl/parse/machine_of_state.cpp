#include "asl/parse/parse.h"

#include <utility>

namespace pawl::asl {
namespace {

void add_target(const Value* target, ObjectBuilder& states) {
  if (target == nullptr || !target->is_string()) return;
  ObjectBuilder succeed;
  succeed.set("Type", Value::string("Succeed"));
  states.set(target->as_string(), std::move(succeed).build());
}

void add_targets(const Value* entries, ObjectBuilder& states) {
  if (entries == nullptr || !entries->is_array()) return;
  for (const Value& entry : entries->items()) add_target(entry.find("Next"), states);
}

}  // namespace

Value machine_of_state(const Value& state, std::string_view name) {
  ObjectBuilder states;
  add_target(state.find("Next"), states);
  add_target(state.find("Default"), states);
  add_targets(state.find("Choices"), states);
  add_targets(state.find("Catch"), states);
  states.set(name, state);  // last: a state may lead to itself
  ObjectBuilder machine;
  machine.set("StartAt", Value::string(name));
  machine.set("States", std::move(states).build());
  return std::move(machine).build();
}

}  // namespace pawl::asl
