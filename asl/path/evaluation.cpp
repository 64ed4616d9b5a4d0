#include "asl/path/evaluation.h"

#include "asl/path/functions.h"
#include "asl/path/java_text.h"

#include <algorithm>

namespace pawl::asl::jsonpath {

bool Evaluation::evaluate(const Value& document, Value& result) {
  if (path_.steps.empty()) {
    result = document;
    return true;
  }
  if (!run(0, document)) return false;
  if (!path_.definite) {
    result = Value::array(std::move(results_));
    return true;
  }
  if (results_.empty()) {
    return state_.fail(Failure::kNotFound,
                       [&] { return "No results for path: " + describe(path_); });
  }
  // A chain of functions leaves the values in between as well; the last one counts.
  result = std::move(results_.back());
  return true;
}

// Applies the steps from `i` on to `start`. Recursion happens only where the path branches.
bool Evaluation::run(std::size_t i, const Value& start) {
  if (++state_.depth > kMaxEvaluationDepth) {
    --state_.depth;
    return state_.fail(Failure::kLimit, [] {
      return "The path branches in more than " + std::to_string(kMaxEvaluationDepth) + " places.";
    });
  }
  const bool done = advance(i, start);
  --state_.depth;
  return done;
}

// Follows names and indexes in place, and hands over to the first step of another kind.
bool Evaluation::advance(std::size_t i, const Value& start) {
  const Value* node = &start;
  bool below_index = false;
  bool done = true;
  for (; i < path_.steps.size(); ++i) {
    if (!state_.visit()) return false;
    const Step& step = path_.steps[i];
    if (step.kind() == StepKind::kName) {
      if (!node->is_object()) return not_an_object(i, *node);
      const auto& name = std::get<NameStep>(step.data).name;
      const Value* member = node->find(name);
      if (member == nullptr) return absent(i, name);
      node = member;
      if (leaf(i) && !accepts_leaf_name(i)) return true;
    } else if (step.kind() == StepKind::kIndex) {
      if (!node->is_array()) return not_an_array(i, *node);
      const auto items = node->items();
      std::int64_t index = std::get<IndexStep>(step.data).index;
      if (index < 0) index += static_cast<std::int64_t>(items.size());
      if (index < 0 || index >= static_cast<std::int64_t>(items.size())) return true;
      node = &items[static_cast<std::size_t>(index)];
      below_index = true;
    } else {
      break;
    }
  }
  if (i == path_.steps.size()) {
    results_.push_back(*node);
    return true;
  }
  switch (path_.steps[i].kind()) {
    case StepKind::kNames:
      done = node->is_object() ? run_names(i, *node) : not_an_object(i, *node);
      break;
    case StepKind::kIndexes:
      done = node->is_array() ? run_indexes(i, *node) : not_an_array(i, *node);
      break;
    case StepKind::kSlice:
      done = node->is_array() ? run_slice(i, *node) : not_an_array(i, *node);
      break;
    case StepKind::kWildcard:
      done = run_wildcard(i, *node);
      break;
    case StepKind::kScan:
      done = run_scan(i, *node);
      break;
    case StepKind::kFilter:
      done = run_filter(i, *node);
      break;
    default:
      done = run_function(i, *node);
      break;
  }
  // An index that fails further down, whatever the reason, counts as an index that is not there.
  if (!done && below_index && state_.failure == Failure::kOutOfRange) return true;
  return done;
}

// --- failures; each is an error only where the path so far is definite ---

bool Evaluation::not_an_object(std::size_t i, const Value& node) {
  if (!path_.steps[i].definite_before) return true;
  return state_.fail(Failure::kNotFound, [&] {
    return "Expected to find an object with property " + describe_steps(path_, i, i + 1) +
           " in path " + describe_place(path_, i) + " but found '" +
           std::string(java_class_name(node)) +
           "'. This is not a json object according to the JsonProvider: "
           "'com.jayway.jsonpath.spi.json.JsonSmartJsonProvider'.";
  });
}

bool Evaluation::not_an_array(std::size_t i, const Value& node) {
  if (!path_.steps[i].definite_before) return true;
  if (node.is_null()) {
    return state_.fail(Failure::kNotFound,
                       [&] { return "The path " + describe_place(path_, i) + " is null"; });
  }
  return state_.fail(Failure::kNotFound, [&] {
    return "Filter: " + describe_steps(path_, i, path_.steps.size()) +
           " can only be applied to arrays. Current context is: " + java_to_string(node);
  });
}

// A member that is not there: nothing at the end of a path, an error before it.
bool Evaluation::absent(std::size_t i, const std::string& name) {
  const Step& step = path_.steps[i];
  const auto place = [&] { return describe_place(path_, i) + "['" + name + "']"; };
  if (leaf(i)) {
    if (!require_properties_) return true;
    return state_.fail(Failure::kNotFound, [&] { return "No results for path: " + place(); });
  }
  if (!(step.definite_before && step.kind() == StepKind::kName) && !require_properties_) {
    return true;
  }
  return state_.fail(Failure::kNotFound, [&] { return "Missing property in path " + place(); });
}

// --- steps that branch ---

bool Evaluation::run_names(std::size_t i, const Value& node) {
  const auto& names = std::get<NamesStep>(path_.steps[i].data).names;
  if (leaf(i)) {
    std::vector<Member> members;
    for (const std::string& name : names) {
      if (const Value* member = node.find(name)) {
        members.push_back({Value::string(name), *member});
      } else if (require_properties_) {
        return state_.fail(Failure::kNotFound, [] { return "Missing property in path"; });
      }
    }
    results_.push_back(Value::object(std::move(members)));
    return true;
  }
  for (const std::string& name : names) {
    const Value* member = node.find(name);
    if (!(member != nullptr ? run(i + 1, *member) : absent(i, name))) return false;
  }
  return true;
}

// The rest of the path below one element of `array`.
bool Evaluation::run_element(std::size_t i, const Value& array, std::int64_t index) {
  const auto items = array.items();
  if (index < 0) index += static_cast<std::int64_t>(items.size());
  if (index < 0 || index >= static_cast<std::int64_t>(items.size())) return true;
  const Value& item = items[static_cast<std::size_t>(index)];
  if (leaf(i)) {
    results_.push_back(item);
    return state_.visit();
  }
  return run(i + 1, item) || state_.failure == Failure::kOutOfRange;
}

bool Evaluation::run_indexes(std::size_t i, const Value& array) {
  for (const std::int32_t index : std::get<IndexesStep>(path_.steps[i].data).indexes) {
    if (!run_element(i, array, index)) return false;
  }
  return true;
}

// [from:] and [:to] count from the end if negative. With both given `from` is taken as it is, so
// that a negative one begins before the start and wraps around, and `to` is not counted from the
// end at all.
bool Evaluation::run_slice(std::size_t i, const Value& array) {
  const auto& slice = std::get<SliceStep>(path_.steps[i].data);
  const auto size = static_cast<std::int64_t>(array.size());
  std::int64_t from = slice.from.value_or(0);
  std::int64_t to = slice.to.value_or(static_cast<std::int32_t>(size));
  if (!slice.to && from < 0) from = std::max<std::int64_t>(0, size + from);
  if (!slice.from && to < 0) to += size;
  to = std::min(to, size);
  // What lies before the first element by more than the size finds nothing.
  from = std::max(from, -size);
  for (std::int64_t index = from; index < to; ++index) {
    if (!run_element(i, array, index)) return false;
  }
  return true;
}

bool Evaluation::run_wildcard(std::size_t i, const Value& node) {
  if (node.is_object()) {
    for (const Member& member : node.members()) {
      if (leaf(i)) {
        if (accepts_leaf_name(i)) results_.push_back(member.value);
        if (!state_.visit()) return false;
      } else if (!run(i + 1, member.value)) {
        return false;
      }
    }
  } else if (node.is_array()) {
    for (std::size_t index = 0; index < node.size(); ++index) {
      if (run_element(i, node, static_cast<std::int64_t>(index))) continue;
      if (state_.failure != Failure::kNotFound || require_properties_) return false;
    }
  }
  return true;
}

bool Evaluation::run_filter(std::size_t i, const Value& node) {
  const Expression& condition = *std::get<FilterStep>(path_.steps[i].data).condition;
  bool accepts = false;
  if (node.is_object()) {
    if (!filter_accepts(condition, node, state_, accepts)) return false;
    if (!accepts) return true;
    if (!leaf(i)) return run(i + 1, node);
    results_.push_back(node);
    return true;
  }
  if (node.is_array()) {
    for (std::size_t index = 0; index < node.size(); ++index) {
      if (!filter_accepts(condition, node.items()[index], state_, accepts)) return false;
      if (accepts && !run_element(i, node, static_cast<std::int64_t>(index))) return false;
    }
    return true;
  }
  if (!path_.steps[i].definite_before) return true;
  return state_.fail(Failure::kInvalid, [&] {
    return "Filter: " + describe_steps(path_, i, path_.steps.size()) +
           " can not be applied to primitives. Current context is: " + java_to_string(node);
  });
}

// Every object and array from `node` down, each before its children. The stack is ours: a document
// may be deep and a fiber's stack is small.
bool Evaluation::run_scan(std::size_t i, const Value& node) {
  if (leaf(i)) {
    return state_.fail(Failure::kOther, [] { return "Current path token is a leaf"; });
  }
  struct Place {
    const Value* container;
    std::size_t next;
  };
  std::vector<Place> open;
  const auto enter = [&](const Value& value) {
    if (!value.is_object() && !value.is_array()) return true;
    open.push_back({&value, 0});
    return state_.visit() && scan_visit(i + 1, value);
  };
  if (!enter(node)) return false;
  while (!open.empty()) {
    Place& place = open.back();
    if (place.next == place.container->size()) {
      open.pop_back();
      continue;
    }
    const std::size_t child = place.next++;
    const Value& value = place.container->is_array() ? place.container->items()[child]
                                                     : place.container->members()[child].value;
    if (!enter(value)) return false;
  }
  return true;
}

// Applies the step behind the `..` to one node, if that step has any business there. An array is
// peculiar: unless the step is the last one, it is passed over and the one behind it is applied to
// every element; accepts_leaf_name then picks the right ones.
bool Evaluation::scan_visit(std::size_t target, const Value& node) {
  bool matches = false;
  if (!scan_matches(target, node, matches)) return false;
  if (!matches) return true;
  if (node.is_object() || leaf(target)) return run(target, node);
  for (std::size_t index = 0; index < node.size(); ++index) {
    upstream_index_ = static_cast<std::int64_t>(index);
    if (!run(target + 1, node.items()[index])) return false;
  }
  return true;
}

bool Evaluation::scan_matches(std::size_t target, const Value& node, bool& matches) {
  const Step& step = path_.steps[target];
  switch (step.kind()) {
    case StepKind::kName:
      matches = node.is_object() && node.find(std::get<NameStep>(step.data).name) != nullptr;
      return true;
    case StepKind::kNames: {
      const auto& names = std::get<NamesStep>(step.data).names;
      matches = node.is_object() &&
                (!leaf(target) || std::all_of(names.begin(), names.end(), [&](const auto& name) {
                  return node.find(name) != nullptr;
                }));
      return true;
    }
    case StepKind::kIndex:
    case StepKind::kIndexes:
    case StepKind::kSlice:
      matches = node.is_array();
      return true;
    case StepKind::kWildcard:
      matches = true;
      return true;
    case StepKind::kFilter:
      return filter_accepts(*std::get<FilterStep>(step.data).condition, node, state_, matches);
    case StepKind::kScan:
    case StepKind::kFunction:
      matches = false;
      return true;
  }
  return true;
}

// In `..[1].name` (and in `..[1].*` each name of an object) the name is tried on every element of
// every array, together with the element's index, and kept where the step before the name is
// written just like that index. The index stays noted when the scan goes on, so that `..*.name`
// finds nothing behind the first array.
bool Evaluation::accepts_leaf_name(std::size_t i) const {
  if (upstream_index_ < 0 || i < 2 || path_.steps[i - 2].kind() != StepKind::kScan) return true;
  const Step& before = path_.steps[i - 1];
  return before.kind() == StepKind::kIndex &&
         std::get<IndexStep>(before.data).index == upstream_index_;
}

bool Evaluation::run_function(std::size_t i, const Value& node) {
  const FunctionCall& call = *std::get<FunctionStep>(path_.steps[i].data).call;
  Value result;
  if (!call_function(call, node, state_, result)) return false;
  // The list of keys is not a list to anything but the answer.
  const bool keys = call.function == Function::kKeys && result.is_array();
  results_.push_back(result);
  if (leaf(i)) return true;
  return run(i + 1, keys ? Value() : result);
}

}  // namespace pawl::asl::jsonpath
