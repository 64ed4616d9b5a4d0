#include "tests/catch.h"
#include "tests/cli/child.h"

namespace pawl::cli::testing {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("eval prints the value, or says why there is none", "[cli][eval]") {
  CHECK(pawl({"eval", "--jsonpath", "$.a[*].b", "--input", R"({"a": [{"b": 1}, {"b": 2}]})"}).out ==
        "[1,2]\n");
  CHECK(pawl({"eval", "--jsonpath", "$$.State.Name", "--context", R"({"State": {"Name": "S"}})"})
            .out == "\"S\"\n");
  CHECK(pawl({"eval", "--intrinsic", "States.Format('{} of {}', $.a, $.b)", "--input",
              R"({"a": 3, "b": 4})"})
            .out == "\"3 of 4\"\n");
  CHECK(pawl({"eval", "--jsonpath", "$.no"}).code == 1);
  CHECK(pawl({"eval", "--intrinsic", "States.Nothing()"}).code == 2);
  CHECK(pawl({"eval"}).code == 2);
  CHECK(pawl({"eval", "--jsonata", "$sum(a.b)", "--input", R"({"a": [{"b": 1}, {"b": 2}]})"}).out ==
        "3\n");
  CHECK(pawl({"eval", "--jsonata", "$x + 1", "--bindings", R"({"x": 1})"}).out == "2\n");
  CHECK(pawl({"eval", "--jsonata", "no"}).code == 1);
  CHECK(pawl({"eval", "--jsonata", "1 +"}).code == 2);
  CHECK_THAT(pawl({"eval", "--jsonata", "$eval('1')"}).err, Contains("T1006"));
  CHECK(pawl({"eval", "--jsonata", "$eval('1')", "--dialect", "reference"}).out == "1\n");
}

TEST_CASE("eval --batch answers each line, whatever it is", "[cli][eval]") {
  const Ended ended = pawl({"eval", "--batch"},
                           "{\"kind\":\"jsonpath\",\"selector\":\"$.a\",\"document\":{\"a\":1}}\n"
                           "nonsense\n"
                           "{\"kind\":\"jsonata\",\"expr\":\"1\"}\n"
                           "{\"kind\":\"jsonpath\",\"selector\":\"$.b\",\"document\":{\"b\":2}}");
  CHECK(ended.code == 0);
  CHECK_THAT(ended.out, Catch::Matchers::StartsWith("{\"result\":1}\n{\"error\""));
  CHECK_THAT(ended.out, Contains("{\"result\":1}\n{\"result\":2}"));
  CHECK_THAT(ended.out, Catch::Matchers::EndsWith("{\"result\":2}\n"));
}

TEST_CASE("validate accepts the examples", "[cli][validate]") {
  CHECK(pawl({"validate", example("hello/hello.asl.json"),
              example("order-fulfilment/order-fulfilment.asl.json")})
            .code == 0);
}

TEST_CASE("validate shows all problems of all files", "[cli][validate]") {
  const TemporaryDirectory directory;
  const std::string bad = directory.write(
      "bad.json", "{\"StartAt\": \"A\",\n \"States\": {\n  \"A\": {\"Type\": \"Pas\"}}}");
  const std::string broken = directory.write("broken.json", "{\"StartAt\" 1}");
  const Ended ended = pawl({"validate", bad, broken, directory.path("none")});
  CHECK(ended.code == 2);
  CHECK_THAT(ended.err, Contains(bad + ":3:9: error SCHEMA_VALIDATION_FAILED"));
  CHECK_THAT(ended.err, Contains(broken + ": line 1, column"));
  CHECK_THAT(ended.err, Contains("none: No such file"));
  const asl::Value object = pawl({"validate", "--json", bad}).json();
  CHECK(object.find("result")->as_string() == "FAIL");
  CHECK(object.find("diagnostics")->items()[0].find("line")->as_int() == 3);
}

TEST_CASE("validate --batch answers in the order of the lines", "[cli][validate]") {
  const Ended ended =
      pawl({"validate", "--batch"},
           R"({"name": "a", "definition": {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}})"
           "\n{\"name\": \"b\", \"text\": \"{\"}\n");
  CHECK(ended.code == 0);
  CHECK_THAT(ended.out, Catch::Matchers::StartsWith(R"({"name":"a","result":"OK","diagnostics":[]})"
                                                    "\n"));
  CHECK_THAT(ended.out, Contains(R"({"name":"b","result":"FAIL")"));
}

}  // namespace
}  // namespace pawl::cli::testing
