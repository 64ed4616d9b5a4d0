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
