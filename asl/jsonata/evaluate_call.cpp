// Functions: lambdas, calls, tail calls, partial application, chains, signatures.
#include "asl/jsonata/evaluator.h"
#include "asl/jsonata/text.h"

#include <algorithm>
#include <cmath>

namespace pawl::asl::jsonata {
namespace {

// Whether the reference has a name for a callee of this kind to put into a failure.
bool has_name(NodeType type) {
  return type != NodeType::kLambda && type != NodeType::kCondition &&
         type != NodeType::kTransform && type != NodeType::kBlock && type != NodeType::kParent;
}

const std::string& name_of(const Node* callee) {
  return callee->type == NodeType::kPath ? callee->list.front()->value : callee->value;
}

[[gnu::noinline]] void locate_call(Fault& fault, const Node* node) {
  if (fault.position <= 0) fault.position = node->position;
  if (!fault.has_token && has_name(node->lhs->type)) {
    fault.token = name_of(node->lhs);
    fault.has_token = true;
  }
}

[[gnu::noinline]] void locate_callee(Fault& fault, std::string_view token, int position) {
  if (!fault.has_token && !token.empty()) {
    fault.token = token;
    fault.has_token = true;
  }
  if (position > 0) fault.position = position;
}

const Signature* transform_signature() {
  static const std::shared_ptr<const Signature> signature = parse_signature("<(oa):o>");
  return signature.get();
}

[[noreturn, gnu::noinline]] void fail_argument(std::string_view code, std::size_t index,
                                               const Value& value, std::string_view type = {}) {
  Fault fault;
  fault.code = code;
  fault.index = static_cast<int>(index);
  fault.value = value;
  fault.type = type;
  throw fault;
}

std::string_view plural_of(char symbol) {
  switch (symbol) {
    case 'a':
      return "arrays";
    case 'b':
      return "booleans";
    case 'f':
      return "functions";
    case 'n':
      return "numbers";
    case 'o':
      return "objects";
    case 's':
      return "strings";
    default:
      return {};
  }
}

}  // namespace

// ---------------------------------------------------------------------------------------------
// Functions as values

// Functions stay until the evaluation ends: closures and the frames that hold them go in circles.
Value Evaluator::add_function(Function function) {
  constexpr std::size_t kMaxFunctions = 250'000;  // docs/limits.md
  if (functions_.size() >= kMaxFunctions) fail_memory();
  functions_.push_back(std::make_unique<Function>(std::move(function)));
  return Value::object(
      {{function_key_, Value::integer(static_cast<std::int64_t>(functions_.size() - 1))}});
}

Datum Evaluator::make_function(const Node* node, const FramePtr& frame) {
  Function function;
  function.node = node;
  if (node->type == NodeType::kRegex) {
    function.kind = Function::Kind::kRegex;
  } else {
    function.kind = Function::Kind::kTransform;
    function.frame = frame;
    function.signature = transform_signature();
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

int Evaluator::arity(const Value& value) {
  if (!is_function(value)) fail("T1006");
  const Function& function = function_of(value);
  switch (function.kind) {
    case Function::Kind::kBuiltin:
      return function.builtin->arity;
    case Function::Kind::kLambda:
      return static_cast<int>(function.partial ? function.parameters.size()
                                               : function.node->list.size());
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
  function.signature = node->signature.get();
  return add_function(std::move(function));
}

// ---------------------------------------------------------------------------------------------
// Calls

Datum Evaluator::evaluate_function(const Node* node, const Datum& input, const FramePtr& frame,
                                   const Datum* context) {
  const Node* callee = node->lhs;
  if (callee->type == NodeType::kVariable && !callee->value.empty() && !callee->predicate &&
      !callee->group && !names_->dynamic && !names_->names[callee->name].bound) {
    if (const Builtin* builtin = global(callee->name).builtin) {
      return call_builtin(node, *builtin, input, frame, context);
    }
  }
  const Datum function = evaluate(callee, input, frame);
  if (function.is_undefined() && callee->type == NodeType::kPath) {
    check_misspelt(node, "T1005", frame);
  }
  Arguments args;
  if (context != nullptr) args.push_back(*context);
  for (const Node* each : node->list) args.push_back(evaluate(each, input, frame));
  try {
    if (is_function(function.value)) {
      Function& target = function_of(function.value);
      target.token = has_name(callee->type) ? std::string_view(name_of(callee)) : "";
      target.position = node->position;
    }
    return apply(function.value, args, input, frame);
  } catch (Fault& fault) {
    locate_call(fault, node);
    throw;
  }
}

// `sum(x)` instead of `$sum(x)`.
void Evaluator::check_misspelt(const Node* node, std::string_view code, const FramePtr& frame) {
  const std::string& name = name_of(node->lhs);
  bool known = find_builtin(name, dialect()) != nullptr;
  if (const std::optional<NameId> id = names_->find(name)) {
    known = !variable(*id, frame).is_undefined();
  } else if (!known) {
    const auto& given = options_.bindings;
    known = std::any_of(given.begin(), given.end(),
                        [&](const Member& each) { return each.key.as_string() == name; }) ||
            (options_.variables != nullptr && !options_.variables->variable(name).is_undefined());
  }
  if (known) fail_token(code, node->position, name);
}

// A call of a built-in function by its name, without the function as a value.
Datum Evaluator::call_builtin(const Node* node, const Builtin& builtin, const Datum& input,
                              const FramePtr& frame, const Datum* context) {
  check_room();
  Arguments args;
  if (context != nullptr) args.push_back(*context);
  for (const Node* each : node->list) args.push_back(evaluate(each, input, frame));
  try {
    return run_builtin(builtin, args, input, frame);
  } catch (Fault& fault) {
    locate_callee(fault, node->lhs->value, node->position);
    locate_call(fault, node);
    throw;
  }
}

Datum Evaluator::run_builtin(const Builtin& builtin, Arguments& args, const Datum& input,
                             const FramePtr& frame) {
  count_step();
  if (builtin.parsed != nullptr) validate(*builtin.parsed, args, input);
  Datum result = builtin.run(*this, args, CallContext{input, frame});
  if (result.value.is_string()) check_weight(result.value.as_string().size());
  return result;
}

// The reference does not check the arguments here: without its first one a function gives nothing.
// Where it trips over its own types we answer T0410.
Datum Evaluator::run_partial(const Builtin& builtin, Arguments& args, const Datum& input,
                             const FramePtr& frame) {
  if (args.empty() || !args[0].is_undefined()) return run_builtin(builtin, args, input, frame);
  try {
    const Datum no_context;
    return run_builtin(builtin, args, no_context, frame);
  } catch (const Fault& fault) {
    if (fault.code != "T0410" && fault.code != "T0411" && fault.code != "T0412") throw;
    return {};
  }
}

Datum Evaluator::apply(const Value& function, Arguments& args, const Datum& input,
                       const FramePtr& frame) {
  Datum result = apply_inner(function, args, input, frame);
  if (result.has(kThunk)) return trampoline(input, frame);
  return result;
}

// Runs the pending tail call, and those that it leaves.
Datum Evaluator::trampoline(const Datum& input, const FramePtr& frame) {
  for (;;) {
    const Node* body = thunk_node_;
    const Datum thunk_input = std::move(thunk_input_);
    const FramePtr thunk_frame = std::move(thunk_frame_);
    const Datum next = evaluate(body->lhs, thunk_input, thunk_frame);
    if (is_function(next.value)) {
      Function& target = function_of(next.value);
      if (body->lhs->type == NodeType::kVariable) target.token = body->lhs->value;
      target.position = body->lhs->position;
    }
    Arguments args;
    for (const Node* each : body->list) args.push_back(evaluate(each, thunk_input, thunk_frame));
    Datum result = apply_inner(next.value, args, input, frame);
    if (!result.has(kThunk)) return result;
  }
}

Datum Evaluator::call(const Value& function, Arguments& args, const FramePtr& frame) {
  const Datum no_context(Value::null());
  return apply(function, args, no_context, frame);
}

Datum Evaluator::apply_inner(const Value& target, Arguments& args, const Datum& input,
                             const FramePtr& frame) {
  if (!is_function(target)) fail("T1006");
  Function& function = function_of(target);
  try {
    if (function.kind == Function::Kind::kBuiltin) {
      return run_builtin(*function.builtin, args, input, frame);
    }
    if (function.signature != nullptr) validate(*function.signature, args, input);
    if (function.kind == Function::Kind::kLambda) return apply_lambda(function, args);
    return apply_other(function, args, input, frame);
  } catch (Fault& fault) {
    locate_callee(fault, function.token, function.position);
    throw;
  }
}

Datum Evaluator::apply_lambda(const Function& function, Arguments& args) {
  const FramePtr inner = frames_.make(function.frame);
  const std::size_t count =
      function.partial ? function.parameters.size() : function.node->list.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Node* parameter = function.partial ? function.parameters[i] : function.node->list[i];
    inner->bind(parameter->name, i < args.size() ? std::move(args[i]) : Datum());
  }
  return evaluate(function.node->lhs, function.input, inner);
}

Datum Evaluator::apply_other(Function& function, Arguments& args, const Datum& input,
                             const FramePtr& frame) {
  switch (function.kind) {
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
      return run_partial(*function.builtin, all, input, frame);
    }
    case Function::Kind::kRegex: {
      if (args.empty() || !args[0].value.is_string()) return {};
      const std::string_view text = args[0].value.as_string();
      std::size_t from = 0;
      if (args.size() > 1 && args[1].value.is_number()) {
        from = offset_of_code_point(
            text, static_cast<std::size_t>(std::clamp(args[1].value.as_double(), 0.0, 1e9)));
      }
      return match_object(function.node, args[0].value, from, count_utf16(text.substr(0, from)));
    }
    case Function::Kind::kNextMatch: {
      if (function.offset >= function.subject.as_string().size()) return {};
      Datum next = match_object(function.node, function.subject, function.offset, function.units);
      if (next.value.is_object() && next.value.find("match")->as_string().empty()) {
        fail_value("D1004", Value::string(function.node->value), function.node->position);
      }
      return next;
    }
    case Function::Kind::kTransform:
      return transform(function.node, args.empty() ? Value() : args[0].value, function.frame);
    case Function::Kind::kChain: {
      // The reference's chain is a lambda of `$g($f($x))`: the inner call is one level down, and
      // makes a value of its sequence.
      enter();
      const Datum no_context(Value::null());
      Datum first = apply(function.first, args, no_context, frame);
      if (first.is_sequence() && !first.has(kKeepSingleton) && first.value.size() < 2) {
        first = first.value.size() == 0 ? Datum() : Datum(Value(first.value.items()[0]));
      }
      --depth_;
      Arguments second;
      second.push_back(std::move(first));
      return apply(function.second, second, no_context, frame);
    }
    default:
      return {};
  }
}

// ---------------------------------------------------------------------------------------------
// Matches of regular expressions

Datum Evaluator::match_object(const Node* node, const Value& subject, std::size_t from,
                              std::size_t units) {
  const std::string_view text = subject.as_string();
  Regex::Match match;
  const bool found = node->regex->find(text, from, match);
  count_steps(1 + ((found ? match.end : text.size()) - from) / 64);
  if (!found) return {};
  return match_value(node, subject, match,
                     units + count_utf16(text.substr(from, match.start - from)));
}

Value Evaluator::match_value(const Node* node, const Value& subject, const Regex::Match& match,
                             std::size_t start_units) {
  static thread_local const Value match_key = Value::string("match");
  static thread_local const Value start_key = Value::string("start");
  static thread_local const Value end_key = Value::string("end");
  static thread_local const Value groups_key = Value::string("groups");
  static thread_local const Value next_key = Value::string("next");
  const std::string_view found = match.text(subject.as_string());
  const std::size_t end_units = start_units + count_utf16(found);
  Function next;
  next.kind = Function::Kind::kNextMatch;
  next.node = node;
  next.subject = subject;
  next.offset = match.end;
  next.units = end_units;
  std::vector<Value> groups;
  groups.reserve(match.groups.size());
  for (const std::optional<std::string_view>& group : match.groups) {
    groups.push_back(group ? Value::string(*group) : Value::null());
  }
  return make_object({{match_key, Value::string(found)},
                      {start_key, count_value(start_units)},
                      {end_key, count_value(end_units)},
                      {groups_key, make_array(std::move(groups))},
                      {next_key, add_function(std::move(next))}});
}

// ---------------------------------------------------------------------------------------------
// Partial application and chains

Datum Evaluator::evaluate_partial(const Node* node, const Datum& input, const FramePtr& frame) {
  std::vector<std::optional<Datum>> args;
  for (const Node* each : node->list) {
    if (each->type == NodeType::kOperator && each->op == '?') {
      args.emplace_back(std::nullopt);
    } else {
      args.emplace_back(evaluate(each, input, frame));
    }
  }
  Datum target = evaluate(node->lhs, input, frame);
  if (!is_function(target.value)) {
    if (target.is_undefined() && node->lhs->type == NodeType::kPath) {
      check_misspelt(node, "T1007", frame);
    }
    fail_token("T1008", node->position, name_of(node->lhs));
  }
  const Function& function = function_of(target.value);
  Function partial;
  if (function.kind == Function::Kind::kLambda) {
    const std::vector<const Node*> parameters =
        function.partial
            ? function.parameters
            : std::vector<const Node*>(function.node->list.begin(), function.node->list.end());
    partial.kind = Function::Kind::kLambda;
    partial.partial = true;
    partial.node = function.node;
    partial.input = function.input;
    partial.frame = frames_.make(function.frame);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (i < args.size() && !args[i]) {
        partial.parameters.push_back(parameters[i]);
      } else {
        partial.frame->bind(parameters[i]->name, i < args.size() ? *args[i] : Datum());
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
    return evaluate_function(node->rhs, input, frame, &left);
  }
  const Datum target = evaluate(node->rhs, input, frame);
  if (!is_function(target.value)) fail_value("T2006", target.value, node->position);
  if (is_function(left.value)) return make_chain(left.value, target.value);
  Arguments args;
  args.push_back(left);
  return call(target.value, args, frame);
}

// ---------------------------------------------------------------------------------------------
// Signatures

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

// The usual call gives each parameter one argument, or leaves out optional ones at the end: then
// the arguments stay what they are.
void Evaluator::validate(const Signature& signature, Arguments& args, const Datum& context) {
  const std::vector<Parameter>& parameters = signature.parameters;
  bool fits = args.size() <= parameters.size();
  for (std::size_t i = 0; i < parameters.size() && fits; ++i) {
    const Parameter& parameter = parameters[i];
    if (i >= args.size()) {
      fits = parameter.optional && !parameter.context;
      continue;
    }
    const Value& arg = args[i].value;
    const char symbol = symbol_of(arg);
    fits = !parameter.repeated && parameter.symbols.find(symbol) != std::string::npos;
    if (!fits || parameter.type != "a" || symbol == 'm') continue;
    fits = arg.is_array();
    if (fits && parameter.has_subtype) {
      for (const Value& each : arg.items()) fits = fits && symbol_of(each) == parameter.subtype[0];
    }
  }
  if (!fits) validate_slowly(signature, args, context);
}

void Evaluator::validate_slowly(const Signature& signature, Arguments& args, const Datum& context) {
  std::string letters;
  for (const Datum& each : args) letters += symbol_of(each.value);
  std::vector<int> counts;
  if (!match_signature(signature, letters, counts)) {
    const auto bad = static_cast<std::size_t>(mismatch_index(signature, letters));
    fail_argument("T0410", bad + 1, bad < args.size() ? args[bad].value : Value());
  }
  std::vector<Datum> out;
  std::size_t next = 0;
  for (std::size_t p = 0; p < signature.parameters.size(); ++p) {
    const Parameter& parameter = signature.parameters[p];
    if (counts[p] == 0) {
      if (parameter.context) {
        if (parameter.symbols.find(symbol_of(context.value)) == std::string::npos) {
          fail_argument("T0411", next + 1, context.value);
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
          const char of = parameter.subtype.empty() ? 'x' : parameter.subtype[0];
          fail_argument("T0412", next + 1, arg.value, plural_of(of));
        }
        if (letter != 'a') arg = Datum(make_array({arg.value}));
      }
      out.push_back(std::move(arg));
    }
  }
  args.take(std::move(out));
}

}  // namespace pawl::asl::jsonata
