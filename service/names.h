// Names of state machines, executions and activities.
#pragma once

#include <string_view>

namespace pawl::service {

// Whether `name` (valid UTF-8) has none of the characters the API forbids: white space, brackets,
// wildcards, " # % \ ^ | ~ ` $ & , ; : / ' and control characters. Its length is a constraint of
// the model and checked there.
//
// Source: api-facts section 2; recorded cases sfn_api_activities.
bool is_valid_name(std::string_view name);

}  // namespace pawl::service
