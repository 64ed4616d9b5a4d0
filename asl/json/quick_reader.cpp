#include "asl/json/quick_reader.h"

#include "asl/json/plain_text.h"
#include "asl/json/utf8.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace pawl::asl {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_code_point(std::uint32_t code, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6U);
    put(0x80 | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12U);
    put(0x80 | (code >> 6U & 0x3FU));
    put(0x80 | (code & 0x3FU));
  } else {
    put(0xF0 | code >> 18U);
    put(0x80 | (code >> 12U & 0x3FU));
    put(0x80 | (code >> 6U & 0x3FU));
    put(0x80 | (code & 0x3FU));
  }
}

// Open containers wait on a stack of their own, finished values on another, until the end of their
// container takes them. Each function that reads something returns false where that is not.
class QuickReader {
 public:
  QuickReader(std::string_view text, int max_depth)
      : text_(text), at_(text.data()), end_(at_ + text.size()), max_depth_(max_depth) {
    // Most documents are small: room for one at once.
    constexpr std::size_t kUsualDepth = 8;
    constexpr std::size_t kUsualValues = 32;
    open_.reserve(kUsualDepth);
    values_.reserve(kUsualValues);
  }

  std::optional<Value> read() {
    if (!read_text()) return std::nullopt;
    return std::move(values_.front());
  }

 private:
  struct Open {
    std::size_t begin;  // of its values
    char close;
  };

  bool read_text() {
    for (;;) {
      skip_space();
      if (at_ == end_) return false;
      if (*at_ == '{' || *at_ == '[') {
        if (static_cast<int>(open_.size()) >= max_depth_) return false;
        open_.push_back({values_.size(), *at_ == '{' ? '}' : ']'});
        ++at_;
        skip_space();
        const bool is_empty = at_ != end_ && *at_ == open_.back().close;
        if (!is_empty) {
          if (open_.back().close == '}' && !read_key()) return false;
          continue;
        }
      } else if (!read_scalar()) {
        return false;
      }
      // A value has ended, and with it the containers that close here. Then the next one begins.
      for (;;) {
        skip_space();
        if (open_.empty()) return at_ == end_;
        if (at_ == end_) return false;
        const char c = *at_++;
        if (c == ',') break;
        if (c != open_.back().close) return false;
        close();
      }
      if (open_.back().close == '}' && !read_key()) return false;
    }
  }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  bool read_key() {
    skip_space();
    if (at_ == end_ || *at_ != '"') return false;
    ++at_;
    const std::string_view plain = take_plain();
    if (at_ != end_ && *at_ == '"') {
      ++at_;
      values_.push_back(open_.size() > 1 ? shared_key(plain) : Value::string(plain));
    } else if (!read_escaped(plain)) {
      return false;
    }
    skip_space();
    return at_ != end_ && *at_++ == ':';
  }

  // Objects in a list mostly have the same keys: one that was seen lately stands for the next.
  Value shared_key(std::string_view text) {
    constexpr std::size_t kKnownKeys = 64;
    if (known_keys_.empty()) known_keys_.resize(kKnownKeys);
    if (text.empty()) return Value::string(text);
    const std::size_t mixed = text.size() + 5U * static_cast<unsigned char>(text.front()) +
                              3U * static_cast<unsigned char>(text.back());
    Value& known = known_keys_[mixed % kKnownKeys];
    if (!known.is_string() || known.as_string() != text) known = Value::string(text);
    return known;
  }

  bool read_scalar() {
    switch (*at_) {
      case '"':
        return read_string();
      case 't':
        return read_word("true", Value::boolean(true));
      case 'f':
        return read_word("false", Value::boolean(false));
      case 'n':
        return read_word("null", Value::null());
      default:
        return read_number();
    }
  }

  bool read_word(std::string_view word, Value value) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() ||
        std::memcmp(at_, word.data(), word.size()) != 0) {
      return false;
    }
    at_ += word.size();
    values_.push_back(std::move(value));
    return true;
  }

  // The bytes from here to what ends or escapes them.
  std::string_view take_plain() {
    const auto begin = static_cast<std::size_t>(at_ - text_.data());
    const std::string_view plain = text_.substr(begin, plain_bytes(text_, begin));
    at_ += plain.size();
    return plain;
  }

  bool read_string() {
    ++at_;
    const std::string_view plain = take_plain();
    if (at_ == end_ || *at_ != '"') return read_escaped(plain);
    ++at_;
    values_.push_back(Value::string(plain));
    return true;
  }

  // The rest of a string that begins with `plain` and goes on with an escape.
  bool read_escaped(std::string_view plain) {
    unescaped_.assign(plain);
    while (at_ != end_ && *at_ != '"') {
      if (*at_++ != '\\' || !read_escape()) return false;
      unescaped_.append(take_plain());
    }
    if (at_ == end_) return false;
    ++at_;
    values_.push_back(Value::string(unescaped_));
    return true;
  }

  bool read_escape() {
    if (at_ == end_) return false;
    switch (*at_++) {
      case '"':
        unescaped_ += '"';
        return true;
      case '\\':
        unescaped_ += '\\';
        return true;
      case '/':
        unescaped_ += '/';
        return true;
      case 'b':
        unescaped_ += '\b';
        return true;
      case 'f':
        unescaped_ += '\f';
        return true;
      case 'n':
        unescaped_ += '\n';
        return true;
      case 'r':
        unescaped_ += '\r';
        return true;
      case 't':
        unescaped_ += '\t';
        return true;
      case 'u':
        return read_code_point();
      default:
        return false;
    }
  }

  // What follows "\u": a code point, or the first half of one with the second behind it.
  bool read_code_point() {
    std::uint32_t code = 0;
    if (!read_hex(code) || (code >= 0xDC00 && code <= 0xDFFF)) return false;
    if (code >= 0xD800 && code <= 0xDBFF) {
      std::uint32_t low = 0;
      if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return false;
      at_ += 2;
      if (!read_hex(low) || low < 0xDC00 || low > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    }
    append_code_point(code, unescaped_);
    return true;
  }

  bool read_hex(std::uint32_t& code) {
    constexpr int kDigits = 4;
    if (end_ - at_ < kDigits) return false;
    const auto [stop, error] = std::from_chars(at_, at_ + kDigits, code, 16);
    if (error != std::errc{} || stop != at_ + kDigits) return false;
    at_ = stop;
    return true;
  }

  bool skip_digits() {
    const char* begin = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != begin;
  }

  bool read_number() {
    const char* begin = at_;
    if (*at_ == '-') ++at_;
    if (at_ == end_) return false;
    if (*at_ == '0') {
      ++at_;
    } else if (!skip_digits()) {
      return false;
    }
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      if (!skip_digits()) return false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      const char* exponent = at_;
      // RapidJSON has a mind of its own about large exponents (0e993 is too big): it decides.
      if (!skip_digits() || at_ - exponent > 2) return false;
    }
    std::optional<Value> value = number_of({begin, static_cast<std::size_t>(at_ - begin)});
    if (!value) return false;
    values_.push_back(*std::move(value));
    return true;
  }

  void close() {
    const Open opened = open_.back();
    open_.pop_back();
    const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(opened.begin);
    Value made;
    if (opened.close == '}') {
      std::vector<Member> members;
      members.reserve((values_.size() - opened.begin) / 2);
      for (auto each = begin; each != values_.end(); each += 2) {
        members.push_back({std::move(each[0]), std::move(each[1])});
      }
      made = Value::object(std::move(members));
    } else {
      made = Value::array({std::make_move_iterator(begin), std::make_move_iterator(values_.end())});
    }
    values_.resize(opened.begin);
    values_.push_back(std::move(made));
  }

  std::string_view text_;
  const char* at_;
  const char* end_;
  int max_depth_;
  std::vector<Open> open_;
  std::vector<Value> values_;
  std::vector<Value> known_keys_;
  std::string unescaped_;
};

}  // namespace

std::optional<Value> number_of(std::string_view text) {
  const char* end = text.data() + text.size();
  std::int64_t integer = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, integer);
      error == std::errc{} && stop == end) {
    return Value::integer(integer);
  }
  double number = 0;
  if (std::from_chars(text.data(), end, number).ec == std::errc::result_out_of_range) {
    // Too small is zero; too large is no number.
    number = std::strtod(std::string(text).c_str(), nullptr);
    if (std::isinf(number)) return std::nullopt;
  }
  return Value::number(number);
}

std::optional<Value> read_well_formed(std::string_view text, int max_depth) {
  if (!is_utf8(text)) return std::nullopt;
  return QuickReader(text, max_depth).read();
}

}  // namespace pawl::asl
