// The tree of an expression after parsing and processing. Internal to asl/jsonata, and for
// analyses that look at expressions without evaluating them.
#pragma once

#include "asl/json/value.h"
#include "asl/jsonata/builtins.h"
#include "asl/jsonata/frame.h"
#include "asl/jsonata/jsonata.h"
#include "asl/jsonata/regex.h"
#include "asl/jsonata/signature.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pawl::asl::jsonata {

enum class NodeType : std::uint8_t {
  kEnd,
  kOperator,  // a bare operator token: `?` of a partial application, or a mistake
  kName,
  kVariable,
  kString,
  kNumber,
  kValue,  // true, false, null
  kRegex,
  kBinary,
  kArray,
  kObject,
  kNegate,
  kFunction,
  kPartial,
  kLambda,
  kCondition,
  kTransform,
  kBlock,
  kWildcard,
  kDescendant,
  kParent,
  kPath,
  kBind,
  kApply,
  kSort,
};

// The ancestor that one `%` stands for: bound under `label` by the step `level` steps back.
struct Slot {
  std::string label;
  int level = 1;
  Value key;  // the label as a tuple's key
};

struct Node;

struct Stage {
  Node* filter = nullptr;  // nullptr: an index binding
  std::string index;
  int position = 0;
  Value index_key;  // `index` as a tuple's key
};

struct SortTerm {
  bool descending = false;
  Node* expression = nullptr;
};

using Pairs = std::vector<std::pair<Node*, Node*>>;

struct Group {
  Pairs pairs;
  int position = 0;
};

struct Node {
  NodeType type = NodeType::kEnd;
  bool keep_array = false;
  bool keep_singleton_array = false;
  bool cons_array = false;
  bool tuple = false;
  bool thunk = false;
  bool own_frame = false;                // kBlock: something in it is bound
  bool plain_name = false;               // kName: nothing but a name, see evaluate_name_step
  const Node* constant_index = nullptr;  // kName: a name and one item of what it leads to, `a[2]`
  char op = 0;                           // kBinary: the operator's code, see operator_code()
  int position = -1;
  NameId name = 0;                 // kVariable
  mutable std::uint32_t hint = 0;  // kName: where in an object it was found last
  std::string value;               // name, variable, string, operator
  Value literal;                   // kString, kNumber, kValue
  Node* lhs = nullptr;             // also: operand of kNegate, condition, pattern, procedure, body
  Node* rhs = nullptr;             // also: then, update
  Node* third = nullptr;           // also: else, delete
  std::vector<Node*> list;         // steps, arguments, expressions
  Pairs pairs;                     // kObject
  std::vector<SortTerm> terms;
  std::optional<std::vector<Stage>> predicate;
  std::optional<std::vector<Stage>> stages;
  std::unique_ptr<Group> group;
  std::string focus;
  std::string index;
  Value focus_key;  // as keys of a tuple
  Value index_key;
  Slot* ancestor = nullptr;
  Slot* slot = nullptr;  // kParent
  std::vector<Slot*> seeking;
  std::shared_ptr<const Signature> signature;
  std::shared_ptr<const Regex> regex;
};

// One character per operator: itself, or a letter for those of two.
char operator_code(std::string_view text);
std::string_view operator_text(char code);
std::string_view node_type_name(NodeType type);

// The names of variables in an expression, as numbers.
struct NameTable {
  struct Name {
    std::string text;
    const Builtin* builtin = nullptr;  // the function of that name in the dialect
    bool bound = false;                // somewhere in the expression: frames may have it
  };

  std::vector<Name> names;
  std::unordered_map<std::string, NameId> ids;
  bool dynamic = false;  // $eval may bind any name anywhere

  NameId intern(std::string_view text, Dialect dialect);
  std::optional<NameId> find(std::string_view text) const;
};

struct Program {
  Dialect dialect = Dialect::kAws;
  std::shared_ptr<NameTable> names;
  std::deque<Node> nodes;
  std::deque<Slot> slots;
  Node* root = nullptr;
};

// Throws Fault. Names are numbered on from `base`, if it is given.
std::shared_ptr<Program> parse_program(std::string_view text, Dialect dialect,
                                       const NameTable* base = nullptr);
// Turns what the parser read into what is evaluated. Throws Fault.
void process_tree(Node* tree, Program& program);

}  // namespace pawl::asl::jsonata
