#include "service/json_text.h"

#include "asl/json/reader.h"
#include "asl/validate/names.h"

#include <fmt/format.h>

#include <vector>

namespace pawl::service {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

// Finds the first place where Jackson stops, and says what it says there. Only called for text that
// the strict reader refused. Containers are a vector, not the stack: depth is not bounded here.
class Complaint {
 public:
  explicit Complaint(std::string_view text) : text_(text) {}

  std::string find() {
    do {
      if (!value()) return problem_;
      while (true) {
        skip_space();
        if (open_.empty()) return trailing();
        const char close = open_.back() == '{' ? '}' : ']';
        if (at_end()) return end_of_input();
        if (peek() == close) {
          ++position_;
          open_.pop_back();
          continue;
        }
        if (peek() != ',') {
          return unexpected(fmt::format("comma to separate {} entries", kind()));
        }
        ++position_;
        break;
      }
      if (open_.back() == '{' && !key()) return problem_;
    } while (true);
  }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  char peek() const { return text_[position_]; }
  std::string_view kind() const { return open_.back() == '{' ? "Object" : "Array"; }

  void skip_space() {
    const std::size_t next = text_.find_first_not_of(kSpace, position_);
    position_ = next == std::string_view::npos ? text_.size() : next;
  }

  std::string end_of_input() const {
    if (open_.empty()) return "Unexpected end-of-input";
    return fmt::format("Unexpected end-of-input: expected close marker for {}", kind());
  }

  std::string unexpected(std::string_view expected) const {
    std::size_t offset = position_;
    const std::uint32_t code = asl::next_code_point(text_, offset);
    return fmt::format("Unexpected character ('{}' (code {})): was expecting {}",
                       text_.substr(position_, offset - position_), code, expected);
  }

  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  // Reads up to the end of a scalar, or into the first scalar of nested containers.
  bool value() {
    while (true) {
      skip_space();
      if (at_end()) return fail(end_of_input());
      const char c = peek();
      if (c == '{') {
        open_ += '{';
        ++position_;
        skip_space();
        if (!at_end() && peek() == '}') return true;
        if (!key()) return false;
        continue;
      }
      if (c == '[') {
        open_ += '[';
        ++position_;
        skip_space();
        if (!at_end() && peek() == ']') return true;
        continue;
      }
      if (c == '"') return string();
      if (c == '-' || (c >= '0' && c <= '9')) return number();
      return word();
    }
  }

  bool key() {
    skip_space();
    if (at_end()) return fail(end_of_input());
    if (peek() != '"') return fail(unexpected("double-quote to start field name"));
    if (!string()) return false;
    skip_space();
    if (at_end()) return fail(end_of_input());
    if (peek() != ':') return fail(unexpected("a colon to separate field name and value"));
    ++position_;
    return true;
  }

  bool string() {
    for (++position_; !at_end(); ++position_) {
      const auto c = static_cast<unsigned char>(peek());
      if (c == '"') {
        ++position_;
        return true;
      }
      if (c < 0x20) {
        return fail(
            fmt::format("Illegal unquoted character ((CTRL-CHAR, code {})): has to be escaped "
                        "using backslash to be included in string value",
                        c));
      }
      if (c != '\\') continue;
      if (++position_; at_end()) break;
      if (std::string_view("\"\\/bfnrtu").find(peek()) == std::string_view::npos) {
        return fail(fmt::format("Unrecognized character escape '{}' (code {})", peek(),
                                static_cast<unsigned>(static_cast<unsigned char>(peek()))));
      }
      if (peek() != 'u') continue;
      for (int digit = 0; digit < 4; ++digit) {
        if (++position_; at_end()) break;
        if (std::string_view("0123456789abcdefABCDEF").find(peek()) == std::string_view::npos) {
          return fail(unexpected("a hex-digit for character escape sequence"));
        }
      }
      if (at_end()) break;
    }
    return fail("Unexpected end-of-input: was expecting closing quote for a string value");
  }

  bool number() {
    const std::size_t start = position_;
    position_ = text_.find_first_not_of("+-.0123456789eE", position_);
    if (position_ == std::string_view::npos) position_ = text_.size();
    const std::string_view digits = text_.substr(start, position_ - start);
    if (asl::read_json(digits)) return true;
    if (digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') {
      return fail("Invalid numeric value: Leading zeroes not allowed");
    }
    return fail(fmt::format("Invalid numeric value: {}", digits));
  }

  bool word() {
    std::size_t end = position_;
    while (end < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[end]);
      const bool part = c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
      if (!part) break;
      ++end;
    }
    const std::string_view token = text_.substr(position_, end - position_);
    if (token.empty()) {
      return fail(
          unexpected("a valid value (JSON String, Number, Array, Object or token 'null', "
                     "'true' or 'false')"));
    }
    if (token == "null" || token == "true" || token == "false") {
      position_ = end;
      return true;
    }
    return fail(
        fmt::format("Unrecognized token '{}': was expecting (JSON String, Number, Array, "
                    "Object or token 'null', 'true' or 'false')",
                    token));
  }

  // One value was read. What follows it is read as a value too, and its complaint comes first.
  std::string trailing() {
    if (at_end()) return "Invalid JSON";  // the strict reader knows better: invalid UTF-8, depth
    if (!value()) return problem_;
    return "Unexpected content after the JSON value";
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::string open_;  // '{' and '[' that are open
  std::string problem_;
};

}  // namespace

std::optional<std::string> json_problem(std::string_view text, std::string_view empty_text) {
  if (text.find_first_not_of(kSpace) == std::string_view::npos) return std::string(empty_text);
  const Result<asl::Value> read = asl::read_json(text);
  if (read) return std::nullopt;
  if (read.error().code == ErrorCode::kLimit) return read.error().message;
  return Complaint(text).find();
}

}  // namespace pawl::service
