// The pattern language of EventBridge, which filter policies of SNS use as well. Pure.
//
//   {"source": ["my.app"], "detail": {"state": [{"anything-but": "ok"}], "n": [{"numeric": [">",
//   0]}]}}
//
// A member of the pattern is an object (the same member of the event must match it) or a list of
// rules, of which one must match the event's value, or one of its values if that is a list.
//
// Source: EventBridge user guide, "Comparison operators for use in event patterns"; SNS developer
// guide, "Filter policy constraints".
#pragma once

#include "asl/json/value.h"
#include "base/result.h"

#include <string>

namespace pawl::connectors::events {

bool matches(const asl::Value& pattern, const asl::Value& event);

// kInvalid with what is wrong: not an object, an empty list, an unknown rule.
Status check_pattern(const asl::Value& pattern);

}  // namespace pawl::connectors::events
