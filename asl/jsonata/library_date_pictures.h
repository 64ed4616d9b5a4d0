// Pictures of dates ("[Y0001]-[M01]-[D01]") as $fromMillis and $toMillis share them, F&O 9.8.4.1.
// Internal to the library.
#pragma once

#include "asl/jsonata/library_pictures.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl::jsonata::dates {

inline constexpr std::array<const char16_t*, 7> kDays = {
    u"Monday", u"Tuesday", u"Wednesday", u"Thursday", u"Friday", u"Saturday", u"Sunday"};
inline constexpr std::array<const char16_t*, 12> kMonths = {
    u"January", u"February", u"March",     u"April",   u"May",      u"June",
    u"July",    u"August",   u"September", u"October", u"November", u"December"};

// A literal or a marker.
struct Part {
  std::u16string literal;  // of a part without component
  char16_t component = 0;
  std::optional<pictures::LetterCase> names;
  std::optional<int> width_max;
  char16_t modifier = 0;  // the second presentation modifier: a, t, c or o
  std::optional<pictures::IntegerFormat> integer;
  int digits = -1;                 // of a year (2.0.6: also month and day), -1 as many as there are
  std::optional<int> parse_width;  // digits to read, where the next part is a number too
};

// D3131, D3132, D3135.
Result<std::vector<Part>> analyse_picture(std::u16string_view picture, Edition edition);

bool is_number_component(char16_t component);

// D3133: `component` has no name.
Error no_name(char16_t component);

}  // namespace pawl::asl::jsonata::dates
