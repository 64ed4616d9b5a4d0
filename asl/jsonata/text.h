// Text as JSONata sees it: positions are those of UTF-16, characters are code points; a lone
// surrogate, which an expression can write as \ud800, is three bytes. Internal to asl/jsonata.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <optional>
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

// $substring: a negative start counts from the end; start and length as the reference's slice.
std::string substring(std::string_view text, double start, std::optional<double> length);
// $pad: to |width| characters, on the right if positive, with `fill` repeated (blank if empty).
Result<std::string> pad(std::string_view text, double width, std::string_view fill);
// Simple case mapping of the C library's table, whatever the process's locale; German sharp s
// becomes SS, a sigma that ends a word its final form.
std::string upper_case(std::string_view text);
std::string lower_case(std::string_view text);

}  // namespace pawl::asl::jsonata
