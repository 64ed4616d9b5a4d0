// The state to test: the definition as a whole, or one state of a machine.
#pragma once

#include "asl/json/value.h"
#include "asl/model/definition.h"
#include "engine/limits.h"
#include "service/errors.h"

#include <memory>
#include <optional>
#include <string_view>

namespace pawl::service {

// Recorded: whatever the state is called, messages and the context object call it so.
inline constexpr std::string_view kTestedStateName = "StateName";

struct TestedState {
  asl::Value json;
  std::shared_ptr<const asl::Definition> definition;  // a machine that starts at it
  bool within_map = false;                            // of the machine it comes from
  bool within_distributed_map = false;

  const asl::State& state() const;
};

// `text`: a state, or with `state_name` the machine that has it at any depth. InvalidDefinition,
// or ValidationException if there is no such state.
Checked<TestedState> find_tested_state(std::string_view text,
                                       std::optional<std::string_view> state_name,
                                       const engine::Limits& limits);

}  // namespace pawl::service
