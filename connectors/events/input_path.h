// What a rule's target gets of an event: all of it, a constant (Input), a part (InputPath), or a
// text made of parts (InputTransformer). Pure.
//
// Source: EventBridge user guide, "Input transformation".
#pragma once

#include "asl/json/value.h"

#include <map>
#include <string>

namespace pawl::connectors::events {

// What a template may name beside its own paths: "aws.events.rule-name".
using Reserved = std::map<std::string, asl::Value>;

// The JSON text for `target` (a member of PutTargets.Targets).
std::string target_input(const asl::Value& target, const asl::Value& event,
                         const Reserved& reserved = {});

}  // namespace pawl::connectors::events
