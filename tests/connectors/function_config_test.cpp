#include "connectors/lambda/function_config.h"

#include "connectors/lambda/function_directory.h"
#include "connectors/lambda/function_name.h"
#include "tests/catch.h"
#include "tests/connectors/support.h"

#include <filesystem>
#include <fstream>

namespace pawl::connectors {
namespace {

using test::TempDirectory;

Result<FunctionConfig> parse(std::string_view text, std::vector<std::string> files = {}) {
  return parse_function_config(text, "pay", "/srv/pay", files, "pay/function.json");
}

TEST_CASE("a function.json says everything about a function", "[connectors][lambda]") {
  const auto config =
      parse(R"({"runtime": "provided.al2023", "handler": "pay.charge", "timeout": 900,
      "memory": 512, "concurrency": 3, "environment": {"B": "2", "A": "1"},
      "command": ["sh", "run.sh"], "comment": "charges"})");
  REQUIRE(config);
  CHECK(config->name == "pay");
  CHECK(config->directory == "/srv/pay");
  CHECK(config->runtime == RuntimeKind::kProvided);
  CHECK(config->runtime_name == "provided.al2023");
  CHECK(config->handler == "pay.charge");
  CHECK(config->timeout == std::chrono::seconds(900));
  CHECK(config->memory_mb == 512);
  CHECK(config->concurrency == 3);
  CHECK(config->command == std::vector<std::string>{"sh", "run.sh"});
  const std::vector<std::pair<std::string, std::string>> environment = {{"B", "2"}, {"A", "1"}};
  CHECK(config->environment == environment);
}

TEST_CASE("a function.json has Lambda's defaults", "[connectors][lambda]") {
  const auto config = parse(R"({"runtime": "python3.12"})", {"index.py"});
  REQUIRE(config);
  CHECK(config->runtime == RuntimeKind::kPython);
  CHECK(config->handler == "index.handler");
  CHECK(config->timeout == std::chrono::seconds(3));
  CHECK(config->memory_mb == 128);
  CHECK(config->concurrency == 10);
}

TEST_CASE("runtimes are named as Lambda names them", "[connectors][lambda]") {
  struct Row {
    const char* name;
    std::optional<RuntimeKind> kind;
  };
  const Row row = GENERATE(values<Row>({{"python3.9", RuntimeKind::kPython},
                                        {"python3.14", RuntimeKind::kPython},
                                        {"python3", RuntimeKind::kPython},
                                        {"python2.7", std::nullopt},
                                        {"python3.", std::nullopt},
                                        {"nodejs20.x", RuntimeKind::kNode},
                                        {"nodejs", RuntimeKind::kNode},
                                        {"nodejs.x", std::nullopt},
                                        {"nodejs20", std::nullopt},
                                        {"provided", RuntimeKind::kProvided},
                                        {"provided.al2", RuntimeKind::kProvided},
                                        {"shell", RuntimeKind::kProvided},
                                        {"java21", std::nullopt},
                                        {"", std::nullopt}}));
  CAPTURE(row.name);
  const auto config = parse(std::string(R"({"handler": "a.b", "runtime": ")") + row.name + "\"}");
  CHECK(config.has_value() == row.kind.has_value());
  if (config && row.kind) CHECK(config->runtime == *row.kind);
}

TEST_CASE("all problems of a function.json are told, each with its field", "[connectors][lambda]") {
  const auto config =
      parse(R"({"runtime": "cobol", "timeout": 901, "memory": "128", "concurrency": -1,
      "handler": "", "timeOut": 3, "environment": {"AWS_LAMBDA_X": "1", "N": 1, "a b": "c"}})");
  REQUIRE_FALSE(config);
  CHECK(config.error().code == ErrorCode::kInvalid);
  const std::string& message = config.error().message;
  for (const char* part :
       {"pay/function.json: runtime: must be python3.N", "not \"cobol\"",
        "pay/function.json: timeout: must be a whole number from 1 to 900, not 901",
        "pay/function.json: memory: must be a whole number from 128 to 10240, not \"128\"",
        "concurrency: must be a whole number from 0 to 1000, not -1", "handler: must be a text",
        "timeOut: is no field of function.json", "environment.AWS_LAMBDA_X: is set by the runtime",
        "environment.N: must be a text, not 1", "environment.a b: is no name for a variable"}) {
    CAPTURE(part, message);
    CHECK(message.find(part) != std::string::npos);
  }
}

TEST_CASE("text that is no JSON object is refused", "[connectors][lambda]") {
  CHECK_FALSE(parse("{"));
  CHECK_FALSE(parse("[]"));
  CHECK_FALSE(parse("{}"));  // no runtime, and nothing tells it
  CHECK_FALSE(parse(R"({"runtime": "python3.12", "command": ["x"]})"));
  CHECK_FALSE(parse(R"({"command": []})"));
  CHECK(parse(R"({"command": ["./x"]})"));
}

TEST_CASE("without function.json the files tell the function", "[connectors][lambda]") {
  struct Row {
    std::vector<std::string> files;
    const char* handler;  // nullptr: no function
  };
  const Row row = GENERATE(values<Row>({{{"index.py"}, "index.handler"},
                                        {{"lambda_function.py"}, "lambda_function.lambda_handler"},
                                        {{"index.mjs", "package.json"}, "index.handler"},
                                        {{"index.js"}, "index.handler"},
                                        {{"bootstrap", "x"}, "function.handler"},
                                        {{"README.md"}, nullptr}}));
  const auto config = guess_function_config("f", "/f", row.files);
  CHECK(config.has_value() == (row.handler != nullptr));
  if (config && row.handler != nullptr) CHECK(config->handler == row.handler);
}

TEST_CASE("functions are read from a directory of directories", "[connectors][lambda]") {
  const TempDirectory directory;
  directory.write("b-second/function.json", R"({"runtime": "nodejs20.x", "timeout": 9})");
  directory.write("a_first/index.py", "def handler(event, context): return event\n");
  directory.write("notes/README.md", "no function");
  directory.write("_shared/index.py", "");
  directory.write(".hidden/index.py", "");
  directory.write("loose.py", "");
  const auto functions = load_functions(directory.path());
  REQUIRE(functions);
  REQUIRE(functions->size() == 2);
  CHECK((*functions)[0].name == "a_first");
  CHECK((*functions)[1].name == "b-second");
  CHECK((*functions)[1].timeout == std::chrono::seconds(9));
  CHECK((*functions)[0].directory ==
        std::filesystem::canonical(directory.path() + "/a_first").string());

  const TempDirectory later;
  later.write("a_first/index.js", "");
  later.write("c-third/index.js", "");
  const auto both = load_functions(std::vector<std::string>{directory.path(), later.path()});
  REQUIRE(both);
  REQUIRE(both->size() == 3);
  CHECK((*both)[0].runtime == RuntimeKind::kPython);
  CHECK((*both)[2].name == "c-third");

  directory.write("c/function.json", "{");
  directory.write("d e/index.py", "");
  const auto broken = load_functions(directory.path());
  REQUIRE_FALSE(broken);
  CHECK(broken.error().message.find("c/function.json") != std::string::npos);
  CHECK(broken.error().message.find("d e: a function's name has") != std::string::npos);
  CHECK(load_functions(directory.path() + "/nowhere").error().code == ErrorCode::kNotFound);
}

TEST_CASE("functions are named in all of Lambda's ways", "[connectors][lambda]") {
  struct Row {
    const char* text;
    const char* name;  // nullptr: no name
    const char* qualifier;
    const char* region;
    const char* account;
  };
  const Row row = GENERATE(values<Row>({
      {"pay", "pay", "", "", ""},
      {"pay:v1", "pay", "v1", "", ""},
      {"pay:$LATEST", "pay", "$LATEST", "", ""},
      {"123456789012:function:pay", "pay", "", "", "123456789012"},
      {"123456789012:function:pay:3", "pay", "3", "", "123456789012"},
      {"function:pay", "pay", "", "", ""},
      {"eu-west-1:123456789012:function:pay", "pay", "", "eu-west-1", "123456789012"},
      {"arn:aws:lambda:eu-west-1:123456789012:function:pay", "pay", "", "eu-west-1",
       "123456789012"},
      {"arn:aws-cn:lambda:cn-north-1:123456789012:function:pay:live", "pay", "live", "cn-north-1",
       "123456789012"},
      {"", nullptr, "", "", ""},
      {"pay load", nullptr, "", "", ""},
      {"pay:", nullptr, "", "", ""},
      {"pay:a:b", nullptr, "", "", ""},
      {"arn:aws:sqs:eu-west-1:123456789012:function:pay", nullptr, "", "", ""},
      {"arn:aws:lambda:eu-west-1:123456789012:layer:pay", nullptr, "", "", ""},
      {"arn:aws:lambda:::function:pay", nullptr, "", "", ""},
  }));
  CAPTURE(row.text);
  const auto name = parse_function_name(row.text);
  REQUIRE(name.has_value() == (row.name != nullptr));
  if (!name) return;
  CHECK(name->name == row.name);
  CHECK(name->qualifier == row.qualifier);
  CHECK(name->region == row.region);
  CHECK(name->account == row.account);
}

}  // namespace
}  // namespace pawl::connectors
