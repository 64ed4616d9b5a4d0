#include "asl/json/payload.h"
#include "asl/json/quick_reader.h"
#include "asl/json/reader.h"
#include "asl/json/value.h"
#include "asl/json/writer.h"
#include "tests/catch.h"

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace pawl;       // NOLINT(google-build-using-namespace): tests read better without
using namespace pawl::asl;  // NOLINT(google-build-using-namespace)

Value read(std::string_view text) {
  Result<Value> value = read_json(text);
  REQUIRE(value.has_value());
  return *std::move(value);
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

TEST_CASE("what must be escaped is, wherever it stands in a text", "[asl][json]") {
  const auto [special, escaped] = GENERATE(table<std::string, std::string>({
      {"\"", R"(\")"},
      {"\\", R"(\\)"},
      {"\n", R"(\n)"},
      {"\t", R"(\t)"},
      {"\x01", R"(\u0001)"},
      {"\x1f", R"(\u001F)"},
  }));
  for (std::size_t before = 0; before < 20; ++before) {
    for (std::size_t after = 0; after < 10; ++after) {
      const std::string plain =
          std::string(before, 'x') + special + "\x7f\xc3\xa4" + std::string(after, ' ');
      const std::string text = "\"" + std::string(before, 'x') + escaped + "\x7f\xc3\xa4" +
                               std::string(after, ' ') + "\"";
      CHECK(to_json(Value::string(plain)) == text);
      CHECK_FALSE(exceeds_bytes(Value::string(plain), text.size()));
      CHECK(exceeds_bytes(Value::string(plain), text.size() - 1));
    }
  }
}

TEST_CASE("encoding and surrogates are checked in texts with and without escapes", "[asl][json]") {
  const std::string escape = GENERATE("", "\\n");
  const auto in_string = [&](std::string_view text) {
    return read_json("[\"" + escape + std::string(text) + "\"]").has_value();
  };
  CHECK(in_string("\xc3\xa4"));
  CHECK(in_string("\\ud83d\\ude00"));
  CHECK_FALSE(in_string("\xc3"));          // half a character
  CHECK_FALSE(in_string("\xed\xa0\x80"));  // a surrogate as it stands
  CHECK_FALSE(in_string("\\ude00"));       // and an escaped one, alone
}

}  // namespace

TEST_CASE("the reader accepts what RFC 8259 allows", "[asl][json]") {
  const std::string text =
      GENERATE(as<std::string>{},  //
               "null", " true\n", "false", "0", "-0", "10", "-1.5", "1e2", "1E+2", "1e-2", "0.1",
               "\"\"", "\"a\\/b\"", "\"\\u0041\"", "\"\\ud83d\\ude00\"", "\"\x7f\"", "\"\xc3\xa9\"",
               "[]", "{}", "[1,2]", "{\"a\":1,\"b\":[{}]}", "\t[ 1 , 2 ]\r\n", "{\"\":0}",
               "9223372036854775807", "1e308");
  CHECK(read_json(text).has_value());
}

TEST_CASE("what is read at first sight is what RapidJSON reads", "[asl][json]") {
  static const std::array<std::string, 7> kTexts = {
      R"({"stateMachineArn":"arn:aws:states:us-east-1:123456789012:stateMachine:m","name":"n-1"})",
      R"({"a":[1,-2.5e3,true,false,null,"\ud83d\ude00\n",{}],"b":{"c":[]},"d":0})",
      R"([{"id":1,"name":"x"},{"id":2,"name":"y","":0},{"id":3,"id":4}])",
      "[[[[1]]]]",
      R"([0.1,1e999,1e-999,-0,9223372036854775808,-0.0,1E+2,0e993])",
      "\"\\u00e4\\\"\xc3\xa4\xf0\x9f\x98\x80\xef\xbf\xbf\"",
      " \t[ 1 , \"\\u0000\\/\" ]\r\n",
  };
  static constexpr std::string_view kBytes =
      "{}[]\",:\\u0123456789abdefDEntrsl.+-E \n\t\x01\xc3\xa4\xed\xa0\x80\xff";
  const unsigned seed = GENERATE(1U, 2U, 3U);
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&random](std::size_t bound) { return random() % bound; };
  const auto spoil = [&](std::string& text) {
    const std::size_t at = text.empty() ? 0 : below(text.size());
    const std::string& other = kTexts[below(kTexts.size())];
    switch (below(4)) {
      case 0:
        text.insert(at, 1, kBytes[below(kBytes.size())]);
        break;
      case 1:
        text.erase(at, 1 + below(3));
        break;
      case 2:
        if (!text.empty()) text[at] = kBytes[below(kBytes.size())];
        break;
      default:
        text.insert(at, other.substr(below(other.size()), below(8)));
    }
  };
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = kTexts[below(kTexts.size())];
    for (std::size_t change = below(4); change > 0; --change) spoil(text);
    const int depth = below(3) == 0 ? static_cast<int>(below(4)) : kMaxDepth;
    const std::optional<Value> quick = read_well_formed(text, depth);
    const Result<Value> judged = read_with_rapidjson(text, {.max_depth = depth});
    CAPTURE(text, depth);
    // It may leave an unusual number to RapidJSON, and nothing else.
    if (judged && text.find_first_of("eE") == std::string::npos) REQUIRE(quick.has_value());
    if (!quick) continue;
    ++taken;
    REQUIRE(judged.has_value());
    REQUIRE(to_json(*quick) == to_json(*judged));
  }
  CHECK(taken > 3'000);
}

TEST_CASE("the reader refuses what RFC 8259 does not allow", "[asl][json]") {
  const std::string text =
      GENERATE(as<std::string>{},  //
               "", " ", "nul", "True", "01", "-", "+1", "1.", ".5", "1e", "0x1", "NaN", "Infinity",
               "'a'", "\"a", "\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "[1,]", "[,1]",
               "[1 2]", "[1", "]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "1 2", "[] x",
               "// c\n1", "\xef\xbb\xbf{}", "\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "1e999");
  const Result<Value> value = read_json(text);
  REQUIRE_FALSE(value.has_value());
  CHECK(value.error().code == ErrorCode::kInvalid);
  CHECK_FALSE(value.error().where.empty());
}

TEST_CASE("what RapidJSON reads wrongly is read right or refused", "[asl][json]") {
  CHECK(read_json("0e60")->as_double() == 0);
  CHECK(read_json("-0e99")->as_double() == 0);
  CHECK(read_json("1e308")->as_double() == 1e308);
  CHECK_FALSE(read_json("3e308").has_value());        // no double is that large
  CHECK_FALSE(read_json(R"("\ude00")").has_value());  // half of a surrogate pair
  CHECK_FALSE(read_json(R"("\ud83d")").has_value());
  CHECK(read_json(R"("\ud83d\ude00")")->as_string() == "\xF0\x9F\x98\x80");
}

TEST_CASE("a NUL byte does not end the text quietly", "[asl][json]") {
  CHECK_FALSE(read_json(std::string_view("1\0", 2)).has_value());
  CHECK_FALSE(read_json(std::string_view("\0", 1)).has_value());
}

TEST_CASE("nesting is bounded, not by the stack", "[asl][json]") {
  CHECK(read_json(nested(kMaxDepth)).has_value());
  const Result<Value> deeper = read_json(nested(kMaxDepth + 1));
  REQUIRE_FALSE(deeper.has_value());
  CHECK(deeper.error().code == ErrorCode::kLimit);
  CHECK(read_json(std::string(1'000'000, '[')).error().code == ErrorCode::kLimit);
}

TEST_CASE("a text over the size limit is refused before it is read", "[asl][json]") {
  ReadOptions options;
  options.max_bytes = 4;
  CHECK(read_json("true", options).has_value());
  CHECK(read_json("false", options).error().code == ErrorCode::kLimit);
}

TEST_CASE("integers of 64 bits are exact and larger ones become fractions", "[asl][json]") {
  CHECK(read("9223372036854775807").as_int() == std::numeric_limits<std::int64_t>::max());
  CHECK(read("-9223372036854775808").as_int() == std::numeric_limits<std::int64_t>::min());
  CHECK(read("9223372036854775808").is_double());
  CHECK(to_json(read("9007199254740993")) == "9007199254740993");
  CHECK(read("1.0").is_double());
  CHECK(read("1").is_int());
}

TEST_CASE("of equal keys the last value wins in the first one's place", "[asl][json]") {
  CHECK(to_json(read(R"({"a":1,"b":2,"a":3})")) == R"({"a":3,"b":2})");
  std::string many = "{";
  for (int i = 0; i < 40; ++i)
    many += "\"k" + std::to_string(i % 20) + "\":" + std::to_string(i) + ",";
  many.back() = '}';
  const Value object = read(many);
  CHECK(object.size() == 20);
  CHECK(object.find("k3")->as_int() == 23);
  CHECK(object.members().front().key.as_string() == "k0");
}

TEST_CASE("doubles are written as Java writes them", "[asl][json]") {
  struct Row {
    double value;
    const char* text;
  };
  const Row row = GENERATE(
      Row{1.0, "1.0"}, Row{-1.5, "-1.5"}, Row{0.0, "0.0"}, Row{-0.0, "-0.0"}, Row{100.0, "100.0"},
      Row{123456.789, "123456.789"}, Row{9999999.0, "9999999.0"}, Row{1e7, "1.0E7"},
      Row{12345678.9, "1.23456789E7"}, Row{0.001, "0.001"}, Row{0.000999, "9.99E-4"},
      Row{1e-5, "1.0E-5"}, Row{1e10, "1.0E10"}, Row{1e21, "1.0E21"}, Row{3.3, "3.3"},
      Row{0.1, "0.1"}, Row{1e100, "1.0E100"}, Row{1.7976931348623157e308, "1.7976931348623157E308"},
      Row{4.9e-324, "5.0E-324"}, Row{2.5e-3, "0.0025"}, Row{1234567.0, "1234567.0"});
  CHECK(java_double(row.value) == row.text);
  CHECK(read(java_double(row.value)).as_double() == row.value);
}

TEST_CASE("only what must be escaped is escaped", "[asl][json]") {
  CHECK(to_json(Value::string("a/b\"\\\n\x01\x7f\xc3\xa9")) ==
        "\"a/b\\\"\\\\\\n\\u0001\x7f\xc3\xa9\"");
}

TEST_CASE("the size of the written text is known without writing it", "[asl][json]") {
  const std::string text = GENERATE(as<std::string>{}, "null", "0", "-17", "1.5", "\"a\\n\\u0001\"",
                                    "[]", "[1]", "[1,[2,{}]]", "{\"a\":1,\"b\":[true,false]}");
  const Value value = read(text);
  const std::size_t size = to_json(value).size();
  CHECK_FALSE(exceeds_bytes(value, size));
  CHECK(exceeds_bytes(value, size - 1));
}

TEST_CASE("numbers of both kinds are equal by value and objects in any order", "[asl][json]") {
  CHECK(equal(read("1"), read("1.0")));
  CHECK(equal(read(R"({"a":1,"b":[2]})"), read(R"({"b":[2.0],"a":1})")));
  CHECK_FALSE(equal(read("[1,2]"), read("[2,1]")));
  CHECK_FALSE(equal(read("9007199254740993"), read("9007199254740992")));
}

TEST_CASE("a copied value shares its node and a builder leaves the original alone", "[asl][json]") {
  const Value original = read(R"({"a":[1],"b":2})");
  const Value copy = original;  // NOLINT(performance-unnecessary-copy-initialization)
  CHECK(copy.same_as(original));
  ObjectBuilder builder(original);
  builder.set("b", Value::integer(3)).set("c", Value::null());
  const Value changed = std::move(builder).build();
  CHECK(to_json(changed) == R"({"a":[1],"b":3,"c":null})");
  CHECK(to_json(original) == R"({"a":[1],"b":2})");
  CHECK(changed.find("a")->same_as(*original.find("a")));
}

TEST_CASE("depth is that of the deepest child", "[asl][json]") {
  CHECK(read("1").depth() == 0);
  CHECK(read("[]").depth() == 1);
  CHECK(read(R"([1,{"a":[[]]}])").depth() == 4);
}

TEST_CASE("a payload keeps the text it was given", "[asl][json]") {
  const Result<Payload> payload = Payload::parse(" {\"a\" : 1.0}");
  REQUIRE(payload.has_value());
  CHECK(payload->text() == " {\"a\" : 1.0}");
  CHECK(to_json(payload->value()) == "{\"a\":1.0}");
  CHECK(payload->exceeds(11));
  CHECK_FALSE(payload->exceeds(12));
  CHECK_FALSE(Payload::parse("{").has_value());
  CHECK_FALSE(Payload().present());
  CHECK(Payload::of(read("[1, 2]")).text() == "[1,2]");
}

TEST_CASE("a payload knows how deep it nests, or is told", "[asl][json]") {
  CHECK_FALSE(Payload::of_text(R"({"a":[1,"[[["]})").nests_deeper_than(2));
  CHECK(Payload::of_text(R"({"a":[1]})").nests_deeper_than(1));
  CHECK(Payload::of(read("[[]]")).nests_deeper_than(1));
  CHECK_FALSE(Payload::of(read("7")).nests_deeper_than(0));
  CHECK(Payload::of_text("[]", 9).nests_deeper_than(8));
}

TEST_CASE("a payload is stored for one owner", "[asl][json]") {
  const Payload payload = Payload::of(Value::null());
  CHECK(payload.stored_as(7) == 0);
  payload.set_stored_as(7, 42);
  CHECK(payload.stored_as(7) == 42);
  CHECK(payload.stored_as(8) == 0);
}
