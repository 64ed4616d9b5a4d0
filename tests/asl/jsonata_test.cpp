// What the cases of the suite (conformance/jsonata.py) cannot express: limits, positions, dialects,
// and that an evaluation leaves nothing behind.
#include "asl/jsonata/jsonata.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/jsonata/batch.h"
#include "tests/catch.h"

#include <string>

namespace pawl::asl::jsonata {
namespace {

Evaluation evaluate(std::string_view text, std::string_view input = {},
                    Dialect dialect = Dialect::kAws, EvaluateOptions options = {}) {
  Failure failure;
  const std::optional<Expression> expression = Expression::parse(text, dialect, failure);
  if (!expression) {
    Evaluation evaluation;
    evaluation.failure = failure;
    return evaluation;
  }
  if (!input.empty()) options.input = read_json(input).value();
  options.stack_bytes = std::size_t{1} << 20;
  return expression->evaluate(options);
}

std::string result(std::string_view text, std::string_view input = {}) {
  const Evaluation evaluation = evaluate(text, input);
  if (evaluation.failure) return evaluation.failure->code;
  return evaluation.value.is_undefined() ? "undefined" : to_json(evaluation.value);
}

TEST_CASE("a sequence of one stands for its element, a kept one does not", "[asl][jsonata]") {
  CHECK(result("a.b", R"({"a":[{"b":1}]})") == "1");
  CHECK(result("a.b[]", R"({"a":[{"b":1}]})") == "[1]");
  CHECK(result("a.b", R"({"a":[{"b":[1]}]})") == "[1]");
  CHECK(result("a.c", R"({"a":[{"b":1}]})") == "undefined");
}

TEST_CASE("AWS keeps integers of 64 bits exact", "[asl][jsonata]") {
  CHECK(result("9007199254740993 + 0") == "9007199254740993");
  CHECK(result("x - 1", R"({"x":9223372036854775807})") == "9223372036854775806");
}

TEST_CASE("AWS has neither $eval nor the operators of later versions", "[asl][jsonata]") {
  CHECK(result("$eval('1')") == "T1006");
  CHECK(result("a ?? 1", "{}") == "S0211");
  CHECK(evaluate("a ?? 1", "{}", Dialect::kReference).value.as_int() == 1);
}

TEST_CASE("a failure of the parser names place and token", "[asl][jsonata]") {
  Failure failure;
  CHECK_FALSE(Expression::parse("1 + ", Dialect::kAws, failure));
  CHECK(failure.code == "S0207");
  CHECK(failure.position == 4);
  CHECK_FALSE(Expression::parse("$x[1", Dialect::kAws, failure));
  CHECK(failure.code == "S0203");
  CHECK(failure.message == "Expected \"]\" before end of expression");
}

TEST_CASE("recursion ends at the depth limit, a tail call does not nest", "[asl][jsonata]") {
  const Evaluation deep = evaluate("($f := function($n) { 1 + $f($n) }; $f(1))");
  REQUIRE(deep.failure);
  CHECK(deep.failure->code == "U1001");
  CHECK(result("($f := function($n) { $n = 0 ? 'done' : $f($n - 1) }; $f(10000))") == "\"done\"");
}

TEST_CASE("an endless loop ends at the step limit, or when tick says so", "[asl][jsonata]") {
  EvaluateOptions options;
  options.max_steps = 10'000;
  constexpr std::string_view kLoop = "($f := function() { $f() }; $f())";
  CHECK(evaluate(kLoop, {}, Dialect::kAws, options).failure->code == "U1001");
  EvaluateOptions cancelled;
  cancelled.tick = [] { return false; };
  CHECK(evaluate(kLoop, {}, Dialect::kAws, cancelled).failure->code == "U1001");
}

TEST_CASE("nesting beyond the parser's stack is refused", "[asl][jsonata]") {
  CHECK(result(std::string(100'000, '(')) == "U1001");
  CHECK(result(std::string(100'000, '[')) == "U1001");
  std::string sum = "1";
  for (int i = 0; i < 100'000; ++i) sum += "+1";
  CHECK(result(sum) == "U1001");
}

TEST_CASE("AWS nests evaluations 100 deep and no deeper", "[asl][jsonata][limits]") {
  const auto code = [](const std::string& text) {
    const Evaluation evaluation = evaluate(text);
    return evaluation.failure ? evaluation.failure->message : std::string("fits");
  };
  const std::string overflow =
      "Stack overflow error: Check for non-terminating recursive function.  Consider rewriting as "
      "tail-recursive. Depth=101 max=100";
  const auto times = [](int n, const std::string& text) {
    std::string out;
    for (int i = 0; i < n; ++i) out += text;
    return out;
  };
  CHECK(code("1" + times(99, "+1")) == "fits");
  CHECK(code("1" + times(100, "+1")) == overflow);
  CHECK(code(times(99, "(") + "1" + times(99, ")")) == "fits");
  CHECK(code(times(100, "(") + "1" + times(100, ")")) == overflow);
  CHECK(code(times(99, "[") + "1" + times(99, "]")) == "fits");
  CHECK(code(times(100, "[") + "1" + times(100, "]")) == overflow);
  CHECK(code("1" + times(99, " ~> $string()")) == "fits");
  CHECK(code("1" + times(100, " ~> $string()")) == overflow);
  const auto recursion = [](int n) {
    return "($f := function($n) { $n <= 0 ? 0 : 1 + $f($n - 1) }; $f(" + std::to_string(n) + "))";
  };
  CHECK(code(recursion(31)) == "fits");
  CHECK(code(recursion(32)) == overflow);
  // Steps and calls that are taken without a detour count as well.
  CHECK(code(times(98, "(") + "$x.a" + times(98, ")")) == "fits");
  CHECK(code(times(99, "(") + "$x.a" + times(99, ")")) == overflow);
  CHECK(code(times(98, "(") + "$now()" + times(98, ")")) == "fits");
  CHECK(code(times(99, "(") + "$now()" + times(99, ")")) == overflow);
}

TEST_CASE("AWS builds no value of more than 6,990,256 bytes", "[asl][jsonata][limits]") {
  const auto message = [](const std::string& text) {
    const Evaluation evaluation = evaluate(text);
    return evaluation.failure ? evaluation.failure->message : std::string("fits");
  };
  const std::string memory =
      "Expression evaluation memory limit exceeded: Check for excessive memory usage";
  CHECK(message("$count([1..873782])") == "fits");
  CHECK(message("$count([1..873783])") == memory);
  CHECK(message("($d := function($s, $n) { $n = 0 ? $s : $d($s & $s, $n - 1) }; "
                "$length($d('a', 22)))") == "fits");
  CHECK(message("($d := function($s, $n) { $n = 0 ? $s : $d($s & $s, $n - 1) }; "
                "$length($d('a', 23)))") == memory);
  // Also where values share what they are made of.
  CHECK(message("($a := [1..400000]; $count([$a, $a]))") == "fits");
  CHECK(message("($a := [1..400000]; $count([$a, $a, $a]))") == memory);
  CHECK(message("($a := [1..400000]; $count($append($append($a, $a), $a)))") == memory);
  CHECK(message("($a := [1..400000]; $keys({'a': $a, 'b': $a, 'c': $a}))") == memory);
  CHECK(message("$length($pad('', 7000000))") == memory);
  CHECK(message("$map([1..30], function() { [1..40000] }) ~> $count()") == memory);
}

TEST_CASE("functions and bytes of one evaluation are bounded", "[asl][jsonata][limits]") {
  const std::string memory =
      "Expression evaluation memory limit exceeded: Check for excessive memory usage";
  CHECK(evaluate("$map([1..300000], function($i) { function() { $i } })").failure->message ==
        memory);
  EvaluateOptions options;
  options.bytes_max = 1 << 20;
  constexpr std::string_view kGarbage = "$sum($map([1..1000], function() { $count([1..1000]) }))";
  CHECK(evaluate(kGarbage, {}, Dialect::kAws, options).failure->message == memory);
  CHECK(evaluate(kGarbage).value.as_int() == 1'000'000);
}

TEST_CASE("long built-in functions look at the clock", "[asl][jsonata][limits]") {
  const char* const long_ones[] = {
      "$count([1..800000])",
      "$count($map([1..800000], $string))",
      "$count($sort([1..100000], function($a, $b) { $a < $b }))",
      "$count($distinct($map([1..3000], function($i) { {'a': $i} })))",
      "$count($split($pad('', 100000, 'ab'), /b/))",
      "$length($replace($pad('', 100000, 'ab'), /a/, 'x'))",
      "$length($join($split($pad('', 100000, 'ab'), ''), ','))",
      "$length($string([1..200000]))",
      "$count($shuffle([1..200000]))",
  };
  for (const char* text : long_ones) {
    int ticks = 0;
    EvaluateOptions options;
    options.tick = [&ticks] {
      ++ticks;
      return true;
    };
    INFO(text);
    CHECK_FALSE(evaluate(text, {}, Dialect::kAws, options).failure);
    CHECK(ticks >= 3);
  }
}

TEST_CASE("numbers beyond JSON leave AWS's dialect as text", "[asl][jsonata]") {
  CHECK(result("1/0") == "\"Infinity\"");
  CHECK(result("[-1/0, {'a': 0/0}]") == R"(["-Infinity",{"a":"NaN"}])");
}

TEST_CASE("variables are asked for when they are read, once", "[asl][jsonata]") {
  class Source final : public VariableSource {
   public:
    Value variable(std::string_view name) override {
      asked += std::string(name) + " ";
      return name == "x" || name == "count" ? Value::integer(7) : Value();
    }
    std::string asked;
  } source;
  EvaluateOptions options;
  options.variables = &source;
  options.bindings = {{Value::string("given"), Value::integer(1)}};
  const Evaluation evaluation = evaluate("false ? $unread : $x + $x + $given + $sum([1]) + $count",
                                         {}, Dialect::kAws, options);
  REQUIRE_FALSE(evaluation.failure);
  CHECK(evaluation.value.as_int() == 23);
  CHECK(source.asked == "x sum count ");
}

TEST_CASE("a document cannot pretend to be a function", "[asl][jsonata]") {
  CHECK(result("$type($)", R"({"function":0})") == "\"object\"");
  CHECK(result("$string([$sum, {'f': $sum}])") == R"("[\"\",{\"f\":\"\"}]")");
  CHECK(evaluate("$sum").is_function);
}

TEST_CASE("a transform changes its copy, nested matches and empty objects too", "[asl][jsonata]") {
  CHECK(result("$ ~> |**|{'n': 1}|", R"({"a":{"b":{}}})") == R"({"a":{"b":{"n":1},"n":1},"n":1})");
  CHECK(result("[$ ~> |a|{}, 'b'|, $]", R"({"a":{"b":1}})") == R"([{"a":{}},{"a":{"b":1}}])");
}

TEST_CASE("an expression evaluates again with the same outcome", "[asl][jsonata]") {
  Failure failure;
  const auto expression =
      Expression::parse("items.(name & '-' & %.shop)^($)", Dialect::kAws, failure);
  REQUIRE(expression);
  EvaluateOptions options;
  options.stack_bytes = std::size_t{1} << 20;
  options.input =
      read_json(R"({"shop":"s","items":[{"name":"b","price":2},{"name":"a","price":1}]})").value();
  for (int i = 0; i < 3; ++i) {
    CHECK(to_json(expression->evaluate(options).value) == R"(["a-s","b-s"])");
  }
}

TEST_CASE("a batch line is answered in the language's terms", "[asl][jsonata]") {
  const BatchEnvironment environment;
  CHECK(answer_jsonata_line(R"({"expr":"1+1"})", Dialect::kAws, environment) == R"({"result":2})");
  CHECK(answer_jsonata_line(R"({"expr":"a","data":{}})", Dialect::kAws, environment) ==
        R"({"undefined":true})");
  CHECK(answer_jsonata_line(R"({"kind":"jsonpath"})", Dialect::kAws, environment) == std::nullopt);
}

}  // namespace
}  // namespace pawl::asl::jsonata
