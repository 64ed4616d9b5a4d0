// Text as JSONata sees it: positions are those of UTF-16, characters are code points, numbers are
// written as JavaScript writes them. Internal to asl/jsonata.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl::jsonata {

// UTF-8 to UTF-16; a surrogate written as three bytes (WTF-8) stays a lone surrogate.
std::u16string utf16_of(std::string_view text);
// The reverse; lone surrogates become three bytes.
std::string utf8_of(std::u16string_view text);

std::size_t count_code_points(std::string_view text);
// Byte offset of code point `index`, or the size of the text when there are fewer.
std::size_t offset_of_code_point(std::string_view text, std::size_t index);
// Length of `text` in UTF-16 units.
std::size_t count_utf16(std::string_view text);
// Bytes of the character that starts at `offset`, at least 1.
std::size_t character_size(std::string_view text, std::size_t offset);

// Order of two strings as JavaScript's `<`: by UTF-16 units. Negative, zero or positive.
int compare_utf16(std::string_view a, std::string_view b);

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

// Number.prototype.toString of a finite double.
std::string javascript_number(double value);
// Number(value.toPrecision(digits)).
double rounded_to_precision(double value, int digits);

}  // namespace pawl::asl::jsonata
