#include "cli/rows.h"

#include "asl/json/reader.h"
#include "asl/json/writer.h"
#include "cli/terminal.h"

#include <fmt/format.h>

namespace pawl::cli {

void Rows::row(std::string_view name, std::string_view value) const {
  write_out(
      fmt::format("{}{}", out().paint(Style::kDim, fmt::format("{:<{}}", name, width_)), value));
}

void Rows::document(std::string_view name, std::string_view json) const {
  const std::string indent(width_, ' ');
  const Result<asl::Value> value = asl::read_json(json);
  std::string text = value ? asl::to_pretty_json(*value) : std::string(json);
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
    text.insert(at + 1, indent);
  }
  row(name, text);
}

}  // namespace pawl::cli
