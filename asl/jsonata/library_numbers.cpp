#include "asl/jsonata/library.h"
#include "asl/jsonata/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <vector>

namespace pawl::asl::jsonata {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kMaxExact = 9007199254740992.0;  // 2^53

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

// -?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?
bool is_decimal(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  std::size_t end = skip_digits(text, at);
  if (end == at) return false;
  at = end;
  if (at < text.size() && text[at] == '.') {
    end = skip_digits(text, at + 1);
    if (end == at + 1) return false;
    at = end;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    end = skip_digits(text, at);
    if (end == at) return false;
    at = end;
  }
  return at == text.size();
}

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 36;
}

// 0x, 0o or 0b and digits of that base; NaN otherwise. Correctly rounded, as JavaScript's Number.
double prefixed_number(std::string_view text) {
  if (text.size() < 3 || text[0] != '0') return kNaN;
  const char mark = static_cast<char>(text[1] | 0x20);
  const int bits = mark == 'x' ? 4 : mark == 'o' ? 3 : mark == 'b' ? 1 : 0;
  if (bits == 0) return kNaN;
  std::string hexadecimal;  // bits, so that strtod rounds once
  std::string binary;
  for (const char c : text.substr(2)) {
    const int digit = digit_value(c);
    if (digit >= (1 << bits)) return kNaN;
    for (int bit = bits - 1; bit >= 0; --bit) binary.push_back((digit >> bit) & 1 ? '1' : '0');
  }
  binary.insert(0, (4 - binary.size() % 4) % 4, '0');
  for (std::size_t i = 0; i < binary.size(); i += 4) {
    const int nibble = (binary[i] - '0') * 8 + (binary[i + 1] - '0') * 4 +
                       (binary[i + 2] - '0') * 2 + (binary[i + 3] - '0');
    hexadecimal.push_back("0123456789abcdef"[nibble]);
  }
  return std::strtod(("0x" + hexadecimal).c_str(), nullptr);
}

// The reference's test for such text lacks parentheses: it accepts a "0x" form with anything after
// it, "0o" anywhere, and a "0b" form with anything before it. What Number then refuses is NaN.
bool looks_prefixed(std::string_view text) {
  const auto form_at = [text](std::size_t at, char mark, int base) {
    return at + 2 < text.size() && text[at] == '0' && (text[at + 1] | 0x20) == mark &&
           digit_value(text[at + 2]) < base;
  };
  if (form_at(0, 'x', 16)) return true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (form_at(i, 'o', 8)) return true;
    if (form_at(i, 'b', 2) && text.find_first_not_of("01", i + 2) == std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// `text` without JavaScript's ASCII blanks on both sides.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  const std::size_t start = text.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlanks) - start + 1);
}

// `value` times 10^shift, without an error of rounding on the way: the exponent is added in the
// text, as the reference does.
double shifted(double value, int shift) {
  if (!std::isfinite(value)) return kNaN;
  const std::string text = number_to_string(value);
  const std::size_t mark = text.find('e');
  const int exponent = mark == std::string::npos ? 0 : std::atoi(text.c_str() + mark + 1);
  return std::strtod((text.substr(0, mark) + "e" + std::to_string(exponent + shift)).c_str(),
                     nullptr);
}

}  // namespace

Error language_error(std::string_view code, std::string message) {
  return Error{ErrorCode::kEvaluation, std::move(message), std::string(code)};
}

std::string number_to_string(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (value == 0) return "0";
  std::array<char, 40> buffer;
  if (value == std::trunc(value) && std::abs(value) < kMaxExact) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                   static_cast<std::int64_t>(value));
    return {buffer.data(), end.ptr};
  }
  // d.ddde[+-]xx: the shortest digits, and the exponent of the first.
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                 std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  const std::size_t mark = text.find('e');
  std::string digits(text.substr(0, mark));
  if (digits.size() > 1) digits.erase(1, 1);
  const int exponent = std::atoi(std::string(text.substr(mark + 1)).c_str());
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // digits before the decimal point
  std::string out = value < 0 ? "-" : "";
  if (count <= point && point <= 21) {
    out += digits + std::string(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out += digits.substr(0, static_cast<std::size_t>(point)) + "." +
           digits.substr(static_cast<std::size_t>(point));
  } else if (-6 < point && point <= 0) {
    out += "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  } else {
    out += digits.substr(0, 1);
    if (count > 1) out += "." + digits.substr(1);
    out += exponent < 0 ? "e-" : "e+";
    out += std::to_string(std::abs(exponent));
  }
  return out;
}

double round_to_15_digits(double value) {
  if (!std::isfinite(value)) return value;
  if (value == std::trunc(value) && std::abs(value) < 1e15) return value;
  std::array<char, 64> buffer;
  // Both round the exact binary value, and no tie of 15 digits is representable below 2^53 * 10
  // except with a 5 as last digit, where JavaScript takes the larger and C the even one.
  std::snprintf(buffer.data(), buffer.size(), "%.14e", value);
  double rounded = std::strtod(buffer.data(), nullptr);
  std::array<char, 64> exact;
  std::snprintf(exact.data(), exact.size(), "%.40e", value);
  // "d." and 14 digits are kept: a tie is a 5 and zeros after them.
  const std::string_view tail = std::string_view(exact.data()).substr(value < 0 ? 17 : 16);
  const std::string_view dropped = tail.substr(0, tail.find('e'));
  if (dropped.front() == '5' && dropped.find_first_not_of('0', 1) == std::string_view::npos &&
      std::abs(rounded) < std::abs(value)) {
    std::snprintf(buffer.data(), buffer.size(), "%.14e",
                  std::nextafter(value, value < 0 ? -HUGE_VAL : HUGE_VAL));
    rounded = std::strtod(buffer.data(), nullptr);
  }
  return rounded;
}

std::string rounded_number_to_string(double value) {
  return number_to_string(round_to_15_digits(value));
}

Value number_value(double value) {
  if (std::abs(value) <= kMaxExact && value == std::trunc(value)) {
    return Value::integer(static_cast<std::int64_t>(value));
  }
  return Value::number(value);
}

Result<Value> to_number(const Value& value) {
  if (value.is_undefined() || value.is_number()) return value;
  if (value.is_bool()) return Value::integer(value.as_bool() ? 1 : 0);
  if (value.is_string()) {
    const std::string_view text = value.as_string();
    if (is_decimal(text)) {
      std::int64_t integer = 0;
      const auto end = std::from_chars(text.data(), text.data() + text.size(), integer);
      if (end.ec == std::errc() && end.ptr == text.data() + text.size()) {
        return Value::integer(integer);
      }
      const double number = std::strtod(std::string(text).c_str(), nullptr);
      if (std::isfinite(number)) return number_value(number);
    } else if (looks_prefixed(text)) {
      return number_value(prefixed_number(trimmed(text)));
    }
  }
  return language_error("D3030",
                        "Unable to cast value to a number: " +
                            (value.is_string() ? "\"" + std::string(value.as_string()) + "\""
                                               : std::string(kind_name(value.kind()))));
}

double round_half_even(double value, int precision) {
  double scaled = precision == 0 ? value : shifted(value, precision);
  double rounded = std::floor(scaled);
  if (scaled - rounded >= 0.5) rounded += 1;  // Math.round: a half goes up
  if (std::abs(rounded - scaled) == 0.5 && std::abs(std::fmod(rounded, 2)) == 1) rounded -= 1;
  if (precision != 0) rounded = shifted(rounded, -precision);
  return rounded == 0 ? 0 : rounded;  // never -0
}

Result<std::string> format_base(double value, double radix) {
  value = round_half_even(value, 0);
  radix = round_half_even(radix, 0);
  if (!(radix >= 2 && radix <= 36)) {
    return language_error("D3100",
                          "The radix of the formatBase function must be between 2 and 36. "
                          "It was given " +
                              number_to_string(radix));
  }
  if (radix == 10 || !std::isfinite(value) || value == 0) return number_to_string(value);
  // As V8: the digits that a double does not hold are zeros.
  std::string digits;
  double rest = std::abs(value);
  for (; rest / radix >= kMaxExact; rest /= radix) digits.push_back('0');
  do {
    const double digit = std::fmod(rest, radix);
    digits.push_back("0123456789abcdefghijklmnopqrstuvwxyz"[static_cast<int>(digit)]);
    rest = (rest - digit) / radix;
  } while (rest > 0);
  if (value < 0) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// ---- $formatNumber: fn:format-number of XPath Functions 3.1, 4.7, step by step as the reference
// takes them. Pictures and properties are UTF-16, as it counts. ----

namespace {

using Text = std::u16string;
using View = std::u16string_view;
constexpr std::size_t kNone = View::npos;

struct Properties {
  Text decimal_separator = u".";
  Text grouping_separator = u",";
  Text exponent_separator = u"e";
  Text minus_sign = u"-";
  Text percent = u"%";
  Text per_mille = u"\u2030";
  Text zero_digit = u"0";
  Text digit = u"#";
  Text pattern_separator = u";";

  bool is_family(char16_t unit) const {
    return unit >= zero_digit.front() && unit <= zero_digit.front() + 9;
  }
  bool is_digit_sign(char16_t unit) const { return is_family(unit) || is(unit, digit); }
  bool is_active(char16_t unit) const {
    return is_digit_sign(unit) || is(unit, decimal_separator) || is(unit, exponent_separator) ||
           is(unit, grouping_separator) || is(unit, pattern_separator);
  }
  static bool is(char16_t unit, const Text& property) {
    return property.size() == 1 && property.front() == unit;
  }
};

Result<Properties> read_properties(const Value& options) {
  Properties out;
  struct Entry {
    std::string_view name;
    Text* property;
    bool may_be_empty;
  };
  const std::array<Entry, 9> entries = {{{"decimal-separator", &out.decimal_separator, false},
                                         {"grouping-separator", &out.grouping_separator, false},
                                         {"exponent-separator", &out.exponent_separator, false},
                                         {"minus-sign", &out.minus_sign, true},
                                         {"percent", &out.percent, true},
                                         {"per-mille", &out.per_mille, true},
                                         {"zero-digit", &out.zero_digit, false},
                                         {"digit", &out.digit, false},
                                         {"pattern-separator", &out.pattern_separator, false}}};
  for (const Entry& entry : entries) {
    const Value* value = options.find(entry.name);
    if (value == nullptr) continue;
    if (!value->is_string() || (value->as_string().empty() && !entry.may_be_empty)) {
      return language_error(
          "", "The option '" + std::string(entry.name) + "' of formatNumber must be a character");
    }
    *entry.property = utf16_of(value->as_string());
  }
  return out;
}

struct Parts {
  View prefix, suffix, active, mantissa, integer, fraction, picture;
  std::optional<View> exponent;
};

Parts split_parts(View picture, const Properties& properties) {
  const auto bounds_number = [&properties](char16_t unit) {
    return properties.is_active(unit) && !Properties::is(unit, properties.exponent_separator);
  };
  Parts out;
  out.picture = picture;
  const auto first = std::find_if(picture.begin(), picture.end(), bounds_number);
  if (first != picture.end()) {
    out.prefix = picture.substr(0, static_cast<std::size_t>(first - picture.begin()));
    const auto last = std::find_if(picture.rbegin(), picture.rend(), bounds_number);
    out.suffix = picture.substr(picture.size() - static_cast<std::size_t>(last - picture.rbegin()));
  }
  out.active =
      picture.substr(out.prefix.size(), picture.size() - out.prefix.size() - out.suffix.size());
  const std::size_t mark = picture.find(properties.exponent_separator, out.prefix.size());
  if (mark == kNone || mark > picture.size() - out.suffix.size()) {
    out.mantissa = out.active;
  } else {
    // The place is counted in the whole picture but cut in the active part: so the reference.
    out.mantissa = out.active.substr(0, mark);
    out.exponent = out.active.substr(std::min(mark + 1, out.active.size()));
  }
  const std::size_t point = out.mantissa.find(properties.decimal_separator);
  out.integer = out.mantissa.substr(0, point);
  out.fraction = point == kNone ? out.suffix : out.mantissa.substr(point + 1);
  return out;
}

// The code of the last rule that the picture breaks, or nothing. F&O 4.7.3.
std::string_view broken_rule(const Parts& parts, const Properties& properties) {
  const View picture = parts.picture;
  const auto contains = [&picture](const Text& text) { return picture.find(text) != kNone; };
  const auto repeats = [&picture](const Text& text) {
    return picture.find(text) != picture.rfind(text);
  };
  const auto family = [&properties](char16_t unit) { return properties.is_family(unit); };
  const auto has_family = [&family](View text) {
    return std::any_of(text.begin(), text.end(), family);
  };
  const auto groups_at = [&](std::size_t at) {
    return at < picture.size() && Properties::is(picture[at], properties.grouping_separator);
  };
  std::string_view code;
  if (repeats(properties.decimal_separator)) code = "D3081";
  if (repeats(properties.percent)) code = "D3082";
  if (repeats(properties.per_mille)) code = "D3083";
  const bool scaled = contains(properties.percent) || contains(properties.per_mille);
  if (contains(properties.percent) && contains(properties.per_mille)) code = "D3084";
  if (std::none_of(parts.mantissa.begin(), parts.mantissa.end(),
                   [&](char16_t unit) { return properties.is_digit_sign(unit); })) {
    code = "D3085";
  }
  if (!std::all_of(parts.active.begin(), parts.active.end(),
                   [&](char16_t unit) { return properties.is_active(unit); })) {
    code = "D3086";
  }
  const std::size_t point = picture.find(properties.decimal_separator);
  if (point != kNone) {
    if ((point > 0 && groups_at(point - 1)) || groups_at(point + 1)) code = "D3087";
  } else if (!parts.integer.empty() &&
             Properties::is(parts.integer.back(), properties.grouping_separator)) {
    code = "D3088";
  }
  if (contains(properties.grouping_separator + properties.grouping_separator)) code = "D3089";
  const std::size_t first_optional = parts.integer.find(properties.digit);
  if (first_optional != kNone && has_family(parts.integer.substr(0, first_optional))) {
    code = "D3090";
  }
  const std::size_t last_optional = parts.fraction.rfind(properties.digit);
  if (last_optional != kNone && has_family(parts.fraction.substr(last_optional))) code = "D3091";
  if (parts.exponent) {
    if (!parts.exponent->empty() && scaled) code = "D3092";
    if (parts.exponent->empty() ||
        !std::all_of(parts.exponent->begin(), parts.exponent->end(), family)) {
      code = "D3093";
    }
  }
  return code;
}

std::string_view rule_text(std::string_view code) {
  static constexpr std::array<std::string_view, 14> kTexts = {
      "must only contain one or two patterns, separated by the pattern separator",
      "must not contain more than one instance of the 'decimal-separator' character",
      "must not contain more than one instance of the 'percent' character",
      "must not contain more than one instance of the 'per-mille' character",
      "must not contain both a 'percent' and a 'per-mille' character",
      "must contain at least one 'optional digit character' or a member of the 'decimal digit "
      "family' in the mantissa",
      "must not contain a passive character between two active characters",
      "must not contain a 'grouping-separator' character adjacent to a 'decimal-separator'",
      "must not contain a 'grouping-separator' at the end of the integer part",
      "must not contain two adjacent instances of the 'grouping-separator' character",
      "must not contain a member of the 'decimal digit family' that is followed by an instance of "
      "the 'optional digit character' in the integer part",
      "must not contain an instance of the 'optional digit character' that is followed by a member "
      "of the 'decimal digit family' in the fractional part",
      "that contains a 'percent' or 'per-mille' character must not contain an "
      "'exponent-separator'",
      "must have an exponent that consists of one or more 'decimal digit' characters"};
  return kTexts.at(static_cast<std::size_t>(code[3] - '8') * 10 +
                   static_cast<std::size_t>(code[4] - '0'));
}

Error picture_error(std::string_view code) {
  return language_error(
      code, "The picture string or sub-picture of formatNumber " + std::string(rule_text(code)));
}

struct Analysis {
  std::vector<std::size_t> integer_groups, fraction_groups;
  std::size_t regular_group = 0;
  std::size_t integer_min = 0, fraction_min = 0, fraction_max = 0, exponent_min = 0;
  std::size_t scaling = 0;
  Text prefix, suffix, picture;
};

std::vector<std::size_t> group_positions(View part, bool to_left, const Parts& parts,
                                         const Properties& properties) {
  std::vector<std::size_t> out;
  std::size_t at = part.find(properties.grouping_separator);
  while (at != kNone) {
    const std::size_t cut = std::min(at, part.size());
    const View side = to_left ? part.substr(0, cut) : part.substr(cut);
    out.push_back(static_cast<std::size_t>(std::count_if(
        side.begin(), side.end(), [&](char16_t unit) { return properties.is_digit_sign(unit); })));
    // Also for the fraction the search goes on in the integer part: so the reference.
    at = parts.integer.find(properties.grouping_separator, at + 1);
  }
  return out;
}

std::size_t regular_distance(const std::vector<std::size_t>& positions) {
  if (positions.empty()) return 0;
  std::size_t distance = positions.front();
  for (const std::size_t position : positions) distance = std::gcd(distance, position);
  for (std::size_t i = 1; i <= positions.size(); ++i) {
    if (std::find(positions.begin(), positions.end(), i * distance) == positions.end()) return 0;
  }
  return distance;
}

// F&O 4.7.4.
Analysis analyse(const Parts& parts, const Properties& properties) {
  const auto count_family = [&](View text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [&](char16_t unit) { return properties.is_family(unit); }));
  };
  Analysis out;
  out.integer_groups = group_positions(parts.integer, false, parts, properties);
  out.regular_group = regular_distance(out.integer_groups);
  out.fraction_groups = group_positions(parts.fraction, true, parts, properties);
  out.integer_min = out.scaling = count_family(parts.integer);
  out.fraction_min = count_family(parts.fraction);
  out.fraction_max = static_cast<std::size_t>(
      std::count_if(parts.fraction.begin(), parts.fraction.end(),
                    [&](char16_t unit) { return properties.is_digit_sign(unit); }));
  if (out.integer_min == 0 && out.fraction_max == 0) {
    if (parts.exponent) {
      out.fraction_min = out.fraction_max = 1;
    } else {
      out.integer_min = 1;
    }
  }
  if (parts.exponent && out.integer_min == 0 && parts.integer.find(properties.digit) != kNone) {
    out.integer_min = 1;
  }
  if (out.integer_min == 0 && out.fraction_min == 0) out.fraction_min = 1;
  if (parts.exponent) out.exponent_min = count_family(*parts.exponent);
  out.prefix = parts.prefix;
  out.suffix = parts.suffix;
  out.picture = parts.picture;
  return out;
}

// `value` with `decimals` places. A tie, which is a value of exactly one binary digit more than
// there are decimals, goes up; C would go to even.
std::string rounded_decimal(double value, std::size_t decimals) {
  const bool tie = std::fmod(std::ldexp(value, static_cast<int>(decimals) + 1), 2) == 1;
  const std::size_t places = decimals + (tie ? 1 : 0);
  std::string text(places + 32, '\0');
  const int size = std::snprintf(text.data(), text.size(), "%.*f", static_cast<int>(places), value);
  text.resize(static_cast<std::size_t>(size));
  if (!tie) return text;
  text.pop_back();  // the 5
  if (text.back() == '.') text.pop_back();
  for (std::size_t i = text.size(); i-- > 0;) {
    if (text[i] == '.') continue;
    if (text[i] != '9') {
      ++text[i];
      return text;
    }
    text[i] = '0';
  }
  return "1" + text;
}

// Number::toFixed of the size, in the digits of the family.
Text fixed_digits(double value, std::size_t decimals, const Properties& properties) {
  value = std::abs(value);
  std::string ascii;
  if (value >= 1e21) {
    ascii = number_to_string(value);
  } else {
    ascii = rounded_decimal(value, decimals);
  }
  Text out(ascii.begin(), ascii.end());
  for (char16_t& unit : out) {
    if (unit >= u'0' && unit <= u'9') {
      unit = static_cast<char16_t>(properties.zero_digit.front() + (unit - u'0'));
    }
  }
  return out;
}

// Array.prototype.slice's meaning of an end before the beginning: from the end.
std::size_t slice_at(std::ptrdiff_t at, std::size_t size) {
  if (at < 0) at = std::max<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(size) + at, 0);
  return std::min(static_cast<std::size_t>(at), size);
}

// F&O 4.7.5, from the rounded mantissa to the digits with separators.
Text mantissa_text(double mantissa, const Analysis& picture, const Properties& properties) {
  const Text& point = properties.decimal_separator;
  const auto is_zero = [&properties](char16_t unit) {
    return Properties::is(unit, properties.zero_digit);
  };
  Text text = fixed_digits(mantissa, picture.fraction_max, properties);
  if (const std::size_t at = text.find(u'.'); at == kNone) {
    text += point;
  } else {
    text.replace(at, 1, point);
  }
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_zero));
  while (!text.empty() && is_zero(text.back())) text.pop_back();

  const auto pad = [&properties](std::size_t have, std::size_t want) {
    Text out;
    for (; have < want; ++have) out += properties.zero_digit;
    return out;
  };
  const auto point_at = [&text, &point]() {
    const std::size_t at = text.find(point);
    return at == kNone ? std::ptrdiff_t{-1} : static_cast<std::ptrdiff_t>(at);
  };
  const std::ptrdiff_t place = point_at();
  const auto before = static_cast<std::size_t>(std::max<std::ptrdiff_t>(place, 0));
  const std::size_t after = text.size() - static_cast<std::size_t>(place + 1);
  text = pad(before, picture.integer_min) + text + pad(after, picture.fraction_min);

  std::ptrdiff_t at = point_at();
  const auto separate = [&text, &properties](std::ptrdiff_t where) {
    text.insert(slice_at(where, text.size()), properties.grouping_separator);
  };
  if (picture.regular_group > 0) {
    const auto distance = static_cast<std::ptrdiff_t>(picture.regular_group);
    for (std::ptrdiff_t group = 1; group <= (at - 1) / distance; ++group) {
      separate(at - group * distance);
    }
  } else {
    for (const std::size_t position : picture.integer_groups) {
      separate(at - static_cast<std::ptrdiff_t>(position));
      ++at;
    }
  }
  at = point_at();
  for (const std::size_t position : picture.fraction_groups) {
    separate(at + 1 + static_cast<std::ptrdiff_t>(position));
  }
  at = point_at();
  if (!text.empty() && (picture.picture.find(point) == kNone ||
                        at == static_cast<std::ptrdiff_t>(text.size()) - 1)) {
    text.pop_back();
  }
  return text;
}

}  // namespace

Result<std::string> format_number(double value, std::string_view picture, const Value& options) {
  const Result<Properties> read = read_properties(options);
  if (!read) return read.error();
  const Properties& properties = *read;
  if (picture.size() > static_cast<std::size_t>(kMaxPictureDigits)) {
    return Error{ErrorCode::kLimit, "the picture is too long", "U1001"};
  }
  if (!std::isfinite(value)) {
    return language_error("D1001", "Number out of range: " + number_to_string(value));
  }
  const Text whole = utf16_of(picture);
  std::vector<View> pictures;
  for (std::size_t start = 0;;) {
    const std::size_t at = whole.find(properties.pattern_separator, start);
    pictures.push_back(View(whole).substr(start, at == kNone ? kNone : at - start));
    if (at == kNone) break;
    start = at + properties.pattern_separator.size();
  }
  if (pictures.size() > 2) return picture_error("D3080");

  std::vector<Parts> parts;
  parts.reserve(pictures.size());
  for (const View one : pictures) parts.push_back(split_parts(one, properties));
  for (const Parts& one : parts) {
    if (const std::string_view code = broken_rule(one, properties); !code.empty()) {
      return picture_error(code);
    }
  }
  const bool negative = !(value >= 0);
  Analysis chosen = analyse(negative ? parts.back() : parts.front(), properties);
  if (negative && parts.size() == 1) chosen.prefix = properties.minus_sign + chosen.prefix;

  double mantissa = value;
  if (chosen.picture.find(properties.percent) != kNone) {
    mantissa *= 100;
  } else if (chosen.picture.find(properties.per_mille) != kNone) {
    mantissa *= 1000;
  }
  std::optional<int> exponent;
  if (chosen.exponent_min > 0) {
    exponent = 0;
    const double max = std::pow(10, static_cast<double>(chosen.scaling));
    const double min = std::pow(10, static_cast<double>(chosen.scaling) - 1);
    for (; mantissa != 0 && std::abs(mantissa) < min && std::isfinite(mantissa); --*exponent) {
      mantissa *= 10;
    }
    for (; std::abs(mantissa) > max && std::isfinite(mantissa); ++*exponent) mantissa /= 10;
  }
  const double rounded = round_half_even(mantissa, static_cast<int>(chosen.fraction_max));
  if (!std::isfinite(rounded)) {
    return language_error("D1001", "Number out of range: " + number_to_string(rounded));
  }
  Text text = mantissa_text(rounded, chosen, properties);
  if (exponent) {
    Text digits = fixed_digits(*exponent, 0, properties);
    Text padding;
    for (std::size_t i = digits.size(); i < chosen.exponent_min; ++i) {
      padding += properties.zero_digit;
    }
    text += properties.exponent_separator;
    if (*exponent < 0) text += properties.minus_sign;
    text += padding + digits;
  }
  return utf8_of(chosen.prefix + text + chosen.suffix);
}

}  // namespace pawl::asl::jsonata
