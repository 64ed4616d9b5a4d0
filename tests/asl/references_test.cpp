#include "asl/validate/references.h"

#include "asl/json/reader.h"
#include "tests/catch.h"

#include <string>

namespace pawl::asl {
namespace {

// "A: x y; B: z"
std::string references(const std::string& definition) {
  const Result<Value> json = read_json(definition);
  REQUIRE(json);
  std::string out;
  for (const auto& [state, names] : variable_references(*json)) {
    if (!out.empty()) out += "; ";
    out += state + ":";
    for (const std::string& name : names) out += " " + name;
  }
  return out;
}

std::string of_state(const std::string& state) {
  return references(R"({"StartAt": "A", "States": {"A": )" + state + "}}");
}

}  // namespace

TEST_CASE("the variables of paths and templates are listed by name", "[asl][references]") {
  CHECK(of_state(R"({"Type": "Pass", "InputPath": "$b.x", "OutputPath": "$a"})") == "A: a b");
  CHECK(of_state(R"x({"Type": "Pass", "Assign": {"n.$": "$m"},
                      "Parameters": {"o": [{"v.$": "States.Array($z, $a[0], $a)"}]}})x") ==
        "A: a m z");
  CHECK(of_state(R"({"Type": "Wait", "SecondsPath": "$wait"})") == "A: wait");
  CHECK(of_state(
            R"x({"Type": "Fail", "ErrorPath": "$e", "CausePath": "States.Format('{}', $c)"})x") ==
        "A: c e");
  CHECK(of_state(R"({"Type": "Task", "Credentials": {"RoleArn.$": "$role"},
                     "Catch": [{"ErrorEquals": ["E"], "Assign": {"x.$": "$y"}}]})") == "A: role y");
}

TEST_CASE("Choice rules are followed into And, Or and Not", "[asl][references]") {
  CHECK(of_state(R"({"Type": "Choice", "Choices": [
    {"And": [{"Not": {"Variable": "$a", "IsNull": true}},
             {"Variable": "$.i", "StringEqualsPath": "$b"}], "Assign": {"v.$": "$c"}}]})") ==
        "A: a b c");
}

TEST_CASE("the parts of a Distributed Map are looked at", "[asl][references]") {
  CHECK(of_state(R"({"Type": "Map", "ItemsPath": "$items", "MaxConcurrencyPath": "$most",
    "ToleratedFailureCountPath": "$count", "ItemSelector": {"x.$": "$item"},
    "ItemReader": {"Parameters": {"Bucket.$": "$bucket"}, "ReaderConfig": {"MaxItemsPath": "$max"}},
    "ItemBatcher": {"MaxItemsPerBatchPath": "$batch", "BatchInput": {"y.$": "$input"}},
    "ResultWriter": {"Parameters": {"Prefix.$": "$prefix"}}})") ==
        "A: batch bucket count input item items max most prefix");
}

TEST_CASE("what is not evaluated is no reference", "[asl][references]") {
  CHECK(of_state(R"({"Type": "Pass", "Comment": "$a", "Result": {"x.$": "$b", "aPath": "$c"}})")
            .empty());
  CHECK(of_state(R"({"Type": "Pass", "Parameters": {"x": "$a", "somePath": "$b", "c.$": "$$.d"}})")
            .empty());
  CHECK(of_state(R"x({"Type": "Pass", "Parameters": {"x.$": "States.Format('$a {}', $.b)"}})x")
            .empty());
  CHECK(of_state(R"({"Type": "Pass", "QueryLanguage": "JSONata", "Comment": "{% $a %}",
                     "Output": {"b": "$b", "c": "{% $d", "e.$": "$f"}})")
            .empty());
  CHECK(references("[]").empty());
  CHECK(references(R"({"States": {"A": 1}})").empty());
}

TEST_CASE("free variables of JSONata are references", "[asl][references]") {
  CHECK(of_state(R"({"Type": "Task", "QueryLanguage": "JSONata", "Arguments": {"a": "{% $x.y %}"},
    "TimeoutSeconds": "{% $t %}", "Output": "{% $map($list, function($i) { $i + $n }) %}",
    "Catch": [{"ErrorEquals": ["E"], "Output": "{% $states.errorOutput.Error & $e %}"}]})") ==
        "A: e list n t x");
  CHECK(of_state(R"({"Type": "Pass", "QueryLanguage": "JSONata",
                     "Output": "{% ($local := 1; $local + $sum($states.input.a)) %}"})")
            .empty());
}

TEST_CASE("states of nested machines stand beside the others", "[asl][references]") {
  CHECK(references(R"({"QueryLanguage": "JSONata", "StartAt": "P", "States": {
    "P": {"Type": "Parallel", "Branches": [
       {"StartAt": "B", "States": {"B": {"Type": "Pass", "Output": "{% $b %}"}}},
       {"StartAt": "M", "States": {"M": {"Type": "Map", "Items": "{% $m %}", "ItemProcessor":
          {"StartAt": "C", "States": {"C": {"Type": "Pass", "Output": "{% $c %}"}}}}}}]}}})") ==
        "B: b; C: c; M: m");
}

}  // namespace pawl::asl
