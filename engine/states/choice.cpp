// Choice: the first rule that matches names the next state.
#include "engine/states/states.h"

namespace pawl::engine {

namespace {

// Empty: the failure was raised.
std::optional<bool> rule_matches(Turn& turn, Branch& branch, const asl::ChoiceBranch& choice,
                                 const asl::Value& input) {
  if (choice.condition.literal) return choice.condition.literal;
  if (choice.condition.expression) {
    return query_boolean(turn, branch, *choice.condition.expression);
  }
  const StateEnvironment environment(turn, branch);
  const Result<bool> matches = choice.rule.matches(input, environment);
  if (matches) return *matches;
  raise_runtime(turn, branch, matches.error().message);
  return std::nullopt;
}

}  // namespace

void enter_choice(Turn& turn, Branch& branch, const asl::ChoiceState& state) {
  std::optional<asl::Payload> input = apply_input_path(turn, branch);
  if (!input) return;
  const asl::State& common = state_of(turn.execution(), branch);
  asl::StateIndex next = state.default_next;
  const asl::Assign* assign = &common.assign;
  const std::optional<asl::JsonataTemplate>* output_field = &common.output;
  for (const asl::ChoiceBranch& choice : state.choices) {
    const std::optional<bool> matches = rule_matches(turn, branch, choice, input->value());
    if (!matches) return;
    if (*matches) {
      next = choice.next;
      assign = &choice.assign;
      output_field = &choice.output;
      break;
    }
  }
  if (next == asl::kNoState) {
    return raise_runtime(turn, branch,
                         "Failed to transition out of the state. The state does not point to a "
                         "next state.");
  }
  std::optional<asl::Payload> output = state_output(turn, branch, *output_field, *input);
  if (!output) return;
  const auto assigned = apply_assign(turn, branch, *assign, *input);
  if (!assigned) return;
  exit_state(turn, branch, *std::move(output), next, *assigned);
}

}  // namespace pawl::engine
