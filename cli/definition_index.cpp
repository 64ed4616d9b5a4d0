#include "cli/definition_index.h"

namespace pawl::cli {
DefinitionIndex::DefinitionIndex(const asl::Value& definition) {
  add_machine(definition, "", 0, 0);
}

// Recursion is bounded by the nesting of a document (asl::kMaxDepth).
void DefinitionIndex::add_machine(const asl::Value& machine, const std::string& pointer, int depth,
                                  int maps) {
  const asl::Value* states = machine.find("States");
  if (states == nullptr || !states->is_object()) return;
  for (const asl::Member& member : states->members()) {
    const asl::Value& state = member.value;
    StatePlace place;
    place.name = std::string(member.key.as_string());
    place.pointer = pointer + "/States/" + place.name;
    place.type = text_of(state, "Type");
    place.resource = text_of(state, "Resource");
    place.json = state;
    place.depth = depth;
    place.maps = maps;
    const std::string at = place.pointer;
    by_name_.emplace(place.name, states_.size());
    states_.push_back(std::move(place));

    for (const std::string_view processor : {"ItemProcessor", "Iterator"}) {
      if (const asl::Value* inner = state.find(processor)) {
        add_machine(*inner, at + "/" + std::string(processor), depth + 1, maps + 1);
      }
    }
    const asl::Value* branches = state.find("Branches");
    if (branches == nullptr || !branches->is_array()) continue;
    for (std::size_t i = 0; i < branches->size(); ++i) {
      add_machine(branches->items()[i], at + "/Branches[" + std::to_string(i) + "]", depth + 1,
                  maps);
    }
  }
}

const StatePlace* DefinitionIndex::find(std::string_view state) const {
  const auto found = by_name_.find(state);
  return found == by_name_.end() ? nullptr : &states_[found->second];
}

}  // namespace pawl::cli
