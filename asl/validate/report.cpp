#include "asl/validate/report.h"

#include <utility>

namespace pawl::asl {

void Report::error(std::string_view code, std::string message, const Place& place) {
  if (!full()) add(Severity::kError, code, std::move(message), place.text());
}

void Report::error_without_location(std::string_view code, std::string message) {
  if (!full()) add(Severity::kError, code, std::move(message), "");
}

void Report::warning(std::string_view code, std::string message, const Place& place) {
  if (warnings_ && !full()) add(Severity::kWarning, code, std::move(message), place.text());
}

void Report::add(Severity severity, std::string_view code, std::string message,
                 std::string location) {
  ++count_;
  bytes_ += message.size() + location.size();
  diagnostics_.insert(position_,
                      {severity, std::string(code), std::move(message), std::move(location)});
}

std::vector<Diagnostic> Report::take() && {
  std::vector<Diagnostic> out;
  for (const Severity severity : {Severity::kError, Severity::kWarning}) {
    for (Diagnostic& diagnostic : diagnostics_) {
      const bool is_mark = diagnostic.code.empty();
      if (!is_mark && diagnostic.severity == severity) out.push_back(std::move(diagnostic));
    }
  }
  return out;
}

}  // namespace pawl::asl
