#include "asl/parse/parse.h"
#include "tests/catch.h"

#include <string>

namespace pawl::asl {
namespace {

// "line:column", or "-" where there is no such place.
std::string place(const std::string& text, const std::string& pointer) {
  const Result<SourceLine> found = locate(text, pointer);
  if (!found) {
    CHECK(found.error().code == ErrorCode::kNotFound);
    return "-";
  }
  return std::to_string(found->line) + ":" + std::to_string(found->column);
}

const char* const kJson = R"({
  "StartAt": "A/b",
  "States": {
    "A": {"Type": "Pass", "x": [1, {"y": "}]\""}, 3]},
    "A/b": {
      "Type": "Choice",
      "Choices": [
        {"Next": "A"},
        {"Next": "B"}
      ]
    },
    "caf\u00e9~": {"Type": "Fail"},
    "A": {"Type": "Wait"}
  }
})";

const char* const kYaml = R"(# a comment
StartAt: A
States:
  A:
    Type: Choice
    Choices:
      - Next: A
      - {Next: B}
  "A/b": {Type: Pass}
)";

}  // namespace

TEST_CASE("a place in JSON is the line of its key", "[asl][locate]") {
  CHECK(place(kJson, "/") == "1:1");
  CHECK(place(kJson, "") == "1:1");
  CHECK(place(kJson, "/StartAt") == "2:3");
  CHECK(place(kJson, "/States/A/b") == "5:5");
  CHECK(place(kJson, "/States/A~1b") == "5:5");
  CHECK(place(kJson, "/States/A/b/Choices[1]/Next") == "9:10");
  CHECK(place(kJson, "/States/A/b/Choices/1/Next") == "9:10");
  CHECK(place(kJson, "/States/A/b/Choices[1]") == "9:9");
  CHECK(place(kJson, "/States/caf\xC3\xA9~/Type") == "12:20");
}

TEST_CASE("of two equal keys the last one counts", "[asl][locate]") {
  CHECK(place(kJson, "/States/A/Type") == "13:11");
}

TEST_CASE("a place that is not in the text is not found", "[asl][locate]") {
  for (const char* pointer : {"/Nope", "/States/B", "/States/A/b/Choices[2]", "/States/A/Type/x",
                              "/States/A/b/Choices[x]", "/States/A/b/Choices[0", "States"}) {
    INFO(pointer);
    CHECK(place(kJson, pointer) == "-");
  }
}

TEST_CASE("broken text has no places, or those before the break", "[asl][locate]") {
  CHECK(place("", "/a") == "-");
  CHECK(place("{", "/a") == "-");
  CHECK(place("{\"a\"", "/a") == "-");
  CHECK(place("{\"a\": [", "/a/0") == "-");
  CHECK(place("{\"a\": \"x", "/a/0") == "-");
  CHECK(place("{\"a\\", "/a") == "-");
  CHECK(place("{\"a\": 1, \"b\": ]", "/a") == "1:2");
}

TEST_CASE("a place in YAML is the line of its key", "[asl][locate]") {
  CHECK(place(kYaml, "/StartAt") == "2:1");
  CHECK(place(kYaml, "/States/A/Choices[0]/Next") == "7:9");
  CHECK(place(kYaml, "/States/A/Choices[1]/Next") == "8:10");
  CHECK(place(kYaml, "/States/A/Choices[1]") == "8:9");
  CHECK(place(kYaml, "/States/A/b/Type") == "9:11");
  CHECK(place(kYaml, "/States/A/Choices[2]") == "-");
  CHECK(place("{StartAt: A}", "/StartAt") == "1:2");
}

}  // namespace pawl::asl
