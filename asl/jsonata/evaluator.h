// The evaluator: one object per evaluation. Internal to asl/jsonata.
//
// Functions are values too. A function is an object with one member whose key is a node of this
// evaluator alone (nothing in a document can be it) and whose value indexes `functions_`: so
// functions lie in arrays, objects and variables like any value, and Value needs no new kind.
#pragma once

#include "asl/jsonata/datum.h"
#include "asl/jsonata/fault.h"
#include "asl/jsonata/jsonata.h"
#include "asl/jsonata/node.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pawl::asl::jsonata {

class Evaluator;
using Arguments = std::vector<Datum>;

struct Frame;
using FramePtr = std::shared_ptr<Frame>;

// Variables of one block, call or tuple.
struct Frame {
  explicit Frame(FramePtr enclosing) : parent(std::move(enclosing)) {}
  ~Frame();
  FramePtr parent;
  std::vector<std::pair<std::string, Datum>> bindings;

  void bind(std::string_view name, Datum value);
};

struct CallContext {
  const Datum& input;
  const FramePtr& frame;
};

struct Builtin {
  std::string_view name;
  std::string_view signature;
  int arity;
  Datum (*run)(Evaluator&, Arguments&, const CallContext&);
  bool reference_only = false;
};

// nullptr: there is none of that name.
const Builtin* find_builtin(std::string_view name);

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
  std::vector<const Node*> parameters;      // kLambda: those not bound yet
  std::vector<std::optional<Datum>> bound;  // kPartialBuiltin
  std::shared_ptr<const Signature> signature;
  std::string token;  // name and place of the latest call
  int position = -1;
  Value subject;  // kNextMatch
  std::size_t offset = 0;
  Value first;  // kChain
  Value second;
};

class Evaluator {
 public:
  Evaluator(const Program& program, const EvaluateOptions& options);

  Datum run();

  // ---- for the built-in functions
  bool is_function(const Value& value) const;
  Function& function_of(const Value& value);
  int arity(const Value& function);
  Datum apply(const Datum& function, Arguments args, const Datum& input, const FramePtr& frame);
  // Calls a function that was an argument: without context.
  Datum call(const Datum& function, Arguments args, const FramePtr& frame);
  Value add_function(Function function);
  // One match of a matcher function, or undefined. T1010 if it answers something else.
  Datum match_object(const Regex& regex, const Node* node, const Value& subject, std::size_t from);

  Datum evaluate_text(std::string_view text, const Datum& input, const FramePtr& frame);
  Value stringify(const Datum& value, bool pretty);
  bool truthy(const Value& value) const;
  bool is_numeric(const Value& value) const;
  Value make_array(std::vector<Value> items) const;
  Value make_object(std::vector<Member> members) const;
  Value number(double value) const;
  // The members in the reference's order: array indexes first (kReference only).
  std::vector<const Member*> ordered(const Value& object) const;
  Datum lookup(const Value& input, std::string_view key) const;
  Datum append(const Datum& a, const Datum& b) const;
  // Merge sort as the reference: `after(i, j)` is true when item i belongs behind item j.
  template <typename After>
  std::vector<std::uint32_t> sort_order(std::size_t count, After after);
  std::uint64_t random();
  void count_step();

  const EvaluateOptions& options() const { return options_; }
  Dialect dialect() const { return program_.dialect; }

 private:
  friend struct DepthGuard;

  Datum evaluate(const Node* node, const Datum& input, const FramePtr& frame);
  Datum evaluate_kind(const Node* node, const Datum& input, const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_path(const Node* node, const Datum& input,
                                        const FramePtr& frame);
  bool evaluate_names(const Node* node, const Datum& input, Datum& result) const;
  Datum evaluate_step(const Node* node, const Datum& input, const FramePtr& frame, bool last);
  Datum evaluate_tuple_step(const Node* node, const Datum& input, const Datum* tuples,
                            const FramePtr& frame);
  Datum evaluate_stages(const std::vector<Stage>& stages, Datum input, const FramePtr& frame);
  Datum evaluate_filter(const Node* predicate, const Datum& input, const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_binary(const Node* node, const Datum& input,
                                          const FramePtr& frame);
  Value arithmetic(char op, const Value& left, const Value& right) const;
  Value compare(char op, const Value& left, const Value& right) const;
  [[gnu::noinline]] Datum make_range(const Value& left, const Value& right) const;
  [[gnu::noinline]] Datum evaluate_array(const Node* node, const Datum& input,
                                         const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_wildcard(const Datum& input) const;
  [[gnu::noinline]] Datum evaluate_descendants(const Datum& input);
  void descend(const Value& value, std::vector<Value>& out);
  [[gnu::noinline]] Datum evaluate_group(const Pairs& pairs, int position, const Datum& input,
                                         const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_sort(const Node* node, const Datum& input,
                                        const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_function(const Node* node, const Datum& input,
                                            const FramePtr& frame, const Datum* context);
  [[gnu::noinline]] Datum evaluate_partial(const Node* node, const Datum& input,
                                           const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_apply(const Node* node, const Datum& input,
                                         const FramePtr& frame);
  [[gnu::noinline]] Datum evaluate_lambda(const Node* node, const Datum& input,
                                          const FramePtr& frame);
  Datum apply_inner(const Datum& function, Arguments args, const Datum& input,
                    const FramePtr& frame);
  [[gnu::noinline]] Datum transform(const Node* node, const Value& value, const FramePtr& frame);
  Arguments validate(const Signature& signature, Arguments args, const Datum& context);
  char symbol_of(const Value& value) const;
  [[gnu::noinline]] Datum make_function(const Node* node, const FramePtr& frame);
  [[gnu::noinline]] Datum make_chain(const Value& first, const Value& second);
  [[gnu::noinline]] Datum variable(std::string_view name, const FramePtr& frame);
  FramePtr frame_of_tuple(const Value& tuple, const FramePtr& frame) const;
  Value deep_copy(const Value& value, int depth) const;

  const Program& program_;
  const EvaluateOptions& options_;
  Value function_key_;
  std::deque<Function> functions_;
  std::unordered_map<std::string_view, Value> builtin_values_;
  std::vector<std::pair<std::string, Value>> asked_;  // what VariableSource answered
  std::vector<std::shared_ptr<Program>> evaluated_;
  const char* stack_top_ = nullptr;
  int depth_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t random_state_ = 0x9E3779B97F4A7C15u;
  // The pending tail call of a Datum with kThunk.
  const Node* thunk_node_ = nullptr;
  Datum thunk_input_;
  FramePtr thunk_frame_;
};

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
