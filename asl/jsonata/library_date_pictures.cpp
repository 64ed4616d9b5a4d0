#include "asl/jsonata/library_date_pictures.h"

#include "asl/jsonata/text.h"

#include <algorithm>
#include <cmath>

namespace pawl::asl::jsonata::dates {

namespace {

using pictures::IntegerFormat;
using pictures::LetterCase;
using Text = std::u16string;
using View = std::u16string_view;

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

}  // namespace

bool is_number_component(char16_t component) {
  return View(u"YMDdFWwXxHhmsf").find(component) != View::npos;
}

namespace {

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

}  // namespace

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

Error no_name(char16_t component) {
  return language_error("D3133",
                        "The 'name' modifier can only be applied to months and days in the "
                        "date/time picture string, not " +
                            utf8_of(View(&component, 1)));
}

}  // namespace pawl::asl::jsonata::dates
