// The rules themselves are cases in conformance/validation; here is what data cannot express:
// options, bounds, and the forms in which diagnostics are handed on.
#include "asl/validate/validate.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/parse/parse.h"
#include "asl/parse/resource.h"
#include "asl/validate/batch.h"
#include "asl/validate/integrations.h"
#include "asl/validate/label_error.h"
#include "asl/validate/names.h"
#include "asl/validate/report.h"
#include "tests/catch.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace pawl::asl {
namespace {

std::string problems(const std::string& text, const ValidateOptions& options = {}) {
  return describe(validate_text(text, options));
}

std::string one_state(const std::string& state) {
  return R"({"StartAt": "A", "States": {"A": )" + state + "}}";
}

std::string label_map(const std::string& label) {
  std::string quoted;
  write_json_string(label, quoted);
  return one_state(R"({"Type": "Map", "End": true, "Label": )" + quoted +
                   R"(, "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Succeed"}},
                   "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}})");
}

}  // namespace

TEST_CASE("a valid definition has no diagnostics", "[asl][validate]") {
  CHECK(validate_text(one_state(R"({"Type": "Pass", "End": true})")).empty());
}

TEST_CASE("problems are joined with code, text and location", "[asl][validate]") {
  CHECK(problems("{}") ==
        "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /");
  CHECK(problems(one_state(R"({"Type": "Pass", "Next": "X"})")) ==
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Next, "
        "MISSING_END_STATE: Workflow has no terminal state at null");
}

TEST_CASE("text that is no JSON is told from a definition that is none", "[asl][validate]") {
  CHECK(validate_text("").at(0).code == "MISSING_DESCRIPTION");
  CHECK(validate_text(" \n").at(0).message == "Definition must be a valid JSON object");
  CHECK(validate_text("\"x\"").at(0).message == "Definition must be a valid JSON object");
  CHECK(validate_text("{\"a\": }").at(0).code == "INVALID_JSON_DESCRIPTION");
  CHECK(validate_text("{\"a\": 1} x").at(0).code == "INVALID_JSON_DESCRIPTION");
  CHECK(validate_text(std::string(kDefinitionBytesMax + 1, ' ') + "{}").at(0).code ==
        "SCHEMA_VALIDATION_FAILED");
  CHECK(validate_text(std::string(300, '[') + std::string(300, ']')).at(0).code ==
        "TOO_DEEPLY_NESTED");
}

TEST_CASE("errors come before warnings, and warnings can be left out", "[asl][validate]") {
  const std::string text =
      one_state(R"({"Type": "Pass", "Parameters": {"x": "$.y"}, "Next": "B"})");
  const std::vector<Diagnostic> all = validate_text(text);
  REQUIRE(all.size() == 3);
  CHECK(all[0].severity == Severity::kError);
  CHECK(all[2].severity == Severity::kWarning);
  CHECK(all[2].code == "NO_DOLLAR");
  ValidateOptions quiet;
  quiet.warnings = false;
  CHECK(validate_text(text, quiet).size() == 2);
  CHECK(describe(all) == describe(validate_text(text, quiet)));
}

TEST_CASE("placeholders are accepted only on request", "[asl][validate]") {
  const std::string text = one_state(R"({"Type": "Task", "Resource": "${F}", "End": true,
    "TimeoutSeconds": "${T}", "ResultPath": "${P}", "Parameters": {"x.$": "${X}"}})");
  ValidateOptions options;
  CHECK_FALSE(problems(text, options).empty());
  options.placeholders = true;
  options.foreign_resources = true;
  CHECK(problems(text, options).empty());
  const std::string target = R"({"StartAt": "A", "States": {
    "A": {"Type": "Pass", "Next": "${N}"}, "B": {"Type": "Succeed"}}})";
  CHECK(problems(target, options).empty());
}

TEST_CASE("what is found valid compiles", "[asl][validate]") {
  // Nested deeper than a Choice rule may be, in a definition that breaks no other rule.
  std::string rule = R"({"Variable": "$.a", "IsNull": true})";
  for (int i = 0; i < 60; ++i) rule = R"({"And": [)" + rule + "]}";
  const std::string text = R"({"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [)" +
                           rule.insert(1, R"("Next": "B", )") + R"(]}, "B": {"Type": "Succeed"}}})";
  const Result<Value> definition = read_json(text);
  REQUIRE(definition);
  REQUIRE_FALSE(compile(*definition));
  CHECK_FALSE(problems(text).empty());
}

TEST_CASE("the number of diagnostics and their size are bounded", "[asl][validate]") {
  std::string fields;
  for (int i = 0; i < 5000; ++i) fields += R"("f)" + std::to_string(i) + R"(": 1, )";
  const auto many = validate_text(one_state("{" + fields + R"("Type": "Pass", "End": true})"));
  CHECK(many.size() == kMaxDiagnostics);
  // A name as long as a definition may be, repeated in the location of each problem under it.
  const std::string name(500000, 'x');
  std::string branches = "{}";
  for (int i = 0; i < 500; ++i) branches += ", {}";
  const auto long_ones =
      validate_text(R"({"StartAt": "A", "States": {")" + name +
                    R"(": {"Type": "Parallel", "End": true, "Branches": [)" + branches + "]}}}");
  std::size_t bytes = 0;
  for (const Diagnostic& diagnostic : long_ones) bytes += diagnostic.location.size();
  CHECK(bytes < 2 * kMaxDiagnosticBytes);
}

// It takes some 50 ms; the bound leaves room for sanitizers on a busy machine. Quadratic is
// minutes.
constexpr int kQuadraticMs = 10000;

TEST_CASE("a definition of 1 MB takes no quadratic time", "[asl][validate]") {
  const auto milliseconds = [](const std::string& text) {
    const auto begin = std::chrono::steady_clock::now();
    validate_text(text);
    const auto time = std::chrono::steady_clock::now() - begin;
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  };
  std::string chain = R"({"StartAt": "s0", "States": {)";
  for (int i = 0; i < 20000; ++i) {
    chain += R"("s)" + std::to_string(i) + R"(": {"Type": "Pass", "Next": "s)" +
             std::to_string(i + 1) + R"("}, )";
  }
  CHECK(milliseconds(chain + R"("s20000": {"Type": "Succeed"}}})") < kQuadraticMs);
  std::string branches = R"({"StartAt": "b0", "States": {"b0": {"Type": "Succeed"}}})";
  for (int i = 1; i < 15000; ++i) {
    const std::string name = "b" + std::to_string(i);
    branches +=
        R"(, {"StartAt": ")" + name + R"(", "States": {")" + name + R"(": {"Type": "Succeed"}}})";
  }
  CHECK(milliseconds(one_state(R"({"Type": "Parallel", "End": true, "Branches": [)" + branches +
                               "]}")) < kQuadraticMs);
}

TEST_CASE("machines nest as deep as JSON does", "[asl][validate]") {
  std::string machine = R"({"StartAt": "m", "States": {"m": {"Type": "Succeed"}}})";
  for (int i = 0; i < 80; ++i) {
    const std::string name = "m" + std::to_string(i);
    machine = R"({"StartAt": ")" + name + R"(", "States": {")" + name +
              R"(": {"Type": "Map", "End": true, "Iterator": )" + machine + "}}}";
  }
  CHECK(problems(machine).empty());
}

TEST_CASE("an invalid label has the text that was recorded for it", "[asl][validate]") {
  struct Case {
    const char* label;
    const char* arguments;
  };
  const Case cases[] = {
      {"label_#", R"(["Label contains invalid character: '#'"])"},
      {"label_\"", R"(['Label contains invalid character: \'"\''])"},
      {"label_\\", R"(["Label contains invalid character: '\\\\'"])"},
      {"label_\r", R"(["Label contains invalid character: '\\r'"])"},
      {"label_\x1b", R"(["Label contains invalid character: '\\x1b'"])"},
      {"label_\xC2\x9F", R"(["Label contains invalid character: '\\x9f'"])"},
      {"label_\xE2\x80\x83", R"(["Label contains invalid character: '\\u2003'"])"},
      {"01234567890123456789012345678901234567890", R"(['Label cannot exceed 40 characters'])"},
  };
  for (const Case& c : cases) {
    const std::string text = label_map(c.label);
    const auto error = recorded_label_error(validate_text(text), text);
    REQUIRE(error);
    CHECK(*error ==
          "Error=ValueError Args=" + std::string(c.arguments) + " in definition '" + text + "'.");
  }
  CHECK_FALSE(recorded_label_error(validate_text("{}"), "{}"));
}

TEST_CASE("Python's repr chooses quotes as Python does", "[asl][validate]") {
  CHECK(python_repr(std::string_view("a")) == "'a'");
  CHECK(python_repr(std::string_view("it's")) == "\"it's\"");
  CHECK(python_repr(std::string_view("\"it's\"")) == R"('"it\'s"')");
  CHECK(python_repr(std::uint32_t{'\''}) == "\"'\"");
  CHECK(python_repr(std::uint32_t{0x1F600}) == R"('\U0001f600')");
}

TEST_CASE("names are counted in characters, not bytes", "[asl][validate]") {
  CHECK(character_count("äöü") == 3);
  CHECK(character_count("\xF0\x9F\x98\x80") == 1);
  CHECK(is_variable_name("größe_1"));
  CHECK(is_variable_name("数量"));
  for (const char* name : {"", "_a", "1a", "a-b", "a.b", "a b", "\xF0\x9F\x98\x80", "$a"}) {
    INFO(name);
    CHECK_FALSE(is_variable_name(name));
  }
}

TEST_CASE("each integration has its patterns", "[asl][validate]") {
  const auto known = [](const std::string& name) {
    return is_known_integration(parse_resource("arn:aws:states:::" + name).value());
  };
  for (const char* name :
       {"lambda:invoke", "lambda:invoke.waitForTaskToken", "ecs:runTask.sync",
        "states:startExecution.sync", "states:startExecution.sync:2", "http:invoke",
        "dynamodb:updateItem", "athena:startQueryExecution.sync", "aws-sdk:sfn:describeExecution",
        "aws-sdk:sqs:sendMessage.waitForTaskToken", "events:putEvents.waitForTaskToken"}) {
    INFO(name);
    CHECK(known(name));
  }
  for (const char* name :
       {"lambda:invoke.sync", "lambda:invokeAsync", "ecs:runTask.sync:2", "http:invoke.sync",
        "dynamodb:query", "aws-sdk:ecs:runTask.sync", "s3:putObject", "sqs:sendMessage.sync"}) {
    INFO(name);
    CHECK_FALSE(known(name));
  }
}

TEST_CASE("a line of a batch is answered by a line", "[asl][validate]") {
  CHECK(validate_line(R"({"name": "n", "text": ""})", {}) ==
        R"({"name":"n","result":"FAIL","diagnostics":[{"severity":"ERROR",)"
        R"("code":"MISSING_DESCRIPTION","message":"Received a null or empty workflow input."}]})");
  CHECK(validate_line(
            R"({"name": 1, "definition": )" + one_state(R"({"Type": "Pass", "End": true})") + "}",
            {}) == R"({"name":1,"result":"OK","diagnostics":[]})");
  CHECK(validate_line(R"({"name": "n", "definition": {"a":1.0}})", {}, true)
            .ends_with(R"("definition":{"a":1.0}})"));
  CHECK(validate_line("{", {}).starts_with(R"({"name":null,"result":"FAIL")"));
  CHECK(validate_line("{}", {}).starts_with(R"({"name":null,"result":"FAIL")"));
}

}  // namespace pawl::asl
