#include "asl/jsonata/library_calendar.h"

#include <cmath>

namespace pawl::asl::jsonata::dates {

namespace {

constexpr double kMaxMillis = 8.64e15;  // ECMAScript's time range

}  // namespace

double day_of_month(double year, double month) {
  year += std::floor(month / 12);
  month -= std::floor(month / 12) * 12;
  // A year from March, so that the leap day is its last.
  const double y = month < 2 ? year - 1 : year;
  const double m = month < 2 ? month + 10 : month - 2;
  const double era = std::floor(y / 400);
  const double of_era = y - era * 400;
  const double of_year = std::floor((153 * m + 2) / 5);
  return era * 146097 + of_era * 365 + std::floor(of_era / 4) - std::floor(of_era / 100) + of_year -
         719468;
}

double date_utc(double year, double month, double day, double hour, double minute, double second,
                double millis) {
  if (year >= 0 && year <= 99) year += 1900;
  const double time = (day_of_month(year, month) + day - 1) * kMillisADay + hour * 3'600'000 +
                      minute * 60'000 + second * 1'000 + millis;
  return std::abs(time) <= kMaxMillis ? time : kNaN;
}

Moment moment_of(double millis) {
  Moment out{};
  if (!(std::abs(millis) <= kMaxMillis)) millis = kNaN;
  out.millis = millis = std::trunc(millis);
  const double days = std::floor(millis / kMillisADay);
  const double rest = millis - days * kMillisADay;
  out.hour = std::floor(rest / 3'600'000);
  out.minute = std::fmod(std::floor(rest / 60'000), 60);
  out.second = std::fmod(std::floor(rest / 1'000), 60);
  out.fraction = std::fmod(rest, 1'000);
  const double weekday = std::fmod(days + 3, 7);  // 1970-01-01 was a Thursday
  out.weekday = (weekday < 0 ? weekday + 7 : weekday) + 1;
  // Howard Hinnant's civil_from_days.
  const double z = days + 719468;
  const double era = std::floor(z / 146097);
  const double of_era = z - era * 146097;
  const double year_of_era = std::floor((of_era - std::floor(of_era / 1460) +
                                         std::floor(of_era / 36524) - std::floor(of_era / 146096)) /
                                        365);
  const double of_year =
      of_era - (365 * year_of_era + std::floor(year_of_era / 4) - std::floor(year_of_era / 100));
  const double m = std::floor((5 * of_year + 2) / 153);
  out.day = of_year - std::floor((153 * m + 2) / 5) + 1;
  out.month = m < 10 ? m + 2 : m - 10;
  out.year = year_of_era + era * 400 + (out.month < 2 ? 1 : 0);
  if (std::isnan(millis)) out.year = out.month = kNaN;
  return out;
}

namespace {

// Monday of the first week, which is the week with the first Thursday, of a year or a month.
double start_of_first_week(double year, double month) {
  const double first = date_utc(year, month);
  const double weekday = moment_of(first).weekday;
  return weekday > 4 ? first + (8 - weekday) * kMillisADay : first - (weekday - 1) * kMillisADay;
}

struct YearMonth {
  double year, month;
  YearMonth next() const {
    return month == 11 ? YearMonth{year + 1, 0} : YearMonth{year, month + 1};
  }
  YearMonth previous() const {
    return month == 0 ? YearMonth{year - 1, 11} : YearMonth{year, month - 1};
  }
  double first_week() const { return start_of_first_week(year, month); }
};

double weeks_between(double start, double end) { return (end - start) / (kMillisADay * 7) + 1; }

// The week of `today` in a period that begins with week 1 at `current` and has at least `size`.
double week_in(double today, double current, double next, double previous, double size) {
  double week = weeks_between(current, today);
  if (week > size) {
    if (today >= next) week = 1;
  } else if (week < 1) {
    week = weeks_between(previous, today);
  }
  return std::floor(week);
}

}  // namespace

std::optional<double> component_of(const Moment& moment, char16_t component) {
  const YearMonth month{moment.year, moment.month};
  const auto today = [&moment]() { return date_utc(moment.year, moment.month, moment.day); };
  switch (component) {
    case u'Y':
      return moment.year;
    case u'M':
      return moment.month + 1;
    case u'D':
      return moment.day;
    case u'd':
      return (today() - date_utc(moment.year, 0)) / kMillisADay + 1;
    case u'F':
      return moment.weekday;
    case u'W':
      return week_in(today(), start_of_first_week(moment.year, 0),
                     start_of_first_week(moment.year + 1, 0),
                     start_of_first_week(moment.year - 1, 0), 52);
    case u'w':
      return week_in(today(), month.first_week(), month.next().first_week(),
                     month.previous().first_week(), 4);
    case u'X':
      if (moment.millis < start_of_first_week(moment.year, 0)) return moment.year - 1;
      if (moment.millis >= start_of_first_week(moment.year + 1, 0)) return moment.year + 1;
      return moment.year;
    case u'x':
      if (moment.millis < month.first_week()) return month.previous().month + 1;
      if (moment.millis >= month.next().first_week()) return month.next().month + 1;
      return moment.month + 1;
    case u'H':
      return moment.hour;
    case u'h':
      return moment.hour == 0 || moment.hour == 12 ? 12 : std::fmod(moment.hour, 12);
    case u'P':
      return moment.hour >= 12 ? 1 : 0;
    case u'm':
      return moment.minute;
    case u's':
      return moment.second;
    case u'f':
      return moment.fraction;
    default:
      return std::nullopt;
  }
}

}  // namespace pawl::asl::jsonata::dates
