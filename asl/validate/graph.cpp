#include "asl/validate/context.h"
#include "asl/validate/states.h"

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace pawl::asl {
namespace {

// The states of one machine and who leads to whom.
struct Graph {
  explicit Graph(const Value& states) : targeted(states.size(), false), next(states.size()) {
    for (const Member& member : states.members()) {
      index.emplace(member.key.as_string(), index.size());
    }
  }

  std::unordered_map<std::string_view, std::size_t> index;
  std::vector<bool> targeted;                  // by StartAt or by another state
  std::vector<std::vector<std::size_t>> next;  // transitions out of each state
  bool open = false;  // some target is a placeholder: nothing is known to be unreachable
};

constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

// Reads one target. The service writes 'Next' whatever the field is called.
void add_target(const Context& context, const Value* target, std::size_t from, const Place& place,
                Graph& graph) {
  if (target == nullptr || !target->is_string()) return;
  if (is_placeholder(context, *target)) {
    graph.open = true;
    return;
  }
  const auto found = graph.index.find(target->as_string());
  if (found == graph.index.end()) {
    context.report.error(code::kMissingTarget,
                         "Missing 'Next' target: " + std::string(target->as_string()), place);
    return;
  }
  if (found->second != from) graph.targeted[found->second] = true;
  if (from != kNobody) graph.next[from].push_back(found->second);
}

// The `Next` of every entry of Catch or Choices.
void add_targets(const Context& context, const Value* entries, std::size_t from, const Place& place,
                 Graph& graph) {
  if (entries == nullptr || !entries->is_array()) return;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const Place entry = place[i];
    add_target(context, entries->items()[i].find("Next"), from, entry / "Next", graph);
  }
}

bool is_terminal(const Value& state) {
  const Value* type = state.find("Type");
  if (type != nullptr && type->is_string() &&
      (type->as_string() == "Succeed" || type->as_string() == "Fail")) {
    return true;
  }
  const Value* end = state.find("End");
  return end != nullptr && !(end->is_bool() && !end->as_bool());
}

// States that nothing leads to are reported, and what only they lead to is not: the first cause is
// enough. A loop that nothing from outside enters is reported as well.
std::vector<bool> find_unreachable(const Graph& graph, std::size_t start) {
  std::vector<bool> seen(graph.next.size(), false);
  std::vector<std::size_t> open;
  const auto visit = [&](std::size_t state) {
    if (!seen[state]) open.push_back(state);
    seen[state] = true;
  };
  const auto drain = [&] {
    while (!open.empty()) {
      const std::size_t state = open.back();
      open.pop_back();
      for (const std::size_t target : graph.next[state]) visit(target);
    }
  };
  std::vector<bool> unreachable(graph.next.size(), false);
  if (start != kNobody) visit(start);
  for (std::size_t i = 0; i < graph.next.size(); ++i) {
    if (graph.targeted[i] || i == start) continue;
    unreachable[i] = true;
    visit(i);
  }
  drain();
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i]) unreachable[i] = true;
  }
  return unreachable;
}

}  // namespace

void check_graph(const Context& context, const Value& machine, const Place& place) {
  const Value& states = *machine.find("States");
  Graph graph(states);
  add_target(context, machine.find("StartAt"), kNobody, place / "StartAt", graph);
  const Place states_place = place / "States";
  bool has_end = false;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const Member& member = states.members()[i];
    const Value& state = member.value;
    const Place state_place = states_place / member.key.as_string();
    add_target(context, state.find("Next"), i, state_place / "Next", graph);
    add_targets(context, state.find("Choices"), i, state_place / "Choices", graph);
    add_target(context, state.find("Default"), i, state_place / "Default", graph);
    add_targets(context, state.find("Catch"), i, state_place / "Catch", graph);
    has_end = has_end || is_terminal(state);
  }
  if (!has_end) {
    // Where nothing ends, the service does not look for what cannot be reached.
    context.report.error_without_location(code::kMissingEndState, "Workflow has no terminal state");
    return;
  }
  if (graph.open) return;
  const Value* start = machine.find("StartAt");
  const auto found = start != nullptr && start->is_string() ? graph.index.find(start->as_string())
                                                            : graph.index.end();
  const std::vector<bool> unreachable =
      find_unreachable(graph, found != graph.index.end() ? found->second : kNobody);
  for (std::size_t i = 0; i < unreachable.size(); ++i) {
    if (!unreachable[i]) continue;
    const std::string_view name = states.members()[i].key.as_string();
    context.report.error(code::kMissingTarget,
                         "State \"" + std::string(name) + "\" is not reachable.",
                         states_place / name);
  }
}

}  // namespace pawl::asl
