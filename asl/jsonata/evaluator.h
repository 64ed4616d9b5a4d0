// The evaluator: one object per evaluation. Internal to asl/jsonata.
//
// Its parts, by subject: evaluator.cpp (nodes, variables, limits), evaluate_path.cpp,
// evaluate_tuples.cpp, evaluate_operators.cpp, evaluate_group.cpp (objects, groups, sorting),
// evaluate_call.cpp (functions), transform.cpp, stringify.cpp. Names follow the reference.
//
// Functions are values too. A function is an object with one member whose key is a node of the
// evaluators alone (nothing in a document can be it) and whose value indexes `functions_`: so
// functions lie in arrays, objects and variables like any value, and Value needs no new kind.
#pragma once

#include "asl/jsonata/arguments.h"
#include "asl/jsonata/builtins.h"
#include "asl/jsonata/datum.h"
#include "asl/jsonata/fault.h"
#include "asl/jsonata/frame.h"
#include "asl/jsonata/jsonata.h"
#include "asl/jsonata/node.h"
#include "asl/jsonata/weight.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl::jsonata {

struct Function {
  enum class Kind : std::uint8_t {
    kBuiltin,
    kLambda,
    kPartialBuiltin,
    kRegex,
    kNextMatch,
    kTransform,
    kChain,
  };
  Kind kind = Kind::kLambda;
  const Builtin* builtin = nullptr;
  const Node* node = nullptr;  // kLambda, kRegex, kTransform
  Datum input;
  FramePtr frame;
  std::vector<const Node*> parameters;      // kLambda of a partial application: not bound yet
  bool partial = false;                     // `parameters` holds them; else those of `node`
  std::vector<std::optional<Datum>> bound;  // kPartialBuiltin
  const Signature* signature = nullptr;
  std::string_view token;  // name and place of the latest call
  int position = -1;
  Value subject;           // kNextMatch
  std::size_t offset = 0;  // in bytes
  std::size_t units = 0;   // the same in UTF-16
  Value first;             // kChain
  Value second;
};

class Evaluator {
 public:
  Evaluator(const Program& program, const EvaluateOptions& options);

  Datum run();

  // ---- for the built-in functions
  bool is_function(const Value& value) const {
    return value.is_object() && value.size() == 1 && value.members()[0].key.same_as(function_key_);
  }
  Function& function_of(const Value& value) {
    return *functions_[static_cast<std::size_t>(value.members()[0].value.as_int())];
  }
  int arity(const Value& function);
  Datum apply(const Value& function, Arguments& args, const Datum& input, const FramePtr& frame);
  // Calls a function that was an argument: without context.
  Datum call(const Value& function, Arguments& args, const FramePtr& frame);
  Value add_function(Function function);
  // One match of a matcher function, or undefined. `units` is `from` in UTF-16.
  Datum match_object(const Node* node, const Value& subject, std::size_t from, std::size_t units);
  Value match_value(const Node* node, const Value& subject, const Regex::Match& match,
                    std::size_t start_units);

  Datum evaluate_text(std::string_view text, const Datum& input, const FramePtr& frame);
  Value stringify(const Datum& value, bool pretty);
  // The same behind `out`.
  void append_string(const Datum& value, bool pretty, std::string& out);
  bool truthy(const Value& value) const;
  bool is_numeric(const Value& value) const;
  Value make_array(std::vector<Value> items) const;
  Value make_object(std::vector<Member> members) const;
  Value make_string(std::string_view text) const;
  Value number(double value) const;
  // The members in the reference's order: array indexes first (kReference only).
  std::vector<const Member*> ordered(const Value& object) const;
  Datum lookup(const Value& input, std::string_view key) const;
  Datum append(const Datum& a, const Datum& b) const;
  // Merge sort as the reference: `after(i, j)` is true when item i belongs behind item j.
  template <typename After>
  std::vector<std::uint32_t> sort_order(std::size_t count, After after);
  std::uint64_t random();

  // One unit of work: an evaluation of a node, an item of a built-in function's loop. Calls
  // EvaluateOptions::tick every 1,024.
  void count_step() {
    if (++steps_ >= next_tick_) tick();
  }
  void count_steps(std::size_t steps) {
    steps_ += steps;
    if (steps_ >= next_tick_) tick();
  }
  // Fails if a value that is being built weighs too much.
  void check_weight(std::uint64_t weight) const {
    if (weight > weight_max_ || weight > options_.bytes_max) fail_memory();
  }
  // The same for one that is done; its slots (of 16 bytes) count for the whole evaluation.
  void account(std::uint64_t weight, std::uint64_t slots) const {
    check_weight(weight);
    built_bytes_ += sizeof(Value) * (slots + 4);
    if (built_bytes_ > options_.bytes_max) fail_memory();
  }

  const EvaluateOptions& options() const { return options_; }
  Dialect dialect() const { return dialect_; }

 private:
  Datum evaluate(const Node* node, const Datum& input, const FramePtr& frame);
  Datum evaluate_kind(const Node* node, const Datum& input, const FramePtr& frame);
  [[gnu::noinline]] void finish(const Node* node, const FramePtr& frame, Datum& result);
  void enter() {
    if (++depth_ > max_depth_) overflow();
    if (static_cast<const char*>(__builtin_frame_address(0)) < stack_end_) overflow();
    count_step();
  }
  // A step that is taken without evaluate(): it must fit as well.
  void check_room() {
    if (depth_ >= max_depth_) {
      ++depth_;
      overflow();
    }
  }
  [[noreturn, gnu::noinline]] void overflow() const;
  [[noreturn, gnu::noinline]] static void fail_memory();
  [[gnu::noinline]] void tick();

  // evaluator.cpp
  [[gnu::noinline]] Datum evaluate_condition(const Node* node, const Datum& input,
                                             const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_block(const Node* node, const Datum& input,
                                         const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_bind(const Node* node, const Datum& input,
                                        const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_negate(const Node* node, const Datum& input,
                                          const FramePtr& frame);
  Datum variable(NameId name, const FramePtr& frame);
  [[gnu::noinline]] Datum label(std::string_view label, const FramePtr& frame) const;
  void bind(NameId name, Datum value, const FramePtr& frame);
  struct Global;
  Global& global(NameId name);

  // evaluate_path.cpp
  [[gnu::noinline]] Datum evaluate_path(const Node* node, const Datum& input,
                                        const FramePtr& frame);
  const Value* find_member(const Node* name, const Value& object) const;
  [[gnu::noinline]] bool evaluate_prefix(const Node* node, const Datum& input,
                                         const FramePtr& frame, std::size_t& done, Datum& current);
  [[gnu::noinline]] Datum evaluate_steps(const Node* node, std::size_t first, Datum current,
                                         const Datum& input, const FramePtr& frame);
  [[gnu::noinline]] Datum items_of_lone(const Value& value) const;
  [[gnu::noinline]] Datum finish_path(const Node* node, Datum result, const Datum* tuples,
                                      const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_first_variable(const Node* node, const Datum& input,
                                                  const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_step(const Node* node, const Datum& input, const FramePtr& frame,
                                        bool last);
  [[gnu::noinline]] Datum evaluate_name_step(const Node* node, const Datum& input, bool last);
  [[gnu::noinline]] Datum evaluate_filter(const Node* predicate, const Datum& input,
                                          const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_wildcard(const Datum& input);
  [[gnu::noinline]] Datum evaluate_descendants(const Datum& input);

  // evaluate_tuples.cpp
  [[gnu::noinline]] Datum evaluate_tuple_step(const Node* node, const Datum& input,
                                              const Datum* tuples, const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_stages(const std::vector<Stage>& stages, Datum input,
                                          const FramePtr& frame);
  FramePtr frame_of_tuple(const Value& tuple, const FramePtr& frame);

  // evaluate_operators.cpp
  [[gnu::noinline]] Datum evaluate_binary(const Node* node, const Datum& input,
                                          const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_logic(const Node* node, const Datum& input,
                                         const FramePtr& frame);
  [[gnu::noinline]] Datum operate(const Node* node, const Datum& left, const Datum& right);
  [[gnu::noinline]] Value arithmetic(char op, const Value& left, const Value& right) const;
  [[gnu::noinline]] Value compare(char op, const Value& left, const Value& right) const;
  [[gnu::noinline]] Datum make_range(const Value& left, const Value& right);
  [[gnu::noinline]] Datum evaluate_array(const Node* node, const Datum& input,
                                         const FramePtr& frame);

  // evaluate_group.cpp
  [[gnu::noinline]] Datum evaluate_group(const Pairs& pairs, int position, const Datum& input,
                                         const FramePtr& frame);
  struct Group;
  [[gnu::noinline]] std::vector<Group> gather(const Pairs& pairs, int position, const Datum& input,
                                              const FramePtr& frame);
  [[gnu::noinline]] Value value_of_group(const Node* expression, Group& group, const Datum& input,
                                         const FramePtr& frame);
  [[gnu::noinline]] Value value_of_tuples(const Node* expression, const std::vector<Group>& groups,
                                          std::size_t index, const FramePtr& frame);
  [[gnu::noinline]] Value object_of(std::vector<Group> groups) const;
  [[gnu::noinline]] Value merge_tuples(const std::vector<Value>& tuples) const;
  [[gnu::noinline]] Datum evaluate_object(const Pairs& pairs, int position, const Datum& input,
                                          const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_sort(const Node* node, const Datum& input,
                                        const FramePtr& frame);
  // The value of `node` for a tuple: its item, if wanted, is the context, its names are variables.
  [[gnu::noinline]] Value evaluate_in_tuple(const Node* node, const Value& tuple,
                                            const FramePtr& frame, bool with_item = true);
  struct SortKeys;
  const Value& sort_key(SortKeys& keys, std::size_t item, std::size_t term);
  bool sorts_after(SortKeys& keys, std::size_t i, std::size_t j);

  // evaluate_call.cpp
  [[gnu::noinline]] Datum evaluate_function(const Node* node, const Datum& input,
                                            const FramePtr& frame, const Datum* context);
  [[gnu::noinline]] void check_misspelt(const Node* node, std::string_view code,
                                        const FramePtr& frame);
  [[gnu::noinline]] Datum call_builtin(const Node* node, const Builtin& builtin, const Datum& input,
                                       const FramePtr& frame, const Datum* context);
  [[gnu::noinline]] Datum run_builtin(const Builtin& builtin, Arguments& args, const Datum& input,
                                      const FramePtr& frame);
  [[gnu::noinline]] Datum run_partial(const Builtin& builtin, Arguments& args, const Datum& input,
                                      const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_partial(const Node* node, const Datum& input,
                                           const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_apply(const Node* node, const Datum& input,
                                         const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_lambda(const Node* node, const Datum& input,
                                          const FramePtr& frame);
  [[gnu::noinline]] Datum trampoline(const Datum& input, const FramePtr& frame);
  Datum apply_inner(const Value& function, Arguments& args, const Datum& input,
                    const FramePtr& frame);
  [[gnu::noinline]] Datum apply_lambda(const Function& function, Arguments& args);
  [[gnu::noinline]] Datum apply_other(Function& function, Arguments& args, const Datum& input,
                                      const FramePtr& frame);
  // Makes the arguments fit, or throws T0410, T0411, T0412.
  void validate(const Signature& signature, Arguments& args, const Datum& context);
  [[gnu::noinline]] void validate_slowly(const Signature& signature, Arguments& args,
                                         const Datum& context);
  char symbol_of(const Value& value) const;
  [[gnu::noinline]] Datum make_function(const Node* node, const FramePtr& frame);
  [[gnu::noinline]] Datum make_chain(const Value& first, const Value& second);

  // transform.cpp
  [[gnu::noinline]] Datum transform(const Node* node, const Value& value, const FramePtr& frame);
  Value deep_copy(const Value& value);

  // A variable of the outermost level: bound there, given, or a built-in function.
  struct Global {
    bool known = false;
    Datum value;
    const Builtin* builtin = nullptr;  // as long as it is nothing else
    Value function;                    // the built-in function as a value, once it is asked for
  };

  const Program& program_;
  const EvaluateOptions& options_;
  const Dialect dialect_;
  const std::size_t weight_max_;
  mutable std::uint64_t built_bytes_ = 0;
  const int max_depth_;
  int depth_ = 0;
  const char* stack_end_ = nullptr;
  std::uint64_t steps_ = 0;
  std::uint64_t next_tick_ = 0;
  std::uint64_t random_state_ = 0x9E3779B97F4A7C15u;
  Value function_key_;
  FramePool frames_;  // goes after everything that holds frames
  std::vector<Global> globals_;
  std::vector<std::unique_ptr<Function>> functions_;
  std::shared_ptr<const NameTable> names_;  // the program's; longer after $eval
  std::vector<std::shared_ptr<Program>> evaluated_;
  // The pending tail call of a Datum with kThunk.
  const Node* thunk_node_ = nullptr;
  Datum thunk_input_;
  FramePtr thunk_frame_;
};

// The elements of an array, or the one value as the reference's createSequence(value).
inline std::span<const Value> items_of(const Datum& datum) {
  if (datum.is_array()) return datum.value.items();
  return {&datum.value, 1};
}

// Collects the items of an array that an expression builds, under the limit on its size.
class Items {
 public:
  explicit Items(const Evaluator& evaluator) : evaluator_(evaluator) {}

  void reserve(std::size_t size) { items_.reserve(size); }
  void add(Value value) {
    weigh(value);
    items_.push_back(std::move(value));
  }
  // An array's elements, or the value.
  void add_flat(const Value& value) {
    if (value.is_array()) {
      add_all(value.items());
    } else {
      add(value);
    }
  }
  void add_all(std::span<const Value> values) {
    for (const Value& each : values) weigh(each);
    items_.insert(items_.end(), values.begin(), values.end());
  }
  std::size_t size() const { return items_.size(); }
  Value finish();

 private:
  void weigh(const Value& value) {
    weight_ += weight_of(value);
    evaluator_.check_weight(weight_);
  }

  const Evaluator& evaluator_;
  std::vector<Value> items_;
  std::uint64_t weight_ = 0;
};

[[noreturn]] void fail_limit(std::string_view message);

template <typename After>
std::vector<std::uint32_t> Evaluator::sort_order(std::size_t count, After after) {
  std::vector<std::uint32_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = static_cast<std::uint32_t>(i);
  std::vector<std::uint32_t> scratch(count);
  for (std::size_t width = 1; width < count; width *= 2) {
    for (std::size_t start = 0; start < count; start += 2 * width) {
      const std::size_t middle = start + width < count ? start + width : count;
      const std::size_t end = start + 2 * width < count ? start + 2 * width : count;
      std::size_t left = start;
      std::size_t right = middle;
      for (std::size_t out = start; out < end; ++out) {
        const bool take_right = left >= middle || (right < end && after(order[left], order[right]));
        scratch[out] = take_right ? order[right++] : order[left++];
      }
    }
    order.swap(scratch);
  }
  return order;
}

}  // namespace pawl::asl::jsonata
