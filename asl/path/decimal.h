// Decimal: an exact decimal number, as java.math.BigDecimal holds it: the numbers that filters
// compare. A filter's `1.10`, the string "1.1" and the number 1.1 meet in this type.
#pragma once

#include "asl/json/value.h"

#include <optional>
#include <string>
#include <string_view>

namespace pawl::asl::jsonpath {

class Decimal {
 public:
  // Optional sign, digits with an optional point, optional exponent; nothing else. Empty for any
  // other text (Java's NumberFormatException).
  static std::optional<Decimal> parse(std::string_view text);
  static Decimal of(const Value& number);

  // Numerically: 1.10 equals 1.1. Negative, zero or positive.
  int compare(const Decimal& other) const;
  // BigDecimal.toString: keeps trailing zeros; an exponent where Java writes one.
  std::string to_string() const;

 private:
  std::string digits_ = "0";  // of the unscaled value, no leading zeros
  bool negative_ = false;
  long scale_ = 0;  // value = digits * 10^-scale
};

}  // namespace pawl::asl::jsonpath
