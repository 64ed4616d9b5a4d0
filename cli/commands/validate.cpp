// pawl validate: all problems of a definition at once.
#include "asl/validate/validate.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/parse/parse.h"
#include "asl/validate/batch.h"
#include "cli/command.h"
#include "cli/diagnostics.h"
#include "cli/json_lines.h"
#include "cli/terminal.h"
#include "cli/text_input.h"
#include "cli/workflow.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

namespace pawl::cli {
namespace {

constexpr const char* kHelp = R"help(Examples:
  pawl validate order.asl.json
  pawl validate examples/*/*.asl.json --json
  pawl validate template.asl.yaml --placeholders
  echo '{"name": "m", "definition": {"StartAt": "A", "States": {}}}' | pawl validate --batch

Problems are shown as FILE:LINE:COL with AWS's code, text and location. Exit codes: 0 no errors,
2 errors. --json prints one line for each file:
  {"file", "result": "OK" | "FAIL", "diagnostics": [{"severity", "code", "message", "location",
   "line", "column"}]}
--batch reads JSON lines {"name", "definition"} or {"name", "text"} and answers each with
  {"name", "result", "diagnostics": [{"severity", "code", "message", "location"}]})help";

struct ValidateCommand {
  std::vector<std::string> files;
  bool json = false;
  bool batch = false;
  bool express = false;
  bool placeholders = false;
  bool foreign_resources = false;
  bool aws_resources = false;
  bool echo = false;
};

asl::Value to_json(const asl::Diagnostic& one, std::string_view text) {
  using asl::Value;
  asl::ObjectBuilder object;
  object.set("severity",
             Value::string(one.severity == asl::Severity::kError ? "ERROR" : "WARNING"));
  object.set("code", Value::string(one.code)).set("message", Value::string(one.message));
  if (!one.location.empty()) object.set("location", Value::string(one.location));
  const Result<asl::SourceLine> line = asl::locate(text, one.location);
  if (line && !one.location.empty()) {
    object.set("line", Value::integer(static_cast<std::int64_t>(line->line)));
    object.set("column", Value::integer(static_cast<std::int64_t>(line->column)));
  }
  return std::move(object).build();
}

// What is wrong with a file as far as it can be read. `message` is the problem if it cannot, for
// people; `diagnostics` has it, too.
std::vector<asl::Diagnostic> examine(const std::string& file, const asl::ValidateOptions& options,
                                     std::string& text, std::string& message) {
  using asl::Severity;
  Result<std::string> read = read_text(file);
  if (!read) {
    message = read.error().message;
    return {{Severity::kError, "UNREADABLE", message, ""}};
  }
  text = *std::move(read);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return asl::validate_text(text, options);
  }
  const Result<asl::Value> definition = read_definition(file, text);
  if (definition) return asl::validate(*definition, options);
  message = definition.error().message;
  return {
      {Severity::kError, "INVALID_JSON_DESCRIPTION", message.substr(0, message.find('\n')), ""}};
}

int validate_files(const ValidateCommand& command, const asl::ValidateOptions& options) {
  int code = kOk;
  for (const std::string& file : command.files) {
    std::string text;
    std::string message;
    const auto diagnostics = examine(file, options, text, message);
    const bool failed = has_errors(diagnostics);
    if (failed) code = kUsage;
    if (command.json) {
      std::vector<asl::Value> listed;
      for (const asl::Diagnostic& one : diagnostics) listed.push_back(to_json(one, text));
      asl::ObjectBuilder object;
      object.set("file", asl::Value::string(file));
      object.set("result", asl::Value::string(failed ? "FAIL" : "OK"));
      object.set("diagnostics", asl::Value::array(std::move(listed)));
      write_out(asl::to_json(std::move(object).build()));
      continue;
    }
    if (message.empty()) {
      show_diagnostics(file, text, diagnostics);
    } else {
      show_error(message);
    }
    err().line(fmt::format(
        "{}: {}", file,
        failed ? err().paint(Style::kRed, "not valid") : err().paint(Style::kGreen, "valid")));
  }
  return code;
}

}  // namespace

Command add_validate(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("validate", "Find all problems of definitions");
  auto command = std::make_shared<ValidateCommand>();
  parser->add_option("FILE", command->files, "Definitions, JSON or YAML; - for standard input")
      ->option_text("...");
  parser->add_flag("--json", command->json, "Print one JSON object per file");
  parser->add_flag("--batch", command->batch, "JSON lines in, JSON lines out");
  parser->add_flag("--express", command->express, "Check as an Express state machine");
  parser->add_flag("--placeholders", command->placeholders,
                   "Accept ${...} where a template leaves a value open");
  parser->add_flag("--foreign-resources", command->foreign_resources,
                   "Accept a Resource that is no AWS ARN (as --batch does)");
  parser->add_flag("--aws-resources", command->aws_resources,
                   "With --batch: refuse a Resource that is no AWS ARN");
  parser->add_flag("--echo", command->echo)->group("");  // for conformance/definitions.py
  parser->footer(kHelp);
  return {parser, [command]() -> int {
            asl::ValidateOptions options;
            options.express = command->express;
            options.placeholders = command->placeholders;
            options.foreign_resources =
                command->foreign_resources || (command->batch && !command->aws_resources);
            if (command->batch) {
              return answer_lines([&](std::string_view line) {
                return asl::validate_line(line, options, command->echo);
              });
            }
            if (command->files.empty()) {
              show_error("validate what? See pawl help validate");
              return kUsage;
            }
            return validate_files(*command, options);
          }};
}

}  // namespace pawl::cli
