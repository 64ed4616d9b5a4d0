#include "asl/path/lenient_json.h"

#include "asl/json/reader.h"
#include "asl/path/java_text.h"

#include <string>
#include <utility>
#include <vector>

namespace pawl::asl::jsonpath {

namespace {

// A literal stands in a path by hand: this is far more than anybody writes, and little stack.
constexpr int kMaxLiteralDepth = 32;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<Value> read() {
    std::optional<Value> value = read_value("", 0);
    skip_spaces();
    // Text behind a whole value is let pass by the original as well.
    return value;
  }

 private:
  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  void skip_spaces() {
    while (!done() && is_space(text_[at_])) ++at_;
  }

  // `stops` ends a bare word.
  std::optional<Value> read_value(std::string_view stops, int depth) {
    if (depth > kMaxLiteralDepth) return std::nullopt;
    skip_spaces();
    switch (peek()) {
      case '\0':
        return std::nullopt;
      case '{':
        return read_object(depth);
      case '[':
        return read_array(depth);
      case '"':
      case '\'': {
        std::optional<std::string> text = read_string();
        if (!text) return std::nullopt;
        return Value::string(*text);
      }
      default:
        return read_word(stops);
    }
  }

  std::optional<Value> read_array(int depth) {
    ++at_;
    std::vector<Value> items;
    while (true) {
      skip_spaces();
      if (done()) return std::nullopt;
      if (peek() == ']') {
        ++at_;
        return Value::array(std::move(items));
      }
      if (peek() == ',') {
        ++at_;
        continue;
      }
      std::optional<Value> item = read_value(",]", depth + 1);
      if (!item) return std::nullopt;
      items.push_back(*std::move(item));
    }
  }

  std::optional<Value> read_object(int depth) {
    ++at_;
    std::vector<Member> members;
    while (true) {
      skip_spaces();
      if (done()) return std::nullopt;
      if (peek() == '}') {
        ++at_;
        return Value::object(std::move(members));
      }
      if (peek() == ',') {
        ++at_;
        continue;
      }
      std::optional<std::string> key;
      if (peek() == '"' || peek() == '\'') {
        key = read_string();
      } else {
        key = std::string(read_bare(":"));
      }
      if (!key) return std::nullopt;
      skip_spaces();
      if (peek() != ':') return std::nullopt;
      ++at_;
      std::optional<Value> value = read_value(",}", depth + 1);
      if (!value) return std::nullopt;
      members.push_back({Value::string(*key), *std::move(value)});
    }
  }

  // Leading zeros mean nothing, and digits may lack behind the point.
  static std::string strict_number(std::string_view word) {
    std::string out;
    if (word.front() == '-') out = word.front();
    word.remove_prefix(out.size());
    while (word.size() > 1 && word[0] == '0' && word[1] >= '0' && word[1] <= '9') {
      word.remove_prefix(1);
    }
    out += word;
    if (out.back() == '.') out += '0';
    return out;
  }

  std::string_view read_bare(std::string_view stops) {
    const std::size_t begin = at_;
    while (!done() && stops.find(text_[at_]) == std::string_view::npos) ++at_;
    std::string_view word = text_.substr(begin, at_ - begin);
    while (!word.empty() && is_space(word.back())) word.remove_suffix(1);
    return word;
  }

  std::optional<Value> read_word(std::string_view stops) {
    const std::string_view word = read_bare(stops);
    if (word == "null") return Value::null();
    if (word == "true") return Value::boolean(true);
    if (word == "false") return Value::boolean(false);
    if (!word.empty() && (word[0] == '-' || (word[0] >= '0' && word[0] <= '9'))) {
      if (Result<Value> number = read_json(strict_number(word))) return *number;
    }
    return Value::string(word);
  }

  std::optional<std::string> read_string() {
    const char quote = text_[at_++];
    std::string out;
    while (!done()) {
      const char c = text_[at_++];
      if (c == quote) return out;
      if (c != '\\') {
        out.push_back(c);
        continue;
      }
      if (done()) return std::nullopt;
      const char escape = text_[at_++];
      switch (escape) {
        case 't':
          out.push_back('\t');
          break;
        case 'n':
          out.push_back('\n');
          break;
        case 'r':
          out.push_back('\r');
          break;
        case 'f':
          out.push_back('\f');
          break;
        case 'b':
          out.push_back('\b');
          break;
        case 'u': {
          std::optional<char32_t> unit = read_hex();
          if (!unit) return std::nullopt;
          if (*unit >= 0xD800 && *unit < 0xDC00 && text_.substr(at_, 2) == "\\u") {
            at_ += 2;
            const std::optional<char32_t> low = read_hex();
            if (!low) return std::nullopt;
            if (*low >= 0xDC00 && *low < 0xE000) {
              unit = 0x10000 + ((*unit - 0xD800) << 10U) + (*low - 0xDC00);
            } else {
              append_utf8(*unit, out);
              unit = low;
            }
          }
          append_utf8(*unit, out);
          break;
        }
        default:
          out.push_back(escape);
      }
    }
    return std::nullopt;
  }

  std::optional<char32_t> read_hex() {
    if (text_.size() - at_ < 4) return std::nullopt;
    char32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = text_[at_++];
      const bool digit = c >= '0' && c <= '9';
      const bool lower = c >= 'a' && c <= 'f';
      const bool upper = c >= 'A' && c <= 'F';
      if (!digit && !lower && !upper) return std::nullopt;
      value =
          value * 16 + static_cast<char32_t>(digit ? c - '0' : (lower ? c - 'a' : c - 'A') + 10);
    }
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Value> read_lenient_json(std::string_view text) { return Reader(text).read(); }

}  // namespace pawl::asl::jsonpath
