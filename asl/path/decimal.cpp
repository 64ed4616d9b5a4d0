#include "asl/path/decimal.h"

#include "asl/json/writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace pawl::asl::jsonpath {

namespace {

// Exponents beyond this are not numbers to us (Java's own limit is that of an int).
constexpr long kMaxExponent = 1'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal result;
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+'))
    result.negative_ = text[at++] == '-';
  std::string digits;
  bool point = false;
  for (; at < text.size(); ++at) {
    if (is_digit(text[at])) {
      digits.push_back(text[at]);
      if (point) ++result.scale_;
    } else if (text[at] == '.' && !point) {
      point = true;
    } else {
      break;
    }
  }
  if (digits.empty()) return std::nullopt;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
    std::string_view exponent_text = text.substr(at + 1);
    if (exponent_text.starts_with('+')) {
      exponent_text.remove_prefix(1);
      if (exponent_text.starts_with('-')) return std::nullopt;
    }
    long exponent = 0;
    const char* end = exponent_text.data() + exponent_text.size();
    const auto [stop, error] = std::from_chars(exponent_text.data(), end, exponent);
    if (error != std::errc{} || stop != end || std::labs(exponent) > kMaxExponent) {
      return std::nullopt;
    }
    result.scale_ -= exponent;
  }
  const std::size_t first = digits.find_first_not_of('0');
  result.digits_ = first == std::string::npos ? "0" : digits.substr(first);
  if (result.digits_ == "0") result.negative_ = false;
  return result;
}

Decimal Decimal::of(const Value& number) {
  std::string text;
  write_json(number, text);
  return parse(text).value_or(Decimal());
}

int Decimal::compare(const Decimal& other) const {
  const bool zero = digits_ == "0";
  const bool other_zero = other.digits_ == "0";
  if (zero || other_zero) {
    if (zero && other_zero) return 0;
    return zero ? (other.negative_ ? 1 : -1) : (negative_ ? -1 : 1);
  }
  if (negative_ != other.negative_) return negative_ ? -1 : 1;
  const int sign = negative_ ? -1 : 1;
  // The power of ten of the leading digit decides, then the digits.
  const long magnitude = static_cast<long>(digits_.size()) - scale_;
  const long other_magnitude = static_cast<long>(other.digits_.size()) - other.scale_;
  if (magnitude != other_magnitude) return magnitude < other_magnitude ? -sign : sign;
  const std::size_t width = std::max(digits_.size(), other.digits_.size());
  for (std::size_t i = 0; i < width; ++i) {
    const char a = i < digits_.size() ? digits_[i] : '0';
    const char b = i < other.digits_.size() ? other.digits_[i] : '0';
    if (a != b) return a < b ? -sign : sign;
  }
  return 0;
}

std::string Decimal::to_string() const {
  std::string out = negative_ ? "-" : "";
  if (scale_ == 0) return out + digits_;
  const long size = static_cast<long>(digits_.size());
  const long adjusted = size - scale_ - 1;
  if (scale_ >= 0 && adjusted >= -6) {
    if (size > scale_) {
      const auto whole = static_cast<std::size_t>(size - scale_);
      return out + digits_.substr(0, whole) + "." + digits_.substr(whole);
    }
    return out + "0." + std::string(static_cast<std::size_t>(scale_ - size), '0') + digits_;
  }
  out += digits_.substr(0, 1);
  if (size > 1) out += "." + digits_.substr(1);
  if (adjusted != 0) out += std::string("E") + (adjusted > 0 ? "+" : "") + std::to_string(adjusted);
  return out;
}

}  // namespace pawl::asl::jsonpath
