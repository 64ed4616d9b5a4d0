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

}  // namespace

std::optional<ApiError> check_definition(std::string_view text, bool express) {
  const std::vector<asl::Diagnostic> diagnostics =
      asl::validate_text(text, {.express = express, .warnings = false});
  const bool broken = std::any_of(diagnostics.begin(), diagnostics.end(), [](const auto& one) {
    return one.severity == asl::Severity::kError;
  });
  if (broken) {
    if (auto label = asl::recorded_label_error(diagnostics, text))
      return invalid(*std::move(label));
    return invalid_quoted(asl::describe(diagnostics));
  }
  const Result<asl::Value> json = asl::read_json(text);
  if (!json) return invalid_quoted(json.error().message);
  const auto compiled = asl::compile(*json);
  if (compiled) return std::nullopt;
  const Error& error = compiled.error();
  return invalid_quoted(error.where.empty() ? error.message
                                            : fmt::format("{} at {}", error.message, error.where));
}

}  // namespace pawl::service
