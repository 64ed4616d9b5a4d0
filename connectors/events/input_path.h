// What a rule's target gets of an event: all of it, a constant (Input), a part (InputPath), or a
// text made of parts (InputTransformer). Pure.
//
// Source: EventBridge user guide, "Input transformation".
#pragma once

#include "asl/json/value.h"

#include <string>

namespace pawl::connectors::events {

// The JSON text for `target` (a member of PutTargets.Targets).
std::string target_input(const asl::Value& target, const asl::Value& event);

}  // namespace pawl::connectors::events
