// The request of a TestState, checked: which state is to be tested, and with what.
//
// Source: api-facts section 8; developer guide, "Testing state machines with TestState API"; texts
// and their order of the recorded cases of test_state/.
#pragma once

#include "asl/json/payload.h"
#include "asl/json/value.h"
#include "asl/model/definition.h"
#include "engine/state_test.h"
#include "service/api.h"
#include "service/errors.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace pawl::service {

struct StateTestRequest {
  engine::StateTest test;
  bool inspected = false;  // DEBUG and TRACE
};

// Refuses what the service refuses before it runs anything.
Checked<StateTestRequest> read_state_test(const Request& request, const engine::Limits& limits);

}  // namespace pawl::service
