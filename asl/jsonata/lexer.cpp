#include "asl/jsonata/lexer.h"

#include "asl/jsonata/fault.h"
#include "asl/jsonata/text.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace pawl::asl::jsonata {

namespace {

struct OperatorName {
  std::string_view text;
  char code;
};
constexpr OperatorName kOperators[] = {{"..", 'R'}, {":=", 'B'},  {"!=", 'N'}, {"<=", 'L'},
                                       {">=", 'G'}, {"**", 'D'},  {"~>", 'A'}, {"?:", 'E'},
                                       {"??", 'C'}, {"and", 'a'}, {"or", 'o'}, {"in", 'i'}};

}  // namespace

char operator_code(std::string_view text) {
  if (text.size() == 1) return text[0];
  for (const OperatorName& each : kOperators) {
    if (each.text == text) return each.code;
  }
  return 0;
}

std::string_view operator_text(char code) {
  for (const OperatorName& each : kOperators) {
    if (each.code == code) return each.text;
  }
  static constexpr std::string_view kSingle = ".[]{}(),@#;:?+-*/%|=<>^&!~";
  const std::size_t at = kSingle.find(code);
  return at == std::string_view::npos ? std::string_view() : kSingle.substr(at, 1);
}

namespace {

constexpr int kNoOperator = -1;

// Binding power of the operators as the lexer knows them; kNoOperator: no operator character.
int lexer_power(char16_t c) {
  if (c > 0x7F) return kNoOperator;
  constexpr std::string_view kCharacters = ".[]{}(),@#;:?+-*/%|=<>^&!~";
  return c != 0 && kCharacters.find(static_cast<char>(c)) != std::string_view::npos ? 1
                                                                                    : kNoOperator;
}

bool is_blank(char16_t c) {
  return c == u' ' || c == u'\t' || c == u'\n' || c == u'\r' || c == u'\v';
}

bool is_digit(char16_t c) { return c >= u'0' && c <= u'9'; }

int hex_digit(char16_t c) {
  if (is_digit(c)) return c - u'0';
  if (c >= u'a' && c <= u'f') return c - u'a' + 10;
  if (c >= u'A' && c <= u'F') return c - u'A' + 10;
  return -1;
}

}  // namespace

Lexer::Lexer(std::string_view text, Program& program)
    : source_(utf16_of(text)), program_(program) {}

Node* Lexer::next(bool infix) {
  skip_blanks_and_comments();
  if (position_ >= source_.size()) return nullptr;
  const char16_t c = at(position_);
  if (!infix && c == u'/') {
    ++position_;
    return scan_regex();
  }
  if (Node* node = scan_operator()) return node;
  if (c == u'"' || c == u'\'') return scan_string();
  if (Node* node = scan_number()) return node;
  if (c == u'`') return scan_quoted_name();
  return scan_name();
}

Node* Lexer::create(NodeType type, std::size_t position) {
  Node& node = program_.nodes.emplace_back();
  node.type = type;
  node.position = static_cast<int>(position);
  return &node;
}

std::string Lexer::slice(std::size_t from, std::size_t to) const {
  return utf8_of(std::u16string_view(source_).substr(from, to - from));
}

void Lexer::skip_blanks_and_comments() {
  for (;;) {
    while (position_ < source_.size() && is_blank(at(position_))) ++position_;
    if (at(position_) != u'/' || at(position_ + 1) != u'*') return;
    const std::size_t start = position_;
    position_ += 2;
    while (!(at(position_) == u'*' && at(position_ + 1) == u'/')) {
      if (++position_ >= source_.size()) fail_at("S0106", static_cast<int>(start));
    }
    position_ += 2;
  }
}

// Tokens carry the position behind them for operators, strings and names: the reference creates
// them after it has moved on.
Node* Lexer::scan_operator() {
  const char16_t c = at(position_);
  const char16_t d = at(position_ + 1);
  if (c < 0x80 && d < 0x80) {
    const char pair[2] = {static_cast<char>(c), static_cast<char>(d)};
    const char code = operator_code(std::string_view(pair, 2));
    const bool newer = code == 'E' || code == 'C';
    if (code != 0 && code != 'i' && code != 'o' && !(newer && program_.dialect == Dialect::kAws)) {
      position_ += 2;
      return make_operator(std::string(pair, 2));
    }
  }
  if (lexer_power(c) == kNoOperator) return nullptr;
  ++position_;
  return make_operator(std::string(1, static_cast<char>(c)));
}

Node* Lexer::make_operator(std::string text) {
  Node* node = create(NodeType::kOperator, position_);
  node->op = operator_code(text);
  node->value = std::move(text);
  return node;
}

Node* Lexer::scan_regex() {
  const std::size_t start = position_;
  int depth = 0;
  for (; position_ < source_.size(); ++position_) {
    const char16_t c = at(position_);
    if (c == u'/' && depth == 0) {
      std::size_t slashes = 0;
      while (position_ > slashes && at(position_ - (slashes + 1)) == u'\\') ++slashes;
      if (slashes % 2 == 0) {
        if (position_ == start) fail_at("S0301", static_cast<int>(position_));
        const std::string pattern = slice(start, position_);
        const std::size_t flags = ++position_;
        while (at(position_) == u'i' || at(position_) == u'm') ++position_;
        Node* node = create(NodeType::kRegex, position_);
        auto regex = std::make_shared<const Regex>(pattern, slice(flags, position_));
        if (!regex->ok()) {
          fail_value("S0303", Value::string(pattern), static_cast<int>(start));
        }
        node->value = pattern;
        node->regex = std::move(regex);
        return node;
      }
    }
    const bool escaped = position_ > 0 && at(position_ - 1) == u'\\';
    if ((c == u'(' || c == u'[' || c == u'{') && !escaped) ++depth;
    if ((c == u')' || c == u']' || c == u'}') && !escaped) --depth;
  }
  fail_at("S0302", static_cast<int>(position_));
}

Node* Lexer::scan_string() {
  const char16_t quote = at(position_++);
  std::u16string text;
  for (; position_ < source_.size(); ++position_) {
    char16_t c = at(position_);
    if (c == quote) {
      ++position_;
      Node* node = create(NodeType::kString, position_);
      node->value = utf8_of(text);
      node->literal = Value::string(node->value);
      return node;
    }
    if (c == u'\\') {
      ++position_;
      c = escaped_character();
    }
    text += c;
  }
  fail_at("S0101", static_cast<int>(position_));
}

char16_t Lexer::escaped_character() {
  const char16_t c = at(position_);
  switch (c) {
    case u'"':
    case u'\\':
    case u'/':
      return c;
    case u'b':
      return u'\b';
    case u'f':
      return u'\f';
    case u'n':
      return u'\n';
    case u'r':
      return u'\r';
    case u't':
      return u'\t';
    case u'u':
      break;
    default:
      fail_token("S0103", static_cast<int>(position_),
                 position_ < source_.size() ? slice(position_, position_ + 1) : std::string());
  }
  int code = 0;
  for (std::size_t i = 1; i <= 4; ++i) {
    const int digit = hex_digit(at(position_ + i));
    if (digit < 0) fail_at("S0104", static_cast<int>(position_));
    code = code * 16 + digit;
  }
  position_ += 4;
  return static_cast<char16_t>(code);
}

Node* Lexer::scan_number() {
  std::size_t end = position_;
  if (at(end) == u'0') {
    ++end;
  } else if (is_digit(at(end))) {
    while (is_digit(at(end))) ++end;
  } else {
    return nullptr;
  }
  bool integral = true;
  if (at(end) == u'.' && is_digit(at(end + 1))) {
    integral = false;
    ++end;
    while (is_digit(at(end))) ++end;
  }
  if (at(end) == u'e' || at(end) == u'E') {
    std::size_t digits = end + 1;
    if (at(digits) == u'+' || at(digits) == u'-') ++digits;
    if (is_digit(at(digits))) {
      integral = false;
      end = digits;
      while (is_digit(at(end))) ++end;
    }
  }
  const std::string text = slice(position_, end);
  const double number = std::strtod(text.c_str(), nullptr);
  if (!std::isfinite(number)) fail_token("S0102", static_cast<int>(position_), text);
  position_ = end;
  Node* node = create(NodeType::kNumber, position_);
  node->value = text;
  node->literal = Value::number(number);
  std::int64_t exact = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), exact);
  if (integral && read.ec == std::errc()) {
    if (program_.dialect == Dialect::kAws || exact <= (std::int64_t{1} << 53)) {
      node->literal = Value::integer(exact);
    }
  } else if (std::fabs(number) <= 9007199254740992.0 && number == std::floor(number)) {
    node->literal = Value::integer(static_cast<std::int64_t>(number));
  }
  return node;
}

Node* Lexer::scan_quoted_name() {
  const std::size_t start = ++position_;
  const std::size_t end = source_.find(u'`', start);
  if (end == std::u16string::npos) fail_at("S0105", length());
  position_ = end + 1;
  Node* node = create(NodeType::kName, position_);
  node->value = slice(start, end);
  return node;
}

Node* Lexer::scan_name() {
  const std::size_t start = position_;
  std::size_t end = start;
  while (end < source_.size() && !is_blank(at(end)) && lexer_power(at(end)) == kNoOperator) ++end;
  position_ = end;
  if (at(start) == u'$') {
    Node* node = create(NodeType::kVariable, position_);
    node->value = slice(start + 1, end);
    return node;
  }
  std::string name = slice(start, end);
  if (name == "or" || name == "in" || name == "and") return make_operator(std::move(name));
  Node* node = create(NodeType::kName, position_);
  if (name == "true" || name == "false" || name == "null") {
    node->type = NodeType::kValue;
    node->literal = name == "null" ? Value::null() : Value::boolean(name == "true");
  }
  node->value = std::move(name);
  return node;
}

}  // namespace pawl::asl::jsonata
