// Evaluates compiled paths. Internal to asl/path.
#pragma once

#include "asl/path/compiled.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pawl::asl::jsonpath {

// Bounds (docs/limits.md).
inline constexpr std::uint32_t kMaxPathVisits = 2'000'000;  // nodes looked at in one evaluation
inline constexpr int kMaxEvaluationDepth = 64;              // steps that branch, one within another

// What a failure is, which decides who may pass over it.
enum class Failure : std::uint8_t {
  kNone,
  kNotFound,    // within a filter: the value is undefined
  kInvalid,     // within a filter: the element does not match
  kOutOfRange,  // below an index: the index finds nothing
  kOther,
  kLimit,
};

// State shared by all paths of one evaluation: the document, the budget, the failure.
struct EvaluationState {
  explicit EvaluationState(const Value& root_document) : root(&root_document) {}

  // Notes the failure and gives false. The text is made only where somebody may read it: filters
  // pass over what is not found or invalid. Never inlined: its strings would swell the frames of
  // the functions that recurse, and a fiber's stack is small.
  template <typename Text>
  [[gnu::noinline]] bool fail(Failure what, Text&& text) {
    failure = what;
    message.clear();
    const bool swallowed = what == Failure::kNotFound || what == Failure::kInvalid;
    if (quiet == 0 || !swallowed) message = std::forward<Text>(text)();
    return false;
  }
  // Counts one more node.
  bool visit() {
    if (++visits <= kMaxPathVisits) return true;
    return fail(Failure::kLimit, [] {
      return "The path visits more than " + std::to_string(kMaxPathVisits) + " nodes.";
    });
  }

  const Value* root;
  Failure failure = Failure::kNone;
  std::string message;
  int quiet = 0;  // within filters
  int depth = 0;
  std::uint32_t visits = 0;
  // What paths from `$` within filters gave, so that they are not repeated for each element.
  std::vector<std::pair<const CompiledPath*, Value>> cache;
};

// One path on one document. `require_properties` makes an absent member an error everywhere: the
// way existence is asked for.
class Evaluation {
 public:
  Evaluation(const CompiledPath& path, EvaluationState& state, bool require_properties = false)
      : path_(path), state_(state), require_properties_(require_properties) {}

  // The one value of a definite path, the array of all matches of any other. False: state.failure.
  bool evaluate(const Value& document, Value& result);

 private:
  bool run(std::size_t i, const Value& start);
  bool advance(std::size_t i, const Value& start);
  bool not_an_object(std::size_t i, const Value& node);
  bool not_an_array(std::size_t i, const Value& node);
  bool absent(std::size_t i, const std::string& name);

  // Not inlined, again for the sake of the stack.
  [[gnu::noinline]] bool run_names(std::size_t i, const Value& node);
  [[gnu::noinline]] bool run_element(std::size_t i, const Value& array, std::int64_t index);
  [[gnu::noinline]] bool run_indexes(std::size_t i, const Value& array);
  [[gnu::noinline]] bool run_slice(std::size_t i, const Value& array);
  [[gnu::noinline]] bool run_wildcard(std::size_t i, const Value& node);
  [[gnu::noinline]] bool run_filter(std::size_t i, const Value& node);
  [[gnu::noinline]] bool run_scan(std::size_t i, const Value& node);
  bool scan_visit(std::size_t target, const Value& node);
  bool scan_matches(std::size_t target, const Value& node, bool& matches);
  [[gnu::noinline]] bool run_function(std::size_t i, const Value& node);
  bool accepts_leaf_name(std::size_t i) const;

  bool leaf(std::size_t i) const { return i + 1 == path_.steps.size(); }

  const CompiledPath& path_;
  EvaluationState& state_;
  bool require_properties_;
  std::vector<Value> results_;
  std::int64_t upstream_index_ = -1;  // see accepts_leaf_name
};

// Does `item` meet the condition? False only for failures that a filter does not swallow.
bool filter_accepts(const Expression& condition, const Value& item, EvaluationState& state,
                    bool& accepts);

}  // namespace pawl::asl::jsonpath
