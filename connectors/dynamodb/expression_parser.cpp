// Reading expressions: a lexer, and a parser for each kind, by recursive descent with a bound.
#include "connectors/dynamodb/expression.h"
#include "connectors/dynamodb/reserved_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace pawl::connectors::dynamodb {

using asl::Value;

namespace {

enum class TokenKind { kEnd, kName, kNameRef, kValueRef, kNumber, kSymbol };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  std::size_t at = 0;
};

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

bool equal_keyword(std::string_view a, std::string_view keyword) {
  return a.size() == keyword.size() &&
         std::equal(a.begin(), a.end(), keyword.begin(), [](char x, char y) {
           return (x >= 'a' && x <= 'z' ? static_cast<char>(x - 32) : x) == y;
         });
}

}  // namespace

class ExpressionParser {
 public:
  ExpressionParser(Expressions& expressions, std::string_view text, std::string_view what)
      : expressions_(expressions), text_(text), what_(what) {
    next();
  }

  bool failed() const { return failure_.has_value(); }
  Error take_failure() { return *std::move(failure_); }
  bool at_end() const { return token_.kind == TokenKind::kEnd; }

  // --- conditions ---

  // NOLINTNEXTLINE(misc-no-recursion): depth is counted
  Condition condition(int depth) {
    Condition left = conjunction(depth);
    while (!failed() && is_keyword("OR")) {
      next();
      left = joined(Condition::Kind::kOr, std::move(left), conjunction(depth));
    }
    return left;
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is counted
  Condition conjunction(int depth) {
    Condition left = negation(depth);
    while (!failed() && is_keyword("AND")) {
      next();
      left = joined(Condition::Kind::kAnd, std::move(left), negation(depth));
    }
    return left;
  }

  // NOLINTNEXTLINE(misc-no-recursion): depth is counted
  Condition negation(int depth) {
    if (depth > kConditionDepthMax) {
      fail("The expression contains too many nested operators");
      return {};
    }
    if (is_keyword("NOT")) {
      count_operator();
      next();
      Condition out;
      out.kind = Condition::Kind::kNot;
      out.conditions.push_back(negation(depth + 1));
      return out;
    }
    if (is_symbol("(")) {
      next();
      Condition inner = condition(depth + 1);
      expect(")");
      return inner;
    }
    return comparison();
  }

  Condition comparison() {
    if (token_.kind == TokenKind::kName && peek() == '(' && token_.text != "size") {
      return function();
    }
    Condition out;
    out.operands.push_back(operand());
    if (failed()) return out;
    count_operator();
    if (is_keyword("BETWEEN")) {
      out.kind = Condition::Kind::kBetween;
      next();
      out.operands.push_back(operand());
      if (!is_keyword("AND")) {
        syntax_error();
        return out;
      }
      next();
      out.operands.push_back(operand());
      return out;
    }
    if (is_keyword("IN")) {
      out.kind = Condition::Kind::kIn;
      next();
      expect("(");
      do {
        out.operands.push_back(operand());
      } while (!failed() && out.operands.size() <= 101 && accept(","));
      expect(")");
      return out;
    }
    out.kind = Condition::Kind::kCompare;
    for (const std::string_view symbol : {"=", "<>", "<=", "<", ">=", ">"}) {
      if (!is_symbol(symbol)) continue;
      out.name = symbol;
      next();
      out.operands.push_back(operand());
      return out;
    }
    syntax_error();
    return out;
  }

  Condition function() {
    constexpr std::pair<std::string_view, std::size_t> kFunctions[] = {{"attribute_exists", 1},
                                                                       {"attribute_not_exists", 1},
                                                                       {"attribute_type", 2},
                                                                       {"begins_with", 2},
                                                                       {"contains", 2}};
    Condition out;
    out.kind = Condition::Kind::kFunction;
    out.name = token_.text;
    count_operator();
    const auto* known = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                     [&](const auto& one) { return one.first == out.name; });
    if (known == std::end(kFunctions)) {
      fail(fmt::format("Invalid function name; function: {}", out.name));
      return out;
    }
    next();
    expect("(");
    do {
      out.operands.push_back(operand());
    } while (!failed() && out.operands.size() < 3 && accept(","));
    expect(")");
    if (!failed() && out.operands.size() != known->second) {
      fail(fmt::format(
          "Incorrect number of operands for operator or function; operator or function: "
          "{}, number of operands: {}",
          out.name, out.operands.size()));
    }
    return out;
  }

  // --- operands ---

  // NOLINTNEXTLINE(misc-no-recursion): functions nest once
  Operand operand(int depth = 0) {
    if (depth > 8) {
      fail("The expression contains too many nested operators");
      return {};
    }
    if (token_.kind == TokenKind::kValueRef) {
      Operand out{value()};
      return out;
    }
    if (token_.kind == TokenKind::kName && peek() == '(') {
      Call call;
      call.function = token_.text;
      if (call.function != "size" && call.function != "if_not_exists" &&
          call.function != "list_append") {
        fail(fmt::format("Invalid function name; function: {}", call.function));
        return {};
      }
      next();
      expect("(");
      do {
        call.arguments.push_back(operand(depth + 1));
      } while (!failed() && call.arguments.size() < 3 && accept(","));
      expect(")");
      const std::size_t wanted = call.function == "size" ? 1 : 2;
      if (!failed() && call.arguments.size() != wanted) {
        fail(
            fmt::format("Incorrect number of operands for operator or function; operator or "
                        "function: {}, number of operands: {}",
                        call.function, call.arguments.size()));
      }
      return {std::move(call)};
    }
    return {path()};
  }

  Path path() {
    Path out;
    for (;;) {
      if (token_.kind == TokenKind::kNameRef) {
        out.push_back({name_of_reference(), std::nullopt});
      } else if (token_.kind == TokenKind::kName) {
        if (is_reserved_word(token_.text)) {
          fail(fmt::format("Attribute name is a reserved keyword; reserved keyword: {}",
                           token_.text));
          return out;
        }
        out.push_back({token_.text, std::nullopt});
      } else {
        syntax_error();
        return out;
      }
      next();
      while (!failed() && is_symbol("[")) {
        next();
        std::size_t index = 0;
        const auto [rest, problem] =
            std::from_chars(token_.text.data(), token_.text.data() + token_.text.size(), index);
        if (token_.kind != TokenKind::kNumber || problem != std::errc()) {
          syntax_error();
          return out;
        }
        out.push_back({"", index});
        next();
        expect("]");
      }
      if (out.size() > 64) fail("The document path has too many nesting elements");
      if (failed() || !accept(".")) return out;
    }
  }

  // --- updates ---

  std::vector<UpdateAction> update() {
    std::vector<UpdateAction> actions;
    std::set<std::string> sections;
    while (!failed() && !at_end()) {
      const std::string section = token_.text;
      UpdateAction::Kind kind = UpdateAction::Kind::kSet;
      if (is_keyword("REMOVE")) {
        kind = UpdateAction::Kind::kRemove;
      } else if (is_keyword("ADD")) {
        kind = UpdateAction::Kind::kAdd;
      } else if (is_keyword("DELETE")) {
        kind = UpdateAction::Kind::kDelete;
      } else if (!is_keyword("SET")) {
        syntax_error();
        return actions;
      }
      std::string upper = section;
      std::transform(upper.begin(), upper.end(), upper.begin(),
                     [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
      if (!sections.insert(upper).second) {
        fail(fmt::format("The \"{}\" section can only be used once in an update expression;",
                         upper));
        return actions;
      }
      next();
      do {
        actions.push_back(action(kind));
      } while (!failed() && accept(","));
    }
    if (!failed() && actions.empty()) fail("The expression can not be empty;");
    std::vector<const Path*> paths;
    for (const UpdateAction& one : actions) paths.push_back(&one.path);
    refuse_overlaps(paths);
    return actions;
  }

  UpdateAction action(UpdateAction::Kind kind) {
    UpdateAction out;
    out.kind = kind;
    out.path = path();
    if (failed() || kind == UpdateAction::Kind::kRemove) return out;
    if (kind != UpdateAction::Kind::kSet) {
      if (token_.kind != TokenKind::kValueRef) {
        syntax_error();
        return out;
      }
      out.left = Operand{value()};
      return out;
    }
    expect("=");
    out.left = operand();
    if (failed() || (!is_symbol("+") && !is_symbol("-"))) return out;
    out.op = token_.text[0];
    count_operator();
    next();
    out.right = operand();
    return out;
  }

  std::vector<Path> projection() {
    std::vector<Path> paths;
    do {
      paths.push_back(path());
    } while (!failed() && accept(","));
    std::vector<const Path*> all;
    for (const Path& one : paths) all.push_back(&one);
    refuse_overlaps(all);
    return paths;
  }

  void expect_end() {
    if (!failed() && !at_end()) syntax_error();
  }

 private:
  static Condition joined(Condition::Kind kind, Condition left, Condition right) {
    if (left.kind == kind && !left.conditions.empty()) {
      left.conditions.push_back(std::move(right));
      return left;
    }
    Condition out;
    out.kind = kind;
    out.conditions.push_back(std::move(left));
    out.conditions.push_back(std::move(right));
    return out;
  }

  static std::string shown(const Path& path) {
    std::string text;
    for (const PathPart& part : path) {
      text += text.empty() ? "" : ", ";
      text += part.index ? fmt::format("[{}]", *part.index) : part.name;
    }
    return text;
  }

  // No path may be another one, or lead into it; and no value can be list and map at once.
  void refuse_overlaps(const std::vector<const Path*>& paths) {
    if (failed()) return;
    std::map<std::string, const Path*> ends;    // paths by all that they are
    std::map<std::string, const Path*> begins;  // by each of their beginnings
    for (const Path* one : paths) {
      std::string so_far;
      const Path* other = nullptr;
      bool conflict = false;
      for (std::size_t i = 0; i < one->size() && other == nullptr; ++i) {
        const PathPart& part = (*one)[i];
        // Below one value there are indexes or names.
        const std::string sibling = so_far + (part.index ? "." : "[");
        const std::string kind = so_far + (part.index ? "[" : ".");
        if (const auto clash = begins.find(sibling); clash != begins.end() && i > 0) {
          other = clash->second;
          conflict = true;
          break;
        }
        begins.emplace(kind, one);
        so_far = kind + (part.index ? std::to_string(*part.index) : escaped_name(part.name));
        const bool last = i + 1 == one->size();
        if (const auto end = ends.find(so_far); end != ends.end()) other = end->second;
        if (const auto longer = begins.find(so_far + "$"); last && longer != begins.end()) {
          other = longer->second;
        }
        if (!last) begins.emplace(so_far + "$", one);
      }
      if (other != nullptr) {
        return fail(
            fmt::format("Two document paths {} with each other; must remove or rewrite one "
                        "of these paths; path one: [{}], path two: [{}]",
                        conflict ? "conflict" : "overlap", shown(*other), shown(*one)));
      }
      ends.emplace(so_far, one);
    }
  }

  // So that no name looks like the end of another.
  static std::string escaped_name(std::string_view name) {
    return fmt::format("{}:{}", name.size(), name);
  }

  void count_operator() {
    if (++operators_ > kOperatorsMax) {
      fail(fmt::format("The expression contains too many operators; maximum operators: {}",
                       kOperatorsMax));
    }
  }

  Value value() {
    const std::string name = token_.text;
    const Value* found =
        expressions_.values_ == nullptr ? nullptr : expressions_.values_->find(name);
    if (found == nullptr) {
      fail(
          fmt::format("An expression attribute value used in expression is not defined; attribute "
                      "value: {}",
                      name));
      return {};
    }
    expressions_.used_values_.insert(name);
    next();
    return *found;
  }

  std::string name_of_reference() {
    const std::string name = token_.text;
    const Value* found = expressions_.names_ == nullptr ? nullptr : expressions_.names_->find(name);
    if (found == nullptr || !found->is_string()) {
      fail(
          fmt::format("An expression attribute name used in the document path is not defined; "
                      "attribute name: {}",
                      name));
      return {};
    }
    expressions_.used_names_.insert(name);
    return std::string(found->as_string());
  }

  bool is_keyword(std::string_view keyword) const {
    return token_.kind == TokenKind::kName && equal_keyword(token_.text, keyword);
  }
  bool is_symbol(std::string_view symbol) const {
    return token_.kind == TokenKind::kSymbol && token_.text == symbol;
  }
  bool accept(std::string_view symbol) {
    if (!is_symbol(symbol)) return false;
    next();
    return true;
  }
  void expect(std::string_view symbol) {
    if (!failed() && !accept(symbol)) syntax_error();
  }

  char peek() const {
    std::size_t at = at_;
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\n' || text_[at] == '\t')) ++at;
    return at < text_.size() ? text_[at] : '\0';
  }

  void next() {
    previous_ = token_;
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
    token_ = {};
    token_.at = at_;
    if (at_ >= text_.size()) return;
    const char c = text_[at_];
    const auto take_while = [&](auto accepts) {
      const std::size_t begin = at_++;
      while (at_ < text_.size() && accepts(text_[at_])) ++at_;
      token_.text = text_.substr(begin, at_ - begin);
    };
    if (is_name_start(c)) {
      token_.kind = TokenKind::kName;
      take_while(is_name_part);
    } else if (c == '#' || c == ':') {
      token_.kind = c == '#' ? TokenKind::kNameRef : TokenKind::kValueRef;
      take_while(is_name_part);
    } else if (is_digit(c)) {
      token_.kind = TokenKind::kNumber;
      take_while(is_digit);
    } else {
      token_.kind = TokenKind::kSymbol;
      const std::string_view two = text_.substr(at_, 2);
      const bool pair = two == "<>" || two == "<=" || two == ">=";
      token_.text = pair ? two : two.substr(0, 1);
      at_ += token_.text.size();
    }
  }

  void fail(std::string reason) {
    if (failure_) return;
    failure_ =
        Error{ErrorCode::kInvalid, fmt::format("Invalid {}: {}", what_, std::move(reason)), ""};
  }

  void syntax_error() {
    const std::size_t begin = previous_.kind == TokenKind::kEnd ? token_.at : previous_.at;
    fail(fmt::format("Syntax error; token: \"{}\", near: \"{}\"",
                     token_.kind == TokenKind::kEnd ? "<EOF>" : token_.text,
                     text_.substr(begin, at_ - begin)));
  }

  Expressions& expressions_;
  std::string_view text_;
  std::string_view what_;
  std::size_t at_ = 0;
  Token token_;
  Token previous_;
  std::size_t operators_ = 0;
  std::optional<Error> failure_;
};

namespace {

Status check_size(std::string_view text, std::string_view what) {
  if (text.empty()) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("Invalid {}: The expression can not be empty;", what), ""};
  }
  if (text.size() > kExpressionBytesMax) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("Invalid {}: Expression size has exceeded the maximum allowed size;", what),
        ""};
  }
  return {};
}

}  // namespace

Result<Condition> Expressions::condition(std::string_view text, std::string_view what) {
  if (Status checked = check_size(text, what); !checked) return std::move(checked).error();
  ExpressionParser parser(*this, text, what);
  Condition condition = parser.condition(0);
  parser.expect_end();
  if (parser.failed()) return parser.take_failure();
  return condition;
}

Result<std::vector<UpdateAction>> Expressions::update(std::string_view text) {
  constexpr std::string_view kWhat = "UpdateExpression";
  if (Status checked = check_size(text, kWhat); !checked) return std::move(checked).error();
  ExpressionParser parser(*this, text, kWhat);
  std::vector<UpdateAction> actions = parser.update();
  if (parser.failed()) return parser.take_failure();
  return actions;
}

Result<std::vector<Path>> Expressions::projection(std::string_view text) {
  constexpr std::string_view kWhat = "ProjectionExpression";
  if (Status checked = check_size(text, kWhat); !checked) return std::move(checked).error();
  ExpressionParser parser(*this, text, kWhat);
  std::vector<Path> paths = parser.projection();
  parser.expect_end();
  if (parser.failed()) return parser.take_failure();
  return paths;
}

Status Expressions::all_used() const {
  const auto unused = [](const Value* given, const std::set<std::string>& used,
                         std::string_view what) -> Status {
    if (given == nullptr || !given->is_object()) return {};
    std::string keys;
    for (const asl::Member& member : given->members()) {
      const std::string name(member.key.as_string());
      if (!used.contains(name)) keys += (keys.empty() ? "" : ", ") + name;
    }
    if (keys.empty()) return {};
    return Error{
        ErrorCode::kInvalid,
        fmt::format("Value provided in {} unused in expressions: keys: {{{}}}", what, keys), ""};
  };
  if (Status names = unused(names_, used_names_, "ExpressionAttributeNames"); !names) return names;
  return unused(values_, used_values_, "ExpressionAttributeValues");
}

}  // namespace pawl::connectors::dynamodb
