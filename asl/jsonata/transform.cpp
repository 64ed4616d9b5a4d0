// Transforms: `|pattern|update, delete|`. The reference changes the nodes of a copy in place.
// Values do not change, so the changes are kept beside the copy, by node, and put in at the end.
#include "asl/jsonata/evaluator.h"

#include <unordered_map>

namespace pawl::asl::jsonata {
namespace {

class Changes {
 public:
  // The latest form of a node, or nullptr if it is unchanged.
  const Value* find(const Value& node) const {
    if (node.size() == 0) {
      for (const auto& [empty, value] : changed_empty_) {
        if (empty.same_as(node)) return &value;
      }
      return nullptr;
    }
    const auto found = changed_.find(identity(node));
    return found != changed_.end() ? &found->second.second : nullptr;
  }
  void set(const Value& node, Value value) {
    if (node.size() > 0) {
      changed_[identity(node)] = {node, std::move(value)};
      return;
    }
    for (auto& [empty, latest] : changed_empty_) {
      if (!empty.same_as(node)) continue;
      latest = std::move(value);
      return;
    }
    changed_empty_.emplace_back(node, std::move(value));
  }

  Value resolve(const Value& value, int depth) const {
    if (depth > asl::kMaxDepth) fail_limit("Stack overflow error: value nested too deeply");
    if (value.is_array()) {
      std::vector<Value> items;
      bool same = true;
      items.reserve(value.size());
      for (const Value& each : value.items()) {
        items.push_back(resolve(each, depth + 1));
        same = same && items.back().same_as(each);
      }
      return same ? value : Value::array(std::move(items));
    }
    if (!value.is_object()) return value;
    const Value* latest = find(value);
    const Value& source = latest != nullptr ? *latest : value;
    std::vector<Member> members;
    bool same = true;
    members.reserve(source.size());
    for (const Member& each : source.members()) {
      members.push_back({each.key, resolve(each.value, depth + 1)});
      same = same && members.back().value.same_as(each.value);
    }
    return same ? source : Value::object(std::move(members));
  }

 private:
  static const void* identity(const Value& node) { return node.members().data(); }

  // The node itself is kept, so that its address is not used again.
  std::unordered_map<const void*, std::pair<Value, Value>> changed_;
  // Empty objects have no members whose address could tell them apart.
  std::vector<std::pair<Value, Value>> changed_empty_;
};

}  // namespace

// Every object and array of the copy is a node of its own, so that each can be found again.
Value Evaluator::deep_copy(const Value& value) {
  count_step();
  if (value.is_array()) {
    std::vector<Value> items;
    items.reserve(value.size());
    for (const Value& each : value.items()) items.push_back(deep_copy(each));
    return Value::array(std::move(items));
  }
  if (value.is_object() && !is_function(value)) {
    std::vector<Member> members;
    members.reserve(value.size());
    for (const Member& each : value.members()) {
      members.push_back({each.key, deep_copy(each.value)});
    }
    return Value::object(std::move(members));
  }
  return value;
}

Datum Evaluator::transform(const Node* node, const Value& value, const FramePtr& frame) {
  if (value.is_undefined()) return {};
  const Datum clone = variable(*names_->find("clone"), frame);
  if (!is_function(clone.value)) fail_at("T2013", node->position);
  Arguments args;
  args.push_back(value);
  const Datum cloned = call(clone.value, args, frame);
  const Value root = deep_copy(cloned.value);
  const Datum matches = evaluate(node->lhs, root, frame);
  Changes changes;
  if (!matches.is_undefined()) {
    for (const Value& match : items_of(matches)) {
      const Datum current(changes.resolve(match, 0));
      const Datum update = evaluate(node->rhs, current, frame);
      const bool changeable = match.is_object() && !is_function(match);
      ObjectBuilder next;
      if (changeable) {
        const Value* changed = changes.find(match);
        next = ObjectBuilder(changed != nullptr ? *changed : match);
      }
      if (!update.is_undefined()) {
        if (!update.value.is_object() || is_function(update.value)) {
          fail_value("T2011", update.value, node->rhs->position);
        }
        for (const Member* member : ordered(update.value)) next.set(member->key, member->value);
      }
      if (changeable) changes.set(match, ObjectBuilder(next).build());
      if (node->third == nullptr) continue;
      const Datum deletions = evaluate(node->third, Datum(changes.resolve(match, 0)), frame);
      if (deletions.is_undefined()) continue;
      for (const Value& each : items_of(deletions)) {
        if (!each.is_string()) fail_value("T2012", deletions.value, node->third->position);
      }
      for (const Value& each : items_of(deletions)) next.erase(each.as_string());
      if (changeable) changes.set(match, std::move(next).build());
    }
  }
  return changes.resolve(root, 0);
}

}  // namespace pawl::asl::jsonata
