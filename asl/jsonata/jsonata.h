// JSONata 2.0.6, natively: parse an expression once, evaluate it over values.
//
// Start here. `Expression::parse` reads and checks the text; `Expression::evaluate` computes it.
// Both are pure: no clock, no random source, no I/O but what the options bring. An Expression is
// immutable after parse and may be evaluated any number of times, by one thread at a time (its
// literals are Values, whose counts are not atomic).
//
// Stack: evaluate() needs up to kEvaluateStackBytes of stack at AWS's nesting of 100, parse() up to
// kParseStackBytes. Who runs it on a fiber gives that fiber at least 32 KiB more than that beside
// its own needs: a leaf (a document of 256 levels, a pattern, the way of a failure) stands on top.
// EvaluateOptions::stack_bytes says how much there really is: an expression that needs more fails
// with AWS's text of a stack overflow, it never reaches the guard page.
//
// Before evaluation: asl/jsonata/analysis.h says what AWS refuses in a definition, which variables
// an expression reads and which members of $states.
//
// Dialects: kAws is what Step Functions offers (no $eval, no `??` and `?:`, insertion order of
// keys, exact 64-bit integers); kReference follows the newest jsonata-js.
//
// Source: asl-facts section 4; jsonata-js 2.0.6 and 2.2.2 for the exact semantics.
#pragma once

#include "asl/json/value.h"
#include "base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl::jsonata {

enum class Dialect : std::uint8_t { kAws, kReference };

// A failure in the language's own terms.
struct Failure {
  std::string code;     // S0101, T1006, U1001 ...
  int position = -1;    // UTF-16 offset in the expression, as the reference counts; -1: none
  std::string token;    // empty: none
  std::string message;  // the reference's text
};

// Where $random, $shuffle and $uuid take their numbers. Implementations may be deterministic.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual std::uint64_t next() = 0;
};

// Number of bytes of stack that parsing may use; deeper nesting fails with U1001.
inline constexpr std::size_t kParseStackBytes = std::size_t{160} << 10;

// Stack that an evaluation nested 100 deep may need, with a margin;
// tests/asl/jsonata_stack_test.cpp measures it in each build.
inline constexpr std::size_t kEvaluateStackBytes = std::size_t{200} << 10;

// Variables that are made when an expression reads them. Each name is asked for at most once per
// evaluation, after `bindings` and before the built-in functions; undefined: there is none.
class VariableSource {
 public:
  virtual ~VariableSource() = default;
  virtual Value variable(std::string_view name) = 0;
};

// Bytes that a value may take which an expression builds: 8 for a number, one for a character; in
// arrays and objects the sum. Source: measured, asl-facts section 4.
inline constexpr std::size_t kAwsValueBytesMax = 6'990'256;

struct EvaluateOptions {
  Value input;                          // `$` and `$$`; undefined: no input
  std::vector<Member> bindings;         // variables, names without `$`
  VariableSource* variables = nullptr;  // further variables; nullptr: none
  // Nested evaluations; more fails with U1001. AWS: 100 (asl-facts section 4).
  int max_depth = 100;
  // Evaluations of single nodes; more fails with U1001.
  std::uint64_t max_steps = 100'000'000;
  // A larger value fails with U1001, "Expression evaluation memory limit exceeded: ...". 0: the
  // dialect's bound (kAwsValueBytesMax; kReference has none).
  std::size_t value_bytes_max = 0;
  // What one evaluation may build in all, thrown away or not; more fails in the same way.
  std::size_t bytes_max = std::size_t{1} << 30;
  // Called every 1,024 steps, also inside long built-in functions; false ends the evaluation with
  // U1001, "Expression evaluation timeout: ...". It may suspend the fiber, look at a deadline or
  // at a cancellation.
  std::function<bool()> tick;
  // Bytes of stack that the evaluation may use from its entry; more fails with U1001. A second
  // guard beside max_depth, because one level takes several frames.
  std::size_t stack_bytes = kEvaluateStackBytes;
  // Milliseconds since 1970: $now and $millis, fixed for the whole evaluation.
  std::int64_t now_ms = 0;
  RandomSource* random = nullptr;  // nullptr: a fixed sequence
};

struct Evaluation {
  // Undefined: the expression found nothing. In kAws numbers beyond JSON, at any depth, are the
  // strings "Infinity", "-Infinity" and "NaN", as the service writes them.
  Value value;
  // The result is a function (lambda or built-in); `value` is then undefined.
  bool is_function = false;
  std::optional<Failure> failure;
};

struct Node;
struct Program;

class Expression {
 public:
  // The failure of a parse has a code S0xxx, position and token.
  static std::optional<Expression> parse(std::string_view text, Dialect dialect, Failure& failure);
  // The same as a Result: kInvalid, the message, the code in `where`.
  static Result<Expression> parse(std::string_view text, Dialect dialect);

  Evaluation evaluate(const EvaluateOptions& options) const;

  Dialect dialect() const;
  // The checked tree, for analyses in front of the evaluator (asl/jsonata/node.h).
  const Node& root() const;

 private:
  explicit Expression(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

}  // namespace pawl::asl::jsonata
