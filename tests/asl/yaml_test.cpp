#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/parse/parse.h"
#include "asl/parse/yaml_document.h"
#include "tests/catch.h"

#include <string>
#include <utility>

namespace pawl::asl {
namespace {

std::string as_json(const std::string& yaml) {
  const Result<Value> value = read_yaml(yaml);
  INFO(yaml);
  INFO((value ? "" : value.error().message));
  REQUIRE(value);
  return to_json(*value);
}

Error yaml_error(const std::string& yaml) {
  const Result<Value> value = read_yaml(yaml);
  INFO(yaml);
  REQUIRE_FALSE(value);
  return value.error();
}

}  // namespace

TEST_CASE("a definition in YAML reads as its JSON", "[asl][yaml]") {
  CHECK(as_json("StartAt: A\nStates:\n  A:\n    Type: Pass\n    End: true\n") ==
        R"({"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}})");
}

TEST_CASE("JSON is YAML", "[asl][yaml]") {
  const std::string json =
      R"({"a":[1,-2,3.5,1e3,true,false,null,"x","true","1",""],"b":{"c":{},"d":[]}})";
  const Result<Value> value = read_yaml(json);
  REQUIRE(value);
  CHECK(equal(*value, read_json(json).value()));
}

TEST_CASE("plain scalars follow the core schema", "[asl][yaml]") {
  struct Case {
    const char* scalar;
    const char* json;
  };
  const Case cases[] = {
      {"~", "null"},
      {"null", "null"},
      {"Null", "null"},
      {"nULL", "\"nULL\""},
      {"true", "true"},
      {"False", "false"},
      {"yes", "\"yes\""},
      {"on", "\"on\""},
      {"12", "12"},
      {"+12", "12"},
      {"-12", "-12"},
      {"0o14", "12"},
      {"0xC", "12"},
      {"0x", "\"0x\""},
      {"0o9", "\"0o9\""},
      {"1_000", "\"1_000\""},
      {"1.5", "1.5"},
      {".5", "0.5"},
      {"1.", "1.0"},
      {"1e3", "1000.0"},
      {"-1.5e-1", "-0.15"},
      {"1e", "\"1e\""},
      {".", "\".\""},
      {"1.0", "1.0"},
      {"'12'", "\"12\""},
      {"\"true\"", "\"true\""},
      {"!!str 12", "\"12\""},
      {"!!int 12", "12"},
      {"!!float 1", "1.0"},
      {"2020-01-01", "\"2020-01-01\""},
      {"9223372036854775807", "9223372036854775807"},
      {"9223372036854775808", "9.223372036854776E18"},
  };
  for (const Case& c : cases)
    CHECK(as_json(std::string("a: ") + c.scalar) == std::string("{\"a\":") + c.json + "}");
}

TEST_CASE("an empty value is null", "[asl][yaml]") {
  CHECK(as_json("a:\nb: 1") == R"({"a":null,"b":1})");
  CHECK(as_json("- \n- 1") == "[null,1]");
}

TEST_CASE("keys are strings whatever they look like", "[asl][yaml]") {
  CHECK(as_json("1: a\ntrue: b\n'x.$': $.y") == R"({"1":"a","true":"b","x.$":"$.y"})");
}

TEST_CASE("block scalars keep their lines", "[asl][yaml]") {
  CHECK(as_json("a: |\n  x\n  y\nb: >-\n  x\n  y") == "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}");
}

TEST_CASE("anchors are followed", "[asl][yaml]") {
  CHECK(as_json("a: &x {k: 1}\nb: *x\nc: [*x, *x]") ==
        R"({"a":{"k":1},"b":{"k":1},"c":[{"k":1},{"k":1}]})");
}

TEST_CASE("short tags of CloudFormation are refused by name", "[asl][yaml]") {
  for (const char* yaml : {"a: !Ref X", "a: !GetAtt X.Arn", "a: !Sub '${X}'",
                           "a: !Join ['', [a, b]]", "a: !If [c, {a: 1}, {b: 2}]"}) {
    const Error error = yaml_error(yaml);
    CHECK(error.code == ErrorCode::kInvalid);
    CHECK(error.message.find("CloudFormation tag !") != std::string::npos);
    CHECK(error.where == "line 1, column 4");
  }
}

TEST_CASE("other tags are refused too", "[asl][yaml]") {
  CHECK(yaml_error("a: !mine 1").message == "The tag !mine is not supported.");
  CHECK(yaml_error("a: !!binary aGk=").code == ErrorCode::kInvalid);
  CHECK(yaml_error("a: !!int x").code == ErrorCode::kInvalid);
}

TEST_CASE("numbers that JSON cannot hold are refused", "[asl][yaml]") {
  for (const char* yaml : {"a: .inf", "a: -.Inf", "a: .nan"}) {
    CHECK(yaml_error(yaml).code == ErrorCode::kInvalid);
  }
}

TEST_CASE("a key that is there twice is refused with its place", "[asl][yaml]") {
  const Error error = yaml_error("a: 1\nb: 2\na: 3");
  CHECK(error.message == "The key 'a' is there twice.");
  CHECK(error.where == "line 3, column 1");
}

TEST_CASE("broken YAML is refused with its place", "[asl][yaml]") {
  for (const char* yaml : {"a: [1", "a: {b", "a: 'x", "\ta: 1", "a: *nobody", "? [a]\n: 1",
                           "a: 1\n---\nb: 2", "", "# only a comment", "a: \xFF", "a: &x [*x]"}) {
    INFO(yaml);
    CHECK(yaml_error(yaml).code == ErrorCode::kInvalid);
  }
}

TEST_CASE("a YAML document is bounded in size, depth and aliases", "[asl][yaml]") {
  CHECK(yaml_error(std::string(kYamlBytesMax + 1, 'a')).code == ErrorCode::kLimit);
  CHECK(read_yaml(std::string(200, '[') + std::string(200, ']')));
  CHECK(yaml_error(std::string(300, '[') + std::string(300, ']')).code == ErrorCode::kLimit);
  std::string bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string name = "a" + std::to_string(i);
    const std::string before = "*a" + std::to_string(i - 1);
    bomb +=
        name + ": &" + name + " [" + before + "," + before + "," + before + "," + before + "]\n";
  }
  CHECK(yaml_error(bomb).code == ErrorCode::kLimit);
  std::string deep = "a0: &a0 [1]\n";
  for (int i = 1; i < 300; ++i) {
    const std::string name = "a" + std::to_string(i);
    deep += name + ": &" + name + " [*a" + std::to_string(i - 1) + "]\n";
  }
  CHECK(yaml_error(deep).code == ErrorCode::kLimit);
}

TEST_CASE("escapes of one character give whole characters", "[asl][yaml]") {
  CHECK(as_json(R"("a\Nb")") ==
        "\"a\xC2\x85"
        "b\"");
  CHECK(as_json(R"("é\_\_x": 1)") == "{\"é\xC2\xA0\xC2\xA0x\":1}");
  CHECK(as_json(R"("\x85\xA0\L")") == "\"\xC2\x85\xC2\xA0\xE2\x80\xA8\"");
}

}  // namespace pawl::asl
