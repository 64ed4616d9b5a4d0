#include "asl/jsonata/analysis.h"

#include "asl/jsonata/builtins.h"
#include "asl/jsonata/node.h"

#include <algorithm>

namespace pawl::asl::jsonata {
namespace {

class Walk {
 public:
  explicit Walk(Dialect dialect) : dialect_(dialect) {}

  // `context`: there is a context item where `node` is evaluated.
  void of(const Node* node, bool context) {
    if (node == nullptr) return;
    switch (node->type) {
      case NodeType::kName:
        if (!context) refuse(node->value, node->position);
        break;
      case NodeType::kVariable:
        variable(*node, context);
        break;
      case NodeType::kPath:
        path(*node, context);
        return;
      case NodeType::kBlock:
        block(*node, context);
        break;
      case NodeType::kLambda:
        lambda(*node, context);
        break;
      case NodeType::kBind:
        of(node->rhs, context);
        bound_.push_back(node->lhs->value);
        return;
      case NodeType::kTransform:
        of(node->lhs, true);
        of(node->rhs, true);
        of(node->third, true);
        break;
      default:
        of(node->lhs, context);
        of(node->rhs, context);
        of(node->third, context);
        for (const Node* each : node->list) of(each, context);
        pairs(node->pairs, context);
        for (const SortTerm& term : node->terms) of(term.expression, true);
        break;
    }
    stages(node->predicate);
    stages(node->stages);
    if (node->group) pairs(node->group->pairs, true);
  }

  Analysis take() { return std::move(analysis_); }

 private:
  void refuse(std::string name, int position) {
    analysis_.unsupported.push_back({std::move(name), position});
  }

  void variable(const Node& node, bool context) {
    const std::string& name = node.value;
    if (name.empty() || name == "$") {
      if (!context) refuse("$" + name, node.position);
    } else if (name == "states" && !is_bound(name)) {
      analysis_.states_whole = true;
    } else if (!is_bound(name)) {
      const bool known = find_builtin(name, dialect_) != nullptr;
      std::vector<std::string>& names = known ? analysis_.builtins : analysis_.variables;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }

  // What a step binds (`@$x`, `#$i`) holds for the rest of the path and its grouping.
  void path(const Node& node, bool context) {
    const std::size_t scope = bound_.size();
    std::size_t i = 0;
    const std::vector<Node*>& steps = node.list;
    if (steps.size() > 1 && is_states(*steps[0]) && steps[1]->type == NodeType::kName) {
      const auto known = [&](const Reference& each) { return each.name == steps[1]->value; };
      std::vector<Reference>& members = analysis_.states_members;
      if (std::none_of(members.begin(), members.end(), known)) {
        members.push_back({steps[1]->value, steps[1]->position});
      }
      bind(*steps[0]);
      i = 1;
    }
    for (; i < steps.size(); ++i) {
      of(steps[i], context || i > 0);
      bind(*steps[i]);
    }
    stages(node.predicate);
    if (node.group) pairs(node.group->pairs, true);
    bound_.resize(scope);
  }

  void bind(const Node& step) {
    if (!step.focus.empty()) bound_.push_back(step.focus);
    if (!step.index.empty()) bound_.push_back(step.index);
    if (!step.stages) return;
    for (const Stage& stage : *step.stages) {
      if (stage.filter == nullptr) bound_.push_back(stage.index);
    }
  }

  bool is_states(const Node& node) const {
    return node.type == NodeType::kVariable && node.value == "states" && !node.stages &&
           !node.predicate && !node.group && !is_bound("states");
  }

  void block(const Node& node, bool context) {
    const std::size_t scope = bound_.size();
    // A function may call itself, and others that are bound after it.
    for (const Node* each : node.list) {
      if (each->type == NodeType::kBind && each->rhs->type == NodeType::kLambda) {
        bound_.push_back(each->lhs->value);
      }
    }
    for (const Node* each : node.list) of(each, context);
    bound_.resize(scope);
  }

  void lambda(const Node& node, bool context) {
    const std::size_t scope = bound_.size();
    for (const Node* parameter : node.list) bound_.push_back(parameter->value);
    of(node.lhs, context);
    bound_.resize(scope);
  }

  void pairs(const Pairs& pairs, bool context) {
    for (const auto& [key, value] : pairs) {
      of(key, context);
      of(value, context);
    }
  }

  void stages(const std::optional<std::vector<Stage>>& stages) {
    if (!stages) return;
    for (const Stage& stage : *stages) of(stage.filter, true);
  }

  bool is_bound(std::string_view name) const {
    return std::find(bound_.begin(), bound_.end(), name) != bound_.end();
  }

  Dialect dialect_;
  std::vector<std::string> bound_;
  Analysis analysis_;
};

}  // namespace

bool Analysis::reads_states(std::string_view member) const {
  return states_whole ||
         std::any_of(states_members.begin(), states_members.end(),
                     [member](const Reference& each) { return each.name == member; });
}

Analysis analyse(const Expression& expression) {
  Walk walk(expression.dialect());
  walk.of(&expression.root(), false);
  return walk.take();
}

std::string unsupported_text(const Reference& reference) {
  return "Reference to '" + reference.name + "' at the top level is not supported.";
}

}  // namespace pawl::asl::jsonata
