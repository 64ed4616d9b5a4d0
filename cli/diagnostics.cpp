#include "cli/diagnostics.h"

#include "asl/parse/parse.h"
#include "cli/terminal.h"
#include "runtime/log/log.h"

#include <fmt/format.h>

#include <algorithm>

namespace pawl::cli {

bool has_errors(const std::vector<asl::Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const asl::Diagnostic& one) {
    return one.severity == asl::Severity::kError;
  });
}

std::string place_in_file(const std::string& path, std::string_view text,
                          std::string_view pointer) {
  const Result<asl::SourceLine> line = asl::locate(text, pointer);
  return line ? fmt::format("{}:{}:{}", path, line->line, line->column) : path;
}

void show_diagnostics(const std::string& path, std::string_view text,
                      const std::vector<asl::Diagnostic>& diagnostics) {
  for (const asl::Diagnostic& one : diagnostics) {
    const bool error = one.severity == asl::Severity::kError;
    const std::string at = one.location.empty() ? "" : " at " + one.location;
    err().line(fmt::format(
        "{}: {} {}: {}{}", err().paint(Style::kBold, place_in_file(path, text, one.location)),
        error ? err().paint(Style::kRed, "error") : err().paint(Style::kYellow, "warning"),
        one.code, runtime::escape_for_log(one.message), runtime::escape_for_log(at)));
  }
}

}  // namespace pawl::cli
