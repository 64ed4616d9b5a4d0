// Integer pictures, which numbers and the pictures of dates share: the parts of a picture such as
// "#,##0;o" or "Ww", and numbers written and read by it. Text is UTF-16, because the reference
// counts, cuts and compares UTF-16 units. Internal to the library.
#pragma once

#include "asl/jsonata/library.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl::jsonata::pictures {

enum class Primary : std::uint8_t { kDecimal, kLetters, kRoman, kWords, kSequence };
enum class LetterCase : std::uint8_t { kLower, kUpper, kTitle };

struct Separator {
  int position = 0;  // digits to its right
  std::u16string character;
};

struct IntegerFormat {
  Primary primary = Primary::kDecimal;
  LetterCase letter_case = LetterCase::kLower;
  bool ordinal = false;
  char16_t zero = u'0';  // of the digit family
  // Empty where the picture is no pattern of digits.
  std::optional<int> mandatory_digits;
  int optional_digits = 0;
  bool regular = false;               // one separator, repeated
  std::vector<Separator> separators;  // exactly one if regular; else from the right to the left
  std::u16string token;               // the picture of a sequence, which nobody supports
};

// D3131 where digits of two families are mixed.
Result<IntegerFormat> analyse_integer_picture(std::u16string_view picture);

// `value` is an integer or NaN. D3130 for a sequence.
Result<std::u16string> format_by(double value, const IntegerFormat& format);

// D3130 for a sequence; NaN where the text has another form.
Result<double> parse_by(std::u16string_view text, const IntegerFormat& format);

// The words of numbers in the reference's order, for matching.
const std::vector<std::u16string>& number_words();

// JavaScript's parseInt and its white space.
double parse_int_prefix(std::u16string_view text);
bool is_white_space(char16_t unit);

}  // namespace pawl::asl::jsonata::pictures
