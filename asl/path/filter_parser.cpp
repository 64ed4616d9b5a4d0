// The grammar of filters:
//
//   or         = and { "||" and }
//   and        = operand { "&&" operand }
//   operand    = "!" operand | "(" or ")" | relation        ("!" before a path belongs to the path)
//   relation   = value [ operator value ]                   (a lone path asks whether it exists)
//   value      = path | string | number | true | false | null | json | /regex/flags | word
//                                                    (words only where the context allows them)
//
// Two kinds of failure are told apart: kInvalid is what Jayway itself reports, and makes `@.a op x`
// fall back to a lone path; anything else (a bad number, the end of the text) fails the filter.
#include "asl/path/cursor.h"
#include "asl/path/escape.h"
#include "asl/path/lenient_json.h"
#include "asl/path/parser.h"
#include "asl/path/regex.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <utility>

namespace pawl::asl::jsonpath {

namespace {

struct OperatorName {
  std::string_view text;
  Operator op;
};
constexpr std::array<OperatorName, 21> kOperators = {{
    {">=", Operator::kGreaterEqual},
    {"<=", Operator::kLessEqual},
    {"==", Operator::kEqual},
    {"===", Operator::kSameEqual},
    {"!=", Operator::kNotEqual},
    {"!==", Operator::kSameNotEqual},
    {"<", Operator::kLess},
    {">", Operator::kGreater},
    {"=~", Operator::kRegex},
    {"NIN", Operator::kNotIn},
    {"IN", Operator::kIn},
    {"CONTAINS", Operator::kContains},
    {"ALL", Operator::kAll},
    {"SIZE", Operator::kSize},
    {"EXISTS", Operator::kExists},
    {"TYPE", Operator::kType},
    {"MATCHES", Operator::kMatches},
    {"EMPTY", Operator::kEmpty},
    {"SUBSETOF", Operator::kSubsetOf},
    {"ANYOF", Operator::kAnyOf},
    {"NONEOF", Operator::kNoneOf},
}};

// The whole character that the byte at `at` belongs to.
std::string_view character_at(std::string_view text, std::size_t at) {
  const auto continues = [text](std::size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
  };
  while (at > 0 && continues(at)) --at;
  std::size_t end = at + 1;
  while (continues(end)) ++end;
  return text.substr(at, end - at);
}

bool is_operator_char(char c) { return c == '<' || c == '>' || c == '=' || c == '~' || c == '!'; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_number_char(char c) { return is_digit(c) || c == '-' || c == '.' || c == 'E' || c == 'e'; }

class FilterParser {
 public:
  FilterParser(std::string_view text, const ParseContext& context)
      : filter_(text), context_(context) {}

  Result<Expression> parse() {
    Expression result;
    if (!read_frame() || !read_or(result, context_.filter_nesting)) return failure();
    filter_.skip_blanks();
    if (filter_.in_bounds()) {
      invalid("Expected end of filter expression instead of: " +
              std::string(filter_.slice(filter_.position(), filter_.end())));
      return failure();
    }
    return result;
  }

 private:
  // --- failures: every reader returns false after noting one ---
  //
  // What recurses (read_chain, read_operand) calls the rest without inlining it: parsing may happen
  // on a fiber, whose stack is small.

  [[gnu::noinline]] bool invalid(std::string message) {
    error_ = {ErrorCode::kInvalid, std::move(message), ""};
    return false;
  }
  bool broken() {
    error_ = {ErrorCode::kEvaluation, "", ""};
    return false;
  }
  [[gnu::noinline]] bool too_deep() {
    error_ = {ErrorCode::kLimit,
              "A filter nests deeper than " + std::to_string(kMaxFilterNesting) + " levels.", ""};
    return false;
  }
  Error failure() {
    if (error_.code == ErrorCode::kEvaluation) {
      error_.code = ErrorCode::kInvalid;
      const std::size_t at = filter_.position();
      if (at < filter_.text().size()) {
        error_.message = "Failed to parse filter: " + std::string(filter_.text()) +
                         ", error on position: " + std::to_string(at) +
                         ", char: " + std::string(character_at(filter_.text(), at));
      } else {
        error_.message = "java.lang.StringIndexOutOfBoundsException: String index out of range: " +
                         std::to_string(at);
      }
    }
    error_.where = "offset " + std::to_string(filter_.position()) + " of the filter";
    return std::move(error_);
  }

  // The current character, blanks skipped; false past the end of the text.
  bool peek(char& c) {
    c = filter_.skip_blanks().current();
    if (filter_.overrun()) {
      filter_.clear_overrun();
      return broken();
    }
    return true;
  }
  bool peek_here(char& c) {
    c = filter_.current();
    if (filter_.overrun()) {
      filter_.clear_overrun();
      return broken();
    }
    return true;
  }

  // --- [ ? ( ... ) ] ---

  bool read_frame() {
    const std::string text(filter_.text());
    filter_.trim();
    if (!filter_.current_is('[') || !filter_.last_is(']')) {
      return invalid("Filter must start with '[' and end with ']'. " + text);
    }
    filter_.advance();
    filter_.drop_last();
    filter_.trim();
    if (!filter_.current_is('?')) {
      return invalid("Filter must start with '[?' and end with ']'. " + text);
    }
    filter_.advance();
    filter_.trim();
    if (!filter_.current_is('(') || !filter_.last_is(')')) {
      return invalid("Filter must start with '[?(' and end with ')]'. " + text);
    }
    return true;
  }

  // --- logic ---

  bool read_or(Expression& out, int depth) {
    return read_chain(out, depth, "||", Expression::Kind::kOr);
  }

  bool read_chain(Expression& out, int depth, std::string_view separator, Expression::Kind kind) {
    if (depth > kMaxFilterNesting) return too_deep();
    std::vector<Expression> terms(1);
    const auto read_term = [&](Expression& term) {
      return kind == Expression::Kind::kOr ? read_chain(term, depth, "&&", Expression::Kind::kAnd)
                                           : read_operand(term, depth);
    };
    if (!read_term(terms.back())) return false;
    while (true) {
      const std::size_t before = filter_.position();
      if (!accept(separator)) {
        filter_.set_position(before);
        break;
      }
      if (!read_term(terms.emplace_back())) return false;
    }
    if (terms.size() == 1) {
      out = std::move(terms.front());
    } else {
      out.kind = kind;
      out.terms = std::move(terms);
    }
    return true;
  }

  bool accept(std::string_view token) {
    filter_.skip_blanks();
    const std::size_t at = filter_.position();
    if (!filter_.in_bounds(at + token.size() - 1)) return false;
    if (filter_.slice(at, at + token.size()) != token) return false;
    filter_.advance(token.size());
    return true;
  }

  bool read_operand(Expression& out, int depth) {
    if (depth > kMaxFilterNesting) return too_deep();
    depth_ = depth;
    char c = 0;
    if (!peek(c)) return false;
    const std::size_t before = filter_.position();
    if (c == '!') {
      filter_.advance();
      if (!peek(c)) return false;
      if (c != '$' && c != '@') {
        out.kind = Expression::Kind::kNot;
        return read_operand(out.terms.emplace_back(), depth + 1);
      }
      filter_.set_position(before);
      c = '!';
    }
    if (c == '(') {
      filter_.advance();
      if (!read_or(out, depth + 1) || !peek(c)) return false;
      if (c != ')') return invalid("Expected character: )");
      filter_.advance();
      return true;
    }
    return read_relation(out);
  }

  [[gnu::noinline]] bool read_relation(Expression& out) {
    if (!read_value(out.left)) return false;
    const std::size_t before = filter_.position();
    if (read_operator(out.op) && read_value(out.right)) return true;
    if (error_.code != ErrorCode::kInvalid) return false;
    filter_.set_position(before);
    if (out.left.kind != OperandKind::kPath) return invalid("Expected path node");
    out.lone = true;
    return true;
  }

  bool read_operator(Operator& op) {
    char c = 0;
    if (!peek(c)) return false;
    const std::size_t begin = filter_.position();
    if (is_operator_char(c)) {
      while (filter_.in_bounds() && is_operator_char(filter_.current())) filter_.advance();
    } else {
      while (filter_.in_bounds() && !filter_.current_is(' ')) filter_.advance();
    }
    const std::string_view written = filter_.slice(begin, filter_.position());
    std::string text(written);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
    for (const OperatorName& name : kOperators) {
      if (name.text == text) {
        op = name.op;
        return true;
      }
    }
    return invalid("Filter operator " + std::string(written) + " is not supported!");
  }

  // --- values ---

  bool read_value(Operand& out) {
    char c = 0;
    if (!peek(c)) return false;
    if (c == '$' || c == '@') return read_path(out);
    if (c == '!') {
      filter_.advance();
      if (!peek(c)) return false;
      if (c == '$' || c == '@') return read_path(out);
      return invalid("Unexpected character: !");
    }
    return read_literal(out, c);
  }

  [[gnu::noinline]] bool read_literal(Operand& out, char first) {
    if (context_.service && read_bare_word(out)) return true;
    switch (first) {
      case '\'':
      case '"':
        return read_string(out, first);
      case 't':
      case 'f':
        return read_boolean(out, first);
      case 'n':
        if (!filter_.in_bounds(filter_.position() + 3) ||
            filter_.slice(filter_.position(), filter_.position() + 4) != "null") {
          return invalid("Expected <null> value");
        }
        filter_.advance(4);
        out.kind = OperandKind::kNull;
        out.value = Value::null();
        return true;
      case '{':
      case '[':
        return read_json_literal(out, first);
      case '/':
        return read_pattern(out);
      default:
        return read_number(out);
    }
  }

  bool read_string(Operand& out, char quote) {
    const std::size_t begin = filter_.position();
    const std::size_t end = filter_.index_of_unescaped(begin, quote);
    if (end == Cursor::kNone) {
      return invalid(std::string("String literal does not have matching quotes. Expected ") +
                     quote + " in " + std::string(filter_.text()));
    }
    filter_.set_position(end + 1);
    const std::optional<std::string> text = unescape(filter_.slice(begin + 1, end));
    if (!text) return broken();
    out.kind = OperandKind::kString;
    out.value = Value::string(*text);
    return true;
  }

  // Letters, digits and _ that are no literal of their own.
  bool read_bare_word(Operand& out) {
    const auto is_letter = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const std::size_t begin = filter_.position();
    std::size_t end = begin;
    while (filter_.in_bounds(end) && (is_letter(filter_.at(end)) || is_digit(filter_.at(end)))) {
      ++end;
    }
    const std::string_view word = filter_.slice(begin, end);
    if (word.empty() || !is_letter(word[0])) return false;
    if (word == "true" || word == "false" || word == "null") return false;
    filter_.set_position(end);
    out.kind = OperandKind::kString;
    out.value = Value::string(word);
    return true;
  }

  bool read_boolean(Operand& out, char first) {
    const std::size_t size = first == 't' ? 4 : 5;
    const std::size_t begin = filter_.position();
    const std::string_view word = filter_.slice(begin, begin + size);
    if (!filter_.in_bounds(begin + size - 1) || (word != "true" && word != "false")) {
      return invalid("Expected boolean literal");
    }
    filter_.advance(size);
    out.kind = OperandKind::kBool;
    out.value = Value::boolean(first == 't');
    return true;
  }

  bool read_json_literal(Operand& out, char open) {
    const std::size_t begin = filter_.position();
    std::string problem;
    const std::size_t end =
        filter_.index_of_closing(begin, open, open == '[' ? ']' : '}', false, problem);
    if (!problem.empty()) return invalid(std::move(problem));
    if (end == Cursor::kNone) {
      return invalid("String not closed. Expected ' in " + std::string(filter_.text()));
    }
    filter_.set_position(end + 1);
    out.kind = OperandKind::kJson;
    out.text = std::string(filter_.slice(begin, end + 1));
    out.value = read_lenient_json(out.text).value_or(Value());
    return true;
  }

  bool read_pattern(Operand& out) {
    const std::size_t begin = filter_.position();
    std::size_t end = filter_.index_of_unescaped(begin, '/');
    if (end == Cursor::kNone) {
      return invalid("Pattern not closed. Expected / in " + std::string(filter_.text()));
    }
    ++end;
    while (filter_.in_bounds(end) && kRegexFlags.find(filter_.at(end)) != std::string_view::npos)
      ++end;
    filter_.set_position(end);
    out.kind = OperandKind::kPattern;
    out.pattern = compile_regex(filter_.slice(begin, end));
    return out.pattern != nullptr || broken();
  }

  bool read_number(Operand& out) {
    const std::size_t begin = filter_.position();
    while (filter_.in_bounds() && is_number_char(filter_.current())) filter_.advance();
    const std::string_view text = filter_.slice(begin, filter_.position());
    out.decimal = Decimal::parse(text);
    if (!out.decimal) return broken();
    out.kind = OperandKind::kNumber;
    // Kept as a plain number too where that is the same number: comparisons are quicker then.
    if (std::optional<Value> value = read_lenient_json(text);
        value && value->is_number() && Decimal::of(*value).compare(*out.decimal) == 0) {
      out.value = *std::move(value);
    }
    return true;
  }

  // A path ends at a blank, an operator, or a parenthesis that closes no function call.
  [[gnu::noinline]] bool read_path(Operand& out) {
    const std::size_t before = filter_.index_of_previous_significant(filter_.position());
    const bool negated = before != Cursor::kNone && filter_.at(before) == '!';
    const std::size_t begin = filter_.position();
    filter_.advance();
    while (filter_.in_bounds()) {
      char c = filter_.current();
      if (c == '[') {
        std::string problem;
        const std::size_t end =
            filter_.index_of_closing(filter_.position(), '[', ']', false, problem);
        if (!problem.empty()) return invalid(std::move(problem));
        if (end == Cursor::kNone) {
          return invalid("Square brackets does not match in filter " + std::string(filter_.text()));
        }
        filter_.set_position(end + 1);
        if (!peek_here(c)) return false;
      }
      if (c == ')' && !closes_function(begin)) break;
      if (!filter_.in_bounds() || is_operator_char(c) || c == ' ') break;
      filter_.advance();
    }
    ParseContext context = context_;
    ++context.nesting;
    context.filter_nesting = depth_;
    Result<CompiledPath> path = parse_path(filter_.slice(begin, filter_.position()), context);
    if (!path) {
      error_ = std::move(path).error();
      return false;
    }
    out.kind = OperandKind::kPath;
    out.path = std::make_shared<const CompiledPath>(*std::move(path));
    out.should_exist = !negated;
    return true;
  }

  // Is the parenthesis at the cursor the end of `.name()`? Calls with parameters are not seen.
  bool closes_function(std::size_t begin) {
    std::size_t at = filter_.index_of_previous_significant(filter_.position());
    if (at == Cursor::kNone || filter_.at(at) != '(') return false;
    for (--at; at > begin; --at) {
      if (filter_.at(at) == '.') return true;
    }
    return false;
  }

  Cursor filter_;
  ParseContext context_;
  int depth_ = 0;  // of the operand that is being read
  Error error_;
};

}  // namespace

Result<Expression> parse_filter(std::string_view text, const ParseContext& context) {
  return FilterParser(text, context).parse();
}

}  // namespace pawl::asl::jsonpath
