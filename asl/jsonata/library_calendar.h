// The calendar of JSONata's dates: proleptic Gregorian, in doubles as ECMAScript counts them, so
// that NaN goes through; and the components that a picture can show. Internal to the library.
#pragma once

#include <limits>
#include <optional>

namespace pawl::asl::jsonata::dates {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kMillisADay = 86'400'000.0;

// Days from 1970-01-01 to the first of `month` (from 0) in `year`.
double day_of_month(double year, double month);

// Date.UTC, which reads the years 0 to 99 as 1900 to 1999; NaN beyond ECMAScript's time range.
double date_utc(double year, double month, double day = 1, double hour = 0, double minute = 0,
                double second = 0, double millis = 0);

struct Moment {
  double millis, year, month, day, weekday;  // month from 0, weekday 1 to 7 from Monday
  double hour, minute, second, fraction;
};

// Beyond the time range all is NaN.
Moment moment_of(double millis);

// The component as a number; P is 0 or 1; empty for a letter that has none.
std::optional<double> component_of(const Moment& moment, char16_t component);

}  // namespace pawl::asl::jsonata::dates
