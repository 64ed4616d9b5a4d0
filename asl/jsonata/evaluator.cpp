// The evaluator's frame: nodes, variables, limits, and what all parts ask of values.
#include "asl/jsonata/evaluator.h"

#include "asl/jsonata/text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pawl::asl::jsonata {
namespace {

constexpr std::uint64_t kStepsPerTick = 1024;
constexpr double kExactInteger = 9007199254740992.0;

[[noreturn, gnu::noinline]] void fail_negation(const Value& value, int position) {
  Fault fault;
  fault.code = "D1002";
  fault.position = position;
  fault.token = "-";
  fault.has_token = true;
  fault.value = value;
  throw fault;
}

// The key of the objects that stand for functions. One a thread is enough: they leave no
// evaluation.
const Value& function_key() {
  thread_local const Value key = Value::string("function");
  return key;
}

std::size_t bytes_limit(const EvaluateOptions& options, Dialect dialect) {
  if (options.value_bytes_max != 0) return options.value_bytes_max;
  return dialect == Dialect::kAws ? kAwsValueBytesMax : std::numeric_limits<std::size_t>::max();
}

}  // namespace

void fail_limit(std::string_view message) {
  Fault fault;
  fault.code = "U1001";
  fault.message = message;
  throw fault;
}

Evaluator::Evaluator(const Program& program, const EvaluateOptions& options)
    : program_(program),
      options_(options),
      dialect_(program.dialect),
      weight_max_(bytes_limit(options, program.dialect)),
      max_depth_(options.max_depth),
      next_tick_(std::min(kStepsPerTick, options.max_steps + 1)),
      function_key_(function_key()),
      globals_(program.names->names.size()),
      names_(program.names) {}

Datum Evaluator::run() {
  stack_end_ = static_cast<const char*>(__builtin_frame_address(0)) - options_.stack_bytes;
  for (const Member& binding : options_.bindings) {
    const std::optional<NameId> name = names_->find(binding.key.as_string());
    if (name) bind(*name, binding.value, FramePtr());
  }
  if (const std::optional<NameId> root = names_->find("$")) {
    bind(*root, options_.input, FramePtr());
  }
  Datum input(options_.input);
  if (input.is_array()) {
    input = Datum(make_array({options_.input}), kSequence | kOuterWrapper);
  }
  return evaluate(program_.root, input, FramePtr());
}

// ---------------------------------------------------------------------------------------------
// Limits

void Evaluator::overflow() const {
  fail_limit(
      "Stack overflow error: Check for non-terminating recursive function.  Consider rewriting as "
      "tail-recursive. Depth=" +
      std::to_string(depth_) + " max=" + std::to_string(max_depth_));
}

void Evaluator::fail_memory() {
  fail_limit("Expression evaluation memory limit exceeded: Check for excessive memory usage");
}

void Evaluator::tick() {
  if (steps_ > options_.max_steps || (options_.tick && !options_.tick())) {
    fail_limit("Expression evaluation timeout: Check for infinite loop");
  }
  next_tick_ = std::min(steps_ + kStepsPerTick, options_.max_steps + 1);
}

std::uint64_t Evaluator::random() {
  if (options_.random != nullptr) return options_.random->next();
  random_state_ += 0x9E3779B97F4A7C15u;
  std::uint64_t z = random_state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// ---------------------------------------------------------------------------------------------
// Values

Value Evaluator::number(double value) const {
  if (std::fabs(value) <= kExactInteger) {
    const auto whole = static_cast<std::int64_t>(value);
    if (static_cast<double>(whole) == value) return Value::integer(whole);
  }
  return Value::number(value);
}

Value Items::finish() {
  evaluator_.account(weight_, items_.size());
  Value array = Value::array(std::move(items_));
  if (array.depth() > asl::kMaxDepth) fail_limit("Stack overflow error: value nested too deeply");
  return array;
}

Value Evaluator::make_array(std::vector<Value> items) const {
  Value array = Value::array(std::move(items));
  if (array.depth() > asl::kMaxDepth) fail_limit("Stack overflow error: value nested too deeply");
  std::uint64_t weight = 0;
  for (const Value& each : array.items()) weight += weight_of(each);
  account(weight, array.size());
  return array;
}

Value Evaluator::make_object(std::vector<Member> members) const {
  Value object = Value::object(std::move(members));
  if (object.depth() > asl::kMaxDepth) fail_limit("Stack overflow error: value nested too deeply");
  std::uint64_t weight = 0;
  for (const Member& each : object.members()) {
    weight += each.key.as_string().size() + weight_of(each.value);
  }
  account(weight, 2 * object.size());
  return object;
}

Value Evaluator::make_string(std::string_view text) const {
  account(text.size(), text.size() / sizeof(Value));
  return Value::string(text);
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
  if (!object.is_object() || is_function(object)) return members;
  members.reserve(object.size());
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
    Items out(*this);
    for (const Value& item : input.items()) {
      const Datum found = lookup(item, key);
      if (!found.is_undefined()) out.add_flat(found.value);
    }
    return {out.finish(), kSequence};
  }
  if (!input.is_object() || is_function(input)) return {};
  const Value* found = input.find(key);
  return found != nullptr ? Datum(*found) : Datum();
}

Datum Evaluator::append(const Datum& a, const Datum& b) const {
  if (a.is_undefined()) return b;
  if (b.is_undefined()) return a;
  Items out(*this);
  const std::span<const Value> left = items_of(a);
  const std::span<const Value> right = items_of(b);
  out.reserve(left.size() + right.size());
  out.add_all(left);
  out.add_all(right);
  return out.finish();
}

// ---------------------------------------------------------------------------------------------
// Evaluation of a node

Datum Evaluator::evaluate(const Node* node, const Datum& input, const FramePtr& frame) {
  enter();
  Datum result = evaluate_kind(node, input, frame);
  if (result.flags != 0 || node->predicate || node->group) finish(node, frame, result);
  // A failure ends the evaluation: nobody counts on the depth after one.
  --depth_;
  return result;
}

// Each level of nesting has this on the stack: what needs room is done in functions of their own.
Datum Evaluator::evaluate_kind(const Node* node, const Datum& input, const FramePtr& frame) {
  switch (node->type) {
    case NodeType::kPath:
      return evaluate_path(node, input, frame);
    case NodeType::kBinary:
      return evaluate_binary(node, input, frame);
    case NodeType::kArray:
      return evaluate_array(node, input, frame);
    case NodeType::kObject:
      return evaluate_object(node->pairs, node->position, input, frame);
    case NodeType::kNegate:
      return evaluate_negate(node, input, frame);
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
      return label(node->slot->label, frame);
    case NodeType::kCondition:
      return evaluate_condition(node, input, frame);
    case NodeType::kBlock:
      return evaluate_block(node, input, frame);
    case NodeType::kBind:
      return evaluate_bind(node, input, frame);
    case NodeType::kRegex:
    case NodeType::kTransform:
      return make_function(node, frame);
    case NodeType::kFunction:
      return evaluate_function(node, input, frame, nullptr);
    case NodeType::kVariable:
      if (!node->value.empty()) return variable(node->name, frame);
      return input.has(kOuterWrapper) && input.is_array() ? Datum(input.value.items()[0]) : input;
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

Datum Evaluator::evaluate_condition(const Node* node, const Datum& input, const FramePtr& frame) {
  const bool holds = truthy(evaluate(node->lhs, input, frame).value);
  if (holds) return evaluate(node->rhs, input, frame);
  if (node->third != nullptr) return evaluate(node->third, input, frame);
  return {};
}

void Evaluator::finish(const Node* node, const FramePtr& frame, Datum& result) {
  if (result.has(kThunk)) return;
  if (node->predicate) {
    for (const Stage& stage : *node->predicate) {
      result = evaluate_filter(stage.filter, result, frame);
    }
  }
  if (node->group && node->type != NodeType::kPath) {
    result = evaluate_group(node->group->pairs, node->group->position, result, frame);
  }
  if (!result.is_sequence() || result.has(kTupleStream)) return;
  if (node->keep_array) result.flags |= kKeepSingleton;
  if (result.value.size() == 0) {
    result = Datum();
  } else if (result.value.size() == 1 && !result.has(kKeepSingleton)) {
    result = Datum(Value(result.value.items()[0]));
  }
}

Datum Evaluator::evaluate_block(const Node* node, const Datum& input, const FramePtr& frame) {
  Datum result;
  const FramePtr inner = node->own_frame ? frames_.make(frame) : frame;
  for (const Node* each : node->list) result = evaluate(each, input, inner);
  return result;
}

Datum Evaluator::evaluate_bind(const Node* node, const Datum& input, const FramePtr& frame) {
  Datum value = evaluate(node->rhs, input, frame);
  bind(node->lhs->name, value, frame);
  return value;
}

Datum Evaluator::evaluate_negate(const Node* node, const Datum& input, const FramePtr& frame) {
  const Datum operand = evaluate(node->lhs, input, frame);
  if (operand.is_undefined()) return {};
  if (!is_numeric(operand.value)) fail_negation(operand.value, node->position);
  return arithmetic('-', Value::integer(0), operand.value);
}

// ---------------------------------------------------------------------------------------------
// Variables

void Evaluator::bind(NameId name, Datum value, const FramePtr& frame) {
  if (frame.get() != nullptr) {
    frame->bind(name, std::move(value));
    return;
  }
  Global& target = globals_[name];
  target.known = true;
  target.builtin = nullptr;
  target.value = std::move(value);
}

Datum Evaluator::variable(NameId name, const FramePtr& frame) {
  const NameTable::Name& known = names_->names[name];
  if (known.bound || names_->dynamic) {
    for (Frame* each = frame.get(); each != nullptr; each = each->parent.get()) {
      if (!each->tuple.is_undefined()) {
        if (const Value* value = each->tuple.find(known.text)) return *value;
      }
      if (const Datum* value = each->find(name)) return *value;
    }
  }
  Global& found = global(name);
  if (found.builtin == nullptr) return found.value;
  if (found.function.is_undefined()) {
    Function function;
    function.kind = Function::Kind::kBuiltin;
    function.builtin = found.builtin;
    function.signature = found.builtin->parsed;
    found.function = add_function(std::move(function));
  }
  return found.function;
}

Evaluator::Global& Evaluator::global(NameId name) {
  Global& found = globals_[name];
  if (found.known) return found;
  found.known = true;
  const NameTable::Name& known = names_->names[name];
  if (options_.variables != nullptr && !known.text.empty() && known.text != "$") {
    Value value = options_.variables->variable(known.text);
    if (!value.is_undefined()) {
      found.value = Datum(std::move(value));
      return found;
    }
  }
  found.builtin = known.builtin;
  return found;
}

Datum Evaluator::label(std::string_view label, const FramePtr& frame) const {
  for (const Frame* each = frame.get(); each != nullptr; each = each->parent.get()) {
    if (each->tuple.is_undefined()) continue;
    if (const Value* value = each->tuple.find(label)) return *value;
  }
  return {};
}

// ---------------------------------------------------------------------------------------------
// $eval

Datum Evaluator::evaluate_text(std::string_view text, const Datum& input, const FramePtr& frame) {
  std::shared_ptr<Program> program;
  try {
    program = parse_program(text, dialect(), names_.get());
  } catch (const Fault& fault) {
    fail_value("D3120", Value::string(to_failure(fault).message));
  }
  evaluated_.push_back(program);
  const std::size_t known = globals_.size();
  names_ = program->names;
  globals_.resize(names_->names.size());
  for (const Member& binding : options_.bindings) {
    const std::optional<NameId> name = names_->find(binding.key.as_string());
    if (name && *name >= known) bind(*name, binding.value, FramePtr());
  }
  if (const std::optional<NameId> root = names_->find("$"); root && *root >= known) {
    bind(*root, options_.input, FramePtr());
  }
  try {
    return evaluate(program->root, input, frame);
  } catch (const Fault& fault) {
    if (fault.code == "U1001") throw;
    fail_value("D3121", Value::string(to_failure(fault).message));
  }
}

}  // namespace pawl::asl::jsonata
