// Processing of the parsed tree: paths become lists of steps, predicates and groupings stages of
// their step, `%` finds the step it stands for, calls in tail position become thunks. At the end
// variables get numbers, and what evaluation wants to know of a node is noted down.
#include "asl/jsonata/fault.h"
#include "asl/jsonata/node.h"
#include "asl/jsonata/stack_bound.h"

#include <cmath>

namespace pawl::asl::jsonata {

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

class Processor {
 public:
  explicit Processor(Program& program) : program_(program), stack_(program.dialect) {}

  Node* run(Node* tree) {
    tree = process(tree);
    if (tree->type == NodeType::kParent || !tree->seeking.empty()) {
      fail_token("S0217", tree->position, node_type_name(tree->type));
    }
    return tree;
  }

 private:
  Node* make(NodeType type, int position) {
    Node& node = program_.nodes.emplace_back();
    node.type = type;
    node.position = position;
    return &node;
  }

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
    stack_.check(node->position);
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
    stages->push_back({filter, {}, node->position, {}});
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
      step->stages->push_back({nullptr, node->rhs->value, node->position, {}});
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

  Program& program_;
  StackBound stack_;
};

Value key_of(const std::string& text) { return text.empty() ? Value() : Value::string(text); }

// The number in `[2]`, if that is all there is; nullptr: not so.
const Node* lone_index(const std::vector<Stage>& stages) {
  const Node* filter = stages.size() == 1 ? stages[0].filter : nullptr;
  const bool constant = filter != nullptr && filter->type == NodeType::kNumber &&
                        !filter->predicate && !filter->stages && !filter->group;
  return constant ? filter : nullptr;
}

// Numbers for the variables, and notes that spare evaluation looking at several fields.
void prepare(Program& program) {
  NameTable& names = *program.names;
  const Dialect dialect = program.dialect;
  const auto bound = [&](const std::string& text) {
    if (!text.empty()) names.names[names.intern(text, dialect)].bound = true;
  };
  for (Slot& slot : program.slots) slot.key = key_of(slot.label);
  for (Node& node : program.nodes) {
    switch (node.type) {
      case NodeType::kVariable:
        node.name = names.intern(node.value, dialect);
        break;
      case NodeType::kTransform:
        names.intern("clone", dialect);
        break;
      case NodeType::kName:
        if (node.tuple || node.predicate || node.group || node.keep_array || !node.focus.empty()) {
          break;
        }
        node.plain_name = !node.stages;
        node.constant_index = node.stages ? lone_index(*node.stages) : nullptr;
        break;
      default:
        break;
    }
    bound(node.focus);
    bound(node.index);
    node.focus_key = key_of(node.focus);
    node.index_key = key_of(node.index);
    if (!node.stages) continue;
    for (Stage& stage : *node.stages) {
      bound(stage.index);
      stage.index_key = key_of(stage.index);
    }
  }
  for (const Node& node : program.nodes) {
    if (node.type == NodeType::kBind) bound(node.lhs->value);
    if (node.type != NodeType::kLambda || node.thunk) continue;
    for (const Node* parameter : node.list) bound(parameter->value);
  }
  names.dynamic = names.dynamic || (dialect == Dialect::kReference && names.find("eval"));
}

}  // namespace

NameId NameTable::intern(std::string_view text, Dialect dialect) {
  const auto [found, added] = ids.emplace(text, static_cast<NameId>(names.size()));
  if (added) names.push_back({std::string(text), find_builtin(text, dialect), false});
  return found->second;
}

std::optional<NameId> NameTable::find(std::string_view text) const {
  const auto found = ids.find(std::string(text));
  if (found == ids.end()) return std::nullopt;
  return found->second;
}

void process_tree(Node* tree, Program& program) {
  program.root = Processor(program).run(tree);
  prepare(program);
}

}  // namespace pawl::asl::jsonata
