#include "service/definition_check.h"

#include "asl/validate/label_error.h"
#include "asl/validate/validate.h"

#include <fmt/format.h>

namespace pawl::service {

namespace {

ApiError invalid(std::string message) { return {"InvalidDefinition", std::move(message)}; }

ApiError invalid_quoted(std::string_view problem) {
  return invalid(fmt::format("Invalid State Machine Definition: '{}'", problem));
}

}  // namespace

ApiError invalid_definition(const Error& error) {
  return invalid_quoted(error.where.empty() ? error.message
                                            : fmt::format("{} at {}", error.message, error.where));
}

std::optional<ApiError> check_definition(const asl::Value& definition,
                                         const engine::Limits& limits) {
  const std::string problems = asl::describe(
      asl::validate(definition, {.warnings = false,
                                 .state_name_characters = limits.state_name_characters,
                                 .payload_bytes = limits.payload_bytes}));
  if (problems.empty()) return std::nullopt;
  return invalid_quoted(problems);
}

std::optional<ApiError> check_definition(std::string_view text, bool express,
                                         const engine::Limits& limits) {
  const std::vector<asl::Diagnostic> diagnostics =
      asl::validate_text(text, {.express = express,
                                .warnings = false,
                                .state_name_characters = limits.state_name_characters,
                                .payload_bytes = limits.payload_bytes});
  const std::string problems = asl::describe(diagnostics);
  if (problems.empty()) return std::nullopt;
  if (auto label = asl::recorded_label_error(diagnostics, text)) return invalid(*std::move(label));
  return invalid_quoted(problems);
}

}  // namespace pawl::service
