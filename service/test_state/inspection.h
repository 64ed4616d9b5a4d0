// What a TestState answers of how the data went through the state.
//
// Which members a state shows depends on its type and language, as recorded: a Pass with Result has
// no use for its input, a Parallel shows nothing of it.
#pragma once

#include "asl/json/value.h"
#include "asl/model/definition.h"
#include "engine/state_test.h"

namespace pawl::service {

// inspectionData of DEBUG and TRACE; the latter adds the request and response of an HTTP Task.
asl::Value inspection_data(const asl::State& state, const asl::Payload& input,
                           const engine::StateTestReport& report);

}  // namespace pawl::service
