#include "asl/template/template.h"

#include "asl/json/writer.h"
#include "tests/asl/fake_environment.h"
#include "tests/catch.h"

#include <chrono>
#include <string>

namespace {

using namespace pawl;       // NOLINT(google-build-using-namespace)
using namespace pawl::asl;  // NOLINT(google-build-using-namespace)

Value read(std::string_view text) { return read_json(text).value(); }

PayloadTemplate compile(std::string_view text) {
  Result<PayloadTemplate> compiled = PayloadTemplate::compile(read(text));
  REQUIRE(compiled.has_value());
  return *std::move(compiled);
}

}  // namespace

TEST_CASE("a template without expressions is its own result", "[asl][template]") {
  const PayloadTemplate fixed = compile(R"({"a":{"b":[1,2]}})");
  CHECK(fixed.is_static());
  const FakeEnvironment environment;
  CHECK(fixed.evaluate(read("{}"), environment)->same_as(fixed.source()));
}

TEST_CASE("static parts of a template are shared, not copied", "[asl][template]") {
  const PayloadTemplate mixed = compile(R"({"a":{"b":[1,2]},"c.$":"$.x"})");
  CHECK_FALSE(mixed.is_static());
  const FakeEnvironment environment;
  const Result<Value> result = mixed.evaluate(read(R"({"x":[3]})"), environment);
  REQUIRE(result.has_value());
  CHECK(to_json(*result) == R"({"a":{"b":[1,2]},"c":[3]})");
  CHECK(result->find("a")->same_as(*mixed.source().find("a")));
}

TEST_CASE("a template that cannot be compiled says where", "[asl][template]") {
  const Result<PayloadTemplate> compiled =
      PayloadTemplate::compile(read(R"({"a":[{"b/c":{"d.$":"nonsense"}}]})"));
  REQUIRE_FALSE(compiled.has_value());
  CHECK(compiled.error().where == "/a/0/b~1c/d.$");
  CHECK(compiled.error().code == ErrorCode::kInvalid);
}

TEST_CASE("templates may be of any kind of JSON", "[asl][template]") {
  const FakeEnvironment environment;
  CHECK(to_json(compile("\"$.x\"").evaluate(read("{}"), environment).value()) == "\"$.x\"");
  CHECK(to_json(compile("null").evaluate(read("{}"), environment).value()) == "null");
}

TEST_CASE("the variables a template reads are named once, in order", "[asl][template]") {
  const PayloadTemplate mixed =
      compile(R"j({"a.$":"$y.k","b":[{"c.$":"States.Array($x, $y)"}],"d.$":"$.z"})j");
  CHECK(mixed.variables() == std::vector<std::string>{"y", "x"});
}

TEST_CASE("a variable that does not exist is not found", "[asl][template]") {
  const FakeEnvironment environment;
  const Result<Value> result = compile(R"({"a.$":"$gone"})").evaluate(read("{}"), environment);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == ErrorCode::kNotFound);
}

TEST_CASE("paths go to the input, the context object or a variable", "[asl][template]") {
  const FakeEnvironment environment(R"({"k":1})", R"({"v":{"k":2}})");
  const Value input = read(R"({"k":3})");
  CHECK(ValuePath::parse("$$.k")->evaluate(input, environment)->as_int() == 1);
  CHECK(ValuePath::parse("$v.k")->evaluate(input, environment)->as_int() == 2);
  CHECK(ValuePath::parse("$.k")->evaluate(input, environment)->as_int() == 3);
  CHECK(to_json(ValuePath::parse("$$")->evaluate(input, environment).value()) == R"({"k":1})");
  CHECK(to_json(ValuePath::parse("$v")->evaluate(input, environment).value()) == R"({"k":2})");
  for (const char* text : {"", "v", "$$$", "$v..", "$ v", "$v v", "$*", "$$v"}) {
    CHECK_FALSE(ValuePath::parse(text).has_value());
  }
}

TEST_CASE("templates nest only so deep", "[asl][template][limits]") {
  const auto nested = [](int depth) {
    std::string text = R"({"a.$":"$"})";
    for (int i = 1; i < depth; ++i) text = "{\"k\":" + text + "}";
    return PayloadTemplate::compile(read(text));
  };
  CHECK(nested(kMaxTemplateDepth).has_value());
  CHECK(nested(kMaxTemplateDepth + 2).error().code == ErrorCode::kLimit);
}

TEST_CASE("a result may not nest deeper than a document", "[asl][template][limits]") {
  const std::string deep = std::string(kMaxDepth, '[') + std::string(kMaxDepth, ']');
  const FakeEnvironment environment;
  CHECK(compile(R"({"a.$":"$"})").evaluate(read(deep), environment).error().code ==
        ErrorCode::kLimit);
}

TEST_CASE("a template of five fields takes less than 600 ns", "[.bench][asl][template]") {
  const PayloadTemplate fields = compile(
      R"({"a.$":"$.x","b.$":"$.y.z","c.$":"$$.Execution.Name","d":"fixed","e.$":"$.l[1]"})");
  const FakeEnvironment environment(R"({"Execution":{"Name":"n"}})");
  const Value input = read(R"({"x":1,"y":{"z":"s"},"l":[1,{"k":2}]})");
  constexpr int kRounds = 500'000;
  std::size_t found = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i) found += fields.evaluate(input, environment)->size();
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
  WARN("template: " << time.count() / kRounds << " ns (" << found << ")");
}
