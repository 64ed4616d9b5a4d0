// Choice: the first rule that matches names the next state.
#include "engine/states/states.h"

namespace pawl::engine {

void enter_choice(Turn& turn, Branch& branch, const asl::ChoiceState& state) {
  std::optional<asl::Payload> input = apply_input_path(turn, branch);
  if (!input) return;
  const StateEnvironment environment(turn, branch);
  const asl::State& common = state_of(turn.execution(), branch);
  asl::StateIndex next = state.default_next;
  const asl::Assign* assign = &common.assign;
  for (const asl::ChoiceBranch& choice : state.choices) {
    const Result<bool> matches = choice.rule.matches(input->value(), environment);
    if (!matches) return raise_runtime(turn, branch, matches.error().message);
    if (*matches) {
      next = choice.next;
      assign = &choice.assign;
      break;
    }
  }
  if (next == asl::kNoState) {
    return raise_runtime(turn, branch,
                         "Failed to transition out of the state. The state does not point to a "
                         "next state.");
  }
  std::optional<asl::Payload> output = apply_output_path(turn, branch, *input);
  if (!output) return;
  const auto assigned = apply_assign(turn, branch, *assign, *input);
  if (!assigned) return;
  exit_state(turn, branch, *std::move(output), next, *assigned);
}

}  // namespace pawl::engine
