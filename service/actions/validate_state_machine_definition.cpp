// ValidateStateMachineDefinition: every problem of a definition, without registering it.
#include "asl/validate/validate.h"
#include "service/actions/actions.h"

namespace pawl::service {

Answer validate_state_machine_definition(Api& api, const Request& request) {
  constexpr std::size_t kDiagnosticsMax = 100;
  const bool warnings = request.text("severity") == "WARNING";
  const std::vector<asl::Diagnostic> found = asl::validate_text(
      request.text("definition"), {.express = request.text("type") == "EXPRESS",
                                   .warnings = warnings,
                                   .state_name_characters = api.limits().state_name_characters,
                                   .payload_bytes = api.limits().payload_bytes});
  const std::size_t max = request.page_size(kDiagnosticsMax);
  bool failed = false;
  std::vector<asl::Value> diagnostics;
  for (const asl::Diagnostic& one : found) {
    failed = failed || one.severity == asl::Severity::kError;
    if (diagnostics.size() == max) continue;
    asl::ObjectBuilder item;
    item.set("severity",
             asl::Value::string(one.severity == asl::Severity::kError ? "ERROR" : "WARNING"));
    item.set("code", asl::Value::string(one.code));
    item.set("message", asl::Value::string(one.message));
    if (!one.location.empty()) item.set("location", asl::Value::string(one.location));
    diagnostics.push_back(std::move(item).build());
  }
  asl::ObjectBuilder out;
  out.set("result", asl::Value::string(failed ? "FAIL" : "OK"));
  out.set("diagnostics", asl::Value::array(std::move(diagnostics)));
  out.set("truncated", asl::Value::boolean(found.size() > max));
  return answer(std::move(out).build());
}

}  // namespace pawl::service
