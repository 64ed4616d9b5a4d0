// Pratt's parser, in the order of the reference's parser.js: the codes, positions and tokens of
// failures depend on that order.
#include "asl/jsonata/fault.h"
#include "asl/jsonata/lexer.h"
#include "asl/jsonata/node.h"
#include "asl/jsonata/stack_bound.h"

namespace pawl::asl::jsonata {
namespace {

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

class Parser {
 public:
  Parser(std::string_view text, Program& program)
      : lexer_(text, program), program_(program), stack_(program.dialect) {}

  void run() {
    advance();
    Node* tree = expression(0);
    if (node_->type != NodeType::kEnd) fail_at_node("S0201", node_);
    process_tree(tree, program_);
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

  [[noreturn, gnu::noinline]] static void fail_at_node(std::string_view code, const Node* node) {
    Fault fault;
    fault.code = code;
    fault.position = node->position;
    fault.token = node->value;
    fault.has_token = true;
    fault.token_is_literal = is_literal(node);
    throw fault;
  }

  void check_stack() const { stack_.check(node_ != nullptr ? node_->position : 0); }

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
    if (!is_operator(op)) fail_expected(op);
    advance(infix);
  }

  [[noreturn, gnu::noinline]] void fail_expected(char op) const {
    Fault fault;
    fault.code = node_->type == NodeType::kEnd ? "S0203" : "S0202";
    fault.position = node_->position;
    fault.token = node_->value;
    fault.has_token = true;
    fault.token_is_literal = is_literal(node_);
    fault.value = Value::string(operator_text(op));
    throw fault;
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
    if (token->type != NodeType::kOperator) {
      // What $eval reads may bind as well.
      const bool eval = token->type == NodeType::kVariable && token->value == "eval";
      if (eval && program_.dialect == Dialect::kReference) ++bindings_;
      return token;
    }
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
        ++bindings_;
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
    to->own_frame = from->own_frame;
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

  [[gnu::noinline]] Node* call(Node* token, Node* left) {
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

  [[gnu::noinline]] void lambda(Node* token) {
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
    const int outside = bindings_;
    token->lhs = expression(0);
    bindings_ = outside;
    expect('}');
  }

  [[gnu::noinline]] void parse_lambda_signature(Node* token) {
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

  [[gnu::noinline]] Node* predicate(Node* token, Node* left) {
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

  [[gnu::noinline]] Node* order_by(Node* token, Node* left) {
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

  [[gnu::noinline]] Node* block(Node* token) {
    const int outside = bindings_;
    bindings_ = 0;
    while (!is_operator(')')) {
      token->list.push_back(expression(0));
      if (!is_operator(';')) break;
      expect(';');
    }
    token->own_frame = bindings_ > 0;
    bindings_ = outside;
    expect(')', true);
    token->type = NodeType::kBlock;
    return token;
  }

  [[gnu::noinline]] Node* array(Node* token) {
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

  [[gnu::noinline]] void parse_pairs(Pairs& pairs) {
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

  [[gnu::noinline]] Node* transform(Node* token) {
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

  Lexer lexer_;
  Program& program_;
  Node* node_ = nullptr;
  int bindings_ = 0;  // in the block that is being read
  StackBound stack_;
};

}  // namespace

std::shared_ptr<Program> parse_program(std::string_view text, Dialect dialect,
                                       const NameTable* base) {
  auto program = std::make_shared<Program>();
  program->dialect = dialect;
  program->names =
      base != nullptr ? std::make_shared<NameTable>(*base) : std::make_shared<NameTable>();
  Parser(text, *program).run();
  return program;
}

}  // namespace pawl::asl::jsonata
