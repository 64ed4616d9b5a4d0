// Objects, grouping and sorting.
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/text.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pawl::asl::jsonata {
namespace {

void add_flat(std::vector<Value>& out, const Value& value) {
  if (value.is_undefined()) return;
  if (value.is_array()) {
    out.insert(out.end(), value.items().begin(), value.items().end());
  } else {
    out.push_back(value);
  }
}

}  // namespace

// The data of one key, and what becomes of it.
struct Evaluator::Group {
  Value key;
  std::size_t pair = 0;
  Value single;              // while there is one item
  std::vector<Value> items;  // from the second item on
  bool many = false;
  bool first_of_tuple = true;  // no group before it has the same lone tuple
  Value value;
};

// An object constructor over one item, the common case of evaluate_group: it sees the item with its
// marks. All keys come before the first value, as in the reference.
Datum Evaluator::evaluate_object(const Pairs& pairs, int position, const Datum& input,
                                 const FramePtr& frame) {
  if (input.is_array() || input.has(kTupleStream)) {
    return evaluate_group(pairs, position, input, frame);
  }
  std::vector<Member> members;
  std::vector<const Node*> values;
  members.reserve(pairs.size());
  values.reserve(pairs.size());
  for (const auto& [key, value] : pairs) {
    Datum name = evaluate(key, input, frame);
    if (name.is_undefined()) continue;
    if (!name.value.is_string()) fail_value("T1003", name.value, position);
    for (const Member& known : members) {
      if (known.key.as_string() == name.value.as_string()) {
        fail_value("D1009", name.value, position);
      }
    }
    members.push_back({std::move(name.value), Value()});
    values.push_back(value);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    Datum value = evaluate(values[i], input, frame);
    if (value.is_undefined()) continue;
    if (kept != i) members[kept].key = std::move(members[i].key);
    members[kept++].value = std::move(value.value);
  }
  members.resize(kept);
  return make_object(std::move(members));
}

// Evaluates the keys: which items belong to which.
std::vector<Evaluator::Group> Evaluator::gather(const Pairs& pairs, int position,
                                                const Datum& input, const FramePtr& frame) {
  std::vector<Group> groups;
  std::unordered_map<std::string_view, std::size_t> known;
  const Value nothing;
  const bool reduce = input.has(kTupleStream);
  const bool whole = !reduce && !input.is_array();
  std::span<const Value> items = items_of(input);
  if (items.empty() && !reduce) items = {&nothing, 1};
  for (const Value& item : items) {
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      const Datum context = whole ? input : Datum(item);
      const Value key = reduce ? evaluate_in_tuple(pairs[p].first, item, frame)
                               : evaluate(pairs[p].first, context, frame).value;
      if (key.is_undefined()) continue;
      if (!key.is_string()) fail_value("T1003", key, position);
      const auto found = known.find(key.as_string());
      if (found == known.end()) {
        Group group;
        group.key = key;
        group.pair = p;
        group.single = item;
        groups.push_back(std::move(group));
        known.emplace(groups.back().key.as_string(), groups.size() - 1);
        continue;
      }
      Group& group = groups[found->second];
      if (group.pair != p) fail_value("D1009", key, position);
      if (!group.many) add_flat(group.items, group.single);
      group.many = true;
      add_flat(group.items, item);
    }
  }
  std::vector<const Value*> lone;
  for (Group& group : groups) {
    if (!reduce || group.many) continue;
    group.first_of_tuple = std::none_of(
        lone.begin(), lone.end(), [&](const Value* each) { return each->same_as(group.single); });
    lone.push_back(&group.single);
  }
  return groups;
}

Datum Evaluator::evaluate_group(const Pairs& pairs, int position, const Datum& input,
                                const FramePtr& frame) {
  std::vector<Group> groups = gather(pairs, position, input, frame);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    Group& group = groups[i];
    group.value = input.has(kTupleStream)
                      ? value_of_tuples(pairs[group.pair].second, groups, i, frame)
                      : value_of_group(pairs[group.pair].second, group, input, frame);
    if (group.value.is_undefined()) continue;
    if (kept != i) groups[kept] = std::move(group);
    ++kept;
  }
  groups.resize(kept);
  return object_of(std::move(groups));
}

Value Evaluator::object_of(std::vector<Group> groups) const {
  std::vector<Member> members;
  members.reserve(groups.size());
  for (Group& group : groups) members.push_back({std::move(group.key), std::move(group.value)});
  return make_object(std::move(members));
}

Value Evaluator::value_of_group(const Node* expression, Group& group, const Datum& input,
                                const FramePtr& frame) {
  Datum context(group.many ? make_array(std::move(group.items)) : group.single);
  // An object constructor over one item sees that item with its marks.
  if (!group.many && !input.is_array()) context.flags = input.flags;
  return evaluate(expression, context, frame).value;
}

// The reference takes `@` out of a lone tuple itself, so that only the first key of an object sees
// its context.
Value Evaluator::value_of_tuples(const Node* expression, const std::vector<Group>& groups,
                                 std::size_t index, const FramePtr& frame) {
  const Group& group = groups[index];
  if (group.many) return evaluate_in_tuple(expression, merge_tuples(group.items), frame);
  return evaluate_in_tuple(expression, group.single, frame, group.first_of_tuple);
}

// The tuples of a group become one: each name gets all its values.
Value Evaluator::merge_tuples(const std::vector<Value>& tuples) const {
  ObjectBuilder merged(tuples[0]);
  for (std::size_t i = 1; i < tuples.size(); ++i) {
    if (!tuples[i].is_object()) continue;
    const Value so_far = ObjectBuilder(merged).build();
    for (const Member& member : tuples[i].members()) {
      const Value* before = so_far.find(member.key.as_string());
      merged.set(member.key,
                 append(before != nullptr ? Datum(*before) : Datum(), member.value).value);
    }
  }
  return std::move(merged).build();
}

// ---------------------------------------------------------------------------------------------
// Sorting

// The terms of each item, computed when a comparison first asks for them.
struct Evaluator::SortKeys {
  const Node* node;
  std::span<const Value> items;
  bool tuples;
  const FramePtr& frame;
  std::vector<std::optional<Value>> keys;
};

Value Evaluator::evaluate_in_tuple(const Node* node, const Value& tuple, const FramePtr& frame,
                                   bool with_item) {
  const Value* at = with_item ? tuple.find("@") : nullptr;
  return evaluate(node, at != nullptr ? Datum(*at) : Datum(), frame_of_tuple(tuple, frame)).value;
}

const Value& Evaluator::sort_key(SortKeys& keys, std::size_t item, std::size_t term) {
  std::optional<Value>& slot = keys.keys[item * keys.node->terms.size() + term];
  if (slot) return *slot;
  const Node* expression = keys.node->terms[term].expression;
  const Value& value = keys.items[item];
  slot = keys.tuples ? evaluate_in_tuple(expression, value, keys.frame)
                     : evaluate(expression, Datum(value), keys.frame).value;
  return *slot;
}

bool Evaluator::sorts_after(SortKeys& keys, std::size_t i, std::size_t j) {
  count_step();
  const Node* node = keys.node;
  for (std::size_t t = 0; t < node->terms.size(); ++t) {
    const Value& a = sort_key(keys, i, t);
    const Value& b = sort_key(keys, j, t);
    if (a.is_undefined() && b.is_undefined()) continue;
    if (a.is_undefined()) return true;
    if (b.is_undefined()) return false;
    const bool a_fits = a.is_string() || a.is_number();
    if (!a_fits || !(b.is_string() || b.is_number())) {
      fail_value("T2008", a_fits ? b : a, node->position);
    }
    if (a.is_string() != b.is_string()) fail_values("T2007", a, b, node->position);
    int order = 0;
    if (a.is_string()) {
      order = compare_utf16(a.as_string(), b.as_string());
    } else if (!equal(a, b)) {
      order = compare('<', a, b).as_bool() ? -1 : 1;
    }
    if (order != 0) return node->terms[t].descending ? order < 0 : order > 0;
  }
  return false;
}

Datum Evaluator::evaluate_sort(const Node* node, const Datum& input, const FramePtr& frame) {
  if (input.is_undefined()) return {};
  const std::span<const Value> items = items_of(input);
  if (items.size() <= 1) {
    return input.is_array() ? input : Datum(make_array({input.value}), kSequence);
  }
  SortKeys keys{node, items, input.has(kTupleStream), frame, {}};
  keys.keys.resize(items.size() * node->terms.size());
  const auto after = [&](std::size_t i, std::size_t j) { return sorts_after(keys, i, j); };
  Items out(*this);
  out.reserve(items.size());
  for (const std::uint32_t i : sort_order(items.size(), after)) out.add(items[i]);
  return {out.finish(), static_cast<std::uint8_t>(input.flags & kTupleStream)};
}

}  // namespace pawl::asl::jsonata
