#include "asl/validate/batch.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "asl/validate/report.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace pawl::asl {
namespace {

std::vector<Diagnostic> line_error(std::string message) {
  return {{Severity::kError, std::string(code::kInvalidJson), std::move(message), ""}};
}

Value to_value(const Diagnostic& diagnostic) {
  ObjectBuilder object;
  object.set("severity",
             Value::string(diagnostic.severity == Severity::kError ? "ERROR" : "WARNING"));
  object.set("code", Value::string(diagnostic.code));
  object.set("message", Value::string(diagnostic.message));
  if (!diagnostic.location.empty()) object.set("location", Value::string(diagnostic.location));
  return std::move(object).build();
}

}  // namespace

std::string validate_line(std::string_view line, const ValidateOptions& options, bool echo) {
  std::vector<Diagnostic> diagnostics;
  ObjectBuilder out;
  const Result<Value> input = read_json(line);
  const Value* name = input ? input->find("name") : nullptr;
  const Value* definition = input ? input->find("definition") : nullptr;
  const Value* text = input ? input->find("text") : nullptr;
  if (!input) {
    diagnostics = line_error("The line is not JSON: " + input.error().message);
  } else if (text != nullptr && text->is_string()) {
    diagnostics = validate_text(text->as_string(), options);
  } else if (definition != nullptr) {
    diagnostics = validate(*definition, options);
  } else {
    diagnostics = line_error("The line has neither 'definition' nor 'text'.");
  }
  const bool failed = std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& d) {
    return d.severity == Severity::kError;
  });
  std::vector<Value> items;
  items.reserve(diagnostics.size());
  for (const Diagnostic& diagnostic : diagnostics) items.push_back(to_value(diagnostic));
  out.set("name", name != nullptr ? *name : Value::null());
  out.set("result", Value::string(failed ? "FAIL" : "OK"));
  out.set("diagnostics", Value::array(std::move(items)));
  if (echo && definition != nullptr) out.set("definition", *definition);
  return to_json(std::move(out).build());
}

}  // namespace pawl::asl
