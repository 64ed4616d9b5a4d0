#include "asl/jsonata/library_pictures.h"
#include "asl/jsonata/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace pawl::asl::jsonata {

namespace pictures {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

constexpr std::array<const char*, 20> kFew = {
    "Zero",     "One",     "Two",     "Three",     "Four",     "Five",    "Six",
    "Seven",    "Eight",   "Nine",    "Ten",       "Eleven",   "Twelve",  "Thirteen",
    "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"};
constexpr std::array<const char*, 20> kOrdinals = {
    "Zeroth",     "First",     "Second",    "Third",       "Fourth",     "Fifth",     "Sixth",
    "Seventh",    "Eighth",    "Ninth",     "Tenth",       "Eleventh",   "Twelfth",   "Thirteenth",
    "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth", "Nineteenth"};
constexpr std::array<const char*, 9> kDecades = {"Twenty",  "Thirty", "Forty",  "Fifty",  "Sixty",
                                                 "Seventy", "Eighty", "Ninety", "Hundred"};
constexpr std::array<const char*, 4> kMagnitudes = {"Thousand", "Million", "Billion", "Trillion"};

// First digits of the decimal families that the reference knows.
constexpr std::array<char16_t, 37> kFamilies = {
    0x30,   0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6,
    0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0,
    0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10};

std::u16string widen(std::string_view ascii) { return {ascii.begin(), ascii.end()}; }

char16_t ascii_lower(char16_t unit) {
  return unit >= u'A' && unit <= u'Z' ? static_cast<char16_t>(unit + 32) : unit;
}
char16_t ascii_upper(char16_t unit) {
  return unit >= u'a' && unit <= u'z' ? static_cast<char16_t>(unit - 32) : unit;
}

template <typename Function>
std::u16string mapped(std::u16string_view text, Function function) {
  std::u16string out(text);
  std::transform(out.begin(), out.end(), out.begin(), function);
  return out;
}

// ---- Words ----

// `after` says that words come before it, so a comma or "and" goes between. The depth is at most
// 26 magnitudes of a double times three.
std::string words_of(double number, bool after, bool ordinal) {
  const auto index = [](double value) { return static_cast<std::size_t>(value); };
  if (number <= 19) {
    return std::string(after ? " and " : "") +
           (ordinal ? kOrdinals.at(index(number)) : kFew.at(index(number)));
  }
  if (number < 100) {
    std::string words = after ? " and " : "";
    words += kDecades.at(index(std::floor(number / 10)) - 2);
    const double rest = std::fmod(number, 10);
    if (rest > 0) {
      words += "-" + words_of(rest, false, ordinal);
    } else if (ordinal) {
      words.pop_back();
      words += "ieth";
    }
    return words;
  }
  double rest = 0;
  std::string words = after ? ", " : "";
  if (number < 1000) {
    words += std::string(kFew.at(index(std::floor(number / 100)))) + " Hundred";
    rest = std::fmod(number, 100);
  } else {
    const double magnitude =
        std::min(std::floor(std::log10(number) / 3), static_cast<double>(kMagnitudes.size()));
    const double factor = std::pow(10, magnitude * 3);
    const double count = std::floor(number / factor);
    rest = number - count * factor;
    words += words_of(count, false, false) + " " + kMagnitudes.at(index(magnitude) - 1);
  }
  if (rest > 0) {
    words += words_of(rest, true, ordinal);
  } else if (ordinal) {
    words += "th";
  }
  return words;
}

struct Vocabulary {
  std::vector<std::u16string> words;  // in the reference's order of insertion
  std::unordered_map<std::u16string, double> values;
};

Vocabulary make_vocabulary() {
  Vocabulary out;
  const auto add = [&out](const std::u16string& word, double value) {
    if (out.values.insert_or_assign(word, value).second) out.words.push_back(word);
  };
  const auto lower = [](const char* word) { return mapped(widen(word), ascii_lower); };
  for (std::size_t i = 0; i < kFew.size(); ++i) add(lower(kFew.at(i)), static_cast<double>(i));
  for (std::size_t i = 0; i < kOrdinals.size(); ++i) {
    add(lower(kOrdinals.at(i)), static_cast<double>(i));
  }
  for (std::size_t i = 0; i < kDecades.size(); ++i) {
    std::u16string word = lower(kDecades.at(i));
    const double value = static_cast<double>(i + 2) * 10;
    add(word, value);
    word.pop_back();
    add(word + u"ieth", value);
  }
  add(u"hundredth", 100);
  for (std::size_t i = 0; i < kMagnitudes.size(); ++i) {
    const std::u16string word = lower(kMagnitudes.at(i));
    const double value = std::pow(10, static_cast<double>(i + 1) * 3);
    add(word, value);
    add(word + u"th", value);
  }
  return out;
}

const Vocabulary& vocabulary() {
  static const Vocabulary instance = make_vocabulary();
  return instance;
}

// Splits at ", ", " and ", blanks, hyphens and (as the reference's class has it) backslashes.
std::vector<std::u16string_view> split_words(std::u16string_view text) {
  std::vector<std::u16string_view> out;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t size = 0;
    const auto blank_at = [&text](std::size_t at) {
      return at < text.size() && is_white_space(text[at]);
    };
    if (text[i] == u',' && blank_at(i + 1)) {
      size = 2;
    } else if (blank_at(i) && text.substr(i + 1, 3) == u"and" && blank_at(i + 4)) {
      size = 5;
    } else if (blank_at(i) || text[i] == u'-' || text[i] == u'\\') {
      size = 1;
    }
    if (size == 0) {
      ++i;
      continue;
    }
    out.push_back(text.substr(start, i - start));
    i += size;
    start = i;
  }
  out.push_back(text.substr(start));
  return out;
}

double number_of_words(std::u16string_view text) {
  std::vector<double> segments = {0};
  for (const std::u16string_view word : split_words(text)) {
    const auto found = vocabulary().values.find(std::u16string(word));
    if (found == vocabulary().values.end()) return kNaN;
    const double value = found->second;
    if (value >= 100) {
      segments.back() *= value;
    } else if (segments.back() >= 1000) {
      segments.push_back(value);
    } else {
      segments.back() += value;
    }
  }
  return std::accumulate(segments.begin(), segments.end(), 0.0);
}

// ---- Roman numerals and letters ----

std::u16string roman_of(double value) {
  static constexpr std::array<std::pair<int, const char16_t*>, 13> kNumerals = {{{1000, u"m"},
                                                                                 {900, u"cm"},
                                                                                 {500, u"d"},
                                                                                 {400, u"cd"},
                                                                                 {100, u"c"},
                                                                                 {90, u"xc"},
                                                                                 {50, u"l"},
                                                                                 {40, u"xl"},
                                                                                 {10, u"x"},
                                                                                 {9, u"ix"},
                                                                                 {5, u"v"},
                                                                                 {4, u"iv"},
                                                                                 {1, u"i"}}};
  std::u16string out;
  for (const auto& [size, numeral] : kNumerals) {
    for (; value >= size; value -= size) out += numeral;
  }
  return out;
}

double number_of_roman(std::u16string_view text) {
  double sum = 0;
  double max = 1;
  for (std::size_t i = text.size(); i-- > 0;) {
    double value = 0;
    switch (text[i]) {
      case u'M':
        value = 1000;
        break;
      case u'D':
        value = 500;
        break;
      case u'C':
        value = 100;
        break;
      case u'L':
        value = 50;
        break;
      case u'X':
        value = 10;
        break;
      case u'V':
        value = 5;
        break;
      case u'I':
        value = 1;
        break;
      default:
        return kNaN;
    }
    if (value < max) {
      sum -= value;
    } else {
      max = value;
      sum += value;
    }
  }
  return sum;
}

std::u16string letters_of(double value, char16_t first) {
  std::u16string out;
  while (value > 0) {
    out.push_back(static_cast<char16_t>(first + static_cast<int>(std::fmod(value - 1, 26))));
    value = std::floor((value - 1) / 26);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

double number_of_letters(std::u16string_view text, char16_t first) {
  double sum = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    sum += (text[text.size() - i - 1] - first + 1) * std::pow(26, static_cast<double>(i));
  }
  return sum;
}

// ---- Digits ----

// The distance at which one separator repeats, or 0. `positions` is in picture order.
int regular_distance(const std::vector<Separator>& separators) {
  if (separators.empty()) return 0;
  int distance = separators.front().position;
  for (const Separator& separator : separators) {
    if (separator.character != separators.front().character) return 0;
    distance = std::gcd(distance, separator.position);
  }
  for (std::size_t i = 1; i <= separators.size(); ++i) {
    const int wanted = static_cast<int>(i) * distance;
    if (std::none_of(separators.begin(), separators.end(),
                     [wanted](const Separator& s) { return s.position == wanted; })) {
      return 0;
    }
  }
  return distance;
}

Result<IntegerFormat> analyse_digits(std::u16string_view pattern, IntegerFormat format) {
  std::optional<char16_t> zero;
  int mandatory = 0;
  int position = 0;
  for (std::size_t i = pattern.size(); i-- > 0;) {
    const char16_t unit = pattern[i];
    const auto* family = std::find_if(kFamilies.begin(), kFamilies.end(), [unit](char16_t first) {
      return unit >= first && unit <= first + 9;
    });
    if (family != kFamilies.end()) {
      if (zero && *zero != *family) {
        return language_error(
            "D3131",
            "In a decimal digit pattern, all digits must be from the same decimal "
            "group");
      }
      zero = *family;
      ++mandatory;
      ++position;
    } else if (unit == u'#') {
      ++format.optional_digits;
      ++position;
    } else {
      const bool pair = unit >= 0xDC00 && unit < 0xE000 && i > 0 && pattern[i - 1] >= 0xD800 &&
                        pattern[i - 1] < 0xDC00;
      if (pair) --i;
      format.separators.push_back({position, std::u16string(pattern.substr(i, pair ? 2 : 1))});
    }
  }
  if (mandatory == 0) {
    // A numbering sequence: left to the implementation, and the reference has none.
    format.primary = Primary::kSequence;
    format.token = pattern;
    format.separators.clear();
    return format;
  }
  format.zero = *zero;
  format.mandatory_digits = mandatory;
  if (const int distance = regular_distance(format.separators); distance > 0) {
    format.regular = true;
    format.separators = {{distance, format.separators.front().character}};
  }
  return format;
}

Result<std::u16string> digits_of(double value, const IntegerFormat& format) {
  std::u16string text = widen(number_to_string(value));
  const int mandatory = format.mandatory_digits.value_or(0);
  if (mandatory > kMaxPictureDigits) {
    return Error{ErrorCode::kLimit, "the picture asks for too many digits", "U1001"};
  }
  if (mandatory > static_cast<int>(text.size())) {
    text.insert(0, static_cast<std::size_t>(mandatory) - text.size(), u'0');
  }
  if (format.zero != u'0') {
    text = mapped(text, [&format](char16_t unit) {
      return static_cast<char16_t>(unit + format.zero - u'0');
    });
  }
  if (format.regular) {
    const auto distance = static_cast<std::size_t>(format.separators.front().position);
    const std::size_t size = text.size();
    for (std::size_t count = (size - 1) / distance; count > 0; --count) {
      // Counted from the end of what is there now: earlier separators stand to the left.
      text.insert(text.size() - count * distance, format.separators.front().character);
    }
  } else {
    for (std::size_t i = format.separators.size(); i-- > 0;) {
      const Separator& separator = format.separators[i];
      const auto distance = static_cast<std::size_t>(separator.position);
      if (distance <= text.size()) {
        text.insert(text.size() - distance, separator.character);
      } else {
        // String.substr with a negative start counts from the end: what is kept is that tail.
        const std::size_t tail = std::min(distance - text.size(), text.size());
        text = separator.character + text.substr(text.size() - tail);
      }
    }
  }
  if (format.ordinal) {
    const char16_t last = text.back();
    const bool teen = text.size() > 1 && text[text.size() - 2] == u'1';
    text += teen || last < u'1' || last > u'3' ? u"th"
            : last == u'1'                     ? u"st"
            : last == u'2'                     ? u"nd"
                                               : u"rd";
  }
  return text;
}

double number_of_digits(std::u16string_view text, const IntegerFormat& format) {
  std::u16string digits(text);
  if (format.ordinal) digits.resize(digits.size() < 2 ? 0 : digits.size() - 2);
  const auto strip = [&digits](const std::u16string& mark) {
    for (std::size_t at = digits.find(mark); at != std::u16string::npos;
         at = digits.find(mark, at)) {
      digits.erase(at, mark.size());
    }
  };
  if (format.regular) {
    strip(u",");  // whatever the picture's separator is: so the reference
  } else {
    for (const Separator& separator : format.separators) strip(separator.character);
  }
  if (format.zero != u'0') {
    digits = mapped(digits, [&format](char16_t unit) {
      return static_cast<char16_t>(unit - format.zero + u'0');
    });
  }
  return parse_int_prefix(digits);
}

Error sequence_error(const IntegerFormat& format) {
  return language_error("D3130", "Formatting or parsing an integer as a sequence starting with \"" +
                                     utf8_of(format.token) +
                                     "\" is not supported by this implementation");
}

}  // namespace

const std::vector<std::u16string>& number_words() { return vocabulary().words; }

bool is_white_space(char16_t unit) {
  return (unit >= 0x09 && unit <= 0x0D) || unit == 0x20 || unit == 0xA0 || unit == 0x1680 ||
         (unit >= 0x2000 && unit <= 0x200A) || unit == 0x2028 || unit == 0x2029 || unit == 0x202F ||
         unit == 0x205F || unit == 0x3000 || unit == 0xFEFF;
}

double parse_int_prefix(std::u16string_view text) {
  while (!text.empty() && is_white_space(text.front())) text.remove_prefix(1);
  bool negative = false;
  if (!text.empty() && (text.front() == u'-' || text.front() == u'+')) {
    negative = text.front() == u'-';
    text.remove_prefix(1);
  }
  int base = 10;
  if (text.size() >= 2 && text[0] == u'0' && (text[1] == u'x' || text[1] == u'X')) {
    base = 16;
    text.remove_prefix(2);
  }
  std::string digits;
  for (const char16_t unit : text) {
    const char16_t low = ascii_lower(unit);
    const bool digit = (unit >= u'0' && unit <= u'9') || (base == 16 && low >= u'a' && low <= u'f');
    if (!digit) break;
    digits.push_back(static_cast<char>(unit));
  }
  if (digits.empty()) return kNaN;
  const double value = std::strtod((base == 16 ? "0x" + digits : digits).c_str(), nullptr);
  return negative ? -value : value;
}

Result<IntegerFormat> analyse_integer_picture(std::u16string_view picture) {
  IntegerFormat format;
  std::u16string_view primary = picture;
  if (const std::size_t semicolon = picture.rfind(u';'); semicolon != std::u16string_view::npos) {
    primary = picture.substr(0, semicolon);
    format.ordinal = semicolon + 1 < picture.size() && picture[semicolon + 1] == u'o';
  }
  if (primary == u"A" || primary == u"a") {
    format.primary = Primary::kLetters;
  } else if (primary == u"I" || primary == u"i") {
    format.primary = Primary::kRoman;
  } else if (primary == u"W" || primary == u"w" || primary == u"Ww") {
    format.primary = Primary::kWords;
  } else {
    return analyse_digits(primary, std::move(format));
  }
  format.letter_case = primary == u"Ww"                                     ? LetterCase::kTitle
                       : primary.front() >= u'A' && primary.front() <= u'Z' ? LetterCase::kUpper
                                                                            : LetterCase::kLower;
  return format;
}

Result<std::u16string> format_by(double value, const IntegerFormat& format) {
  const bool negative = value < 0;
  value = std::abs(value);
  const bool upper = format.letter_case == LetterCase::kUpper;
  if (format.primary == Primary::kSequence) return sequence_error(format);
  std::u16string text;
  if (format.primary == Primary::kDecimal) {
    Result<std::u16string> digits = digits_of(value, format);
    if (!digits) return digits;
    text = *std::move(digits);
  } else if (std::isinf(value) || (std::isnan(value) && format.primary == Primary::kWords)) {
    // The reference never ends here. Letters and numerals of NaN are nothing.
    return language_error("D1001", "Number out of range: " + number_to_string(value));
  } else if (format.primary == Primary::kLetters) {
    text = letters_of(value, upper ? u'A' : u'a');
  } else if (format.primary == Primary::kRoman) {
    if (value > 1000.0 * kMaxPictureDigits) {
      return Error{ErrorCode::kLimit, "the number is too large for Roman numerals", "U1001"};
    }
    text = roman_of(value);
    if (upper) text = mapped(text, ascii_upper);
  } else {
    text = widen(words_of(value, false, format.ordinal));
    if (upper) text = mapped(text, ascii_upper);
    if (format.letter_case == LetterCase::kLower) text = mapped(text, ascii_lower);
  }
  return negative ? u"-" + text : text;
}

Result<double> parse_by(std::u16string_view text, const IntegerFormat& format) {
  const bool upper = format.letter_case == LetterCase::kUpper;
  switch (format.primary) {
    case Primary::kLetters:
      return number_of_letters(text, upper ? u'A' : u'a');
    case Primary::kRoman:
      return number_of_roman(upper ? std::u16string(text) : mapped(text, ascii_upper));
    case Primary::kWords:
      return number_of_words(mapped(text, ascii_lower));
    case Primary::kDecimal:
      return number_of_digits(text, format);
    case Primary::kSequence:
      break;
  }
  return sequence_error(format);
}

}  // namespace pictures

Result<std::string> format_integer(double value, std::string_view picture) {
  const auto format = pictures::analyse_integer_picture(utf16_of(picture));
  if (!format) return format.error();
  const auto text = pictures::format_by(std::floor(value), *format);
  if (!text) return text.error();
  return utf8_of(*text);
}

Result<Value> parse_integer(std::string_view text, std::string_view picture) {
  const auto format = pictures::analyse_integer_picture(utf16_of(picture));
  if (!format) return format.error();
  const Result<double> value = pictures::parse_by(utf16_of(text), *format);
  if (!value) return value.error();
  return number_value(*value);
}

}  // namespace pawl::asl::jsonata
