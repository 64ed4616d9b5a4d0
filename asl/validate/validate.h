// Checks a definition as CreateStateMachine and ValidateStateMachineDefinition do, and reports
// every problem at once with the service's code, text and location.
//
// Source: `asl-facts` section 20 and the tables of sections 1-12; recorded answers outrank them.
#pragma once

#include "asl/json/value.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::asl {

enum class Severity { kError, kWarning };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string code;      // "SCHEMA_VALIDATION_FAILED", "MISSING_TRANSITION_TARGET", ...
  std::string message;   // "The field 'Type' should have one of these values: [Task, ...]"
  std::string location;  // "/States/X/Choices[0]/Next", "/"; empty where the service gives none
};

// A definition has at most 1,048,576 characters (service quota), each of up to 4 bytes. Counting
// the characters is the API's; this bounds what is read at all.
inline constexpr std::size_t kDefinitionBytesMax = std::size_t{4} << 20;

struct ValidateOptions {
  bool express = false;       // refuse .sync, .waitForTaskToken and activities
  bool warnings = true;       // NO_DOLLAR, NO_PATH, PASS_RESULT_IS_STATIC, ...
  bool placeholders = false;  // accept ${...} where a template leaves values open
  // Accept a Resource that is no AWS ARN (with a warning): the language allows any URI, the service
  // does not. ARNs of Lambda and Step Functions are judged either way.
  bool foreign_resources = false;
  // Quotas of the service.
  std::size_t state_name_characters = 80;
  std::size_t payload_bytes = 262'144;  // a batch of a distributed Map is an execution's input
};

// Errors first in document order, then warnings. Empty or without kError: valid.
std::vector<Diagnostic> validate(const Value& definition, const ValidateOptions& options = {});

// The same for text: what cannot be read at all is INVALID_JSON_DESCRIPTION or MISSING_DESCRIPTION.
std::vector<Diagnostic> validate_text(std::string_view text, const ValidateOptions& options = {});

// "CODE: message at location" of the errors, joined by ", ": the part of InvalidDefinition's text
// between quotes. A problem without location stands "at null", as the service writes it.
std::string describe(const std::vector<Diagnostic>& diagnostics);

}  // namespace pawl::asl
