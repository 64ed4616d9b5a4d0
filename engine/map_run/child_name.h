// Names of what a Map Run makes: UUIDs that carry the number of the thing they name.
//
// A child execution, and a Map Run, are found by their ARN without an index row for each: a row of
// random keys per child would be what a run of a million children writes most of.
#pragma once

#include "engine/records.h"
#include "runtime/clock/clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace pawl::engine {

// 8-4-4-4-12 hexadecimal digits with version and variant of a UUID 4; 56 bits are random.
std::string name_with_number(ExecutionNumber number, runtime::Random& random);
// Empty: no such name. Whoever asks compares the whole name with what is stored under the number.
std::optional<ExecutionNumber> number_in_name(std::string_view name);

}  // namespace pawl::engine
