// Internal to asl/json: reads JSON text that is as it should be.
#pragma once

#include "asl/json/value.h"

#include <optional>
#include <string_view>

namespace pawl::asl {

// The value of `text`; empty if it is no JSON, or nests deeper than `max_depth`. Says no word about
// what is wrong, which is what makes it quick: read_json() lets RapidJSON look again. What both
// take, they read alike.
//
// Iterative: nesting is bounded by a counter, not by the stack.
std::optional<Value> read_well_formed(std::string_view text, int max_depth);

// The number that `text`, which follows JSON's grammar, stands for; empty: too big for a double.
std::optional<Value> number_of(std::string_view text);

}  // namespace pawl::asl
