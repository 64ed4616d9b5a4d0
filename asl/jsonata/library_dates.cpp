#include "asl/jsonata/library_pictures.h"
#include "asl/jsonata/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace pawl::asl::jsonata {

namespace {

using pictures::IntegerFormat;
using pictures::LetterCase;
using pictures::Primary;
using Text = std::u16string;
using View = std::u16string_view;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kMillisADay = 86'400'000.0;
constexpr double kMaxMillis = 8.64e15;  // ECMAScript's time range

// Bounds of $toMillis: matching takes parts * length^2 at worst.
constexpr std::size_t kMaxParts = 256;
constexpr std::size_t kMaxTimestampUnits = 1'000;

constexpr std::array<const char16_t*, 7> kDays = {u"Monday", u"Tuesday",  u"Wednesday", u"Thursday",
                                                  u"Friday", u"Saturday", u"Sunday"};
constexpr std::array<const char16_t*, 12> kMonths = {
    u"January", u"February", u"March",     u"April",   u"May",      u"June",
    u"July",    u"August",   u"September", u"October", u"November", u"December"};

// ---- The calendar: proleptic Gregorian, in doubles as ECMAScript counts; NaN goes through ----

// Days from 1970-01-01 to the first of `month` (from 0) in `year`.
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

// Date.UTC, which reads the years 0 to 99 as 1900 to 1999.
double date_utc(double year, double month, double day = 1, double hour = 0, double minute = 0,
                double second = 0, double millis = 0) {
  if (year >= 0 && year <= 99) year += 1900;
  const double time = (day_of_month(year, month) + day - 1) * kMillisADay + hour * 3'600'000 +
                      minute * 60'000 + second * 1'000 + millis;
  return std::abs(time) <= kMaxMillis ? time : kNaN;
}

struct Moment {
  double millis, year, month, day, weekday;  // month from 0, weekday 1 to 7 from Monday
  double hour, minute, second, fraction;
};

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

// The component as a number; P is 0 or 1; empty for a letter that has none.
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

// ---- Pictures: literals and markers, F&O 9.8.4.1 ----

struct Part {
  Text literal;  // of a part without component
  char16_t component = 0;
  std::optional<LetterCase> names;
  std::optional<int> width_max;
  char16_t modifier = 0;  // the second presentation modifier: a, t, c or o
  std::optional<IntegerFormat> integer;
  int digits = -1;                 // of a year (2.0.6: also month and day), -1 as many as there are
  std::optional<int> parse_width;  // digits to read, where the next part is a number too
};

View default_presentation(char16_t component) {
  switch (component) {
    case u'F':
    case u'P':
    case u'C':
    case u'E':
      return u"n";
    case u'm':
    case u's':
      return u"01";
    case u'Z':
    case u'z':
      return u"01:01";
    default:
      return View(u"YMDdWwXxHhf").find(component) == View::npos ? View() : View(u"1");
  }
}

bool is_number_component(char16_t component) {
  return View(u"YMDdFWwXxHhmsf").find(component) != View::npos;
}

// "*" and what is no number give no width.
std::optional<int> width_of(View text) {
  const double width = pictures::parse_int_prefix(text);
  if (std::isnan(width)) return std::nullopt;
  return static_cast<int>(std::clamp(width, -1.0, static_cast<double>(kMaxPictureDigits + 1)));
}

// One marker without its brackets and blanks: "D1o,2-2".
Result<Part> analyse_marker(View marker, Edition edition) {
  Part part;
  if (!marker.empty()) part.component = marker.front();
  View presentation = marker.empty() ? View() : marker.substr(1);
  std::optional<int> width_min;
  if (const std::size_t comma = marker.rfind(u','); comma != View::npos) {
    const View width = marker.substr(comma + 1);
    const std::size_t dash = width.find(u'-');
    width_min = width_of(width.substr(0, dash));
    if (dash != View::npos) part.width_max = width_of(width.substr(dash + 1));
    presentation = comma > 1 ? marker.substr(1, comma - 1) : View();
  }
  if (presentation.size() > 1 && View(u"atco").find(presentation.back()) != View::npos) {
    part.modifier = presentation.back();
    presentation.remove_suffix(1);
  }
  if (presentation.empty()) presentation = default_presentation(part.component);
  if (presentation.empty()) {
    return language_error("D3132", "Unknown component specifier \"" + utf8_of(marker.substr(0, 1)) +
                                       "\" in date/time picture string");
  }
  if (presentation.front() == u'n') {
    part.names = LetterCase::kLower;
  } else if (presentation.front() == u'N') {
    part.names = presentation.substr(1, 1) == u"n" ? LetterCase::kTitle : LetterCase::kUpper;
  } else if (is_number_component(part.component)) {
    Text pattern(presentation);
    if (part.modifier != 0) pattern += {u';', part.modifier};
    Result<IntegerFormat> format = pictures::analyse_integer_picture(pattern);
    if (!format) return format.error();
    if (width_min && format->mandatory_digits && *format->mandatory_digits < *width_min) {
      format->mandatory_digits = width_min;
    }
    const bool fixed =
        part.component == u'Y' ||
        (edition == Edition::kAws206 && (part.component == u'M' || part.component == u'D'));
    if (fixed && part.width_max) {
      part.digits = *part.width_max;
      format->mandatory_digits = part.width_max;
    } else if (fixed && format->mandatory_digits) {
      const int digits = *format->mandatory_digits + format->optional_digits;
      if (digits >= 2) part.digits = digits;
    }
    part.integer = *std::move(format);
  }
  if (part.component == u'Z' || part.component == u'z') {
    Result<IntegerFormat> format = pictures::analyse_integer_picture(presentation);
    if (!format) return format.error();
    part.integer = *std::move(format);
  }
  return part;
}

Result<std::vector<Part>> analyse_picture(View picture, Edition edition) {
  std::vector<Part> parts;
  const auto add_literal = [&parts, picture](std::size_t start, std::size_t end) {
    if (end <= start) return;
    Part part;
    for (std::size_t i = start; i < end; ++i) {
      part.literal.push_back(picture[i]);
      if (picture[i] == u']' && i + 1 < end && picture[i + 1] == u']') ++i;
    }
    parts.push_back(std::move(part));
  };
  std::size_t start = 0;
  std::size_t at = 0;
  for (; at < picture.size(); ++at) {
    if (picture[at] != u'[') continue;
    add_literal(start, at);
    if (at + 1 < picture.size() && picture[at + 1] == u'[') {
      parts.push_back({});
      parts.back().literal = u"[";
      start = ++at + 1;
      continue;
    }
    const std::size_t end = picture.find(u']', at);
    if (end == View::npos) {
      return language_error("D3135", "No matching closing bracket ']' in date/time picture string");
    }
    Text marker(picture.substr(at + 1, end - at - 1));
    std::erase_if(marker, pictures::is_white_space);
    Result<Part> part = analyse_marker(marker, edition);
    if (!part) return part.error();
    if (is_number_component(part->component) && part->integer && !parts.empty() &&
        parts.back().integer) {
      parts.back().parse_width = parts.back().integer->mandatory_digits;
    }
    parts.push_back(*std::move(part));
    at = end;
    start = end + 1;
  }
  add_literal(start, at);
  return parts;
}

// ---- Formatting ----

struct Offset {
  double hours = 0;
  double minutes = 0;
  double total() const { return hours * 100 + minutes; }
};

Error no_name(char16_t component) {
  return language_error("D3133",
                        "The 'name' modifier can only be applied to months and days in the "
                        "date/time picture string, not " +
                            utf8_of(View(&component, 1)));
}

Text in_case(View ascii, LetterCase letter_case) {
  const std::string text = utf8_of(ascii);
  if (letter_case == LetterCase::kUpper) return utf16_of(upper_case(text));
  if (letter_case == LetterCase::kLower) return utf16_of(lower_case(text));
  return Text(ascii);
}

Result<Text> format_name(const Part& part, double value) {
  const bool month = part.component == u'M' || part.component == u'x';
  if ((!month && part.component != u'F') || std::isnan(value)) return no_name(part.component);
  const auto index = static_cast<std::size_t>(value) - 1;
  Text name = in_case(month ? kMonths.at(index) : kDays.at(index), *part.names);
  if (part.width_max && *part.width_max >= 0 &&
      name.size() > static_cast<std::size_t>(*part.width_max)) {
    name.resize(static_cast<std::size_t>(*part.width_max));
  }
  return name;
}

// F&O 9.8.4.6.
Result<Text> format_zone(const Part& part, const Offset& offset) {
  const IntegerFormat& format = *part.integer;
  const double total = offset.total();
  const int digits = format.mandatory_digits.value_or(0);
  Result<Text> text = Text();
  if (format.regular || digits == 3 || digits == 4) {
    text = pictures::format_by(total, format);
  } else if (digits == 1 || digits == 2) {
    text = pictures::format_by(offset.hours, format);
    if (text && offset.minutes != 0) {
      Result<std::string> minutes = format_integer(offset.minutes, "00");
      if (!minutes) return minutes.error();
      *text += u":" + utf16_of(*minutes);
    }
  } else {
    return language_error("D3134",
                          "The timezone integer format specifier cannot have more than four "
                          "digits");
  }
  if (!text) return text;
  Text out = *std::move(text);
  if (total >= 0) out.insert(0, u"+");
  if (part.component == u'z') out.insert(0, u"GMT");
  if (total == 0 && part.modifier == u't') out = u"Z";
  return out;
}

Result<Text> format_part(const Part& part, const Moment& moment, const Offset& offset) {
  if (part.component == 0) return part.literal;
  std::optional<double> value = component_of(moment, part.component);
  switch (part.component) {
    case u'Z':
    case u'z':
      return format_zone(part, offset);
    case u'P': {
      const bool upper = part.names == LetterCase::kUpper;
      return Text(*value == 1 ? (upper ? u"PM" : u"pm") : (upper ? u"AM" : u"am"));
    }
    case u'C':
    case u'E':
      return Text(u"ISO");
    default:
      break;
  }
  if (!value) return Text(u"undefined");  // so the reference writes a letter that it does not know
  if (part.component == u'Y' && part.digits != -1) {
    value = std::fmod(*value, std::pow(10, part.digits));
  }
  if (part.names) return format_name(part, *value);
  return pictures::format_by(*value, *part.integer);
}

// ---- Matching: the reference builds a regular expression of the parts; these are its choices,
// tried in its order, with every failed place remembered, so that no picture takes exponential
// time. ----

char16_t folded(char16_t unit) {
  if (unit < 0x80) return unit >= u'a' && unit <= u'z' ? static_cast<char16_t>(unit - 32) : unit;
  const Text upper = utf16_of(upper_case(utf8_of(View(&unit, 1))));
  return upper.size() == 1 && upper.front() >= 0x80 ? upper.front() : unit;
}

bool same_at(View text, std::size_t at, View wanted) {
  if (at > text.size() || text.size() - at < wanted.size()) return false;
  return std::equal(wanted.begin(), wanted.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char16_t a, char16_t b) { return a == b || folded(a) == folded(b); });
}

bool is_ascii_digit(char16_t unit) { return unit >= u'0' && unit <= u'9'; }
bool is_ascii_letter(char16_t unit) {
  return (unit >= u'a' && unit <= u'z') || (unit >= u'A' && unit <= u'Z');
}
bool is_roman_digit(char16_t unit) { return View(u"MDCLXVImdclxvi").find(unit) != View::npos; }

using Ends = std::vector<std::size_t>;

// Ends of the runs of `min` to `max` units of a class, the longest first.
template <typename Class>
Ends run_ends(View text, std::size_t at, Class in_class, std::size_t min = 1,
              std::size_t max = View::npos) {
  std::size_t count = 0;
  while (count < max && at + count < text.size() && in_class(text[at + count])) ++count;
  Ends out;
  for (; count >= min; --count) {
    out.push_back(at + count);
    if (count == 0) break;
  }
  return out;
}

// In the newest edition a fraction is digits, whatever its presentation.
bool is_plain_fraction(const Part& part, Edition edition) {
  return part.component == u'f' && edition == Edition::kNewest;
}

Ends number_ends(const Part& part, View text, std::size_t at, Edition edition) {
  std::size_t min = 1;
  std::size_t max = View::npos;
  if (edition == Edition::kAws206) {
    if (part.digits > 0) {
      max = static_cast<std::size_t>(part.digits);
      min = static_cast<std::size_t>(std::max(part.digits - part.integer->optional_digits, 0));
    }
  } else if (part.parse_width.value_or(0) > 0) {
    min = max = static_cast<std::size_t>(*part.parse_width);
  }
  Ends ends = run_ends(text, at, is_ascii_digit, min, max);
  if (!part.integer->ordinal || (edition == Edition::kNewest && part.component == u'f'))
    return ends;
  Ends out;
  for (const std::size_t end : ends) {
    for (const View suffix : {u"th", u"st", u"nd", u"rd"}) {
      if (same_at(text, end, suffix)) out.push_back(end + 2);
    }
  }
  return out;
}

// Ends of (?:zero|one|...|and|[-, ])+ in the order in which backtracking tries them: of "sixteen"
// first "six", then the whole, since the shorter word stands first in the expression.
Ends word_ends(View text, std::size_t at) {
  const std::vector<Text>& words = pictures::number_words();
  struct Place {
    std::size_t at;
    std::size_t choice = 0;
  };
  std::vector<bool> reached(text.size() + 1, false);
  std::vector<Place> open = {{at}};
  Ends out;
  while (!open.empty()) {
    Place& place = open.back();
    if (place.choice > words.size() + 1) {
      if (place.at != at) out.push_back(place.at);  // after all that go on from here
      open.pop_back();
      continue;
    }
    const std::size_t choice = place.choice++;
    const std::size_t here = place.at;
    std::size_t end = here;
    if (choice < words.size()) {
      if (same_at(text, here, words[choice])) end += words[choice].size();
    } else if (choice == words.size()) {
      if (same_at(text, here, u"and")) end += 3;
    } else if (here < text.size() && View(u"-, ").find(text[here]) != View::npos) {
      ++end;
    }
    if (end == here || reached[end]) continue;
    reached[end] = true;
    open.push_back({end});
  }
  return out;
}

// The separator between hours and minutes, if the picture has one that repeats.
View zone_separator(const Part& part) {
  return part.integer->regular ? View(part.integer->separators.front().character) : View();
}

Ends zone_ends(const Part& part, View text, std::size_t at) {
  if (part.component == u'z') {
    if (!same_at(text, at, u"GMT")) return {};
    at += 3;
  }
  if (at >= text.size() || (text[at] != u'+' && text[at] != u'-')) return {};
  Ends hours = run_ends(text, at + 1, is_ascii_digit);
  const View separator = zone_separator(part);
  if (separator.empty()) return hours;
  Ends out;
  for (const std::size_t end : hours) {
    if (!same_at(text, end, separator)) continue;
    for (const std::size_t last : run_ends(text, end + separator.size(), is_ascii_digit)) {
      out.push_back(last);
    }
  }
  return out;
}

Ends part_ends(const Part& part, View text, std::size_t at, Edition edition) {
  if (part.component == 0) {
    return same_at(text, at, part.literal) ? Ends{at + part.literal.size()} : Ends{};
  }
  if (part.component == u'Z' || part.component == u'z') return zone_ends(part, text, at);
  if (is_plain_fraction(part, edition)) return run_ends(text, at, is_ascii_digit);
  if (!part.integer) return run_ends(text, at, is_ascii_letter);
  switch (part.integer->primary) {
    case Primary::kLetters:
      return run_ends(text, at, is_ascii_letter);
    case Primary::kRoman:
      return run_ends(text, at, is_roman_digit);
    case Primary::kWords:
      return word_ends(text, at);
    default:
      return number_ends(part, text, at, edition);
  }
}

// The end of each part, or empty if the text does not match. Without recursion.
std::vector<std::size_t> match_parts(const std::vector<Part>& parts, View text, Edition edition) {
  struct Step {
    Ends ends;
    std::size_t next = 0;  // the choice to try
  };
  std::vector<Step> steps;
  std::vector<bool> failed((parts.size() + 1) * (text.size() + 1), false);
  const auto mark = [&](std::size_t part, std::size_t at) { return part * (text.size() + 1) + at; };
  steps.push_back({part_ends(parts.front(), text, 0, edition)});
  while (!steps.empty()) {
    Step& step = steps.back();
    if (step.next == step.ends.size()) {
      steps.pop_back();
      continue;
    }
    const std::size_t end = step.ends[step.next++];
    const std::size_t next_part = steps.size();
    if (next_part == parts.size()) {
      if (end != text.size()) continue;
      std::vector<std::size_t> out;
      out.reserve(steps.size());
      for (const Step& taken : steps) out.push_back(taken.ends[taken.next - 1]);
      return out;
    }
    // A place is entered once: either it leads to the end or it failed.
    if (failed[mark(next_part, end)]) continue;
    failed[mark(next_part, end)] = true;
    steps.push_back({part_ends(parts[next_part], text, end, edition)});
  }
  return {};
}

// ---- Reading ----

double read_zone(const Part& part, View text) {
  if (part.component == u'z') text.remove_prefix(3);
  const View separator = zone_separator(part);
  if (!separator.empty()) {
    const std::size_t at = std::min(text.find(separator), text.size());
    return pictures::parse_int_prefix(text.substr(0, at)) * 60 +
           pictures::parse_int_prefix(text.substr(std::min(at + 1, text.size())));
  }
  if (text.size() <= 3) return pictures::parse_int_prefix(text) * 60;
  // The minutes carry no sign of their own, so "-0530" is -270: as the reference reads it.
  return pictures::parse_int_prefix(text.substr(0, 3)) * 60 +
         pictures::parse_int_prefix(text.substr(3));
}

std::optional<double> read_name(const Part& part, View text) {
  if (part.component == u'P') {
    if (text == u"am" || text == u"AM") return 0;
    if (text == u"pm" || text == u"PM") return 1;
    return std::nullopt;
  }
  const bool day = part.component == u'F';
  const std::size_t count = day ? kDays.size() : kMonths.size();
  const auto width = static_cast<std::size_t>(std::max(part.width_max.value_or(0), 0));
  // Of abbreviations that are equal the last counts.
  for (std::size_t i = count; i-- > 0;) {
    const View name = day ? kDays.at(i) : kMonths.at(i);
    if (text == name.substr(0, width == 0 ? View::npos : width)) return static_cast<double>(i + 1);
  }
  return std::nullopt;
}

Result<std::optional<double>> read_part(const Part& part, View text, Edition edition) {
  if (part.component == u'Z' || part.component == u'z') return std::optional(read_zone(part, text));
  if (is_plain_fraction(part, edition)) {
    const std::string digits = "0." + utf8_of(text.substr(0, 3));
    return std::optional(std::strtod(digits.c_str(), nullptr) * 1000);
  }
  if (!part.integer) return read_name(part, text);
  const Result<double> value = pictures::parse_by(text, *part.integer);
  if (!value) return value.error();
  return std::optional(*value);
}

// What the text gave, by the component's letter.
class Components {
 public:
  void set(char16_t component, std::optional<double> value) {
    any_ = true;
    slot(component) = value;
  }
  bool empty() const { return !any_; }
  std::optional<double> get(char16_t component) const { return values_.at(component & 0x7FU); }
  // JavaScript's truth: given, not zero, not NaN.
  bool is_set(char16_t component) const {
    const std::optional<double> value = get(component);
    return value && *value != 0 && !std::isnan(*value);
  }
  std::optional<double>& slot(char16_t component) { return values_.at(component & 0x7FU); }

  // True if what is set is some of `wanted` and nothing else of `all`.
  bool is_type(View all, View wanted) const {
    bool some = false;
    for (const char16_t component : all) {
      if (!is_set(component)) continue;
      if (wanted.find(component) == View::npos) return false;
      some = true;
    }
    return some;
  }

 private:
  std::array<std::optional<double>, 128> values_{};
  bool any_ = false;
};

Error underspecified() {
  return language_error("D3136",
                        "The date/time picture string is missing specifiers required to "
                        "parse the timestamp");
}

// From components to milliseconds: what is above the first that is given comes from `now`, what is
// below the last is its least; a gap is D3136.
Result<Value> assemble(Components components, double now_millis) {
  constexpr View kDate = u"YXMxWwdD";
  constexpr View kTime = u"PHhmsf";
  const bool date_a = components.is_type(kDate, u"YMD");
  const bool date_b = !date_a && components.is_type(kDate, u"Yd");
  const bool date_c = components.is_type(kDate, u"Xxw");
  const bool date_d = !date_c && components.is_type(kDate, u"XW");
  const bool time_a = components.is_type(kTime, u"Hmsf");
  const bool time_b = !time_a && components.is_type(kTime, u"Phmsf");
  // Dates by weeks are not offered; the gap rule would answer with the same code.
  if (date_c || date_d) return underspecified();

  const Moment now = moment_of(now_millis);
  const Text order = Text(date_b ? u"YD" : u"YMD") + (time_b ? u"Phmsf" : u"Hmsf");
  bool started = false;
  bool ended = false;
  for (const char16_t component : order) {
    std::optional<double>& value = components.slot(component);
    if (value) {
      if (ended) return underspecified();
      started = true;
    } else if (started) {
      value = component == u'M' || component == u'D' ? 1 : 0;
      ended = true;
    } else {
      // The reference takes "am" from the clock, whatever the hour.
      value = component == u'P' ? 0 : component_of(now, component).value_or(kNaN);
    }
  }
  const auto get = [&components](char16_t component) {
    return components.get(component).value_or(kNaN);
  };
  double month = get(u'M') > 0 ? get(u'M') - 1 : 0;
  double day = get(u'D');
  if (date_b) {
    const Moment derived = moment_of(date_utc(get(u'Y'), 0) + (get(u'd') - 1) * kMillisADay);
    month = derived.month;
    day = derived.day;
  }
  double hour = get(u'H');
  if (time_b) {
    hour = get(u'h') == 12 ? 0 : get(u'h');
    if (get(u'P') == 1) hour += 12;
  }
  double millis =
      date_utc(get(u'Y'), month, day, hour, get(u'm'), get(u's'), std::trunc(get(u'f')));
  if (components.is_set(u'Z')) {
    millis -= get(u'Z') * 60'000;
  } else if (components.is_set(u'z')) {
    millis -= get(u'z') * 60'000;
  }
  return number_value(millis);
}

Result<Value> parse_by_picture(View text, View picture, double now_millis, Edition edition) {
  const Result<std::vector<Part>> parts = analyse_picture(picture, edition);
  if (!parts) return parts.error();
  for (const Part& part : *parts) {
    if (part.component == 0 || part.component == u'Z' || part.component == u'z') continue;
    if (is_plain_fraction(part, edition)) continue;
    if (part.integer && part.integer->primary == Primary::kSequence) {
      return pictures::parse_by(u"", *part.integer).error();
    }
    if (!part.integer && View(u"MxFP").find(part.component) == View::npos) {
      return no_name(part.component);
    }
  }
  if (parts->size() > kMaxParts || text.size() > kMaxTimestampUnits) {
    return Error{ErrorCode::kLimit, "the timestamp or its picture is too long", "U1001"};
  }
  if (parts->empty()) return Value();
  const std::vector<std::size_t> ends = match_parts(*parts, text, edition);
  Components components;
  std::size_t start = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const Part& part = (*parts)[i];
    if (part.component != 0) {
      const auto value = read_part(part, text.substr(start, ends[i] - start), edition);
      if (!value) return value.error();
      components.set(part.component, *value);
    }
    start = ends[i];
  }
  if (components.empty()) return Value();
  return assemble(components, now_millis);
}

// ---- ISO 8601 without a picture ----

// Two digits at `at`, the first of them at most `first_max`.
std::optional<double> two_digits(std::string_view text, std::size_t at, char first_max) {
  if (at + 2 > text.size() || text[at] < '0' || text[at] > first_max || text[at + 1] < '0' ||
      text[at + 1] > '9') {
    return std::nullopt;
  }
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

// What the reference's expression admits, then what Date.parse makes of it: NaN for a month 13. A
// day up to 31 runs over into the next month; a time without zone is UTC.
Result<Value> parse_iso(std::string_view text) {
  const Error refused = language_error(
      "D3110",
      "The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given "
      "\"" +
          std::string(text) + "\"");
  const auto year_high = two_digits(text, 0, '9');
  const auto year_low = two_digits(text, 2, '9');
  if (!year_high || !year_low) return refused;
  const double year = *year_high * 100 + *year_low;
  std::size_t at = 4;
  const auto field = [&](char mark, char first_max) -> std::optional<double> {
    if (at >= text.size() || text[at] != mark) return std::nullopt;
    const auto value = two_digits(text, at + 1, first_max);
    if (value) at += 3;
    return value;
  };
  const std::optional<double> month = field('-', '1');
  // Without month a second number is a day to the expression and nothing to Date.parse.
  const std::optional<double> day = field('-', '3');
  const std::size_t date_end = at;
  double hour = 0;
  double minute = 0;
  double second = 0;
  double fraction = 0;
  bool timed = false;
  if (const auto hours = field('T', '2')) {
    const auto minutes = field(':', '5');
    const auto seconds = minutes ? field(':', '5') : std::nullopt;
    if (!seconds) return refused;
    hour = *hours;
    minute = *minutes;
    second = *seconds;
    timed = true;
  }
  bool valid = (date_end == 4 || month) && (!month || (*month >= 1 && *month <= 12)) &&
               (!day || (*day >= 1 && *day <= 31));
  if (at < text.size() && text[at] == '.') {
    std::size_t end = at + 1;
    double unit = 100;
    for (; end < text.size() && text[end] >= '0' && text[end] <= '9'; ++end, unit /= 10) {
      if (unit >= 1) fraction += (text[end] - '0') * unit;
    }
    if (end == at + 1) return refused;
    at = end;
    valid = valid && timed;
  }
  double zone = 0;
  if (at < text.size() && text[at] == 'Z') {
    ++at;
  } else if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const double sign = text[at] == '-' ? -1 : 1;
    const auto hours = two_digits(text, at + 1, '2');
    at += 3;
    if (at < text.size() && text[at] == ':') ++at;
    const auto minutes = two_digits(text, at, '5');
    at += 2;
    if (!hours || !minutes) return refused;
    zone = sign * (*hours * 60 + *minutes);
    valid = valid && timed && *hours <= 23;
  }
  if (at != text.size()) {
    // "2018-05:30" is a zone to the expression and no date to Date.parse.
    const bool zone_of_date = !timed && at > 4 && text[at] == ':' && at + 3 == text.size() &&
                              text[at - 2] <= '2' && two_digits(text, at + 1, '5').has_value();
    if (!zone_of_date) return refused;
    valid = false;
  }
  valid = valid && (hour < 24 || (hour == 24 && minute == 0 && second == 0 && fraction == 0));
  if (!valid) return Value::number(kNaN);
  // Not date_utc: in ISO 8601 the year 0050 is itself.
  return number_value((day_of_month(year, month.value_or(1) - 1) + day.value_or(1) - 1) *
                          kMillisADay +
                      hour * 3'600'000 + (minute - zone) * 60'000 + second * 1'000 + fraction);
}

// The time without picture, which is what almost every call wants.
std::string iso_text(const Moment& moment) {
  std::string out;
  const auto digits = [&out](double value, std::size_t width) {
    const std::string text = number_to_string(value);
    if (text.size() < width) out.append(width - text.size(), '0');
    out += text;
  };
  digits(moment.year, 4);
  out += '-';
  digits(moment.month + 1, 2);
  out += '-';
  digits(moment.day, 2);
  out += 'T';
  digits(moment.hour, 2);
  out += ':';
  digits(moment.minute, 2);
  out += ':';
  digits(moment.second, 2);
  out += '.';
  digits(moment.fraction, 3);
  return out + "Z";
}

}  // namespace

Result<std::string> from_millis(double millis, std::optional<std::string_view> picture,
                                std::optional<std::string_view> timezone, Edition edition) {
  Offset offset;
  if (timezone) {
    const double number = pictures::parse_int_prefix(utf16_of(*timezone));
    offset.hours = std::floor(number / 100);
    offset.minutes = std::fmod(number, 100);
  }
  const Moment moment = moment_of(millis + (60 * offset.hours + offset.minutes) * 60'000);
  if (!picture && offset.total() == 0 && moment.year >= 0 && moment.year <= 9999) {
    return iso_text(moment);
  }
  const Text text =
      picture ? utf16_of(*picture) : Text(u"[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]");
  const Result<std::vector<Part>> parts = analyse_picture(text, edition);
  if (!parts) return parts.error();
  Text out;
  for (const Part& part : *parts) {
    if (is_number_component(part.component) && !part.names && !part.integer)
      return no_name(part.component);
    const bool name_of_fraction = part.component == u'f' && part.names;
    if (name_of_fraction) return no_name(part.component);
    const Result<Text> formatted = format_part(part, moment, offset);
    if (!formatted) return formatted.error();
    out += *formatted;
    if (out.size() > 1000 * static_cast<std::size_t>(kMaxPictureDigits)) {
      return Error{ErrorCode::kLimit, "the formatted time is larger than a value may be", "U1001"};
    }
  }
  return utf8_of(out);
}

Result<Value> to_millis(std::string_view text, std::optional<std::string_view> picture,
                        double now_millis, Edition edition) {
  if (!picture) return parse_iso(text);
  return parse_by_picture(utf16_of(text), utf16_of(*picture), now_millis, edition);
}

}  // namespace pawl::asl::jsonata
