#include "asl/validate/validate.h"

#include "asl/json/reader.h"
#include "asl/parse/parse.h"
#include "asl/validate/context.h"
#include "asl/validate/names.h"
#include "asl/validate/scopes.h"
#include "asl/validate/states.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace pawl::asl {
namespace {

constexpr double kSecondsMax = 99999999;
constexpr std::string_view kLanguages[] = {"JSONPath", "JSONata"};
constexpr std::string_view kVersions[] = {"1.0"};
constexpr std::string_view kModes[] = {"INLINE", "DISTRIBUTED"};
constexpr std::string_view kExecutionTypes[] = {"STANDARD", "EXPRESS"};

// "Expected ..." is the service's text for a machine that is something else altogether.
constexpr const char* kNotAnObject = "Definition must be a valid JSON object";

const FieldRule kProcessorConfigFields[] = {
    {.name = "Mode", .form = Form::kEnum, .values = kModes},
    {.name = "ExecutionType", .form = Form::kEnum, .values = kExecutionTypes},
};

// ExecutionType belongs to DISTRIBUTED, which needs it.
void check_processor_config(const Context& context, const Value& config, const Place& place) {
  if (!check_fields(context, config, place, kProcessorConfigFields)) return;
  const Value* mode = config.find("Mode");
  if (mode != nullptr && is_placeholder(context, *mode)) return;
  const bool distributed =
      mode != nullptr && mode->is_string() && mode->as_string() == "DISTRIBUTED";
  if (distributed) {
    check_required(context, config, place, {"ExecutionType"});
  } else if (config.find("ExecutionType") != nullptr) {
    context.report.schema_error("Field 'ExecutionType' is not supported", place);
  }
}

// The fields of a machine, by where it stands. Source: `asl-facts` section 1.
const FieldRule kRootFields[] = {
    {.name = "Comment", .form = Form::kString},
    {.name = "StartAt", .form = Form::kString},
    {.name = "States", .form = Form::kObject},
    {.name = "QueryLanguage", .form = Form::kEnum, .values = kLanguages},
    {.name = "TimeoutSeconds", .form = Form::kInteger, .min = 1, .max = kSecondsMax},
    {.name = "Version", .form = Form::kEnum, .values = kVersions},
};
const FieldRule kBranchFields[] = {
    {.name = "Comment", .form = Form::kString},
    {.name = "StartAt", .form = Form::kString},
    {.name = "States", .form = Form::kObject},
};
const FieldRule kItemProcessorFields[] = {
    {.name = "Comment", .form = Form::kString},
    {.name = "StartAt", .form = Form::kString},
    {.name = "States", .form = Form::kObject},
    {.name = "ProcessorConfig", .form = Form::kCustom, .check = check_processor_config},
};

FieldTable fields_of(PendingMachine::Kind kind) {
  switch (kind) {
    case PendingMachine::Kind::kRoot:
      return kRootFields;
    case PendingMachine::Kind::kBranch:
      return kBranchFields;
    case PendingMachine::Kind::kItemProcessor:
      return kItemProcessorFields;
  }
  return kRootFields;
}

void check_state_name(const Context& context, std::string_view name, const Place& place) {
  if (name.empty()) {
    context.report.error(code::kInvalidState, "State name cannot be empty", place);
  } else if (character_count(name) > context.options.state_name_characters) {
    context.report.error(code::kInvalidState,
                         "State name cannot have more than " +
                             std::to_string(context.options.state_name_characters) + " characters",
                         place);
  }
  if (!context.document.state_names.insert(name).second) {
    context.report.error(code::kDuplicateState, "Duplicate State name: " + std::string(name),
                         place);
  }
}

void check_machine(const Context& context, const PendingMachine& machine) {
  const Place place(machine.place);
  const Value& json = *machine.json;
  if (!check_fields(context, json, place, fields_of(machine.kind))) return;
  check_required(context, json, place, {"States", "StartAt"});
  const Value* states = json.find("States");
  if (states == nullptr || !states->is_object()) return;
  const Place states_place = place / "States";
  if (states->size() == 0)
    return context.report.schema_error("Value cannot be empty", states_place);
  for (const Member& member : states->members()) {
    if (context.report.full()) return;
    const Place state_place = states_place / member.key.as_string();
    check_state_name(context, member.key.as_string(), state_place);
    check_state(context, member.value, state_place);
    check_references(context, member.value, state_place);
  }
  check_graph(context, json, place);
}

QueryLanguage root_language(const Value& definition) {
  const Value* language = definition.find("QueryLanguage");
  if (language == nullptr || (language->is_string() && language->as_string() == "JSONPath")) {
    return QueryLanguage::kJsonPath;
  }
  return QueryLanguage::kJsonata;
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Severity::kError;
  });
}

// What is found valid must compile: bounds of expressions (their length and nesting) are only known
// to whoever compiles them.
void check_compiles(const Value& definition, const ValidateOptions& options,
                    std::vector<Diagnostic>& diagnostics) {
  if (options.placeholders || has_errors(diagnostics)) return;
  const auto compiled = compile(definition);
  if (compiled) return;
  const Error& error = compiled.error();
  diagnostics.insert(diagnostics.begin(),
                     {Severity::kError, std::string(code::kSchema), error.message, error.where});
}

std::vector<Diagnostic> single_error(std::string_view code, std::string message) {
  return {{Severity::kError, std::string(code), std::move(message), ""}};
}

}  // namespace

void append_machine(const Context& context, PendingMachine machine) {
  machine.mark = context.report.mark();
  machine.parent = context.machine;
  context.document.machines.push_back(std::move(machine));
}

std::vector<Diagnostic> validate(const Value& definition, const ValidateOptions& options) {
  if (!definition.is_object()) return single_error(code::kSchema, kNotAnObject);
  Report report(options.warnings);
  Document document{options, report, root_language(definition), {}, {}, {}};
  document.machines.push_back(
      {.json = &definition, .express = options.express, .mark = report.mark()});
  // The list grows while it is walked: each Parallel and Map appends its machines.
  for (std::size_t i = 0; i < document.machines.size() && !report.full(); ++i) {
    PendingMachine& machine = document.machines[i];
    report.go_to(machine.mark);
    machine.assigned = variables_assigned(*machine.json);
    check_machine({.document = document,
                   .report = report,
                   .options = options,
                   .language = document.query_language,
                   .express = machine.express,
                   .machine = i},
                  machine);
  }
  std::vector<Diagnostic> diagnostics = std::move(report).take();
  check_compiles(definition, options, diagnostics);
  return diagnostics;
}

std::vector<Diagnostic> validate_text(std::string_view text, const ValidateOptions& options) {
  if (text.empty()) {
    return single_error(code::kMissingDescription, "Received a null or empty workflow input.");
  }
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return single_error(code::kSchema, kNotAnObject);
  }
  const Result<Value> definition = read_json(text, {kDefinitionBytesMax, kMaxDepth});
  if (definition) return validate(*definition, options);
  const Error& error = definition.error();
  if (error.code == ErrorCode::kLimit) {
    return single_error(text.size() > kDefinitionBytesMax ? code::kSchema : code::kTooDeeplyNested,
                        error.message);
  }
  std::string message = error.message;
  if (!error.where.empty()) (message += " at ") += error.where;
  return single_error(code::kInvalidJson, std::move(message));
}

std::string describe(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::kError) continue;
    if (!out.empty()) out += ", ";
    ((out += diagnostic.code) += ": ") += diagnostic.message;
    (out += " at ") += diagnostic.location.empty() ? "null" : diagnostic.location;
  }
  return out;
}

}  // namespace pawl::asl
