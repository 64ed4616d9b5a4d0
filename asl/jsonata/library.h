// The number, date and encoding functions of JSONata, apart from the language: pure functions from
// argument values to a value, without context, sequences or signatures.
//
// The evaluator has checked the signature and answered undefined arguments before it calls. Numbers
// come and go as IEEE doubles; a result may be NaN or infinite where the reference's is, and it is
// the evaluator that says what becomes of it. Text is UTF-8; a lone surrogate, which an expression
// can write as \ud800, is the three bytes that UTF-8's scheme gives it.
//
// Failures are Error{kEvaluation, message, where} with `where` the code of the language ("D3130");
// kLimit with "U1001" where a picture asks for more than kMaxPictureDigits digits. No function
// suspends or keeps state.
//
// Source: jsonata-js 2.0.6 (functions.js, datetime.js), XPath and XQuery Functions 3.1 section 4
// and 9.8; for the functions that AWS adds the guide and what was recorded of the service.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::asl::jsonata {

// A picture that pads to more digits fails (docs/limits.md): the reference would fill the memory.
inline constexpr int kMaxPictureDigits = 10'000;

// Elements of $range at most: what the service builds.
inline constexpr std::int64_t kMaxRangeItems = 360'145;

// Which version's repairs apply where the versions differ: AWS names 2.0.6; the newest suite
// expects fixed widths in timestamps ("[H00][m00]" reads two digits each).
enum class Edition : std::uint8_t { kAws206, kNewest };

// Failure of the language: code and message.
Error language_error(std::string_view code, std::string message);

// ---- Numbers (library_numbers.cpp) ----

// JavaScript's Number::toString: the shortest digits that read back the same; plain up to 1e21 and
// down to 1e-6, "1e+21" and "1e-7" beyond. -0 is "0"; "NaN", "Infinity", "-Infinity".
std::string number_to_string(double value);

// How $string prints a number: first rounded to 15 significant digits.
std::string rounded_number_to_string(double value);
double round_to_15_digits(double value);

// kInt if `value` is an integer of at most 2^53 in size (-0 becomes 0), else kDouble.
Value number_value(double value);

// $number: numbers as they are, booleans 1 and 0, strings as JSON numbers (leading zeros allowed)
// or 0x, 0o, 0b. Integers of 64 bits stay exact. D3030; NaN where the reference's loose test of
// the prefixed forms lets other text pass ("0x1 2").
Result<Value> to_number(const Value& value);

// $round: half to even; `precision` counts decimals, may be negative.
double round_half_even(double value, int precision);

// $formatNumber. `options` is undefined or an object that replaces properties ("zero-digit" ...).
// D3080 to D3093. Where 2.0.6 never ends (zero or a negative number with an exponent) as 2.2.2.
Result<std::string> format_number(double value, std::string_view picture, const Value& options);

// $formatBase; both arguments are rounded. D3100.
Result<std::string> format_base(double value, double radix);

// ---- Integer pictures (library_integer_pictures.cpp) ----

// $formatInteger. D3130, D3131.
Result<std::string> format_integer(double value, std::string_view picture);

// $parseInteger; text that the picture does not describe may give NaN. D3130, D3131.
Result<Value> parse_integer(std::string_view text, std::string_view picture);

// ---- Dates (library_date_format.cpp, library_date_parse.cpp) ----

// $fromMillis; without picture ISO 8601 with milliseconds; `timezone` is "+hhmm". D3132 to D3135.
Result<std::string> from_millis(double millis, std::optional<std::string_view> picture,
                                std::optional<std::string_view> timezone,
                                Edition edition = Edition::kAws206);

// $toMillis. Without picture ISO 8601; a time that matches but does not exist (month 13) is NaN.
// `now_millis` is the evaluation's one timestamp: it fills the parts above the first
// that is given. Undefined if the text does not match the picture. D3110, D3132 to D3136.
Result<Value> to_millis(std::string_view text, std::optional<std::string_view> picture,
                        double now_millis, Edition edition = Edition::kAws206);

// ---- Encodings (library_encoding.cpp) ----

// $base64encode: each UTF-16 unit is one byte, its upper half is dropped (the reference's latin-1).
std::string base64_encode(std::string_view text);
// $base64decode: each byte is one character U+0000..U+00FF. Both alphabets; what is in neither is
// skipped, the first "=" ends it.
std::string base64_decode(std::string_view text);

// ECMAScript's encodeURI, encodeURIComponent, decodeURI, decodeURIComponent. D3140.
Result<std::string> encode_url(std::string_view text);
Result<std::string> encode_url_component(std::string_view text);
Result<std::string> decode_url(std::string_view text);
Result<std::string> decode_url_component(std::string_view text);

// ---- What AWS adds (library_aws.cpp) ----

// $partition: chunks of `size` items, which is truncated. Undefined for no items or size 0.
Result<Value> partition(const Value& array, double size);

// $range: from `first` to `last` inclusive; the arguments are truncated. An empty or wrongly signed
// range is undefined, one element the bare number. kLimit above kMaxRangeItems.
Result<Value> range(double first, double last, double step);

// $hash: lower-case hex. `algorithm` is MD5, SHA-1, SHA-256, SHA-384 or SHA-512.
Result<Value> hash(std::string_view text, std::string_view algorithm);

// $random(seed): the first nextDouble() of java.util.Random(seed).
double seeded_random(std::int64_t seed);

// $uuid: version 4, from 16 random bytes.
std::string uuid_text(const std::array<std::uint8_t, 16>& random_bytes);

// $parse: JSON text to a value; -0 is 0.
Result<Value> parse(std::string_view text);

}  // namespace pawl::asl::jsonata
