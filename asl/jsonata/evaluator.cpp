// The evaluator, in the order of the reference's jsonata.js.
#include "asl/jsonata/evaluator.h"

#include "asl/jsonata/text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pawl::asl::jsonata {
namespace {

const Value kNothing;

// The elements of an array, or the one value as the reference's createSequence(value).
std::span<const Value> items_of(const Datum& datum) {
  if (datum.is_array()) return datum.value.items();
  return {&datum.value, 1};
}

[[noreturn]] void fail_limit(std::string_view message) {
  Fault fault;
  fault.code = "U1001";
  fault.message = message;
  throw fault;
}

// Built-in functions find as many arguments as any of them has, undefined where none was given.
constexpr std::size_t kArgumentsMin = 4;

[[noreturn]] void fail_negation(const Value& value, int position) {
  Fault fault;
  fault.code = "D1002";
  fault.position = position;
  fault.token = "-";
  fault.has_token = true;
  fault.value = value;
  throw fault;
}

// Whether the reference has a name for a callee of this kind to put into a failure.
bool has_name(NodeType type) {
  return type != NodeType::kLambda && type != NodeType::kCondition &&
         type != NodeType::kTransform && type != NodeType::kBlock && type != NodeType::kParent;
}

constexpr double kExactInteger = 9007199254740992.0;

}  // namespace

// Long chains of frames (a trampoline's closures) must not unwind on the stack.
Frame::~Frame() {
  FramePtr next = std::move(parent);
  while (next && next.use_count() == 1) {
    FramePtr after = std::move(next->parent);
    next = std::move(after);
  }
}

void Frame::bind(std::string_view name, Datum value) {
  for (auto& [known, bound] : bindings) {
    if (known == name) {
      bound = std::move(value);
      return;
    }
  }
  bindings.emplace_back(std::string(name), std::move(value));
}

struct DepthGuard {
  explicit DepthGuard(Evaluator& owner) : evaluator(owner) {
    if (++evaluator.depth_ > evaluator.options_.max_depth) overflow();
    const std::ptrdiff_t used =
        evaluator.stack_top_ - static_cast<const char*>(__builtin_frame_address(0));
    if (static_cast<std::size_t>(used < 0 ? -used : used) > evaluator.options_.stack_bytes) {
      overflow();
    }
    evaluator.count_step();
  }
  ~DepthGuard() { --evaluator.depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

  [[noreturn]] void overflow() {
    --evaluator.depth_;
    fail_limit(
        "Stack overflow error: Check for non-terminating recursive function.  Consider rewriting "
        "as tail-recursive. Depth=" +
        std::to_string(evaluator.depth_ + 1) +
        " max=" + std::to_string(evaluator.options_.max_depth));
  }

  Evaluator& evaluator;
};

// ---------------------------------------------------------------------------------------------
// Values

Evaluator::Evaluator(const Program& program, const EvaluateOptions& options)
    : program_(program), options_(options), function_key_(Value::string("function")) {}

void Evaluator::count_step() {
  ++steps_;
  if (steps_ > options_.max_steps) {
    fail_limit("Expression evaluation timeout: Check for infinite loop");
  }
  if (steps_ % 1024 == 0 && options_.tick && !options_.tick()) {
    fail_limit("Expression evaluation timeout: Check for infinite loop");
  }
}

std::uint64_t Evaluator::random() {
  if (options_.random != nullptr) return options_.random->next();
  random_state_ += 0x9E3779B97F4A7C15u;
  std::uint64_t z = random_state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

Value Evaluator::number(double value) const {
  if (std::fabs(value) <= kExactInteger && value == std::floor(value)) {
    return Value::integer(static_cast<std::int64_t>(value));
  }
  return Value::number(value);
}

Value Evaluator::make_array(std::vector<Value> items) const {
  Value array = Value::array(std::move(items));
  if (array.depth() > asl::kMaxDepth) fail_limit("Stack overflow error: value nested too deeply");
  return array;
}

Value Evaluator::make_object(std::vector<Member> members) const {
  Value object = Value::object(std::move(members));
  if (object.depth() > asl::kMaxDepth) fail_limit("Stack overflow error: value nested too deeply");
  return object;
}

bool Evaluator::is_function(const Value& value) const {
  return value.is_object() && value.size() == 1 && value.members()[0].key.same_as(function_key_);
}

Function& Evaluator::function_of(const Value& value) {
  return functions_[static_cast<std::size_t>(value.members()[0].value.as_int())];
}

Value Evaluator::add_function(Function function) {
  functions_.push_back(std::move(function));
  return Value::object(
      {{function_key_, Value::integer(static_cast<std::int64_t>(functions_.size() - 1))}});
}

int Evaluator::arity(const Value& value) {
  if (!is_function(value)) fail("T1006");
  const Function& function = function_of(value);
  switch (function.kind) {
    case Function::Kind::kBuiltin:
      return function.builtin->arity;
    case Function::Kind::kLambda:
      return static_cast<int>(function.parameters.size());
    case Function::Kind::kPartialBuiltin:
      return static_cast<int>(
          std::count(function.bound.begin(), function.bound.end(), std::nullopt));
    case Function::Kind::kRegex:
      return 2;
    case Function::Kind::kNextMatch:
      return 0;
    case Function::Kind::kTransform:
    case Function::Kind::kChain:
      return 1;
  }
  return 1;
}

bool Evaluator::is_numeric(const Value& value) const {
  if (value.is_int()) return true;
  if (!value.is_double() || std::isnan(value.as_double())) return false;
  if (std::isinf(value.as_double())) fail_value("D1001", value);
  return true;
}

bool Evaluator::truthy(const Value& value) const {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNull:
      return false;
    case Kind::kBool:
      return value.as_bool();
    case Kind::kInt:
      return value.as_int() != 0;
    case Kind::kDouble:
      return is_numeric(value) && value.as_double() != 0;
    case Kind::kString:
      return !value.as_string().empty();
    case Kind::kObject:
      return value.size() > 0 && !is_function(value);
    case Kind::kArray: {
      const std::span<const Value> items = value.items();
      return std::any_of(items.begin(), items.end(),
                         [this](const Value& each) { return truthy(each); });
    }
  }
  return false;
}

std::vector<const Member*> Evaluator::ordered(const Value& object) const {
  std::vector<const Member*> members;
  members.reserve(object.size());
  if (!object.is_object() || is_function(object)) return members;
  bool any_index = false;
  const auto index_of = [](std::string_view key) -> std::optional<std::uint64_t> {
    if (key.empty() || key.size() > 10 || (key.size() > 1 && key[0] == '0')) return std::nullopt;
    std::uint64_t index = 0;
    for (const char c : key) {
      if (c < '0' || c > '9') return std::nullopt;
      index = index * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (index >= 4294967295u) return std::nullopt;
    return index;
  };
  for (const Member& member : object.members()) {
    members.push_back(&member);
    const std::string_view key = member.key.as_string();
    any_index = any_index || (!key.empty() && key[0] >= '0' && key[0] <= '9');
  }
  if (any_index && dialect() == Dialect::kReference) {
    const auto rank = [&index_of](const Member* member) {
      return index_of(member->key.as_string()).value_or(std::numeric_limits<std::uint64_t>::max());
    };
    std::stable_sort(members.begin(), members.end(),
                     [&rank](const Member* a, const Member* b) { return rank(a) < rank(b); });
  }
  return members;
}

Datum Evaluator::lookup(const Value& input, std::string_view key) const {
  if (input.is_array()) {
    std::vector<Value> out;
    for (const Value& item : input.items()) {
      Datum found = lookup(item, key);
      if (found.is_array()) {
        for (const Value& each : found.value.items()) out.push_back(each);
      } else if (!found.is_undefined()) {
        out.push_back(std::move(found.value));
      }
    }
    return {make_array(std::move(out)), kSequence};
  }
  if (!input.is_object() || is_function(input)) return {};
  const Value* found = input.find(key);
  return found != nullptr ? Datum(*found) : Datum();
}

Datum Evaluator::append(const Datum& a, const Datum& b) const {
  if (a.is_undefined()) return b;
  if (b.is_undefined()) return a;
  std::vector<Value> out;
  const std::span<const Value> left = items_of(a);
  const std::span<const Value> right = items_of(b);
  out.reserve(left.size() + right.size());
  out.insert(out.end(), left.begin(), left.end());
  out.insert(out.end(), right.begin(), right.end());
  return make_array(std::move(out));
}

Value Evaluator::deep_copy(const Value& value, int depth) const {
  if (value.is_array()) {
    std::vector<Value> items;
    items.reserve(value.size());
    for (const Value& each : value.items()) items.push_back(deep_copy(each, depth + 1));
    return Value::array(std::move(items));
  }
  if (value.is_object() && !is_function(value)) {
    std::vector<Member> members;
    members.reserve(value.size());
    for (const Member& each : value.members()) {
      members.push_back({each.key, deep_copy(each.value, depth + 1)});
    }
    return Value::object(std::move(members));
  }
  return value;
}

// ---------------------------------------------------------------------------------------------
// Evaluation of a node

Datum Evaluator::run() {
  stack_top_ = static_cast<const char*>(__builtin_frame_address(0));
  auto frame = std::make_shared<Frame>(nullptr);
  for (const Member& binding : options_.bindings) {
    frame->bind(binding.key.as_string(), binding.value);
  }
  frame->bind("$", options_.input);
  Datum input(options_.input);
  if (input.is_array()) {
    input = Datum(make_array({options_.input}), kSequence | kOuterWrapper);
  }
  return evaluate(program_.root, input, frame);
}

Datum Evaluator::evaluate(const Node* node, const Datum& input, const FramePtr& frame) {
  const DepthGuard guard(*this);
  Datum result = evaluate_kind(node, input, frame);
  if (result.has(kThunk)) return result;
  if (node->predicate) {
    for (const Stage& stage : *node->predicate) {
      result = evaluate_filter(stage.filter, result, frame);
    }
  }
  if (node->group && node->type != NodeType::kPath) {
    result = evaluate_group(node->group->pairs, node->group->position, result, frame);
  }
  if (result.is_sequence() && !result.has(kTupleStream)) {
    if (node->keep_array) result.flags |= kKeepSingleton;
    if (result.value.size() == 0) return {};
    if (result.value.size() == 1 && !result.has(kKeepSingleton)) {
      return Value(result.value.items()[0]);
    }
  }
  return result;
}

Datum Evaluator::evaluate_kind(const Node* node, const Datum& input, const FramePtr& frame) {
  switch (node->type) {
    case NodeType::kPath:
      return evaluate_path(node, input, frame);
    case NodeType::kBinary:
      return evaluate_binary(node, input, frame);
    case NodeType::kArray:
      return evaluate_array(node, input, frame);
    case NodeType::kObject:
      return evaluate_group(node->pairs, node->position, input, frame);
    case NodeType::kNegate: {
      const Datum operand = evaluate(node->lhs, input, frame);
      if (operand.is_undefined()) return {};
      if (!is_numeric(operand.value)) fail_negation(operand.value, node->position);
      return arithmetic('-', Value::integer(0), operand.value);
    }
    case NodeType::kName:
      return lookup(input.value, node->value);
    case NodeType::kString:
    case NodeType::kNumber:
    case NodeType::kValue:
      return node->literal;
    case NodeType::kWildcard:
      return evaluate_wildcard(input);
    case NodeType::kDescendant:
      return evaluate_descendants(input);
    case NodeType::kParent:
      return variable(node->slot->label, frame);
    case NodeType::kCondition: {
      const Datum condition = evaluate(node->lhs, input, frame);
      if (truthy(condition.value)) return evaluate(node->rhs, input, frame);
      if (node->third != nullptr) return evaluate(node->third, input, frame);
      return {};
    }
    case NodeType::kBlock: {
      Datum result;
      const auto inner = std::make_shared<Frame>(frame);
      for (const Node* each : node->list) result = evaluate(each, input, inner);
      return result;
    }
    case NodeType::kBind: {
      Datum value = evaluate(node->rhs, input, frame);
      frame->bind(node->lhs->value, value);
      return value;
    }
    case NodeType::kRegex:
    case NodeType::kTransform:
      return make_function(node, frame);
    case NodeType::kFunction:
      return evaluate_function(node, input, frame, nullptr);
    case NodeType::kVariable:
      if (node->value.empty()) {
        if (input.has(kOuterWrapper) && input.is_array()) return Value(input.value.items()[0]);
        return input;
      }
      return variable(node->value, frame);
    case NodeType::kLambda:
      return evaluate_lambda(node, input, frame);
    case NodeType::kPartial:
      return evaluate_partial(node, input, frame);
    case NodeType::kApply:
      return evaluate_apply(node, input, frame);
    default:
      return {};
  }
}

// Apart from evaluate_kind, which every level of nesting has on the stack.
Datum Evaluator::make_function(const Node* node, const FramePtr& frame) {
  Function function;
  function.node = node;
  if (node->type == NodeType::kRegex) {
    function.kind = Function::Kind::kRegex;
  } else {
    static const std::shared_ptr<const Signature> signature_of_transform =
        parse_signature("<(oa):o>");
    function.kind = Function::Kind::kTransform;
    function.frame = frame;
    function.signature = signature_of_transform;
  }
  return add_function(std::move(function));
}

Datum Evaluator::make_chain(const Value& first, const Value& second) {
  Function chain;
  chain.kind = Function::Kind::kChain;
  chain.first = first;
  chain.second = second;
  return add_function(std::move(chain));
}

Datum Evaluator::variable(std::string_view name, const FramePtr& frame) {
  for (const Frame* each = frame.get(); each != nullptr; each = each->parent.get()) {
    for (const auto& [known, value] : each->bindings) {
      if (known == name) return value;
    }
  }
  if (options_.variables != nullptr && !name.empty() && name != "$") {
    const auto asked = std::find_if(asked_.begin(), asked_.end(),
                                    [name](const auto& each) { return each.first == name; });
    const Value* value = asked != asked_.end() ? &asked->second : nullptr;
    if (value == nullptr) {
      Value made = options_.variables->variable(name);
      value = &asked_.emplace_back(std::string(name), std::move(made)).second;
    }
    if (!value->is_undefined()) return *value;
  }
  const auto known = builtin_values_.find(name);
  if (known != builtin_values_.end()) return known->second;
  const Builtin* builtin = find_builtin(name);
  if (builtin == nullptr || (builtin->reference_only && dialect() == Dialect::kAws)) return {};
  Function function;
  function.kind = Function::Kind::kBuiltin;
  function.builtin = builtin;
  return builtin_values_.emplace(builtin->name, add_function(std::move(function))).first->second;
}

// ---------------------------------------------------------------------------------------------
// Paths

// The common path of plain names over objects, without intermediate sequences. False: not that
// simple, take the general way.
bool Evaluator::evaluate_names(const Node* node, const Datum& input, Datum& result) const {
  if (node->group || input.is_array()) return false;
  const Value* current = &input.value;
  for (std::size_t i = 0; i < node->list.size(); ++i) {
    const Node* step = node->list[i];
    if (step->type != NodeType::kName || step->tuple || step->stages || step->predicate ||
        step->group) {
      return false;
    }
    if (current->is_array()) return false;
    if (!current->is_object() || is_function(*current)) return true;
    current = current->find(step->value);
    if (current == nullptr) return true;
  }
  if (!node->keep_singleton_array) {
    result = Datum(*current);
  } else if (current->is_array()) {
    result = Datum(*current, kKeepSingleton);
  } else {
    result = Datum(make_array({*current}), kSequence | kKeepSingleton);
  }
  return true;
}

Datum Evaluator::evaluate_path(const Node* node, const Datum& input, const FramePtr& frame) {
  {
    Datum quick;
    if (evaluate_names(node, input, quick)) return quick;
  }
  const std::vector<Node*>& steps = node->list;
  Datum current = input;
  if (input.is_array() && steps.front()->type == NodeType::kVariable) {
    // An element has no marks: `$` over the wrapped document is the document itself.
    const bool whole = input.has(kOuterWrapper) && steps.front()->value.empty();
    current = Datum(make_array({whole ? Value(input.value.items()[0]) : input.value}), kSequence);
  }
  Datum result;
  std::optional<Datum> tuples;
  bool tuple_stream = false;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Node* step = steps[i];
    tuple_stream = tuple_stream || step->tuple;
    if (i == 0 && step->cons_array) {
      result = evaluate(step, current, frame);
    } else if (tuple_stream) {
      tuples = evaluate_tuple_step(step, current, tuples ? &*tuples : nullptr, frame);
    } else if (i == 0 && input.is_array() && step->type == NodeType::kVariable) {
      // One evaluation over the whole array, with its marks.
      Datum found = evaluate(step, input, frame);
      if (step->stages) {
        for (const Stage& stage : *step->stages) {
          found = evaluate_filter(stage.filter, found, frame);
        }
      }
      if (found.is_undefined()) {
        result = Datum(make_array({}), kSequence);
      } else if (!found.is_array() || found.has(kCons)) {
        result = Datum(make_array({found.value}), kSequence);
      } else if (steps.size() == 1 && !found.is_sequence()) {
        result = found;
      } else {
        result = Datum(found.value, kSequence);
      }
    } else {
      result = evaluate_step(step, current, frame, i + 1 == steps.size());
    }
    if (!tuple_stream &&
        (result.is_undefined() || (result.is_array() && result.value.size() == 0))) {
      break;
    }
    if (step->focus.empty()) current = result;
  }
  if (tuple_stream) {
    if (node->tuple) {
      result = *tuples;
    } else {
      std::vector<Value> out;
      for (const Value& tuple : items_of(*tuples)) {
        if (const Value* at = tuple.find("@")) out.push_back(*at);
      }
      result = Datum(make_array(std::move(out)), kSequence);
    }
  }
  if (node->keep_singleton_array) {
    // The constructed array must become an element of the kept sequence.
    if (result.is_array() && result.has(kCons) && !result.has(kSequence)) {
      result = Datum(make_array({result.value}), kSequence);
    }
    result.flags |= kKeepSingleton;
  }
  if (node->group) {
    result = evaluate_group(node->group->pairs, node->group->position,
                            tuple_stream ? *tuples : result, frame);
  }
  return result;
}

Datum Evaluator::evaluate_step(const Node* node, const Datum& input, const FramePtr& frame,
                               bool last) {
  if (node->type == NodeType::kSort) {
    Datum sorted = evaluate_sort(node, input, frame);
    return node->stages ? evaluate_stages(*node->stages, std::move(sorted), frame) : sorted;
  }
  std::vector<Value> out;
  Datum first;
  std::size_t count = 0;
  const auto flush = [&out](const Datum& datum) {
    if (!datum.is_array() || datum.has(kCons)) {
      out.push_back(datum.value);
    } else {
      const std::span<const Value> items = datum.value.items();
      out.insert(out.end(), items.begin(), items.end());
    }
  };
  const std::span<const Value> items = items_of(input);
  for (const Value& item : items) {
    Datum found = evaluate(node, Datum(item), frame);
    if (node->stages) {
      for (const Stage& stage : *node->stages) {
        found = evaluate_filter(stage.filter, found, frame);
      }
    }
    if (found.is_undefined()) continue;
    if (count++ == 0) {
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
  return {make_array(std::move(out)), kSequence};
}

FramePtr Evaluator::frame_of_tuple(const Value& tuple, const FramePtr& frame) const {
  auto inner = std::make_shared<Frame>(frame);
  if (!tuple.is_object()) return inner;
  for (const Member& member : tuple.members()) {
    inner->bindings.emplace_back(std::string(member.key.as_string()), member.value);
  }
  return inner;
}

Datum Evaluator::evaluate_tuple_step(const Node* node, const Datum& input, const Datum* tuples,
                                     const FramePtr& frame) {
  Datum result;
  std::vector<Value> out;
  if (node->type == NodeType::kSort) {
    if (tuples != nullptr) {
      result = evaluate_sort(node, *tuples, frame);
      result.flags |= kTupleStream | kSequence;
    } else {
      const Datum sorted = evaluate_sort(node, input, frame);
      std::int64_t index = 0;
      for (const Value& item : items_of(sorted)) {
        ObjectBuilder tuple;
        tuple.set("@", item);
        tuple.set(node->index, Value::integer(index++));
        out.push_back(std::move(tuple).build());
      }
      result = Datum(make_array(std::move(out)), kSequence | kTupleStream);
    }
    return node->stages ? evaluate_stages(*node->stages, std::move(result), frame) : result;
  }
  std::vector<Value> made;
  if (tuples == nullptr) {
    for (const Value& item : items_of(input)) {
      ObjectBuilder tuple;
      if (!item.is_undefined()) tuple.set("@", item);
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
          next.set(node->focus, item);
        } else {
          next.set("@", item);
        }
        if (!node->index.empty()) next.set(node->index, Value::integer(position));
        if (node->ancestor != nullptr && at != nullptr) next.set(node->ancestor->label, *at);
      }
      out.push_back(std::move(next).build());
      ++position;
    }
  }
  result = Datum(make_array(std::move(out)), kSequence | kTupleStream);
  return node->stages ? evaluate_stages(*node->stages, std::move(result), frame) : result;
}

Datum Evaluator::evaluate_stages(const std::vector<Stage>& stages, Datum input,
                                 const FramePtr& frame) {
  for (const Stage& stage : stages) {
    if (stage.filter != nullptr) {
      input = evaluate_filter(stage.filter, input, frame);
      continue;
    }
    std::vector<Value> out;
    std::int64_t position = 0;
    for (const Value& tuple : items_of(input)) {
      if (!tuple.is_object()) {
        out.push_back(tuple);
        continue;
      }
      ObjectBuilder next(tuple);
      next.set(stage.index, Value::integer(position++));
      out.push_back(std::move(next).build());
    }
    input = Datum(make_array(std::move(out)), input.flags);
  }
  return input;
}

Datum Evaluator::evaluate_filter(const Node* predicate, const Datum& input, const FramePtr& frame) {
  const auto flags = static_cast<std::uint8_t>(kSequence | (input.flags & kTupleStream));
  const std::span<const Value> items = items_of(input);
  const auto size = static_cast<double>(items.size());
  if (predicate->type == NodeType::kNumber && !predicate->predicate) {
    double index = std::floor(predicate->literal.as_double());
    if (index < 0) index += size;
    std::vector<Value> out;
    if (index >= 0 && index < size) {
      const Value& item = items[static_cast<std::size_t>(index)];
      if (item.is_array()) return item;
      if (!item.is_undefined()) out.push_back(item);
    }
    return {make_array(std::move(out)), flags};
  }
  std::vector<Value> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Value& item = items[i];
    Datum found;
    if (input.has(kTupleStream)) {
      const Value* at = item.find("@");
      found =
          evaluate(predicate, at != nullptr ? Datum(*at) : Datum(), frame_of_tuple(item, frame));
    } else {
      found = evaluate(predicate, Datum(item), frame);
    }
    const bool numeric = is_numeric(found.value);
    bool numbers = numeric;
    if (!numeric && found.is_array()) {
      const std::span<const Value> all = found.value.items();
      numbers = std::all_of(all.begin(), all.end(),
                            [this](const Value& each) { return is_numeric(each); });
    }
    if (numbers) {
      for (const Value& each : items_of(found)) {
        double index = std::floor(each.as_double());
        if (index < 0) index += size;
        if (index == static_cast<double>(i) && !item.is_undefined()) out.push_back(item);
      }
    } else if (truthy(found.value) && !item.is_undefined()) {
      out.push_back(item);
    }
  }
  return {make_array(std::move(out)), flags};
}

// ---------------------------------------------------------------------------------------------
// Operators

Datum Evaluator::evaluate_binary(const Node* node, const Datum& input, const FramePtr& frame) {
  const Datum left = evaluate(node->lhs, input, frame);
  if (node->op == 'a' || node->op == 'o') {
    const bool first = truthy(left.value);
    if (first == (node->op == 'o')) return Value::boolean(first);
    try {
      return Value::boolean(truthy(evaluate(node->rhs, input, frame).value));
    } catch (Fault& fault) {
      fault.position = node->position;
      fault.token = node->value;
      fault.has_token = true;
      throw;
    }
  }
  const Datum right = evaluate(node->rhs, input, frame);
  try {
    switch (node->op) {
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
        if (!left.is_undefined() && !is_numeric(left.value)) fail_value("T2001", left.value);
        if (!right.is_undefined() && !is_numeric(right.value)) fail_value("T2002", right.value);
        if (left.is_undefined() || right.is_undefined()) return {};
        return arithmetic(node->op, left.value, right.value);
      case '=':
      case 'N':
        if (left.is_undefined() || right.is_undefined()) return Value::boolean(false);
        return Value::boolean(equal(left.value, right.value) == (node->op == '='));
      case '<':
      case '>':
      case 'L':
      case 'G':
        return compare(node->op, left.value, right.value);
      case '&': {
        std::string text;
        if (!left.is_undefined()) text = stringify(left, false).as_string();
        if (!right.is_undefined()) text += stringify(right, false).as_string();
        return Value::string(text);
      }
      case 'R':
        return make_range(left.value, right.value);
      case 'i': {
        if (left.is_undefined() || right.is_undefined()) return Value::boolean(false);
        const std::span<const Value> items = items_of(right);
        const bool scalar = !left.value.is_object() && !left.is_array();
        return Value::boolean(std::any_of(items.begin(), items.end(), [&](const Value& each) {
          return scalar ? equal(each, left.value) : each.same_as(left.value);
        }));
      }
      default:
        return {};
    }
  } catch (Fault& fault) {
    fault.position = node->position;
    fault.token = node->value;
    fault.has_token = true;
    throw;
  }
}

// Integers stay integers as long as 64 bits hold them (AWS), or 53 (reference: IEEE doubles).
Value Evaluator::arithmetic(char op, const Value& left, const Value& right) const {
  if (left.is_int() && right.is_int() && op != '/' && op != '%') {
    const std::int64_t a = left.as_int();
    const std::int64_t b = right.as_int();
    std::int64_t exact = 0;
    bool overflow = false;
    if (op == '+') overflow = __builtin_add_overflow(a, b, &exact);
    if (op == '-') overflow = __builtin_sub_overflow(a, b, &exact);
    if (op == '*') overflow = __builtin_mul_overflow(a, b, &exact);
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    if (!overflow && (dialect() == Dialect::kAws || (exact <= kExact && exact >= -kExact))) {
      return Value::integer(exact);
    }
  }
  const double a = left.as_double();
  const double b = right.as_double();
  switch (op) {
    case '+':
      return number(a + b);
    case '-':
      return number(a - b);
    case '*':
      return number(a * b);
    case '/':
      return number(a / b);
    default:
      return number(std::fmod(a, b));
  }
}

Value Evaluator::compare(char op, const Value& left, const Value& right) const {
  const auto comparable = [](const Value& value) {
    return value.is_undefined() || value.is_string() || value.is_number();
  };
  if (!comparable(left) || !comparable(right)) {
    fail_value("T2010", left.is_string() || left.is_number() ? right : left);
  }
  if (left.is_undefined() || right.is_undefined()) return {};
  if (left.is_string() != right.is_string()) {
    Fault fault;
    fault.code = "T2009";
    fault.value = left;
    fault.value2 = right;
    throw fault;
  }
  int order = 0;
  if (left.is_string()) {
    order = compare_utf16(left.as_string(), right.as_string());
  } else if (left.is_int() && right.is_int()) {
    order = left.as_int() < right.as_int() ? -1 : left.as_int() > right.as_int();
  } else {
    const double a = left.as_double();
    const double b = right.as_double();
    if (std::isnan(a) || std::isnan(b)) return Value::boolean(false);
    order = a < b ? -1 : a > b;
  }
  switch (op) {
    case '<':
      return Value::boolean(order < 0);
    case '>':
      return Value::boolean(order > 0);
    case 'L':
      return Value::boolean(order <= 0);
    default:
      return Value::boolean(order >= 0);
  }
}

Datum Evaluator::make_range(const Value& left, const Value& right) const {
  const auto integral = [](const Value& value) {
    return value.is_int() || (value.is_double() && std::isfinite(value.as_double()) &&
                              value.as_double() == std::floor(value.as_double()));
  };
  if (!left.is_undefined() && !integral(left)) fail_value("T2003", left);
  if (!right.is_undefined() && !integral(right)) fail_value("T2004", right);
  if (left.is_undefined() || right.is_undefined()) return {};
  const double from = left.as_double();
  const double to = right.as_double();
  if (from > to) return {};
  const double size = to - from + 1;
  if (size > 1e7) fail_value("D2014", number(size));
  std::vector<Value> out;
  out.reserve(static_cast<std::size_t>(size));
  for (double item = from; item <= to; item += 1) out.push_back(number(item));
  return {make_array(std::move(out)), kSequence};
}

Datum Evaluator::evaluate_array(const Node* node, const Datum& input, const FramePtr& frame) {
  std::vector<Value> out;
  for (const Node* item : node->list) {
    Datum value = evaluate(item, input, frame);
    if (value.is_undefined()) continue;
    if (item->type == NodeType::kArray || !value.is_array()) {
      out.push_back(std::move(value.value));
    } else {
      const std::span<const Value> items = value.value.items();
      out.insert(out.end(), items.begin(), items.end());
    }
  }
  return {make_array(std::move(out)), static_cast<std::uint8_t>(node->cons_array ? kCons : 0)};
}

Datum Evaluator::evaluate_wildcard(const Datum& input) const {
  Value value = input.value;
  if (input.has(kOuterWrapper) && value.is_array() && value.size() > 0) {
    value = Value(value.items()[0]);
  }
  std::vector<Value> out;
  std::uint8_t flags = kSequence;
  const auto flatten = [&out](const auto& self, const Value& each) -> void {
    if (!each.is_array()) {
      out.push_back(each);
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
  return {make_array(std::move(out)), flags};
}

void Evaluator::descend(const Value& value, std::vector<Value>& out) {
  count_step();
  if (value.is_array()) {
    for (const Value& each : value.items()) descend(each, out);
    return;
  }
  out.push_back(value);
  for (const Member* member : ordered(value)) descend(member->value, out);
}

Datum Evaluator::evaluate_descendants(const Datum& input) {
  if (input.is_undefined()) return {};
  std::vector<Value> out;
  descend(input.value, out);
  if (out.size() == 1) return out[0];
  return {make_array(std::move(out)), kSequence};
}

// ---------------------------------------------------------------------------------------------
// Objects and grouping

Datum Evaluator::evaluate_group(const Pairs& pairs, int position, const Datum& input,
                                const FramePtr& frame) {
  struct Entry {
    Value key;
    std::size_t pair = 0;
    Value single;              // the data while there is one item
    std::vector<Value> items;  // the data from the second item on
    bool many = false;
  };
  std::vector<Entry> groups;
  std::unordered_map<std::string_view, std::size_t> known;
  const bool reduce = input.has(kTupleStream);
  std::span<const Value> items = items_of(input);
  if (items.empty() && !reduce) items = {&kNothing, 1};
  const auto add = [](std::vector<Value>& out, const Value& value) {
    if (value.is_undefined()) return;
    if (value.is_array()) {
      out.insert(out.end(), value.items().begin(), value.items().end());
    } else {
      out.push_back(value);
    }
  };
  for (const Value& item : items) {
    const FramePtr inner = reduce ? frame_of_tuple(item, frame) : frame;
    const Value* at = reduce ? item.find("@") : &item;
    const Datum context = at != nullptr ? Datum(*at) : Datum();
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      // An object constructor over one item sees that item with its marks.
      const bool whole = !reduce && !input.is_array();
      Datum key = evaluate(pairs[p].first, whole ? input : context, inner);
      if (key.is_undefined()) continue;
      if (!key.value.is_string()) fail_value("T1003", key.value, position);
      const auto found = known.find(key.value.as_string());
      if (found == known.end()) {
        Entry entry;
        entry.key = key.value;
        entry.pair = p;
        entry.single = item;
        groups.push_back(std::move(entry));
        known.emplace(groups.back().key.as_string(), groups.size() - 1);
        continue;
      }
      Entry& entry = groups[found->second];
      if (entry.pair != p) fail_value("D1009", key.value, position);
      if (!entry.many) {
        entry.many = true;
        add(entry.items, entry.single);
      }
      add(entry.items, item);
    }
  }
  std::vector<Member> members;
  std::vector<Value> used;
  for (Entry& entry : groups) {
    const Node* expression = pairs[entry.pair].second;
    Datum value;
    if (!reduce) {
      Datum context = entry.many ? Datum(make_array(std::move(entry.items))) : Datum(entry.single);
      if (!entry.many && !input.is_array()) context.flags = input.flags;
      value = evaluate(expression, context, frame);
    } else {
      // The tuples of a group become one: each name gets all its values.
      ObjectBuilder merged(entry.many ? entry.items[0] : entry.single);
      for (std::size_t i = 1; entry.many && i < entry.items.size(); ++i) {
        if (!entry.items[i].is_object()) continue;
        const Value so_far = ObjectBuilder(merged).build();
        for (const Member& member : entry.items[i].members()) {
          const Value* before = so_far.find(member.key.as_string());
          merged.set(member.key,
                     append(before != nullptr ? Datum(*before) : Datum(), member.value).value);
        }
      }
      const Value tuple = std::move(merged).build();
      const Value* at = tuple.find("@");
      // The reference takes `@` out of a lone tuple itself, so that only the first key of an
      // object sees its context.
      if (!entry.many) {
        for (const Value& each : used) {
          if (each.same_as(entry.single)) at = nullptr;
        }
        used.push_back(entry.single);
      }
      value =
          evaluate(expression, at != nullptr ? Datum(*at) : Datum(), frame_of_tuple(tuple, frame));
    }
    if (!value.is_undefined()) members.push_back({entry.key, std::move(value.value)});
  }
  return make_object(std::move(members));
}

// ---------------------------------------------------------------------------------------------
// Sorting

Datum Evaluator::evaluate_sort(const Node* node, const Datum& input, const FramePtr& frame) {
  if (input.is_undefined()) return {};
  const std::span<const Value> items = items_of(input);
  if (items.size() <= 1)
    return input.is_array() ? input : Datum(make_array({input.value}), kSequence);
  const bool tuples = input.has(kTupleStream);
  // The terms of each item, computed when a comparison first asks for them.
  std::vector<std::vector<std::optional<Value>>> keys(
      items.size(), std::vector<std::optional<Value>>(node->terms.size()));
  const auto key = [&](std::size_t item, std::size_t term) -> const Value& {
    std::optional<Value>& slot = keys[item][term];
    if (!slot) {
      const Node* expression = node->terms[term].expression;
      if (tuples) {
        const Value* at = items[item].find("@");
        slot = evaluate(expression, at != nullptr ? Datum(*at) : Datum(),
                        frame_of_tuple(items[item], frame))
                   .value;
      } else {
        slot = evaluate(expression, Datum(items[item]), frame).value;
      }
    }
    return *slot;
  };
  const auto after = [&](std::size_t i, std::size_t j) {
    count_step();
    for (std::size_t t = 0; t < node->terms.size(); ++t) {
      const Value& a = key(i, t);
      const Value& b = key(j, t);
      if (a.is_undefined() && b.is_undefined()) continue;
      if (a.is_undefined()) return true;
      if (b.is_undefined()) return false;
      const bool a_fits = a.is_string() || a.is_number();
      if (!a_fits || !(b.is_string() || b.is_number())) {
        fail_value("T2008", a_fits ? b : a, node->position);
      }
      if (a.is_string() != b.is_string()) {
        Fault fault;
        fault.code = "T2007";
        fault.position = node->position;
        fault.value = a;
        fault.value2 = b;
        throw fault;
      }
      int order = 0;
      if (a.is_string()) {
        order = compare_utf16(a.as_string(), b.as_string());
      } else if (!equal(a, b)) {
        order = compare('<', a, b).as_bool() ? -1 : 1;
      }
      if (order != 0) return node->terms[t].descending ? order < 0 : order > 0;
    }
    return false;
  };
  std::vector<Value> out;
  out.reserve(items.size());
  for (const std::uint32_t i : sort_order(items.size(), after)) out.push_back(items[i]);
  return {make_array(std::move(out)), static_cast<std::uint8_t>(input.flags & kTupleStream)};
}

// ---------------------------------------------------------------------------------------------
// Functions

Datum Evaluator::evaluate_lambda(const Node* node, const Datum& input, const FramePtr& frame) {
  if (node->thunk) {
    thunk_node_ = node->lhs;
    thunk_input_ = input;
    thunk_frame_ = frame;
    return {Value(), kThunk};
  }
  Function function;
  function.kind = Function::Kind::kLambda;
  function.node = node;
  function.input = input;
  function.frame = frame;
  function.signature = node->signature;
  function.parameters.assign(node->list.begin(), node->list.end());
  return add_function(std::move(function));
}

Datum Evaluator::evaluate_function(const Node* node, const Datum& input, const FramePtr& frame,
                                   const Datum* context) {
  const Node* callee = node->lhs;
  const Datum function = evaluate(callee, input, frame);
  const std::string& name =
      callee->type == NodeType::kPath ? callee->list.front()->value : callee->value;
  if (function.is_undefined() && callee->type == NodeType::kPath &&
      !variable(name, frame).is_undefined()) {
    fail_token("T1005", node->position, name);
  }
  Arguments args;
  args.reserve(node->list.size() + 1);
  if (context != nullptr) args.push_back(*context);
  for (const Node* each : node->list) args.push_back(evaluate(each, input, frame));
  try {
    if (is_function(function.value)) {
      Function& target = function_of(function.value);
      target.token = has_name(callee->type) ? name : std::string();
      target.position = node->position;
    }
    return apply(function, std::move(args), input, frame);
  } catch (Fault& fault) {
    if (fault.position <= 0) fault.position = node->position;
    if (!fault.has_token && has_name(callee->type)) {
      fault.token = name;
      fault.has_token = true;
    }
    throw;
  }
}

Datum Evaluator::apply(const Datum& function, Arguments args, const Datum& input,
                       const FramePtr& frame) {
  Datum result = apply_inner(function, std::move(args), input, frame);
  while (result.has(kThunk)) {
    const Node* body = thunk_node_;
    const Datum thunk_input = std::move(thunk_input_);
    const FramePtr thunk_frame = std::move(thunk_frame_);
    const Datum next = evaluate(body->lhs, thunk_input, thunk_frame);
    if (is_function(next.value)) {
      Function& target = function_of(next.value);
      if (body->lhs->type == NodeType::kVariable) target.token = body->lhs->value;
      target.position = body->lhs->position;
    }
    Arguments next_args;
    next_args.reserve(body->list.size());
    for (const Node* each : body->list) {
      next_args.push_back(evaluate(each, thunk_input, thunk_frame));
    }
    result = apply_inner(next, std::move(next_args), input, frame);
  }
  return result;
}

Datum Evaluator::call(const Datum& function, Arguments args, const FramePtr& frame) {
  return apply(function, std::move(args), Datum(Value::null()), frame);
}

Datum Evaluator::apply_inner(const Datum& target, Arguments args, const Datum& input,
                             const FramePtr& frame) {
  if (!is_function(target.value)) fail("T1006");
  // A deque: the reference stays good while functions are added.
  Function& function = function_of(target.value);
  try {
    if (function.kind == Function::Kind::kBuiltin && !function.signature &&
        !function.builtin->signature.empty()) {
      function.signature = parse_signature(function.builtin->signature);
    }
    if (function.signature) args = validate(*function.signature, std::move(args), input);
    switch (function.kind) {
      case Function::Kind::kBuiltin:
        if (function.builtin->arity >= 0) args.resize(std::max(args.size(), kArgumentsMin));
        return function.builtin->run(*this, args, CallContext{input, frame});
      case Function::Kind::kPartialBuiltin: {
        Arguments all;
        std::size_t next = 0;
        for (const std::optional<Datum>& bound : function.bound) {
          if (bound) {
            all.push_back(*bound);
          } else {
            all.push_back(next < args.size() ? args[next] : Datum());
            ++next;
          }
        }
        // The reference does not check here and trips over its own types; we answer T0410.
        while (!all.empty() && all.back().is_undefined()) all.pop_back();
        all = validate(*parse_signature(function.builtin->signature), std::move(all), input);
        if (function.builtin->arity >= 0) all.resize(std::max(all.size(), kArgumentsMin));
        return function.builtin->run(*this, all, CallContext{input, frame});
      }
      case Function::Kind::kLambda: {
        const auto inner = std::make_shared<Frame>(function.frame);
        inner->bindings.reserve(function.parameters.size());
        for (std::size_t i = 0; i < function.parameters.size(); ++i) {
          inner->bind(function.parameters[i]->value, i < args.size() ? args[i] : Datum());
        }
        return evaluate(function.node->lhs, function.input, inner);
      }
      case Function::Kind::kRegex: {
        if (args.empty() || !args[0].value.is_string()) return {};
        const bool offset = args.size() > 1 && args[1].value.is_number();
        return match_object(*function.node->regex, function.node, args[0].value,
                            offset ? offset_of_code_point(args[0].value.as_string(),
                                                          static_cast<std::size_t>(std::max(
                                                              0.0, args[1].value.as_double())))
                                   : 0);
      }
      case Function::Kind::kNextMatch: {
        if (function.offset >= function.subject.as_string().size()) return {};
        Datum next =
            match_object(*function.node->regex, function.node, function.subject, function.offset);
        if (next.value.is_object() && next.value.find("match")->as_string().empty()) {
          fail_value("D1004", Value::string(function.node->value), function.node->position);
        }
        return next;
      }
      case Function::Kind::kTransform:
        return transform(function.node, args.empty() ? Value() : args[0].value, function.frame);
      case Function::Kind::kChain: {
        Datum first = apply(function.first, std::move(args), Datum(Value::null()), frame);
        // The reference's chain is a lambda, whose call makes a value of the sequence.
        if (first.is_sequence() && !first.has(kKeepSingleton) && first.value.size() < 2) {
          first = first.value.size() == 0 ? Datum() : Datum(Value(first.value.items()[0]));
        }
        return apply(function.second, {first}, Datum(Value::null()), frame);
      }
    }
    return {};
  } catch (Fault& fault) {
    if (!fault.has_token && !function.token.empty()) {
      fault.token = function.token;
      fault.has_token = true;
    }
    if (function.position > 0) fault.position = function.position;
    throw;
  }
}

Datum Evaluator::match_object(const Regex& regex, const Node* node, const Value& subject,
                              std::size_t from) {
  const std::string_view text = subject.as_string();
  const std::optional<Regex::Match> match = regex.find(text, from);
  if (!match) return {};
  Function next;
  next.kind = Function::Kind::kNextMatch;
  next.node = node;
  next.subject = subject;
  next.offset = match->end;
  std::vector<Value> groups;
  for (const std::optional<std::string>& group : match->groups) {
    groups.push_back(group ? Value::string(*group) : Value::null());
  }
  const std::size_t start = count_utf16(text.substr(0, match->start));
  const std::string_view found = text.substr(match->start, match->end - match->start);
  return make_object({{Value::string("match"), Value::string(found)},
                      {Value::string("start"), Value::integer(static_cast<std::int64_t>(start))},
                      {Value::string("end"),
                       Value::integer(static_cast<std::int64_t>(start + count_utf16(found)))},
                      {Value::string("groups"), Value::array(std::move(groups))},
                      {Value::string("next"), add_function(std::move(next))}});
}

Datum Evaluator::evaluate_partial(const Node* node, const Datum& input, const FramePtr& frame) {
  std::vector<std::optional<Datum>> args;
  for (const Node* each : node->list) {
    if (each->type == NodeType::kOperator && each->op == '?') {
      args.emplace_back(std::nullopt);
    } else {
      args.emplace_back(evaluate(each, input, frame));
    }
  }
  const Node* callee = node->lhs;
  Datum target = evaluate(callee, input, frame);
  const std::string& name =
      callee->type == NodeType::kPath ? callee->list.front()->value : callee->value;
  if (!is_function(target.value)) {
    const bool known = target.is_undefined() && callee->type == NodeType::kPath &&
                       !variable(name, frame).is_undefined();
    fail_token(known ? "T1007" : "T1008", node->position, name);
  }
  const Function& function = function_of(target.value);
  Function partial;
  if (function.kind == Function::Kind::kLambda) {
    partial.kind = Function::Kind::kLambda;
    partial.node = function.node;
    partial.input = function.input;
    partial.frame = std::make_shared<Frame>(function.frame);
    for (std::size_t i = 0; i < function.parameters.size(); ++i) {
      if (i < args.size() && !args[i]) {
        partial.parameters.push_back(function.parameters[i]);
      } else {
        partial.frame->bind(function.parameters[i]->value, i < args.size() ? *args[i] : Datum());
      }
    }
    return add_function(std::move(partial));
  }
  if (function.kind == Function::Kind::kBuiltin) {
    partial.kind = Function::Kind::kPartialBuiltin;
    partial.builtin = function.builtin;
    args.resize(static_cast<std::size_t>(std::max(function.builtin->arity, 0)), Datum());
    partial.bound = std::move(args);
    return add_function(std::move(partial));
  }
  if (function.kind == Function::Kind::kPartialBuiltin) {
    partial.kind = Function::Kind::kPartialBuiltin;
    partial.builtin = function.builtin;
    partial.bound = function.bound;
    std::size_t next = 0;
    for (std::optional<Datum>& slot : partial.bound) {
      if (slot) continue;
      slot = next < args.size() ? args[next] : Datum();
      ++next;
    }
    return add_function(std::move(partial));
  }
  return target;
}

Datum Evaluator::evaluate_apply(const Node* node, const Datum& input, const FramePtr& frame) {
  const Datum left = evaluate(node->lhs, input, frame);
  if (node->rhs->type == NodeType::kFunction) {
    Datum result = evaluate_function(node->rhs, input, frame, &left);
    return result;
  }
  const Datum target = evaluate(node->rhs, input, frame);
  if (!is_function(target.value)) fail_value("T2006", target.value, node->position);
  if (is_function(left.value)) return make_chain(left.value, target.value);
  return apply(target, {left}, Datum(Value::null()), frame);
}

char Evaluator::symbol_of(const Value& value) const {
  switch (value.kind()) {
    case Kind::kUndefined:
      return 'm';
    case Kind::kNull:
      return 'l';
    case Kind::kBool:
      return 'b';
    case Kind::kInt:
    case Kind::kDouble:
      return 'n';
    case Kind::kString:
      return 's';
    case Kind::kArray:
      return 'a';
    case Kind::kObject:
      return is_function(value) ? 'f' : 'o';
  }
  return 'm';
}

Arguments Evaluator::validate(const Signature& signature, Arguments args, const Datum& context) {
  std::string letters;
  for (const Datum& each : args) letters += symbol_of(each.value);
  std::vector<int> counts;
  if (!match_signature(signature, letters, counts)) {
    const int bad = mismatch_index(signature, letters);
    Fault fault;
    fault.code = "T0410";
    fault.index = bad + 1;
    if (static_cast<std::size_t>(bad) < args.size()) {
      fault.value = args[static_cast<std::size_t>(bad)].value;
    }
    throw fault;
  }
  Arguments out;
  std::size_t next = 0;
  for (std::size_t p = 0; p < signature.parameters.size(); ++p) {
    const Parameter& parameter = signature.parameters[p];
    if (counts[p] == 0) {
      if (parameter.context) {
        if (parameter.symbols.find(symbol_of(context.value)) == std::string::npos) {
          Fault fault;
          fault.code = "T0411";
          fault.value = context.value;
          fault.index = static_cast<int>(next) + 1;
          throw fault;
        }
        out.push_back(context);
      } else {
        out.push_back(next < args.size() ? args[next] : Datum());
        ++next;
      }
      continue;
    }
    for (int k = 0; k < counts[p]; ++k, ++next) {
      // 2.0.6 gives a repeated parameter its first argument again; repaired later.
      const bool first_again = dialect() == Dialect::kAws && parameter.type != "a";
      Datum arg = args[first_again ? next - static_cast<std::size_t>(k) : next];
      const char letter = letters[next];
      if (parameter.type == "a" && letter != 'm') {
        bool fits = true;
        if (parameter.has_subtype) {
          const std::string_view matched = std::string_view(letters).substr(
              next - static_cast<std::size_t>(k), static_cast<std::size_t>(counts[p]));
          if (letter != 'a') {
            fits = matched == parameter.subtype;
          } else {
            for (const Value& each : arg.value.items()) {
              fits = fits && symbol_of(each) == parameter.subtype[0];
            }
          }
        }
        if (!fits) {
          Fault fault;
          fault.code = "T0412";
          fault.value = arg.value;
          fault.index = static_cast<int>(next) + 1;
          switch (parameter.subtype.empty() ? 'x' : parameter.subtype[0]) {
            case 'a':
              fault.type = "arrays";
              break;
            case 'b':
              fault.type = "booleans";
              break;
            case 'f':
              fault.type = "functions";
              break;
            case 'n':
              fault.type = "numbers";
              break;
            case 'o':
              fault.type = "objects";
              break;
            case 's':
              fault.type = "strings";
              break;
            default:
              break;
          }
          throw fault;
        }
        if (letter != 'a') arg = Datum(make_array({arg.value}));
      }
      out.push_back(std::move(arg));
    }
  }
  return out;
}

// ---------------------------------------------------------------------------------------------
// Transform: the reference changes the nodes of a copy in place. Values do not change, so the
// changes are kept beside the copy, by node, and put in at the end.

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

Datum Evaluator::transform(const Node* node, const Value& value, const FramePtr& frame) {
  if (value.is_undefined()) return {};
  const Datum clone = variable("clone", frame);
  if (!is_function(clone.value)) fail_at("T2013", node->position);
  const Datum cloned = apply(clone, {value}, Datum(Value::null()), frame);
  const Value root = deep_copy(cloned.value, 0);
  const Datum matches = evaluate(node->lhs, root, frame);
  Changes changes;
  if (!matches.is_undefined()) {
    for (const Value& match : items_of(matches)) {
      const Datum current(changes.resolve(match, 0));
      const Datum update = evaluate(node->rhs, current, frame);
      const bool changeable = match.is_object() && !is_function(match);
      ObjectBuilder next;
      if (changeable) next = ObjectBuilder(changes.find(match) ? *changes.find(match) : match);
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

// ---------------------------------------------------------------------------------------------
// $eval

Datum Evaluator::evaluate_text(std::string_view text, const Datum& input, const FramePtr& frame) {
  std::shared_ptr<Program> program;
  try {
    program = parse_program(text, dialect());
  } catch (const Fault& fault) {
    fail_value("D3120", Value::string(to_failure(fault).message));
  }
  evaluated_.push_back(program);
  try {
    return evaluate(program->root, input, frame);
  } catch (const Fault& fault) {
    if (fault.code == "U1001") throw;
    fail_value("D3121", Value::string(to_failure(fault).message));
  }
}

// ---------------------------------------------------------------------------------------------
// The public face

std::optional<Expression> Expression::parse(std::string_view text, Dialect dialect,
                                            Failure& failure) {
  try {
    return Expression(parse_program(text, dialect));
  } catch (const Fault& fault) {
    failure = to_failure(fault);
    return std::nullopt;
  }
}

Result<Expression> Expression::parse(std::string_view text, Dialect dialect) {
  Failure failure;
  if (std::optional<Expression> expression = parse(text, dialect, failure)) return *expression;
  return Error{ErrorCode::kInvalid, failure.message, failure.code};
}

Dialect Expression::dialect() const { return program_->dialect; }
const Node& Expression::root() const { return *program_->root; }

namespace {

// A result as it leaves the language. Functions inside are nothing that can be written: they become
// empty strings. Numbers beyond JSON become strings in AWS's dialect.
Value without_functions(const Evaluator& evaluator, const Value& value) {
  if (evaluator.is_function(value)) return Value::string("");
  if (value.is_double() && !std::isfinite(value.as_double()) &&
      evaluator.dialect() == Dialect::kAws) {
    return Value::string(javascript_number(value.as_double()));
  }
  if (value.is_array()) {
    std::vector<Value> items;
    bool same = true;
    for (const Value& each : value.items()) {
      items.push_back(without_functions(evaluator, each));
      same = same && items.back().same_as(each);
    }
    return same ? value : Value::array(std::move(items));
  }
  if (value.is_object()) {
    std::vector<Member> members;
    bool same = true;
    for (const Member& each : value.members()) {
      members.push_back({each.key, without_functions(evaluator, each.value)});
      same = same && members.back().value.same_as(each.value);
    }
    return same ? value : Value::object(std::move(members));
  }
  return value;
}

}  // namespace

Evaluation Expression::evaluate(const EvaluateOptions& options) const {
  Evaluation evaluation;
  try {
    Evaluator evaluator(*program_, options);
    Datum result = evaluator.run();
    if (evaluator.is_function(result.value)) {
      evaluation.is_function = true;
    } else {
      evaluation.value = without_functions(evaluator, result.value);
    }
  } catch (const Fault& fault) {
    evaluation.failure = to_failure(fault);
  }
  return evaluation;
}

}  // namespace pawl::asl::jsonata
