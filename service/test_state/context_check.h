// Whether a context object given to TestState is one that an execution could have.
//
// Source: recorded cases of test_state/state_context_object; members of asl-facts section 14.
#pragma once

#include "asl/json/value.h"

#include <optional>
#include <string>

namespace pawl::service {

// What is wrong with it: "Field 'Pokedex' is not allowed". `has_token`: the state is a Task whose
// pattern is .sync or .waitForTaskToken, which alone sees Task.
std::optional<std::string> context_problem(const asl::Value& context, bool has_token);

}  // namespace pawl::service
