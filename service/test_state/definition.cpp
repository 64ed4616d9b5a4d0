#include "service/test_state/definition.h"

#include "asl/json/reader.h"
#include "asl/parse/parse.h"
#include "service/definition_check.h"

#include <utility>
#include <vector>

namespace pawl::service {

namespace {

// A machine of the definition, and what it is part of.
struct Place {
  const asl::Value* machine = nullptr;
  bool within_map = false;
  bool within_distributed_map = false;
};

bool is_distributed(const asl::Value& processor) {
  const asl::Value* config = processor.find("ProcessorConfig");
  const asl::Value* mode = config != nullptr ? config->find("Mode") : nullptr;
  return mode != nullptr && mode->is_string() && mode->as_string() == "DISTRIBUTED";
}

// The machines within `state`, for the list of those still to be searched.
void add_machines_of(const asl::Value& state, const Place& around, std::vector<Place>& places) {
  if (const asl::Value* branches = state.find("Branches");
      branches != nullptr && branches->is_array()) {
    for (const asl::Value& branch : branches->items()) {
      places.push_back({&branch, around.within_map, around.within_distributed_map});
    }
  }
  for (const std::string_view field : {"ItemProcessor", "Iterator"}) {
    if (const asl::Value* processor = state.find(field)) {
      places.push_back({processor, true, is_distributed(*processor)});
    }
  }
}

// Not by recursion: definitions nest deeper than a fiber's stack would like.
std::optional<TestedState> search(const asl::Value& definition, std::string_view name) {
  std::vector<Place> places{{&definition, false, false}};
  while (!places.empty()) {
    const Place place = places.back();
    places.pop_back();
    const asl::Value* states = place.machine->find("States");
    if (states == nullptr || !states->is_object()) continue;
    for (const asl::Member& member : states->members()) {
      if (member.key.as_string() == name) {
        return TestedState{member.value, nullptr, place.within_map, place.within_distributed_map};
      }
      add_machines_of(member.value, place, places);
    }
  }
  return std::nullopt;
}

// By itself the state has no machine around it whose language it could inherit.
asl::Value with_language(const asl::Value& state, const asl::Value& definition) {
  const asl::Value* language = definition.find("QueryLanguage");
  if (language == nullptr || state.find("QueryLanguage") != nullptr) return state;
  asl::ObjectBuilder complete(state);
  complete.set("QueryLanguage", *language);
  return std::move(complete).build();
}

}  // namespace

const asl::State& TestedState::state() const {
  const asl::Machine& machine = definition->machines[0];
  return machine.states[static_cast<std::size_t>(machine.start_at)];
}

Checked<TestedState> find_tested_state(std::string_view text,
                                       std::optional<std::string_view> state_name,
                                       const engine::Limits& limits) {
  TestedState tested;
  const Result<asl::Value> json = asl::read_json(text);
  if (state_name || !json) {
    if (auto refused = check_definition(text, false, limits)) return *std::move(refused);
    std::optional<TestedState> found = search(*json, *state_name);
    if (!found) return validation_error("State not found in definition");
    tested = *std::move(found);
    tested.json = with_language(tested.json, *json);
  } else {
    tested.json = *json;
  }
  const asl::Value machine = asl::machine_of_state(tested.json, kTestedStateName);
  if (!state_name) {
    if (auto refused = check_definition(machine, limits)) return *std::move(refused);
  }
  Result<std::shared_ptr<const asl::Definition>> compiled = asl::compile(machine);
  if (!compiled) return invalid_definition(compiled.error());
  tested.definition = *std::move(compiled);
  return tested;
}

}  // namespace pawl::service
