// The intrinsic functions themselves: values in, a value out; empty if the function refuses its
// arguments. The number of arguments has been checked. Internal to asl/intrinsics.
//
// Source: States Language, "Intrinsic Functions"; `asl-facts` section 15 for what the service does
// where the text is silent.
#pragma once

#include "asl/json/value.h"
#include "asl/path/environment.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pawl::asl::intrinsics {

using Arguments = std::span<const Value>;
using Outcome = std::optional<Value>;

// text.cpp
// `raw_template` as written: its escapes are undone as it is filled in.
Outcome format(std::string_view raw_template, Arguments values);
Outcome string_to_json(Arguments arguments);
Outcome json_to_string(Arguments arguments);
Outcome string_split(Arguments arguments);

// array.cpp
Outcome array(Arguments arguments);
Outcome array_partition(Arguments arguments);
Outcome array_contains(Arguments arguments);
Outcome array_range(Arguments arguments);
Outcome array_get_item(Arguments arguments);
Outcome array_length(Arguments arguments);
Outcome array_unique(Arguments arguments);
Outcome json_merge(Arguments arguments);

// encode.cpp
Outcome base64_encode(Arguments arguments);
Outcome base64_decode(Arguments arguments);
Outcome hash(Arguments arguments);

// math.cpp
Outcome math_add(Arguments arguments);
Outcome math_random(Arguments arguments, const Environment& environment);
Outcome uuid(const Environment& environment);

// Java's Math.round: half goes up, -0.5 to 0. Empty if it is no number or does not fit 64 bits.
std::optional<std::int64_t> rounded(const Value& number);
// Cut towards zero, as Java's (long) cast.
std::optional<std::int64_t> truncated(const Value& number);

}  // namespace pawl::asl::intrinsics
