// Writes a Value as compact JSON text, as the service does: no blanks, members in order, only
// what must be escaped is escaped, doubles in the shortest form that reads back the same, in
// Java's notation (1.0, 3.3, 1.0E10).
#pragma once

#include "asl/json/value.h"

#include <cstddef>
#include <optional>
#include <string>

namespace pawl::asl {

void write_json(const Value& value, std::string& out);  // appends
std::string to_json(const Value& value);
// A string as it is, anything else as JSON: how the service's texts show a value.
std::string to_text(const Value& value);
std::string to_pretty_json(const Value& value);  // two spaces, for people

// Appends `text` quoted and escaped.
void write_json_string(std::string_view text, std::string& out);

// Java's Double.toString: what the service prints for a number that is not an integer.
std::string java_double(double value);

// Sizes of the compact texts of some values, known to somebody: they need not be counted.
class KnownSizes {
 public:
  virtual ~KnownSizes() = default;
  // 0: not known. Asked of strings, arrays and objects.
  virtual std::size_t size_of(const Value& value) const = 0;
};

// The bytes of the compact text of `value`; nothing: more than `limit`, where it stops counting.
std::optional<std::size_t> size_within(const Value& value, std::size_t limit,
                                       const KnownSizes* known = nullptr);
bool exceeds_bytes(const Value& value, std::size_t limit, const KnownSizes* known = nullptr);

}  // namespace pawl::asl
