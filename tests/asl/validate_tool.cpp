// pawl_validate: `pawl validate --batch` without the rest of pawl, for the scripts in conformance/
// while only the language is built.
//
//   pawl_validate validate --batch [--placeholders] [--express] [--aws-resources] [--echo]
//                                  [--compile] [--message]
//
// --compile also compiles each definition that is found valid and prints what compile() refuses.
// --message prints, instead of the answer, what InvalidDefinition says about a "text", as a JSON
// string; "" if it is valid.
#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/parse/parse.h"
#include "asl/validate/batch.h"
#include "asl/validate/label_error.h"

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

namespace {

void try_compile(const std::string& line) {
  using namespace pawl::asl;
  const pawl::Result<Value> input = read_json(line);
  const Value* definition = input ? input->find("definition") : nullptr;
  if (definition == nullptr) return;
  const auto compiled = compile(*definition);
  if (compiled || compiled.error().code == pawl::ErrorCode::kUnsupported) return;
  std::cerr << "compile: " << input->find("name")->as_string() << ": " << compiled.error().message
            << " at " << compiled.error().where << "\n";
}

std::string invalid_definition_message(const std::string& line,
                                       const pawl::asl::ValidateOptions& options) {
  using namespace pawl::asl;
  const pawl::Result<Value> input = read_json(line);
  const Value* text = input ? input->find("text") : nullptr;
  if (text == nullptr || !text->is_string()) return "the line has no text";
  const std::vector<Diagnostic> diagnostics = validate_text(text->as_string(), options);
  const auto label_error = recorded_label_error(diagnostics, text->as_string());
  if (label_error) return *label_error;
  const std::string problems = describe(diagnostics);
  return problems.empty() ? "" : "Invalid State Machine Definition: '" + problems + "'";
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto has = [&arguments](const char* name) {
    return std::find(arguments.begin(), arguments.end(), name) != arguments.end();
  };
  pawl::asl::ValidateOptions options;
  options.placeholders = has("--placeholders");
  options.express = has("--express");
  options.foreign_resources = !has("--aws-resources");
  std::string line;
  while (std::getline(std::cin, line)) {
    if (has("--message")) {
      std::string quoted;
      pawl::asl::write_json_string(invalid_definition_message(line, options), quoted);
      std::cout << quoted << "\n";
      continue;
    }
    const std::string answer = pawl::asl::validate_line(line, options, has("--echo"));
    std::cout << answer << "\n";
    if (has("--compile") && answer.find("\"result\":\"OK\"") != std::string::npos) {
      try_compile(line);
    }
  }
  return 0;
}
