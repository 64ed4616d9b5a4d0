// The way of data through a state: InputPath, Parameters, ResultPath, OutputPath, Assign.
//
// Each answers empty (or false) when it has raised the failure: the caller just returns.
//
// Source: States Language, "Input and Output Processing"; `asl-facts` sections 3, 5 and 12.
#pragma once

#include "asl/json/payload.h"
#include "engine/execution.h"
#include "engine/turn.h"

#include <optional>
#include <string_view>
#include <vector>

namespace pawl::engine {

// Input after InputPath and Parameters. Empty: the failure was raised.
std::optional<asl::Payload> effective_input(Turn& turn, Branch& branch,
                                            std::string_view token = {});
std::optional<asl::Payload> apply_input_path(Turn& turn, Branch& branch);
std::optional<asl::Payload> apply_output_path(Turn& turn, Branch& branch, asl::Payload output);

// Evaluates Assign against `values` ($) and stores the variables in the branch's scope. Empty: the
// failure was raised.
std::optional<std::vector<Variable>> apply_assign(Turn& turn, Branch& branch,
                                                  const asl::Assign& assign,
                                                  const asl::Payload& values);

// A number of a field: literal, or what its path finds. Empty with `raised` set: the failure was
// raised; empty without: the field is absent.
struct FieldNumber {
  std::optional<std::int64_t> value;
  bool raised = false;
};
FieldNumber field_integer(Turn& turn, Branch& branch, const asl::NumberField& field,
                          std::string_view name, const asl::Value& input);

// ResultPath: puts `result` into the raw input.
std::optional<asl::Payload> apply_result_path(Turn& turn, Branch& branch,
                                              const asl::PathField& field, asl::Payload result);

// AWS's size limit, and our depth limit, for what a state passes on.
bool check_output_size(Turn& turn, Branch& branch, const asl::Payload& output);

}  // namespace pawl::engine
