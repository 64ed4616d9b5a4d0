#include "connectors/dynamodb/number.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pawl::connectors::dynamodb {
namespace {

constexpr std::size_t kDigitsMax = 38;
constexpr int kExponentMax = 126;   // 0.d * 10^126 is d * 10^125
constexpr int kExponentMin = -129;  // 0.d * 10^-129 is d * 10^-130

Error invalid(std::string message) { return {ErrorCode::kInvalid, std::move(message), ""}; }

Error not_a_number(std::string_view text) {
  return invalid("The parameter cannot be converted to a numeric value: " + std::string(text));
}

}  // namespace

Result<Number> Number::normalized(bool negative, std::string digits, int exponent) {
  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return Number();
  digits.erase(0, first);
  exponent -= static_cast<int>(first);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.size() > kDigitsMax) {
    return invalid("Attempting to store more than 38 significant digits in a Number");
  }
  if (exponent > kExponentMax) {
    return invalid(
        "Number overflow. Attempting to store a number with magnitude larger than "
        "supported range");
  }
  if (exponent < kExponentMin) {
    return invalid(
        "Number underflow. Attempting to store a number with magnitude smaller than "
        "supported range");
  }
  Number number;
  number.negative_ = negative;
  number.digits_ = std::move(digits);
  number.exponent_ = exponent;
  return number;
}

Result<Number> Number::parse(std::string_view text) {
  constexpr std::size_t kTextMax = 400;
  const std::string_view whole = text;
  if (text.size() > kTextMax) return not_a_number(text.substr(0, kTextMax));
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::string digits;
  int exponent = 0;
  bool point = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c >= '0' && c <= '9') {
      digits += c;
      if (!point) ++exponent;
    } else if (c == '.' && !point) {
      point = true;
    } else {
      break;
    }
  }
  if (digits.empty()) return not_a_number(whole);
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return not_a_number(whole);
    std::string_view power = text.substr(at + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    int given = 0;
    const auto [rest, failed] = std::from_chars(power.data(), power.data() + power.size(), given);
    if (power.empty() || failed != std::errc() || rest != power.data() + power.size() ||
        given > 1000 || given < -1000) {
      return not_a_number(whole);
    }
    exponent += given;
  }
  return normalized(negative, std::move(digits), exponent);
}

std::string Number::text() const {
  if (digits_.empty()) return "0";
  std::string out = negative_ ? "-" : "";
  const auto size = static_cast<int>(digits_.size());
  if (exponent_ <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-exponent_), '0');
    return out + digits_;
  }
  if (exponent_ >= size) {
    out += digits_;
    out.append(static_cast<std::size_t>(exponent_ - size), '0');
    return out;
  }
  out += digits_.substr(0, static_cast<std::size_t>(exponent_));
  out += '.';
  return out + digits_.substr(static_cast<std::size_t>(exponent_));
}

// Sign, exponent, digits: larger numbers have larger bytes; of negative ones all are turned around.
std::string Number::sort_key() const {
  if (digits_.empty()) return "\x80";
  std::string out(1, negative_ ? '\x40' : '\xC0');
  std::string magnitude(1, static_cast<char>(exponent_ + 130));
  magnitude += digits_;
  if (negative_) {
    for (char& c : magnitude) c = static_cast<char>(~c);
    magnitude += '\xFF';  // fewer digits of the same beginning is a smaller magnitude
  }
  return out + magnitude;
}

int Number::compare_magnitudes(const Number& a, const Number& b) {
  if (a.digits_.empty() || b.digits_.empty()) {
    return static_cast<int>(!a.digits_.empty()) - static_cast<int>(!b.digits_.empty());
  }
  if (a.exponent_ != b.exponent_) return a.exponent_ < b.exponent_ ? -1 : 1;
  const int order = a.digits_.compare(b.digits_);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

int Number::compare(const Number& a, const Number& b) {
  if (a.negative_ != b.negative_) return a.negative_ ? -1 : 1;
  const int order = compare_magnitudes(a, b);
  return a.negative_ ? -order : order;
}

Number Number::negated() const {
  Number out = *this;
  if (!digits_.empty()) out.negative_ = !negative_;
  return out;
}

Result<Number> Number::add(const Number& a, const Number& b) {
  if (a.digits_.empty()) return b;
  if (b.digits_.empty()) return a;
  // As integers over the same power of ten.
  const int low = std::min(a.exponent_ - static_cast<int>(a.digits_.size()),
                           b.exponent_ - static_cast<int>(b.digits_.size()));
  const auto aligned = [low](const Number& number) {
    std::string digits = number.digits_;
    digits.append(
        static_cast<std::size_t>(number.exponent_ - static_cast<int>(number.digits_.size()) - low),
        '0');
    return digits;
  };
  std::string x = aligned(a);
  std::string y = aligned(b);
  const std::size_t size = std::max(x.size(), y.size()) + 1;
  x.insert(0, size - x.size(), '0');
  y.insert(0, size - y.size(), '0');
  const bool subtract = a.negative_ != b.negative_;
  const bool swap = subtract && x < y;
  if (swap) std::swap(x, y);
  std::string sum(size, '0');
  int carry = 0;
  for (std::size_t i = size; i-- > 0;) {
    int digit = (x[i] - '0') + (subtract ? -(y[i] - '0') : y[i] - '0') + carry;
    carry = 0;
    if (digit < 0) {
      digit += 10;
      carry = -1;
    } else if (digit > 9) {
      digit -= 10;
      carry = 1;
    }
    sum[i] = static_cast<char>('0' + digit);
  }
  const bool negative = swap ? b.negative_ : a.negative_;
  return normalized(negative, std::move(sum), low + static_cast<int>(size));
}

}  // namespace pawl::connectors::dynamodb
