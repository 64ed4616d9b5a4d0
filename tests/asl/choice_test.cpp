#include "asl/choice/choice.h"

#include "asl/choice/operators.h"
#include "tests/asl/fake_environment.h"
#include "tests/catch.h"

#include <string>

namespace {

using namespace pawl;       // NOLINT(google-build-using-namespace)
using namespace pawl::asl;  // NOLINT(google-build-using-namespace)

Value read(std::string_view text) { return read_json(text).value(); }

Result<bool> matches(std::string_view rule, std::string_view input) {
  const Result<ChoiceRule> compiled = ChoiceRule::compile(read(rule));
  REQUIRE(compiled.has_value());
  static const FakeEnvironment environment(R"({"State":{"Name":"S"}})", R"({"limit":5})");
  return compiled->matches(read(input), environment);
}

bool holds(std::string_view test, std::string_view value) {
  return matches("{\"Variable\":\"$.v\"," + std::string(test) + "}",
                 "{\"w\":3,\"v\":" + std::string(value) + "}")
      .value();
}

}  // namespace

TEST_CASE("numbers compare by value and only with numbers", "[asl][choice]") {
  CHECK(holds(R"("NumericEquals":1)", "1.0"));
  CHECK(holds(R"("NumericLessThan":1.5)", "1"));
  CHECK(holds(R"("NumericGreaterThanEquals":-1)", "-1"));
  CHECK_FALSE(holds(R"("NumericGreaterThan":1)", "1"));
  CHECK(holds(R"("NumericLessThanEquals":9007199254740993)", "9007199254740992"));
  CHECK_FALSE(holds(R"("NumericEquals":9007199254740993)", "9007199254740992"));
  CHECK_FALSE(holds(R"("NumericEquals":1)", "\"1\""));
  CHECK_FALSE(holds(R"("NumericEquals":1)", "true"));
  CHECK(holds(R"("NumericEqualsPath":"$.w")", "3"));
}

TEST_CASE("strings compare by UTF-16 code units", "[asl][choice]") {
  CHECK(holds(R"("StringEquals":"a")", "\"a\""));
  CHECK(holds(R"("StringLessThan":"b")", "\"a\""));
  CHECK(holds(R"("StringGreaterThan":"B")", "\"a\""));
  CHECK(holds(R"("StringGreaterThanEquals":"")", "\"\""));
  CHECK(holds(R"("StringLessThanEquals":"ab")", "\"a\""));
  CHECK_FALSE(holds(R"("StringEquals":"1")", "1"));
}

TEST_CASE("booleans and timestamps compare with their like", "[asl][choice]") {
  CHECK(holds(R"("BooleanEquals":false)", "false"));
  CHECK_FALSE(holds(R"("BooleanEquals":false)", "null"));
  CHECK(holds(R"("TimestampEquals":"2026-01-01T00:00:00Z")", "\"2026-01-01T01:00:00+01:00\""));
  CHECK(holds(R"("TimestampLessThan":"2026-01-01T00:00:00.5Z")", "\"2026-01-01T00:00:00.4Z\""));
  CHECK(holds(R"("TimestampGreaterThan":"3000-01-01T00:00:00Z")", "\"9999-01-01T00:00:00Z\""));
  CHECK_FALSE(holds(R"("TimestampLessThan":"2026-01-01T00:00:00Z")", "\"2025-01-01\""));
}

TEST_CASE("the Is operators ask for the kind of value and may be inverted", "[asl][choice]") {
  CHECK(holds(R"("IsNull":true)", "null"));
  CHECK(holds(R"("IsNull":false)", "0"));
  CHECK(holds(R"("IsNumeric":true)", "1.5"));
  CHECK(holds(R"("IsString":false)", "1"));
  CHECK(holds(R"("IsBoolean":true)", "false"));
  CHECK(holds(R"("IsTimestamp":true)", "\"2026-01-01T00:00:00Z\""));
  CHECK(holds(R"("IsTimestamp":false)", "\"2026-01-01\""));
  CHECK(holds(R"("IsPresent":true)", "null"));
}

TEST_CASE("a variable that finds nothing fails every operator but IsPresent", "[asl][choice]") {
  CHECK(matches(R"({"Variable":"$.x","IsPresent":false})", "{}").value());
  CHECK_FALSE(matches(R"({"Variable":"$.x","IsPresent":true})", "{}").value());
  for (const char* rule :
       {R"({"Variable":"$.x","IsNull":true})", R"({"Variable":"$.x","NumericEquals":1})",
        R"({"Not":{"Variable":"$.x","StringEquals":"a"}})"}) {
    const Result<bool> result = matches(rule, "{}");
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().message ==
          "Invalid path '$.x': The choice state's condition path references an invalid value.");
  }
  CHECK(matches(R"({"Variable":"$.a","StringEqualsPath":"$.x"})", R"({"a":"b"})").error().message ==
        "Invalid path '$.x': The choice state's condition path references an invalid value.");
}

TEST_CASE("combinations stop at the first term that decides", "[asl][choice]") {
  CHECK_FALSE(
      matches(
          R"({"And":[{"Variable":"$.x","IsPresent":true},{"Variable":"$.x","NumericEquals":1}]})",
          "{}")
          .value());
  CHECK(matches(
            R"({"Or":[{"Variable":"$.a","NumericEquals":1},{"Variable":"$.x","NumericEquals":1}]})",
            R"({"a":1})")
            .value());
  CHECK(matches(R"({"Not":{"Variable":"$.a","NumericEquals":1}})", R"({"a":"text"})").value());
  CHECK_FALSE(matches(R"({"Or":[{"Variable":"$.a","NumericEquals":1}]})", R"({"a":2})").value());
}

TEST_CASE("rules read the context object and variables", "[asl][choice]") {
  CHECK(matches(R"({"Variable":"$$.State.Name","StringEquals":"S"})", "{}").value());
  CHECK(matches(R"({"Variable":"$.n","NumericLessThanPath":"$limit"})", R"({"n":4})").value());
  const Result<ChoiceRule> rule = ChoiceRule::compile(read(
      R"({"And":[{"Variable":"$b","IsNull":true},{"Variable":"$.n","NumericEqualsPath":"$a"}],"Next":"X"})"));
  CHECK(rule->variables() == std::vector<std::string>{"b", "a"});
}

TEST_CASE("patterns take a star for any text", "[asl][choice]") {
  using choice::matches_pattern;
  CHECK(matches_pattern("log-7.txt", "log-*.txt"));
  CHECK(matches_pattern("", "*"));
  CHECK(matches_pattern("", ""));
  CHECK_FALSE(matches_pattern("", "?"));
  CHECK(matches_pattern("abcbc", "a*bc"));
  CHECK_FALSE(matches_pattern("abcd", "a*bc"));
  CHECK(matches_pattern("a*b", "a\\*b"));
  CHECK_FALSE(matches_pattern("axb", "a\\*b"));
  CHECK(matches_pattern("a\\b", "a\\\\b"));
  CHECK(matches_pattern("a\\xb", "a\\x*"));
  CHECK(matches_pattern("aXb*", "a*\\*"));
  CHECK_FALSE(matches_pattern(std::string(5000, 'a'), "*a*a*a*a*a*a*b"));
}

TEST_CASE("a rule that no definition may have is refused with its place", "[asl][choice]") {
  struct Row {
    const char* rule;
    const char* where;
  };
  const Row row = GENERATE(Row{R"({"Variable":"$.a"})", ""}, Row{R"({"StringEquals":"a"})", ""},
                           Row{R"({"Variable":"$.a","Wrong":1})", "/Wrong"},
                           Row{R"({"Variable":"a","IsNull":true})", "/Variable"},
                           Row{R"({"Variable":"$.a","StringEquals":1})", "/StringEquals"},
                           Row{R"({"Variable":"$.a","IsNullPath":"$.b"})", "/IsNullPath"},
                           Row{R"({"Variable":"$.a","StringEqualsPath":1})", "/StringEqualsPath"},
                           Row{R"({"Variable":"$.a","IsNull":true,"IsString":true})", "/IsString"},
                           Row{R"({"And":[]})", "/And"},
                           Row{R"({"Or":[{"Variable":"$.a","IsNull":1}]})", "/Or/0/IsNull"},
                           Row{R"({"Not":[]})", "/Not"}, Row{"[]", ""});
  const Result<ChoiceRule> compiled = ChoiceRule::compile(read(row.rule));
  REQUIRE_FALSE(compiled.has_value());
  CHECK(compiled.error().where == row.where);
}

TEST_CASE("rules nest only so deep", "[asl][choice][limits]") {
  const auto nested = [](int depth) {
    std::string text = R"({"Variable":"$.a","IsNull":true})";
    for (int i = 0; i < depth; ++i) text = "{\"Not\":" + text + "}";
    return ChoiceRule::compile(read(text));
  };
  CHECK(nested(kMaxChoiceDepth).has_value());
  CHECK_FALSE(nested(kMaxChoiceDepth + 1).has_value());
}
