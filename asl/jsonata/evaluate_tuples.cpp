// Tuple streams: steps of a path whose items carry bindings, an object of `@` (the item) and names:
// `@$focus`, `#$index`, and the ancestors that `%` asks for.
#include "asl/jsonata/evaluator.h"

namespace pawl::asl::jsonata {
namespace {

// The key of a tuple's item. One per thread: values do not cross threads.
const Value& at_key() {
  thread_local const Value key = Value::string("@");
  return key;
}

}  // namespace

FramePtr Evaluator::frame_of_tuple(const Value& tuple, const FramePtr& frame) {
  FramePtr inner = frames_.make(frame);
  if (tuple.is_object()) inner->tuple = tuple;
  return inner;
}

Datum Evaluator::evaluate_tuple_step(const Node* node, const Datum& input, const Datum* tuples,
                                     const FramePtr& frame) {
  Datum result;
  Items out(*this);
  if (node->type == NodeType::kSort) {
    if (tuples != nullptr) {
      result = evaluate_sort(node, *tuples, frame);
      result.flags |= kTupleStream | kSequence;
    } else {
      const Datum sorted = evaluate_sort(node, input, frame);
      std::int64_t index = 0;
      for (const Value& item : items_of(sorted)) {
        ObjectBuilder tuple;
        tuple.set(at_key(), item);
        tuple.set(node->index_key, Value::integer(index++));
        out.add(std::move(tuple).build());
      }
      result = Datum(out.finish(), kSequence | kTupleStream);
    }
    return node->stages ? evaluate_stages(*node->stages, std::move(result), frame) : result;
  }
  std::vector<Value> made;
  if (tuples == nullptr) {
    for (const Value& item : items_of(input)) {
      ObjectBuilder tuple;
      if (!item.is_undefined()) tuple.set(at_key(), item);
      made.push_back(std::move(tuple).build());
    }
  }
  const std::span<const Value> source =
      tuples != nullptr ? items_of(*tuples) : std::span<const Value>(made);
  for (const Value& tuple : source) {
    const FramePtr inner = frame_of_tuple(tuple, frame);
    const Value* at = tuple.find("@");
    const Datum found = evaluate(node, at != nullptr ? Datum(*at) : Datum(), inner);
    if (found.is_undefined()) continue;
    std::int64_t position = 0;
    for (const Value& item : items_of(found)) {
      ObjectBuilder next(tuple);
      if (found.has(kTupleStream) && item.is_object()) {
        for (const Member& member : item.members()) next.set(member.key, member.value);
      } else {
        if (!node->focus.empty()) {
          next.set(node->focus_key, item);
        } else {
          next.set(at_key(), item);
        }
        if (!node->index.empty()) next.set(node->index_key, Value::integer(position));
        if (node->ancestor != nullptr && at != nullptr) next.set(node->ancestor->key, *at);
      }
      out.add(std::move(next).build());
      ++position;
    }
  }
  result = Datum(out.finish(), kSequence | kTupleStream);
  return node->stages ? evaluate_stages(*node->stages, std::move(result), frame) : result;
}

Datum Evaluator::evaluate_stages(const std::vector<Stage>& stages, Datum input,
                                 const FramePtr& frame) {
  for (const Stage& stage : stages) {
    if (stage.filter != nullptr) {
      input = evaluate_filter(stage.filter, input, frame);
      continue;
    }
    Items out(*this);
    std::int64_t position = 0;
    for (const Value& tuple : items_of(input)) {
      if (!tuple.is_object()) {
        out.add(tuple);
        continue;
      }
      ObjectBuilder next(tuple);
      next.set(stage.index_key, Value::integer(position++));
      out.add(std::move(next).build());
    }
    input = Datum(out.finish(), input.flags);
  }
  return input;
}

}  // namespace pawl::asl::jsonata
