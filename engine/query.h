// JSONata in a state: evaluating its fields, and what becomes of a failure.
//
// A failed evaluation is written as EvaluationFailed, with the field's location, and raised as
// States.QueryEvaluationError, which Retry and Catch may meet.
//
// Each function answers empty when it has raised the failure: the caller just returns. Evaluation
// may suspend the fiber: whatever refers into other executions is not to be held across it.
//
// Source: `asl-facts` sections 4, 13 and 16.
#pragma once

#include "asl/model/definition.h"
#include "engine/environment.h"
#include "engine/execution.h"
#include "engine/turn.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::engine {

inline constexpr std::string_view kStatesQueryEvaluationError = "States.QueryEvaluationError";

// What $states holds besides the input.
struct States {
  asl::Payload result = {};       // absent: none
  asl::Value error_output = {};   // undefined: none
  std::string_view token = {};    // $states.context.Task.Token
  const MapItem* item = nullptr;  // $states.context.Map.Item of an iteration to be
};

std::optional<asl::Value> query(Turn& turn, Branch& branch, const asl::JsonataTemplate& field,
                                const States& states = {});
std::optional<asl::Value> query_array(Turn& turn, Branch& branch, const asl::JsonataTemplate& field,
                                      const States& states = {});
std::optional<bool> query_boolean(Turn& turn, Branch& branch, const asl::JsonataTemplate& field);
std::optional<std::string> query_string(Turn& turn, Branch& branch,
                                        const asl::JsonataTemplate& field);
// A number without a fraction, between `min` and `max`.
std::optional<std::int64_t> query_integer(Turn& turn, Branch& branch,
                                          const asl::JsonataTemplate& field, std::int64_t min,
                                          std::int64_t max);
// A number between `min` and `max`.
std::optional<double> query_fraction(Turn& turn, Branch& branch, const asl::JsonataTemplate& field,
                                     double min, double max);

// Raises a failure of a JSONata state: `text` is completed by the service's prefix. `location`: the
// field; empty: none is shown.
void raise_query(Turn& turn, Branch& branch, std::string_view text, std::string_view location);

}  // namespace pawl::engine
