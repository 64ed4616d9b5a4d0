// Succeed: ends its branch with its effective input.
#include "engine/states/states.h"

namespace pawl::engine {

void enter_succeed(Turn& turn, Branch& branch) {
  std::optional<asl::Payload> input = apply_input_path(turn, branch);
  if (!input) return;
  const asl::State& state = state_of(turn.execution(), branch);
  std::optional<asl::Payload> output = state_output(turn, branch, state.output, *std::move(input));
  if (!output) return;
  exit_state(turn, branch, *std::move(output), asl::kNoState);
}

}  // namespace pawl::engine
