// JSONata 2.0.6, natively: parse an expression once, evaluate it over values.
//
// Start here. `Expression::parse` reads and checks the text; `Expression::evaluate` computes it.
// Both are pure: no clock, no random source, no I/O but what the options bring. An Expression is
// immutable after parse and may be evaluated any number of times, by one thread at a time (its
// literals are Values, whose counts are not atomic).
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

struct EvaluateOptions {
  Value input;                   // `$` and `$$`; undefined: no input
  std::vector<Member> bindings;  // variables, names without `$`
  // Nested evaluations; more fails with U1001. AWS: 100 (asl-facts section 4).
  int max_depth = 100;
  // Evaluations of single nodes; more fails with U1001.
  std::uint64_t max_steps = 100'000'000;
  // Called every 1,024 steps; false ends the evaluation with U1001. It may suspend the fiber,
  // look at a deadline or at a cancellation.
  std::function<bool()> tick;
  // Bytes of stack that the evaluation may use from its entry; more fails with U1001. A second
  // guard beside max_depth, because one level takes several frames.
  std::size_t stack_bytes = std::size_t{40} << 10;
  // Milliseconds since 1970: $now and $millis, fixed for the whole evaluation.
  std::int64_t now_ms = 0;
  RandomSource* random = nullptr;  // nullptr: a fixed sequence
};

struct Evaluation {
  Value value;  // undefined: the expression found nothing
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

// Number of bytes of stack that parsing may use; deeper nesting fails with U1001.
inline constexpr std::size_t kParseStackBytes = std::size_t{40} << 10;

}  // namespace pawl::asl::jsonata
