// Paths: steps over sequences, predicates, wildcards and descendants.
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/text.h"

#include <algorithm>
#include <cmath>

namespace pawl::asl::jsonata {

// The member of that name; nullptr if there is none or `object` is no object. Objects of one array
// are alike, so the place where the name was found last is tried first.
const Value* Evaluator::find_member(const Node* name, const Value& object) const {
  if (!object.is_object()) return nullptr;
  const std::span<const Member> members = object.members();
  if (name->hint < members.size() && members[name->hint].key.as_string() == name->value) {
    const bool function = members.size() == 1 && is_function(object);
    return function ? nullptr : &members[name->hint].value;
  }
  const Value* found = object.find(name->value);
  if (found == nullptr || is_function(object)) return nullptr;
  const auto* bytes = reinterpret_cast<const char*>(found);
  const auto* start = reinterpret_cast<const char*>(&members[0].value);
  name->hint = static_cast<std::uint32_t>(static_cast<std::size_t>(bytes - start) / sizeof(Member));
  return found;
}

namespace {

bool is_simple(const Node* step) { return step->plain_name || step->constant_index != nullptr; }

// What evaluate_filter gives for a constant index; nullptr: nothing.
const Value* item_at(const Value& value, const Node* index) {
  const auto size = static_cast<double>(value.is_array() ? value.size() : 1);
  double at = std::floor(index->literal.as_double());
  if (at < 0) at += size;
  if (!(at >= 0 && at < size)) return nullptr;
  return value.is_array() ? &value.items()[static_cast<std::size_t>(at)] : &value;
}

}  // namespace

// The beginning of most paths: a variable or not, then names over objects, perhaps with an index
// each. `done` steps were taken; `current` is what they lead to, undefined if that is nothing.
// False: no step was.
bool Evaluator::evaluate_prefix(const Node* node, const Datum& input, const FramePtr& frame,
                                std::size_t& done, Datum& current) {
  const std::vector<Node*>& steps = node->list;
  const Node* first = steps.front();
  const Value* at = &input.value;
  Datum variable_value;
  std::size_t i = 0;
  if (first->type == NodeType::kVariable && !first->tuple && !first->stages && !first->predicate &&
      !first->group && !first->keep_array && steps.size() > 1 && !first->value.empty()) {
    check_room();
    variable_value = variable(first->name, frame);
    if (!variable_value.value.is_object()) return false;
    at = &variable_value.value;
    i = 1;
  } else if (!is_simple(first) || !input.value.is_object()) {
    return false;
  }
  for (; i < steps.size() && is_simple(steps[i]) && at != nullptr && at->is_object(); ++i) {
    check_room();
    count_step();
    at = find_member(steps[i], *at);
    if (at != nullptr && steps[i]->constant_index != nullptr) {
      at = item_at(*at, steps[i]->constant_index);
    }
  }
  if (at != nullptr && i < steps.size() && is_simple(steps[i]) && !at->is_array()) at = nullptr;
  done = i;
  current = at != nullptr ? Datum(*at) : Datum();
  return true;
}

// A variable as the first step of a path over an array: one evaluation over the whole array, with
// its marks.
Datum Evaluator::evaluate_first_variable(const Node* node, const Datum& input,
                                         const FramePtr& frame) {
  const Node* step = node->list.front();
  Datum found = evaluate(step, input, frame);
  if (step->stages) {
    for (const Stage& stage : *step->stages) found = evaluate_filter(stage.filter, found, frame);
  }
  if (found.is_undefined()) return {make_array({}), kSequence};
  if (!found.is_array() || found.has(kCons)) return {make_array({found.value}), kSequence};
  if (node->list.size() == 1 && !found.is_sequence()) return found;
  return {found.value, kSequence};
}

Datum Evaluator::evaluate_path(const Node* node, const Datum& input, const FramePtr& frame) {
  std::size_t done = 0;
  Datum current;
  if (!evaluate_prefix(node, input, frame, done, current)) {
    if (!input.is_array() || node->list.front()->type != NodeType::kVariable) {
      return evaluate_steps(node, 0, input, input, frame);
    }
    // An element has no marks: the wrapped document is the document itself.
    const bool wrapped = input.has(kOuterWrapper);
    current = Datum(make_array({wrapped ? Value(input.value.items()[0]) : input.value}), kSequence);
    return evaluate_steps(node, 0, std::move(current), input, frame);
  }
  const bool more = done < node->list.size();
  if (more && current.is_array()) {
    current = current.value.size() > 0 ? Datum(current.value, kSequence) : Datum();
  }
  if (current.is_undefined() || !more) {
    if (!node->group && !node->keep_singleton_array) return current;
    if (node->keep_singleton_array && !current.is_undefined() && !current.is_array()) {
      current = Datum(make_array({current.value}), kSequence);
    }
    return finish_path(node, std::move(current), nullptr, frame);
  }
  return evaluate_steps(node, done, std::move(current), input, frame);
}

// What the reference's steps find in the value of a constructed array that is none any more, as
// predicates (`[{"a": 1}][0].a`) or a grouping make it: the characters of a text, else nothing.
Datum Evaluator::items_of_lone(const Value& value) const {
  Items out(*this);
  if (value.is_string()) {
    for (const char16_t unit : utf16_of(value.as_string())) {
      out.add(Value::string(utf8_of(std::u16string_view(&unit, 1))));
    }
  }
  return {out.finish(), kSequence};
}

Datum Evaluator::evaluate_steps(const Node* node, std::size_t i, Datum current, const Datum& input,
                                const FramePtr& frame) {
  const std::vector<Node*>& steps = node->list;
  Datum tuples;
  bool tuple_stream = false;
  for (;;) {
    const Node* step = steps[i];
    const bool last = ++i == steps.size();
    tuple_stream = tuple_stream || step->tuple;
    if (i == 1 && step->cons_array) {
      Datum made = evaluate(step, current, frame);
      if (!last && !made.is_array()) made = items_of_lone(made.value);
      if (step->focus.empty()) current = std::move(made);
    } else if (tuple_stream) {
      const bool begun = tuples.has(kTupleStream);
      tuples = evaluate_tuple_step(step, current, begun ? &tuples : nullptr, frame);
    } else if (i == 1 && input.is_array() && step->type == NodeType::kVariable) {
      current = evaluate_first_variable(node, input, frame);
    } else {
      current = evaluate_step(step, current, frame, last);
    }
    const bool nothing =
        current.is_undefined() || (current.is_array() && current.value.size() == 0);
    if (last || (nothing && !tuple_stream)) {
      return finish_path(node, std::move(current), tuple_stream ? &tuples : nullptr, frame);
    }
  }
}

// What all steps of a path lead to, with its marks and its grouping.
Datum Evaluator::finish_path(const Node* node, Datum result, const Datum* tuples,
                             const FramePtr& frame) {
  if (tuples != nullptr && node->tuple) {
    result = *tuples;
  } else if (tuples != nullptr) {
    Items out(*this);
    for (const Value& tuple : items_of(*tuples)) {
      if (const Value* at = tuple.find("@")) out.add(*at);
    }
    result = Datum(out.finish(), kSequence);
  }
  if (node->keep_singleton_array) {
    // The constructed array must become an element of the kept sequence.
    if (result.is_array() && result.has(kCons) && !result.has(kSequence)) {
      result = Datum(make_array({result.value}), kSequence);
    }
    result.flags |= kKeepSingleton;
  }
  if (!node->group) return result;
  return evaluate_group(node->group->pairs, node->group->position,
                        tuples != nullptr ? *tuples : result, frame);
}

// evaluate_step for a step that is a name and nothing more.
Datum Evaluator::evaluate_name_step(const Node* node, const Datum& input, bool last) {
  check_room();
  Items out(*this);
  Datum whole;  // the first that is found, if it is an array
  Datum nested;
  std::size_t count = 0;
  const std::span<const Value> items = items_of(input);
  count_steps(items.size());
  for (const Value& item : items) {
    const Value* found = nullptr;
    if (item.is_object()) {
      found = find_member(node, item);
    } else if (item.is_array()) {
      nested = lookup(item, node->value);
      if (nested.value.size() == 1) nested = Datum(Value(nested.value.items()[0]));
      if (!nested.is_sequence() || nested.value.size() > 0) found = &nested.value;
    }
    if (found == nullptr) continue;
    if (++count == 1 && found->is_array()) whole = found == &nested.value ? nested : Datum(*found);
    out.add_flat(*found);
  }
  if (last && count == 1 && whole.is_array() && !whole.is_sequence()) return whole;
  return {out.finish(), kSequence};
}

Datum Evaluator::evaluate_step(const Node* node, const Datum& input, const FramePtr& frame,
                               bool last) {
  if (node->plain_name) return evaluate_name_step(node, input, last);
  if (node->type == NodeType::kSort) {
    Datum sorted = evaluate_sort(node, input, frame);
    return node->stages ? evaluate_stages(*node->stages, std::move(sorted), frame) : sorted;
  }
  Items out(*this);
  Datum first;
  std::size_t count = 0;
  bool constructed = true;
  const auto flush = [&out, &constructed](Datum& datum) {
    constructed = constructed && datum.is_array() && datum.has(kCons);
    if (!datum.is_array() || datum.has(kCons)) {
      out.add(std::move(datum.value));
    } else {
      out.add_all(datum.value.items());
    }
  };
  for (const Value& item : items_of(input)) {
    const bool kept = item.is_array() && input.has(kConsItems);
    Datum found = evaluate(node, Datum(item, static_cast<std::uint8_t>(kept ? kCons : 0)), frame);
    if (node->stages) {
      for (const Stage& stage : *node->stages) {
        found = evaluate_filter(stage.filter, found, frame);
      }
    }
    if (found.is_undefined()) continue;
    if (++count == 1) {
      first = std::move(found);
      continue;
    }
    if (count == 2) flush(first);
    flush(found);
  }
  if (count == 1) {
    if (last && first.is_array() && !first.is_sequence()) return first;
    flush(first);
  }
  const bool mark = count > 0 && constructed;
  return {out.finish(), static_cast<std::uint8_t>(kSequence | (mark ? kConsItems : 0))};
}

Datum Evaluator::evaluate_filter(const Node* predicate, const Datum& input, const FramePtr& frame) {
  const auto flags = static_cast<std::uint8_t>(kSequence | (input.flags & kTupleStream));
  const std::span<const Value> items = items_of(input);
  const auto size = static_cast<double>(items.size());
  Items out(*this);
  if (predicate->type == NodeType::kNumber && !predicate->predicate) {
    double index = std::floor(predicate->literal.as_double());
    if (index < 0) index += size;
    if (index >= 0 && index < size) {
      const Value& item = items[static_cast<std::size_t>(index)];
      if (item.is_array()) return item;
      if (!item.is_undefined()) out.add(item);
    }
    return {out.finish(), flags};
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Value& item = items[i];
    const Datum found(input.has(kTupleStream) ? evaluate_in_tuple(predicate, item, frame)
                                              : evaluate(predicate, Datum(item), frame).value);
    bool numbers = is_numeric(found.value);
    if (!numbers && found.is_array()) {
      const std::span<const Value> all = found.value.items();
      numbers = std::all_of(all.begin(), all.end(),
                            [this](const Value& each) { return is_numeric(each); });
    }
    if (numbers) {
      for (const Value& each : items_of(found)) {
        double index = std::floor(each.as_double());
        if (index < 0) index += size;
        if (index == static_cast<double>(i) && !item.is_undefined()) out.add(item);
      }
    } else if (truthy(found.value) && !item.is_undefined()) {
      out.add(item);
    }
  }
  return {out.finish(), flags};
}

// ---------------------------------------------------------------------------------------------
// Wildcards

Datum Evaluator::evaluate_wildcard(const Datum& input) {
  Value value = input.value;
  if (input.has(kOuterWrapper) && value.is_array() && value.size() > 0) {
    value = Value(value.items()[0]);
  }
  Items out(*this);
  std::uint8_t flags = kSequence;
  const auto flatten = [&](const auto& self, const Value& each) -> void {
    count_step();
    if (!each.is_array()) {
      out.add(each);
      return;
    }
    for (const Value& item : each.items()) self(self, item);
  };
  const auto visit = [&](const Value& each) {
    if (each.is_array()) flags = 0;
    flatten(flatten, each);
  };
  if (value.is_array()) {
    for (const Value& each : value.items()) visit(each);
  } else {
    for (const Member* member : ordered(value)) visit(member->value);
  }
  return {out.finish(), flags};
}

Datum Evaluator::evaluate_descendants(const Datum& input) {
  if (input.is_undefined()) return {};
  Items out(*this);
  const auto descend = [&](const auto& self, const Value& value) -> void {
    count_step();
    if (value.is_array()) {
      for (const Value& each : value.items()) self(self, each);
      return;
    }
    out.add(value);
    for (const Member* member : ordered(value)) self(self, member->value);
  };
  descend(descend, input.value);
  Value found = out.finish();
  if (found.size() == 1) return Value(found.items()[0]);
  return {std::move(found), kSequence};
}

}  // namespace pawl::asl::jsonata
