// What an evaluation passes around: a Value and, for arrays, the marks that the reference keeps on
// its array objects. Internal to asl/jsonata.
#pragma once

#include "asl/json/value.h"

#include <cstdint>
#include <utility>

namespace pawl::asl::jsonata {

enum Flag : std::uint8_t {
  kSequence = 1,       // made by a path or a function: one element stands for itself
  kKeepSingleton = 2,  // `[]`: not even then
  kCons = 4,           // made by an array constructor in a path: not flattened
  kOuterWrapper = 8,   // the input array, wrapped once
  kTupleStream = 16,   // elements are tuples: objects of `@` and bound names
  kThunk = 32,         // a tail call that waits in the evaluator
  kConsItems = 64,     // a sequence of arrays that all are kCons: the next step finds them so
};

struct Datum {
  Value value;
  std::uint8_t flags = 0;

  Datum() = default;
  Datum(Value v) : value(std::move(v)) {}  // NOLINT: implicit on purpose
  Datum(Value v, std::uint8_t f) : value(std::move(v)), flags(f) {}

  bool is_undefined() const { return value.is_undefined(); }
  bool is_array() const { return value.is_array(); }
  bool has(Flag flag) const { return (flags & flag) != 0; }
  bool is_sequence() const { return has(kSequence) && is_array(); }
};

}  // namespace pawl::asl::jsonata
