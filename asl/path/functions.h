// The functions that may end a path: $.list.length(). Internal to asl/path.
#pragma once

#include "asl/path/compiled.h"
#include "asl/path/evaluation.h"

#include <string_view>

namespace pawl::asl::jsonpath {

// kUnknown if there is none of that name; such a path compiles and fails when evaluated.
Function function_of(std::string_view name);

// Applies the function to the node it stands behind. False: state.failure is set. An undefined
// `node` is the key set of keys(), which no function knows how to take.
bool call_function(const FunctionCall& call, const Value& node, EvaluationState& state,
                   Value& result);

}  // namespace pawl::asl::jsonpath
