// How much stack an evaluation takes at AWS's nesting of 100, in this build: kEvaluateStackBytes
// and kParseStackBytes are what a caller on a fiber has to provide (docs/limits.md).
#include "asl/json/reader.h"
#include "asl/jsonata/jsonata.h"
#include "tests/catch.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <sys/mman.h>
#include <ucontext.h>
#include <vector>

namespace pawl::asl::jsonata {
namespace {

// Runs a function on a stack of its own and says how deep it went.
class PaintedStack {
 public:
  static constexpr std::size_t kBytes = std::size_t{4} << 20;

  PaintedStack() {
    memory_ = static_cast<std::uint8_t*>(
        mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(memory_ != MAP_FAILED);
  }
  ~PaintedStack() { munmap(memory_, kBytes); }
  PaintedStack(const PaintedStack&) = delete;
  PaintedStack& operator=(const PaintedStack&) = delete;

  std::size_t bytes_of(const std::function<void()>& body) {
    std::memset(memory_, kPaint, kBytes);
    running = &body;
    getcontext(&inside_);
    inside_.uc_stack.ss_sp = memory_;
    inside_.uc_stack.ss_size = kBytes;
    inside_.uc_link = &outside_;
    makecontext(
        &inside_, [] { (*running)(); }, 0);
    swapcontext(&outside_, &inside_);
    const std::uint8_t* lowest =
        std::find_if(memory_, memory_ + kBytes, [](std::uint8_t byte) { return byte != kPaint; });
    return static_cast<std::size_t>(memory_ + kBytes - lowest);
  }

 private:
  static constexpr std::uint8_t kPaint = 0xA5;
  static inline const std::function<void()>* running = nullptr;

  std::uint8_t* memory_ = nullptr;
  ucontext_t inside_{};
  ucontext_t outside_{};
};

std::string repeat(int times, const std::string& open, const std::string& middle,
                   const std::string& close) {
  std::string text;
  for (int i = 0; i < times; ++i) text += open;
  text += middle;
  for (int i = 0; i < times; ++i) text += close;
  return text;
}

Evaluation evaluate(const Expression& expression, const Value& input) {
  EvaluateOptions options;
  options.input = input;
  options.stack_bytes = std::size_t{3} << 20;
  return expression.evaluate(options);
}

struct Shape {
  std::string name;
  // The expression whose recursion is that deep.
  std::function<std::string(int)> text;
};

// One for each way from an evaluation to the next.
std::vector<Shape> shapes() {
  const auto nested = [](const std::string& open, const std::string& middle,
                         const std::string& close) {
    return [=](int n) { return repeat(n, open, middle, close); };
  };
  // A function that calls itself through `call`, where `@` stands for the inner call.
  const auto recursive = [](const std::string& call) {
    return [=](int n) {
      std::string body = call;
      body.replace(body.find('@'), 1, "$f($n - 1)");
      return "($f := function($n) { $n <= 0 ? 0 : " + body + " }; $f(" + std::to_string(n) + "))";
    };
  };
  return {
      {"sum", nested("1+", "1", "")},
      {"left sum", nested("", "1", "+1")},
      {"parentheses", nested("(", "1", ")")},
      {"blocks with variables", nested("($x := 1; ", "1", ")")},
      {"arrays", nested("[", "1", "]")},
      {"objects", nested("{'a': ", "1", "}")},
      {"object keys", nested("{$string(", "1", "): 1}.'1'")},
      {"conditions", nested("true ? ", "1", " : 2")},
      {"conditions of conditions", nested("((", "true", ") ? true : false)")},
      {"and", nested("true and (", "true", ")")},
      {"built-in calls", nested("$sum(", "1", ")")},
      {"apply", nested("", "1", " ~> $sum()")},
      {"apply without call", nested("", "1", " ~> $sum")},
      {"chains", [](int n) { return "1 ~> (" + repeat(n, "$sum ~> ", "$sum", "") + ")"; }},
      {"predicates", nested("$[", "true", "]")},
      {"names with predicates", nested("a[", "true", "]")},
      {"steps", nested("$.(", "1", ")")},
      {"sort terms", nested("[2, 1]^(", "$", ")")},
      {"groups", nested("$.x{'a': ", "1", "}")},
      {"tuples", nested("$@$v.(", "1", ")")},
      {"ancestors", nested("a.(", "%.b", ")")},
      {"map", nested("$map([1], function($v) { ", "1", " })")},
      {"filter", nested("$filter([1], function($v) { ", "true", " })")},
      {"reduce", nested("$reduce([1, 2], function($a, $b) { ", "1", " })")},
      {"each", nested("$each({'a': 1}, function($v) { ", "1", " })")},
      {"sift", nested("$sift({'a': 1}, function($v) { ", "1", " })")},
      {"sort", nested("$sort([2, 1], function($a, $b) { ", "true", " })")},
      {"replace", nested("$replace('a', /a/, function($m) { ", "'b'", " })")},
      {"transforms", nested("{'a': 1} ~> |$|{'b': ", "1", "}|")},
      {"partial application", nested("$substring(?, 0)(", "'a'", ")")},
      {"immediate calls", nested("function($v) { $v }(", "1", ")")},
      {"recursion", recursive("1 + @")},
      {"recursion in map", recursive("$map([1], function($v) { @ })")},
      {"recursion in sort", recursive("$sort([2, 1], function($a, $b) { @ > 1 })")},
      {"recursion in a step", recursive("[1].(@)")},
      {"recursion in a predicate", recursive("[1][@ = 1]")},
  };
}

}  // namespace

TEST_CASE("an evaluation at AWS's nesting fits the stack that callers provide",
          "[asl][jsonata][stack]") {
#if defined(__SANITIZE_ADDRESS__)
  return;  // frames are several times larger there, and so are the stacks of fibers
#else
  PaintedStack stack;
  std::size_t most = 0;
  for (const Shape& shape : shapes()) {
    // The deepest one that still evaluates.
    int depth = 0;
    std::optional<Expression> deepest;
    for (int n = 1; n <= 100; ++n) {
      Failure failure;
      std::optional<Expression> expression;
      stack.bytes_of(
          [&] { expression = Expression::parse(shape.text(n), Dialect::kAws, failure); });
      if (!expression) {
        INFO(shape.name << " " << n << ": " << failure.code << " " << failure.message);
        REQUIRE(failure.code == "U1001");
        break;
      }
      const Value input = read_json(R"({"a":{"a":1},"x":1})").value();
      bool fits = false;
      stack.bytes_of([&] {
        const Evaluation evaluation = evaluate(*expression, input);
        fits =
            !evaluation.failure || evaluation.failure->message.find("Depth=") == std::string::npos;
      });
      if (!fits) break;
      deepest = std::move(expression);
      depth = n;
    }
    REQUIRE(deepest);
    const Value input = read_json(R"({"a":{"a":1},"x":1})").value();
    const std::size_t bytes = stack.bytes_of([&] { evaluate(*deepest, input); });
    INFO(shape.name << ": nested " << depth << " times, " << bytes << " bytes");
    CHECK(depth >= 15);
    CHECK(bytes <= kEvaluateStackBytes);
    if (std::getenv("PAWL_SHOW_STACK") != nullptr) {
      std::printf("%-28s %3d %7zu bytes\n", shape.name.c_str(), depth, bytes);
    }
    most = std::max(most, bytes);
  }
  INFO("deepest: " << most);
  // A bound that is far too large says nothing.
  CHECK(most >= kEvaluateStackBytes / 8);
#endif
}

TEST_CASE("an evaluation with less stack than it needs fails, it does not overflow",
          "[asl][jsonata][stack]") {
  PaintedStack stack;
  for (const Shape& shape : shapes()) {
    Failure failure;
    const auto expression = Expression::parse(shape.text(30), Dialect::kReference, failure);
    INFO(shape.name << ": " << failure.message);
    REQUIRE(expression);
    const std::size_t bytes = stack.bytes_of([&] {
      EvaluateOptions options;
      options.input = read_json(R"({"a":{"a":1},"x":1})").value();
      options.max_depth = 1'000'000;
      options.stack_bytes = std::size_t{8} << 10;
      const Evaluation evaluation = expression->evaluate(options);
      if (evaluation.failure) CHECK_FALSE(evaluation.failure->code.empty());
    });
    // What a leaf and the throwing of a failure add.
    CHECK(bytes <= std::size_t{48} << 10);
  }
}

TEST_CASE("parsing keeps to its stack", "[asl][jsonata][stack]") {
#if !defined(__SANITIZE_ADDRESS__)
  PaintedStack stack;
  for (const Shape& shape : shapes()) {
    std::size_t most = 0;
    for (const int n : {90, 1'000}) {
      Failure failure;
      const std::string text = shape.text(n);
      const std::size_t bytes = stack.bytes_of([&] {
        const auto expression = Expression::parse(text, Dialect::kAws, failure);
        if (!expression) CHECK(failure.code == "U1001");
      });
      most = std::max(most, bytes);
    }
    INFO(shape.name << ": " << most << " bytes");
    CHECK(most <= kParseStackBytes + (std::size_t{16} << 10));
  }
#endif
}

}  // namespace pawl::asl::jsonata
