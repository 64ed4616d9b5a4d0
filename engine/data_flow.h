// The way of data through a state, in both query languages: InputPath, Parameters or Arguments,
// ResultPath, OutputPath or Output, Assign.
//
// Each answers empty (or false) when it has raised the failure: the caller just returns.
//
// Source: States Language, "Input and Output Processing"; `asl-facts` sections 3, 5 and 12.
#pragma once

#include "asl/json/payload.h"
#include "engine/execution.h"
#include "engine/query.h"
#include "engine/turn.h"

#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace pawl::engine {

// A template of the current state: `input` is what `$` means in JSONPath, `states` what $states
// holds besides the input in JSONata.
std::optional<asl::Value> evaluate_template(Turn& turn, Branch& branch, const asl::Template& fields,
                                            const asl::Value& input, const States& states = {});

// Input after InputPath and Parameters, or Arguments.
std::optional<asl::Payload> effective_input(Turn& turn, Branch& branch,
                                            std::string_view token = {});
std::optional<asl::Payload> apply_input_path(Turn& turn, Branch& branch);
std::optional<asl::Payload> apply_output_path(Turn& turn, Branch& branch, asl::Payload output);

// What a state passes on: OutputPath of `passed`, or `output` (a field Output of JSONata) if it is
// there, within the size limit.
std::optional<asl::Payload> state_output(Turn& turn, Branch& branch,
                                         const std::optional<asl::JsonataTemplate>& output,
                                         asl::Payload passed, const States& states = {});

// Evaluates Assign against `values` ($ of JSONPath) and stores the variables in the branch's scope.
std::optional<std::vector<Variable>> apply_assign(Turn& turn, Branch& branch,
                                                  const asl::Assign& assign,
                                                  const asl::Payload& values,
                                                  const States& states = {});

// A number of a field: literal, or what its path or expression gives. Empty with `raised` set: the
// failure was raised; empty without: the field is absent. `name`: of the path's field, for its
// texts. An expression's number must lie between `min` and `max`; those of paths the caller checks.
struct FieldNumber {
  std::optional<std::int64_t> value;
  bool raised = false;
};
FieldNumber field_integer(Turn& turn, Branch& branch, const asl::NumberField& field,
                          std::string_view name, const asl::Value& input, std::int64_t min = 0,
                          std::int64_t max = std::numeric_limits<std::int64_t>::max());

// ResultPath: puts `result` into the raw input.
std::optional<asl::Payload> apply_result_path(Turn& turn, Branch& branch,
                                              const asl::PathField& field, asl::Payload result);

// AWS's size limit, and our depth limit, for what a state passes on.
bool check_output_size(Turn& turn, Branch& branch, const asl::Payload& output);

}  // namespace pawl::engine
