// Lexer, Pratt parser and processing of the tree, in the order of the reference's parser.js: the
// codes, positions and tokens of failures depend on that order.
#include "asl/jsonata/fault.h"
#include "asl/jsonata/node.h"
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

std::string_view node_type_name(NodeType type) {
  switch (type) {
    case NodeType::kEnd:
      return "(end)";
    case NodeType::kOperator:
      return "operator";
    case NodeType::kName:
      return "name";
    case NodeType::kVariable:
      return "variable";
    case NodeType::kString:
      return "string";
    case NodeType::kNumber:
      return "number";
    case NodeType::kValue:
      return "value";
    case NodeType::kRegex:
      return "regex";
    case NodeType::kBinary:
      return "binary";
    case NodeType::kArray:
    case NodeType::kObject:
    case NodeType::kNegate:
      return "unary";
    case NodeType::kFunction:
      return "function";
    case NodeType::kPartial:
      return "partial";
    case NodeType::kLambda:
      return "lambda";
    case NodeType::kCondition:
      return "condition";
    case NodeType::kTransform:
      return "transform";
    case NodeType::kBlock:
      return "block";
    case NodeType::kWildcard:
      return "wildcard";
    case NodeType::kDescendant:
      return "descendant";
    case NodeType::kParent:
      return "parent";
    case NodeType::kPath:
      return "path";
    case NodeType::kBind:
      return "bind";
    case NodeType::kApply:
      return "apply";
    case NodeType::kSort:
      return "sort";
  }
  return "";
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

// Left binding power in the parser; 0: not an infix operator.
int left_power(char op) {
  switch (op) {
    case '(':
    case '[':
    case '@':
    case '#':
      return 80;
    case '.':
      return 75;
    case '{':
      return 70;
    case '*':
    case '/':
    case '%':
      return 60;
    case '+':
    case '-':
    case '&':
      return 50;
    case '=':
    case '<':
    case '>':
    case '^':
    case 'N':
    case 'L':
    case 'G':
    case 'A':
    case 'E':
    case 'C':
    case 'i':
      return 40;
    case 'a':
      return 30;
    case 'o':
      return 25;
    case '?':
      return 20;
    case 'B':
      return 10;
    default:
      return 0;
  }
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

// ---------------------------------------------------------------------------------------------
// Lexer

class Lexer {
 public:
  Lexer(std::string_view text, Program& program) : source_(utf16_of(text)), program_(program) {}

  int length() const { return static_cast<int>(source_.size()); }

  // The next token, or nullptr at the end. `infix`: a slash divides.
  Node* next(bool infix) {
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

 private:
  char16_t at(std::size_t i) const { return i < source_.size() ? source_[i] : u'\0'; }

  Node* create(NodeType type, std::size_t position) {
    Node& node = program_.nodes.emplace_back();
    node.type = type;
    node.position = static_cast<int>(position);
    return &node;
  }

  std::string slice(std::size_t from, std::size_t to) const {
    return utf8_of(std::u16string_view(source_).substr(from, to - from));
  }

  void skip_blanks_and_comments() {
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
  Node* scan_operator() {
    const char16_t c = at(position_);
    const char16_t d = at(position_ + 1);
    if (c < 0x80 && d < 0x80) {
      const char pair[2] = {static_cast<char>(c), static_cast<char>(d)};
      const char code = operator_code(std::string_view(pair, 2));
      const bool newer = code == 'E' || code == 'C';
      if (code != 0 && code != 'i' && code != 'o' &&
          !(newer && program_.dialect == Dialect::kAws)) {
        position_ += 2;
        return make_operator(std::string(pair, 2));
      }
    }
    if (lexer_power(c) == kNoOperator) return nullptr;
    ++position_;
    return make_operator(std::string(1, static_cast<char>(c)));
  }

  Node* make_operator(std::string text) {
    Node* node = create(NodeType::kOperator, position_);
    node->op = operator_code(text);
    node->value = std::move(text);
    return node;
  }

  Node* scan_regex() {
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

  Node* scan_string() {
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

  char16_t escaped_character() {
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

  Node* scan_number() {
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

  Node* scan_quoted_name() {
    const std::size_t start = ++position_;
    const std::size_t end = source_.find(u'`', start);
    if (end == std::u16string::npos) fail_at("S0105", length());
    position_ = end + 1;
    Node* node = create(NodeType::kName, position_);
    node->value = slice(start, end);
    return node;
  }

  Node* scan_name() {
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

  std::u16string source_;
  Program& program_;
  std::size_t position_ = 0;
};

// ---------------------------------------------------------------------------------------------
// Parser: Pratt's method, as the reference

class Parser {
 public:
  Parser(std::string_view text, Program& program) : lexer_(text, program), program_(program) {
    stack_top_ = static_cast<const char*>(__builtin_frame_address(0));
  }

  void run() {
    advance();
    Node* tree = expression(0);
    if (node_->type != NodeType::kEnd) fail_at_node("S0201", node_);
    tree = process(tree);
    if (tree->type == NodeType::kParent || !tree->seeking.empty()) {
      fail_token("S0217", tree->position, node_type_name(tree->type));
    }
    program_.root = tree;
  }

 private:
  Node* make(NodeType type, int position) {
    Node& node = program_.nodes.emplace_back();
    node.type = type;
    node.position = position;
    return &node;
  }

  static bool is_literal(const Node* node) {
    return node->type == NodeType::kNumber || node->type == NodeType::kValue;
  }

  [[noreturn]] static void fail_at_node(std::string_view code, const Node* node) {
    Fault fault;
    fault.code = code;
    fault.position = node->position;
    fault.token = node->value;
    fault.has_token = true;
    fault.token_is_literal = is_literal(node);
    throw fault;
  }

  void check_stack() const {
    const std::ptrdiff_t used = stack_top_ - static_cast<const char*>(__builtin_frame_address(0));
    const auto size = static_cast<std::size_t>(used < 0 ? -used : used);
    const std::size_t limit =
        program_.dialect == Dialect::kAws ? kParseStackBytes : std::size_t{1} << 20;
    if (size > limit) {
      Fault fault;
      fault.code = "U1001";
      fault.position = node_ ? node_->position : 0;
      fault.message = "Stack overflow error: the expression is nested too deeply";
      throw fault;
    }
  }

  bool is_operator(char op) const { return node_->type == NodeType::kOperator && node_->op == op; }

  void advance(bool infix = false) {
    Node* next = lexer_.next(infix);
    if (next == nullptr) {
      next = make(NodeType::kEnd, lexer_.length());
      next->value = "(end)";
    } else if (next->type == NodeType::kOperator && (next->op == '!' || next->op == '~')) {
      fail_token("S0204", next->position, next->value);
    }
    node_ = next;
  }

  void expect(char op, bool infix = false) {
    if (!is_operator(op)) {
      Fault fault;
      fault.code = node_->type == NodeType::kEnd ? "S0203" : "S0202";
      fault.position = node_->position;
      fault.token = node_->value;
      fault.has_token = true;
      fault.token_is_literal = is_literal(node_);
      fault.value = Value::string(operator_text(op));
      throw fault;
    }
    advance(infix);
  }

  int power() const { return node_->type == NodeType::kOperator ? left_power(node_->op) : 0; }

  Node* expression(int right_power) {
    check_stack();
    Node* token = node_;
    advance(true);
    Node* left = prefix(token);
    while (right_power < power()) {
      token = node_;
      advance();
      left = infix(token, left);
    }
    return left;
  }

  Node* prefix(Node* token) {
    if (token->type != NodeType::kOperator) return token;
    switch (token->op) {
      case 'a':
      case 'o':
      case 'i':
        return token;
      case '-':
        token->lhs = expression(70);
        token->type = NodeType::kNegate;
        return token;
      case '*':
        token->type = NodeType::kWildcard;
        return token;
      case 'D':
        token->type = NodeType::kDescendant;
        return token;
      case '%':
        token->type = NodeType::kParent;
        return token;
      case '(':
        return block(token);
      case '[':
        return array(token);
      case '{':
        parse_pairs(token->pairs);
        token->type = NodeType::kObject;
        return token;
      case '|':
        return transform(token);
      default:
        fail_token("S0211", token->position, token->value);
    }
  }

  Node* infix(Node* token, Node* left) {
    switch (token->op) {
      case '(':
        return call(token, left);
      case '[':
        return predicate(token, left);
      case '^':
        return order_by(token, left);
      case '{':
        token->lhs = left;
        parse_pairs(token->pairs);
        token->type = NodeType::kBinary;
        return token;
      case 'B':
        if (left->type != NodeType::kVariable) fail_at_node("S0212", left);
        token->lhs = left;
        token->rhs = expression(9);
        token->type = NodeType::kBinary;
        return token;
      case '@':
      case '#':
        token->lhs = left;
        token->rhs = expression(80);
        if (token->rhs->type != NodeType::kVariable) {
          fail_token("S0214", token->rhs->position, token->value);
        }
        token->type = NodeType::kBinary;
        return token;
      case '?':
        token->lhs = left;
        token->rhs = expression(0);
        if (is_operator(':')) {
          expect(':');
          token->third = expression(0);
        }
        token->type = NodeType::kCondition;
        return token;
      case 'E':
        token->lhs = copy(left);
        token->rhs = left;
        token->third = expression(0);
        token->type = NodeType::kCondition;
        return token;
      case 'C': {
        Node* exists = make(NodeType::kFunction, -1);
        exists->lhs = make(NodeType::kVariable, -1);
        exists->lhs->value = "exists";
        exists->list.push_back(copy(left));
        token->lhs = exists;
        token->rhs = left;
        token->third = expression(0);
        token->type = NodeType::kCondition;
        return token;
      }
      default:
        token->lhs = left;
        token->rhs = expression(left_power(token->op));
        token->type = NodeType::kBinary;
        return token;
    }
  }

  // A deep copy of an unprocessed tree: `a ?: b` and `a ?? b` use their left side twice.
  Node* copy(const Node* from) {
    check_stack();
    if (from == nullptr) return nullptr;
    Node* to = make(from->type, from->position);
    to->keep_array = from->keep_array;
    to->op = from->op;
    to->value = from->value;
    to->literal = from->literal;
    to->signature = from->signature;
    to->regex = from->regex;
    to->lhs = copy(from->lhs);
    to->rhs = copy(from->rhs);
    to->third = copy(from->third);
    for (const Node* each : from->list) to->list.push_back(copy(each));
    for (const auto& [key, value] : from->pairs) to->pairs.emplace_back(copy(key), copy(value));
    for (const SortTerm& term : from->terms) {
      to->terms.push_back({term.descending, copy(term.expression)});
    }
    return to;
  }

  Node* call(Node* token, Node* left) {
    token->lhs = left;
    token->type = NodeType::kFunction;
    if (!is_operator(')')) {
      for (;;) {
        if (is_operator('?')) {
          token->type = NodeType::kPartial;
          token->list.push_back(node_);
          advance();
        } else {
          token->list.push_back(expression(0));
        }
        if (!is_operator(',')) break;
        expect(',');
      }
    }
    expect(')', true);
    if (left->type == NodeType::kName && (left->value == "function" || left->value == "\u03BB")) {
      lambda(token);
    }
    return token;
  }

  void lambda(Node* token) {
    for (std::size_t i = 0; i < token->list.size(); ++i) {
      const Node* argument = token->list[i];
      if (argument->type == NodeType::kVariable) continue;
      Fault fault;
      fault.code = "S0208";
      fault.position = argument->position;
      fault.token = argument->value;
      fault.has_token = true;
      fault.token_is_literal = is_literal(argument);
      fault.value = Value::integer(static_cast<std::int64_t>(i + 1));
      throw fault;
    }
    token->type = NodeType::kLambda;
    if (is_operator('<')) parse_lambda_signature(token);
    expect('{');
    token->lhs = expression(0);
    expect('}');
  }

  void parse_lambda_signature(Node* token) {
    const int start = node_->position;
    int depth = 1;
    std::string text = "<";
    while (depth > 0 && !is_operator('{') && node_->type != NodeType::kEnd) {
      advance();
      if (is_operator('>')) --depth;
      if (is_operator('<')) ++depth;
      text += node_->value;
    }
    expect('>');
    try {
      token->signature = parse_signature(text);
    } catch (Fault& fault) {
      fault.position += start;
      throw;
    }
  }

  Node* predicate(Node* token, Node* left) {
    if (is_operator(']')) {
      Node* step = left;
      while (step->type == NodeType::kBinary && step->op == '[') step = step->lhs;
      step->keep_array = true;
      expect(']');
      return left;
    }
    token->lhs = left;
    token->rhs = expression(0);
    token->type = NodeType::kBinary;
    expect(']', true);
    return token;
  }

  Node* order_by(Node* token, Node* left) {
    expect('(');
    for (;;) {
      SortTerm term;
      if (is_operator('<')) {
        expect('<');
      } else if (is_operator('>')) {
        term.descending = true;
        expect('>');
      }
      term.expression = expression(0);
      token->terms.push_back(term);
      if (!is_operator(',')) break;
      expect(',');
    }
    expect(')');
    token->lhs = left;
    token->type = NodeType::kBinary;
    return token;
  }

  Node* block(Node* token) {
    while (!is_operator(')')) {
      token->list.push_back(expression(0));
      if (!is_operator(';')) break;
      expect(';');
    }
    expect(')', true);
    token->type = NodeType::kBlock;
    return token;
  }

  Node* array(Node* token) {
    if (!is_operator(']')) {
      for (;;) {
        Node* item = expression(0);
        if (is_operator('R')) {
          Node* range = make(NodeType::kBinary, node_->position);
          range->value = "..";
          range->op = 'R';
          range->lhs = item;
          expect('R');
          range->rhs = expression(0);
          item = range;
        }
        token->list.push_back(item);
        if (!is_operator(',')) break;
        expect(',');
      }
    }
    expect(']', true);
    token->type = NodeType::kArray;
    return token;
  }

  void parse_pairs(Pairs& pairs) {
    if (!is_operator('}')) {
      for (;;) {
        Node* key = expression(0);
        expect(':');
        Node* value = expression(0);
        pairs.emplace_back(key, value);
        if (!is_operator(',')) break;
        expect(',');
      }
    }
    expect('}', true);
  }

  Node* transform(Node* token) {
    token->lhs = expression(0);
    expect('|');
    token->rhs = expression(0);
    if (is_operator(',')) {
      expect(',');
      token->third = expression(0);
    }
    expect('|');
    token->type = NodeType::kTransform;
    return token;
  }

  // -------------------------------------------------------------------------------------------
  // Processing: paths become lists of steps, `%` finds the step it stands for

  Slot* seek_parent(Node* node, Slot* slot) {
    switch (node->type) {
      case NodeType::kName:
      case NodeType::kWildcard:
        if (--slot->level == 0) {
          if (node->ancestor != nullptr) slot->label = node->ancestor->label;
          node->ancestor = slot;
          node->tuple = true;
        }
        break;
      case NodeType::kParent:
        ++slot->level;
        break;
      case NodeType::kBlock:
        if (!node->list.empty()) {
          node->tuple = true;
          slot = seek_parent(node->list.back(), slot);
        }
        break;
      case NodeType::kPath: {
        node->tuple = true;
        std::size_t index = node->list.size();
        slot = seek_parent(node->list[--index], slot);
        while (slot->level > 0 && index > 0) slot = seek_parent(node->list[--index], slot);
        break;
      }
      default:
        fail_token("S0217", node->position, node_type_name(node->type));
    }
    return slot;
  }

  static void push_ancestry(Node* result, const Node* value) {
    // A copy first: both may be one node's list.
    std::vector<Slot*> slots = value->seeking;
    if (value->type == NodeType::kParent) slots.push_back(value->slot);
    result->seeking.insert(result->seeking.end(), slots.begin(), slots.end());
  }

  void resolve_ancestry(Node* path) {
    std::vector<Node*>& steps = path->list;
    const Node* last = steps.back();
    std::vector<Slot*> slots = last->seeking;
    if (last->type == NodeType::kParent) slots.push_back(last->slot);
    for (Slot* slot : slots) {
      std::ptrdiff_t index = static_cast<std::ptrdiff_t>(steps.size()) - 2;
      while (slot->level > 0) {
        if (index < 0) {
          path->seeking.push_back(slot);
          break;
        }
        Node* step = steps[static_cast<std::size_t>(index--)];
        // Contiguous steps that bind the focus are one step to their parent.
        while (index >= 0 && !step->focus.empty() &&
               !steps[static_cast<std::size_t>(index)]->focus.empty()) {
          step = steps[static_cast<std::size_t>(index--)];
        }
        slot = seek_parent(step, slot);
      }
    }
  }

  Node* process(Node* node) {
    check_stack();
    Node* result = process_kind(node);
    if (node->keep_array) result->keep_array = true;
    return result;
  }

  Node* process_kind(Node* node) {
    switch (node->type) {
      case NodeType::kBinary:
        return process_binary(node);
      case NodeType::kArray:
        for (Node*& item : node->list) {
          item = process(item);
          push_ancestry(node, item);
        }
        return node;
      case NodeType::kObject:
        for (auto& [key, value] : node->pairs) {
          key = process(key);
          push_ancestry(node, key);
          value = process(value);
          push_ancestry(node, value);
        }
        return node;
      case NodeType::kNegate:
        return process_negate(node);
      case NodeType::kFunction:
      case NodeType::kPartial:
        for (Node*& argument : node->list) {
          argument = process(argument);
          push_ancestry(node, argument);
        }
        node->lhs = process(node->lhs);
        return node;
      case NodeType::kLambda:
        node->lhs = optimize_tail_call(process(node->lhs));
        return node;
      case NodeType::kCondition:
        node->lhs = process(node->lhs);
        push_ancestry(node, node->lhs);
        node->rhs = process(node->rhs);
        push_ancestry(node, node->rhs);
        if (node->third != nullptr) {
          node->third = process(node->third);
          push_ancestry(node, node->third);
        }
        return node;
      case NodeType::kTransform:
        node->lhs = process(node->lhs);
        node->rhs = process(node->rhs);
        if (node->third != nullptr) node->third = process(node->third);
        return node;
      case NodeType::kBlock:
        for (Node*& item : node->list) {
          item = process(item);
          push_ancestry(node, item);
          if (item->cons_array ||
              (item->type == NodeType::kPath && item->list.front()->cons_array)) {
            node->cons_array = true;
          }
        }
        return node;
      case NodeType::kName: {
        Node* path = make(NodeType::kPath, -1);
        path->list.push_back(node);
        if (node->keep_array) path->keep_singleton_array = true;
        return path;
      }
      case NodeType::kParent: {
        Slot& slot = program_.slots.emplace_back();
        slot.label = "!" + std::to_string(program_.slots.size() - 1);
        node->slot = &slot;
        return node;
      }
      case NodeType::kOperator:
        if (node->op == 'a' || node->op == 'o' || node->op == 'i') {
          node->type = NodeType::kName;
          return process(node);
        }
        if (node->op == '?') return node;
        fail_token("S0201", node->position, node->value);
      case NodeType::kEnd:
        fail_token("S0207", node->position, node->value);
      default:
        return node;
    }
  }

  Node* process_negate(Node* node) {
    node->lhs = process(node->lhs);
    if (node->lhs->type != NodeType::kNumber) {
      push_ancestry(node, node->lhs);
      return node;
    }
    Node* number = node->lhs;
    number->literal = number->literal.is_int() ? Value::integer(-number->literal.as_int())
                                               : Value::number(-number->literal.as_double());
    return number;
  }

  Node* process_binary(Node* node) {
    switch (node->op) {
      case '.':
        return process_dot(node);
      case '[':
        return process_predicate(node);
      case '{':
        return process_group(node);
      case '^':
        return process_sort(node);
      case '@':
        return process_focus(node);
      case '#':
        return process_index(node);
      case 'B':
        node->type = NodeType::kBind;
        node->lhs = process(node->lhs);
        node->rhs = process(node->rhs);
        push_ancestry(node, node->rhs);
        return node;
      case 'A':
        node->type = NodeType::kApply;
        node->lhs = process(node->lhs);
        node->rhs = process(node->rhs);
        if (node->lhs->keep_array || node->rhs->keep_array) node->keep_array = true;
        return node;
      default:
        node->lhs = process(node->lhs);
        node->rhs = process(node->rhs);
        push_ancestry(node, node->lhs);
        push_ancestry(node, node->rhs);
        return node;
    }
  }

  Node* process_dot(Node* node) {
    Node* left = process(node->lhs);
    Node* result = left;
    if (left->type != NodeType::kPath) {
      result = make(NodeType::kPath, -1);
      result->list.push_back(left);
    }
    if (left->type == NodeType::kParent) result->seeking = {left->slot};
    Node* rest = process(node->rhs);
    if (rest->type == NodeType::kPath) {
      result->list.insert(result->list.end(), rest->list.begin(), rest->list.end());
    } else {
      if (rest->predicate) {
        rest->stages = std::move(rest->predicate);
        rest->predicate.reset();
      }
      result->list.push_back(rest);
    }
    for (Node* step : result->list) {
      if (step->type == NodeType::kNumber || step->type == NodeType::kValue) {
        fail_value("S0213", step->literal, step->position);
      }
      if (step->type == NodeType::kString) step->type = NodeType::kName;
      if (step->keep_array) result->keep_singleton_array = true;
    }
    if (result->list.front()->type == NodeType::kArray) result->list.front()->cons_array = true;
    if (result->list.back()->type == NodeType::kArray) result->list.back()->cons_array = true;
    resolve_ancestry(result);
    return result;
  }

  Node* process_predicate(Node* node) {
    Node* result = process(node->lhs);
    Node* step = result;
    const bool in_path = result->type == NodeType::kPath;
    if (in_path) step = result->list.back();
    if (step->group) fail_at("S0209", node->position);
    std::optional<std::vector<Stage>>& stages = in_path ? step->stages : step->predicate;
    if (!stages) stages.emplace();
    Node* filter = process(node->rhs);
    if (!filter->seeking.empty()) {
      for (Slot* slot : filter->seeking) {
        if (slot->level == 1) {
          seek_parent(step, slot);
        } else {
          --slot->level;
        }
      }
      push_ancestry(step, filter);
    }
    stages->push_back({filter, {}, node->position});
    return result;
  }

  Node* process_group(Node* node) {
    Node* result = process(node->lhs);
    if (result->group) fail_at("S0210", node->position);
    auto group = std::make_unique<Group>();
    group->position = node->position;
    for (const auto& [key, value] : node->pairs) {
      Node* processed_key = process(key);
      group->pairs.emplace_back(processed_key, process(value));
    }
    result->group = std::move(group);
    return result;
  }

  Node* process_sort(Node* node) {
    Node* result = process(node->lhs);
    if (result->type != NodeType::kPath) {
      Node* path = make(NodeType::kPath, -1);
      path->list.push_back(result);
      result = path;
    }
    Node* sort = make(NodeType::kSort, node->position);
    for (const SortTerm& term : node->terms) {
      Node* expression = process(term.expression);
      push_ancestry(sort, expression);
      sort->terms.push_back({term.descending, expression});
    }
    result->list.push_back(sort);
    resolve_ancestry(result);
    return result;
  }

  Node* process_focus(Node* node) {
    Node* result = process(node->lhs);
    Node* step = result->type == NodeType::kPath ? result->list.back() : result;
    if (step->stages || step->predicate) fail_at("S0215", node->position);
    if (step->type == NodeType::kSort) fail_at("S0216", node->position);
    if (node->keep_array) step->keep_array = true;
    step->focus = node->rhs->value;
    step->tuple = true;
    return result;
  }

  Node* process_index(Node* node) {
    Node* result = process(node->lhs);
    Node* step = result;
    if (result->type == NodeType::kPath) {
      step = result->list.back();
    } else {
      result = make(NodeType::kPath, -1);
      result->list.push_back(step);
      if (step->predicate) {
        step->stages = std::move(step->predicate);
        step->predicate.reset();
      }
    }
    if (!step->stages) {
      step->index = node->rhs->value;
    } else {
      step->stages->push_back({nullptr, node->rhs->value, node->position});
    }
    step->tuple = true;
    return result;
  }

  // A call in tail position becomes a thunk that the caller's trampoline runs.
  Node* optimize_tail_call(Node* node) {
    if (node->type == NodeType::kFunction && !node->predicate) {
      Node* thunk = make(NodeType::kLambda, node->position);
      thunk->thunk = true;
      thunk->lhs = node;
      return thunk;
    }
    if (node->type == NodeType::kCondition) {
      node->rhs = optimize_tail_call(node->rhs);
      if (node->third != nullptr) node->third = optimize_tail_call(node->third);
    } else if (node->type == NodeType::kBlock && !node->list.empty()) {
      node->list.back() = optimize_tail_call(node->list.back());
    }
    return node;
  }

  Lexer lexer_;
  Program& program_;
  Node* node_ = nullptr;
  const char* stack_top_ = nullptr;
};

}  // namespace

std::shared_ptr<Program> parse_program(std::string_view text, Dialect dialect) {
  auto program = std::make_shared<Program>();
  program->dialect = dialect;
  Parser parser(text, *program);
  parser.run();
  return program;
}

}  // namespace pawl::asl::jsonata
