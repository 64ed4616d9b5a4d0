// $toMillis.

#include "asl/jsonata/library_calendar.h"
#include "asl/jsonata/library_date_pictures.h"
#include "asl/jsonata/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace pawl::asl::jsonata {

namespace {

using dates::analyse_picture;
using dates::component_of;
using dates::date_utc;
using dates::day_of_month;
using dates::kDays;
using dates::kMillisADay;
using dates::kMonths;
using dates::kNaN;
using dates::Moment;
using dates::moment_of;
using dates::no_name;
using dates::Part;
using pictures::Primary;
using Text = std::u16string;
using View = std::u16string_view;

// Bounds of $toMillis: matching takes parts * length^2 at worst.
constexpr std::size_t kMaxParts = 256;
constexpr std::size_t kMaxTimestampUnits = 1'000;

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

}  // namespace

Result<Value> to_millis(std::string_view text, std::optional<std::string_view> picture,
                        double now_millis, Edition edition) {
  if (!picture) return parse_iso(text);
  return parse_by_picture(utf16_of(text), utf16_of(*picture), now_millis, edition);
}

}  // namespace pawl::asl::jsonata
