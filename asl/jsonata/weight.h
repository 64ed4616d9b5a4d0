// The size of a value as the service counts it for its limit on what an expression builds: 8 for a
// number, one for a byte of text, in arrays and objects the sum. Internal to asl/jsonata.
//
// What is nested below an item of an item counts 8 each: measuring it to the bottom, every time a
// value is built, would cost more than building. EvaluateOptions::bytes_max bounds what an
// evaluation builds in all.
//
// Source: measured, asl-facts section 4 (`[1..873782]` passes, one more fails). What a truth value,
// null and a nested array or object add is not known: 8 as well.
#pragma once

#include "asl/json/value.h"

#include <cstdint>

namespace pawl::asl::jsonata {

// Of an item that is nested in an item.
inline std::uint64_t inner_weight_of(const Value& value) {
  return value.is_string() ? value.as_string().size() : 8;
}

inline std::uint64_t weight_of(const Value& value) {
  if (value.is_string()) return value.as_string().size();
  std::uint64_t sum = 8;
  if (value.is_array()) {
    // A long array of numbers, which all are 8, is not looked through.
    sum += 8 * value.size();
  } else if (value.is_object()) {
    for (const Member& each : value.members()) {
      sum += each.key.as_string().size() + inner_weight_of(each.value);
    }
  }
  return sum;
}

}  // namespace pawl::asl::jsonata
