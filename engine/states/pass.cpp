// Pass: gives Result, or its effective input, as its result.
#include "engine/states/states.h"

namespace pawl::engine {

void enter_pass(Turn& turn, Branch& branch, const asl::PassState& state) {
  std::optional<asl::Payload> input = effective_input(turn, branch);
  if (!input) return;
  succeed_state(turn, branch, state.result ? asl::Payload::of(*state.result) : *std::move(input));
}

}  // namespace pawl::engine
