#include "asl/path/path.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/path/batch.h"
#include "asl/path/decimal.h"
#include "asl/path/escape.h"
#include "asl/path/evaluation.h"
#include "asl/path/java_text.h"
#include "asl/path/lenient_json.h"
#include "asl/path/parser.h"
#include "tests/catch.h"

#include <chrono>
#include <cstdlib>
#include <new>
#include <string>

// Counts allocations, to hold the hot path to its promise.
namespace {
std::size_t allocations = 0;
}  // namespace

// NOLINTBEGIN(cppcoreguidelines-no-malloc)
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
// NOLINTEND(cppcoreguidelines-no-malloc)

namespace {

using namespace pawl;       // NOLINT(google-build-using-namespace)
using namespace pawl::asl;  // NOLINT(google-build-using-namespace)
using jsonpath::Decimal;

Value read(std::string_view text) {
  Result<Value> value = read_json(text);
  REQUIRE(value.has_value());
  return *std::move(value);
}

Path path(std::string_view text) {
  Result<Path> parsed = Path::parse(text);
  REQUIRE(parsed.has_value());
  return *std::move(parsed);
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("a path of names and indexes is followed without allocating", "[asl][path]") {
  const Value document = read(R"({"a":{"b":[0,1,2,{"c":{"d":"text"}}]}})");
  const Path plain = path("$.a.b[3].c");
  const std::size_t before = allocations;
  const Result<Value> value = plain.evaluate(document);
  CHECK(allocations == before);
  CHECK(to_json(*value) == R"({"d":"text"})");
}

TEST_CASE("results share their nodes with the document", "[asl][path]") {
  const Value document = read(R"({"l":[{"k":[1]},{"k":[2]}]})");
  const Result<Value> matches = path("$.l[*].k").evaluate(document);
  REQUIRE(matches.has_value());
  CHECK(matches->items()[1].same_as(*document.find("l")->items()[1].find("k")));
}

TEST_CASE("a state machine's path begins with the dollar sign", "[asl][path]") {
  CHECK_FALSE(Path::parse("a.b").has_value());
  CHECK_FALSE(Path::parse("@.a").has_value());
  CHECK_FALSE(Path::parse(" $.a").has_value());
  CHECK_FALSE(Path::parse("").has_value());
  CHECK(Path::parse_lenient("a.b").has_value());
  CHECK(Path::parse("$").value().is_root());
}

TEST_CASE("a state machine's filter may leave a word without quotes", "[asl][path]") {
  const Value document = read(R"([{"k":"Ant_1"},{"k":"Bee"},{"k":true}])");
  CHECK(to_json(path("$[?(@.k==Ant_1)]").evaluate(document).value()) == R"([{"k":"Ant_1"}])");
  CHECK(to_json(path("$[?(@.k == true)]").evaluate(document).value()) == R"([{"k":true}])");
  CHECK(to_json(path("$[?(@.k != none && Bee == @.k)].k").evaluate(document).value()) ==
        R"(["Bee"])");
  CHECK_FALSE(Path::parse("$[?(word)]").has_value());
  CHECK_FALSE(Path::parse("$[?(length(@) == 4)]").has_value());
  CHECK_FALSE(Path::parse_lenient("$[?(@.k==Ant)]").has_value());
}

TEST_CASE("a path knows its canonical form and its kind", "[asl][path]") {
  CHECK(path("$.a['b'][-1]").canonical() == "$['a']['b'][-1]");
  CHECK(path("$..a[*][1:2][?(@.x)].length()").canonical() == "$.length()");
  CHECK(path("$.a[0,1][:3]").canonical() == "$['a'][0,1][:3]");
  CHECK(path("$.a.b[0]").definite());
  CHECK(path("$.a.b[0]").is_reference());
  CHECK(path("$['a','b']").definite());
  CHECK_FALSE(path("$['a','b']").is_reference());
  CHECK_FALSE(path("$['a','b'].c").definite());
  CHECK(path("$.a.length()").definite());
  CHECK_FALSE(path("$.a[*].length()").definite());
}

TEST_CASE("the kinds of failure are told apart", "[asl][path]") {
  CHECK(path("$.a").evaluate(read("{}")).error().code == ErrorCode::kNotFound);
  CHECK(path("$.a.sum()").evaluate(read(R"({"a":[]})")).error().code == ErrorCode::kEvaluation);
  CHECK(path("$.a[?(@.b)]").evaluate(read(R"({"a":1})")).error().code == ErrorCode::kInvalid);
  CHECK(path("$.a.nothing()").evaluate(read(R"({"a":1})")).error().code == ErrorCode::kInvalid);
}

TEST_CASE("an indefinite result may not nest deeper than a document", "[asl][path]") {
  const std::string deep = repeated("{\"a\":", kMaxDepth) + "1" + repeated("}", kMaxDepth);
  CHECK(path("$[?(@.a)]").evaluate(read(deep)).error().code == ErrorCode::kLimit);
}

TEST_CASE("steps of a path are bounded", "[asl][path][limits]") {
  const auto with_steps = [](std::size_t count) {
    return Path::parse("$" + repeated(".a", static_cast<int>(count)));
  };
  CHECK(with_steps(jsonpath::kMaxPathSteps).has_value());
  CHECK(with_steps(jsonpath::kMaxPathSteps + 1).error().code == ErrorCode::kLimit);
}

TEST_CASE("the text of a path is bounded", "[asl][path][limits]") {
  const std::string long_name(jsonpath::kMaxPathBytes, 'a');
  CHECK(Path::parse("$." + long_name).error().code == ErrorCode::kLimit);
}

TEST_CASE("filters nest only so deep", "[asl][path][limits]") {
  const auto with_parentheses = [](int count) {
    return Path::parse("$[?(" + repeated("(", count) + "@.a" + repeated(")", count) + ")]");
  };
  CHECK(with_parentheses(jsonpath::kMaxFilterNesting - 1).has_value());
  CHECK(with_parentheses(jsonpath::kMaxFilterNesting + 1).error().code == ErrorCode::kLimit);
  CHECK(Path::parse("$[?(" + repeated("!", 1000) + "(@.a))]").error().code == ErrorCode::kLimit);
}

TEST_CASE("paths within filters nest only so deep", "[asl][path][limits]") {
  const auto nested = [](int levels) {
    std::string text = "@.a";
    for (int i = 1; i < levels; ++i) text = "@[?(" + text + ")]";
    return Path::parse("$[?(" + text + ")]");
  };
  CHECK(nested(jsonpath::kMaxPathNesting).has_value());
  CHECK(nested(jsonpath::kMaxPathNesting + 1).error().code == ErrorCode::kLimit);
}

TEST_CASE("a path that branches everywhere runs into its bound, not into the stack",
          "[asl][path][limits]") {
  std::string deep = "1";
  for (int i = 0; i < 200; ++i) deep = "[" + deep + "]";
  const Result<Value> result = path("$" + repeated("[*]", 150)).evaluate(read(deep));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == ErrorCode::kLimit);
}

TEST_CASE("a path that visits a document over and over is stopped", "[asl][path][limits]") {
  const Value document = read("[" + repeated("[1,1,1,1,1,1,1,1,1,1],", 2000) + "1]");
  const Result<Value> result = path("$..*..*..*[?(@.a == 1)]").evaluate(document);
  // Either it is done in time or it says so; this document is chosen to be too much for three
  // scans.
  if (!result) CHECK(result.error().code == ErrorCode::kLimit);
  const Value wide = read("[" + repeated("[[[1,2],[3,4]],[[5,6],[7,8]]],", 20000) + "1]");
  CHECK(path("$..*..*..*").evaluate(wide).error().code == ErrorCode::kLimit);
}

TEST_CASE("a deep scan of a deep document does not recurse", "[asl][path]") {
  const std::string deep = repeated("[", kMaxDepth) + repeated("]", kMaxDepth);
  CHECK(path("$..a").evaluate(read(deep)).value().size() == 0);
}

TEST_CASE("put shares what lies off the path", "[asl][path]") {
  const Value document = read(R"({"keep":[1],"a":{"b":1,"c":[2]}})");
  const Result<Value> result = path("$.a.b").put(document, Value::null());
  REQUIRE(result.has_value());
  CHECK(to_json(*result) == R"({"keep":[1],"a":{"b":null,"c":[2]}})");
  CHECK(result->find("keep")->same_as(*document.find("keep")));
  CHECK(to_json(document) == R"({"keep":[1],"a":{"b":1,"c":[2]}})");
}

TEST_CASE("put refuses a scalar on its way and a result too deep", "[asl][path]") {
  const Result<Value> scalar = path("$.a.b").put(read(R"({"a":"x"})"), Value::null());
  REQUIRE_FALSE(scalar.has_value());
  CHECK(scalar.error().code == ErrorCode::kEvaluation);
  CHECK(scalar.error().message == R"(Unable to apply ReferencePath $.a.b to input {"a":"x"})");
  const Value deep = read(repeated("[", kMaxDepth) + repeated("]", kMaxDepth));
  CHECK(path("$.a").put(read("{}"), deep).error().code == ErrorCode::kLimit);
  CHECK(path("$").put(read("1"), deep).has_value());
}

TEST_CASE("past_end sees only an index outside of an array that is there", "[asl][path]") {
  const Value document = read(R"({"l":[1,2],"s":"x"})");
  CHECK(path("$.l[2]").past_end(document));
  CHECK(path("$.l[-3]").past_end(document));
  CHECK_FALSE(path("$.l[1]").past_end(document));
  CHECK_FALSE(path("$.s[1]").past_end(document));
  CHECK_FALSE(path("$.x[1]").past_end(document));
  CHECK_FALSE(path("$.l[2].a").past_end(document));
}

TEST_CASE("in a reference path a backslash takes a character's meaning away", "[asl][path]") {
  CHECK(Path::parse_reference("$.a\\.b\\[0\\].c").value().canonical() == "$['a.b[0]']['c']");
  CHECK_FALSE(Path::parse_reference("$.a\\").has_value());
  CHECK_FALSE(Path::parse_reference("$.").has_value());
  CHECK_FALSE(Path::parse_reference("$[]").has_value());
  CHECK_FALSE(Path::parse_reference("$[1").has_value());
  CHECK_FALSE(Path::parse_reference("$['a'").has_value());
  CHECK_FALSE(Path::parse_reference("$[99999999999]").has_value());
  CHECK_FALSE(Path::parse_reference("$$.a").has_value());
}

TEST_CASE("decimals compare exactly and print as BigDecimal", "[asl][path]") {
  const auto decimal = [](std::string_view text) { return Decimal::parse(text).value(); };
  CHECK(decimal("1.10").compare(decimal("1.1")) == 0);
  CHECK(decimal("9007199254740993").compare(decimal("9007199254740992.0")) > 0);
  CHECK(decimal("-0.0").compare(decimal("0")) == 0);
  CHECK(decimal("-2").compare(decimal("1e-9")) < 0);
  CHECK(decimal("1e3").compare(decimal("999.9")) > 0);
  CHECK(decimal("1.10").to_string() == "1.10");
  CHECK(decimal("1.0E10").to_string() == "1.0E+10");
  CHECK(decimal("1e-7").to_string() == "1E-7");
  CHECK(decimal("0.000001").to_string() == "0.000001");
  CHECK(decimal("-12.5").to_string() == "-12.5");
  for (const char* text : {"", "-", ".", "1e", "1e+-2", "a", "1 ", "--1", "1e9999999"}) {
    CHECK_FALSE(Decimal::parse(text).has_value());
  }
}

TEST_CASE("texts compare and count as UTF-16", "[asl][path]") {
  CHECK(utf16_length("a\xc3\xa9\xf0\x9f\x98\x80") == 4);
  CHECK(compare_utf16("a", "b") < 0);
  CHECK(compare_utf16("ab", "a") > 0);
  CHECK(compare_utf16("", "") == 0);
  // U+FF5E sorts behind U+1F600 in UTF-16, before it in bytes.
  CHECK(compare_utf16("\xef\xbd\x9e", "\xf0\x9f\x98\x80") > 0);
  CHECK(compare_utf16("\xc3\xa9", "\xf0\x9f\x98\x80") < 0);
}

TEST_CASE("objects and lists print as Java prints them", "[asl][path]") {
  const Value value = read(R"({"a":1,"b":[1.0,"x",{"c":null}]})");
  CHECK(java_to_string(value) == R"({a=1, b=[1.0,"x",{"c":null}]})");
  CHECK(java_collection_string(value) == "{a=1, b=[1.0, x, {c=null}]}");
}

TEST_CASE("literals of filters are read leniently", "[asl][path]") {
  const auto read_literal = [](std::string_view text) {
    const std::optional<Value> value = jsonpath::read_lenient_json(text);
    return value ? to_json(*value) : "none";
  };
  CHECK(read_literal("['a', \"b\", c, 1, true, null,]") == R"(["a","b","c",1,true,null])");
  CHECK(read_literal("{a: 'x', 'b': [1]}") == R"({"a":"x","b":[1]})");
  CHECK(read_literal("'\\u0041\\n'") == R"("A\n")");
  CHECK(read_literal("[1") == "none");
  CHECK(read_literal("{'a'}") == "none");
  CHECK(read_literal(repeated("[", 100) + repeated("]", 100)) == "none");
}

TEST_CASE("escapes are undone", "[asl][path]") {
  CHECK(jsonpath::unescape("a\\n\\'\\\\\\x").value() == "a\n'\\x");
  CHECK(jsonpath::unescape("\\ud83d\\ude00").value() == "\xf0\x9f\x98\x80");
  CHECK(jsonpath::unescape("end\\").value() == "end\\");
  CHECK_FALSE(jsonpath::unescape("\\uzzzz").has_value());
}

TEST_CASE("a question that makes no sense is answered with an error", "[asl][path]") {
  const std::string line =
      GENERATE(as<std::string>{}, "", "{", "[]", "1", "{}", R"({"kind":"x"})",
               R"({"kind":"jsonpath"})", R"({"kind":"intrinsic"})", R"({"kind":"choice"})",
               R"({"kind":"timestamp"})", R"({"kind":"jsonpath","op":"write","selector":"x"})");
  const Value answer = read(answer_path_line(line));
  CHECK(answer.find("error") != nullptr);
}

TEST_CASE("a definite path takes less than 100 ns", "[.bench][asl][path]") {
  const Value document = read(R"({"x":1,"y":2,"a":{"k":0,"b":[0,1,2,{"c":"v"}]}})");
  const Path plain = path("$.a.b[3].c");
  constexpr int kRounds = 2'000'000;
  std::size_t found = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i) found += plain.evaluate(document)->as_string().size();
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
  WARN("path: " << time.count() / kRounds << " ns (" << found << ")");
}
