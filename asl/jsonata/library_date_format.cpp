// $fromMillis.

#include "asl/jsonata/library_calendar.h"
#include "asl/jsonata/library_date_pictures.h"
#include "asl/jsonata/text.h"

#include <cmath>

namespace pawl::asl::jsonata {

namespace {

using dates::analyse_picture;
using dates::component_of;
using dates::is_number_component;
using dates::kDays;
using dates::kMonths;
using dates::Moment;
using dates::moment_of;
using dates::no_name;
using dates::Part;
using pictures::IntegerFormat;
using pictures::LetterCase;
using Text = std::u16string;
using View = std::u16string_view;

struct Offset {
  double hours = 0;
  double minutes = 0;
  double total() const { return hours * 100 + minutes; }
};

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

}  // namespace pawl::asl::jsonata
