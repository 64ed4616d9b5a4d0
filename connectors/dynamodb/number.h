// Numbers of DynamoDB: decimal, up to 38 significant digits, magnitudes from 1E-130 to 9.99..E+125.
// Exact: what goes in as 0.1 adds up to 0.3. Pure.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace pawl::connectors::dynamodb {

class Number {
 public:
  Number() = default;  // 0
  // kInvalid with DynamoDB's message: no number, more than 38 digits, out of range.
  static Result<Number> parse(std::string_view text);

  // As DynamoDB answers it: no exponent, no zeros that mean nothing.
  std::string text() const;
  // Bytes that sort as the numbers do.
  std::string sort_key() const;

  // kInvalid when the result does not fit.
  static Result<Number> add(const Number& a, const Number& b);
  Number negated() const;
  // Below, at, above zero as a is smaller than, equal to, larger than b.
  static int compare(const Number& a, const Number& b);

 private:
  // 0.DIGITS * 10^exponent; the first and the last digit are not '0'. Zero has no digits.
  bool negative_ = false;
  std::string digits_;
  int exponent_ = 0;

  static int compare_magnitudes(const Number& a, const Number& b);
  static Result<Number> normalized(bool negative, std::string digits, int exponent);
};

}  // namespace pawl::connectors::dynamodb
