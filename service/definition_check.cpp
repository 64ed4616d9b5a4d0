#include "service/definition_check.h"

#include "asl/json/reader.h"
#include "asl/parse/parse.h"
#include "asl/validate/label_error.h"
#include "asl/validate/validate.h"

#include <fmt/format.h>

#include <algorithm>

namespace pawl::service {

namespace {

ApiError invalid(std::string message) { return {"InvalidDefinition", std::move(message)}; }

ApiError invalid_quoted(std::string_view problem) {
  return invalid(fmt::format("Invalid State Machine Definition: '{}'", problem));
}

bool has_errors(const std::vector<asl::Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const auto& one) { return one.severity == asl::Severity::kError; });
}

std::optional<ApiError> check_compiled(const asl::Value& definition) {
  const auto compiled = asl::compile(definition);
  if (compiled) return std::nullopt;
  return invalid_definition(compiled.error());
}

}  // namespace

ApiError invalid_definition(const Error& error) {
  return invalid_quoted(error.where.empty() ? error.message
                                            : fmt::format("{} at {}", error.message, error.where));
}

std::optional<ApiError> check_definition(const asl::Value& definition) {
  const std::vector<asl::Diagnostic> diagnostics = asl::validate(definition, {.warnings = false});
  if (has_errors(diagnostics)) return invalid_quoted(asl::describe(diagnostics));
  return check_compiled(definition);
}

std::optional<ApiError> check_definition(std::string_view text, bool express) {
  const std::vector<asl::Diagnostic> diagnostics =
      asl::validate_text(text, {.express = express, .warnings = false});
  if (has_errors(diagnostics)) {
    if (auto label = asl::recorded_label_error(diagnostics, text))
      return invalid(*std::move(label));
    return invalid_quoted(asl::describe(diagnostics));
  }
  const Result<asl::Value> json = asl::read_json(text);
  if (!json) return invalid_quoted(json.error().message);
  return check_compiled(*json);
}

}  // namespace pawl::service
