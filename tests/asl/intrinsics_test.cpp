#include "asl/intrinsics/call.h"
#include "asl/intrinsics/java_random.h"
#include "asl/json/writer.h"
#include "asl/template/template.h"
#include "tests/asl/fake_environment.h"
#include "tests/catch.h"

#include <set>
#include <string>

namespace {

using namespace pawl;       // NOLINT(google-build-using-namespace)
using namespace pawl::asl;  // NOLINT(google-build-using-namespace)

Result<Value> evaluate(std::string_view call, std::string_view input = "{}") {
  const Result<StringExpression> expression = StringExpression::parse(call);
  REQUIRE(expression.has_value());
  static const FakeEnvironment environment;
  return expression->evaluate("x.$", read_json(input).value(), environment);
}

}  // namespace

TEST_CASE("java.util.Random's sequences are reproduced", "[asl][intrinsics]") {
  JavaRandom whole(42);
  CHECK(whole.next(32) == -1170105035);
  CHECK(whole.next(32) == 234785527);
  JavaRandom ten(42);
  CHECK(ten.next_int(10) == 0);
  CHECK(ten.next_int(10) == 3);
  JavaRandom power(0);
  CHECK(power.next_int(16) == 11);
  JavaRandom fraction(42);
  CHECK(fraction.next_double() == Approx(0.7275636800328681).epsilon(1e-15));
}

TEST_CASE("random numbers without a seed come from the environment and stay in range",
          "[asl][intrinsics]") {
  std::set<std::int64_t> seen;
  for (int i = 0; i < 200; ++i) {
    const std::int64_t drawn = evaluate("States.MathRandom(-3, 3)")->as_int();
    CHECK(drawn >= -3);
    CHECK(drawn < 3);
    seen.insert(drawn);
  }
  CHECK(seen.size() == 6);
}

TEST_CASE("a UUID is of version 4 and different every time", "[asl][intrinsics]") {
  const std::string first(evaluate("States.UUID()")->as_string());
  const std::string second(evaluate("States.UUID()")->as_string());
  REQUIRE(first.size() == 36);
  CHECK(first[14] == '4');
  CHECK(std::string("89ab").find(first[19]) != std::string::npos);
  CHECK(first != second);
}

TEST_CASE("the variables a call reads are named once, in order", "[asl][intrinsics]") {
  const Result<StringExpression> call =
      StringExpression::parse("States.Array($b.x, $.y, States.Format('{}', $a), $b)");
  REQUIRE(call.has_value());
  CHECK(call->variables() == std::vector<std::string>{"b", "a"});
  CHECK(call->is_intrinsic());
  CHECK(call->path() == nullptr);
}

TEST_CASE("a text that a call builds is bounded", "[asl][intrinsics][limits]") {
  const std::string input = "\"" + std::string(60'000, 'x') + "\"";
  std::string call = "States.Format('";
  for (int i = 0; i < 200; ++i) call += "{}";
  call += "'";
  for (int i = 0; i < 200; ++i) call += ", $";
  call += ")";
  const Result<Value> result = evaluate(call, input);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message == "Invalid arguments in States.Format");
}

TEST_CASE("the arguments of a call are bounded", "[asl][intrinsics][limits]") {
  std::string call = "States.Array(1";
  for (std::size_t i = 1; i < intrinsics::kMaxArguments; ++i) call += ",1";
  CHECK(StringExpression::parse(call + ")").has_value());
  CHECK_FALSE(StringExpression::parse(call + ",1)").has_value());
}

TEST_CASE("a range near the ends of 64 bits does not overflow", "[asl][intrinsics]") {
  CHECK(
      to_json(evaluate("States.ArrayRange(9223372036854775800, 9223372036854775807, 5)").value()) ==
      "[9223372036854775800,9223372036854775805]");
  CHECK_FALSE(
      evaluate("States.ArrayRange(-9223372036854775808, 9223372036854775807, 1)").has_value());
  CHECK(evaluate("States.ArrayRange(0, -9223372036854775808, -9223372036854775808)")->size() == 2);
}
