// The Resource of a Task, taken apart.
//
// Source: `integrations` section 1 (forms of a resource).
#pragma once

#include "asl/model/definition.h"

#include <optional>
#include <string_view>

namespace pawl::asl {

// Empty if `text` is empty or is an ARN of Lambda or Step Functions that no Task can call. Judges
// the shape only: whether a service offers the action is is_known_integration()'s to say
// (asl/validate/integrations.h).
std::optional<Resource> parse_resource(std::string_view text);

// True if `text` holds a placeholder of a template: ${...}.
bool has_placeholder(std::string_view text);

}  // namespace pawl::asl
